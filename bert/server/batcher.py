"""Runs the records of many callers in batches."""

import threading
import time
from concurrent import futures
from typing import Any, Callable, List, Optional, Sequence

from bert.server import fair_queue
from bert.serving.predictor import Record

# Records of up to so many tokens are run together; a longer one, with those
# that have a quarter of its tokens at least, as all are padded to the longest.
_SHORT, _MAX_RATIO = 128, 4
# Tokens of a request that are due at once, for each record of a full batch.
_QUANTUM = 32
# Seconds that a large request leaves to others, once a batch is done, within so
# many seconds of the last time that others waited beside it.
_PAUSE, _RECENT = 0.02, 1.0


class Full(Exception):
  """The queue has no capacity left."""


class Deadline:
  """When a request has to be answered."""

  def __init__(self, seconds: float):
    """Begins now."""
    self._end = time.monotonic() + seconds

  @property
  def seconds_left(self) -> float:
    """Seconds until then, 0 after it."""
    return max(0.0, self._end - time.monotonic())

  def check(self) -> None:
    """Raises futures.TimeoutError after the deadline."""
    if not self.seconds_left:
      raise futures.TimeoutError()


class Pending:
  """The output of a text or a row of ids, of which the records are queued."""

  def __init__(self, records: List[futures.Future], finish: Callable):
    """Takes a Future for each record, and a function of their outputs that
    returns the output of the whole."""
    self._records = records
    self._finish = finish

  def done(self) -> bool:
    """Whether all records have been run, or have failed."""
    return all(each.done() for each in self._records)

  def result(self, deadline: Optional[Deadline] = None) -> Any:
    """Returns the output; raises what running it raised, and
    futures.TimeoutError after the deadline."""
    return self._finish([
        each.result(deadline and deadline.seconds_left)
        for each in self._records])

  def cancel(self) -> None:
    """Takes records that have not been run off the queue."""
    for each in self._records:
      each.cancel()

  def add_done_callback(self, function: Callable) -> None:
    """Calls a function whenever a record is done."""
    for each in self._records:
      each.add_done_callback(function)


class _Waiting:
  """A record in the queue; num_texts is 1 for the first one of a text, 0 for
  its others."""

  def __init__(self, record: Record, num_texts: int):
    self.record = record
    self.num_texts = num_texts
    self.future = futures.Future()
    self.since = time.monotonic()


class Batcher:
  """A thread that runs waiting records in batches of one kind.

  A single record waits for others at most `wait` seconds; a full batch does
  not wait. Requests share the model's work, so that one of many records does not
  hold up the others.

  Attributes:
    max_queue: most texts of several callers that wait, each of one or more
      records.
  """

  def __init__(self, run: Callable, max_batch: int, wait: float,
               max_queue: int, observe: Optional[Callable] = None):
    """Starts the thread.

    Args:
      run: list of records of one kind -> list of their outputs; an exception
        for one that failed alone.
      max_batch: most records of a batch.
      wait: seconds.
      max_queue: most texts that wait.
      observe: called with the number of records of each batch, and the seconds
        that each of them waited.
    """
    self._run_records = run
    self._max_batch = max_batch
    self._wait = wait
    self.max_queue = max_queue
    self._observe = observe or (lambda num_records, waits: None)
    self._queue = fair_queue.FairQueue(_QUANTUM * max_batch)
    self._num_texts = 0
    self._shared = -_RECENT  # When requests last waited side by side.
    self._changed = threading.Condition()
    self._is_closed = False
    self._thread = threading.Thread(target=self._serve, daemon=True)
    self._thread.start()

  def __len__(self):
    return self._num_texts

  def check_capacity(self, num_texts: int) -> None:
    """Raises Full if there is no capacity for so many texts; callers ask
    before they convert them.

    More than the queue ever takes are taken when no other text waits.
    """
    if self._is_closed or self._num_texts and (
        self._num_texts + num_texts > self.max_queue):
      raise Full()

  def submit(self, texts: Sequence[Sequence[Record]]
            ) -> List[List[futures.Future]]:
    """Queues the records of each text of a request; returns a Future of the
    output for each.

    Raises:
      Full: there is no capacity for all of them.
    """
    with self._changed:
      self.check_capacity(len(texts))
      waiting = [[_Waiting(record, int(index == 0))
                  for index, record in enumerate(records)] for records in texts]
      whole = [each for records in waiting for each in records]
      self._queue.push(whole, [each.record.length for each in whole])
      self._num_texts += len(texts)
      self._changed.notify()
    return [[each.future for each in records] for records in waiting]

  def abandon(self) -> None:
    """Cancels the records that wait."""
    with self._changed:
      for each in self._queue.drop(lambda _: True):
        each.future.cancel()
      self._num_texts = 0

  def close(self) -> None:
    """Runs the waiting records, and ends."""
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
      self._let_others_in()
      # Callers that gave up need no output.
      given_up = self._queue.drop(lambda each: each.future.cancelled())
      batch = self._queue.pop(self._max_batch, _are_alike)
      self._num_texts -= sum(each.num_texts for each in given_up + batch)
    return ([each for each in batch
             if each.future.set_running_or_notify_cancel()] or
            ((given_up or batch) and self._take()))

  def _let_others_in(self):
    """Waits for other requests if they are frequent, and what waits now has had
    its share."""
    now = time.monotonic()
    if self._queue.num_requests > 1:
      self._shared = now
    if now < self._shared + _RECENT:
      self._changed.wait_for(lambda: self._queue.is_due or self._is_closed,
                             _PAUSE)

  def _run(self, batch):
    try:
      outputs = self._run_records([each.record for each in batch])
    except Exception as error:  # pylint: disable=broad-except
      for each in batch:
        each.future.set_exception(error)
      return
    for each, output in zip(batch, outputs):
      if isinstance(output, Exception):
        each.future.set_exception(output)
      else:
        each.future.set_result(output)


def _are_alike(one, other):
  """Whether two waiting records may be in one batch."""
  one, other = one.record, other.record
  short, long = sorted((one.length, other.length))
  return one.kind == other.kind and (
      long <= max(_SHORT, _MAX_RATIO * short))
