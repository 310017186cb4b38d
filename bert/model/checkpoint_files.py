"""Checkpoints as a dict name -> array: read and written without a model."""

import os
import re
from typing import Dict, Optional

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


def is_training_state(name: str) -> bool:
  """Whether a checkpoint's variable belongs to training, not to the model."""
  return bool(_TRAINING_STATE.search(name))


def latest(folder: str) -> Optional[str]:
  """Returns the path, without .index, of the checkpoint that a folder's file
  named checkpoint says is the newest; None if it is not there."""
  try:
    return tf.train.latest_checkpoint(folder)
  except tf.errors.NotFoundError:  # Of a path there, not even the folder is.
    return None


def newest_in(folder: str, flag: str) -> str:
  """Returns the newest checkpoint of any folder with checkpoints.

  Args:
    folder: path.
    flag: that gave it, for errors.

  Raises:
    UserError: it has no checkpoint, or several and no word of the newest.
  """
  newest = latest(folder)
  if newest:
    return newest
  # A released model has no file named checkpoint, and the paths in that of a
  # folder that was moved may lead nowhere.
  names = sorted(name[:-len(".index")] for name in tf.gfile.ListDirectory(
      folder) if name.endswith(".index"))
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


def read(checkpoint: str) -> Weights:
  """Returns name -> array of a checkpoint: the weights and the step; the rest
  of what training keeps is left out.

  Raises:
    UserError: there is none.
  """
  if not tf.gfile.Exists(checkpoint + ".index"):
    raise UserError("%s: no such checkpoint; give its path without .index or "
                    ".data-00000-of-00001" % checkpoint)
  reader = tf.train.load_checkpoint(checkpoint)
  return {name: reader.get_tensor(name)
          for name in sorted(reader.get_variable_to_shape_map())
          if name == GLOBAL_STEP or not is_training_state(name)}


def write(path: str, weights: Weights) -> None:
  """Writes a new checkpoint.

  Raises:
    UserError: there is one already.
  """
  if tf.gfile.Exists(path + ".index"):
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
