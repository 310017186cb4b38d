"""The progress of a training, step by step."""

import pytest
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.model import hooks
from clocks import Clock


@pytest.fixture
def clock(monkeypatch):
  clock = Clock()
  monkeypatch.setattr(console, "time", clock)
  monkeypatch.setattr(hooks, "time", clock)
  return clock


def run_steps(session_hooks, steps):
  """Runs steps whose loss is the step's number, from 1, and rate a half."""
  with tf.Graph().as_default():
    global_step = tf.train.get_or_create_global_step()
    loss = tf.cast(global_step + 1, tf.float32, name="mean_loss")
    rate = tf.constant(0.5, name="rate")
    with tf.control_dependencies([loss, rate]):
      train_op = tf.assign_add(global_step, 1)
    with tf.train.MonitoredSession(hooks=session_hooks) as session:
      for _ in range(steps):
        session.run(train_op)


def test_progress_shows_mean_loss_rate_and_speed(console_log, clock):
  hook = hooks.ProgressHook(total=4, batch_size=32, every=2)

  class Seconds(tf.estimator.SessionRunHook):
    """Every step takes two seconds."""

    def before_run(self, run_context):
      clock.now += 2

  run_steps([Seconds(), hook], 4)
  assert console_log == [
      "Training: 2 of 4 (50 %), loss 1.5000, rate 0.5, 16.0 examples/s, "
      "4s left",
      "Training: 4 of 4 (100 %), loss 3.5000, rate 0.5, 16.0 examples/s, "
      "0s left",
      "Training: done in 8s"]


def test_progress_on_a_tpu_fetches_no_tensor_of_the_computation(console_log, clock):
  run_steps([hooks.ProgressHook(2, 32, 1, use_tpu=True)], 2)
  assert len(console_log) == 3
  assert console_log[0].startswith("Training: 1 of 2 (50 %), ")
  assert "loss" not in "".join(console_log)
