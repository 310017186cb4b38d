"""Searches from the command line: their trials, files, and what ends them."""
import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import commands
import forked
import run_classifier
import run_search
from bert.common import signals
from bert.options.search import SearchOptions
from bert.search import search as search_lib
from bert.search import space
from bert.search import study as study_lib
from renamed import Renamed
from bert.training import actions

optuna = pytest.importorskip("optuna", reason="requirements-search.txt")

SCRIPT = os.path.abspath(run_search.__file__)


def flags_of(folder, **changes):
  commands.write_domainc(folder)
  return commands.tiny_flags(folder, "domainc", **dict({
      "search": "learning_rate=log:1e-3:1e-1", "num_search_trials": 3,
      "sampler": "random", "train_batch_size": 4}, **changes))


def run(flags):
  result = commands.run(flags, run_search)
  assert result.code == 0, result.log
  return result.log


def table(folder):
  """The rows of search.tsv as dicts."""
  header, *rows = [line.split("\t") for line in commands.lines(
      str(folder), "search.tsv")]
  return [dict(zip(header, row)) for row in rows]


def settings(folder):
  return [row["learning_rate"] for row in table(folder)]


def has_checkpoint(folder):
  return os.path.exists(os.path.join(str(folder), "checkpoint"))


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_search_leaves_its_files(sampler, tmp_path, capsys):
  matplotlib = pytest.importorskip("matplotlib")
  style = dict(matplotlib.rcParams)
  flags = flags_of(tmp_path, sampler=sampler, do_predict=True, do_export=True)
  run(flags)
  out = tmp_path / "out"
  rows = table(out)
  assert [row["trial"] for row in rows] == ["1", "2", "3"]
  assert {row["state"] for row in rows} == {"complete"}
  assert all(1e-3 <= float(row["learning_rate"]) <= 1e-1 for row in rows)
  best = max(rows, key=lambda row: float(row["eval_accuracy"]))
  folder = out / ("trial_" + best["trial"])
  for name in ("eval_results.txt", "test_results.tsv"):
    assert commands.content(str(out), name) == commands.content(
        str(folder), name)
  assert commands.results(str(out))["eval_accuracy"] == pytest.approx(
      float(best["eval_accuracy"]), abs=1e-6)
  # Its settings are those of its training.
  assert os.listdir(str(folder / "export"))
  assert [has_checkpoint(out / ("trial_" + row["trial"])) for row in rows] == [
      row is best for row in rows]
  for name in ("search_history.png", "search_parallel.png"):
    with open(str(out / name), "rb") as stream:
      assert stream.read(4) == b"\x89PNG"
  # Pictures of the process are drawn as before.
  changed = {name for name, value in style.items()
             if matplotlib.rcParams[name] != value}
  assert changed <= {"backend", "backend_fallback"}
  shown = capsys.readouterr().out.strip().split("\n")
  assert shown[0].split()[:3] == ["trial", "state", "eval_accuracy"]
  assert shown[2].split()[0] == best["trial"] and len(shown) == 5


@pytest.mark.parametrize("changes", [
    dict(),
    # A share of the training set, drawn by the seed.
    dict(random_seed=None, train_fraction=0.5)])
def test_best_flags_train_the_best_again(changes, tmp_path):
  flags = flags_of(tmp_path, num_search_trials=2, **changes)
  run(flags)
  out = tmp_path / "out"
  # All trials have one seed: that of the search.
  seeds = [line for number in (1, 2) for line in commands.lines(
      str(out), "trial_%d" % number, "run.flags") if "--random_seed=" in line]
  assert len(seeds) == 2 and len(set(seeds)) == 1
  assert seeds[0] in commands.lines(str(out), "best.flags")
  again = str(tmp_path / "again")
  result = commands.run(["--flagfile=%s" % (out / "best.flags"),
                         "--output_dir=" + again], run_classifier)
  assert result.code == 0, result.log
  assert commands.results(again) == pytest.approx(
      commands.results(str(out)), abs=1e-5)


def test_grid_tries_all_once(tmp_path):
  flags = flags_of(tmp_path, sampler="grid", num_search_trials=None,
                   search="train_batch_size=choice:2,4",
                   search_file=commands.write(
                       tmp_path / "space.json",
                       '{"num_train_epochs": "int:1:2"}'))
  run(flags)
  found = [(row["train_batch_size"], row["num_train_epochs"])
           for row in table(tmp_path / "out")]
  assert sorted(found) == [("2", "1"), ("2", "2"), ("4", "1"), ("4", "2")]
  run(flags)  # All is done: nothing is added.
  assert len(table(tmp_path / "out")) == 4


