"""Unoptimized forms of this project's optimizations, for ablations.

The results are the same, but for rounding and the random numbers drawn. Tests
compare each form with the one that it replaces.
"""

import math
from typing import Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert.encoders.base import Encoder
from bert.encoders.bert import Bert


def use_unoptimized(names: Sequence[str]) -> None:
  """Replaces optimizations by their plain forms, for the rest of the process.

  Args:
    names: keys of FORMS, or "all".
  """
  for name in FORMS if "all" in names else names:
    for holder, attribute, plain in FORMS[name]:
      setattr(holder, attribute, plain)


def build_whole(encoder, *args, **options):
  """Encoder.build with a last layer that is computed for all tokens."""
  options["first_token_only"] = False
  return Encoder.build(encoder, *args, **options)


class KeptPadding:
  """modeling._Unpadding that leaves nothing out."""

  def __init__(self, input_mask):
    self._sizes = modeling.get_shape_list(input_mask)
    self.rows = self.trimmed_rows = self

  def trim_mask(self, input_mask):
    return input_mask, self._sizes

  def unpad_ids(self, input_ids, token_type_ids):
    return input_ids, token_type_ids, None

  def unpad(self, matrix):
    return matrix

  pad = pad_with_zeros = unpad


def attend(transformer, queries, keys, values, mask, sizes):
  """Transformer.attend; scores are scaled, they and the mask are [B, N, F, T].
  """
  batch_size, from_length, to_length = sizes
  config = transformer.config
  num_heads = config.num_attention_heads
  size = config.hidden_size // num_heads

  def split(matrix, length):
    return tf.transpose(
        tf.reshape(matrix, [batch_size, length, num_heads, size]),
        [0, 2, 1, 3])

  keys, values = [split(each, to_length) for each in (keys, values)]
  scores = tf.matmul(split(queries, from_length), keys, transpose_b=True)
  scores *= 1.0 / math.sqrt(size)
  if mask is not None:
    ones = tf.ones([batch_size, num_heads, from_length, 1])
    seen = ones * tf.cast(tf.expand_dims(mask, 1), tf.float32)
    scores += modeling.mask_penalty(seen)
  weights = modeling.dropout(tf.nn.softmax(scores),
                             config.attention_probs_dropout_prob)
  context = tf.matmul(weights, values)
  return tf.reshape(tf.transpose(context, [0, 2, 1, 3]),
                    [-1, num_heads * size])


def gelu(x):
  """modeling.gelu with a power."""
  cubed = tf.pow(x, 3)
  return x * (0.5 * (1.0 + tf.tanh(
      np.sqrt(2 / np.pi) * (x + 0.044715 * cubed))))


def activate_and_multiply(x, kernel, activation, is_training):
  """Leaves the gradient to TensorFlow."""
  del is_training
  return tf.matmul(activation(x) if activation else x, kernel)


def normalize(x, gamma, beta):
  """Leaves the gradient to TensorFlow."""
  mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
  return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-12)


def dropout(input_tensor, dropout_prob):
  """TensorFlow's own, which draws a float for each element."""
  if not dropout_prob:
    return input_tensor
  return tf.nn.dropout(input_tensor, rate=dropout_prob)


def average(weights, values, dropout_prob):
  """Keeps the weights from before and after dropout."""
  return tf.matmul(modeling.dropout(weights, dropout_prob), values)


def apply_gradients(optimizer, grads_and_vars, global_step=None, name=None):
  """AdamWeightDecayOptimizer's, an operation a step of arithmetic."""
  del global_step
  updates = []
  for gradient, variable in grads_and_vars:
    if gradient is None:
      continue
    m, v = optimizer._averages(variable)  # pylint: disable=protected-access
    gradient = tf.convert_to_tensor(gradient) * optimizer.gradient_factor
    next_m = optimizer.beta_1 * m + (1 - optimizer.beta_1) * gradient
    next_v = (optimizer.beta_2 * v +
              (1 - optimizer.beta_2) * tf.square(gradient))
    update = next_m / (tf.sqrt(next_v) + optimizer.epsilon)
    if optimizer._do_use_weight_decay(variable.name):  # pylint: disable=protected-access
      update += optimizer.weight_decay_rate * variable
    updates += [tf.assign(variable,
                          variable - optimizer.learning_rate * update),
                tf.assign(m, next_m), tf.assign(v, next_v)]
  return tf.group(*updates, name=name)


# Optimization -> (object, attribute, what to set it to).
FORMS = {
    "first_token": ((Bert, "build", build_whole),),
    "padding": ((modeling, "_Unpadding", KeptPadding),),
    "queries": ((modeling.Transformer, "attend", attend),),
    "gelu": ((modeling, "gelu", gelu),
             (modeling, "_activate_and_multiply", activate_and_multiply)),
    "layer_norm": ((modeling, "_normalize", normalize),),
    "dropout": ((modeling, "dropout", dropout),
                (modeling, "_drop_and_average", average)),
    "adam": ((optimization.AdamWeightDecayOptimizer, "apply_gradients",
              apply_gradients),)}
