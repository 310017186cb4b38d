#!/usr/bin/env python
"""Makes pre-training records of plain text: pairs of texts, some words masked.

The text has a sentence a line, and a blank line between documents. Drop-in for
the reference release's create_pretraining_data.py: the same seed makes the same
instances.
"""

import sys

from bert import old_imports
from bert.common import command
from bert.common import command_line
from bert.options import pretraining

GROUPS = (pretraining.TextOptions, pretraining.InstanceOptions)


def main(argv):
  text, instances = command_line.parse(argv, GROUPS, __doc__)
  pretraining.check_instances(text, instances)
  shards = pretraining.shards_of(instances) if instances.num_shards else None
  paths = pretraining.output_files_of(instances)

  command.start_tensorflow(text, instances)
  from bert.pretraining import creation
  creation.run(text, instances, paths, shards)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("create_pretraining_data", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
