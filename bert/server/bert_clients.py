"""Serves an exported encoder to the clients of bert-as-service 1.10
(bert-serving-client).

A client pushes [identity, message, request's number, number of texts] to one
port, and subscribes to its identity at another one, where it gets [identity,
JSON of the array, the array, request's number].

Source: https://pypi.org/project/bert-serving-client/1.10.0/
"""

import collections
import contextlib
import json
import os
import sys
import threading
import time
import typing
from typing import Callable, Deque, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import json_text
from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.server import batcher
from bert.server.models import ServedModel
from bert.server.server_metrics import ServerMetrics
from bert.server.versions import Version
from bert.serving import encoder
from bert.serving import formats

# The version that clients compare with their own.
VERSION = "1.10.0"
_CONFIG, _STATUS = b"SHOW_CONFIG", b"SHOW_STATUS"
# Seconds until a new client receives messages.
_JOINING = 0.1
_MAX_IDENTITY = 256
# Malformed requests that are logged one by one.
_MAX_LOGGED = 10
# Clients that are counted, and requests that wait here; further ones wait in
# ZeroMQ.
_MAX_CLIENTS, _MAX_JOBS = 10000, 1000
# Milliseconds between two polls for events without a wake-up: delayed
# responses, the end of the server.
_SHORT, _LONG = 1, 100


class _Job:
  """A request whose texts are run chunk by chunk."""

  def __init__(self, client: bytes, number: bytes, texts: List[TextInput],
               version: Version):
    self.client = client
    self.number = number
    self.texts = texts
    self.version = version
    self.began = time.monotonic()
    self.vectors = []  # type: List[np.ndarray]
    self.pending = []  # type: List

  def advance(self, wake: Callable) -> bool:
    """Collects computed vectors, submits more texts; returns whether all is
    done.

    Args:
      wake: called when more texts have been computed.
    """
    if any(not each.done() for each in self.pending):
      return False
    self.vectors += [each.result().vector for each in self.pending]
    self.pending = []
    size = min(self.version.predictor.batch_size, self.version.texts.max_queue)
    rest = self.texts[len(self.vectors):][:size]
    if rest:
      try:
        self.pending = self.version.submit(rest)
        self.pending[-1].add_done_callback(wake)
      except batcher.Full:
        pass  # Retried when the queue has capacity.
    return not rest


class Ports(typing.NamedTuple):
  """The ports to which clients push requests, and from which they get
  responses."""
  requests: int
  responses: int


