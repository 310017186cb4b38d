"""From a set's labels and predictions to numbers, by the libraries for it."""

import importlib.util
import typing
from typing import Callable, Dict, Iterable, List, Optional, Sequence, Union

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.common.errors import did_you_mean

_METRICS = {}
# What pip calls a library, where that is not what Python calls it.
_PIP_NAMES = {"sklearn": "scikit-learn"}


class EvalPrediction(typing.NamedTuple):
  """What a set was and what was said of it.

  Attributes:
    labels: classification: int [examples]; multi_label: 0/1 int [examples,
      num_labels]; regression: float [examples]; tagging: a list an example of
      str, a BIO label a word.
    predicted: the same.
    probabilities: float32 [examples, num_labels]; regression: [examples, 1];
      tagging: None.
  """
  labels: Union[np.ndarray, List[List[str]]]
  predicted: Union[np.ndarray, List[List[str]]]
  probabilities: Optional[np.ndarray]


class _Metric(typing.NamedTuple):
  compute: Callable
  head: str
  num_labels: Optional[int]
  library: Optional[str]
  keys: Sequence[str]


def register(name: str, head: str, num_labels: Optional[int] = None,
             library: Optional[str] = None, keys: Sequence[str] = ()):
  """Makes a function EvalPrediction -> dict known by name.

  Args:
    name: in a processor's or head's `metrics`.
    head: kind of the heads whose eval_prediction it takes.
    num_labels: how many labels a task must have; None: any number.
    library: what the function imports; None: nothing beside NumPy.
    keys: of the function's dict, the most telling one first; (name,) if empty.
  """
  def add(function):
    _METRICS[name] = _Metric(function, head, num_labels, library,
                             keys or (name,))
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
    if metric.library:
      check_library(metric.library, "metric %r" % name)


def key_of(wanted: Optional[str], names: Sequence[str], head: str) -> str:
  """Returns the key in eval_results.txt that tells which of two models is best.

  Args:
    wanted: a key, with or without "eval_"; None: the most telling one.
    names: of the metrics that a task is judged by.
    head: the task's kind.

  Raises:
    UserError: an evaluation of the task has no such key.
  """
  known = ["eval_" + key for name in reversed(names)
           for key in _METRICS[name].keys]
  if head in ("classification", "multi_label"):
    known.append("eval_accuracy")
  known += ["eval_loss", "loss"]
  if not wanted:
    return known[0]
  for key in (wanted, "eval_" + wanted):
    if key in known:
      return key
  raise UserError("--best_metric=%s: not told of this task%s; there are: %s" % (
      wanted, did_you_mean(wanted, known), " ".join(known)))


def is_installed(library: str) -> bool:
  """Whether a library, named as it is imported, can be."""
  return importlib.util.find_spec(library) is not None


def check_library(library: str, user: str,
                  source: Optional[str] = None) -> None:
  """Raises UserError if a library is not installed.

  Args:
    library: as it is imported.
    user: what needs it.
    source: what to give to `pip install`; None: the library's name.
  """
  if not is_installed(library):
    name = _PIP_NAMES.get(library, library)
    raise UserError("%s needs %s: pip install %s" % (
        user, name, source or name))


def registered() -> Dict:
  return {name: metric.compute for name, metric in _METRICS.items()}


def compute(names: Iterable[str], eval_prediction: EvalPrediction) -> Dict[str, float]:
  """Returns `eval_<key>` -> number of all the metrics named.

  A number that is not defined for the set is left out, with a warning.
  """
  results = {}
  for name in names:
    for key, value in _METRICS[name].compute(eval_prediction).items():
      if np.isfinite(value):
        results["eval_" + key] = np.float32(value)
      else:
        tf.logging.warning("eval_%s is left out: it is not defined for these "
                           "labels and predictions", key)
  return results


def is_finite(eval_prediction: EvalPrediction) -> bool:
  """Whether all that the model says are numbers; of a broken one they aren't.
  """
  return (eval_prediction.probabilities is None or
          bool(np.isfinite(eval_prediction.probabilities).all()))


