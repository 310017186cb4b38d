"""Metrics against values worked out by hand."""
import importlib.util

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import processors  # pylint: disable=unused-import
from bert.common.errors import UserError
from bert.common.registry import Registry
from bert.data.label_types import CLASS
from bert.data.label_types import LABEL_SET
from bert.data.label_types import NUMBER
from bert.data.label_types import TAGS
from bert.evaluation import metrics
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import registry
from bert.heads.task_spec import TaskSpec
from eval_predictions import measured
from eval_predictions import tagged
from processors import base

LABELS = ["O", "B-X"]
# 3 right yeses, 1 missed, 1 wrong yes, 1 right no.
BINARY = ([1, 1, 1, 1, 0, 0], [1, 1, 1, 0, 1, 0])
# Label 0: 2 right, 1 wrong. Label 1: 1 right, 1 missed. Label 2: 1 wrong.
# Label 3 occurs nowhere. Together 3 right, 2 wrong, 1 missed.
MULTI_HOT = ([[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]],
             [[1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0]])


def eval_prediction(labels, predicted):
  labels, predicted = np.int32(labels), np.int64(predicted)
  num_labels = labels.shape[1] if labels.ndim > 1 else 2
  return EvalPrediction(
      labels, predicted, np.zeros([len(labels), num_labels], np.float32))


def ranked(labels, scores):
  """Two classes; scores are the second label's probabilities."""
  scores = np.float32(scores)
  return EvalPrediction(np.int32(labels), np.int64(scores >= 0.5),
                         np.stack([1 - scores, scores], axis=1))


def answered(predicted, labels, null_odds=None):
  """Answers to questions."""
  return EvalPrediction(labels, predicted, np.ones([len(labels), 1]),
                        null_odds=null_odds and np.array(null_odds))


def compared(labels, cosines):
  """Numbers, and the cosines of texts encoded apart."""
  return measured(labels, cosines)._replace(cosines=np.float32(cosines))


CONLLEVAL = ["eval_entity_%s_conlleval" % each
             for each in ("precision", "recall", "f1")]

