"""A request in progress: its texts are run chunk by chunk."""

import json
import threading
import time
from concurrent import futures
from typing import Callable, List

import numpy as np

from bert.common.errors import UserError
from bert.server import batcher
from bert.server.models import ServedModel
from bert.server.zeromq import messages
from bert.server.zeromq.messages import Refusal
from bert.serving import encoder
from bert.serving.predictor import Converted

# Bytes of vectors that need not be reserved.
_FREE = 1 << 20


class Memory:
  """Bytes of vectors that several requests hold; thread-safe."""

  def __init__(self, capacity: int):
    self._capacity = capacity
    self._used = 0
    self._lock = threading.Lock()

  def reserve(self, size: int) -> None:
    """Takes bytes; raises Refusal if there are not so many."""
    with self._lock:
      if self._used + size > self._capacity:
        raise Refusal("full", "responses of %d MB are computed or not read yet; "
                      "try again later" % (self._used >> 20))
      self._used += size

  def release(self, size: int) -> None:
    """Returns bytes."""
    with self._lock:
      self._used -= size


class _Countdown:
  """Calls a function with a job when it has been called so many times."""

  def __init__(self, count, function, job):
    self._count = count
    self._function = function
    self._job = job
    self._lock = threading.Lock()

  def __call__(self, _):
    with self._lock:
      self._count -= 1
      is_last = not self._count
    if is_last:
      self._function(self._job)


class Job:
  """A request of a client.

  Attributes:
    client, size: as ClientQueue needs them: identity, bytes of the message.
    load: texts of the next step.
    request: what the client sent.
    began: when, as of time.monotonic.
    num_texts: 0 until they are read.
  """

  def __init__(self, request: messages.Request, chunk: int):
    """Takes most texts of a step."""
    self.request = request
    self.client = request.client
    self.size = len(request.message)
    self.load = min(max(1, request.num_texts), chunk)
    self.began = time.monotonic()
    self.num_texts = 0
    self._chunk = chunk
    self._texts = []  # type: List
    self._chunks = []  # type: List[np.ndarray]
    self._tokens = []  # type: List[str]
    self._converted = []  # type: List[Converted]
    self._pending = []  # type: List[batcher.Pending]
    self._num_done = self._reserved = 0
    self._version = None
    self._lock = threading.Lock()
    self._is_answered = False

  def answer(self) -> bool:
    """Whether the caller has to answer: True for the first one alone."""
    with self._lock:
      is_first, self._is_answered = not self._is_answered, True
    return is_first

  def read(self, model: ServedModel, max_chars: int) -> bool:
    """Reads the texts, if they are not read yet; returns whether the next step
    may be run: there are no more of them than the client says.

    Raises:
      UserError: the message is malformed, or a text is too long or blank.
    """
    if self._version:
      return True
    self._version = model.acquire()
    self._texts = messages.texts_of(self.request.message, max_chars)
    self.request = self.request._replace(message=b"")
    for each in self._texts:
      self._version.predictor.to_example(each)
    self.num_texts = len(self._texts)
    expected, self.load = self.load, min(self.num_texts, self._chunk)
    return self.load <= expected

  @property
  def is_running(self) -> bool:
    """Whether a chunk has been submitted, and not been collected."""
    return bool(self._pending)

  @property
  def is_complete(self) -> bool:
    """Whether the vectors of all texts have been collected."""
    return self._num_done == self.num_texts

  def submit(self, when_done: Callable) -> bool:
    """Converts the next chunk of texts and queues it; returns False if the
    queue has no capacity now.

    Args:
      when_done: called with the job once the chunk has been run, before this
        returns perhaps.

    Raises:
      UserError: a text can't be converted.
    """
    texts = self._texts[self._num_done:self._num_done + self._chunk]
    try:
      self._converted = self._version.convert(texts)
      pending = self._version.start(self._converted)
    except batcher.Full:
      return False
    self._pending = pending
    # What its next step runs, when this chunk has been collected.
    self.load = min(self._chunk, self.num_texts - self._num_done - len(texts))
    countdown = _Countdown(len(pending), when_done, self)
    for each in pending:
      each.add_done_callback(countdown)
    return True

  def collect(self, memory: Memory, max_response: int) -> None:
    """Takes the vectors of the chunk that has been run.

    Args:
      memory: for the vectors.
      max_response: bytes of a response.

    Raises:
      Refusal: the response is too large, or the server ends.
      RuntimeError: the model can't run valid texts.
    """
    pending, self._pending = self._pending, []
    try:
      self._chunks.append(encoder.stack([
          np.asarray(each.result().vector, np.float32) for each in pending]))
    except futures.CancelledError:
      raise Refusal("closing", "the server is closing")
    except UserError as error:  # The texts are valid: the model is not.
      raise RuntimeError(str(error))
    tokenizer = self._version.predictor.loaded.encoder.tokenizer
    self._tokens.append(json.dumps([
        _tokens_of(each, tokenizer) for each in self._converted])[1:-1])
    self._num_done += len(self._converted)
    self._reserve(memory, max_response)

  def response(self) -> List:
    """Returns the frames of the response."""
    return messages.to_response(self.request, _joined(self._chunks),
                                "[%s]" % ", ".join(self._tokens))

  def take_reserved(self) -> int:
    """Returns the bytes that are reserved, which the caller has to release."""
    reserved, self._reserved = self._reserved, 0
    return reserved

  def close(self, model: ServedModel) -> None:
    """Releases the model and the vectors."""
    self._texts, self._chunks, self._tokens = [], [], []
    self._converted = []
    if self._version:
      model.release(self._version)
      self._version = None

  def _reserve(self, memory, max_response):
    """Reserves memory for the whole response, as its chunks show its size."""
    longest = max(each[0].nbytes for each in self._chunks)
    size = longest * self.num_texts
    if size > max_response:
      raise Refusal("refused", "the response would have %d MB; at most %d MB "
                    "are sent; send fewer texts" % (
                        -(-size >> 20), max_response >> 20))
    if size > max(_FREE, self._reserved):
      memory.reserve(size - self._reserved)
      self._reserved = size


def _joined(chunks):
  """Returns the vectors of chunks as one array, padded with zeros."""
  if len(chunks) == 1:
    return np.ascontiguousarray(chunks[0])
  first = chunks[0]
  joined = np.zeros((sum(map(len, chunks)), max(
      each.shape[1] for each in chunks)) + first.shape[2:], np.float32)
  start = 0
  for each in chunks:
    joined[start:start + len(each), :each.shape[1]] = each
    start += len(each)
  return joined


def _tokens_of(converted, tokenizer):
  """Returns the tokens of a text that are read, as clients show them."""
  (record,) = converted.records
  return tokenizer.convert_ids_to_tokens(record.inputs["input_ids"][0][
      :record.inputs["input_mask"].sum()].tolist())
