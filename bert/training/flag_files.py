"""The flags of a training as a file for --flagfile, and how two differ."""

import dataclasses
import os
from typing import Dict, Iterator, List, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common import files

NAME = "run.flags"
# How the file says what was trained with other flags before.
_EARLIER = "# Until step %d:"
# Flags that change nothing of what is learnt.
_WITHOUT_EFFECT = frozenset((
    "do_train", "do_eval", "eval_batch_size", "predict_batch_size",
    "max_eval_steps", "checkpoint", "log_steps", "save_checkpoints_steps",
    "keep_checkpoint_max", "num_workers", "allow_missing_weights", "bad_rows",
    "threshold", "n_best_size", "max_answer_length",
    "null_score_diff_threshold", "verbose_logging", "master", "tpu_name",
    "tpu_zone", "gcp_project"))
# Those that change something with --eval_every alone.
_OF_EVALUATIONS = frozenset((
    "best_metric", "early_stopping_patience", "plateau_patience",
    "plateau_factor"))


def lines_of(groups: Sequence, without: Sequence[str] = ()) -> List[str]:
  """Returns the flags that are not as by default, one a line.

  Args:
    groups: options, or tuples of them.
    without: names of flags that are left out.
  """
  return ["--%s=%s" % (field.name, command_line.describe(value))
          for field, value in _fields(groups)
          if field.name not in without and value != field.default]


def parse(lines: Sequence[str]) -> Dict[str, str]:
  """Returns name -> value of the flags of such lines, without comments."""
  flags = {}
  for line in lines:
    name, separator, value = line.partition("=")
    if name.startswith("--") and separator:
      flags[name[2:]] = value
  return flags


def differences(lines: Sequence[str], groups: Sequence
               ) -> Tuple[List[str], List[str]]:
  """Returns the flags that would train another model: --name=value as a file
  has them, and as they are now.

  Args:
    lines: of the file.
    groups: options, or tuples of them.
  """
  earlier = {command_line.current_name(groups, name): value
             for name, value in parse(lines).items()}
  without = _WITHOUT_EFFECT
  if not any(getattr(group, "eval_every", None) for group in
             command_line.flatten(groups)) and "eval_every" not in earlier:
    without = without.union(_OF_EVALUATIONS)
  old, new = [], []
  for field, value in _fields(groups):
    if field.name in without or field.type is command_line.Path and (
        field.name != "init_checkpoint"):
      continue
    if field.name == "random_seed" and (
        value is None or field.name not in earlier):
      continue  # The folder's is taken; earlier versions did not write it.
    before = earlier.get(field.name, command_line.describe(field.default))
    after = command_line.describe(value)
    if before != after:
      old.append("--%s=%s" % (field.name, before))
      new.append("--%s=%s" % (field.name, after))
  return old, new


def was_changed(lines: Sequence[str], name: str) -> bool:
  """Whether the earlier steps of a file's comments had another value of a
  flag."""
  earlier = []  # type: List[List[str]]
  for line in lines:
    if line.startswith(_EARLIER.split("%", maxsplit=1)[0]):
      earlier.append([])
    elif line.startswith("#") and earlier:
      earlier[-1].append(line.lstrip("# "))
  return len({parse(each).get(name) for each in earlier + [list(lines)]}) > 1


def with_earlier(earlier: Sequence[str], lines: Sequence[str],
                 step: int) -> List[str]:
  """Returns the lines of a file, in whose comments an earlier file is kept.

  Args:
    earlier: lines of the earlier file, that a training had up to a step.
    lines: of the flags from then on.
    step: number.
  """
  comments = [line for line in earlier if line.startswith("#")]
  comments.append(_EARLIER % step)
  comments += ["#   " + line for line in earlier if line.startswith("--")]
  return comments + list(lines)


def read(folder: str) -> List[str]:
  """Returns the lines of the run.flags of a folder, [] if it has none."""
  path = os.path.join(folder, NAME)
  if not tf.gfile.Exists(path):
    return []
  return list(files.read_lines(path))


def _fields(groups) -> Iterator[Tuple[dataclasses.Field, object]]:
  for group in command_line.flatten(groups):
    for field in dataclasses.fields(group):
      yield field, getattr(group, field.name)
