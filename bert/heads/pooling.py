"""From the encoder's vectors of tokens to the one that a head reads.

Shapes in the comments: B batch, L sequence length, H the encoder's width, W any
other, K windows of a text.
"""

import warnings

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.data import layouts

# Filters of each width, and units of each direction.
_CNN_WIDTHS = (2, 3, 4)
_CNN_FILTERS = 128
_LSTM_UNITS = 256


def fold(tensor: tf.Tensor) -> tf.Tensor:
  """Returns int32 [B * K, L] of [B, K, L], and [B, L] as it is."""
  if tensor.shape.ndims == 2:
    return tensor
  return tf.reshape(tensor, [-1, modeling.get_shape_list(tensor)[-1]])


def sentence_vectors(model: modeling.BertModel, mask: tf.Tensor, pooling: str,
                     encoder_top: str,
                     layout: layouts.Layout = layouts.BERT) -> tf.Tensor:
  """Returns a vector per text.

  Args:
    model: the encoder, built for the texts.
    mask: int32 [B, L]; 1 = real token. Padding is left out.
    pooling: cls, mean, max, attention or mean_max_attention.
    encoder_top: none, cnn or bilstm, between encoder and pooling.
    layout: of the encoder, whose pooled token cls reads.

  Returns:
    float32 [B, W]; for cls without an encoder_top the encoder's pooled output.
  """
  if pooling == "cls" and encoder_top == "none":
    return model.get_pooled_output()
  return pool(token_vectors(model, mask, encoder_top), mask, pooling, layout)


def token_vectors(model: modeling.BertModel, mask: tf.Tensor,
                  encoder_top: str) -> tf.Tensor:
  """Returns float32 [B, L, W]; arguments as of sentence_vectors."""
  sequence = model.get_sequence_output()
  if encoder_top == "none":
    return sequence
  with tf.variable_scope("top"):
    layers = {"cnn": _convolve, "bilstm": _run_both_ways}[encoder_top]
    return layers(sequence, mask)


def pool(sequence: tf.Tensor, mask: tf.Tensor, pooling: str,
         layout: layouts.Layout = layouts.BERT) -> tf.Tensor:
  """Makes one vector of several.

  Args:
    sequence: float32 [B, L, W].
    mask: int32 [B, L]; positions with 0 are left out. A row without any other
      gives zeros, except by cls.
    pooling, layout: as of sentence_vectors.

  Returns:
    float32 [B, W], or [B, 3 W] for mean_max_attention.

  Source: Yang et al. 2016, Hierarchical Attention Networks, equations 5 to 7.
  """
  if pooling == "cls":
    return layout.pooled_vectors(sequence, mask)
  kept = tf.cast(tf.expand_dims(mask, -1), tf.float32)  # [B, L, 1]
  functions = {"mean": _mean, "max": _max, "attention": _attend}
  if pooling != "mean_max_attention":
    return functions[pooling](sequence, kept)
  return tf.concat([_mean(sequence, kept), _max(sequence, kept),
                    _attend(sequence, kept)], axis=-1)


def _mean(sequence, kept):
  return (tf.reduce_sum(sequence * kept, axis=1) /
          tf.maximum(tf.reduce_sum(kept, axis=1), 1.0))


def _max(sequence, kept):
  highest = tf.reduce_max(sequence * kept + modeling.mask_penalty(kept),
                          axis=1)
  return highest * tf.reduce_max(kept, axis=1)


def _attend(sequence, kept):
  width = sequence.shape.as_list()[-1]
  initializer = modeling.create_initializer()
  with tf.variable_scope("attention_pooling"):
    kernel = tf.get_variable("kernel", [width, width], initializer=initializer)
    bias = tf.get_variable("bias", [width], initializer=tf.zeros_initializer())
    query = tf.get_variable("query", [width, 1], initializer=initializer)
  shape = modeling.get_shape_list(sequence)
  rows = modeling.reshape_to_matrix(sequence)
  scores = tf.matmul(tf.tanh(tf.nn.bias_add(tf.matmul(rows, kernel), bias)),
                     query)
  scores = tf.reshape(scores, shape[:2] + [1])
  weights = tf.nn.softmax(scores + modeling.mask_penalty(kept), axis=1) * kept
  return tf.reduce_sum(sequence * weights, axis=1)


def _convolve(sequence, mask):
  """Features of 2, 3 and 4 tokens in a row.

  Source: Kim 2014, https://arxiv.org/abs/1408.5882.
  """
  width = sequence.shape.as_list()[-1]
  # Else values at padding, and so the last tokens' features, would depend on
  # the longest text of the batch.
  sequence *= tf.cast(tf.expand_dims(mask, -1), tf.float32)
  outputs = []
  for size in _CNN_WIDTHS:
    with tf.variable_scope("cnn_%d" % size):
      kernel = tf.get_variable("kernel", [size, width, _CNN_FILTERS],
                               initializer=modeling.create_initializer())
      bias = tf.get_variable("bias", [_CNN_FILTERS],
                             initializer=tf.zeros_initializer())
      outputs.append(tf.nn.relu(tf.nn.bias_add(tf.nn.conv1d(
          sequence, kernel, stride=1, padding="SAME"), bias)))
  return tf.concat(outputs, axis=-1)


def _run_both_ways(sequence, mask):
  """Source: Graves and Schmidhuber 2005, Framewise phoneme classification."""
  with warnings.catch_warnings():
    # TensorFlow 2.x points to Keras, which does not build graphs.
    warnings.simplefilter("ignore", UserWarning)
    outputs, _ = tf.nn.bidirectional_dynamic_rnn(
        tf.nn.rnn_cell.LSTMCell(_LSTM_UNITS),
        tf.nn.rnn_cell.LSTMCell(_LSTM_UNITS), sequence,
        sequence_length=tf.reduce_sum(mask, axis=1), dtype=tf.float32)
  return tf.concat(outputs, axis=-1)
