"""Searches from the command line: their trials, files, and what ends them."""
import json
import os
import shutil
import subprocess

import pytest

import active_tasks
import commands
import forked
import instant_trials
import interrupted
import run_classifier
import run_search
from bert.search import figures
from bert.search import search as search_lib
from bert.search import study as study_lib

optuna = pytest.importorskip("optuna", reason="requirements-search.txt")


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


@pytest.fixture
def instant(monkeypatch):
  """Lets trials train nothing: the search around them is tested."""
  instant_trials.install(monkeypatch.setattr)


def test_search_leaves_its_files(tmp_path, capsys):
  matplotlib = pytest.importorskip("matplotlib")
  style = dict(matplotlib.rcParams)
  flags = flags_of(tmp_path, keep_trials=2, do_predict=True, do_export=True)
  run(flags)
  out = tmp_path / "out"
  rows = table(out)
  assert [row["trial"] for row in rows] == ["1", "2", "3"]
  assert {row["state"] for row in rows} == {"complete"}
  assert all(1e-3 <= float(row["learning_rate"]) <= 1e-1 for row in rows)
  ranked = sorted(rows, key=lambda row: -float(row["eval_accuracy"]))
  best, _, worst = ranked
  folder = out / ("trial_" + best["trial"])
  for name in ("eval_results.txt", "test_results.tsv"):
    assert commands.content(str(out), name) == commands.content(
        str(folder), name)
  assert commands.results(str(out))["eval_accuracy"] == pytest.approx(
      float(best["eval_accuracy"]), abs=1e-6)
  # Its settings are those of its training.
  assert os.listdir(str(folder / "export"))
  assert "--random_seed=7" in commands.lines(out, "best.flags")
  assert [has_checkpoint(out / ("trial_" + row["trial"]))
          for row in ranked] == [True, True, False]
  # What is not the program's own stays.
  assert (out / ("trial_" + worst["trial"]) / "eval_results.txt").exists()
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


def test_best_flags_train_the_best_again(tmp_path):
  # A share of the training set, drawn by the seed.
  run(flags_of(tmp_path, num_search_trials=2, random_seed=None,
               train_fraction=0.5))
  out = tmp_path / "out"
  best = max(table(out), key=lambda row: float(row["eval_accuracy"]))
  assert [has_checkpoint(out / ("trial_" + row["trial"]))
          for row in table(out)] == [row == best for row in table(out)]
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


def test_grid_tries_all_once(instant, tmp_path):
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


def test_search_goes_on_where_more_trials_are_asked_for(instant, tmp_path):
  flags = flags_of(tmp_path, num_search_trials=1)
  run(flags)
  first = settings(tmp_path / "out")
  run(dict(flags, num_search_trials=3))
  found = settings(tmp_path / "out")
  assert found[:1] == first and len(set(found)) == 3


def test_small_space_ends_the_search(instant, tmp_path):
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


def test_loss_is_the_better_the_less(instant, tmp_path):
  run(flags_of(tmp_path, best_metric="loss", num_search_trials=2))
  rates = [float(row["learning_rate"]) for row in table(tmp_path / "out")]
  assert commands.results(tmp_path / "out")["loss"] == pytest.approx(
      instant_trials.scores_of(min(rates))["loss"], rel=1e-5)


def test_trial_that_is_pruned_stops_at_its_evaluation(tmp_path, monkeypatch):
  flags = flags_of(tmp_path, pruner="median", eval_every="epoch",
                   num_train_epochs=2, num_search_trials=2)
  class Pruner:  # Optuna's own are not ours to test.
    def prune(self, study, trial):
      return trial.number == 1 and trial.last_step == 1
  monkeypatch.setattr(study_lib.Study, "_pruner", lambda self: Pruner())
  run(flags)
  rows = table(tmp_path / "out")
  assert [row["state"] for row in rows] == ["complete", "pruned"]
  assert len(commands.lines(str(tmp_path / "out"), "trial_1",
                            "evaluations.jsonl")) == 2
  assert len(commands.lines(str(tmp_path / "out"), "trial_2",
                            "evaluations.jsonl")) == 1
  assert not has_checkpoint(tmp_path / "out" / "trial_2")


def second_raises(error):
  """Trials of which the second one raises an error."""
  def run_trial(tuning, *unused):
    if tuning.folder.path.endswith("trial_2"):
      raise error
    return instant_trials.run(tuning)
  return run_trial


@pytest.mark.parametrize("error, text", [
    (MemoryError("no memory"), "no memory"),
    (search_lib.UserError("it diverged"), "it diverged")])
