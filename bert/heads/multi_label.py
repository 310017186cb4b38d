"""Multi-label classification: any number of labels, a sigmoid each."""

import functools

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import tables
from bert.data.label_types import LABEL_SET
from bert.data.records import Field
from bert.evaluation import plots
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import losses
from bert.heads.base import Head
from bert.heads.outputs import Prediction


class MultiLabelHead(Head):
  """Any number of labels."""
  kind = "multi_label"
  label_type = LABEL_SET
  metrics = ("multi_label",)
  report_library = "sklearn"
  hugging_face_class = "BertForSequenceClassification"
  hugging_face_problem = "multi_label_classification"

  def label_fields(self, max_seq_length):
    return {"label_ids": Field(tf.int64, (len(self.labels),))}

  def encode_label(self, label):
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
    return tf.reduce_mean(losses.of_label_sets(logits, labels,
                                               self._loss_settings()))

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

  def report(self, predictions):
    yield "%d examples; a label is predicted from probability %g on" % (
        len(predictions.labels), self.threshold)
    yield ""
    rows = reports.label_rows(self.labels, predictions, ("micro", "macro"))
    best = [reports.best_threshold(*columns) for columns in zip(
        predictions.labels.T, predictions.probabilities.T)]
    best += [("", "")] * (len(rows) - len(best))
    yield from tables.table(
        ("#", "label") + reports.SCORES + ("best threshold", "F1 at it"),
        [row + cells for row, cells in zip(rows, best)], 1)
    yield ""
    yield "Best threshold: the probability to predict a label from for its best"
    yield "F1. It was chosen on this very set, so on another expect less."

  def errors(self, predictions):
    """Yields ErrorRows; the score is the probability that the model gave to its
    most confident wrong decision."""
    is_wrong = predictions.predicted != predictions.labels
    certainty = np.where(predictions.predicted > 0, predictions.probabilities,
                         1 - predictions.probabilities)
    for index in np.flatnonzero(is_wrong.any(axis=1)):
      label, prediction = [
          " ".join(self.labels[number] for number in np.flatnonzero(row))
          for row in (predictions.labels[index], predictions.predicted[index])]
      yield reports.ErrorRow(index, label, prediction,
                             certainty[index][is_wrong[index]].max())

  def drawings(self, predictions):
    # Without an example of a label, recall is not defined.
    if not predictions.labels.any() or not predictions.is_finite():
      return {}
    return {plots.PRECISION_RECALL: functools.partial(
        plots.draw_precision_recall, predictions=predictions)}

  def _balance(self, counts, num_examples):
    """Returns weights by which the presence of a label has the same total
    weight as its absence."""
    return [(num_examples - count) / count if count else 1.0
            for count in counts]
