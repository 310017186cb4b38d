"""Checkpoints as a dict name -> array: read and written without a model."""

import contextlib
import functools
import os
import re
from typing import Dict, Iterator, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError

Weights = Dict[str, np.ndarray]
# What training keeps beside the weights: slots of optimizers, behind the name
# of a variable or in a scope of their own, averages of weights, the scale of
# losses, and the step.
_TRAINING_STATE = re.compile(
    r"(^|/)(adam_[mv]|lamb_[mv]|Adam\w*?(_\d+)?|LAMB\w*?(_\d+)?|"
    r"LARS\w*?(_\d+)?|Momentum(_\d+)?|RMSProp(_\d+)?|Adagrad(_\d+)?|"
    r"Ftrl(_\d+)?|Adadelta(_\d+)?|momentum|slot_[mv]\w*|v[rc]|"
    r"ExponentialMovingAverage|moving_average|"
    r"beta[12]_power(_\d+)?|\w*loss_scale|good_steps|global_step)$|"
    r"^(Adam|LAMB|LARS|Momentum)\w*/")
GLOBAL_STEP = "global_step"
# The file in which TensorFlow says which checkpoint of a folder is the newest.
STATE = "checkpoint"
# Files of a checkpoint in the format of today, which its path is not.
_SUFFIX = re.compile(r"\.(index|meta|data-\d{5}-of-\d{5})$")
# Parts of a checkpoint in the first format; its path has ????? for the number.
_PARTS = re.compile(r"-\?{5}-of-\d{5}$")
# What TensorFlow raises for a checkpoint whose bytes are not as it wrote them.
_ERRORS = (tf.errors.OpError, ValueError, LookupError, RuntimeError)
# What a file in the first format ends with: the mark of an SSTable.
_MARK = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def is_training_state(name: str) -> bool:
  """Whether a checkpoint's variable belongs to training, not to the model."""
  return bool(_TRAINING_STATE.search(name))


def is_there(path: str) -> bool:
  """Whether a path is that of a checkpoint, in either of TensorFlow's formats.

  The current format has an .index file; the first one, by
  Saver(write_version=SaverDef.V1), is a file of that name, or several that end
  in -00000-of-00002 and so on, -?????-of-00002 in the path.
  """
  if tf.gfile.Exists(path + ".index"):
    return True
  if _SUFFIX.search(path):
    return False
  if _PARTS.search(path):
    return bool(tf.gfile.Glob(path))
  return tf.gfile.Exists(path) and not tf.gfile.IsDirectory(path)


def open_reader(checkpoint: str, flag: str = ""):
  """Returns TensorFlow's reader of a checkpoint in either format.

  Args:
    checkpoint: path, without .index.
    flag: that gave it, for errors.

  Raises:
    UserError: there is none at that path, or it can't be read.
  """
  where = "%s=%s" % (flag, checkpoint) if flag else checkpoint
  if not is_there(checkpoint):
    raise UserError("%s: no such checkpoint; give its path without .index or "
                    ".data-00000-of-00001" % where)
  try:
    reader = tf.train.load_checkpoint(checkpoint)
    # Data is stored in the order of names: reading the last one finds a missing
    # end.
    reader.get_tensor(max(reader.get_variable_to_shape_map()))
  except _ERRORS as error:
    raise _unreadable(where, error)
  return reader


def _unreadable(where, error):
  return UserError("%s: can't be read as a checkpoint: %s" % (
      where, str(error).split("\n")[0]))


@contextlib.contextmanager
def explaining(checkpoint: Optional[str]) -> Iterator[None]:
  """Raises UserError where the block ends because a checkpoint, which it reads,
  is damaged; None: it reads none.

  TensorFlow's own error does not always name the file.
  """
  try:
    yield
  except tf.errors.OpError:
    if checkpoint:
      _read_all(checkpoint)
    raise


def _read_all(checkpoint):
  """Reads each variable once; raises UserError for one that can't be read."""
  reader = open_reader(checkpoint)
  for name in sorted(reader.get_variable_to_shape_map()):
    try:
      reader.get_tensor(name)
    except _ERRORS as error:
      raise _unreadable("%s: %s" % (checkpoint, name), error)


def latest(folder: str) -> Optional[str]:
  """Returns the path, without .index, of a folder's newest checkpoint.

  That is the one in the folder's file `checkpoint`, looked up by its base name
  first, since the folder may have been copied or moved. If that file is
  missing, unreadable or names a missing checkpoint, it is the readable
  model.ckpt-STEP of the highest step.

  Returns:
    A path; None if there is no such checkpoint.
  """
  newest = _named_by_state(folder)
  if newest:
    return newest
  paths = _by_step(folder)
  newest = next(filter(_is_readable, reversed(paths)), None)
  if newest is None and tf.gfile.Exists(os.path.join(folder, STATE)):
    # An unreadable checkpoint is reported by its reader.
    newest = paths[-1] if paths else None
  if newest:
    _warn_once("%s is missing, or does not name a checkpoint that is there: %s "
               "has the highest step in the folder and is used" % (
                   os.path.join(folder, STATE), os.path.basename(newest)))
  return newest


