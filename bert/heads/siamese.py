"""Pairs of texts that are encoded apart, and compared by their vectors.

Shapes in the comments: B batch, W width of a text's vector.

Source: Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084.
"""

from typing import List, Tuple

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.data.examples import InputExample
from bert.data.features import EncodedText
from bert.data.features import TextEncoder

_EPSILON = 1e-8


def check_pair(example: InputExample) -> None:
  """Raises UserError for an example that is a single text."""
  if example.text_b is None:
    raise UserError("--pair_encoding=siamese is for pairs of texts, and "
                    "example %s is a single one; leave it out" % example.guid)


def encode(example: InputExample, encoder: TextEncoder) -> List[EncodedText]:
  """Returns each text of a pair, encoded as a text alone."""
  return [encoder.encode_text(text, None)
          for text in (example.text_a, example.text_b)]


def split(vectors: tf.Tensor) -> Tuple[tf.Tensor, tf.Tensor]:
  """float32 [B * 2, W], the texts of a pair in turn -> two of [B, W]."""
  pairs = tf.reshape(vectors, [-1, 2, vectors.shape.as_list()[-1]])
  return pairs[:, 0], pairs[:, 1]


def compare(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
  """Returns the features for classifying a pair, the vectors and their
  absolute difference: float32 [B, W] twice -> [B, 3 W]."""
  return tf.concat([first, second, tf.abs(first - second)], axis=-1)


def cosines(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
  """float32 [B, W] twice -> [B], from -1 to 1."""
  def norms(vectors):
    # Away from 0, where the square root has no gradient.
    return tf.sqrt(tf.maximum(
        tf.reduce_sum(tf.square(vectors), axis=-1), _EPSILON ** 2))

  return tf.reduce_sum(first * second, axis=-1) / (
      norms(first) * norms(second))