# Metric -> [(eval_prediction, {key: value worked out by hand})].
CASES = {
    "squad": [
        # Of "old ferry", half is right: 2 * 1 * 0.5 / 1.5.
        (answered(["The ferry!", "old"], [["ferry", "x"], ["old ferry"]]),
         {"eval_exact_match": 0.5, "eval_f1": (1 + 2 / 3) / 2})],
    "squad_v2": [
        # Without any answer, one of three is right; with those of odds up to
        # 2, two are.
        (answered(["a b", "", "c"], [["a b"], [], ["d"]], [2.0, 5.0, 3.0]),
         {"eval_exact": 2 / 3, "eval_f1": 2 / 3, "eval_HasAns_exact": 0.5,
          "eval_HasAns_f1": 0.5, "eval_NoAns_exact": 1.0,
          "eval_NoAns_f1": 1.0, "eval_best_exact": 2 / 3, "eval_best_f1": 2 / 3,
          "eval_best_exact_thresh": 2.0, "eval_best_f1_thresh": 2.0})],
    "cmrc": [
        # Of four characters, three in a row are right: 2 * 0.75 / 1.75.
        (answered(["李娜，", "渡轮港口"], [["李娜"], ["渡轮港"]]),
         {"eval_cmrc_exact_match": 0.5, "eval_cmrc_f1": (1 + 1.5 / 1.75) / 2})],
    "cosine_spearman": [
        # Ranks 1 2 3 and 1 3 2: 1 - 6 * 2 / (3 * 8).
        (compared([0.0, 2.0, 5.0], [-0.5, 0.9, 0.1]),
         {"eval_cosine_spearman": 0.5}),
        (compared([1.0, 2.0], [0.3, 0.3]), {"eval_cosine_spearman": 0.0})],
    "mcc": [
        # (3*1 - 1*1) / sqrt(4*4*2*2)
        (eval_prediction(*BINARY), {"eval_mcc": 0.25}),
        (eval_prediction([0, 1, 0, 1], [0, 1, 0, 1]), {"eval_mcc": 1.0}),
        (eval_prediction([0, 1, 0, 1], [1, 0, 1, 0]), {"eval_mcc": -1.0}),
        (eval_prediction([0, 1, 0, 1], [1, 1, 1, 1]), {"eval_mcc": 0.0})],
    "f1": [
        # 2*3 / (2*3 + 1 + 1)
        (eval_prediction(*BINARY), {"eval_f1": 0.75}),
        (eval_prediction([1, 1, 1, 0], [1, 0, 0, 0]), {"eval_f1": 0.5}),
        (eval_prediction([1, 1, 0, 0], [0, 0, 0, 0]), {"eval_f1": 0.0})],
    "auc": [
        # Of the 2*3 pairs, 4 are in the right order and one is a tie.
        (ranked([1, 0, 1, 0, 0], [0.9, 0.7, 0.4, 0.4, 0.1]),
         {"eval_auc": 4.5 / 6}),
        (ranked([0, 1], [0.1, 0.2]), {"eval_auc": 1.0}),
        (ranked([1, 0], [0.1, 0.2]), {"eval_auc": 0.0}),
        (ranked([1, 0], [0.3, 0.3]), {"eval_auc": 0.5}),
        # Not defined.
        (ranked([1, 1], [0.1, 0.2]), {}),
        (ranked([0, 1], [0.1, np.nan]), {})],
    "multi_label": [
        (eval_prediction(*MULTI_HOT),
         {"eval_micro_precision": 3 / 5, "eval_micro_recall": 3 / 4,
          "eval_micro_f1": 6 / 9,
          "eval_macro_f1": (4 / 5 + 2 / 3 + 0 + 0) / 4}),
        (eval_prediction([[1, 0], [0, 1]], [[0, 0], [0, 0]]),
         {"eval_micro_precision": 0.0, "eval_micro_recall": 0.0,
          "eval_micro_f1": 0.0, "eval_macro_f1": 0.0})],
    "pearson_spearman": [
        # Deviations -3 -1 1 3 and -2 -1 -2 5: 20 / sqrt(20 * 34). Of ranks
        # -1.5 -0.5 0.5 1.5 and -1 0.5 -1 1.5: 3 / sqrt(5 * 4.5).
        (measured([0, 2, 4, 6], [1, 2, 1, 8]),
         {"eval_pearson": 20 / 680 ** 0.5,
          "eval_spearman": 3 / 22.5 ** 0.5}),
        (measured([1, 2, 3], [3, 2, 1]),
         {"eval_pearson": -1.0, "eval_spearman": -1.0}),
        (measured([1, 2, 3], [2, 2, 2]),
         {"eval_pearson": 0.0, "eval_spearman": 0.0}),
        (measured([2, 2], [1, 3]), {"eval_pearson": 0.0, "eval_spearman": 0.0}),
        (measured([2], [2]), {"eval_pearson": 0.0, "eval_spearman": 0.0}),
        (measured([1, 2], [1, np.nan]), {})],
    "entities": [
        # Of PER 0-1, LOC 3, ORG 0 one is found; made up are LOC 1 and PER 0.
        (tagged(["B-PER I-PER O B-LOC", "B-ORG O"],
                ["B-PER I-PER O O", "B-PER B-LOC"]),
         {"eval_precision": 1 / 3, "eval_recall": 1 / 3, "eval_f1": 1 / 3,
          "eval_token_accuracy": 3 / 6}),
        # An entity begins with B, else it is none.
        (tagged(["B-PER I-PER O"], ["I-PER I-PER O"]),
         {"eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0,
          "eval_token_accuracy": 2 / 3}),
        # Two entities side by side are not one.
        (tagged(["B-PER B-PER", "B-LOC I-LOC"], ["B-PER I-PER", "B-LOC I-LOC"]),
         {"eval_precision": 1 / 2, "eval_recall": 1 / 3, "eval_f1": 2 / 5,
          "eval_token_accuracy": 3 / 4}),
        (tagged(["O O", ""], ["O O", ""]),
         {"eval_precision": 0.0, "eval_recall": 0.0, "eval_f1": 0.0,
          "eval_token_accuracy": 1.0})],
    "entity_f1_conlleval": [
        # An I without a B before it begins an entity: of the four labelled two
        # are found, and the third found is made of two.
        (tagged(["B-X I-X O B-Y", "B-X B-X"], ["I-X I-X O I-Y", "I-X I-X"]),
         {"eval_entity_precision_conlleval": 2 / 3,
          "eval_entity_recall_conlleval": 2 / 4,
          "eval_entity_f1_conlleval": 4 / 7}),
        (tagged(["B-X I-X B-Y"], ["B-X I-X I-Y"]),
         dict.fromkeys(CONLLEVAL, 1.0)),
        (tagged(["O", ""], ["O", ""]), dict.fromkeys(CONLLEVAL, 0.0)),
        # An E without a B is one of a single tag in BIOES and BMES.
        (tagged(["O S-X O B-Y M-Y E-Y"], ["O E-X O M-Y M-Y E-Y"])._replace(
            scheme="BMES"), dict.fromkeys(CONLLEVAL, 1.0))],
}


