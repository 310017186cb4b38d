import io
import logging
import sys

import pytest
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common.errors import UserError


class Clock:
  """Stands for the module time; moves when it is told to."""

  def __init__(self):
    self.now = 1000.0

  def time(self):
    return self.now


@pytest.fixture
def clock(monkeypatch):
  clock = Clock()
  monkeypatch.setattr(console, "time", clock)
  return clock


@pytest.fixture
def log(monkeypatch):
  """Lines logged; standard error is a file."""
  lines = []
  monkeypatch.setattr(sys, "stderr", io.StringIO())
  monkeypatch.setattr(tf.logging, "info",
                      lambda text, *args: lines.append(text % args))
  return lines


@pytest.fixture
def restored_log():
  """Puts TensorFlow's logger back after the test."""
  logger = logging.getLogger("tensorflow")
  before = (logger.handlers, logger.propagate, logger.level)
  yield
  logger.handlers, logger.propagate, level = before
  logger.setLevel(level)


@pytest.mark.parametrize("seconds, text", [
    (0, "0s"), (0.4, "0s"), (7, "7s"), (59.4, "59s"), (59.6, "1m00s"),
    (60, "1m00s"), (125, "2m05s"), (3599.4, "59m59s"), (3599.6, "1h00m"),
    (3 * 3600 + 7 * 60 + 50, "3h07m"), (100 * 3600, "100h00m")])
def test_duration_is_short(seconds, text):
  assert console.duration(seconds) == text


@pytest.mark.parametrize("message", [
    "***** Running training *****", "***** Running evaluation *****",
    "***** Eval results *****", "***** Running prediction*****",
    "  Num examples = 8551", "  Batch size = 32", "  Num steps = 801",
    "  eval_accuracy = 0.75", "  eval_loss = 0.5625", "  global_step = 801",
    "  loss = 0.5625", "  eval_mcc = 0.25", "*** Example ***", "guid: dev-1",
    "tokens: [CLS] the loss = 1 is deprecated [SEP]", "label: 1 (id = 1)",
    "  name = output_weights:0, shape = (2, 32), *INIT_FROM_CKPT*",
    "Training: 100 of 801 (12 %), loss 0.6, rate 5e-05, 7s left"])
def test_line_for_the_user_is_no_noise(message):
  assert not console.is_noise(message)


@pytest.mark.parametrize("message", [
    "From a.py:3: f (from b) is deprecated and will be removed.\n"
    "Instructions for updating:\nUse g.",
    "Graph was finalized.", "Running local_init_op.",
    "Done running local_init_op.", "Calling model_fn.",
    "Done calling model_fn.", "Create CheckpointSaverHook.",
    "global_step/sec: 1.5", "examples/sec: 48.2",
    "Using config: {'_model_dir': 'out'}"])
def test_line_of_the_libraries_is_noise(message):
  assert console.is_noise(message)


def test_log_shows_a_line_once_and_no_noise(restored_log, capsys, monkeypatch):
  monkeypatch.setattr(logging.getLogger(), "handlers",
                      [logging.StreamHandler(sys.stderr)])
  console.set_up_log()
  console.set_up_log()
  tf.logging.info("a %s line", "plain")
  tf.logging.warning("take care")
  tf.logging.warning("From a.py:3: f is deprecated.\nInstructions: none.")
  lines = capsys.readouterr().err.splitlines()
  assert len(lines) == 2
  assert lines[0].endswith("a plain line") and "INFO" in lines[0]
  assert lines[1].endswith("take care") and "WARNING" in lines[1]


def test_meter_speaks_every_so_many_steps(log, clock):
  meter = console.Meter(10, "Training", every=4)
  due = []
  for step in range(1, 11):
    clock.now += 2
    due.append(meter.show(step, "loss 0.5"))
  assert [step for step, is_due in enumerate(due, 1) if is_due] == [4, 8, 10]
  assert log == ["Training: 4 of 10 (40 %), loss 0.5, 12s left",
                 "Training: 8 of 10 (80 %), loss 0.5, 4s left",
                 "Training: 10 of 10 (100 %), loss 0.5, 0s left"]
  meter.close()
  assert log[-1] == "Training: done in 20s"


