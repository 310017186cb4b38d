"""Jobs that wait, from which clients take turns."""

import collections
import threading
from typing import Any, List, Optional

from bert.server.zeromq.messages import Refusal

# Bytes of the messages that wait, of a client and of all; of a request beside
# its message; and requests.
_MAX_CLIENT, _MAX_ALL, _OVERHEAD = 64 << 20, 128 << 20, 1 << 10
_MAX_JOBS = 50000
# Workers that a client may occupy at once.
_MAX_WORKERS = 2


class _Client:
  """The jobs of a client.

  Attributes:
    waiting: jobs without a worker.
    size: bytes of the waiting and the running ones.
    load: texts of the running ones.
  """

  def __init__(self):
    self.waiting = collections.deque()
    self.size = self.load = 0

  def add(self, size: int, load: int) -> None:
    """Adds to its bytes and its texts."""
    self.size += size
    self.load += load


class ClientQueue:
  """Gives workers jobs of one client after another; thread-safe.

  A job has `client`, `size` (bytes of its message) and `load` (texts that its
  next step runs, which may change only until it is put back).
  """

  def __init__(self, max_load: int, max_total: int):
    """Limits the texts that run at once: of a client, and of all."""
    self._max_load = max_load
    self._max_total = max_total
    self._clients = collections.OrderedDict()  # Whose turn it is comes first.
    self._running = {}  # Job -> its load when it was taken.
    self._workers = collections.Counter()  # Client -> those it occupies.
    self._size = self._num_jobs = 0
    self._changed = threading.Condition()
    self._is_closed = self._is_aborted = False

  def add(self, job: Any) -> None:
    """Adds a new job; raises Refusal if there is no capacity for it."""
    size = job.size + _OVERHEAD
    with self._changed:
      if self._is_closed:
        raise Refusal("closing", "the server is closing")
      client = self._clients.get(job.client)
      if client and client.size + size > _MAX_CLIENT or (
          self._size + size > _MAX_ALL or self._num_jobs >= _MAX_JOBS):
        raise Refusal("full", "too many requests wait; read the responses "
                      "before you send more")
      if not client:
        client = self._clients[job.client] = _Client()
      client.waiting.append(job)
      client.add(size, 0)
      self._size += size
      self._num_jobs += 1
      self._changed.notify()

  def fill(self, client: bytes) -> float:
    """Returns which part of its capacity a client uses."""
    with self._changed:
      found = self._clients.get(client)
      return found.size / _MAX_CLIENT if found else 0.0

  def take(self) -> Optional[Any]:
    """Waits for a job; returns None when there will be none any more."""
    with self._changed:
      while not self._is_aborted:
        job = self._next()
        if job:
          return job
        if self._is_closed and not self._num_jobs:
          break
        self._changed.wait()
      return None

  def leave(self, client: bytes) -> None:
    """Notes that a worker has ended a step of a client's job, of which the
    model may still run texts."""
    with self._changed:
      self._workers[client] -= 1
      if not self._workers[client]:
        del self._workers[client]
      self._changed.notify()

  def put_back(self, job: Any) -> None:
    """Takes a job back whose step has ended; a further one is the next of its
    client."""
    with self._changed:
      client = self._clients[job.client]
      client.add(0, -self._running.pop(job))
      client.waiting.appendleft(job)
      self._changed.notify()

  def remove(self, job: Any) -> None:
    """Removes a job that a worker has finished."""
    size = job.size + _OVERHEAD
    with self._changed:
      client = self._clients[job.client]
      client.add(-size, -self._running.pop(job))
      if not client.size:
        del self._clients[job.client]
      self._size -= size
      self._num_jobs -= 1
      # At the end, workers wait for the last job.
      if self._is_closed:
        self._changed.notify_all()
      else:
        self._changed.notify()

  def close(self) -> None:
    """Refuses new jobs."""
    with self._changed:
      self._is_closed = True
      self._changed.notify_all()

  def abort(self) -> List[Any]:
    """Gives no more jobs; returns those that are not finished."""
    with self._changed:
      self._is_closed = self._is_aborted = True
      self._changed.notify_all()
      return list(self._running) + [
          job for client in self._clients.values() for job in client.waiting]

  @property
  def is_empty(self) -> bool:
    """Whether all jobs are finished."""
    return not self._num_jobs

  def _next(self):
    """Takes the first job that may run now."""
    total = sum(self._running.values())
    for name, client in self._clients.items():
      if not client.waiting or self._workers[name] >= _MAX_WORKERS:
        continue
      job = client.waiting[0]
      if client.load and client.load + job.load > self._max_load:
        continue
      if total and total + job.load > self._max_total:
        return None  # It is this client's turn; smaller jobs must not pass it.
      client.waiting.popleft()
      client.add(0, job.load)
      self._workers[name] += 1
      self._running[job] = job.load
      self._clients.move_to_end(name)
      return job
    return None
