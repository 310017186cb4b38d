"""Dropout that a resumed run draws as one that was not interrupted does: from a
key of the step instead of TensorFlow's generators, whose state is not saved."""

from typing import ContextManager, Optional, Union

import tensorflow.compat.v1 as tf

from bert import modeling


def dropout_key(key: Optional[tf.Tensor]) -> ContextManager[None]:
  """Makes dropout within it draw from the key and the number of the call alone,
  so that a run of the graph with an equal key draws the same again.

  Args:
    key: int32 [2], such as a seed and a step; None: draws as without this.
  """
  return modeling.drawing_by(None if key is None else _DropoutKey(key))


def dropout_part(number: Union[int, tf.Tensor]) -> ContextManager[None]:
  """A dropout_key of its own for each number, int or int32 scalar, of a part of
  the batch; without effect where no dropout_key is around it."""
  outer = modeling.drawn_by()
  return dropout_key(None if outer is None else outer.of_part(number))


class _DropoutKey:
  """Seeds of dropout's calls, none of which is another's for a near key."""

  def __init__(self, key):
    # Hashed, so that the keys of two steps or seeds share no draws.
    self._key = tf.random.stateless_uniform([2], key, -2**31, 2**31 - 1,
                                            tf.int32)
    self._num_calls = 0

  def __call__(self, shape, *bounds_and_type):
    """tf.random.uniform from the next call's seed."""
    self._num_calls += 1
    seed = self._key + tf.constant([self._num_calls, 0])
    return tf.random.stateless_uniform(shape, seed, *bounds_and_type)

  def of_part(self, number):
    """Returns the key of a part of the batch, int32 [2]."""
    return self._key + tf.stack([0, 1 + number])
