#!/usr/bin/env python
"""Makes pre-training records of plain text: pairs of texts, some words masked.

The text has a sentence a line, and a blank line between documents. Drop-in for
the reference release's create_pretraining_data.py: the same seed makes the same
instances.
"""

import sys

from bert import flag_rules
from bert import old_imports
from bert import options
from bert.common import command
from bert.common import command_line

GROUPS = (options.TextOptions, options.InstanceOptions)


def main(argv):
  text, instances = command_line.parse(argv, GROUPS, __doc__)
  flag_rules.check_instances(text, instances)
  shards = flag_rules.shards_of(instances) if instances.num_shards else None
  paths = flag_rules.output_files_of(instances)

  command.start_tensorflow(text, instances)
  from bert.pretraining import creation
  creation.run(text, instances, paths, shards)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("create_pretraining_data", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
