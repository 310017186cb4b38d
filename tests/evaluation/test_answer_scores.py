"""Scores of answers by the three rules, against official scripts' values."""
import json

import numpy as np
import pytest

import golden
import span_golden
from bert.evaluation import answer_scores
from bert.evaluation import metrics
from bert.evaluation.eval_prediction import EvalPrediction

PAIRS = golden.rows("squad", "metrics.jsonl")
WHOLE = golden.document("squad", "metrics.json")


@pytest.mark.parametrize("name, rule", [
    ("v1", "squad"), ("v2", "squad_v2"), ("cmrc", "cmrc")])
def test_pairs_are_scored_as_by_the_official_script(name, rule):
  for row in PAIRS:
    score = answer_scores.RULES[rule](row["prediction"], row["answers"])
    assert score.exact == pytest.approx(row["em_" + name]), row
    assert score.f1 == pytest.approx(row["f1_" + name]), row


def test_transformers_agrees():
  squad_metrics = pytest.importorskip(
      "transformers.data.metrics.squad_metrics",
      reason="transformers is not installed")
  for row in PAIRS:
    answers = [each for each in row["answers"]
               if squad_metrics.normalize_answer(each)] or [""]
    score = answer_scores.score_v2(row["prediction"], row["answers"])
    assert score.exact == max(
        squad_metrics.compute_exact(each, row["prediction"])
        for each in answers)
    assert score.f1 == pytest.approx(max(
        squad_metrics.compute_f1(each, row["prediction"]) for each in answers))


@pytest.mark.parametrize("rule", sorted(answer_scores.RULES))
@pytest.mark.parametrize("answer, score", [("", 1.0), ("李娜", 0.0), ("x", 0.0)])
def test_no_answer_is_right_where_there_is_none(rule, answer, score):
  assert answer_scores.RULES[rule](answer, []) == (score, score)


def predictions_of(folder, data, **changes):
  """The golden predictions of a run, of the questions that have answers."""
  with open(span_golden.path(*folder), encoding="utf-8") as stream:
    predictions = json.load(stream)
  labels, predicted, names = [], [], []
  for article in golden.document("squad", *data)["data"]:
    for paragraph in article["paragraphs"]:
      for question in paragraph["qas"]:
        if question["answers"] or changes.get("has_odds"):
          names.append(question["id"])
          labels.append([each["text"] for each in question["answers"]])
          predicted.append(predictions[question["id"]])
  odds = None
  if changes.get("has_odds"):
    odds = golden.document("squad", folder[0], folder[1],
                           "expected_null_odds.json")
    odds = np.array([odds[name] for name in names])
  return EvalPrediction(labels, predicted, np.zeros([len(labels), 1]),
                        null_odds=odds)


@pytest.mark.parametrize("run", ["v1", "v1_cased"])
def test_whole_runs_are_scored_as_by_the_script_of_1_1(run):
  scores = metrics.squad(predictions_of(
      ("cli", run, "expected_predictions.json"), ("dev_v1.json",)))
  expected = WHOLE[run]
  assert 100 * scores["exact_match"] == pytest.approx(expected["exact_match"])
  assert 100 * scores["f1"] == pytest.approx(expected["f1"])


@pytest.mark.parametrize("run", ["v2", "v2_threshold", "v2_train_one"])
def test_whole_runs_are_scored_as_by_the_script_of_2_0(run):
  scores = metrics.squad_v2(predictions_of(
      ("cli", run, "expected_predictions.json"), ("dev_v2.json",),
      has_odds=True))
  expected = dict(WHOLE[run]["without_odds"], **WHOLE[run]["best_with_odds"])
  for name, value in expected.items():
    if not name.endswith("total"):
      scale = 1 if name.endswith("thresh") else 100
      assert scale * scores[name] == pytest.approx(value), name


@pytest.mark.parametrize("run", ["cased", "uncased"])
def test_whole_runs_are_scored_as_by_the_script_of_cmrc(run):
  scores = metrics.cmrc(predictions_of(
      ("chinese", "expected_%s_dev_predictions.json" % run),
      ("chinese", "dev.json")))
  expected = WHOLE["chinese_" + run]
  assert "%.3f" % (100 * scores["cmrc_exact_match"]) == expected["EM"]
  assert "%.3f" % (100 * scores["cmrc_f1"]) == expected["F1"]


def test_threshold_begins_with_no_answers_at_all():
  best = answer_scores.best_threshold(
      [0.0, 0.0, 1.0], [False, False, True], [True, False, False],
      [-3.0, 5.0, 9.0])
  # Of 2 without an answer, both are right before any answer is given.
  assert best == (2 / 3, 0.0)
