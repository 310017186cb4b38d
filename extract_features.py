#!/usr/bin/env python
"""Writes the vectors that a BERT has of texts: a token each, as JSON lines, or
one a text, as .npy; or exports what answers texts with vectors.

Drop-in for the reference release's extract_features.py: same flags and file.
"""

import sys

from bert import flag_rules
from bert import old_imports
from bert import options
from bert.common import command
from bert.common import command_line

GROUPS = tuple(options.VectorFlags.__annotations__.values())


def main(argv):
  flags = options.VectorFlags(*command_line.parse(argv, GROUPS, __doc__))
  flag_rules.check_vectors(flags.data)
  flag_rules.check_tpu(flags.tpu, {"predict": flags.data.batch_size})

  command.start_tensorflow(flags)
  from bert.serving import vectors
  vectors.run(flags)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("extract_features", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
