"""Times the library tokenizers from text to ids."""

import sys
import time
from typing import Sequence

from tokenizers import BertWordPieceTokenizer

from benchmarks import measure
from benchmarks import transformers_data

# Converted before the clock runs: what is slow the first time only.
NUM_WARMUP = 32


def main(argv: Sequence[str]) -> None:
  """Encodes a training set; prints the line of JSON."""
  parser = measure.records_parser(__doc__)
  args = parser.parse_args(argv)
  tokenizer = BertWordPieceTokenizer(args.vocab_file, lowercase=True)
  tokenizer.enable_truncation(args.length)
  tokenizer.enable_padding(length=args.length)
  rows = transformers_data.read_rows(args.task, args.data_dir, "train")
  texts = rows.texts_a
  if rows.texts_b:
    texts = list(zip(rows.texts_a, rows.texts_b))
  tokenizer.encode_batch(texts[:NUM_WARMUP])
  start = time.perf_counter()
  tokenizer.encode_batch(texts)
  measure.print_line(len(texts), [time.perf_counter() - start])


if __name__ == "__main__":
  main(sys.argv[1:])