class BertClients:
  """A thread that serves clients until it is closed.

  Attributes:
    num_requests, num_refused: valid requests so far, for encodings and the
      server's state, and malformed ones.
  """

  def __init__(self, model: ServedModel, ports: Ports,
               metrics: ServerMetrics, *, max_bytes: int,
               host: str = "127.0.0.1"):
    """Listens at the ports.

    Args:
      model: an encoder.
      ports: of this machine.
      metrics: counts requests.
      max_bytes: of a request.
      host: the address to listen on; * for all.

    Raises:
      UserError: a port is not available.
    """
    import zmq
    self._zmq = zmq
    self._model = model
    self._metrics = metrics
    self._ports = ports
    self.num_requests = self.num_refused = 0
    self._num_texts = 0
    self._clients = set()
    self._jobs = collections.deque()  # type: Deque[_Job]
    # (time, frames) of responses that wait until a client has subscribed.
    self._delayed = collections.deque()  # type: Deque[Tuple[float, list]]
    self._is_closed = False
    self._context = zmq.Context()
    self._requests = self._bind(zmq.PULL, host, ports.requests)
    self._requests.setsockopt(zmq.MAXMSGSIZE, max_bytes)
    self._responses = self._bind(zmq.PUB, host, ports.responses)
    self._pipe = os.pipe()
    os.set_blocking(self._pipe[1], False)
    self._poller = zmq.Poller()
    for each in (self._requests, self._pipe[0]):
      self._poller.register(each, zmq.POLLIN)
    self._thread = threading.Thread(target=self._serve, daemon=True)

  def start(self) -> None:
    """Starts serving."""
    self._thread.start()

  def close(self, seconds: float = 0) -> None:
    """Ends the thread; unfinished requests are lost."""
    del seconds
    self._is_closed = True
    self._thread.join()

  def _bind(self, kind, host, port):
    socket = self._context.socket(kind)
    socket.setsockopt(self._zmq.LINGER, 0)
    try:
      socket.bind("tcp://%s:%d" % (host, port))
    except self._zmq.ZMQError as error:
      raise UserError("--bert_serving=%d,%d: port %d: %s" % (
          self._ports + (port, error)))
    return socket

  def _serve(self):
    while not self._is_closed:
      # No callback fires for texts that the full queue has not accepted yet.
      is_held_up = self._delayed or any(
          not each.pending for each in self._jobs)
      ready = dict(self._poller.poll(_SHORT if is_held_up else _LONG))
      if self._pipe[0] in ready:
        os.read(self._pipe[0], 1 << 16)
      if len(self._jobs) < _MAX_JOBS:
        self._take_all()
      elif self._requests in ready:  # They wait in ZeroMQ.
        time.sleep(_SHORT / 1000)
      self._send_delayed()
      for _ in range(len(self._jobs)):
        self._advance(self._jobs.popleft())
    self._requests.close()
    self._responses.close()
    self._context.term()
    os.close(self._pipe[0])

  def _take_all(self):
    for _ in range(_MAX_JOBS - len(self._jobs)):
      if not self._requests.poll(0):
        return
      self._take(self._requests.recv_multipart())

  def _wake(self, _):
    """Wakes the thread after texts have been computed."""
    # If the pipe is full, a wake-up is pending anyway.
    with contextlib.suppress(OSError):
      os.write(self._pipe[1], b"x")

  def _take(self, frames):
    """Starts a request; a malformed one is counted."""
    try:
      client, message, number = _check_frames(frames)
      self.num_requests += 1
      if len(self._clients) < _MAX_CLIENTS:
        self._clients.add(client)
      if message in (_CONFIG, _STATUS):
        content = json.dumps(self._describe(client, message == _STATUS))
        self._delayed.append((time.monotonic() + _JOINING, [
            client, content.encode("ascii"), number]))
        return
      texts = _texts_of(message)
      for each in texts:
        self._model.current.predictor.to_example(each)
      self._num_texts += len(texts)
      self._jobs.append(_Job(client, number, texts, self._model.acquire()))
    except UserError as error:
      self._metrics.add(self._model.name, "zmq", "refused", 0.0)
      self.num_refused += 1
      if self.num_refused <= _MAX_LOGGED or self.num_refused % 1000 == 0:
        tf.logging.warning("A request of bert-serving-client is refused, %d so "
                           "far: %s", self.num_refused, error)

  def _send_delayed(self):
    while self._delayed and self._delayed[0][0] <= time.monotonic():
      self._responses.send_multipart(self._delayed.popleft()[1])

  def _advance(self, job):
    """Advances a request; sends its response when it is done."""
    is_done, code = True, "ok"
    try:
      is_done = job.advance(self._wake)
      if is_done:
        self._respond(job)
    except Exception as error:  # pylint: disable=broad-except
      code = "failed"
      tf.logging.error("A request of bert-serving-client failed: %s", error)
    if is_done or code == "failed":
      self._model.release(job.version)
      self._metrics.add(self._model.name, "zmq", code,
                        time.monotonic() - job.began)
    else:
      self._jobs.append(job)

  def _respond(self, job):
    vectors = np.ascontiguousarray(encoder.stack(job.vectors), np.float32)
    about = {"dtype": "float32", "shape": vectors.shape,
             "tokens": [_tokens_of(job.version.predictor, each)
                        for each in job.texts]}
    self._responses.send_multipart([
        job.client, json.dumps(about).encode("ascii"), vectors, job.number])

  def _describe(self, client, has_statistic) -> Dict:
    """Returns the state of the server for clients."""
    predictor = self._model.current.predictor
    task = predictor.task
    about = {
        "client": client.decode("ascii", "replace"),
        "server_version": VERSION, "python_version": sys.version,
        "tensorflow_version": list(tf.__version__.split(".")),
        "pyzmq_version": self._zmq.pyzmq_version(),
        "zmq_version": self._zmq.zmq_version(),
        "max_seq_len": task["max_seq_length"], "show_tokens_to_client": True,
        "max_batch_size": predictor.batch_size,
        "model_dir": predictor.folder, "port": self._ports.requests,
        "port_out": self._ports.responses,
        "pooling_strategy": task["sentence_vectors"],
        "pooling_layer": task["vector_layer"], "num_worker": 1}
    if has_statistic:
      about["statistic"] = {
          "num_data_request": self.num_requests,
          "num_total_request": self.num_requests + self.num_refused,
          "num_total_seq": self._num_texts,
          "num_total_client": len(self._clients)}
    return about


def _tokens_of(predictor, text):
  """Returns the tokens of a text that are read, as clients show them."""
  (columns,) = predictor.encode(predictor.to_example(text))
  return predictor.loaded.encoder.tokenizer.convert_ids_to_tokens(
      columns["input_ids"][0][:columns["input_mask"].sum()].tolist())


def _check_frames(frames: Sequence[bytes]) -> Tuple[bytes, bytes, bytes]:
  """Returns client, message and number of a request; raises UserError."""
  if len(frames) != 4:
    raise UserError("%d frames, 4 are needed" % len(frames))
  client, message, number, length = frames
  if not client or len(client) > _MAX_IDENTITY:
    raise UserError("an identity of %d bytes" % len(client))
  if not number.isdigit() or not length.isdigit() or (
      max(len(number), len(length)) > 20):
    raise UserError("the last frames are no numbers")
  return client, message, number


def _texts_of(message: bytes) -> List[TextInput]:
  """Returns the texts of a request, text, pair or word pieces each; raises
  UserError."""
  try:
    texts = json_text.of_client(message.decode("utf-8"))
  except ValueError as error:
    raise UserError("not JSON: %s" % error)
  if not isinstance(texts, list) or not texts:
    raise UserError("no list of texts")
  is_tokenized = isinstance(texts[0], list)
  for each in texts:
    if isinstance(each, list) != is_tokenized or not each or not all(
        isinstance(word, str) for word in (each if is_tokenized else [each])):
      raise UserError("texts must be text, or lists of tokens")
  return [formats.of_bert_serving(each) for each in texts]
