"""Paired tests of two runs."""
import json

import numpy as np
import pytest
from scipy import stats

from bert.data.label_types import ANSWERS
from bert.data.label_types import CHOICE
from bert.data.label_types import CLASS
from bert.data.label_types import LABEL_SET
from bert.data.label_types import NUMBER
from bert.data.label_types import TAGS
from bert.evaluation import comparison
from bert.evaluation import metrics
from bert.evaluation import prediction_file
from bert.evaluation.eval_prediction import EvalPrediction
from bert.evaluation.prediction_file import Predictions
from mistakes import message_of

pytestmark = pytest.mark.smoke


def classes(predicted, labels=(0, 1) * 10):
  probabilities = np.eye(2, dtype=np.float32)[list(predicted)]
  return Predictions(CLASS, ["mcc"], list(map(str, range(len(labels)))),
                     EvalPrediction(np.array(labels), np.array(predicted),
                                    probabilities))


LABELS = [0, 1] * 10


def changed(*wrong):
  return [1 - label if index in wrong else label
          for index, label in enumerate(LABELS)]


def test_counts_and_probability_are_those_of_mcnemar():
  found = comparison.compare(classes(changed(0, 1, 2, 3, 4, 5)),
                             classes(changed(5, 6)))
  assert (found.num_both, found.num_first, found.num_second,
          found.num_neither) == (13, 1, 5, 1)
  # Of six that differ, one or none, or five or six, by tossing a coin.
  assert found.p_value == pytest.approx(2 * (1 + 6) / 64)
  assert found.num_examples == 20 and not found.is_of_numbers


def test_same_predictions_differ_in_nothing():
  found = comparison.compare(classes(changed(3)), classes(changed(3)))
  assert found.p_value == 1
  for each in found.differences:
    assert each.first == each.second and each.low == each.high == 0


def test_bootstrap_has_the_width_of_the_normal_distribution():
  random = np.random.RandomState(0)
  labels = random.randint(2, size=800)
  runs = [classes(np.where(random.rand(800) < share, labels, 1 - labels),
                  labels) for share in (0.7, 0.8)]
  found = comparison.compare(*runs)
  difference = found.differences[0]
  assert difference.key == "eval_accuracy"
  rights = [run.eval_prediction.predicted == labels for run in runs]
  expected = np.mean(rights[1]) - np.mean(rights[0])
  error = np.std(rights[1].astype(float) - rights[0]) / np.sqrt(800)
  assert difference.second - difference.first == pytest.approx(expected)
  for bound, side in ((difference.low, -1.96), (difference.high, 1.96)):
    assert bound == pytest.approx(expected + side * error, abs=error / 4)


def test_numbers_are_compared_by_nearness():
  def run(predicted):
    return Predictions(NUMBER, ["pearson_spearman"], ["a", "b", "c", "d"],
                       EvalPrediction(np.array([1.0, 2, 3, 4]),
                                      np.array(predicted),
                                      np.array(predicted)[:, None]))
  found = comparison.compare(run([1.0, 2.5, 3, 9]), run([2.0, 2.4, 3.1, 4]))
  assert found.is_of_numbers
  assert (found.num_first, found.num_second, found.num_neither) == (2, 2, 0)
  (difference,) = found.differences
  assert difference.key == "eval_spearman"
  assert difference.first == pytest.approx(stats.spearmanr(
      [1, 2, 3, 4], [1.0, 2.5, 3, 9])[0])


def test_sets_tags_and_answers_are_right_as_a_whole():
  sets = EvalPrediction(np.array([[1, 0], [1, 1]]), np.array([[1, 0], [1, 0]]),
                        np.zeros([2, 2]))
  tags = EvalPrediction([["O", "B"], ["O"]], [["O", "B"], ["B"]], None, "BIO")
  answers = EvalPrediction([["a", "b"], [], ["c"]], ["b", "", "d"],
                           np.zeros([3, 1]), answer_rule="squad_v2")
  for label_type, each, expected in (
      (LABEL_SET, sets, [True, False]), (TAGS, tags, [True, False]),
      (ANSWERS, answers, [True, True, False])):
    assert list(comparison._right(Predictions(
        label_type, [], [], each))) == expected


@pytest.mark.parametrize("rule, answer", [
    ("squad", "The Ferry!"), ("squad_v2", "a ferry."), ("cmrc", "Ferry。")])
