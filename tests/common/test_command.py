"""How a command starts and ends: its log, its exit codes."""
import gc
import logging
import sys

import pytest
import tensorflow.compat.v1 as tf

from bert.common import command
from bert.common.errors import UserError


@pytest.fixture
def restored_log():
  """Puts TensorFlow's logger back after the test."""
  logger = logging.getLogger("tensorflow")
  before = (logger.handlers, logger.propagate, logger.level)
  yield
  logger.handlers, logger.propagate, level = before
  logger.setLevel(level)


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
  assert not command.is_noise(message)


@pytest.mark.parametrize("message", [
    "From a.py:3: f (from b) is deprecated and will be removed.\n"
    "Instructions for updating:\nUse g.",
    "Graph was finalized.", "Running local_init_op.",
    "Done running local_init_op.", "Calling model_fn.",
    "Done calling model_fn.", "Create CheckpointSaverHook.",
    "global_step/sec: 1.5", "examples/sec: 48.2",
    "Using config: {'_model_dir': 'out'}"])
def test_line_of_the_libraries_is_noise(message):
  assert command.is_noise(message)


def test_log_shows_a_line_once_and_no_noise(restored_log, capsys, monkeypatch):
  monkeypatch.setattr(logging.getLogger(), "handlers",
                      [logging.StreamHandler(sys.stderr)])
  command.set_up_log()
  command.set_up_log()
  tf.logging.info("a %s line", "plain")
  tf.logging.warning("take care")
  tf.logging.warning("From a.py:3: f is deprecated.\nInstructions: none.")
  lines = capsys.readouterr().err.splitlines()
  assert len(lines) == 2
  assert lines[0].endswith("a plain line") and "INFO" in lines[0]
  assert lines[1].endswith("take care") and "WARNING" in lines[1]


def test_garbage_is_not_looked_for_in_modules_of_tensorflow(restored_log):
  threshold = gc.get_threshold()
  gc.unfreeze()
  try:
    command.start_tensorflow()
    assert gc.get_freeze_count() > 100000
  finally:
    gc.unfreeze()
    gc.set_threshold(*threshold)


def raising(error):
  def main(argv):
    del argv
    raise error
  return main


def test_run_hands_the_command_line_on(restored_log):
  seen = []
  assert command.run(seen.append, ["/bin/tool.py", "--x"]) == 0
  assert seen == [["/bin/tool.py", "--x"]]


def test_mistake_of_the_user_ends_with_2_and_one_line(restored_log, capsys):
  error = UserError("--x=1: no such thing; give --x=2")
  assert command.run(raising(error), ["/bin/tool.py"]) == 2
  captured = capsys.readouterr()
  assert captured.err == "tool.py: error: --x=1: no such thing; give --x=2\n"
  assert captured.out == ""


@pytest.mark.parametrize("error", [
    ValueError("a bug"), KeyError("a bug"), SystemExit(0),
    tf.errors.NotFoundError(None, None, "a bug")])
def test_any_other_exception_comes_through(error, restored_log):
  with pytest.raises(type(error)) as caught:
    command.run(raising(error), ["tool.py"])
  assert caught.value is error


def test_interrupted_run_says_how_to_go_on(restored_log, capsys):
  assert command.run(raising(KeyboardInterrupt()), ["tool.py"]) == 130
  assert "goes on from the last checkpoint" in capsys.readouterr().err
