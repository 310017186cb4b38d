"""Serves an exported encoder to the clients of bert-as-service 1.10
(bert-serving-client).

One thread receives requests; a few others convert their texts and send the
vectors, a chunk of a request at a time, so that clients take turns.
"""

import json
import sys
import threading
import time
from typing import Dict

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.server.model_requests import Limits
from bert.server.models import ServedModel
from bert.server.server_metrics import ServerMetrics
from bert.server.zeromq import client_queue
from bert.server.zeromq import jobs
from bert.server.zeromq import messages
from bert.server.zeromq import sockets
from bert.server.zeromq.messages import Refusal
from bert.server.zeromq.sockets import Ports

# Threads that convert texts, of which a client occupies two at most.
_NUM_WORKERS = 4
# Seconds between two attempts when the queue of the model is full.
_RETRY = 0.005
# Refusals and failures that are logged one by one.
_MAX_LOGGED = 10
# Seconds between two looks at responses that are held back, and the end.
_POLL = 0.1
# Messages that are received between two such looks.
_MAX_RECEIVED = 100
# Seconds that a client's message stops further ones for, once its requests fill
# all its capacity here.
_PAUSE = 0.02
# Responses of the largest size that may be computed or unread at once.
_MAX_RESPONSES = 4
# Seconds without a request after which all that were sent before the end have
# arrived; most seconds for them; and for the last responses.
_QUIET, _ARRIVING, _SENDING = 0.1, 1.0, 1.0
# Seconds beyond the limit of a request until unread responses are dropped.
_UNREAD = 10


