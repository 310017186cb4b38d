#!/usr/bin/env python
"""Copies a checkpoint without Adam's averages, which training alone needs: a
third of the size.
"""

import dataclasses
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import import_logging  # First; pylint: disable=unused-import
from bert.common import command_line
from bert.common import console
from bert.common import files
from bert.serving import hugging_face


@dataclasses.dataclass(frozen=True)
class StripOptions:
  """Checkpoints"""
  checkpoint: str = command_line.option(
      None, "What is copied: its path without .index.", required=True)
  output: str = command_line.option(None, "Path of the copy.", required=True)


def main(argv):
  (wanted,) = command_line.parse(argv, (StripOptions,), __doc__)
  weights = hugging_face.read_checkpoint(wanted.checkpoint)
  files.make_parent(wanted.output, "--output")
  hugging_face.write_checkpoint(wanted.output, weights)
  print("%d variables: %s" % (len(weights), wanted.output))


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
