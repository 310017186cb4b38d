"""Times making pre-training instances, from text to record files."""

import argparse
import os
import sys
import tempfile
import time
from typing import Sequence

from benchmarks import measure
from benchmarks import instances_simple
from bert.data.tokenizers import vocabulary
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining import instances


def main(argv: Sequence[str]) -> None:
  """Makes them; prints the line of JSON."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  for name in ("input_file", "vocab_file"):
    parser.add_argument("--" + name, required=True)
  parser.add_argument("--what", choices=("plain", "ours"), default="ours")
  parser.add_argument("--shards", type=int, default=0, help="0: at once")
  parser.add_argument("--processes", type=int, default=1, help="with shards")
  parser.add_argument("--repeat", type=int, default=1,
                      help="times that the text is read")
  args = parser.parse_args(argv)
  tokenizer = vocabulary.load_tokenizer(args.vocab_file, True)
  source = instance_files.Source(
      corpus.Corpus(args.input_file.split(",") * args.repeat, tokenizer, None,
                    128),
      instances.MaskingConfig(),
      instances.load_vocabulary(tokenizer.vocab, args.vocab_file), 12345)
  with tempfile.TemporaryDirectory() as folder:
    start = time.perf_counter()
    count = write(source, os.path.join(folder, "instances"), args)
    measure.print_line(count, [time.perf_counter() - start])


def write(source: instance_files.Source, path: str, args) -> int:
  """Makes the instances; returns their number."""
  if args.what == "plain":
    return instances_simple.write(source.corpus.paths, path, source.masking,
                                 source.corpus.tokenizer, source.seed)
  if args.shards:
    return instance_files.write_shards(source, path, args.shards,
                                  range(args.shards), args.processes)
  return instance_files.write_files(source, [path])


if __name__ == "__main__":
  main(sys.argv[1:])
