"""From a whole set's labels and predictions to numbers, by scikit-learn."""

import importlib.util
import typing
from typing import Callable, Dict, Iterable, Optional

import numpy as np

from bert.errors import did_you_mean
from bert.errors import UserError

_METRICS = {}


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


class _Metric(typing.NamedTuple):
  compute: Callable
  head: str
  num_labels: Optional[int]


def register(name: str, head: str, num_labels: Optional[int] = None):
  """Makes a function Outcome -> dict known by name.

  Args:
    name: in a processor's or head's `metrics`.
    head: kind of the heads whose outcome it takes.
    num_labels: how many labels a task must have; None: any number.
  """
  def add(function):
    _METRICS[name] = _Metric(function, head, num_labels)
    return function
  return add


def check(names: Iterable[str], head: str, num_labels: int) -> None:
  """Raises UserError for a metric that is unknown or does not fit a task."""
  for name in names:
    if name not in _METRICS:
      raise UserError("metric %r is not known%s; metrics: %s" % (
          name, did_you_mean(name, _METRICS), " ".join(sorted(_METRICS))))
    metric = _METRICS[name]
    if metric.head != head:
      raise UserError("metric %r is for %s tasks, this is %s" % (
          name, metric.head, head))
    if (metric.num_labels or num_labels) != num_labels:
      raise UserError("metric %r is for %d labels, the task has %d" % (
          name, metric.num_labels, num_labels))
    if not importlib.util.find_spec("sklearn"):
      raise UserError("metric %r needs scikit-learn: pip install scikit-learn" %
                      name)


def registered() -> Dict:
  return {name: metric.compute for name, metric in _METRICS.items()}


def compute(names: Iterable[str], outcome: Outcome) -> Dict[str, float]:
  """Returns `eval_<key>` -> number of all the metrics named."""
  results = {}
  for name in names:
    for key, value in _METRICS[name].compute(outcome).items():
      results["eval_" + key] = np.float32(value)
  return results


@register("mcc", "classification")
def mcc(outcome: Outcome) -> Dict[str, float]:
  """Matthews' correlation of labels and predictions."""
  from sklearn.metrics import matthews_corrcoef
  return {"mcc": matthews_corrcoef(outcome.labels, outcome.predicted)}


@register("f1", "classification", num_labels=2)
def f1(outcome: Outcome) -> Dict[str, float]:
  """F1 of the second of two labels."""
  from sklearn.metrics import f1_score
  return {"f1": f1_score(outcome.labels, outcome.predicted, pos_label=1,
                         zero_division=0)}


@register("multi_label", "multi_label")
def multi_label(outcome: Outcome) -> Dict[str, float]:
  """Micro-averaged over all decisions; macro F1 averaged over labels, those
  that occur nowhere counting as 0."""
  from sklearn.metrics import precision_recall_fscore_support
  # scikit-learn takes a single column for two classes.
  is_several = outcome.labels.shape[1] > 1
  results = {}
  for average in ("micro", "macro"):
    results[average] = precision_recall_fscore_support(
        outcome.labels, outcome.predicted, average=average, zero_division=0,
        labels=range(outcome.labels.shape[1]) if is_several else [1])
  return {"micro_precision": results["micro"][0],
          "micro_recall": results["micro"][1],
          "micro_f1": results["micro"][2],
          "macro_f1": results["macro"][2]}