def cases():
  return [(name,) + case for name in sorted(CASES) for case in CASES[name]]


def test_every_registered_metric_has_a_case():
  assert set(CASES) == set(metrics.registered())


@pytest.mark.parametrize("name, given, expected", cases())
def test_value_is_the_one_worked_out_by_hand(name, given, expected):
  actual = metrics.compute([name], given)
  assert set(actual) == set(expected)
  for key, value in expected.items():
    np.testing.assert_allclose(actual[key], value, rtol=1e-6, err_msg=key)


def test_number_that_is_not_defined_is_left_out_with_a_warning(monkeypatch):
  lines = []
  monkeypatch.setattr(tf.logging, "warning",
                      lambda text, *args: lines.append(text % args))
  assert metrics.compute(["auc"], ranked([0, 0], [0.1, 0.2])) == {}
  assert len(lines) == 1
  assert lines[0].startswith("eval_auc is left out")


@pytest.mark.parametrize("name, label_type, library", [
    ("mcc", CLASS, "scikit-learn"),
    ("auc", CLASS, "scikit-learn"),
    ("multi_label", LABEL_SET, "scikit-learn"),
    ("pearson_spearman", NUMBER, "scipy"),
    ("entities", TAGS, "seqeval")])
def test_missing_library_is_named(name, label_type, library, monkeypatch):
  metrics.check([name], label_type, 2)
  monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
  with pytest.raises(UserError) as caught:
    metrics.check([name], label_type, 2)
  assert str(caught.value) == "metric %r needs %s: pip install %s" % (
      name, library, library)


def test_metric_of_ones_own_needs_no_library(monkeypatch):
  monkeypatch.setattr(metrics, "_METRICS", Registry("metric"))
  metrics.register("share", CLASS)(lambda _: {"share": 0.5})
  monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
  metrics.check(["share"], CLASS, 2)
  assert metrics.compute(["share"], eval_prediction(*BINARY)) == {
      "eval_share": 0.5}


def test_values_are_printed_as_float32():
  values = metrics.compute(["f1"], eval_prediction([1, 1, 1, 0], [1, 1, 0, 1]))
  # 2*2 / (2*2 + 1 + 1)
  assert str(values["eval_f1"]) == str(np.float32(2 / 3)) == "0.6666667"


def test_several_metrics_come_together_and_none_makes_nothing():
  together = metrics.compute(("mcc", "f1"), eval_prediction(*BINARY))
  assert set(together) == {"eval_mcc", "eval_f1"}
  assert metrics.compute((), eval_prediction(*BINARY)) == {}


def test_metrics_named_by_heads_and_tasks_are_registered():
  named = set()
  for owner in [head(TaskSpec(LABELS))
                for head in registry.registered().values()] + (
      list(base.registered().values())):
    named.update(owner.metrics)
  assert named
  assert named <= set(metrics.registered())


@pytest.mark.parametrize("task, expected", [
    ("cola", ("mcc",)), ("mrpc", ("f1",)), ("qqp", ("f1",)), ("mnli", ()),
    ("xnli", ()), ("sst-2", ()), ("qnli", ()), ("rte", ()), ("wnli", ()),
    ("domainc", ()), ("baidu_95", ("multi_label",))])
def test_task_is_scored_by_its_metrics(task, expected):
  processor = base.create(task, "")
  head = registry.class_of(processor.head)(TaskSpec(LABELS))
  assert tuple(head.metrics) + tuple(processor.metrics) == expected


def test_metric_that_is_not_known_is_refused():
  with pytest.raises(UserError, match="'mc' is not known, did you mean mcc?"):
    metrics.check(["f1", "mc"], CLASS, 2)


def test_metric_for_two_labels_is_refused_for_three():
  metrics.check(["f1", "auc", "mcc"], CLASS, 2)
  with pytest.raises(UserError, match="'f1' is for 2 labels, the task has 3"):
    metrics.check(["mcc", "f1"], CLASS, 3)


def test_metric_of_another_head_is_refused():
  metrics.check(["multi_label"], LABEL_SET, 2)
  with pytest.raises(UserError, match="'f1' is for tasks with one label per text"):
    metrics.check(["multi_label", "f1"], LABEL_SET, 2)


def test_multi_label_scores_of_a_single_label():
  # 1 right, 1 missed, 1 wrong: precision, recall and F1 are all a half.
  labels, predicted = np.array([[[1], [1], [0], [0]], [[1], [0], [1], [0]]])
  results = metrics.compute(["multi_label"], EvalPrediction(
      labels, predicted, predicted.astype(np.float32)))
  assert set(results.values()) == {0.5}
