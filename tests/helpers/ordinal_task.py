"""A kind of head and a task of a user's own: labels with an order.

A --processor_module: one class for the head, one line that registers it, and
the columns of the task.

Source: Tutz 1990, Sequential item response models (continuation ratios).
"""
import numpy as np
import tensorflow.compat.v1 as tf

from bert.data.label_types import CLASS
from bert.data.records import Field
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import registry
from bert.heads.base import Head
from bert.heads.outputs import Prediction
from processors import base


@registry.register
class OrdinalHead(Head):
  """One label of several that have an order: bad, fair, good."""
  kind = "ordinal"
  label_type = CLASS
  losses = ("cross_entropy",)
  report_library = "sklearn"

  @property
  def num_outputs(self):
    return len(self.labels) - 1

  def label_fields(self, max_seq_length):
    return {"label_ids": Field(tf.int64, (1,))}

  def encode_label(self, label):
    return [0 if label is None else self._label_id(label)]

  def probabilities(self, logits):
    """Each output is the logit of going on to the next label."""
    reached = tf.cumprod(tf.nn.sigmoid(logits), axis=-1)
    ones = tf.ones_like(reached[:, :1])
    return tf.concat([ones, reached], -1) - tf.concat([reached, 0 * ones], -1)

  def example_losses(self, logits, label_ids):
    one_hot = tf.one_hot(tf.reshape(label_ids, [-1]), len(self.labels))
    chosen = tf.reduce_sum(one_hot * self.probabilities(logits), axis=-1)
    return -tf.log(chosen + 1e-9)

  def training_loss(self, logits, label_ids):
    return tf.reduce_mean(self.example_losses(logits, label_ids))

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

  def report(self, predictions):
    off = np.abs(predictions.predicted - predictions.labels)
    yield "off by %.4f labels on average" % off.mean()

  def errors(self, predictions):
    for index in np.flatnonzero(predictions.predicted != predictions.labels):
      label, predicted = predictions.labels[index], predictions.predicted[index]
      yield reports.ErrorRow(index, self.labels[label], self.labels[predicted],
                             abs(predicted - label))


@base.register("stars")
class Stars(base.TableProcessor):
  """How a reviewer liked something."""
  head = "ordinal"
  metrics = ("mcc",)
  labels = ("bad", "fair", "good")
  train = base.Table("train.tsv", text_a=0, label=1, has_header=False)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")
