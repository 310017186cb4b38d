"""Commands run by several real workers, and what workers do at a step."""
import os
import re
import subprocess
import sys
from unittest import mock

import pytest
import tensorflow.compat.v1 as tf

import active_tasks
import commands
import forked
import run_classifier
import tiny_runs
from bert import modeling
from bert.common import libraries

needs_horovod = pytest.mark.skipif(
    not libraries.is_installed("horovod"),
    reason="Horovod is not installed: scripts/setup_distributed.sh builds it")

# A user's task without dropout, of which worker $WORKER does something after
# step 3: $ACT_AT_3 says what. $OTHER_TEXT is what that worker reads in addition.
ACTIVE_TASK = '''
import os
import signal

import tensorflow.compat.v1 as tf

from bert import modeling
from processors import base
from processors import glue

IS_ACTIVE = os.environ.get("HOROVOD_RANK", "0") == os.environ.get("WORKER")
modeling.dropout = lambda tensor, dropout_prob: tensor


@base.register("active")
class Active(glue.Mrpc):
  """MRPC."""

  def get_train_examples(self, data_dir):
    examples = super().get_train_examples(data_dir)
    if IS_ACTIVE and "OTHER_TEXT" in os.environ:
      examples[2].text_a += os.environ["OTHER_TEXT"]
    return examples


def act():
  what = os.environ.get("ACT_AT_3", "") if IS_ACTIVE else ""
  if what == "FULL_DISK":
    tf.train.Saver.save = refuse
  elif what:
    os.kill(os.getpid(), getattr(signal, what))


def refuse(*args, **kwargs):
  raise tf.errors.ResourceExhaustedError(
      None, None, "model.ckpt-4.data; No space left on device")
''' + active_tasks.ACT_AFTER_STEP_3


def make_flags(folder, **changes):
  """15 steps of six examples, with checkpoints at each fifth."""
  flags = tiny_runs.pairs(folder, task_name="active", processor_module=
                          commands.write(folder / "active.py", ACTIVE_TASK))
  return dict(dict(flags, random_seed=1, log_steps=1, train_batch_size=6,
                   num_train_epochs=9, save_checkpoints_steps=5,
                   learning_rate=1e-3,
                   eval_batch_size=2, predict_batch_size=3), **changes)


def run_alone(flags, command=run_classifier):
  """Runs a command in this process, which has to succeed."""
  estimator = tf.estimator.tpu.TPUEstimator
  # The task replaces both.
  with mock.patch.object(modeling, "dropout", modeling.dropout), (
      mock.patch.object(estimator, "train", estimator.train)):
    result = commands.run(flags, command)
  assert result.code == 0, result.log


def run(size, flags, script="run_classifier.py", **environment):
  """Runs a script by several workers -> code and output as one."""
  return _run(forked.python() + [os.path.join(
      os.path.dirname(commands.SCRIPT), script)] + _argv(flags), size,
              environment)


def run_each(size, flags, own, **environment):
  """Does the same of run_classifier.py, with $OWN in a flag of each worker.

  Args:
    size: number of workers.
    flags: of all.
    own: a flag's text, in which $HOROVOD_RANK is the worker's number.
    environment: of all.
  """
  words = forked.python() + [commands.SCRIPT] + _argv(flags)
  return _run(["sh", "-c", 'exec "$@" %s' % own, "sh"] + words, size,
              environment)


def _argv(flags):
  return commands.argv(dict(flags, use_horovod=True))


def _run(command, size, environment):
  launcher = os.path.join(os.path.dirname(sys.executable), "horovodrun")
  process = subprocess.run(
      forked.python() + [launcher, "--gloo", "-np", str(size)] + command,
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
      env=commands.environment(environment))
  return commands.Result(process.returncode, process.stdout.decode("utf-8"))


def lines_of(log, worker, pattern):
  """The lines of a worker that a regular expression is found in."""
  start = "[%d]<std" % worker
  return [line.split(":", 1)[1] for line in log.split("\n")
          if line.startswith(start) and re.search(pattern, line)]
