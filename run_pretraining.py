#!/usr/bin/env python
"""Trains BERT on masked words and next sentences.

Reads the files of create_pretraining_data.py. Drop-in for the reference
release's run_pretraining.py: same flags, files and checkpoints.
"""

import sys

from bert import flag_rules
from bert import old_imports
from bert import options
from bert.common import command
from bert.common import command_line

GROUPS = tuple(options.PretrainingFlags.__annotations__.values())


def main(argv):
  flags = options.PretrainingFlags(*command_line.parse(argv, GROUPS, __doc__))
  actions = flag_rules.actions_of(flags.data, ("train", "eval"))
  flag_rules.check_pretraining(flags, actions)

  command.start_tensorflow(flags)
  from bert.pretraining import run
  run.run(flags, actions)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_pretraining", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
