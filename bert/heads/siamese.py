"""Pairs of texts that are encoded apart, and compared by their vectors.

Shapes in the comments: B batch, W width of a text's vector.

Source: Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084.
"""

from typing import Tuple

import tensorflow.compat.v1 as tf

_EPSILON = 1e-8


def split(vectors: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  """float32 [B * 2, W], a text after its partner -> two of [B, W]."""
  pairs = tf.reshape(vectors, [-1, 2, vectors.shape.as_list()[-1]])
  return pairs[:, 0], pairs[:, 1]


def compare(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
  """Returns what labels are told by: the vectors and how far they differ,
  float32 [B, 3 W] of two of [B, W]."""
  return tf.concat([first, second, tf.abs(first - second)], axis=-1)


def cosines(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
  """float32 [B, W] twice -> [B], from -1 to 1."""
  def norms(vectors):
    return tf.sqrt(tf.maximum(
        tf.reduce_sum(tf.square(vectors), axis=-1), _EPSILON ** 2))

  return tf.reduce_sum(first * second, axis=-1) / (
      norms(first) * norms(second))
