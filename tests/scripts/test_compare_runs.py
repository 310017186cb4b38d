"""Runs beside each other."""
import json
import os

import pytest

import commands
import tiny_runs

compare_runs = commands.load_script("compare_runs")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
  """Two runs of one task with other rates -> their folders."""
  folder = tmp_path_factory.mktemp("compare")
  flags = tiny_runs.pairs(folder, do_predict=False, eval_every="epoch",
                          log_steps=1)
  folders = []
  for name, changes in (("one", {}), ("two", {"learning_rate": 1e-3})):
    made = dict(flags, output_dir=str(folder / name / "out"), **changes)
    commands.finish(made)
    folders.append(made["output_dir"])
  return folders


def run(monkeypatch, tmp_path, capsys, *folders):
  monkeypatch.chdir(tmp_path)
  result = commands.run(list(folders), compare_runs)
  return result, capsys.readouterr().out


def test_table_has_what_differs_and_the_scores(
    runs, monkeypatch, tmp_path, capsys):
  result, shown = run(monkeypatch, tmp_path, capsys, *runs)
  assert result.code == 0, result.log
  lines = [line.split() for line in shown.split("\n") if line]
  assert lines[0] == [os.path.join("one", "out"), os.path.join("two", "out")]
  rows = {line[0]: line[1:] for line in lines}
  assert rows["--learning_rate"] == ["0.01", "0.001"]
  assert not any(name in rows for name in (
      "--output_dir", "--data_dir", "--max_seq_length", "--task"))
  for index, folder in enumerate(runs):
    results = commands.results(folder)
    for key in ("eval_accuracy", "loss"):
      assert float(rows[key][index]) == pytest.approx(results[key], abs=1e-4)
  assert all(float(value) > 0 for value in rows["examples/s"])
  assert "McNemar" in shown and "Of 7 examples of the dev set" in shown
  with open("compare_runs.png", "rb") as stream:
    assert stream.read(4) == b"\x89PNG"


def test_flags_of_a_run_are_in_its_folder(runs):
  lines = commands.lines(runs[1], "run.flags")
  assert "--learning_rate=0.001" in lines
  assert "--output_dir=" + runs[1] in lines


def test_predictions_of_the_dev_set_are_in_the_folder(runs):
  content = json.loads(commands.content(runs[0], "eval_predictions.json"))
  results = commands.results(runs[0])
  right = [one == other for one, other in zip(content["labels"],
                                              content["predicted"])]
  assert sum(right) / len(right) == pytest.approx(results["eval_accuracy"],
                                                  abs=1e-6)
  assert len(content["guids"]) == 7


def test_three_runs_are_a_table_alone(runs, monkeypatch, tmp_path, capsys):
  commands.write(tmp_path / "bare" / "eval_results.txt", "loss = 0.5\n")
  result, shown = run(monkeypatch, tmp_path, capsys, *runs,
                      str(tmp_path / "bare"))
  assert result.code == 0 and "McNemar" not in shown
  row = [line for line in shown.split("\n") if line.startswith("seconds")][0]
  assert row.split()[-1] == "-"


def test_runs_without_predictions_have_a_table_alone(
    runs, monkeypatch, tmp_path, capsys):
  commands.write(tmp_path / "bare" / "eval_results.txt", "loss = 0.5\n")
  result, shown = run(monkeypatch, tmp_path, capsys, runs[0],
                      str(tmp_path / "bare"))
  assert result.code == 0
  assert "Not compared example by example" in shown


@pytest.mark.parametrize("arguments, fragment", [
    ([], "two OUTPUT_DIR"), (["a"], "two OUTPUT_DIR"),
    (["--none", "a"], "unknown flag --none"), (["a", "a/"], "there twice"),
    (["a", "b"], "a: no such folder")])
def test_mistake_is_one_line(arguments, fragment, tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  result = commands.run(arguments, compare_runs)
  assert result.code == 2 and fragment in result.log
  assert len(result.log.strip().split("\n")) == 1


def test_run_that_was_not_evaluated_is_told(runs, tmp_path):
  result = commands.run([runs[0], str(tmp_path)], compare_runs)
  assert result.code == 2 and "--do_eval writes it" in result.log