def test_search_goes_on_where_more_trials_are_asked_for(tmp_path):
  flags = flags_of(tmp_path, num_search_trials=1)
  run(flags)
  first = settings(tmp_path / "out")
  run(dict(flags, num_search_trials=3))
  found = settings(tmp_path / "out")
  assert found[:1] == first and len(set(found)) == 3


def test_small_space_ends_the_search(tmp_path):
  flags = flags_of(tmp_path, search="train_batch_size=choice:2,4",
                   num_search_trials=5)
  log = run(flags)
  assert "All settings of the space have been tried" in log
  assert sorted(row["train_batch_size"]
                for row in table(tmp_path / "out")) == ["2", "4"]


def change_rows(flags, name):
  """Another label for the last row of a table."""
  path = os.path.join(flags["data_dir"], name)
  rows = commands.lines(path)
  cells = rows[-1].split("\t")
  others = {row.split("\t")[0] for row in rows} - {cells[0]}
  commands.write(path, "\n".join(rows[:-1] + ["\t".join(
      [sorted(others)[-1]] + cells[1:])]) + "\n")


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
  """The flags of a search of one trial."""
  flags = flags_of(tmp_path_factory.mktemp("searched"), num_search_trials=1,
                   random_seed=None)
  run(flags)
  return flags


@pytest.mark.parametrize("changes, fragment", [
    (dict(search="learning_rate=log:1e-4:1e-1"), "another space"),
    (dict(best_metric="loss"), "another metric"),
    ("train.tsv", "another training set"), ("dev.tsv", "another dev set"),
    (dict(max_seq_length=17), ", this run has 17"),
    (dict(pooling="mean"), "--pooling=cls, this run has mean"),
    (dict(num_train_epochs=3), ", this run has 3.0"),
    (dict(train_fraction=0.5), "--train_fraction=1.0, this run has 0.5"),
    (dict(eval_every="epoch"), "--eval_every=none, this run has epoch"),
    (dict(random_seed=5), "--random_seed=5: the search of --output_dir="),
    (None, "another configuration")])
def test_search_that_could_not_be_compared_needs_another_folder(
    changes, fragment, searched, tmp_path):
  flags = dict(searched)
  if isinstance(changes, dict):
    flags.update(changes)
  elif isinstance(changes, str):
    flags["data_dir"] = str(tmp_path / "data")
    shutil.copytree(searched["data_dir"], flags["data_dir"])
    change_rows(flags, changes)
  else:
    flags["bert_config_file"] = commands.write_config(
        tmp_path, hidden_act="relu")
  before = commands.snapshot(flags["output_dir"])
  result = commands.run(dict(flags, num_search_trials=2), run_search)
  assert result.code == 2 and fragment in result.log, result.log
  assert "give another folder" in result.log
  after = commands.snapshot(flags["output_dir"])
  assert {name: value for name, value in after.items()
          if name != "search.db"} == {
              name: value for name, value in before.items()
              if name != "search.db"}
  assert len(table(flags["output_dir"])) == 1


def test_what_changes_no_score_may_change_in_a_search(searched, tmp_path):
  flags = dict(searched, output_dir=str(tmp_path / "out"),
               data_dir=str(tmp_path / "data"))
  for name in ("output_dir", "data_dir"):
    shutil.copytree(searched[name], flags[name])
  run(dict(flags, num_search_trials=2, sampler="tpe", keep_trials=2,
           eval_batch_size=3, log_steps=7, save_checkpoints_steps=3))
  assert settings(flags["output_dir"])[:1] == settings(searched["output_dir"])
  assert len(table(flags["output_dir"])) == 2


def test_trials_of_an_earlier_version_keep_their_own_seeds(searched, tmp_path):
  """They each drew one, which their run.flags lack."""
  flags = dict(searched, output_dir=str(tmp_path / "out"))
  shutil.copytree(searched["output_dir"], flags["output_dir"])
  folder = os.path.join(flags["output_dir"], "trial_1")
  lines = [line for line in commands.lines(folder, "run.flags")
           if "random_seed" not in line]
  commands.write(os.path.join(folder, "run.flags"), "\n".join(lines) + "\n")
  path = os.path.join(folder, "task.json")
  task = json.loads(commands.content(path))
  commands.write(path, json.dumps(dict(task, random_seed=77)))
  run(flags)
  assert "--random_seed=77" in commands.lines(flags["output_dir"],
                                              "best.flags")


