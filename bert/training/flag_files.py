"""The flags of a run as a file for --flagfile."""

import dataclasses
from typing import List, Sequence

from bert.common import command_line

NAME = "run.flags"


def lines_of(groups: Sequence, without: Sequence[str] = ()) -> List[str]:
  """Returns the flags that are not as by default, one a line.

  Args:
    groups: options, or tuples of them.
    without: names of flags that are left out.
  """
  return ["--%s=%s" % (field.name, command_line.describe(
      getattr(group, field.name)))
          for group in command_line.flatten(groups)
          for field in dataclasses.fields(group)
          if field.name not in without and
          getattr(group, field.name) != field.default]
