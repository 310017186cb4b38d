"""Questions of many callers, answered together."""

import collections
import threading
import time
import typing
from concurrent import futures
from typing import List

from bert.common.errors import UserError
from bert.data.examples import TextInput


class Full(Exception):
  """The queue has no room."""


class _Waiting(typing.NamedTuple):
  question: TextInput
  future: futures.Future


class Batcher:
  """A thread that asks a predictor what has come in meanwhile.

  A question that comes alone waits for others no longer than `wait` seconds; a
  batch that is full does not wait.
  """

  def __init__(self, predict, max_batch: int, wait: float, max_queue: int):
    """Starts the thread.

    Args:
      predict: list of questions -> list of answers; raises UserError if one of
        them is none.
      max_batch: questions of a batch, at most.
      wait: seconds.
      max_queue: questions that wait, at most.
    """
    self._predict = predict
    self._max_batch = max_batch
    self._wait = wait
    self._max_queue = max_queue
    self._waiting = collections.deque()
    self._changed = threading.Condition()
    self._is_closed = False
    self._thread = threading.Thread(target=self._serve, daemon=True)
    self._thread.start()

  def __len__(self):
    return len(self._waiting)

  def submit(self, questions: List[TextInput]) -> List[futures.Future]:
    """Returns a Future of the TextOutput to each question.

    Raises:
      Full: there is no room for all of them.
    """
    made = [_Waiting(question, futures.Future()) for question in questions]
    with self._changed:
      if self._is_closed or (
          len(self._waiting) + len(made) > self._max_queue):
        raise Full()
      self._waiting.extend(made)
      self._changed.notify()
    return [each.future for each in made]

  def close(self) -> None:
    """Answers what waits, and ends."""
    with self._changed:
      self._is_closed = True
      self._changed.notify()
    self._thread.join()

  def _serve(self):
    while True:
      batch = self._take()
      if not batch:
        return
      self._answer(batch)

  def _take(self):
    """Returns the next batch; an empty one at the end."""
    with self._changed:
      while not self._waiting and not self._is_closed:
        self._changed.wait()
      until = time.monotonic() + self._wait
      while (self._waiting and len(self._waiting) < self._max_batch and
             not self._is_closed):
        left = until - time.monotonic()
        if left <= 0 or not self._changed.wait(left):
          break
      count = min(len(self._waiting), self._max_batch)
      batch = [self._waiting.popleft() for _ in range(count)]
    # Whoever gave up need not be answered.
    return ([each for each in batch
             if each.future.set_running_or_notify_cancel()] or
            (batch and self._take()))

  def _answer(self, batch):
    try:
      answers = self._predict([each.question for each in batch])
    except UserError as error:
      if len(batch) == 1:
        batch[0].future.set_exception(error)
      else:  # One of them is to blame; the others are answered.
        for each in batch:
          self._answer([each])
      return
    except Exception as error:  # pylint: disable=broad-except
      for each in batch:
        each.future.set_exception(error)
      return
    for each, answer in zip(batch, answers):
      each.future.set_result(answer)
