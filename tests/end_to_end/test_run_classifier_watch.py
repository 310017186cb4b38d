"""Evaluation during training: the best checkpoint, early ends, resuming."""
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
from bert import modeling
from bert.model import checkpoint_choice
from bert.training import eval_listener
from bert.training import evaluator
from tiny_runs import pairs

pytestmark = pytest.mark.usefixtures("plain_graphs")


@pytest.fixture(autouse=True)
def without_dropout(monkeypatch):
  """Else a resumed run would draw otherwise than one that was not stopped."""
  monkeypatch.setattr(modeling, "dropout", lambda tensor, probability: tensor)


def watched(folder, **changes):
  """Five steps of two examples an epoch, two epochs, watched every 2 steps.

  The dev set is the training set, and the rate is low, so that its loss falls.
  """
  flags = pairs(folder, **dict({
      "train_batch_size": 2, "num_train_epochs": 2, "eval_every": 2,
      "save_checkpoints_steps": 1000, "best_metric": "eval_loss",
      "learning_rate": 1e-3, "num_workers": 1}, **changes))
  shutil.copy(os.path.join(flags["data_dir"], "train.tsv"),
              os.path.join(flags["data_dir"], "dev.tsv"))
  return flags


def evaluations(folder):
  return [json.loads(line) for line in commands.lines(folder,
                                                      "evaluations.jsonl")]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
  """The folder of a run that nothing stopped."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(modeling, "dropout", lambda tensor, probability: tensor)
    flags = watched(tmp_path_factory.mktemp("undisturbed"))
    commands.finish(flags)
  return flags["output_dir"]


# Bytes of weights that an evaluation takes at a time: all, few variables.
@pytest.mark.parametrize("portion", [2**24, 500])
def test_each_evaluation_is_that_of_its_checkpoint(undisturbed, tmp_path,
                                                   monkeypatch, portion):
  monkeypatch.setattr(evaluator, "_MIN_PORTION", portion)
  entries = evaluations(undisturbed)
  assert [entry["global_step"] for entry in entries] == [2, 4, 6, 8, 10]
  shutil.copytree(undisturbed, str(tmp_path / "out"))
  shutil.rmtree(str(tmp_path / "out" / "best"))
  flags = watched(tmp_path, do_train=False, do_predict=False, eval_every=None,
                  best_metric=None)
  commands.finish(flags)
  last = commands.results(flags["output_dir"])
  for name, value in last.items():
    assert entries[-1][name] == pytest.approx(value, abs=1e-5), name


def test_best_checkpoint_is_kept_apart_and_used_at_the_end(undisturbed):
  best = min(evaluations(undisturbed), key=lambda entry: entry["eval_loss"])
  step = best["global_step"]
  path = os.path.join(undisturbed, "best", "model.ckpt-%d" % step)
  assert tf.train.latest_checkpoint(os.path.dirname(path)) == path
  assert {name for name in os.listdir(os.path.dirname(path))} == {
      "checkpoint", "model.ckpt-%d.index" % step,
      "model.ckpt-%d.data-00000-of-00001" % step}
  found = commands.results(undisturbed)
  assert found["global_step"] == step
  assert found["eval_loss"] == pytest.approx(best["eval_loss"], abs=1e-5)
  assert not any("adam" in name for name in commands.variables(path))


def test_folder_can_be_moved(undisturbed, tmp_path):
  moved = str(tmp_path / "moved")
  shutil.copytree(undisturbed, moved)
  assert checkpoint_choice.of_folder(moved).startswith(
      os.path.join(moved, "best"))


def test_curve_is_in_tensorboard(undisturbed):
  curve = commands.scalars(os.path.join(undisturbed, "eval"))["eval_loss"]
  for entry in evaluations(undisturbed):
    assert curve[entry["global_step"]] == pytest.approx(entry["eval_loss"])


def assert_same_end(folder, expected):
  """Evaluations, the best checkpoint and results are those of another run."""
  for one, other in zip(evaluations(folder), evaluations(expected)):
    assert one == pytest.approx(other, abs=1e-4)
  one, other = [commands.variables(tf.train.latest_checkpoint(
      os.path.join(each, "best"))) for each in (folder, expected)]
  assert set(one) == set(other) and one["global_step"] == other["global_step"]
  for name in one:
    np.testing.assert_allclose(one[name], other[name], atol=1e-4, err_msg=name)
  assert commands.results(folder) == pytest.approx(
      commands.results(expected), abs=1e-4)


class Killed(Exception):
  """Stands for a signal that leaves no time to tidy up."""


@pytest.mark.parametrize("moment, count", [
    ("before_evaluation", 3), ("before_best", "last"), ("after_best", 2)])
def test_killed_run_ends_as_an_undisturbed_one(
    undisturbed, tmp_path, monkeypatch, moment, count):
  flags = watched(tmp_path)
  if count == "last":
    losses = [entry["eval_loss"] for entry in evaluations(undisturbed)]
    count = sum(loss == min(losses[:place + 1])
                for place, loss in enumerate(losses))
  calls = []
  method = {"before_evaluation": "evaluate", "before_best": "save",
            "after_best": "save"}[moment]
  act = getattr(evaluator.Evaluator, method)

  def act_or_die(*args):
    calls.append(args)
    if len(calls) == count and moment.startswith("before"):
      raise Killed()
    found = act(*args)
    if len(calls) == count:
      raise Killed()
    return found

  with monkeypatch.context() as patch:
    patch.setattr(evaluator.Evaluator, method, act_or_die)
    with pytest.raises(Killed):
      commands.run(flags)
  commands.finish(flags)
  assert_same_end(flags["output_dir"], undisturbed)


def test_same_command_after_the_end_changes_nothing(undisturbed, tmp_path):
  shutil.copytree(undisturbed, str(tmp_path / "out"))
  flags = watched(tmp_path)
  assert "Training is complete" in commands.finish(flags)
  assert_same_end(flags["output_dir"], undisturbed)


def test_training_ends_early_and_stays_ended(tmp_path):
  # At such a rate nothing gets better than the first evaluation's.
  flags = watched(tmp_path, learning_rate=1e-30, early_stopping_patience=2,
                  do_predict=False)
  commands.finish(flags)
  assert [each["global_step"] for each in evaluations(
      flags["output_dir"])] == [2, 4, 6]
  assert commands.results(flags["output_dir"])["global_step"] == 2
  log = commands.finish(flags)
  assert "Training is complete" in log
  assert len(evaluations(flags["output_dir"])) == 3


def test_rate_falls_on_a_plateau(tmp_path):
  flags = watched(tmp_path, learning_rate=1e-30, plateau_patience=2,
                  plateau_factor=0.1, log_steps=1, warmup_proportion=0,
                  do_predict=False)
  commands.finish(flags)
  rates = commands.scalars(flags["output_dir"])["learning_rate"]
  for step in range(1, 11):
    # The first evaluation, at 2, is the best; after 6 and 10 patience ends.
    factor = 1.0 if step <= 6 else 0.1
    assert rates[step] == pytest.approx(
        1e-30 * (1 - (step - 1) / 10) * factor, rel=1e-4, abs=0), step


def test_epochs_are_watched_at_their_ends(tmp_path):
  flags = watched(tmp_path, eval_every="epoch", best_metric="accuracy",
                  do_predict=False)
  commands.finish(flags)
  assert [each["global_step"] for each in evaluations(
      flags["output_dir"])] == [5, 10]


def test_watching_does_not_touch_the_training(tmp_path, undisturbed):
  """The input goes on where it was: weights at the end are the same."""
  flags = watched(tmp_path, eval_every=None, best_metric=None, do_eval=False,
                  do_predict=False)
  commands.finish(flags)
  one, other = [commands.variables(os.path.join(folder, "model.ckpt-10"))
                for folder in (flags["output_dir"], undisturbed)]
  for name in one:
    np.testing.assert_allclose(one[name], other[name], atol=1e-5, err_msg=name)


@pytest.mark.parametrize("interval, wanted, expected", [
    (100, 1000, 100), (1000, 1000, 1000), (1500, 1000, 750), (10, 4, 2),
    (7, 2, 1), (29, 10, 29), (3000, 1000, 1000), (267, 100, 89)])
def test_checkpoints_meet_evaluations(interval, wanted, expected):
  assert eval_listener.saving_steps(interval, wanted) == expected
