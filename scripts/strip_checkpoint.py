#!/usr/bin/env python
"""Copies a checkpoint without Adam's moments, which only training needs: a third
of the size.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import command_line
from bert.options.scripts import StripOptions

GROUPS = (StripOptions,)


def main(argv):
  (options,) = command_line.parse(argv, GROUPS, __doc__)

  command.start_tensorflow(options)
  from bert.common import files
  from bert.model import checkpoint_choice
  from bert.model import checkpoint_files
  weights = checkpoint_files.read(checkpoint_choice.resolve(
      options.checkpoint, "--checkpoint"))
  files.make_parent(options.output, "--output")
  checkpoint_files.write(options.output, weights)
  print("%d variables: %s" % (len(weights), options.output))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
