"""Programs that were written for the reference release, run as they are."""
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import commands
import golden
from golden_runs import expected_results, golden_checkpoint

ROOT = os.path.dirname(commands.SCRIPT)
PROGRAMS = os.path.join(ROOT, "tests", "programs")


def run(name, folder, *arguments):
  """What a program writes, and its log."""
  output = os.path.join(str(folder), "out.json")
  process = subprocess.run(
      [sys.executable, os.path.join(PROGRAMS, name), golden.ROOT] +
      [str(each) for each in arguments] + [output], cwd=str(folder),
      env=dict(os.environ, PYTHONPATH=ROOT), stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT, universal_newlines=True)
  assert process.returncode == 0, process.stdout[-4000:]
  with open(output, encoding="utf-8") as reader:
    return json.load(reader), process.stdout


def assert_golden_probabilities(found, task):
  expected = [[float(cell) for cell in line.split("\t")] for line in golden.text(
      "cli", task, "expected_test_results.tsv").strip().split("\n")]
  golden.assert_close(found, expected)


def copy_of_golden(task, folder):
  shutil.copytree(golden.path("cli", task, "output"), str(folder))
  return folder


def test_notebook_reads_a_folder_of_the_reference(tmp_path):
  found, _ = run("reviews_notebook.py", tmp_path,
                 copy_of_golden("cola", tmp_path / "model"), 0)
  assert_golden_probabilities(found["probabilities"], "cola")
  expected = expected_results("cola")
  for key in ("eval_accuracy", "loss", "global_step"):
    assert found["results"][key] == pytest.approx(expected[key], rel=1e-5)


def test_notebook_trains_evaluates_and_predicts(tmp_path):
  found, _ = run("reviews_notebook.py", tmp_path, tmp_path / "model", 60)
  assert found["results"]["global_step"] == 60
  probabilities = np.array(found["probabilities"])
  assert probabilities.shape == (13, 2)
  golden.assert_close(probabilities.sum(axis=1), np.ones(13))
  names = commands.variables(str(tmp_path / "model" / "model.ckpt-60"))
  assert "bert/encoder/layer_0/attention/self/query/kernel/adam_m" in names
  again, _ = run("reviews_notebook.py", tmp_path, tmp_path / "model", 0)
  golden.assert_close(again["probabilities"], probabilities)


@pytest.mark.parametrize("task", ["cola", "mnli", "mrpc"])
def test_builders_give_the_golden_numbers(tmp_path, task):
  found, _ = run("tpu_classifier.py", tmp_path, task, golden.checkpoint(),
                 copy_of_golden(task, tmp_path / "model"), 0)
  assert_golden_probabilities(found["probabilities"], task)
  expected = expected_results(task)
  for key in ("eval_accuracy", "eval_loss", "global_step"):
    assert found["results"][key] == pytest.approx(expected[key], rel=1e-5)


def test_builders_start_from_init_checkpoint_where_there_is_none(tmp_path):
  found, _ = run("tpu_classifier.py", tmp_path, "mrpc",
                 golden_checkpoint("mrpc"), tmp_path / "model", 0)
  assert_golden_probabilities(found["probabilities"], "mrpc")
  expected = expected_results("mrpc")
  assert found["results"]["eval_loss"] == pytest.approx(expected["eval_loss"],
                                                        rel=1e-5)


def test_builders_train(tmp_path):
  found, log = run("tpu_classifier.py", tmp_path, "mrpc", golden.checkpoint(),
                   tmp_path / "model", 12)
  assert found["results"]["global_step"] == 12
  assert "name = bert/pooler/dense/kernel:0, shape = (32, 32), " \
      "*INIT_FROM_CKPT*" in log
  assert "name = output_weights:0, shape = (2, 32)\n" in log
  assert sorted(each for each in os.listdir(str(tmp_path / "model"))
                if each.endswith(".index"))[-1] == "model.ckpt-12.index"
