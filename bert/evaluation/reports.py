"""An evaluation for people to read: scores by label, and the worst errors."""

import os
import re
import typing
import unicodedata
from typing import Iterable, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.data.features import InputExample
from bert.evaluation import metrics
from bert.evaluation.metrics import EvalPrediction

MAX_ERRORS = 1000
_NUM_BANDS = 5
_SCORES = ("precision", "recall", "F1", "support")
# All that would make two cells or lines of one.
_SEPARATOR = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


class _Error(typing.NamedTuple):
  """An example that is wrong; the greatest scores are shown first."""
  index: int
  label: str
  prediction: str
  score: float


def write(folder: str, head, examples: Sequence[InputExample],
          eval_prediction: EvalPrediction) -> None:
  """Writes eval_report.txt and eval_errors.tsv.

  Where a library is missing, or outputs of the model are not numbers, a warning
  says so and nothing is written.

  Args:
    folder: path.
    head: a heads.Head; for a kind that is not known here, nothing is written.
    examples: the set, in the eval_prediction's order.
    eval_prediction: labels and predictions.
  """
  if head.kind not in _KINDS:
    return
  library, report, errors = _KINDS[head.kind]
  try:
    metrics.check_library(library, "eval_report.txt")
  except UserError as error:
    tf.logging.warning("Not written: %s", error)
    return
  if not metrics.is_finite(eval_prediction):
    tf.logging.warning("eval_report.txt is not written: outputs of the model "
                       "are not numbers")
    return
  files.write_text(os.path.join(folder, "eval_report.txt"),
                   report(head, eval_prediction))
  files.write_text(os.path.join(folder, "eval_errors.tsv"),
                   _error_lines(examples, errors(head, eval_prediction)))


def table(header: Sequence[str], rows: Iterable[Sequence[str]],
          text_column: int = 0) -> List[str]:
  """Returns the lines of a table whose cells align on a terminal.

  Args:
    header: a cell a column.
    rows: the same.
    text_column: the one that is aligned to the left, others to the right.
  """
  lines = [header] + list(rows)
  widths = [max(map(_width, column)) for column in zip(*lines)]
  lines.insert(1, ["-" * width for width in widths])
  return ["  ".join(
      _pad(cell, width, column == text_column)
      for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
          for line in lines]


def _width(text):
  """Returns the columns that a text takes on a terminal."""
  return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1
             for char in text)


def _pad(cell, width, is_left):
  spaces = " " * (width - _width(cell))
  return cell + spaces if is_left else spaces + cell


def _error_lines(examples, errors):
  yield "guid\tlabel\tprediction\tscore\ttext_a\ttext_b"
  # Of the same score, the order of the set stays.
  for error in sorted(errors, key=lambda error: -error.score)[:MAX_ERRORS]:
    example = examples[error.index]
    yield "\t".join(map(_cell, (
        example.guid, error.label, error.prediction, "%.6g" % error.score,
        example.text_a, example.text_b)))


def _cell(value):
  """Returns text, a list of words or None as a cell of a TSV."""
  if isinstance(value, (list, tuple)):
    value = " ".join(value)
  return _SEPARATOR.sub(" ", "" if value is None else str(value))


def _classification_report(head, eval_prediction):
  num_examples = len(eval_prediction.labels)
  num_right = int(np.sum(eval_prediction.labels == eval_prediction.predicted))
  yield "%d examples, %d of them right: accuracy %.4f" % (
      num_examples, num_right, num_right / num_examples)
  yield ""
  yield from table(("#", "label") + _SCORES,
                   _label_rows(head, eval_prediction, ("macro", "weighted")), 1)


def _classification_errors(head, eval_prediction):
  """Yields _Errors; the score is the probability of what was predicted."""
  for index in np.flatnonzero(eval_prediction.predicted != eval_prediction.labels):
    chosen = eval_prediction.predicted[index]
    yield _Error(index, head.labels[eval_prediction.labels[index]], head.labels[chosen],
                 eval_prediction.probabilities[index, chosen])


def _multi_label_report(head, eval_prediction):
  yield "%d examples; a label is predicted from probability %g on" % (
      len(eval_prediction.labels), head.threshold)
  yield ""
  rows = _label_rows(head, eval_prediction, ("micro", "macro"))
  best = [_best_threshold(*columns)
          for columns in zip(eval_prediction.labels.T, eval_prediction.probabilities.T)]
  best += [("", "")] * (len(rows) - len(best))
  yield from table(("#", "label") + _SCORES + ("best threshold", "F1 at it"),
                   [row + cells for row, cells in zip(rows, best)], 1)
  yield ""
  yield "Best threshold: the probability to predict a label from for its best"
  yield "F1. It was chosen on this very set, so on another expect less."


def _multi_label_errors(head, eval_prediction):
  """Yields _Errors; the score is the probability that the model gave to its
  most confident wrong decision."""
  is_wrong = eval_prediction.predicted != eval_prediction.labels
  certainty = np.where(eval_prediction.predicted > 0, eval_prediction.probabilities,
                       1 - eval_prediction.probabilities)
  for index in np.flatnonzero(is_wrong.any(axis=1)):
    label, prediction = [
        " ".join(head.labels[each] for each in np.flatnonzero(row))
        for row in (eval_prediction.labels[index], eval_prediction.predicted[index])]
    yield _Error(index, label, prediction,
                 certainty[index][is_wrong[index]].max())


