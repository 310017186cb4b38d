"""Metrics: the scores of a dataset's predictions, by established libraries."""

import typing
from typing import Callable, Dict, Iterable, Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import libraries
from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from bert.common.registry import Registry
from bert.data.label_types import ANSWERS
from bert.data.label_types import CLASS
from bert.data.label_types import LABEL_SET
from bert.data.label_types import LabelType
from bert.data.label_types import NUMBER
from bert.data.label_types import TAGS
from bert.evaluation import answer_scores
from bert.evaluation.entities import to_seqeval
from bert.evaluation.eval_prediction import EvalPrediction

_METRICS = Registry("metric")


class _Metric(typing.NamedTuple):
  compute: Callable
  label_type: Optional[LabelType]
  num_labels: Optional[int]
  library: Optional[str]
  keys: Sequence[str]


def register(name: str, label_type: Optional[LabelType],
             num_labels: Optional[int] = None, library: Optional[str] = None,
             keys: Sequence[str] = ()):
  """Makes a function EvalPrediction -> dict known by name.

  Args:
    name: in a processor's or head's `metrics`.
    label_type: of the labels and predictions that it takes; None: any.
    num_labels: how many labels a task must have; None: any number.
    library: what the function imports; None: nothing beside NumPy.
    keys: of the function's dict, the main one first; (name,) if empty.
  """
  def add(function):
    _METRICS[name] = _Metric(function, label_type, num_labels, library,
                             keys or (name,))
    return function
  return add


def check(names: Iterable[str], label_type: LabelType, num_labels: int) -> None:
  """Raises UserError for a metric that is unknown or does not fit a task."""
  for name in names:
    metric = _METRICS.find(name)
    if metric.label_type not in (None, label_type):
      raise UserError("metric %r is for tasks with %s, this has %s" % (
          name, metric.label_type.description, label_type.description))
    if (metric.num_labels or num_labels) != num_labels:
      raise UserError("metric %r is for %d labels, the task has %d" % (
          name, metric.num_labels, num_labels))
    if metric.library:
      libraries.check_library(metric.library, "metric %r" % name)


def key_of(best_metric: Optional[str], names: Sequence[str],
           head_keys: Sequence[str]) -> str:
  """Returns the key in eval_results.txt that decides which model is best.

  Args:
    best_metric: a key, with or without "eval_"; None: the main one.
    names: of the metrics of the task.
    head_keys: what the head itself adds to eval_results.txt.

  Raises:
    UserError: eval_results.txt of the task has no such key.
  """
  known = ["eval_" + key for name in reversed(names)
           for key in _METRICS[name].keys]
  known += list(head_keys) + ["loss"]
  if not best_metric:
    return known[0]
  for key in (best_metric, "eval_" + best_metric):
    if key in known:
      return key
  raise UserError("--best_metric=%s: eval_results.txt of this task has no such "
                  "key%s; it has: %s" % (
                      best_metric, did_you_mean(best_metric, known),
                      " ".join(known)))


def registered() -> Dict:
  return {name: metric.compute for name, metric in _METRICS.items()}


def keys_of(name: str) -> Sequence[str]:
  """Returns the keys of a metric's numbers, the main one first."""
  return _METRICS[name].keys


def compute(names: Iterable[str],
            predictions: EvalPrediction) -> Dict[str, float]:
  """Returns `eval_<key>` -> number of all the metrics named.

  A number that is not defined for the set is left out, with a warning.
  """
  results = {}
  for name in names:
    for key, value in _METRICS[name].compute(predictions).items():
      if np.isfinite(value):
        results["eval_" + key] = np.float32(value)
      else:
        tf.logging.warning("eval_%s is left out: it is not defined for these "
                           "labels and predictions", key)
  return results


@register("mcc", CLASS, library="sklearn")
def mcc(predictions: EvalPrediction) -> Dict[str, float]:
  """Matthews' correlation of labels and predictions."""
  from sklearn.metrics import matthews_corrcoef
  return {"mcc": matthews_corrcoef(predictions.labels, predictions.predicted)}


@register("f1", CLASS, num_labels=2, library="sklearn")
def f1(predictions: EvalPrediction) -> Dict[str, float]:
  """F1 of the second of two labels."""
  from sklearn.metrics import f1_score
  return {"f1": f1_score(predictions.labels, predictions.predicted, pos_label=1,
                         zero_division=0)}


@register("auc", CLASS, num_labels=2, library="sklearn")
def auc(predictions: EvalPrediction) -> Dict[str, float]:
  """Area under the ROC curve of the second label's probability.

  Not a number where the set has one of the labels only: 0 would mean that all
  pairs are in the wrong order.
  """
  from sklearn.metrics import roc_auc_score
  if len(set(predictions.labels)) < 2 or not predictions.is_finite():
    return {"auc": np.nan}
  return {"auc": roc_auc_score(predictions.labels,
                               predictions.probabilities[:, 1])}


@register("multi_label", LABEL_SET, library="sklearn",
          keys=("micro_f1", "micro_precision", "micro_recall", "macro_f1"))
def multi_label(predictions: EvalPrediction) -> Dict[str, float]:
  """Micro-averaged over all decisions; macro F1 averaged over labels, those
  that occur nowhere counting as 0."""
  from sklearn.metrics import precision_recall_fscore_support
  # scikit-learn takes a single column for two classes.
  is_several = predictions.labels.shape[1] > 1
  results = {}
  for average in ("micro", "macro"):
    results[average] = precision_recall_fscore_support(
        predictions.labels, predictions.predicted, average=average,
        zero_division=0,
        labels=range(predictions.labels.shape[1]) if is_several else [1])
  return {"micro_precision": results["micro"][0],
          "micro_recall": results["micro"][1],
          "micro_f1": results["micro"][2],
          "macro_f1": results["macro"][2]}


