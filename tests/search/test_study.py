"""The trials of a search as its processes begin and end them."""
import pytest

from bert.common import signals
from bert.options.search import SearchOptions
from bert.search import space
from bert.search import study as study_lib
from renamed import Renamed

optuna = pytest.importorskip("optuna", reason="requirements-search.txt")


def study_of(folder, steps, **changes):
  return study_lib.Study(
      str(folder), SearchOptions(num_search_trials=1, **changes),
      study_lib.StudySettings(
          [space.Dimension("learning_rate", "log", 1e-3, 1e-1)],
          "eval_accuracy", False, 1, {}), steps.__getitem__)


@pytest.mark.parametrize("name, kind", [
    ("none", optuna.pruners.NopPruner),
    ("median", optuna.pruners.MedianPruner),
    ("halving", optuna.pruners.SuccessiveHalvingPruner)])
def test_pruner_is_the_one_of_the_flag(name, kind, tmp_path):
  study = study_of(tmp_path, {}, pruner=name).optuna
  assert isinstance(study.pruner, kind)


class Start:
  """One process of a search: its trial, and how it ends."""

  def __init__(self, folder, steps):
    self.study = study_of(folder, steps)

  def end(self, error):
    """Returns whether there was a trial to run."""
    with self.study.next_trial() as trial:
      if trial is None:
        return False
      if error is not None:
        raise error
    return True  # The process has died: nobody has said how the trial ended.


def num_starts(folder, ends, steps):
  """How many processes get the trial, each of which ends with an error, or with
  None dies, after which the trial has saved a step."""
  count, saved = 0, {0: 0}
  for error, step in zip(ends, steps):
    try:
      count += Start(folder, saved).end(error)
    except (KeyboardInterrupt, OSError, ValueError) as raised:
      assert raised is error
      count += 1
    saved[0] = step
  return count


NO_STEP = [0] * 7


@pytest.mark.parametrize("ends, steps, expected", [
    ([None] * 7, NO_STEP, 3),  # It kills its process.
    ([ValueError("a bug")] * 7, NO_STEP, 3),
    # SIGTERM and Ctrl-C, before a step as well as after some.
    ([signals.Interrupted(15)] * 7, NO_STEP, 7),
    ([KeyboardInterrupt()] * 7, [5, 10, 15, 20, 25, 30, 35], 7),
    ([OSError(28, "No space left on device")] * 7, NO_STEP, 7),
    ([None, signals.Interrupted(15), None, None, None, None, None], NO_STEP, 4),
    # A machine that is taken away without a word: each start saves a step.
    ([None] * 7, [5, 10, 15, 20, 25, 30, 35], 7),
    ([None] * 7, [0, 0, 5, 5, 5, 5, 5], 6)])
def test_trial_is_given_up_after_three_deaths_without_a_step(
    ends, steps, expected, tmp_path):
  assert num_starts(tmp_path, ends, steps) == expected


def test_trial_that_ends_meanwhile_is_not_taken_over(tmp_path, monkeypatch):
  study = study_of(str(tmp_path), {0: 0})
  with study.next_trial():
    pass  # It runs: nobody has said how it ended.
  hold = study_lib.Study._hold

  def hold_late(self, number, stack):
    study.end(study.trials()[0], "complete", 0.5)
    return hold(self, number, stack)

  monkeypatch.setattr(study_lib.Study, "_hold", hold_late)
  with study.next_trial() as trial:
    assert trial is None
  assert [each.state.name for each in study.trials()] == ["COMPLETE"]


def test_search_goes_on_after_its_flag_was_renamed(tmp_path, monkeypatch):
  monkeypatch.setattr(space, "_GROUPS", (Renamed,))

  def run_trials(flag, number):
    """Opens the study, ends a trial -> names in its trials, and in its space."""
    study = study_lib.Study(
        str(tmp_path), SearchOptions(num_search_trials=number),
        study_lib.StudySettings([space.Dimension(flag, "float", 1.0, 2.0)],
                                "eval_accuracy", False, 1, {}), lambda _: 0)
    with study.next_trial() as trial:
      study.end(trial, "complete", 0.5)
    return ([list(each.params) for each in study.trials()],
            [each.flag for each in study.settings.dimensions])

  assert run_trials("pace", 1) == ([["pace"]], ["pace"])
  assert run_trials("speed", 2) == ([["pace"]] * 2, ["pace"])
