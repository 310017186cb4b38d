"""Checkpoints as a dict name -> array: read and written without a model."""

import os
import re
from typing import Dict

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError

Weights = Dict[str, np.ndarray]
_SLOT = re.compile(r"/adam_[mv]$")


def read(checkpoint: str, with_slots: bool = False) -> Weights:
  """Returns name -> array of a checkpoint, Adam's averages left out.

  Raises:
    UserError: there is none.
  """
  if not tf.gfile.Exists(checkpoint + ".index"):
    raise UserError("%s: no such checkpoint; give its path without .index or "
                    ".data-00000-of-00001" % checkpoint)
  reader = tf.train.load_checkpoint(checkpoint)
  return {name: reader.get_tensor(name)
          for name in sorted(reader.get_variable_to_shape_map())
          if with_slots or not _SLOT.search(name)}


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
