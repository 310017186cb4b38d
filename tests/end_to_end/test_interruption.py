"""Signals, full disks and second runs: one line each, and the run goes on."""
import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import active_tasks
import commands
import forked
import tiny_runs

# A user's task that does something after step 3: $ACT_AT_3 says what.
ACTIVE_TASK = '''
import os
import signal
import subprocess

import tensorflow.compat.v1 as tf

from processors import base
from processors import glue


@base.register("active")
class Active(glue.Mrpc):
  """MRPC."""


def act():
  what = os.environ.get("ACT_AT_3", "")
  if what.startswith("SIG"):
    os.kill(os.getpid(), getattr(signal, what))
  elif what:
    code = subprocess.call(what, shell=True)
    print("the second run ended with code %d" % code)
''' + active_tasks.ACT_AFTER_STEP_3


def make_flags(folder, **changes):
  """Five steps with checkpoints at 2, 4 and 5."""
  flags = tiny_runs.pairs(folder, task_name="active", processor_module=
                          commands.write(folder / "active.py", ACTIVE_TASK))
  return dict(flags, **dict(dict(num_workers=1, log_steps=1), **changes))


def last_line(log):
  return log.rstrip("\n").split("\n")[-1]


def assert_same_files(folder, other):
  """Two runs have ended with the same files, at the same step."""
  assert commands.names(folder) == commands.names(other)
  assert set(commands.results(folder)) == set(commands.results(other))
  assert commands.results(folder)["global_step"] == 5


def assert_same_end(folder, other):
  """Two runs have also ended with the same weights and predictions."""
  assert_same_files(folder, other)
  np.testing.assert_allclose(commands.probabilities(folder),
                             commands.probabilities(other), rtol=1e-5)
  weights, expected = [commands.variables(tf.train.latest_checkpoint(each))
                       for each in (folder, other)]
  for name, value in expected.items():
    np.testing.assert_allclose(weights[name], value, rtol=1e-4, atol=1e-6)


@pytest.fixture(scope="module", name="undisturbed")
def undisturbed_fixture(tmp_path_factory):
  """The output folder of a run left alone."""
  flags = make_flags(tmp_path_factory.mktemp("undisturbed"),
                     keep_checkpoint_max=1)
  commands.finish(flags)
  return flags["output_dir"]


@pytest.mark.parametrize("name, code", [("SIGTERM", 143), ("SIGINT", 130)])
def test_signal_while_training_saves_a_checkpoint_first(name, code, tmp_path,
                                                        undisturbed):
  flags = make_flags(tmp_path, keep_checkpoint_max=1)
  result = commands.spawn(flags, ACT_AT_3=name)
  assert result.code == code, result.log
  assert "Traceback" not in result.log
  assert last_line(result.log).startswith(
      "Interrupted at step 3 of 5, checkpoint saved; ")
  assert tf.train.latest_checkpoint(flags["output_dir"]).endswith("ckpt-3")
  if name == "SIGTERM":  # Both have left the same checkpoint.
    log = commands.finish(flags)
    assert "from step 3" in log
    assert_same_end(flags["output_dir"], undisturbed)


def test_second_run_in_a_folder_is_refused_and_changes_nothing(tmp_path):
  flags = make_flags(tmp_path, do_eval=False, do_predict=False)
  second = " ".join(forked.python() + [commands.SCRIPT] + commands.argv(
      dict(flags, do_train=False, do_eval=True)))
  result = commands.spawn(
      flags, ACT_AT_3="ACT_AT_3= %s" % second, PYTHONPATH=os.pathsep.join(
          sys.path))
  assert result.code == 0, result.log
  assert "the second run ended with code 2" in result.log
  (line,) = [line for line in result.log.split("\n") if ": error: " in line]
  assert "--output_dir=%s: another run is using it" % flags["output_dir"] in line
  assert "process " in line
  assert ".lock" not in os.listdir(flags["output_dir"])


def test_lock_of_a_dead_run_is_taken_over(tmp_path):
  flags = make_flags(tmp_path, do_eval=False, do_predict=False)
  result = commands.spawn(flags, ACT_AT_3="SIGKILL")
  assert result.code == -signal.SIGKILL, result.log
  assert ".lock" in os.listdir(flags["output_dir"])
  commands.finish(flags)
  assert ".lock" not in os.listdir(flags["output_dir"])


def limit_files():
  """Lets no file grow over 12 kB: the first checkpoint does not fit."""
  resource.setrlimit(resource.RLIMIT_FSIZE, (12000, 12000))


def test_full_disk_is_one_line_and_the_run_goes_on_when_there_is_room(
    tmp_path, undisturbed):
  flags = make_flags(tmp_path, keep_checkpoint_max=1)
  process = subprocess.run(
      forked.python() + [commands.SCRIPT] + commands.argv(flags),
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=limit_files)
  log = process.stdout.decode("utf-8")
  assert process.returncode == 1, log
  assert "Traceback" not in log
  line = last_line(log)
  assert line.startswith("run_classifier.py: failed: ")
  assert "File too large" in line and "make room" in line
  commands.finish(flags)
  assert_same_end(flags["output_dir"], undisturbed)


@pytest.mark.parametrize("value", [
    '{"cluster": {"worker": ["a:1", "b:1"]}, "task": '
    '{"type": "worker", "index": 0}}', "{", '{"task": 3}'])
def test_cluster_of_an_earlier_job_is_ignored(value, tmp_path, monkeypatch):
  monkeypatch.setenv("TF_CONFIG", value)
  log = commands.finish(make_flags(tmp_path, do_eval=False, do_predict=False,
                                   num_train_epochs=1))
  assert log.count("TF_CONFIG is ignored") == 1


def test_home_folder_is_meant_by_a_tilde(tmp_path, monkeypatch):
  flags = make_flags(tmp_path, do_predict=False)
  monkeypatch.setenv("HOME", str(tmp_path))
  monkeypatch.chdir(tmp_path)
  commands.finish(dict(flags, data_dir="~/data", output_dir="~/out",
                       processor_module="~/active.py",
                       bert_config_file="~/bert_config.json"))
  assert "~" not in os.listdir(str(tmp_path))
  assert os.path.exists(str(tmp_path / "out" / "eval_results.txt"))
