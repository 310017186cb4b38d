"""The flags of a run as a file for --flagfile."""

import dataclasses
import os
from typing import List, Sequence

import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common import files

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


def read(folder: str) -> List[str]:
  """Returns the lines of the run.flags of a folder, [] if it has none."""
  path = os.path.join(folder, NAME)
  if not tf.gfile.Exists(path):
    return []
  return list(files.read_lines(path))
