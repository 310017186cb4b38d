"""Classification: one label of several, by softmax."""

import functools

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import tables
from bert.common.errors import UserError
from bert.data.label_types import CLASS
from bert.data.records import Field
from bert.evaluation import plots
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import losses
from bert.heads.base import Head
from bert.heads.outputs import Prediction


class ClassificationHead(Head):
  """One label of several."""
  kind = "classification"
  label_type = CLASS
  report_library = "sklearn"
  hugging_face_class = "BertForSequenceClassification"
  hugging_face_problem = "single_label_classification"

  def check(self):
    super().check()
    if self.settings.loss == "f1" and len(self.labels) != 2:
      raise UserError("--loss=f1 is for two labels or multi_label tasks; the "
                      "task has %d labels" % len(self.labels))

  def label_fields(self, max_seq_length):
    return {"label_ids": Field(tf.int64, (1,))}

  def encode_label(self, label):
    if isinstance(label, (list, tuple)):
      raise ValueError("found a list of labels, %s; a single one is needed" %
                       (label,))
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
    return tf.reduce_mean(losses.of_classes(logits, label_ids,
                                            self._loss_settings()))

  def is_correct(self, probabilities, label_ids):
    chosen = tf.argmax(probabilities, axis=-1, output_type=tf.int32)
    return tf.cast(tf.equal(chosen, tf.reshape(label_ids, [-1])), tf.float32)

  def eval_prediction(self, rows, examples):
    probabilities = rows["probabilities"]
    return EvalPrediction(rows["label_ids"].reshape(-1),
                          probabilities.argmax(axis=-1), probabilities,
                          cosines=rows.get("cosines"))

  def prediction(self, row, example):
    best = int(row["probabilities"].argmax())
    return Prediction([self.labels[best]], [row["probabilities"][best]])

  def aggregate_metrics(self, predictions):
    return {"eval_accuracy": np.mean(
        predictions.labels == predictions.predicted)}

  def report(self, predictions):
    num_examples = len(predictions.labels)
    num_right = int(np.sum(predictions.labels == predictions.predicted))
    yield "%d examples, %d of them right: accuracy %.4f" % (
        num_examples, num_right, num_right / num_examples)
    yield ""
    yield from tables.table(
        ("#", "label") + reports.SCORES,
        reports.label_rows(self.labels, predictions, ("macro", "weighted")), 1)

  def errors(self, predictions):
    """Yields ErrorRows; the score is the probability of the prediction."""
    for index in np.flatnonzero(predictions.predicted != predictions.labels):
      chosen = predictions.predicted[index]
      yield reports.ErrorRow(
          index, self.labels[predictions.labels[index]], self.labels[chosen],
          predictions.probabilities[index, chosen])

  def drawings(self, predictions):
    """A confusion matrix of up to MAX_CLASSES; of two labels, a curve."""
    drawings = {}
    if self._has_matrix():
      drawings[plots.CONFUSION] = functools.partial(
          plots.draw_confusion, predictions=predictions)
    # Without an example of the label, recall is not defined.
    if len(self.labels) == 2 and predictions.labels.any() and (
        predictions.is_finite()):
      drawings[plots.PRECISION_RECALL] = functools.partial(
          plots.draw_precision_recall, predictions=predictions)
    return drawings

  def write_summaries(self, folder, step, predictions, pictures):
    if self._has_matrix():
      plots.write_confusion_summaries(folder, step, self.labels, predictions,
                                      pictures.get(plots.CONFUSION))

  def stratify_by(self, examples):
    return [example.label for example in examples]

  def to_json(self, output):
    return {"probabilities": output.probabilities, "label": output.labels[0],
            "score": output.scores[0]}

  def _has_matrix(self):
    return len(self.labels) <= plots.MAX_CLASSES
