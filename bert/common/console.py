"""How a command starts and ends, and what the console shows meanwhile."""

import logging
import os
import re
import sys
import time
from typing import Callable, Iterable, Sequence

import tensorflow.compat.v1 as tf
import tqdm

from bert.common.errors import UserError

# Starts of the Estimator's own lines that say nothing to a user, or say again
# what ProgressHook says.
_NOISE = re.compile("|".join((
    "(From|The name) .* deprecated", "Instructions for updating",
    "Using config: ", "eval_on_tpu ", "_TPUContext: ", "Estimator's model_fn",
    "Calling model_fn", "Done calling model_fn", "Create CheckpointSaver",
    "Graph was finalized", "Running local_init_op", "Done running local_init_op",
    "Running (train|eval|infer) on ", "global_step/sec: ", "examples/sec: ",
    "loss = ", "Loss for final step", "Starting evaluation ",
    r"Evaluation \[", "Inference Time", "Finished evaluation ", "Saving dict ",
    "Saving 'checkpoint_path' summary", "(training|evaluation|prediction)_loop "
    "marked as ", "Calling checkpoint listeners",
    "Skipping training since max_steps", "Input graph does not use tf.data")))


def run(main: Callable[[Sequence[str]], None], argv: Sequence[str]) -> int:
  """Runs a command; returns its exit code, 2 for a mistake of the user's."""
  set_up_log()
  tf.disable_v2_behavior()
  try:
    main(argv)
  except UserError as error:
    print("%s: error: %s" % (os.path.basename(argv[0]), error),
          file=sys.stderr)
    return 2
  except KeyboardInterrupt:
    print("Interrupted; the same command goes on from the last checkpoint.",
          file=sys.stderr)
    return 130
  return 0


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


class _TqdmHandler(logging.Handler):
  """Writes above the bar instead of through it."""

  def emit(self, record):
    tqdm.tqdm.write(self.format(record), file=sys.stderr)


def is_noise(message: str) -> bool:
  return bool(_NOISE.match(message))


def bar(items: Iterable, total: int, name: str) -> Iterable:
  """Passes items on and shows how many of them have gone by."""
  meter = Meter(total, name)
  for count, item in enumerate(items, 1):
    yield item
    meter.show(count)
  meter.close()


class Meter:
  """Steps done and total, values, time left: a bar on a terminal, else lines.

  A line comes every `every` steps, or every ten seconds if that is 0.
  """

  def __init__(self, total: int, name: str, start: int = 0, every: int = 0):
    """Takes the last step's number, what goes on, and steps done before."""
    self._total = total
    self._name = name
    self._every = every
    self._start = self._shown = start
    self._began = self._spoke = time.time()
    self._bar = None
    if sys.stderr.isatty():
      self._bar = tqdm.tqdm(total=total, initial=start, desc=name, leave=False,
                            dynamic_ncols=True)

  def show(self, step: int, text: str = "") -> bool:
    """Says that `step` steps are done, with text.

    Returns:
      Whether a line was due.
    """
    is_due = self._is_due(step)
    if self._bar is not None:
      self._bar.set_postfix_str(text, refresh=False)
      self._bar.update(step - self._bar.n)
    elif is_due:
      tf.logging.info("%s: %d of %d (%d %%)%s, %s left", self._name, step,
                      self._total, 100 * step // max(self._total, 1),
                      text and ", " + text, duration(self._time_left(step)))
    if is_due:
      self._shown = step
      self._spoke = time.time()
    return is_due

  def close(self) -> None:
    if self._bar is not None:
      self._bar.close()
    tf.logging.info("%s: done in %s", self._name,
                    duration(time.time() - self._began))

  def _is_due(self, step):
    is_quiet = time.time() - self._spoke >= 10
    # A first line comes early: it says how long all will take.
    if is_quiet and (not self._every or self._shown == self._start):
      return True
    return bool(self._every) and (
        step // self._every > self._shown // self._every or
        step >= self._total)

  def _time_left(self, step):
    done = step - self._start
    return (time.time() - self._began) / max(done, 1) * (self._total - step)


def duration(seconds: float) -> str:
  """Returns seconds as 7s, 2m05s or 3h07m."""
  seconds = int(round(seconds))
  if seconds < 60:
    return "%ds" % seconds
  if seconds < 3600:
    return "%dm%02ds" % divmod(seconds, 60)
  return "%dh%02dm" % divmod(seconds // 60, 60)


class StepsHook(tf.estimator.SessionRunHook):
  """Shows how many of an evaluation's steps are done."""

  def __init__(self, total: int, name: str):
    self._total = total
    self._name = name

  def after_create_session(self, session, coord):
    self._step = 0
    self._meter = Meter(self._total, self._name)

  def after_run(self, run_context, run_values):
    self._step += 1
    self._meter.show(self._step)

  def end(self, session):
    self._meter.close()


class ProgressHook(tf.estimator.SessionRunHook):
  """Shows training's steps, loss, rate, examples/s and time left.

  The loss is the mean since the last line. On a TPU, where neither tensor can
  be fetched, steps and speed alone.
  """

  def __init__(self, total: int, batch_size: int, every: int,
               use_tpu: bool = False):
    """Takes the last step, examples a step, steps a line."""
    self._total = total
    self._batch_size = batch_size
    self._every = every
    self._use_tpu = use_tpu
    self._fetches = {}

  def begin(self):
    graph = tf.get_default_graph()
    self._global_step = tf.train.get_global_step(graph)
    if not self._use_tpu:
      self._fetches = {"loss": graph.get_tensor_by_name("mean_loss:0"),
                       "rate": graph.get_tensor_by_name("rate:0")}

  def after_create_session(self, session, coord):
    self._step = int(session.run(self._global_step))
    self._meter = Meter(self._total, "Training", self._step, self._every)
    self._reset()

  def before_run(self, run_context):
    return tf.estimator.SessionRunArgs(self._fetches)

  def after_run(self, run_context, run_values):
    if self._use_tpu:
      self._step = int(run_context.session.run(self._global_step))
    else:
      self._step += 1
      self._losses.append(run_values.results["loss"])
    speed = ((self._step - self._first) * self._batch_size /
             max(time.time() - self._since, 1e-9))
    text = "%.1f examples/s" % speed
    if self._losses:
      text = "loss %.4f, rate %.3g, %s" % (
          sum(self._losses) / len(self._losses), run_values.results["rate"],
          text)
    if self._meter.show(self._step, text):
      self._reset()

  def end(self, session):
    self._meter.close()

  def _reset(self):
    self._losses = []
    self._first = self._step
    self._since = time.time()
