"""What a task learns on top of the encoder: one class a kind of task."""

from typing import Dict, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import options
from bert.common import command_line
from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from bert.data.records import Field
from bert.evaluation.metrics import EvalPrediction
from bert.heads import losses
from bert.heads.base import Head
from bert.heads.base import Prediction
from bert.heads.tagging import TaggingHead

_HEADS = {TaggingHead.kind: TaggingHead}


def register(head):
  """Makes a Head known by its kind."""
  _HEADS[head.kind] = head
  return head


def registered() -> Dict[str, type]:
  return dict(_HEADS)


def create(kind: str, labels: Sequence[str],
           settings: options.HeadOptions = options.HeadOptions()) -> "Head":
  """Returns the head of a kind.

  Raises:
    UserError: no head is of that kind, labels are none or twice there, or a
      setting is not for them.
  """
  if kind not in _HEADS:
    raise UserError("head %r is not known%s; heads: %s" % (
        kind, did_you_mean(kind, _HEADS), " ".join(sorted(_HEADS))))
  head = _HEADS[kind](labels, settings)
  head.check()
  return head


@register
class ClassificationHead(Head):
  """One label of several: softmax."""
  kind = "classification"

  def check(self):
    super().check()
    if self.settings.loss == "f1" and len(self.labels) != 2:
      raise UserError("--loss=f1 is for two labels or multi_label tasks; the "
                      "task has %d labels" % len(self.labels))

  def label_field(self, max_seq_length):
    return Field(tf.int64, (1,))

  def encode_label(self, label, max_seq_length):
    return [0 if label is None else self._label_id(label)]

  def probabilities(self, logits):
    return tf.nn.softmax(logits)

  def example_losses(self, logits, label_ids):
    one_hot = tf.one_hot(tf.reshape(label_ids, [-1]), depth=len(self.labels))
    return -tf.reduce_sum(one_hot * tf.nn.log_softmax(logits), axis=-1)

  def training_loss(self, logits, label_ids):
    label_ids = tf.reshape(label_ids, [-1])
    if self.settings.loss == "f1":
      return losses.of_soft_f1(tf.cast(label_ids, tf.float32),
                               self.probabilities(logits)[:, 1])
    return tf.reduce_mean(losses.of_classes(logits, label_ids, self._loss()))

  def is_correct(self, probabilities, label_ids):
    chosen = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
    return tf.cast(tf.equal(chosen, tf.reshape(label_ids, [-1])), tf.float32)

  def eval_prediction(self, rows, examples):
    probabilities = rows["probabilities"]
    return EvalPrediction(rows["label_ids"].reshape(-1),
                   probabilities.argmax(axis=-1), probabilities)

  def prediction(self, row, example):
    best = int(row["probabilities"].argmax())
    return Prediction([self.labels[best]], [row["probabilities"][best]])


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
    return losses.of_label_sets(logits, tf.cast(label_ids, tf.float32),
                                losses.Loss())

  def training_loss(self, logits, label_ids):
    labels = tf.cast(label_ids, tf.float32)
    if self.settings.loss == "f1":
      return losses.of_soft_f1(labels, self.probabilities(logits))
    return tf.reduce_mean(losses.of_label_sets(logits, labels, self._loss()))

  def is_correct(self, probabilities, label_ids):
    chosen = tf.cast(probabilities >= self.threshold, tf.int32)
    return tf.cast(tf.reduce_all(tf.equal(chosen, label_ids), axis=-1),
                   tf.float32)

  def eval_prediction(self, rows, examples):
    probabilities = rows["probabilities"]
    return EvalPrediction(rows["label_ids"],
                   (probabilities >= self.threshold).astype(int),
                   probabilities)

  def prediction(self, row, example):
    probabilities = row["probabilities"]
    chosen = np.flatnonzero(probabilities >= self.threshold)
    return Prediction([self.labels[index] for index in chosen],
                      [probabilities[index] for index in chosen])

  def _balance(self, counts, num_examples):
    """Of each label, presence and absence weigh the same together."""
    return [(num_examples - count) / count if count else 1.0
            for count in counts]


@register
class RegressionHead(Head):
  """A number; the loss is its squared error."""
  kind = "regression"
  losses = ("cross_entropy",)

  num_outputs = 1

  def check(self):
    if self.labels:
      raise UserError("a regression task has no labels; get_labels() must "
                      "return none")
    settings = self.settings
    for flag in ("loss", "class_weights", "label_smoothing", "crf"):
      if getattr(settings, flag) != getattr(options.HeadOptions, flag):
        raise UserError("--%s=%s is not for regression tasks; leave it out" % (
            flag, command_line.describe(getattr(settings, flag))))

  def label_field(self, max_seq_length):
    return Field(tf.float32, (1,))

  def encode_label(self, label, max_seq_length):
    value = 0.0 if label is None else float(label)
    if not np.isfinite(value):
      raise ValueError("label %r is not a finite number" % (label,))
    return [value]

  def probabilities(self, logits):
    return logits

  def served(self, answers):
    return {"scores": tf.squeeze(answers["logits"], axis=-1)}

  def example_losses(self, logits, label_ids):
    return tf.reduce_sum(tf.square(logits - label_ids), axis=-1)

  def training_loss(self, logits, label_ids):
    return tf.reduce_mean(self.example_losses(logits, label_ids))

  def is_correct(self, probabilities, label_ids):
    return None

  def eval_prediction(self, rows, examples):
    scores = rows["probabilities"]
    return EvalPrediction(rows["label_ids"].reshape(-1), scores.reshape(-1), scores)

  def prediction(self, row, example):
    score = row["probabilities"][0]
    return Prediction([str(score)], [score])
