"""Runs of a command in this process that end in the middle of a training."""
import contextlib
import os
from unittest import mock

import numpy as np
import tensorflow.compat.v1 as tf

import commands

# Of a model with dropout, whose weights are large enough for it to matter.
CONFIG = dict(initializer_range=0.3, hidden_dropout_prob=0.2,
              attention_probs_dropout_prob=0.2)


class Killed(BaseException):
  """Ends a run as SIGKILL does: nothing is saved."""


class _Hook(tf.estimator.SessionRunHook):
  """Kills a run after a step."""

  def __init__(self, steps):
    self._steps = steps

  def after_run(self, run_context, run_values):
    step = run_context.session.run(tf.train.get_global_step())
    if self._steps and step == self._steps[0]:
      del self._steps[0]
      raise Killed()


@contextlib.contextmanager
def _killing(steps):
  estimator = tf.estimator.tpu.TPUEstimator
  train = estimator.train

  def train_with_hook(self, input_fn, hooks=None, **kwargs):
    return train(self, input_fn, hooks=list(hooks or []) + [_Hook(steps)],
                 **kwargs)

  with mock.patch.object(estimator, "train", train_with_hook):
    yield


def run_killed(run, steps):
  """Calls a function that runs a command again and again, until it ends.

  Args:
    run: raises what its training raises.
    steps: after which it is killed, in turn.
  """
  left = list(steps)
  with _killing(left):
    for _ in steps:
      try:
        run()
      except Killed:
        continue
      raise AssertionError("ended before step %s" % left)
  run()


def assert_equal_variables(folder, other, step):
  """The newest checkpoints of all folders below two of them, of which there are
  any, the last of a step, are the same, bit for bit."""
  folders = [[root for root, _, names in sorted(os.walk(str(each)))
              if "checkpoint" in names] for each in (folder, other)]
  assert [os.path.relpath(each, str(folder)) for each in folders[0]] == [
      os.path.relpath(each, str(other)) for each in folders[1]]
  steps = []
  for pair in zip(*folders):
    one, expected = [commands.variables(tf.train.latest_checkpoint(each))
                     for each in pair]
    steps.append(one["global_step"])
    assert set(one) == set(expected)
    for name, value in expected.items():
      np.testing.assert_array_equal(one[name], value, err_msg=name)
  assert max(steps) == step