def read_state(folder: str):
  """Returns a folder's CheckpointState; None if it has none, or none that can
  be read."""
  try:
    return tf.train.get_checkpoint_state(folder)
  except (tf.errors.OpError, ValueError):
    return None


def _named_by_state(folder):
  state = read_state(folder)
  if state:
    path = os.path.join(folder, os.path.basename(state.model_checkpoint_path))
    if _exists(path):
      return path
    # A copied folder's file may name the checkpoint of the original.
    if not _by_step(folder) and _exists(state.model_checkpoint_path):
      return state.model_checkpoint_path
  return None


def _exists(path):
  try:
    return tf.train.checkpoint_exists(path)
  except tf.errors.NotFoundError:  # Of a path there, not even the folder is.
    return False


def repair_state(folder: str) -> None:
  """Writes what latest returns into a folder's file `checkpoint`, since
  TensorFlow resumes from the checkpoint in that file."""
  newest = latest(folder)
  state = read_state(folder)
  if newest is None or state and state.model_checkpoint_path == newest:
    return
  older = [os.path.join(folder, os.path.basename(path)) for path in (
      state.all_model_checkpoint_paths if state else _by_step(folder))]
  tf.train.update_checkpoint_state(folder, newest, [
      path for path in older
      if path != newest and _exists(path)] + [newest])


def _by_step(folder):
  """Returns the paths of a folder's model.ckpt-STEP, the newest last."""
  if not tf.gfile.IsDirectory(folder):
    return []
  matches = filter(None, (re.match(r"(model\.ckpt-(\d+))\.index$", name)
                          for name in tf.gfile.ListDirectory(folder)))
  return [os.path.join(folder, match.group(1)) for match in sorted(
      matches, key=lambda match: int(match.group(2)))]


def _is_readable(path):
  """Whether a checkpoint is complete: its last tensor can be read."""
  try:
    open_reader(path)
  except UserError:
    return False
  return True


@functools.lru_cache(maxsize=None)
def _warn_once(text):
  tf.logging.warning(text)


def newest_in(folder: str, flag: str) -> str:
  """Returns the newest checkpoint of any folder with checkpoints.

  Args:
    folder: path.
    flag: that gave it, for errors.

  Raises:
    UserError: it has no checkpoint, or several and no file that names the
      newest.
  """
  newest = _named_by_state(folder)
  if newest:
    return newest
  # A released model has no file named checkpoint, and the paths in that of a
  # folder that was moved may lead nowhere.
  listed = tf.gfile.ListDirectory(folder)
  names = sorted(name[:-len(".index")] for name in listed
                 if name.endswith(".index")) or sorted(
                     name for name in listed
                     if _is_of_first_format(os.path.join(folder, name)))
  if not names:
    raise UserError("%s=%s: no checkpoint is in that folder (no file there "
                    "ends in .index)" % (flag, folder))
  steps = [re.match(r"(.*)-(\d+)$", name) for name in names]
  if len(names) > 1 and (not all(steps) or
                         len({match.group(1) for match in steps}) > 1):
    raise UserError("%s=%s: several checkpoints are in that folder; give one "
                    "of them, as in %s: %s" % (
                        flag, folder, os.path.join(folder, names[0]),
                        " ".join(names[:10])))
  if len(names) > 1:
    return os.path.join(folder, max(
        steps, key=lambda match: int(match.group(2))).group())
  return os.path.join(folder, names[0])


def _is_of_first_format(path):
  """Whether a file, of any name, is a checkpoint in the first format."""
  if _SUFFIX.search(path) or not is_there(path):
    return False
  size = tf.gfile.Stat(path).length
  with tf.gfile.GFile(path, "rb") as reader:
    reader.seek(max(0, size - len(_MARK)))
    return reader.read(len(_MARK)) == _MARK


def read(checkpoint: str) -> Weights:
  """Returns name -> array of a checkpoint: the weights and the step, without
  the optimizer's state.

  Raises:
    UserError: there is none, or it can't be read.
  """
  reader = open_reader(checkpoint)
  with explaining(checkpoint):
    return {name: reader.get_tensor(name)
            for name in sorted(reader.get_variable_to_shape_map())
            if name == GLOBAL_STEP or not is_training_state(name)}


def write(path: str, weights: Weights) -> None:
  """Writes a new checkpoint.

  Raises:
    UserError: there is one already.
  """
  if is_there(path):
    raise UserError("%s: is there already; give another" % path)
  folder = os.path.dirname(path)
  if folder:
    tf.gfile.MakeDirs(folder)
  with tf.Graph().as_default(), tf.Session() as session:
    for name, value in weights.items():
      kind = tf.as_dtype(value.dtype)
      fed = tf.placeholder(kind, value.shape)
      variable = tf.get_variable(name, value.shape, kind, trainable=False,
                                 use_resource=False,
                                 initializer=tf.zeros_initializer())
      session.run(tf.assign(variable, fed).op, {fed: value})
    tf.train.Saver(tf.global_variables()).save(
        session, path, write_meta_graph=False, write_state=False)
