"""Times the conversion of text to records."""

import os
import sys
import tempfile
import time
from typing import Sequence, Tuple

from benchmarks import measure
from bert.common import command
from bert.common import workers
from bert.data import features
from bert.data import record_encoder
from bert.data import records
from bert.data.tokenizers import vocabulary
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
  command.start_tensorflow()
  examples = base.create(args.task, args.data_dir).get_train_examples(
      args.data_dir)
  time_it = {"encode": time_encoding, "records": time_writing}[args.what]
  time_it(examples[:NUM_WARMUP], args)
  measure.print_line(len(examples), [time_it(examples, args)])


def time_encoding(examples: list, args) -> float:
  """Returns the seconds from text to ids."""
  head, encoder = make_encoder(args)
  start = time.perf_counter()
  for example in examples:
    head.to_features(example, encoder)
  return time.perf_counter() - start


def time_writing(examples: list, args) -> float:
  """Returns the seconds from text to a record file."""
  head, encoder = make_encoder(args)
  record = record_encoder.RecordEncoder(
      records.feature_spec(head.label_fields(args.length), args.length))

  def serialize(example):
    (row,), _ = head.to_features(example, encoder)
    return record.encode(row.values())

  with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    records.write_records(
        os.path.join(folder, "train.tf_record"),
        workers.map_ordered(serialize, examples, args.processes))
    return time.perf_counter() - start


def make_encoder(args) -> Tuple[registry.Head, features.TextEncoder]:
  """Returns a task's head, and an encoder with a fresh tokenizer."""
  head = registry.create("classification",
                         base.create(args.task, args.data_dir).get_labels())
  tokenizer = vocabulary.load_tokenizer(args.vocab_file, True)
  return head, features.TextEncoder(tokenizer, args.length)


if __name__ == "__main__":
  main(sys.argv[1:])
