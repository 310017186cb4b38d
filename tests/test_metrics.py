import numpy as np
import pytest

import processors  # pylint: disable=unused-import
from bert import heads
from bert import metrics
from bert.errors import UserError
from processors import base

# 3 right yeses, 1 missed, 1 wrong yes, 1 right no.
BINARY = ([1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0])
# Label 0: 2 right, 1 wrong. Label 1: 1 right, 1 missed. Label 2: 1 wrong.
# Label 3 occurs nowhere. Together 3 right, 2 wrong, 1 missed.
MULTI_HOT = ([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]],
             [[1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]])

# Metric -> [((labels, predicted), {key: value worked out by hand})].
CASES = {
    "mcc": [
        # (3*1 - 1*1) / sqrt(4*4*2*2)
        (BINARY, {"eval_mcc": 0.25}),
        (([0, 1, 0, 1], [0, 1, 0, 1]), {"eval_mcc": 1.0}),
        (([0, 1, 0, 1], [1, 0, 1, 0]), {"eval_mcc": -1.0}),
        (([0, 1, 0, 1], [1, 1, 1, 1]), {"eval_mcc": 0.0})],
    "f1": [
        # 2*3 / (2*3 + 1 + 1)
        (BINARY, {"eval_f1": 0.75}),
        (([1, 1, 1, 0], [1, 0, 0, 0]), {"eval_f1": 0.5}),
        (([1, 1, 0, 0], [0, 0, 0, 0]), {"eval_f1": 0.0})],
    "multi_label": [
        (MULTI_HOT, {"eval_micro_precision": 3 / 5, "eval_micro_recall": 3 / 4,
                     "eval_micro_f1": 6 / 9,
                     "eval_macro_f1": (4 / 5 + 2 / 3 + 0 + 0) / 4}),
        (([[1, 0], [0, 1]], [[0, 0], [0, 0]]),
         {"eval_micro_precision": 0.0, "eval_micro_recall": 0.0,
          "eval_micro_f1": 0.0, "eval_macro_f1": 0.0})],
}


def outcome(labels, predicted):
  labels, predicted = np.int32(labels), np.int64(predicted)
  num_labels = labels.shape[1] if labels.ndim > 1 else 2
  return metrics.Outcome(
      labels, predicted, np.zeros([len(labels), num_labels], np.float32))


def cases():
  return [(name,) + case for name in sorted(CASES) for case in CASES[name]]


def test_every_registered_metric_has_a_case():
  assert set(CASES) == set(metrics.registered())


@pytest.mark.parametrize("name, sets, expected", cases())
def test_value_is_the_one_worked_out_by_hand(name, sets, expected):
  actual = metrics.compute([name], outcome(*sets))
  assert set(actual) == set(expected)
  for key, value in expected.items():
    np.testing.assert_allclose(actual[key], value, rtol=1e-6, err_msg=key)


def test_values_are_printed_as_float32():
  values = metrics.compute(["f1"], outcome([1, 1, 1, 0], [1, 1, 0, 1]))
  # 2*2 / (2*2 + 1 + 1)
  assert str(values["eval_f1"]) == str(np.float32(2 / 3)) == "0.6666667"


def test_several_metrics_come_together_and_none_makes_nothing():
  together = metrics.compute(("mcc", "f1"), outcome(*BINARY))
  assert set(together) == {"eval_mcc", "eval_f1"}
  assert metrics.compute((), outcome(*BINARY)) == {}


def test_metrics_named_by_heads_and_tasks_are_registered():
  named = set()
  for owner in (list(heads.registered().values()) +
                list(base.registered().values())):
    named.update(owner.metrics)
  assert named
  assert named <= set(metrics.registered())


@pytest.mark.parametrize("task, expected", [
    ("cola", ("mcc",)), ("mrpc", ("f1",)), ("qqp", ("f1",)), ("mnli", ()),
    ("xnli", ()), ("sst-2", ()), ("qnli", ()), ("rte", ()), ("wnli", ()),
    ("domainc", ()), ("baidu_95", ("multi_label",))])
def test_task_is_judged_by_its_metrics(task, expected):
  processor = base.create(task, "")
  head = heads.registered()[processor.head]
  assert tuple(head.metrics) + tuple(processor.metrics) == expected


def test_metric_that_is_not_known_is_refused():
  with pytest.raises(UserError, match="'mc' is not known, did you mean mcc?"):
    metrics.check(["f1", "mc"], "classification", 2)


def test_metric_for_two_labels_is_refused_for_three():
  metrics.check(["f1", "mcc"], "classification", 2)
  with pytest.raises(UserError, match="'f1' is for 2 labels, the task has 3"):
    metrics.check(["mcc", "f1"], "classification", 3)


def test_metric_of_another_head_is_refused():
  metrics.check(["multi_label"], "multi_label", 2)
  with pytest.raises(UserError, match="'f1' is for classification tasks, this"):
    metrics.check(["multi_label", "f1"], "multi_label", 2)


def test_multi_label_scores_of_a_single_label():
  # 1 right, 1 missed, 1 wrong: precision, recall and F1 are all a half.
  labels, predicted = np.array([[[1], [1], [0], [0]], [[1], [0], [1], [0]]])
  results = metrics.compute(["multi_label"], metrics.Outcome(
      labels, predicted, predicted.astype(np.float32)))
  assert set(results.values()) == {0.5}