@register("mcc", "classification", library="sklearn")
def mcc(eval_prediction: EvalPrediction) -> Dict[str, float]:
  """Matthews' correlation of labels and predictions."""
  from sklearn.metrics import matthews_corrcoef
  return {"mcc": matthews_corrcoef(eval_prediction.labels, eval_prediction.predicted)}


@register("f1", "classification", num_labels=2, library="sklearn")
def f1(eval_prediction: EvalPrediction) -> Dict[str, float]:
  """F1 of the second of two labels."""
  from sklearn.metrics import f1_score
  return {"f1": f1_score(eval_prediction.labels, eval_prediction.predicted, pos_label=1,
                         zero_division=0)}


@register("auc", "classification", num_labels=2, library="sklearn")
def auc(eval_prediction: EvalPrediction) -> Dict[str, float]:
  """Area under the ROC curve of the second label's probability.

  Not a number where the set has one of the labels only: 0 would mean that all
  pairs are in the wrong order.
  """
  from sklearn.metrics import roc_auc_score
  if len(set(eval_prediction.labels)) < 2 or not is_finite(eval_prediction):
    return {"auc": np.nan}
  return {"auc": roc_auc_score(eval_prediction.labels, eval_prediction.probabilities[:, 1])}


@register("multi_label", "multi_label", library="sklearn",
          keys=("micro_f1", "micro_precision", "micro_recall", "macro_f1"))
def multi_label(eval_prediction: EvalPrediction) -> Dict[str, float]:
  """Micro-averaged over all decisions; macro F1 averaged over labels, those
  that occur nowhere counting as 0."""
  from sklearn.metrics import precision_recall_fscore_support
  # scikit-learn takes a single column for two classes.
  is_several = eval_prediction.labels.shape[1] > 1
  results = {}
  for average in ("micro", "macro"):
    results[average] = precision_recall_fscore_support(
        eval_prediction.labels, eval_prediction.predicted, average=average, zero_division=0,
        labels=range(eval_prediction.labels.shape[1]) if is_several else [1])
  return {"micro_precision": results["micro"][0],
          "micro_recall": results["micro"][1],
          "micro_f1": results["micro"][2],
          "macro_f1": results["macro"][2]}


@register("pearson_spearman", "regression", library="scipy",
          keys=("spearman", "pearson"))
def pearson_spearman(eval_prediction: EvalPrediction) -> Dict[str, float]:
  """Correlation of scores and of their ranks; 0 where all are the same."""
  from scipy import stats
  if not is_finite(eval_prediction):
    return {"pearson": np.nan, "spearman": np.nan}
  labels = np.asarray(eval_prediction.labels, np.float64)
  predicted = np.asarray(eval_prediction.predicted, np.float64)
  if not np.ptp(labels) or not np.ptp(predicted):
    return {"pearson": 0.0, "spearman": 0.0}
  return {"pearson": stats.pearsonr(labels, predicted)[0],
          "spearman": stats.spearmanr(labels, predicted)[0]}


@register("entities", "tagging", library="seqeval",
          keys=("f1", "precision", "recall", "token_accuracy"))
def entities(eval_prediction: EvalPrediction) -> Dict[str, float]:
  """Micro-averaged over entities, of which begin, end and type must be right;
  token_accuracy is over words.

  Source: seqeval's mode "strict" with the scheme IOB2.
  """
  from seqeval.metrics import accuracy_score
  from seqeval.metrics.v1 import precision_recall_fscore_support
  from seqeval.scheme import IOB2
  precision, recall, f1_of_both, _ = precision_recall_fscore_support(
      eval_prediction.labels, eval_prediction.predicted, average="micro", scheme=IOB2,
      zero_division=0)
  return {"precision": precision, "recall": recall, "f1": f1_of_both,
          "token_accuracy": accuracy_score(eval_prediction.labels, eval_prediction.predicted)}
