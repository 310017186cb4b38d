"""Reports of an evaluation: scores by label, and the worst errors."""

import heapq
import os
import re
import typing
from typing import Iterable, Iterator, List, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import libraries
from bert.common.errors import UserError
from bert.data.examples import InputExample
from bert.evaluation.eval_prediction import EvalPrediction

MAX_ERRORS = 1000
SCORES = ("precision", "recall", "F1", "support")
# All that would make two cells or lines of one.
_SEPARATOR = re.compile("\r\n|[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


class ErrorRow(typing.NamedTuple):
  """An example with a wrong prediction; the greatest scores are shown first."""
  index: int
  label: str
  prediction: str
  score: float


def can_write(library: str, predictions: EvalPrediction) -> bool:
  """Whether a report can be made; warns where a library or numbers lack."""
  try:
    libraries.check_library(library, "eval_report.txt")
  except UserError as error:
    tf.logging.warning("Not written: %s", error)
    return False
  if not predictions.is_finite():
    tf.logging.warning("eval_report.txt is not written: outputs of the model "
                       "are not numbers")
    return False
  return True


def write_report(folder: str, lines: Iterable[str]) -> None:
  """Writes eval_report.txt."""
  files.write_text(os.path.join(folder, "eval_report.txt"), lines)


def write_errors(folder: str, examples: Sequence[InputExample],
                 errors: Iterable[ErrorRow]) -> None:
  """Writes eval_errors.tsv: the MAX_ERRORS of the greatest scores.

  Args:
    folder: path.
    examples: the dataset that the errors' indices are of.
    errors: of the same score, they stay in their order.
  """
  files.write_text(os.path.join(folder, "eval_errors.tsv"),
                   _error_lines(examples, errors))


def label_rows(labels: Sequence[str], predictions: EvalPrediction,
               averages: Sequence[str]) -> List[Tuple[str, ...]]:
  """Returns a row of cells per label, then one per average.

  Args:
    labels: the task's.
    predictions: of classes or label sets.
    averages: as scikit-learn names them: micro, macro, weighted.

  Returns:
    Rows of number, label and SCORES.
  """
  from sklearn.metrics import precision_recall_fscore_support
  # scikit-learn takes a single column for two classes.
  is_column = predictions.labels.shape[1:] == (1,)
  label_ids = [1] if is_column else np.arange(len(labels))

  def score(average=None):
    return precision_recall_fscore_support(
        predictions.labels, predictions.predicted, labels=label_ids,
        average=average, zero_division=0)

  each = score()
  rows = [(str(number), label) + score_cells(scores)
          for number, (label, scores) in enumerate(zip(labels, zip(*each)), 1)]
  return rows + [
      ("", average + " average") +
      score_cells(score(average)[:3] + (sum(each[3]),))
      for average in averages]


def score_cells(scores: Sequence[float]) -> Tuple[str, ...]:
  """Returns the cells of (precision, recall, F1, support)."""
  return tuple("%.4f" % score for score in scores[:3]) + ("%d" % scores[3],)


def best_threshold(labels: np.ndarray,
                   probabilities: np.ndarray) -> Tuple[str, str]:
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


def _error_lines(examples, errors) -> Iterator[str]:
  yield "guid\tlabel\tprediction\tscore\ttext_a\ttext_b"
  for error in heapq.nsmallest(MAX_ERRORS, errors,
                               key=lambda error: -error.score):
    example = examples[error.index]
    yield "\t".join(map(cell, (
        example.guid, error.label, error.prediction, "%.6g" % error.score,
        example.text_a, example.text_b)))


def cell(value) -> str:
  """Returns text, a list of words or None as a cell of a TSV."""
  if isinstance(value, (list, tuple)):
    value = " ".join(value)
  return _SEPARATOR.sub(" ", "" if value is None else str(value))