def _label_rows(head, eval_prediction, averages):
  """Returns a row of cells a label, then a row an average."""
  from sklearn.metrics import precision_recall_fscore_support
  # scikit-learn takes a single column for two classes.
  is_column = eval_prediction.labels.shape[1:] == (1,)
  label_ids = [1] if is_column else np.arange(len(head.labels))

  def score(average=None):
    return precision_recall_fscore_support(
        eval_prediction.labels, eval_prediction.predicted, labels=label_ids, average=average,
        zero_division=0)

  each = score()
  rows = [(str(number), label) + _score_cells(scores)
          for number, (label, scores) in enumerate(
              zip(head.labels, zip(*each)), 1)]
  return rows + [
      ("", average + " average") +
      _score_cells(score(average)[:3] + (sum(each[3]),))
      for average in averages]


def _score_cells(scores):
  """Returns the cells of (precision, recall, F1, support)."""
  return tuple("%.4f" % score for score in scores[:3]) + ("%d" % scores[3],)


def _best_threshold(labels, probabilities):
  """Returns cells: the threshold of the best F1, and that F1.

  Args:
    labels: 0/1 int [examples].
    probabilities: float32 [examples].
  """
  from sklearn.metrics import precision_recall_curve
  if not labels.any():
    return "-", "-"
  precision, recall, thresholds = precision_recall_curve(labels, probabilities)
  # The last point, recall 0, is that of no threshold.
  precision, recall = precision[:-1], recall[:-1]
  scores = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
  best = scores.argmax()
  # Not rounded: the example that sets the threshold would fall below it.
  return str(np.float32(thresholds[best])), "%.4f" % scores[best]


def _regression_report(head, eval_prediction):
  del head  # It has no labels.
  from sklearn.metrics import mean_absolute_error
  correlations = metrics.pearson_spearman(eval_prediction)
  yield from table(("%d examples" % len(eval_prediction.labels), "score"), [
      ("Pearson", "%.4f" % correlations["pearson"]),
      ("Spearman", "%.4f" % correlations["spearman"]),
      ("mean absolute error", "%.4f" % mean_absolute_error(
          eval_prediction.labels, eval_prediction.predicted))])
  yield ""
  yield from table(
      ("label", "examples", "mean prediction", "mean absolute error"),
      _band_rows(np.asarray(eval_prediction.labels, np.float64),
                 np.asarray(eval_prediction.predicted, np.float64)))


def _band_rows(labels, predicted):
  """Yields a row a band of labels, of which all are equally wide."""
  num_bands = _NUM_BANDS if np.ptp(labels) else 1
  edges = np.linspace(labels.min(), labels.max(), num_bands + 1)
  bands = np.searchsorted(edges[1:-1], labels, side="right")
  for band, (low, high) in enumerate(zip(edges[:-1], edges[1:])):
    is_in = bands == band
    error = np.abs(predicted - labels)[is_in]
    yield ("%.4g to %.4g" % (low, high), str(len(error)),
           "%.4f" % predicted[is_in].mean() if len(error) else "-",
           "%.4f" % error.mean() if len(error) else "-")


def _regression_errors(head, eval_prediction):
  """Yields _Errors; the score is the absolute difference."""
  del head
  difference = np.abs(np.subtract(eval_prediction.predicted, eval_prediction.labels,
                                  dtype=np.float64))
  for index in np.flatnonzero(difference):
    yield _Error(index, "%.6g" % eval_prediction.labels[index],
                 "%.6g" % eval_prediction.predicted[index], difference[index])


def _tagging_report(head, eval_prediction):
  del head  # Entities have types, labels are more than that.
  from seqeval.metrics import classification_report
  from seqeval.metrics.v1 import unique_labels
  from seqeval.scheme import IOB2
  yield "%d examples; begin, end and type of an entity must be right" % len(
      eval_prediction.labels)
  yield ""
  if not unique_labels(eval_prediction.labels, eval_prediction.predicted, IOB2):
    yield "There are no entities, and none was predicted."
    return
  scores = classification_report(
      eval_prediction.labels, eval_prediction.predicted, mode="strict", scheme=IOB2,
      output_dict=True, zero_division=0)
  yield from table(("entity",) + _SCORES, [
      (re.sub(" avg$", " average", name),) + _score_cells((
          each["precision"], each["recall"], each["f1-score"],
          each["support"])) for name, each in scores.items()])


def _tagging_errors(head, eval_prediction):
  """Yields _Errors; the score is how many entities were missed or made up."""
  del head
  from seqeval.scheme import Entities
  from seqeval.scheme import IOB2
  gold, found = [Entities(each, IOB2).entities
                 for each in (eval_prediction.labels, eval_prediction.predicted)]
  for index, pair in enumerate(zip(gold, found)):
    wrong = set(pair[0]) ^ set(pair[1])
    if wrong:
      yield _Error(index, " ".join(eval_prediction.labels[index]),
                   " ".join(eval_prediction.predicted[index]), len(wrong))


# Kind of head -> library (what else is needed comes with it), report, errors.
_KINDS = {
    "classification": ("sklearn", _classification_report,
                       _classification_errors),
    "multi_label": ("sklearn", _multi_label_report, _multi_label_errors),
    "regression": ("sklearn", _regression_report, _regression_errors),
    "tagging": ("seqeval", _tagging_report, _tagging_errors)}
