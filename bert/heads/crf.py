"""A linear-chain conditional random field over the words of a sentence.

Shapes in the comments: B batch, T words, C labels. In a row, words come first
and masked positions after them.

Source: Lafferty et al. 2001; Lample et al. 2016,
https://arxiv.org/abs/1603.01360, section 2.2.
"""

import typing

import tensorflow.compat.v1 as tf

from bert import modeling


class CrfParams(typing.NamedTuple):
  """The scores of labels that follow each other.

  Attributes:
    transitions: float32 [C, C], from one label to the next.
    start, end: float32 [C], of a sentence's first and last label.
  """
  transitions: tf.Tensor
  start: tf.Tensor
  end: tf.Tensor


def crf_params(num_labels: int) -> CrfParams:
  """Returns the variables, crf/... in the current scope; the first call makes
  them."""
  def variable(name, shape):
    return tf.get_variable(name, shape,
                           initializer=modeling.create_initializer())

  with tf.variable_scope("crf", reuse=tf.AUTO_REUSE):
    return CrfParams(variable("transitions", [num_labels, num_labels]),
                     variable("start", [num_labels]),
                     variable("end", [num_labels]))


def losses(emissions: tf.Tensor, label_ids: tf.Tensor, mask: tf.Tensor,
           params: CrfParams) -> tf.Tensor:
  """Returns minus the logarithm of a sentence's probability.

  Args:
    emissions: float32 [B, T, C].
    label_ids: int32 [B, T].
    mask: int32 [B, T]; 1 = a word.
    params: of C labels.

  Returns:
    float32 [B]; 0 for a sentence without words.
  """
  has_words = tf.cast(mask[:, 0], tf.float32)
  return has_words * (_log_sum(emissions, mask, params) -
                      _score(emissions, label_ids, mask, params))


def decode(emissions: tf.Tensor, mask: tf.Tensor,
           params: CrfParams) -> tf.Tensor:
  """Returns the likeliest labels, int32 [B, T]; arguments as of losses."""
  def forward(carried, step):
    scores, _ = carried
    emission, is_word = step
    paths = tf.expand_dims(scores, 2) + params.transitions  # [B, C, C]
    best = tf.reduce_max(paths, axis=1) + emission
    came_from = tf.argmax(paths, axis=1, output_type=tf.int32)
    stay = tf.range(tf.shape(scores)[1]) + tf.zeros_like(came_from)
    return (tf.where(is_word, best, scores), tf.where(is_word, came_from, stay))

  first, rest = _by_time(emissions, mask)
  scores = first + params.start
  all_scores, pointers = tf.scan(
      forward, rest, (scores, tf.zeros_like(scores, tf.int32)))
  scores = tf.concat([tf.expand_dims(scores, 0), all_scores], axis=0)[-1]
  last = tf.argmax(scores + params.end, axis=-1, output_type=tf.int32)
  # [T - 1, B]: each step's label is what the next one came from.
  before = tf.scan(_follow, pointers, last, reverse=True)
  return tf.transpose(tf.concat([before, tf.expand_dims(last, 0)], axis=0))


def _follow(labels, pointers):
  """int32 [B], [B, C] -> [B]: where each label's pointer leads."""
  chosen = tf.one_hot(labels, tf.shape(pointers)[1], dtype=tf.int32)
  return tf.reduce_sum(pointers * chosen, axis=1)


def marginals(emissions: tf.Tensor, mask: tf.Tensor,
              params: CrfParams) -> tf.Tensor:
  """Returns each word's label probabilities, float32 [B, T, C].

  They are the gradients of the logarithm of the sum over all label sequences.
  Arguments as of losses; masked positions have zeros.
  """
  emissions = tf.identity(emissions)
  total = tf.reduce_sum(_log_sum(emissions, mask, params))
  (gradients,) = tf.gradients(total, emissions)
  return gradients * tf.cast(tf.expand_dims(mask, -1), tf.float32)


def _log_sum(emissions, mask, params):
  """float32 [B]: over all sequences of labels."""
  def forward(scores, step):
    emission, is_word = step
    paths = tf.expand_dims(scores, 2) + params.transitions
    return tf.where(is_word, tf.reduce_logsumexp(paths, axis=1) + emission,
                    scores)

  first, rest = _by_time(emissions, mask)
  scores = first + params.start
  all_scores = tf.concat([tf.expand_dims(scores, 0),
                          tf.scan(forward, rest, scores)], axis=0)
  return tf.reduce_logsumexp(all_scores[-1] + params.end, axis=-1)


def _score(emissions, label_ids, mask, params):
  """float32 [B]: of one sequence of labels."""
  words = tf.cast(mask, tf.float32)
  one_hot = tf.one_hot(label_ids, emissions.shape.as_list()[-1])
  one_hot *= tf.expand_dims(words, -1)
  left = tf.tensordot(one_hot[:, :-1], params.transitions, [[2], [0]])
  is_last = words - tf.concat([words[:, 1:], tf.zeros_like(words[:, :1])], 1)
  at_end = tf.reduce_sum(one_hot * tf.expand_dims(is_last, -1), axis=1)
  return (tf.reduce_sum(one_hot * emissions, axis=[1, 2]) +
          tf.reduce_sum(left * one_hot[:, 1:], axis=[1, 2]) +
          tf.reduce_sum(one_hot[:, 0] * params.start, axis=-1) +
          tf.reduce_sum(at_end * params.end, axis=-1))


def _by_time(emissions, mask):
  """The first word's [B, C], and of the others [T - 1, B, C], [T - 1, B, C].

  The second says of each label whether there is a word.
  """
  by_time = tf.transpose(emissions, [1, 0, 2])
  is_word = tf.cast(tf.transpose(mask), tf.float32)
  is_word = tf.expand_dims(is_word, -1) * tf.ones_like(by_time) > 0
  return by_time[0], (by_time[1:], is_word[1:])
