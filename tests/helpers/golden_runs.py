"""Runs of the command on the golden tasks, and what they must leave behind."""
import os

import pytest

import commands
import golden


def golden_flags(task, **changes):
  flags = {
      "task_name": task, "data_dir": golden.path("cli", task, "data"),
      "vocab_file": golden.path("vocab.txt"),
      "bert_config_file": golden.path("bert_config.json"),
      "max_seq_length": 40}
  return dict(flags, **changes)


def golden_checkpoint(task):
  return golden.path("cli", task, "output", "model.ckpt-20")


def expected_results(task):
  pairs = [line.split(" = ") for line in golden.text(
      "cli", task, "expected_eval_results.txt").strip().split("\n")]
  return {key: float(value) for key, value in pairs}


def assert_golden_results(folder, task, scored=frozenset()):
  """The scores are the golden ones, and besides them only those named."""
  actual = commands.results(folder)
  expected = expected_results(task)
  assert set(actual) == set(expected) | set(scored)
  for key, value in expected.items():
    assert actual[key] == pytest.approx(value, rel=1e-5), key


def assert_golden_records(folder, task, name):
  assert (commands.records(os.path.join(str(folder), name)) ==
          commands.records(golden.path("cli", task, "expected_" + name)))
