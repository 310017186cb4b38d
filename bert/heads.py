"""What a task learns on top of the encoder: one class a kind of task."""

import typing
from typing import Dict, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert.errors import did_you_mean
from bert.errors import UserError
from bert.metrics import Outcome
from bert.records import Field

_HEADS = {}


def register(head):
  """Makes a Head known by its kind."""
  _HEADS[head.kind] = head
  return head


def registered() -> Dict[str, type]:
  return dict(_HEADS)


def create(kind: str, labels: Sequence[str], threshold: float = 0.5) -> "Head":
  """Returns the head of a kind.

  Raises:
    UserError: no head is of that kind, or labels are none or twice there.
  """
  if kind not in _HEADS:
    raise UserError("head %r is not known%s; heads: %s" % (
        kind, did_you_mean(kind, _HEADS), " ".join(sorted(_HEADS))))
  if not labels:
    raise UserError("the task has no labels; get_labels() must return them")
  for label in labels:
    if list(labels).count(label) > 1:
      raise UserError("get_labels() has label %r twice" % (label,))
  return _HEADS[kind](labels, threshold)


class Prediction(typing.NamedTuple):
  """What test_predictions.tsv says of one example."""
  labels: List[str]
  scores: List[float]


class Head:
  """Base of all heads.

  Attributes:
    kind: the name in a processor's `head`.
    metrics: names of the metrics (bert.metrics) that every task of this kind
      is judged by.
    first_token_only: whether the pooled output is all it reads.
  """
  kind = ""
  first_token_only = True
  metrics = ()

  def __init__(self, labels: Sequence[str], threshold: float = 0.5):
    """Takes the task's labels in order, and the score that chooses a label."""
    self.labels = list(labels)
    self.threshold = threshold
    self._index = {label: index for index, label in enumerate(self.labels)}

  def label_field(self, max_seq_length: int) -> Field:
    """Returns the label's place in a record."""
    raise NotImplementedError()

  def encode_label(self, label, max_seq_length: int) -> List[int]:
    """Returns a label's numbers, zeros for None; raises ValueError."""
    raise NotImplementedError()

  def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
    """float32 [batch, num_labels] -> the same shape."""
    raise NotImplementedError()

  def example_losses(self, logits: tf.Tensor,
                     label_ids: tf.Tensor) -> tf.Tensor:
    """Logits and a batch's label field -> float32 [batch]."""
    raise NotImplementedError()

  def is_correct(self, probabilities: tf.Tensor,
                 label_ids: tf.Tensor) -> tf.Tensor:
    """Returns float32 [batch]: 1 where the whole answer is right."""
    raise NotImplementedError()

  def outcome(self, label_ids: np.ndarray,
              probabilities: np.ndarray) -> Outcome:
    """A whole set's labels and probabilities -> what metrics take."""
    raise NotImplementedError()

  def prediction(self, probabilities: np.ndarray) -> Prediction:
    """float32 [num_labels] -> the chosen labels with their scores."""
    raise NotImplementedError()

  def logits(self, model: modeling.BertModel, is_training: bool) -> tf.Tensor:
    """Returns float32 [batch, num_labels] from the pooled output."""
    pooled = model.get_pooled_output()
    width = pooled.shape.as_list()[-1]
    weights = tf.get_variable("output_weights", [len(self.labels), width],
                              initializer=modeling.create_initializer(0.02))
    bias = tf.get_variable("output_bias", [len(self.labels)],
                           initializer=tf.zeros_initializer())
    if is_training:
      pooled = modeling.dropout(pooled, 0.1)
    return tf.nn.bias_add(tf.matmul(pooled, weights, transpose_b=True), bias)

  def _label_id(self, label):
    if label not in self._index:
      shown = " ".join(self.labels[:20])
      more = len(self.labels) - 20
      raise ValueError("label %r is not one of: %s%s" % (
          label, shown, " ... and %d more" % more if more > 0 else ""))
    return self._index[label]


@register
class ClassificationHead(Head):
  """One label of several: softmax."""
  kind = "classification"

  def label_field(self, max_seq_length):
    return Field(tf.int64, (1,))

  def encode_label(self, label, max_seq_length):
    return [0 if label is None else self._label_id(label)]

  def probabilities(self, logits):
    return tf.nn.softmax(logits)

  def example_losses(self, logits, label_ids):
    one_hot = tf.one_hot(tf.reshape(label_ids, [-1]), depth=len(self.labels))
    return -tf.reduce_sum(one_hot * tf.nn.log_softmax(logits), axis=-1)

  def is_correct(self, probabilities, label_ids):
    chosen = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
    return tf.cast(tf.equal(chosen, tf.reshape(label_ids, [-1])), tf.float32)

  def outcome(self, label_ids, probabilities):
    return Outcome(label_ids.reshape(-1), probabilities.argmax(axis=-1),
                   probabilities)

  def prediction(self, probabilities):
    best = int(probabilities.argmax())
    return Prediction([self.labels[best]], [probabilities[best]])


@register
class MultiLabelHead(Head):
  """Any number of labels: a sigmoid each."""
  kind = "multi_label"
  metrics = ("multi_label",)

  def label_field(self, max_seq_length):
    return Field(tf.int64, (len(self.labels),))

  def encode_label(self, label, max_seq_length):
    if isinstance(label, str):
      label = label.split()
    chosen = {self._label_id(name) for name in label or ()}
    return [int(index in chosen) for index in range(len(self.labels))]

  def probabilities(self, logits):
    return tf.nn.sigmoid(logits)

  def example_losses(self, logits, label_ids):
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(
        labels=tf.cast(label_ids, tf.float32), logits=logits), axis=-1)

  def is_correct(self, probabilities, label_ids):
    chosen = tf.cast(probabilities >= self.threshold, tf.int32)
    return tf.cast(tf.reduce_all(tf.equal(chosen, label_ids), axis=-1),
                   tf.float32)

  def outcome(self, label_ids, probabilities):
    return Outcome(label_ids, (probabilities >= self.threshold).astype(int),
                   probabilities)

  def prediction(self, probabilities):
    chosen = np.flatnonzero(probabilities >= self.threshold)
    return Prediction([self.labels[index] for index in chosen],
                      [probabilities[index] for index in chosen])
