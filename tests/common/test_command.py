"""How a command starts and ends: its log, its exit codes."""
import errno
import gc
import inspect
import logging
import os
import sys

import pytest
import tensorflow.compat.v1 as tf

import commands
import make_flags_doc
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


SCRIPTS = make_flags_doc.COMMANDS + make_flags_doc.SCRIPTS + (
    "compare_runs", "draw_learning_curve", "show_results")


@pytest.fixture
def unread():
  """A stream into a pipe whose reader has ended."""
  reader, writer = os.pipe()
  os.close(reader)
  stream = open(writer, "w", encoding="utf-8")
  yield stream
  stream.close()  # It raises for what could not be written.


def printing(argv):
  print("a line of output")
  print("a line of the log", file=sys.stderr)
  assert sys.stdin is not None
  return argv


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_that_nobody_reads_ends_like_a_program_in_a_pipe(
    name, unread, monkeypatch, capsys):
  module = commands.load_script(name)
  monkeypatch.setattr(sys, "stdout", unread)
  assert command.run(module.main, [name + ".py", "--help"]) == 128 + 13
  assert capsys.readouterr().err == ""
  assert unread.write("dropped") and unread.flush() is None


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_ends_through_run(name):
  source = inspect.getsource(commands.load_script(name))
  assert source.rstrip().endswith("sys.exit(command.run(main, sys.argv))")


@pytest.mark.parametrize("text", ["a line", "a line\n" * 10000])
def test_output_that_nobody_reads_is_no_error(text, unread, monkeypatch,
                                              capsys):
  monkeypatch.setattr(sys, "stdout", unread)
  assert command.run(lambda argv: print(text), ["tool.py"]) == 128 + 13
  assert capsys.readouterr().err == ""


def test_mistake_comes_before_output_that_nobody_reads(unread, monkeypatch,
                                                       capsys):
  def main(argv):
    print("a line")
    raise UserError("%s: no" % argv[0])
  monkeypatch.setattr(sys, "stdout", unread)
  assert command.run(main, ["tool.py"]) == 2
  assert capsys.readouterr().err == "tool.py: error: tool.py: no\n"


def test_run_goes_on_without_a_reader_of_its_log(unread, monkeypatch,
                                                 restored_log, capsys):
  def main(argv):
    command.set_up_log()
    tf.logging.warning("a line of the log")
    print("done", argv[0])
  monkeypatch.setattr(sys, "stderr", unread)
  assert command.run(main, ["tool.py"]) == 0
  assert capsys.readouterr().out == "done tool.py\n"
  assert command.run(raising(UserError("no")), ["tool.py"]) == 2


def test_closed_streams_are_as_the_null_device(monkeypatch):
  for name in ("stdin", "stdout", "stderr"):
    monkeypatch.setattr(sys, name, None)
  texts = []
  assert command.run(printing, ["tool.py"]) == 0
  assert command.run(lambda argv: texts.append(sys.stdin.read()), ["x"]) == 0
  assert texts == [""]
  assert command.run(raising(UserError("no")), ["tool.py"]) == 2


@pytest.mark.parametrize("number, fragment", [
    (errno.EBADF, "standard output can't be written to: Bad file"),
    (errno.ENOSPC, "make room")])
def test_output_that_can_not_be_written_is_one_line(number, fragment, capsys):
  error = OSError(number, os.strerror(number))
  assert command.run(raising(error), ["tool.py"]) == 1
  message = capsys.readouterr().err
  assert message.startswith("tool.py: failed: ") and fragment in message
  assert message.count("\n") == 1


def test_neither_errors_nor_the_log_show_a_password(restored_log, capsys):
  url = "postgresql://me:s3cret@host/db"

  def main(argv):
    command.set_up_log()
    tf.logging.warning("Using %s", url)
    raise UserError("%s: %s" % (argv[0], url))
  assert command.run(main, ["tool.py"]) == 2
  log = capsys.readouterr().err
  assert "s3cret" not in log and log.count("postgresql://me:***@host/db") == 2