def test_first_line_comes_early_when_steps_are_slow(log, clock):
  meter = console.Meter(1000, "Training", every=100)
  for step in range(1, 101):
    clock.now += 3
    meter.show(step)
  assert log == ["Training: 4 of 1000 (0 %), 49m48s left",
                 "Training: 100 of 1000 (10 %), 45m00s left"]


def test_meter_counts_from_where_a_run_goes_on(log, clock):
  meter = console.Meter(100, "Training", start=50, every=10)
  clock.now += 5
  assert not meter.show(55)
  clock.now += 5
  assert meter.show(60)
  # 10 steps took 10 seconds; 40 are left.
  assert log == ["Training: 60 of 100 (60 %), 40s left"]


def test_meter_without_a_step_count_speaks_every_ten_seconds(log, clock):
  meter = console.Meter(1000, "Predicting")
  for step in range(1, 26):
    clock.now += 1
    meter.show(step)
  assert log == ["Predicting: 10 of 1000 (1 %), 16m30s left",
                 "Predicting: 20 of 1000 (2 %), 16m20s left"]


def test_meter_draws_a_bar_on_a_terminal(monkeypatch, clock):
  terminal = io.StringIO()
  terminal.isatty = lambda: True
  monkeypatch.setattr(sys, "stderr", terminal)
  meter = console.Meter(10, "Training", every=5)
  meter.show(5, "loss 0.5")
  meter.close()
  assert "Training" in terminal.getvalue()
  assert "10" in terminal.getvalue()


def test_bar_passes_everything_on(log):
  assert list(console.bar(iter("abc"), 3, "Reading")) == ["a", "b", "c"]
  assert log == ["Reading: done in 0s"]
  assert list(console.bar([], 0, "Reading")) == []


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


def test_progress_shows_mean_loss_rate_and_speed(log, clock):
  hook = console.ProgressHook(total=4, batch_size=32, every=2)

  class Seconds(tf.estimator.SessionRunHook):
    """Every step takes two seconds."""

    def before_run(self, run_context):
      clock.now += 2

  run_steps([Seconds(), hook], 4)
  assert log == [
      "Training: 2 of 4 (50 %), loss 1.5000, rate 0.5, 16.0 examples/s, "
      "4s left",
      "Training: 4 of 4 (100 %), loss 3.5000, rate 0.5, 16.0 examples/s, "
      "0s left",
      "Training: done in 8s"]


def test_progress_on_a_tpu_fetches_no_tensor_of_the_computation(log, clock):
  run_steps([console.ProgressHook(2, 32, 1, use_tpu=True)], 2)
  assert len(log) == 3
  assert log[0].startswith("Training: 1 of 2 (50 %), ")
  assert "loss" not in "".join(log)


def test_steps_of_an_evaluation_are_counted(log, clock):

  class Seconds(tf.estimator.SessionRunHook):

    def before_run(self, run_context):
      clock.now += 6

  run_steps([Seconds(), console.StepsHook(4, "Evaluating")], 4)
  assert log == ["Evaluating: 2 of 4 (50 %), 12s left",
                 "Evaluating: 4 of 4 (100 %), 0s left",
                 "Evaluating: done in 24s"]


def raising(error):
  def main(argv):
    del argv
    raise error
  return main


def test_run_hands_the_command_line_on(restored_log):
  seen = []
  assert console.run(seen.append, ["/bin/tool.py", "--x"]) == 0
  assert seen == [["/bin/tool.py", "--x"]]


def test_mistake_of_the_user_ends_with_2_and_one_line(restored_log, capsys):
  error = UserError("--x=1: no such thing; give --x=2")
  assert console.run(raising(error), ["/bin/tool.py"]) == 2
  captured = capsys.readouterr()
  assert captured.err == "tool.py: error: --x=1: no such thing; give --x=2\n"
  assert captured.out == ""


@pytest.mark.parametrize("error", [
    ValueError("a bug"), KeyError("a bug"), SystemExit(0),
    tf.errors.NotFoundError(None, None, "a bug")])
def test_any_other_exception_comes_through(error, restored_log):
  with pytest.raises(type(error)) as caught:
    console.run(raising(error), ["tool.py"])
  assert caught.value is error


def test_interrupted_run_says_how_to_go_on(restored_log, capsys):
  assert console.run(raising(KeyboardInterrupt()), ["tool.py"]) == 130
  assert "goes on from the last checkpoint" in capsys.readouterr().err
