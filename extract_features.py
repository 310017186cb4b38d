#!/usr/bin/env python
"""Writes the vectors that a BERT has of texts: a token each, as JSON lines, or
one a text, as .npy; or exports what answers texts with vectors.

Drop-in for the reference release's extract_features.py: same flags and file.
"""

import sys

from bert import old_imports
from bert.common import command
from bert.common import command_line
from bert.options.shared import check_tpu
from bert.options.vectors import check_vectors
from bert.options.vectors import VectorFlags

GROUPS = tuple(VectorFlags.__annotations__.values())


def main(argv):
  flags = VectorFlags(*command_line.parse(argv, GROUPS, __doc__))
  check_vectors(flags.data)
  check_tpu(flags.tpu, {"predict": flags.data.batch_size})

  command.start_tensorflow(flags)
  from bert.serving import vectors
  vectors.run(flags)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("extract_features", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
