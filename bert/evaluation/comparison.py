"""Whether one run is better than another: paired tests on one dev set."""

import operator
import typing
from typing import List

import numpy as np

from bert.common.errors import UserError
from bert.data.label_types import ANSWERS
from bert.data.label_types import NUMBER
from bert.evaluation import answer_scores
from bert.evaluation import metrics
from bert.evaluation import prediction_file
from bert.evaluation.prediction_file import Predictions

_NUM_RESAMPLES = 1000


class Difference(typing.NamedTuple):
  """Of the second run to the first, by a metric.

  Attributes:
    key: of eval_results.txt.
    first, second: its values.
    low, high: of the second less the first, by a bootstrap over the examples,
      95 % of the resamples lie between.
  """
  key: str
  first: float
  second: float
  low: float
  high: float


class Comparison(typing.NamedTuple):
  """Two runs on one dev set.

  Attributes:
    num_examples: of the dev set.
    is_of_numbers: whether labels are numbers, to which one run is nearer.
    num_both, num_neither: examples that both, or none, get right; of numbers,
      0 and those that both are as near to.
    num_first, num_second: that only the first, only the second gets right; of
      numbers, that it is nearer to.
    p_value: of McNemar's exact test on these; of numbers, of a sign test.
    differences: by each metric.
  """
  num_examples: int
  is_of_numbers: bool
  num_both: int
  num_neither: int
  num_first: int
  num_second: int
  p_value: float
  differences: List[Difference]


def compare(first: Predictions, second: Predictions) -> Comparison:
  """Compares two runs.

  Raises:
    UserError: they were not evaluated on the same examples.
  """
  _check_same(first, second)
  one, other = first.eval_prediction, second.eval_prediction
  right, other_right = _right(first), _right(second)
  if right is None:
    nearer = np.sign(np.abs(other.predicted - other.labels) -
                     np.abs(one.predicted - one.labels))
    counts = [0, (nearer == 0).sum(), (nearer > 0).sum(), (nearer < 0).sum()]
  else:
    counts = [(right & other_right).sum(), (~right & ~other_right).sum(),
              (right & ~other_right).sum(), (~right & other_right).sum()]
  return Comparison(len(first.guids), right is None, *map(int, counts),
                    _sign_test(*map(int, counts[2:])),
                    _accuracies(right, other_right) + _differences(
                        first, second))


def _check_same(first, second):
  equal = np.array_equal if first.label_type.is_array else operator.eq
  if (first.label_type is not second.label_type or
      first.guids != second.guids or not equal(
          first.eval_prediction.labels, second.eval_prediction.labels)):
    raise UserError("the runs were not evaluated on the same dev set")


def _right(run: Predictions):
  """Returns which examples are right, bool [examples]; None for numbers."""
  if run.label_type is NUMBER:
    return None
  labels, predicted = run.eval_prediction.labels, run.eval_prediction.predicted
  if run.label_type.is_array:
    same = labels == predicted
    return same if same.ndim == 1 else same.all(axis=1)
  if run.label_type is ANSWERS:
    rule = answer_scores.RULES[run.eval_prediction.answer_rule]
    return np.array([rule(*pair).exact == 1 for pair in zip(predicted, labels)])
  return np.array([one == other for one, other in zip(labels, predicted)])


def _sign_test(num_first, num_second):
  """Returns the probability of so unequal counts by chance."""
  from scipy import stats
  if not num_first + num_second:
    return 1.0
  return float(stats.binomtest(num_first, num_first + num_second).pvalue)


def _accuracies(right, other_right):
  """Returns the difference in the share of examples that are right."""
  if right is None:
    return []
  return [_resample("eval_accuracy", len(right), lambda indices: (
      right[indices].mean(), other_right[indices].mean()))]


def _differences(first, second):
  """Returns the difference by the main number of each metric."""
  runs = first.eval_prediction, second.eval_prediction
  compared = []
  for name in first.metrics:
    if name in second.metrics:
      key = metrics.keys_of(name)[0]
      compute = metrics.registered()[name]
      compared.append(_resample(
          "eval_" + key, len(first.guids), lambda indices: [
              compute(prediction_file.take(run, indices))[key]
              for run in runs]))
  return compared


def _resample(key, num_examples, values_of):
  """Returns a Difference.

  Args:
    key: its own.
    num_examples: of the dev set.
    values_of: indices of examples -> the metric of both runs on them.
  """
  from scipy import stats
  indices = np.arange(num_examples)

  def difference(drawn):
    one, other = values_of(drawn)
    return other - one

  interval = stats.bootstrap(
      (indices,), difference, vectorized=False, n_resamples=_NUM_RESAMPLES,
      method="percentile", random_state=1).confidence_interval
  return Difference(key, *map(float, values_of(indices)), float(interval.low),
                    float(interval.high))