def test_loss_is_the_better_the_less(tmp_path):
  run(flags_of(tmp_path, best_metric="loss", num_search_trials=2))
  rows = table(tmp_path / "out")
  best = min(rows, key=lambda row: float(row["loss"]))
  assert commands.results(str(tmp_path / "out"))["loss"] == pytest.approx(
      float(best["loss"]), abs=1e-5)


def test_best_trials_keep_their_checkpoints(tmp_path):
  run(flags_of(tmp_path, keep_trials=2))
  out = tmp_path / "out"
  ranked = sorted(table(out), key=lambda row: -float(row["eval_accuracy"]))
  assert [has_checkpoint(out / ("trial_" + row["trial"]))
          for row in ranked] == [True, True, False]
  # What is not the program's own stays.
  worst = out / ("trial_" + ranked[-1]["trial"])
  assert (worst / "eval_results.txt").exists()


def test_trial_that_is_pruned_stops_at_its_evaluation(tmp_path, monkeypatch):
  flags = flags_of(tmp_path, pruner="median", eval_every="epoch",
                   num_train_epochs=4, num_search_trials=2)
  class Pruner:  # Optuna's own are not ours to test.
    def prune(self, study, trial):
      return trial.number == 1 and trial.last_step == 2
  monkeypatch.setattr(study_lib.Study, "_pruner", lambda self: Pruner())
  run(flags)
  rows = table(tmp_path / "out")
  assert [row["state"] for row in rows] == ["complete", "pruned"]
  assert len(commands.lines(str(tmp_path / "out"), "trial_1",
                            "evaluations.jsonl")) == 4
  assert len(commands.lines(str(tmp_path / "out"), "trial_2",
                            "evaluations.jsonl")) == 2
  assert not has_checkpoint(tmp_path / "out" / "trial_2")


@pytest.mark.parametrize("error, text", [
    (MemoryError("no memory"), "no memory"),
    (search_lib.UserError("it diverged"), "it diverged")])
def test_dead_trial_is_one_line_and_the_search_goes_on(
    error, text, tmp_path, monkeypatch):
  real = actions.run
  def broken(tuning, *args):
    if tuning.folder.path.endswith("trial_2"):
      raise error
    return real(tuning, *args)
  monkeypatch.setattr(actions, "run", broken)
  log = run(flags_of(tmp_path))
  assert log.count("Trial 2 has failed: " + text) == 1
  rows = table(tmp_path / "out")
  assert [row["state"] for row in rows] == ["complete", "fail", "complete"]
  assert rows[1]["error"] == text


def test_settings_that_make_no_step_fail_alone(tmp_path):
  run(flags_of(tmp_path, search="train_batch_size=choice:4,64",
               sampler="grid", num_search_trials=None))
  states = {row["train_batch_size"]: row["state"]
            for row in table(tmp_path / "out")}
  assert states == {"4": "complete", "64": "fail"}


def test_search_without_a_complete_trial_says_so(tmp_path):
  result = commands.run(flags_of(
      tmp_path, search="train_batch_size=choice:64,128", sampler="grid",
      num_search_trials=None), run_search)
  assert result.code == 2 and "no trial is complete" in result.log
  assert [row["state"] for row in table(tmp_path / "out")] == ["fail", "fail"]


def test_full_disk_is_one_line_and_nothing_is_lost(tmp_path, monkeypatch):
  flags = flags_of(tmp_path)
  real = actions.run
  def full(tuning, *args):
    if tuning.folder.path.endswith("trial_2"):
      raise OSError(28, "No space left on device")
    return real(tuning, *args)
  with monkeypatch.context() as patch:
    patch.setattr(actions, "run", full)
    result = commands.run(flags, run_search)
  assert result.code == 1 and "failed: " in result.log
  run(flags)
  rows = table(tmp_path / "out")
  assert [row["state"] for row in rows] == ["complete"] * 3


def start(flags):
  return subprocess.Popen(forked.python() + [SCRIPT] + commands.argv(flags),
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          env=commands.environment({}))


def wait_for(path, process):
  until = time.monotonic() + 240
  while not os.path.exists(path) and time.monotonic() < until:
    assert process.poll() is None, process.stderr.read().decode()
    time.sleep(0.05)


