"""Runs the texts of many callers in batches."""

import collections
import threading
import time
import typing
from concurrent import futures
from typing import Callable, List, Optional

from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.serving import formats


class Full(Exception):
  """The queue has no capacity left."""


class _Pending(typing.NamedTuple):
  text: TextInput
  future: futures.Future
  since: float
  size: int


class Batcher:
  """A thread that runs waiting texts in batches.

  A single text waits for others at most `wait` seconds; a full batch does not
  wait.

  Attributes:
    max_queue: most texts of several callers that wait.
  """

  def __init__(self, predict: Callable, max_batch: int, wait: float,
               max_queue: int, observe: Optional[Callable] = None):
    """Starts the thread.

    Args:
      predict: list of texts -> list of outputs; raises UserError if one of the
        texts is blank or not of the task.
      max_batch: most texts of a batch.
      wait: seconds.
      max_queue: most texts that wait.
      observe: called with the number of texts of each batch, and the seconds
        that each of them waited.
    """
    self._predict = predict
    self._max_batch = max_batch
    self._wait = wait
    self.max_queue = max_queue
    self._observe = observe or (lambda num_texts, waits: None)
    self._queue = collections.deque()
    self._changed = threading.Condition()
    self._is_closed = False
    self._thread = threading.Thread(target=self._serve, daemon=True)
    self._thread.start()

  def __len__(self):
    return len(self._queue)

  def submit(self, texts: List[TextInput]) -> List[futures.Future]:
    """Returns a Future of the output for each text.

    A list longer than the queue is taken when no other text waits, since it
    would never fit.

    Raises:
      Full: there is no capacity for all of them.
    """
    now = time.monotonic()
    pending = [_Pending(text, futures.Future(), now, formats.num_chars(text))
               for text in texts]
    with self._changed:
      if self._is_closed or self._queue and (
          len(self._queue) + len(pending) > self.max_queue):
        raise Full()
      self._queue.extend(pending)
      self._changed.notify()
    return [each.future for each in pending]

  def abandon(self) -> None:
    """Cancels the texts that wait."""
    with self._changed:
      for each in self._queue:
        each.future.cancel()
      self._queue.clear()

  def close(self) -> None:
    """Runs the waiting texts, and ends."""
    with self._changed:
      self._is_closed = True
      self._changed.notify()
    self._thread.join()

  def _serve(self):
    while True:
      batch = self._take()
      if not batch:
        return
      now = time.monotonic()
      self._observe(len(batch), [now - each.since for each in batch])
      self._run(batch)

  def _take(self):
    """Returns the next batch; an empty one at the end."""
    with self._changed:
      while not self._queue and not self._is_closed:
        self._changed.wait()
      until = time.monotonic() + self._wait
      while (self._queue and len(self._queue) < self._max_batch and
             not self._is_closed):
        left = until - time.monotonic()
        if left <= 0 or not self._changed.wait(left):
          break
      batch = self._choose()
    # Callers that gave up need no output.
    return ([each for each in batch
             if each.future.set_running_or_notify_cancel()] or
            (batch and self._take()))

  def _choose(self):
    """Takes a batch off the queue: the oldest text, and those of the most
    similar lengths, as shorter ones are padded."""
    if len(self._queue) <= self._max_batch:
      batch = list(self._queue)
      self._queue.clear()
      return batch
    waiting = list(self._queue)
    oldest = waiting[0].size
    nearest = sorted(range(1, len(waiting)), key=lambda index: abs(
        waiting[index].size - oldest))
    chosen = {0, *nearest[:self._max_batch - 1]}
    self._queue = collections.deque(
        each for index, each in enumerate(waiting) if index not in chosen)
    return [waiting[index] for index in sorted(chosen)]

  def _run(self, batch):
    try:
      outputs = self._predict([each.text for each in batch])
    except UserError as error:
      if len(batch) == 1:
        batch[0].future.set_exception(error)
      else:  # One of them is invalid; the others get their outputs.
        for each in batch:
          self._run([each])
      return
    except Exception as error:  # pylint: disable=broad-except
      for each in batch:
        each.future.set_exception(error)
      return
    for each, output in zip(batch, outputs):
      each.future.set_result(output)
