"""Copies a TensorFlow checkpoint's encoder to .npz, for transformers."""

import argparse
import sys
from typing import Sequence

import numpy as np
import tensorflow.compat.v1 as tf


def main(argv: Sequence[str]) -> None:
  """Writes the file; names and shapes are the checkpoint's."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  parser.add_argument("--checkpoint", required=True)
  parser.add_argument("--output", required=True)
  args = parser.parse_args(argv)
  reader = tf.train.load_checkpoint(args.checkpoint)
  names = [name for name in reader.get_variable_to_shape_map()
           if name.startswith("bert/") and "/adam_" not in name]
  if not names:
    sys.exit("%s has no variable bert/..." % args.checkpoint)
  np.savez(args.output, **{name: reader.get_tensor(name) for name in names})


if __name__ == "__main__":
  main(sys.argv[1:])
