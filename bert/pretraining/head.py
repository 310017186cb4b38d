"""The head of pre-training: masked words, and whether two texts follow on.

Shapes in the comments: B batch, P masked positions, L sequence length, H the
encoder's width, V entries of the vocabulary.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3.1.
"""

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.heads.graph_head import BatchEvaluation
from bert.heads.graph_head import GraphHead

_EPSILON = 1e-5


class PretrainingHead(GraphHead):
  """Masked words by the embedding table, the next sentence by the first token.
  """

  def __init__(self, config: modeling.BertConfig):
    """Takes the encoder's config."""
    self._config = config

  batch_means = ("mean_weight",)

  def prepare(self, features):
    """Adds mean_weight [B, 1]: masked words an example.

    So that a part of a batch weighs each word as the whole would.
    """
    words = tf.reduce_sum(features["masked_lm_weights"], axis=1, keepdims=True)
    return dict(features, mean_weight=tf.ones_like(words) *
                tf.reduce_mean(words))

  def loss(self, model, features):
    return self._loss(self.forward(model, features), features)

  def forward(self, model, features):
    words, word_losses = self._words(model, features)
    logits = next_sentence_logits(self._config, model.get_pooled_output())
    labels = tf.reshape(features["next_sentence_labels"], [-1])
    return {"words": words, "word_losses": word_losses,
            "next": tf.argmax(logits, axis=-1, output_type=tf.int32),
            "next_losses": tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=labels, logits=logits)}

  def evaluation(self, outputs, features):
    weights = features["masked_lm_weights"]
    labels = tf.reshape(features["next_sentence_labels"], [-1])
    whole = tf.ones_like(outputs["next_losses"])
    return BatchEvaluation(self._loss(outputs, features), {
        "masked_lm_accuracy": (_is_equal(outputs["words"],
                                         features["masked_lm_ids"]), weights),
        "masked_lm_loss": (outputs["word_losses"], weights),
        "next_sentence_accuracy": (_is_equal(outputs["next"], labels), whole),
        "next_sentence_loss": (outputs["next_losses"], whole)}, {})

  def _loss(self, outputs, features):
    weights = features["masked_lm_weights"]
    total = tf.reduce_sum(features["mean_weight"])
    return (mean_word_loss(outputs["word_losses"], weights, total) +
            tf.reduce_mean(outputs["next_losses"]))

  def _words(self, model, features):
    """Returns the likeliest words, int32 [B, P], and losses, float32 [B, P]."""
    positions = features["masked_lm_positions"]
    shape = modeling.get_shape_list(positions, expected_rank=2)
    logits = masked_lm_logits(self._config, model.get_sequence_output(),
                              model.get_embedding_table(), positions)
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(features["masked_lm_ids"], [-1]), logits=logits)
    words = tf.argmax(logits, axis=-1, output_type=tf.int32)
    return tf.reshape(words, shape), tf.reshape(losses, shape)


def masked_lm_logits(config: modeling.BertConfig, sequence: tf.Tensor,
                     embedding_table: tf.Tensor,
                     positions: tf.Tensor) -> tf.Tensor:
  """Scores all words at some positions.

  Args:
    config: the encoder's.
    sequence: float32 [B, L, H], its last layer.
    embedding_table: float32 [V, H].
    positions: int32 [B, P].

  Returns:
    float32 [B * P, V].
  """
  with tf.variable_scope("cls/predictions"):
    vectors = gather_indexes(sequence, positions)
    with tf.variable_scope("transform"):
      vectors = _dense(vectors, config)
      vectors = modeling.layer_norm(vectors)
    bias = tf.get_variable("output_bias", [config.vocab_size],
                           initializer=tf.zeros_initializer())
    return tf.nn.bias_add(tf.matmul(vectors, embedding_table,
                                    transpose_b=True), bias)


def next_sentence_logits(config: modeling.BertConfig,
                         pooled: tf.Tensor) -> tf.Tensor:
  """float32 [B, H], the pooled output -> [B, 2]: follows on, is random."""
  with tf.variable_scope("cls/seq_relationship"):
    weights = tf.get_variable(
        "output_weights", [2, config.hidden_size],
        initializer=modeling.create_initializer(config.initializer_range))
    bias = tf.get_variable("output_bias", [2],
                           initializer=tf.zeros_initializer())
    return tf.nn.bias_add(tf.matmul(pooled, weights, transpose_b=True), bias)


def mean_word_loss(losses: tf.Tensor, weights: tf.Tensor,
                   total: tf.Tensor) -> tf.Tensor:
  """Returns the mean of words' losses, by their weights and the total of these.
  """
  return tf.reduce_sum(losses * weights) / (total + _EPSILON)


def _dense(vectors, config):
  with tf.variable_scope("dense"):
    kernel = tf.get_variable(
        "kernel", [config.hidden_size, config.hidden_size],
        initializer=modeling.create_initializer(config.initializer_range))
    bias = tf.get_variable("bias", [config.hidden_size],
                           initializer=tf.zeros_initializer())
  activate = modeling.get_activation(config.hidden_act) or tf.identity
  return activate(tf.nn.bias_add(tf.matmul(vectors, kernel), bias))


def gather_indexes(sequence_tensor: tf.Tensor,
                   positions: tf.Tensor) -> tf.Tensor:
  """float32 [B, L, H], int32 [B, P] -> float32 [B * P, H], of the positions."""
  batch_size, length, width = modeling.get_shape_list(sequence_tensor)
  starts = tf.cast(tf.reshape(tf.range(batch_size) * length, [-1, 1]),
                   positions.dtype)
  return tf.gather(tf.reshape(sequence_tensor, [-1, width]),
                   tf.reshape(positions + starts, [-1]))


def _is_equal(one, other):
  return tf.cast(tf.equal(one, other), tf.float32)