def test_answers_are_right_by_the_rule_of_their_task(rule, answer):
  found = comparison._right(Predictions(ANSWERS, [], [], EvalPrediction(
      [["ferry"]] * 2, [answer, "port"], np.zeros([2, 1]), answer_rule=rule)))
  assert list(found) == [True, False]


@pytest.mark.parametrize("other", [
    classes(LABELS[:18], LABELS[:18]), classes(LABELS, [1] * 20),
    classes(LABELS)._replace(label_type=TAGS)])
def test_runs_on_other_examples_are_not_compared(other):
  assert "not evaluated on the same dev set" in message_of(
      comparison.compare, classes(LABELS), other)


@pytest.mark.parametrize("label_type, predictions", [
    (CLASS, EvalPrediction(np.array([0, 2]), np.array([1, 2]),
                           np.array([[0.25, 0.5, 0.25]] * 2, np.float32))),
    (LABEL_SET, EvalPrediction(np.array([[0, 1]]), np.array([[1, 1]]),
                               np.array([[0.1, 0.9]], np.float32))),
    (NUMBER, EvalPrediction(
        np.array([0.5, 2.0]), np.array([1.25, 2.5]),
        np.array([[1.25], [2.5]]), cosines=np.array([0.5, 0.25]))),
    (TAGS, EvalPrediction([["O"], ["B-渡"]], [["O"], ["O"]], None, "BIO")),
    (ANSWERS, EvalPrediction(
        [[], []], ["渡轮", ""], np.array([[0.5], [0.25]]),
        null_odds=np.array([1.5, -2.0]), answer_rule="squad")),
    (CHOICE, EvalPrediction(np.array([1, 0]), np.array([0, 0]),
                            np.array([[0.75, 0.25]] * 2, np.float32))),
    # Of a model that is about to diverge.
    (ANSWERS, EvalPrediction([["a"], []], ["", ""], np.array([[0.5], [0.25]]),
                             null_odds=np.array([np.inf, np.nan]),
                             answer_rule="squad")),
    (CLASS, EvalPrediction(np.array([0, 1]), np.array([1, 1]),
                           np.array([[0.25, 0.75]] * 2, np.float32),
                           cosines=np.array([np.nan, 0.5])))])
def test_file_holds_all_label_types(label_type, predictions, tmp_path):
  written = Predictions(label_type, ["accuracy"], ["1", "2"], predictions)
  prediction_file.write(str(tmp_path), written)
  found = prediction_file.read(str(tmp_path))
  assert found.label_type is label_type
  assert found.guids == ["1", "2"] and found.metrics == ["accuracy"]
  for value, expected in zip(found.eval_prediction, predictions):
    if isinstance(expected, np.ndarray):
      np.testing.assert_allclose(value, expected, rtol=1e-6)
    else:
      assert value == expected


@pytest.mark.parametrize("label_type, rules", [
    (ANSWERS, dict(answer_rule="cmrc")), (TAGS, dict(scheme="BIO"))])
def test_file_has_the_keys_of_earlier_versions(label_type, rules, tmp_path):
  prediction_file.write(str(tmp_path), Predictions(
      label_type, [], ["1"], EvalPrediction([["a"]], [["a"]], None, **rules)))
  content = json.loads((tmp_path / prediction_file.NAME).read_text("utf-8"))
  assert list(content) == [
      "label_type", "metrics", "guids", "labels", "predicted", "probabilities",
      "scheme", "null_odds", "cosines"]
  assert [content["scheme"]] == list(rules.values())


def test_outputs_that_are_no_numbers_are_not_kept(tmp_path):
  prediction_file.write(str(tmp_path), Predictions(
      CLASS, [], ["1"], EvalPrediction(
          np.array([0]), np.array([0]), np.array([[np.nan]]))))
  assert not (tmp_path / prediction_file.NAME).exists()


def test_some_examples_are_taken():
  found = prediction_file.take(EvalPrediction(
      [["a"], ["b"], []], ["x", "y", "z"], np.arange(3)[:, None],
      answer_rule="squad"), [2, 0, 2])
  assert found.labels == [[], ["a"], []] and found.predicted == ["z", "x", "z"]
  assert found.probabilities.tolist() == [[2], [0], [2]]
  assert found.answer_rule == "squad" and found.cosines is None


def test_every_metric_has_a_most_telling_key():
  for name in metrics.registered():
    assert metrics.keys_of(name)
