"""Checkpoints as a dict name -> array: read and written without a model."""

import os
import re
from typing import Dict

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