def test_dead_trial_is_one_line_and_the_search_goes_on(
    error, text, tmp_path, monkeypatch):
  instant_trials.install(monkeypatch.setattr, second_raises(error))
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
  instant_trials.install(monkeypatch.setattr, second_raises(
      OSError(28, "No space left on device")))
  result = commands.run(flags, run_search)
  assert result.code == 1 and "failed: " in result.log
  instant_trials.install(monkeypatch.setattr)
  run(flags)
  rows = table(tmp_path / "out")
  assert [row["state"] for row in rows] == ["complete"] * 3


def killed_flags(folder):
  """Two trials of four steps, with dropout."""
  flags = flags_of(folder, sampler="tpe", num_search_trials=2, keep_trials=2,
                   num_train_epochs=2, save_checkpoints_steps=2)
  return dict(flags, bert_config_file=commands.write_config(
      folder, **interrupted.CONFIG))


def test_killed_search_has_the_trials_of_one_that_was_not(
    tmp_path, monkeypatch):
  monkeypatch.setattr(figures, "draw", instant_trials.draw_nothing)
  whole, killed = [killed_flags(tmp_path / name)
                   for name in ("whole", "killed")]
  run(whole)
  run(dict(killed, num_search_trials=1))
  # The second trial dies without a word after step 3, and then by a signal.
  for name, code in (("SIGKILL", -9), ("SIGTERM", 143)):
    script = active_tasks.deadly(tmp_path, run_search, name)
    result = commands.spawn(killed, script)
    assert result.code == code, result.log
    assert "***** Trial 2 of 2" in result.log
  log = run(killed)
  assert "***** Trial 2 of 2" in log and "***** Trial 1 of 2" not in log
  rows, expected = [[dict(row, seconds="") for row in table(
      flags["output_dir"])] for flags in (killed, whole)]
  assert rows == expected and len(rows) == 2
  interrupted.assert_equal_variables(
      killed["output_dir"], whole["output_dir"], step=4)


PROGRAM = """
import sys
import instant_trials
import run_search
from bert.common import command

instant_trials.install(setattr, %s)
sys.exit(command.run(run_search.main, sys.argv))
"""


def start(flags, run_trial):
  """Starts a search whose trials are a function's."""
  folders = [os.path.dirname(os.path.abspath(each.__file__))
             for each in (run_search, instant_trials)]
  return subprocess.Popen(
      forked.python() + ["-c", PROGRAM % run_trial] + commands.argv(flags),
      stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
      env=commands.environment({"PYTHONPATH": os.pathsep.join(folders)}))


def test_trial_that_kills_its_process_fails_in_the_end(instant, tmp_path,
                                                       monkeypatch):
  flags = flags_of(tmp_path, num_search_trials=1)
  run(flags)
  flags = dict(flags, num_search_trials=2)
  process = start(flags, "lambda *_: __import__('os')._exit(9)")
  log = process.communicate(timeout=240)[1].decode()
  assert process.returncode == 9, log
  # Two deaths more, each of which looks like that one in the next start.
  with monkeypatch.context() as patch:
    instant_trials.install(patch.setattr, second_raises(interrupted.Killed()))
    for _ in range(2):
      with pytest.raises(interrupted.Killed):
        commands.run(flags, run_search)
  log = run(flags)
  assert "its process has died 3 times" in log
  assert [row["state"] for row in table(tmp_path / "out")] == [
      "complete", "fail"]


@pytest.mark.parametrize("sampler, search", [
    ("random", "learning_rate=log:1e-3:1e-1"),
    ("grid", "train_batch_size=choice:1,2,3,4")])
def test_two_processes_make_no_trial_twice(sampler, search, tmp_path):
  flags = flags_of(tmp_path, sampler=sampler, search=search,
                   num_search_trials=4)
  processes = [start(flags, "instant_trials.run_beside_another")
               for _ in range(2)]
  logs = [each.communicate(timeout=240)[1].decode() for each in processes]
  assert [each.returncode for each in processes] == [0, 0], logs
  rows = table(tmp_path / "out")
  assert [row["trial"] for row in rows] == list("1234")
  assert len({tuple(row.items())[5] for row in rows}) == 4
  for number in range(1, 5):
    starts = sum(log.count("***** Trial %d of 4:" % number) for log in logs)
    assert starts == 1
  assert all("***** Trial " in log for log in logs)


def test_time_that_is_over_begins_no_trial(instant, tmp_path):
  flags = flags_of(tmp_path, num_search_trials=2)
  run(dict(flags, num_search_trials=1))
  log = run(dict(flags, search_timeout=1e-6))
  assert "--search_timeout=1e-06 minutes are over" in log
  assert len(table(tmp_path / "out")) == 1


def test_storage_may_be_elsewhere(instant, tmp_path):
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
