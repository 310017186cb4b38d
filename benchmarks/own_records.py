"""Times this project's way from text to records."""

import os
import sys
import tempfile
import time
from typing import Callable, Sequence, Tuple

from benchmarks import measure
from bert.common import workers
from bert.data import features
from bert.data import records
from bert.heads import registry
from processors import base

# Converted before the clock runs: what is slow the first time only.
NUM_WARMUP = 32


def main(argv: Sequence[str]) -> None:
  """Converts a training set; prints the line of JSON."""
  parser = measure.records_parser(__doc__)
  parser.add_argument("--what", choices=("encode", "records"),
                      default="records")
  parser.add_argument("--processes", type=int, default=1, help="of records")
  args = parser.parse_args(argv)
  examples = base.create(args.task, args.data_dir).get_train_examples(
      args.data_dir)
  time_it = {"encode": time_encoding, "records": time_writing}[args.what]
  time_it(examples[:NUM_WARMUP], args)
  measure.print_line(len(examples), [time_it(examples, args)])


def time_encoding(examples: list, args) -> float:
  """Returns the seconds from text to ids."""
  _, convert = make_converter(args)
  start = time.perf_counter()
  for example in examples:
    convert(example)
  return time.perf_counter() - start


def time_writing(examples: list, args) -> float:
  """Returns the seconds from text to a record file."""
  head, convert = make_converter(args)
  serialize = records.make_serializer(
      records.feature_spec(head.label_field(args.length), args.length))
  with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    records.write_records(
        os.path.join(folder, "train.tf_record"),
        workers.map_ordered(lambda example: serialize(convert(example)),
                            examples, args.processes))
    return time.perf_counter() - start


def make_converter(args) -> Tuple[registry.Head, Callable]:
  """Returns a task's head, and example -> features by a fresh tokenizer."""
  head = registry.create("classification",
                      base.create(args.task, args.data_dir).get_labels())
  tokenizer = features.load_tokenizer(args.vocab_file, True)
  return head, lambda example: features.convert_example(
      example, head, args.length, tokenizer)


if __name__ == "__main__":
  main(sys.argv[1:])
