"""What the console shows while a command works: bars, or lines of progress."""

import sys
import time
from typing import Iterable

import tensorflow.compat.v1 as tf
import tqdm


def bar(items: Iterable, total: int, name: str) -> Iterable:
  """Yields items and shows how many of them are done."""
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
    """Takes the last step's number, the activity's name, and earlier steps."""
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
    """Shows that `step` steps are done, with text.

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
    # The first line comes early, as it has the time left.
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
