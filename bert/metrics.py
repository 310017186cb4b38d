"""From a whole set's labels and predictions to numbers, by scikit-learn."""

import typing
from typing import Dict, Iterable, Optional

import numpy as np

from bert.errors import UserError

_METRICS = {}
_NUM_LABELS = {}


class Outcome(typing.NamedTuple):
  """What a set was and what was said of it.

  Attributes:
    labels: int [examples], or 0/1 [examples, num_labels] for multi-label.
    predicted: the same shape.
    probabilities: float32 [examples, num_labels].
  """
  labels: np.ndarray
  predicted: np.ndarray
  probabilities: np.ndarray


def register(name: str, num_labels: Optional[int] = None):
  """Makes a function Outcome -> dict known by name.

  Args:
    name: in a processor's or head's `metrics`.
    num_labels: how many labels a task must have; None: any number.
  """
  def add(function):
    _METRICS[name] = function
    _NUM_LABELS[name] = num_labels
    return function
  return add


def check(names: Iterable[str], num_labels: int) -> None:
  """Raises UserError for a metric that is unknown or does not fit a task."""
  for name in names:
    if name not in _METRICS:
      raise UserError("metric %r is not known; metrics: %s" % (
          name, " ".join(sorted(_METRICS))))
    needed = _NUM_LABELS[name] or num_labels
    if needed != num_labels:
      raise UserError("metric %r is for %d labels, the task has %d" % (
          name, needed, num_labels))


def registered() -> Dict:
  return dict(_METRICS)


def compute(names: Iterable[str], outcome: Outcome) -> Dict[str, float]:
  """Returns `eval_<key>` -> number of all the metrics named."""
  results = {}
  for name in names:
    for key, value in _METRICS[name](outcome).items():
      results["eval_" + key] = np.float32(value)
  return results


@register("mcc")
def mcc(outcome: Outcome) -> Dict[str, float]:
  """Matthews' correlation of labels and predictions."""
  from sklearn.metrics import matthews_corrcoef
  return {"mcc": matthews_corrcoef(outcome.labels, outcome.predicted)}


@register("f1", num_labels=2)
def f1(outcome: Outcome) -> Dict[str, float]:
  """F1 of the second of two labels."""
  from sklearn.metrics import f1_score
  return {"f1": f1_score(outcome.labels, outcome.predicted, pos_label=1,
                         zero_division=0)}


@register("multi_label")
def multi_label(outcome: Outcome) -> Dict[str, float]:
  """Micro-averaged over all decisions; macro F1 averaged over labels, those
  that occur nowhere counting as 0."""
  from sklearn.metrics import precision_recall_fscore_support
  results = {}
  for average in ("micro", "macro"):
    results[average] = precision_recall_fscore_support(
        outcome.labels, outcome.predicted, average=average, zero_division=0)
  return {"micro_precision": results["micro"][0],
          "micro_recall": results["micro"][1],
          "micro_f1": results["micro"][2],
          "macro_f1": results["macro"][2]}
