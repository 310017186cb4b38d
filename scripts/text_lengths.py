#!/usr/bin/env python
"""Shows the lengths of a task's texts in tokens, and suggests --max_seq_length.

Lengths include [CLS] and [SEP] and are those before truncation. --max_seq_length
adds a column: how many examples it truncates.
"""

import math
import os
import sys
from typing import Dict, Sequence

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import command_line
from bert.common.errors import MissingError
from bert.common.errors import UserError
from bert.options.finetuning import DataOptions
from bert.options.scripts import LengthOptions

LIMITS = (64, 128, 256, 512)
PERCENTILES = (50, 90, 95, 99)
COVERED = 95  # Percent of the training set that the suggestion does not cut.
GROUPS = (DataOptions, LengthOptions)


def main(argv):
  data, drawing = command_line.parse(argv, GROUPS, __doc__)

  command.start_tensorflow(data, drawing)
  from bert.data.tokenizers import vocabulary
  from bert.evaluation import plots
  from bert.heads import registry
  from processors import loading
  if drawing.output_png:
    check_picture(drawing.output_png)
  processor = loading.load_processor(data)
  tokenizer = vocabulary.load_tokenizer(data.vocab_file, data.do_lower_case,
                                        data.tokenizer)
  examples, missing = read_sets(processor, data.data_dir)
  head = registry.class_of(processor.head)
  lengths = {name: count(name, each, tokenizer, head)
             for name, each in examples.items()}
  suggested = suggest(lengths["train"]) if "train" in lengths else None
  print("Tokens an example, task %s" % data.task_name)
  show(lengths, sorted({data.max_seq_length, *LIMITS}))
  for line in missing:
    print(line)
  if suggested:
    print("Suggested: --max_seq_length=%d, which cuts %.1f %% of the training "
          "set" % (suggested, percent_over(suggested, lengths["train"])))
  if drawing.output_png:
    plots.write_lengths(drawing.output_png, lengths, suggested)
    print("Histogram: %s" % drawing.output_png)


def check_picture(path: str) -> None:
  """Raises UserError if no picture can be drawn or written."""
  from bert.evaluation import plots
  plots.check("--output_png")
  folder = os.path.dirname(path)
  if folder and not os.path.isdir(folder):
    raise UserError("--output_png=%s: no folder %s" % (path, folder))
  if os.path.isdir(path):
    raise UserError("--output_png=%s: a folder, where a file is needed" % path)


def read_sets(processor, data_dir: str):
  """Returns set name -> examples, and a line for each set that is not there.

  Raises:
    UserError: a set is broken or empty, or none is there.
  """
  sets = (("train", processor.get_train_examples),
          ("dev", processor.get_dev_examples),
          ("test", processor.get_test_examples))
  examples, missing = {}, []
  for name, read in sets:
    try:
      examples[name] = read(data_dir)
    except MissingError as error:
      missing.append("No %s set: %s" % (name, error))
      continue
    if not examples[name]:
      raise UserError("--data_dir=%s: the %s set has no examples" % (
          data_dir, name))
  if not examples:
    raise UserError("; ".join(missing))
  return examples, missing


def count(name: str, examples: list, tokenizer, head):
  """Returns int [examples], with a bar; head is the class of the task's."""
  import numpy as np
  from bert.common import console
  from bert.common import workers
  counts = workers.map_ordered(
      lambda example: head.num_tokens(example, tokenizer), examples)
  return np.array(list(console.bar(counts, len(examples), "Counting " + name)))


def show(lengths: Dict[str, Sequence[int]], limits: Sequence[int]) -> None:
  """Prints the table; limits are those to count the longer ones of."""
  import numpy as np
  from bert.common import tables
  header = (["set", "examples", "mean"] +
            ["median" if each == 50 else "%d %%" % each
             for each in PERCENTILES] +
            ["longest"] + ["> %d" % limit for limit in limits])
  rows = [[name, str(len(each)), "%.1f" % each.mean()] +
          ["%.1f" % value for value in np.percentile(each, PERCENTILES)] +
          [str(each.max())] +
          ["%.1f %%" % percent_over(limit, each) for limit in limits]
          for name, each in lengths.items()]
  print("\n".join(tables.table(header, rows)))


def percent_over(limit: int, lengths) -> float:
  """Returns how many percent are longer."""
  return 100 * (lengths > limit).mean()


def suggest(lengths) -> int:
  """Returns the percentile COVERED, up to a multiple of 8, at most 512."""
  import numpy as np
  return min(512, 8 * math.ceil(np.percentile(lengths, COVERED) / 8))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