@register("pearson_spearman", NUMBER, library="scipy",
          keys=("spearman", "pearson"))
def pearson_spearman(predictions: EvalPrediction) -> Dict[str, float]:
  """Correlation of scores and of their ranks; 0 where all are the same."""
  from scipy import stats
  if not predictions.is_finite():
    return {"pearson": np.nan, "spearman": np.nan}
  labels = np.asarray(predictions.labels, np.float64)
  predicted = np.asarray(predictions.predicted, np.float64)
  if not np.ptp(labels) or not np.ptp(predicted):
    return {"pearson": 0.0, "spearman": 0.0}
  return {"pearson": stats.pearsonr(labels, predicted)[0],
          "spearman": stats.spearmanr(labels, predicted)[0]}


@register("cosine_spearman", None, library="scipy")
def cosine_spearman(predictions: EvalPrediction) -> Dict[str, float]:
  """Rank correlation of labels and of the cosines of texts encoded apart; 0
  where all are the same."""
  from scipy import stats
  if not predictions.is_finite():
    return {"cosine_spearman": np.nan}
  labels = np.asarray(predictions.labels, np.float64)
  cosines = np.asarray(predictions.cosines, np.float64)
  if not np.ptp(labels) or not np.ptp(cosines):
    return {"cosine_spearman": 0.0}
  return {"cosine_spearman": stats.spearmanr(labels, cosines)[0]}


@register("entities", TAGS, library="seqeval",
          keys=("f1", "precision", "recall", "token_accuracy"))
def entities(predictions: EvalPrediction) -> Dict[str, float]:
  """Micro-averaged over entities, of which begin, end and type must be right;
  token_accuracy is over words.

  Source: seqeval's mode "strict" with the scheme of the labels.
  """
  from seqeval.metrics import accuracy_score
  from seqeval.metrics.v1 import precision_recall_fscore_support
  tags = to_seqeval(predictions)
  precision, recall, f1_of_both, _ = precision_recall_fscore_support(
      tags.labels, tags.predicted, average="micro", scheme=tags.scheme,
      zero_division=0)
  return {"precision": precision, "recall": recall, "f1": f1_of_both,
          "token_accuracy": accuracy_score(predictions.labels,
                                           predictions.predicted)}


@register("entity_f1_conlleval", TAGS, library="seqeval",
          keys=("entity_f1_conlleval", "entity_precision_conlleval",
                "entity_recall_conlleval"))
def entity_f1_conlleval(predictions: EvalPrediction) -> Dict[str, float]:
  """Scores of entities by the rules of conlleval: a tag that continues an
  entity where there is none, as an I- without a B- before it, begins one.

  Source: seqeval's default mode; Tjong Kim Sang and De Meulder 2003,
    https://aclanthology.org/W03-0419.
  """
  from seqeval.metrics.sequence_labeling import precision_recall_fscore_support
  tags = to_seqeval(predictions)
  precision, recall, f1_of_both, _ = precision_recall_fscore_support(
      tags.labels, tags.predicted, average="micro", zero_division=0)
  return {"entity_precision_conlleval": precision,
          "entity_recall_conlleval": recall,
          "entity_f1_conlleval": f1_of_both}


@register("squad", ANSWERS, keys=("f1", "exact_match"))
def squad(predictions: EvalPrediction) -> Dict[str, float]:
  """Means over the questions, by the rules of SQuAD 1.1."""
  exact, f1_scores = _score_answers("squad", predictions)
  return {"exact_match": exact.mean(), "f1": f1_scores.mean()}


@register("squad_v2", ANSWERS, keys=(
    "f1", "exact", "HasAns_f1", "HasAns_exact", "NoAns_f1", "NoAns_exact",
    "best_f1", "best_f1_thresh", "best_exact", "best_exact_thresh"))
def squad_v2(predictions: EvalPrediction) -> Dict[str, float]:
  """Means over the questions, by the rules of SQuAD 2.0: over all, over those
  with and without an answer, and with the best null threshold."""
  scores = dict(zip(("exact", "f1"), _score_answers("squad_v2", predictions)))
  has_answer = np.array([bool(answers) for answers in predictions.labels])
  results = {}
  for name, values in scores.items():
    results[name] = values.mean()
    for prefix, is_in in (("HasAns_", has_answer), ("NoAns_", ~has_answer)):
      if is_in.any():
        results[prefix + name] = values[is_in].mean()
    if predictions.null_odds is not None:
      best = answer_scores.best_threshold(
          values, has_answer, [not answer for answer in predictions.predicted],
          predictions.null_odds)
      results["best_" + name] = best.score
      results["best_%s_thresh" % name] = best.threshold
  return results


@register("cmrc", ANSWERS, library="nltk", keys=("cmrc_f1", "cmrc_exact_match"))
def cmrc(predictions: EvalPrediction) -> Dict[str, float]:
  """Means over the questions, by the rules of CMRC 2018 and DRCD."""
  exact, f1_scores = _score_answers("cmrc", predictions)
  return {"cmrc_exact_match": exact.mean(), "cmrc_f1": f1_scores.mean()}


def _score_answers(rule, predictions):
  """Returns exact matches and F1 scores, float64 [questions] both."""
  scores = [answer_scores.RULES[rule](answer, references) for answer, references
            in zip(predictions.predicted, predictions.labels)]
  return np.array(scores, np.float64).T
