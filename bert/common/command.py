"""How a command starts and ends.

Flags are parsed before TensorFlow is imported, which takes seconds: nothing
here imports it until start_tensorflow is called.
"""

import contextlib
import errno
import gc
import logging
import os
import re
import signal
import sys
import warnings
from typing import Callable, Sequence

from bert.common import command_line
from bert.common import errors
from bert.common import machine
from bert.common import plug_ins
from bert.common import signals
from bert.common import storage
from bert.common.errors import UserError

# 128 plus SIGPIPE, the signal that ends programs whose output nobody reads.
_READER_IS_GONE = 141
# Starts of the Estimator's own lines that mean nothing to a user, or repeat the
# progress lines.
_NOISE = re.compile("|".join((
    "(From|The name) .* deprecated", "Instructions for updating",
    "Using config: ", "eval_on_tpu ", "_TPUContext: ", "Estimator's model_fn",
    "Calling model_fn", "Done calling model_fn", "Create CheckpointSaver",
    "Graph was finalized", "Running local_init_op",
    "Done running local_init_op",
    "Running (train|eval|infer) on ", "global_step/sec: ", "examples/sec: ",
    "loss = ", "Loss for final step", "Starting evaluation ",
    r"Evaluation \[", "Inference Time", "Finished evaluation ", "Saving dict ",
    "Saving 'checkpoint_path' summary", "(training|evaluation|prediction)_loop "
    "marked as ", "Error recorded from ", "Reraising captured error",
    "Calling checkpoint listeners", "ParseError: ", ".*: Checkpoint ignored$",
    "Skipping training since max_steps", "Input graph does not use tf.data",
    "Could not find trained model in model_dir")))


def run(main: Callable[[Sequence[str]], None], argv: Sequence[str]) -> int:
  """Runs a command; returns its exit code.

  2 for a mistake of the user's, also in a module of theirs, 1 for a failure of
  the machine, 128 plus its number for a signal: for SIGPIPE, too, where the
  reader of the output has ended, as in `| head -1`.
  """
  _open_missing_streams()
  try:
    code = _run(main, argv)
  finally:
    _drop_broken_streams()
  storage.leave_at_once(code)
  return code


def _run(main, argv):
  name = os.path.basename(argv[0])
  try:
    with signals.raising():
      _call(main, argv)
  except UserError as error:
    _report("%s: error: %s" % (name, error))
    return 2
  except KeyboardInterrupt as error:
    _report("Interrupted%s; the same command goes on from the last checkpoint."
            % getattr(error, "state", ""))
    return 128 + getattr(error, "signum", signal.SIGINT)
  except BrokenPipeError:
    _drop(sys.stdout)
    return _READER_IS_GONE
  except Exception as error:  # pylint: disable=broad-except
    text = machine.describe(error) or _describe_output(error)
    if text is not None:
      _report("%s: failed: %s" % (name, text))
      return 1
    text = plug_ins.describe(error)
    if text is None:
      raise
    _report("%s: error: %s" % (name, text))
    return 2
  return 0


def _call(main, argv):
  """Calls main; what it printed is written, or the error is raised here."""
  try:
    main(argv)
  except SystemExit:  # After --help.
    sys.stdout.flush()
    raise
  sys.stdout.flush()


def _report(text):
  """Prints a line to standard error, where that can be written to."""
  with contextlib.suppress(OSError, ValueError):
    print(errors.without_passwords(text), file=sys.stderr)


def _describe_output(error):
  """Returns what is wrong with standard output; None if an error is another."""
  if isinstance(error, OSError) and error.filename is None and (
      error.errno in (errno.EBADF, errno.EIO)):
    return "standard output can't be written to: %s" % error.strerror
  return None


def _can_flush(stream):
  try:
    stream.flush()
  except (OSError, ValueError):
    return False
  return True


def _open_missing_streams():
  """Opens the null device for each standard stream that is closed (`>&-`): the
  next file that is opened would get its number, and what is printed."""
  for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
    if getattr(sys, name) is None:
      setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


def _drop_broken_streams():
  """Drops what can't be written any more: Python would report that when it
  exits, with an exit code of its own."""
  for stream in (sys.stdout, sys.stderr):
    if not _can_flush(stream):
      _drop(stream)


def _drop(stream):
  """Sends what a stream holds, and gets later, to the null device."""
  with contextlib.suppress(OSError, ValueError):
    with open(os.devnull, "wb") as null:
      os.dup2(null.fileno(), stream.fileno())
    stream.flush()


def start_tensorflow(*groups) -> None:
  """Imports TensorFlow, in graph mode, without its messages.

  Args:
    groups: options, or tuples of them, with the paths that are to be read.

  Raises:
    UserError: TensorFlow can't read one of the paths.
  """
  # TensorFlow's C++ log, and the warnings of NumPy that it causes.
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  # oneDNN's kernels, which TensorFlow 2 takes by itself on newer CPUs alone.
  os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
  warnings.simplefilter("ignore", FutureWarning)
  warnings.simplefilter("ignore", DeprecationWarning)
  # TensorFlow's modules hold 300,000 permanent objects: a short run spent a
  # sixth of its time on collecting garbage among them.
  gc.set_threshold(20000)
  import tensorflow.compat.v1 as tf
  gc.freeze()
  set_up_log()
  tf.disable_v2_behavior()
  storage.load_file_systems(command_line.paths_of(groups))


def set_up_log() -> None:
  """Sends TensorFlow's log to standard error, each line once, above any bar."""
  handler = _TqdmHandler()
  handler.setFormatter(
      logging.Formatter("%(levelname)s:tensorflow:%(message)s"))
  handler.addFilter(lambda record: not is_noise(record.getMessage()))
  logger = logging.getLogger("tensorflow")
  logger.handlers = [handler]
  logger.propagate = False
  logger.setLevel(logging.INFO)


def is_noise(message: str) -> bool:
  """Whether a line of the log is left out."""
  return bool(_NOISE.match(message))


class _TqdmHandler(logging.Handler):
  """Writes above the bar instead of through it."""

  def emit(self, record):
    import tqdm
    # A run goes on where nobody reads its log any more.
    with contextlib.suppress(OSError, ValueError):
      tqdm.tqdm.write(errors.without_passwords(self.format(record)),
                      file=sys.stderr)
