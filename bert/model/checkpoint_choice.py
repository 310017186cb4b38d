"""Chooses the checkpoint of an output folder, for all commands.

The best one that evaluations during training kept, as long as the last training
in the folder evaluated; else the newest. --checkpoint chooses another.
"""

import os
from typing import Optional

import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common.errors import UserError
from bert.model import checkpoint_files
from bert.model import task_file

BEST, NEWEST = "best", "newest"
# What task.json says of the last training's evaluations.
EVAL_EVERY = "eval_every"


def of_folder(folder: str, choice: Optional[str] = None,
              flag: Optional[str] = None) -> Optional[str]:
  """Returns the path, without .index, of the chosen checkpoint; None if the
  folder has none.

  Args:
    folder: an output folder.
    choice: best, newest, or the path of another checkpoint; None: by the rule
      above.
    flag: that accepts the path of the other one, for the log; None:
      --checkpoint.

  Raises:
    UserError: the chosen one does not exist.
  """
  newest = checkpoint_files.latest(folder)
  if choice == NEWEST:
    return newest
  if choice not in (None, BEST):
    return resolve(choice, "--checkpoint")
  best = checkpoint_files.latest(os.path.join(folder, task_file.BEST))
  if choice == BEST and not best:
    raise UserError("--checkpoint=best: %s holds no checkpoint; a training with "
                    "--eval_every keeps one, --checkpoint=newest takes the last"
                    % os.path.join(folder, task_file.BEST))
  if not best or choice == BEST:
    return best or newest
  if not task_file.read(folder).get(EVAL_EVERY, True):
    tf.logging.info("Using the newest checkpoint of %s: the last training there "
                    "was without --eval_every, and so %s is older (%s takes it)",
                    folder, best, _taking(best, BEST, flag))
    return newest or best
  if newest:
    tf.logging.info("Using the best checkpoint of %s, %s (%s takes %s)", folder,
                    os.path.basename(best), _taking(newest, NEWEST, flag),
                    os.path.basename(newest))
  return best


def _taking(checkpoint, name, flag):
  return "%s=%s" % (flag, checkpoint) if flag else "--checkpoint=" + name


def resolve(path: Optional[str], flag: str,
            choice: Optional[str] = None) -> Optional[str]:
  """Returns the checkpoint that a path means.

  Args:
    path: a checkpoint's, without .index, or a folder's; None stays.
    flag: that gave it, for errors.
    choice: of a folder, as of of_folder.

  Raises:
    UserError: a folder has no checkpoint, or several and no file that names the
      newest.
  """
  if not path or checkpoint_files.is_there(path) or (
      not tf.gfile.IsDirectory(path)):
    return path
  checkpoint = (of_folder(path, choice, flag)
                if choice or _is_of_training(path) else None)
  if not checkpoint and folder_of_one_model(path):
    raise UserError("%s=%s: no checkpoint is in that folder; %s" % (
        flag, path, folder_of_one_model(path)))
  checkpoint = checkpoint or checkpoint_files.newest_in(path, flag)
  is_best = os.path.basename(os.path.dirname(checkpoint)) == task_file.BEST
  tf.logging.info("%s=%s: the %s checkpoint there is %s", flag, path,
                  BEST if is_best else NEWEST, checkpoint)
  return checkpoint


def folder_of_one_model(folder: str) -> Optional[str]:
  """Returns the end of an error message for a folder that contains the folders
  of several models; None for others."""
  for name in ("trial", "fold"):
    path = os.path.join(folder, name + "_1")
    if tf.gfile.IsDirectory(path):
      return "it has several models: give one of %s, ..." % path
  return None


def _is_of_training(folder):
  """Whether a training has written to a folder; else any name is a model's."""
  return any(tf.gfile.Exists(os.path.join(folder, name)) for name in (
      checkpoint_files.STATE, task_file.NAME, task_file.BEST))


def resolve_init(group):
  """Returns a group of options in which a folder as --init_checkpoint is
  replaced by its chosen checkpoint; raises UserError."""
  return command_line.replace(group, init_checkpoint=resolve(
      group.init_checkpoint, "--init_checkpoint",
      getattr(group, "checkpoint", None)))
