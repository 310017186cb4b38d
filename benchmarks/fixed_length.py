"""run_classifier.py, but every batch is as long as --max_seq_length.

This is what the command would do without cutting batches at their longest
text; it has no flag for that, as nobody would want it.
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
