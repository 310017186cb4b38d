#!/usr/bin/env python
"""Trains BERT on masked words and next sentences.

Reads the files of create_pretraining_data.py. Drop-in for the reference
release's run_pretraining.py: same flags, files and checkpoints.
"""

import sys

from bert import old_imports
from bert.common import command
from bert.common import command_line
from bert.options.pretraining import check_pretraining
from bert.options.pretraining import PretrainingFlags
from bert.options.shared import actions_of

GROUPS = tuple(PretrainingFlags.__annotations__.values())


def main(argv):
  flags = PretrainingFlags(*command_line.parse(argv, GROUPS, __doc__))
  actions = actions_of(flags.data, ("train", "eval"))
  check_pretraining(flags, actions)

  command.start_tensorflow(flags)
  from bert.pretraining import run
  run.run(flags, actions)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_pretraining", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
