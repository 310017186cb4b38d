"""What follows from a list of evaluations."""
import json

import pytest

import commands
from bert.training import eval_history
from mistakes import message_of


def config(**changes):
  return eval_history.EarlyStoppingConfig(**dict({"metric": "eval_f1"}, **changes))


def add(made, entry):
  """Returns whether it is the best so far."""
  is_best = made.is_new_best(entry)
  made.add(entry)
  return is_best


def of(folder, scores, metric="eval_f1", **changes):
  """A history of scores at steps 10, 20, ..."""
  made = eval_history.EvalHistory(str(folder), config(metric=metric, **changes), 0)
  is_best = [add(made, {metric: score, "global_step": 10 * place})
             for place, score in enumerate(scores, 1)]
  return made, is_best


@pytest.mark.parametrize("metric, scores, expected", [
    ("eval_f1", [0.5, 0.7, 0.6, 0.8], [True, True, False, True]),
    ("eval_f1", [0.5, 0.5], [True, False]),
    ("eval_loss", [0.5, 0.7, 0.4], [True, False, True]),
    ("loss", [2, 1, 3], [True, True, False])])
def test_direction_of_a_metric_is_known(tmp_path, metric, scores, expected):
  made, is_best = of(tmp_path, scores, metric)
  assert is_best == expected
  last_best = max(place for place, each in enumerate(expected, 1) if each)
  assert made.best()["global_step"] == 10 * last_best


def history_of(folder, **changes):
  return eval_history.EvalHistory(
      str(folder), config(**dict({"metric": "eval_f1"}, **changes)), 10**6,
      "one set")


def test_best_before_another_dev_set_or_metric_does_not_count_again(tmp_path):
  """Its checkpoint is no longer kept."""
  first = history_of(tmp_path)
  assert add(first, {"eval_f1": 0.9, "eval_loss": 1, "global_step": 10})
  other = eval_history.EvalHistory(str(tmp_path), config(), 10**6, "another")
  assert add(other, {"eval_f1": 0.2, "eval_loss": 1, "global_step": 20})
  again = history_of(tmp_path)
  assert not again.compared() and not again.has(10)
  assert add(again, {"eval_f1": 0.3, "eval_loss": 2, "global_step": 30})
  by_loss = history_of(tmp_path, metric="eval_loss")
  assert add(by_loss, {"eval_f1": 0.1, "eval_loss": 3, "global_step": 40})
  assert not history_of(tmp_path).compared()


def test_evaluations_that_do_not_say_their_dev_set_count_with_a_warning(
    tmp_path, warnings):
  commands.write(tmp_path / "evaluations.jsonl",
                 '{"eval_f1": 0.5, "global_step": 10}\n')
  assert not history_of(tmp_path).is_new_best({"eval_f1": 0.4})
  assert len(warnings) == 1 and "1 evaluations" in warnings[0]


@pytest.mark.parametrize("patience, scores, is_over", [
    (None, [3, 2, 1, 0], False), (2, [], False), (2, [1], False),
    (2, [1, 2, 1], False), (2, [1, 2, 1, 1], True), (1, [1, 1], True),
    (2, [1, 0, 2, 1], False)])
def test_training_is_over_after_so_many_without_a_new_best(
    tmp_path, patience, scores, is_over):
  made, _ = of(tmp_path, scores, stopping_patience=patience)
  assert made.is_over() == is_over


@pytest.mark.parametrize("patience, scores, factor", [
    (None, [3, 2, 1], 1.0), (2, [], 1.0), (2, [1, 1], 1.0),
    (2, [1, 1, 1], 0.1), (2, [1, 1, 1, 1], 0.1), (2, [1, 1, 1, 1, 1], 0.01),
    (2, [1, 0, 2, 0], 1.0), (2, [1, 0, 0, 2, 0, 0], 0.01)])
def test_rate_falls_on_each_plateau(tmp_path, patience, scores, factor):
  made, _ = of(tmp_path, scores, plateau_patience=patience, plateau_factor=0.1)
  assert made.lr_multiplier() == pytest.approx(factor)


def test_history_goes_on_where_the_checkpoint_is(tmp_path):
  of(tmp_path, [1, 3, 2])
  again = eval_history.EvalHistory(str(tmp_path), config(), 20)
  assert [entry["global_step"] for entry in again.entries] == [10, 20]
  assert again.has(20) and not again.has(30)
  assert not add(again, {"eval_f1": 2.5, "global_step": 30})
  assert [json.loads(line) for line in commands.lines(
      tmp_path, "evaluations.jsonl")] == [
          {"eval_f1": score, "global_step": step, "dev_set": None,
           "best_metric": "eval_f1"}
          for score, step in ((1, 10), (3, 20), (2.5, 30))]


def test_new_folder_has_no_history(tmp_path):
  made = eval_history.EvalHistory(str(tmp_path), config(), 0)
  assert made.best() is None and not made.is_over() and not made.has(0)
  assert made.lr_multiplier() == 1.0


@pytest.mark.parametrize("undefined", [{}, {"eval_f1": float("nan")}])
def test_any_score_beats_one_that_is_not_defined(tmp_path, undefined):
  made = eval_history.EvalHistory(str(tmp_path), config(), 0)
  entries = [undefined, {"eval_f1": -0.5}, undefined, {"eval_f1": 0.5}]
  assert [add(made, dict(entry, global_step=step))
          for step, entry in enumerate(entries)] == [True, True, False, True]
  again = eval_history.EvalHistory(str(tmp_path), config(), 3)
  assert again.best()["global_step"] == 3


@pytest.mark.parametrize("content", [
    "something else\n", "5\n", "[]\n", '{"step": 1}\n',
    '{"global_step": "one"}\n'])
def test_foreign_file_is_refused(tmp_path, content):
  commands.write(tmp_path / "evaluations.jsonl", content)
  message = message_of(eval_history.EvalHistory, str(tmp_path), config(), 0)
  assert "evaluations.jsonl" in message