class BertClients:
  """Serves clients until it is closed.

  Attributes:
    num_requests, num_refused: valid requests so far, for encodings and the
      server's state, and refused ones.
  """

  def __init__(self, model: ServedModel, ports: Ports, metrics: ServerMetrics,
               limits: Limits = Limits(), *, host: str = "127.0.0.1"):
    """Listens at the ports.

    Args:
      model: an encoder.
      ports: of this machine.
      metrics: counts requests.
      limits: of a request; its texts are not limited.
      host: the address to listen on; * for all.

    Raises:
      UserError: a port is not available.
    """
    self._model = model
    self._ports = ports
    self._metrics = metrics
    self._limits = limits
    self.num_requests = self.num_refused = 0
    self._num_texts = self._num_failed = 0
    self._count_lock = threading.Lock()
    self._receive_from = 0.0
    self._closes_at = None
    self._memory = jobs.Memory(_MAX_RESPONSES * limits.max_response)
    self._sockets = sockets.Sockets(host, ports, limits.max_bytes,
                                    limits.timeout + _UNREAD)
    self._responses = self._sockets.responses
    max_queue = model.current.texts.max_queue
    # Half of the queue is left to clients of other protocols. A client fills
    # the batch that runs and the next one, at most half of what is left.
    self._chunk = min(model.current.predictor.batch_size,
                      max(1, max_queue // 4))
    max_texts = max(1, max_queue // 2)
    self._queue = client_queue.ClientQueue(
        min(2 * self._chunk, max(1, max_texts // 2)), max_texts)
    self._threads = [threading.Thread(target=self._serve, daemon=True)] + [
        threading.Thread(target=self._work, daemon=True)
        for _ in range(_NUM_WORKERS)]

  def start(self) -> None:
    """Starts serving."""
    for each in self._threads:
      each.start()

  def close(self, seconds: float = 60.0) -> None:
    """Completes the requests that have arrived, and sends their responses, at
    most for some seconds; refuses the others."""
    self._closes_at = time.monotonic() + seconds
    self._threads[0].join()

  def _serve(self):
    """Receives requests until the server is closed."""
    while self._closes_at is None:
      try:
        self._receive(_POLL)
      except Exception as error:  # pylint: disable=broad-except
        tf.logging.error("The ports for bert-serving-client: %r", error)
        time.sleep(_POLL)
    until = min(self._closes_at, time.monotonic() + _ARRIVING)
    while self._receive(_QUIET) and time.monotonic() < until:
      pass
    self._queue.close()
    while not self._queue.is_empty and time.monotonic() < self._closes_at:
      self._receive(_QUIET)
    for job in self._queue.abort():
      self._end(job, Refusal("closing", "the server is closing"))
    until = time.monotonic() + _QUIET  # For responses that are held back.
    while time.monotonic() < until:
      self._receive(_QUIET / 10)
    self._responses.flush(is_last=True)
    self._sockets.close(max(_SENDING, self._closes_at - time.monotonic()))

  def _receive(self, seconds):
    """Receives what waits, after at most some seconds; returns whether there
    was something."""
    now = time.monotonic()
    if now < self._receive_from and self._closes_at is None:
      time.sleep(min(seconds, self._receive_from - now))
      is_there = False
    else:
      is_there = self._sockets.wait(min(
          seconds, self._responses.seconds_left))
    count = 0
    while is_there and count < _MAX_RECEIVED:
      count += 1
      if self._take(self._sockets.receive()):
        break
      is_there = self._sockets.wait(0)
    self._responses.flush()
    return count > 0

  def _take(self, received) -> bool:
    """Starts a request, or refuses it; returns whether a pause is due."""
    client, _ = address = received.address
    began = time.monotonic()
    self._responses.join(client)
    try:
      request = messages.to_request(received, self._limits.max_bytes)
      if request.message in (messages.CONFIG, messages.STATUS):
        self._count(1, 0)
        self._describe(request)
        return False
      job = jobs.Job(request, self._chunk)
      self._metrics.open()
      try:
        self._queue.add(job)
      except Refusal:
        self._metrics.close()
        raise
    except Exception as error:  # pylint: disable=broad-except
      self._refuse(address, error, began)
    pause = _PAUSE * self._queue.fill(client)
    self._receive_from = time.monotonic() + pause
    return pause > 0.001

  def _work(self):
    """Runs steps of jobs until there are none."""
    while True:
      job = self._queue.take()
      if job is None:
        return
      try:
        self._advance(job)
      except Exception as error:  # pylint: disable=broad-except
        self._finish(job, error)
      finally:
        self._queue.leave(job.client)

  def _advance(self, job):
    """Collects what has been run of a job, and submits more or sends its
    response."""
    is_new = not job.num_texts
    may_run = job.read(self._model, self._limits.max_chars)
    if is_new:
      self._count(1, job.num_texts)
    if job.is_running:
      job.collect(self._memory, self._limits.max_response)
    if job.is_complete:
      self._finish(job)
    elif not may_run:
      self._queue.put_back(job)
    elif not job.submit(self._queue.put_back):
      if self._is_ending():
        raise Refusal("closing", "the server is closing")
      time.sleep(_RETRY)
      self._queue.put_back(job)

  def _finish(self, job, error=None):
    """Answers a job and removes it."""
    self._end(job, error)
    job.close(self._model)
    self._queue.remove(job)

  def _is_ending(self):
    return self._closes_at is not None and time.monotonic() > self._closes_at

  def _end(self, job, error=None):
    """Sends the response or the refusal of a job, and counts it, unless that
    has been done."""
    if not job.answer():
      return
    self._metrics.close()
    release = _Release(self._memory, job.take_reserved())
    if error:
      release()
      self._refuse((job.client, job.request.number), error, job.began)
    else:
      response = job.response()
      self._metrics.add(self._model.name, "zmq", "ok",
                        time.monotonic() - job.began)
      self._responses.send(response, release)

  def _refuse(self, address, error, began):
    """Sends a refusal, counts it, and logs the first ones."""
    code = "refused" if isinstance(error, UserError) else getattr(
        error, "code", "failed")
    is_fault = code == "failed"
    self._metrics.add(self._model.name, "zmq", code, time.monotonic() - began)
    with self._count_lock:
      if is_fault:
        self._num_failed += 1
      else:
        self.num_refused += 1
      count = self._num_failed if is_fault else self.num_refused
    if count <= _MAX_LOGGED or count % 1000 == 0:
      (tf.logging.error if is_fault else tf.logging.warning)(
          "A request of bert-serving-client %s, %d so far: %s",
          "failed" if is_fault else "is refused", count,
          " ".join((str(error) or repr(error)).split()))
    # The error of a fault may name paths of the server.
    self._responses.send(messages.to_refusal(address, (
        "the server failed; its log says why" if is_fault else str(error))))

  def _count(self, num_requests, num_texts):
    with self._count_lock:
      self.num_requests += num_requests
      self._num_texts += num_texts

  def _describe(self, request):
    """Sends the state of the server."""
    about = self._state()
    about["client"] = request.client.decode("ascii", "replace")
    if request.message == messages.STATUS:
      about["statistic"] = {
          "num_data_request": self.num_requests,
          "num_total_request": self.num_requests + self.num_refused,
          "num_total_seq": self._num_texts,
          "num_total_client": self._responses.num_clients}
    self._responses.send([request.client, json.dumps(about).encode("ascii"),
                          request.number])

  def _state(self) -> Dict:
    predictor = self._model.current.predictor
    task = predictor.task
    pyzmq, libzmq = self._sockets.versions
    return {
        "server_version": messages.VERSION, "python_version": sys.version,
        "tensorflow_version": list(tf.__version__.split(".")),
        "pyzmq_version": pyzmq, "zmq_version": libzmq,
        "max_seq_len": task["max_seq_length"], "show_tokens_to_client": True,
        "max_batch_size": predictor.batch_size,
        "model_dir": predictor.folder, "port": self._ports.requests,
        "port_out": self._ports.responses,
        "pooling_strategy": task["sentence_vectors"],
        "pooling_layer": task["vector_layer"], "num_worker": 1}


class _Release:
  """Returns memory when it is called."""

  def __init__(self, memory, size):
    self._memory = memory
    self._size = size

  def __call__(self):
    self._memory.release(self._size)
