"""Runs the records of many callers in batches."""

import collections
import heapq
import threading
import time
from concurrent import futures
from typing import Any, Callable, List, Optional, Sequence

from bert.serving.predictor import Record


# Records of up to so many tokens are run together; a longer one, with those
# that have a quarter of its tokens at least, as all are padded to the longest.
_SHORT, _MAX_RATIO = 128, 4


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


class _Request:
  """Whose turn it is, among those with records in the queue.

  Attributes:
    turn: number of the last batch before the request, or with records of it.
  """

  def __init__(self, turn: int):
    self.turn = turn

  def serve(self, turn: int) -> None:
    """Counts a batch with records of it."""
    self.turn = turn


class _Waiting:
  """A record in the queue; num_texts is 1 for the first one of a text, 0 for
  its others."""

  def __init__(self, record: Record, num_texts: int, request: _Request):
    self.record = record
    self.num_texts = num_texts
    self.request = request
    self.future = futures.Future()
    self.since = time.monotonic()


class Batcher:
  """A thread that runs waiting records in batches of one kind.

  A single record waits for others at most `wait` seconds; a full batch does
  not wait. Requests take turns, so that one of many records does not hold up
  the others.

  Attributes:
    max_queue: most texts that wait, whose records may be several.
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
    self._queue = collections.deque()
    self._num_texts = self._turn = 0
    self._changed = threading.Condition()
    self._is_closed = False
    self._thread = threading.Thread(target=self._serve, daemon=True)
    self._thread.start()

  def __len__(self):
    return self._num_texts

  def check_capacity(self, num_texts: int) -> None:
    """Raises Full if there is no capacity for so many texts; callers ask
    before they convert them."""
    if self._is_closed or self._num_texts + num_texts > self.max_queue:
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
      request = _Request(self._turn)
      waiting = [[_Waiting(record, int(index == 0), request)
                  for index, record in enumerate(records)] for records in texts]
      for each in waiting:
        self._queue.extend(each)
      self._num_texts += len(texts)
      self._changed.notify()
    return [[each.future for each in records] for records in waiting]

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
      batch = self._choose()
    # Callers that gave up need no output.
    return ([each for each in batch
             if each.future.set_running_or_notify_cancel()] or
            (batch and self._take()))

  def _choose(self):
    """Takes a batch off the queue: the first record of the request whose turn
    it is, and those of its kind with the most similar lengths."""
    waiting = list(self._queue)
    if not waiting:
      return []
    first = min(waiting, key=lambda each: each.request.turn).record
    alike = [index for index, each in enumerate(waiting)
             if _are_alike(each.record, first)]
    most = self._max_batch
    if len(alike) < len(waiting) and first.length > _SHORT:
      # The others do not wait for more than a batch of short records takes.
      most = max(1, most * _SHORT // first.length)
    chosen = set(heapq.nsmallest(most, alike, key=lambda index: abs(
        waiting[index].record.length - first.length)))
    self._queue = collections.deque(
        each for index, each in enumerate(waiting) if index not in chosen)
    batch = [waiting[index] for index in sorted(chosen)]
    self._turn += 1
    for each in batch:
      each.request.serve(self._turn)
    self._num_texts -= sum(each.num_texts for each in batch)
    return batch

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
  """Whether two records may be in one batch."""
  short, long = sorted((one.length, other.length))
  return one.kind == other.kind and (
      long <= max(_SHORT, _MAX_RATIO * short))
