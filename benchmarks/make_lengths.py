"""Draws texts from a training set; writes how many tokens each has, as JSON."""

import argparse
import json
import random
import sys
from typing import Sequence

from bert.data.tokenizers import vocabulary
from bert.heads import registry
from processors import base


def main(argv: Sequence[str]) -> None:
  """Writes the file: a list of numbers, in an order drawn at random."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  for name in ("task", "data_dir", "vocab_file", "output"):
    parser.add_argument("--" + name, required=True)
  parser.add_argument("--length", type=int, default=128, help="the most tokens")
  parser.add_argument("--count", type=int, default=512, help="of texts")
  args = parser.parse_args(argv)
  processor = base.create(args.task, args.data_dir)
  head = registry.create(processor.head, processor.get_labels())
  tokenizer = vocabulary.load_tokenizer(args.vocab_file, True)
  examples = processor.get_train_examples(args.data_dir)
  chosen = random.Random(1).sample(examples, min(args.count, len(examples)))
  with open(args.output, "w", encoding="utf-8") as stream:
    json.dump([min(args.length, head.num_tokens(example, tokenizer))
               for example in chosen], stream)


if __name__ == "__main__":
  main(sys.argv[1:])
