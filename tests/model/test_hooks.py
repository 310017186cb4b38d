"""The progress of a training, step by step."""

import os
import signal

from google.protobuf import text_format
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import signals
from bert.model import hooks
from bert.model import model_function
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
    tf.add_to_collection(tf.GraphKeys.SAVERS, tf.train.Saver(max_to_keep=9))
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


@pytest.fixture
def saved(tmp_path, console_log):
  """A folder of five steps, saved every other."""
  run_steps([hooks.SaverHook(str(tmp_path), 2)], 5)
  tf.summary.FileWriterCache.clear()
  return tmp_path


def test_saver_saves_at_first_every_other_step_and_at_last(saved):
  names = tf.train.get_checkpoint_state(str(saved)).all_model_checkpoint_paths
  assert [os.path.basename(name) for name in names] == [
      "model.ckpt-0", "model.ckpt-2", "model.ckpt-4", "model.ckpt-5"]


def test_no_checkpoint_is_without_its_graph_if_the_run_is_killed(
    tmp_path, monkeypatch, console_log):
  save = tf.train.Saver.save
  def save_or_die(self, session, path, step, **kwargs):
    if step == 4:
      raise KeyboardInterrupt
    return save(self, session, path, step, **kwargs)
  monkeypatch.setattr(tf.train.Saver, "save", save_or_die)
  with pytest.raises(KeyboardInterrupt):
    run_steps([hooks.SaverHook(str(tmp_path), 2)], 5)
  tf.summary.FileWriterCache.clear()
  assert (tmp_path / "model.ckpt-4.meta").exists()
  graph = tf.MetaGraphDef.FromString(
      (tmp_path / "model.ckpt-2.meta").read_bytes())
  assert "global_step" in {node.name for node in graph.graph_def.node}
  assert graph.saver_def.save_tensor_name


def test_saver_writes_the_graph_as_text_and_for_tensorboard_once(saved):
  graph_def = text_format.Parse((saved / "graph.pbtxt").read_text(),
                                tf.GraphDef())
  assert {"global_step", "mean_loss", "rate"} <= {
      node.name for node in graph_def.node}
  events, = saved.glob("events.*")
  shown = [event.graph_def for event in tf.train.summary_iterator(str(events))
           if event.HasField("graph_def")]
  assert len(shown) == 1
  assert tf.GraphDef.FromString(shown[0]).node[0] == graph_def.node[0]


def test_summaries_come_first_and_every_other_step_from_there(tmp_path):
  with tf.Graph().as_default():
    global_step = tf.train.get_or_create_global_step()
    goes_on = tf.assign(global_step, 7)
    loss = tf.cast(global_step + 1, tf.float32)
    tf.summary.scalar("loss", loss)
    with tf.control_dependencies([loss]):
      train_op = tf.assign_add(global_step, 1)
    scaffold = tf.train.Scaffold(
        local_init_op=goes_on.op,
        ready_for_local_init_op=tf.constant([], tf.string))
    with tf.train.MonitoredSession(
        tf.train.ChiefSessionCreator(scaffold),
        hooks=[hooks.SummaryHook(str(tmp_path), 2)]) as session:
      for _ in range(4):
        session.run(train_op)
  tf.summary.FileWriterCache.clear()
  path, = tmp_path.glob("events.*")
  events = list(tf.train.summary_iterator(str(path)))
  assert [(event.step, value.simple_value) for event in events
          for value in event.summary.value] == [(8, 8), (10, 10)]
  assert [event.step for event in events
          if event.session_log.status == tf.SessionLog.START] == [8]


class Asked:
  """Two workers, of which this one or the other is asked to stop."""

  size = 2


def run_joined(request, share_by_step):
  """Runs until the hook stops; returns the steps made and what was fed."""
  fed = []
  with tf.Graph().as_default():
    global_step = tf.train.get_or_create_global_step()
    is_stopping = tf.placeholder_with_default(0.0, [],
                                              model_function.IS_STOPPING)
    tf.py_func(lambda value, step: np.float32(
        fed.append(float(value)) or share_by_step[step]),
               [is_stopping, global_step], tf.float32,
               name=model_function.SHARE_STOPPING)
    with tf.control_dependencies([
        tf.get_default_graph().get_tensor_by_name(
            model_function.SHARE_STOPPING + ":0")]):
      train_op = tf.assign_add(global_step, 1)
    with tf.train.MonitoredSession(
        hooks=[hooks.StopHook(request, Asked)]) as session:
      while not session.should_stop():
        session.run(train_op)
  return len(fed), fed


def test_worker_stops_after_the_step_that_all_know_of_a_signal():
  request = signals.StopRequest()
  request.signum = 2
  assert run_joined(request, [0.0, 0.5, 0.5]) == (2, [1.0, 1.0])
  assert request.signum == 2


def test_worker_stops_with_another_that_a_signal_came_to():
  request = signals.StopRequest()
  assert run_joined(request, [0.0, 0.0, 0.5]) == (3, [0.0, 0.0, 0.0])
  assert request.signum == signal.SIGTERM


def test_follower_calls_listeners_when_the_first_worker_saves(tmp_path):
  steps = {}
  for name, hook in (("saves", hooks.SaverHook), ("follows", hooks.FollowerHook)):
    folder = tmp_path / name
    folder.mkdir()

    class Listener(tf.estimator.CheckpointSaverListener):
      """Notes the steps."""
      seen = steps.setdefault(name, [])

      def after_save(self, session, global_step_value):
        self.seen.append(int(global_step_value))

    made = hook(str(folder), 2)
    made._listeners = [Listener()]
    run_steps([made], 5)
  # The first one saves before the first step, too, which nobody evaluates.
  assert steps == {"saves": [0, 2, 4, 5], "follows": [2, 4, 5]}
  assert not list((tmp_path / "follows").glob("model.ckpt*"))
  assert list((tmp_path / "saves").glob("model.ckpt-5*"))
