"""run_classifier.py, but every batch is as long as --max_seq_length.

The command itself pads batches to their longest text only, and has no flag
against it, as it would only be slower.
"""

import sys

import run_classifier
from bert.common import command
from bert.data import records

_parse = records.parse


def parse_whole(serialized, spec, is_static, *rest, **options):
  """records.parse, with all padding kept."""
  del is_static
  return _parse(serialized, spec, True, *rest, **options)


if __name__ == "__main__":
  records.parse = parse_whole
  sys.exit(command.run(run_classifier.main, sys.argv))
