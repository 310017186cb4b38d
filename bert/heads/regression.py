"""Regression: a number per text; the loss is its squared error."""

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import tables
from bert.common.errors import UserError
from bert.data.label_types import NUMBER
from bert.data.records import Field
from bert.evaluation import metrics
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import siamese
from bert.heads.base import Head
from bert.heads.outputs import Prediction

_MAX_FLOAT32 = float(np.finfo(np.float32).max)
_NUM_BANDS = 5


class RegressionHead(Head):
  """A number; of texts encoded apart, the cosine of their vectors, from 0 to 1,
  as their label is in label_range."""
  kind = "regression"
  label_type = NUMBER
  streamed_keys = ("eval_loss",)
  report_library = "sklearn"
  hugging_face_class = "BertForSequenceClassification"
  hugging_face_problem = "regression"
  num_outputs = 1

  def check(self):
    if self.labels:
      raise UserError("a regression task has no labels; get_labels() must "
                      "return none")
    self.refuse_settings("loss", "class_weights", "label_smoothing", "crf")
    self.check_pooling()
    if self.encodes_apart and self.label_range is None:
      raise UserError("--pair_encoding=siamese compares cosines with labels; "
                      "the task has to say between which numbers they are, as "
                      'by "label_range": [0, 5] in table.json')

  def label_fields(self, max_seq_length):
    return {"label_ids": Field(tf.float32, (1,))}

  def encode_label(self, label):
    try:
      value = 0.0 if label is None else float(label)
    except (TypeError, ValueError):
      value = np.nan
    if not abs(value) <= _MAX_FLOAT32:
      raise ValueError("score %r is not a number that a float holds" % (label,))
    if label is not None and self.encodes_apart:
      low, high = self.label_range
      if not low <= value <= high:
        raise ValueError("score %r is not from %g to %g" % (label, low, high))
    return [value]

  def pair_logits(self, first, second, is_training):
    """Returns the cosines, [batch, 1]."""
    del is_training
    return tf.expand_dims(siamese.cosines(first, second), -1)

  def probabilities(self, logits):
    """Returns the scores, as labels are."""
    if not self.encodes_apart:
      return logits
    low, high = self.label_range
    return low + (high - low) * logits

  def serving_outputs(self, outputs):
    return self._with_cosines({"scores": tf.squeeze(
        self.probabilities(outputs["logits"]), axis=-1)}, outputs)

  def rows_of(self, outputs):
    return dict(outputs, probabilities=outputs["scores"][:, None])

  def example_losses(self, logits, label_ids):
    if self.encodes_apart:
      low, high = self.label_range
      label_ids = (label_ids - low) / (high - low)
    return tf.reduce_sum(tf.square(logits - label_ids), axis=-1)

  def training_loss(self, logits, label_ids):
    return tf.reduce_mean(self.example_losses(logits, label_ids))

  def eval_prediction(self, rows, examples):
    scores = rows["probabilities"]
    return EvalPrediction(rows["label_ids"].reshape(-1), scores.reshape(-1),
                          scores, cosines=rows.get("cosines"))

  def prediction(self, row, example):
    score = row["probabilities"][0]
    return Prediction([str(score)], [score])

  def label_probabilities(self, row):
    return {}

  def to_json(self, output):
    return {"score": output.scores[0]}

  def to_line(self, output):
    return "%.6g" % output.scores[0]

  def report(self, predictions):
    from sklearn.metrics import mean_absolute_error
    correlations = metrics.pearson_spearman(predictions)
    yield from tables.table(
        ("%d examples" % len(predictions.labels), "score"), [
            ("Pearson", "%.4f" % correlations["pearson"]),
            ("Spearman", "%.4f" % correlations["spearman"]),
            ("mean absolute error", "%.4f" % mean_absolute_error(
                predictions.labels, predictions.predicted))])
    yield ""
    yield from tables.table(
        ("label", "examples", "mean prediction", "mean absolute error"),
        _band_rows(np.asarray(predictions.labels, np.float64),
                   np.asarray(predictions.predicted, np.float64)))

  def errors(self, predictions):
    """Yields ErrorRows; the score is the absolute difference."""
    difference = np.abs(np.subtract(predictions.predicted, predictions.labels,
                                    dtype=np.float64))
    for index in np.flatnonzero(difference):
      yield reports.ErrorRow(index, "%.6g" % predictions.labels[index],
                             "%.6g" % predictions.predicted[index],
                             difference[index])


def _band_rows(labels, predicted):
  """Yields a row for each band of labels; all bands are equally wide."""
  num_bands = _NUM_BANDS if np.ptp(labels) else 1
  edges = np.linspace(labels.min(), labels.max(), num_bands + 1)
  bands = np.searchsorted(edges[1:-1], labels, side="right")
  for band, (low, high) in enumerate(zip(edges[:-1], edges[1:])):
    is_in = bands == band
    error = np.abs(predicted - labels)[is_in]
    yield ("%.4g to %.4g" % (low, high), str(len(error)),
           "%.4f" % predicted[is_in].mean() if len(error) else "-",
           "%.4f" % error.mean() if len(error) else "-")