LONG = dict(sampler="tpe", num_search_trials=3, num_train_epochs=20,
            save_checkpoints_steps=5)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  """The output folder of a search that nothing stopped."""
  flags = flags_of(tmp_path_factory.mktemp("whole"), **LONG)
  run(flags)
  return flags["output_dir"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_killed_search_has_the_trials_of_one_that_was_not(
    number, whole, tmp_path):
  killed = flags_of(tmp_path, **LONG)
  process = start(killed)
  wait_for(os.path.join(killed["output_dir"], "trial_2",
                        "model.ckpt-5.index"), process)
  process.send_signal(number)
  process.communicate(timeout=60)
  log = run(killed)
  assert "***** Trial 2 of 3" in log and "***** Trial 1 of 3" not in log
  rows, expected = table(tmp_path / "out"), table(whole)
  for row, other in zip(rows, expected):
    assert {key: value for key, value in row.items() if key != "seconds"} == {
        key: value for key, value in other.items() if key != "seconds"}
  assert len(rows) == 3


def test_trial_that_kills_its_process_fails_in_the_end(tmp_path):
  flags = flags_of(tmp_path, num_search_trials=1)
  run(flags)
  flags = dict(flags, num_search_trials=2)
  for _ in range(3):
    process = subprocess.run(forked.python() + ["-c", (
        "import os, sys; sys.argv = %r; import run_search\n"
        "from bert.common import command\n"
        "import bert.training.actions as actions\n"
        "actions.run = lambda *args: os._exit(9)\n"
        "command.run(run_search.main, sys.argv)") % (
            ["run_search.py"] + commands.argv(flags),)],
                             env=commands.environment({
                                 "PYTHONPATH": os.path.dirname(SCRIPT)}))
    assert process.returncode == 9
  log = run(flags)
  assert "its process has died 3 times" in log
  assert [row["state"] for row in table(tmp_path / "out")] == [
      "complete", "fail"]


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


@pytest.mark.parametrize("sampler, search", [
    ("random", "learning_rate=log:1e-3:1e-1"),
    ("grid", "train_batch_size=choice:1,2,3,4")])
def test_two_processes_make_no_trial_twice(sampler, search, tmp_path):
  flags = flags_of(tmp_path, sampler=sampler, search=search,
                   num_search_trials=4)
  processes = [start(flags) for _ in range(2)]
  logs = [each.communicate(timeout=240)[1].decode() for each in processes]
  assert [each.returncode for each in processes] == [0, 0], logs
  rows = table(tmp_path / "out")
  assert [row["trial"] for row in rows] == list("1234")
  assert len({tuple(row.items())[5] for row in rows}) == 4
  for number in range(1, 5):
    starts = sum(log.count("***** Trial %d of 4:" % number) for log in logs)
    assert starts == 1


def test_time_that_is_over_begins_no_trial(tmp_path):
  flags = flags_of(tmp_path, num_search_trials=2)
  run(dict(flags, num_search_trials=1))
  log = run(dict(flags, search_timeout=1e-6))
  assert "--search_timeout=1e-06 minutes are over" in log
  assert len(table(tmp_path / "out")) == 1


def test_storage_may_be_elsewhere(tmp_path):
  storage = "sqlite:///%s" % (tmp_path / "elsewhere.db")
  run(flags_of(tmp_path, search_storage=storage, num_search_trials=1))
  study = optuna.load_study(study_name="search", storage=storage)
  assert len(study.trials) == 1
  assert json.loads(study.user_attrs["space"])


@pytest.mark.parametrize("url, shown", [
    ("nodialect://me:s3cret@host:5432/db", "nodialect://me:***@host:5432/db"),
    ("nodialect://me:s3c ret@host/db", "***@host/db"),
    ("nodialect://host:s3cretport@x/db", "://host:***@x/db")])
def test_storage_that_cannot_be_opened_is_named_without_its_password(
    url, shown, tmp_path):
  result = commands.run(flags_of(tmp_path, search_storage=url), run_search)
  assert result.code == 2 and shown in result.log
  assert "s3c" not in result.log and "Traceback" not in result.log


def test_storage_that_cannot_be_opened_is_one_line(tmp_path):
  result = commands.run(flags_of(
      tmp_path, search_storage="sqlite:////none/at/all.db"), run_search)
  assert result.code == 2
  assert "--search_storage=sqlite:////none/at/all.db" in result.log
