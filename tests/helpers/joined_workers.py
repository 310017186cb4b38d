"""Workers in threads of this process, in place of Horovod's processes."""
import threading

from bert.model import distribution


class JoinedWorker(distribution.Workers):
  """One of several; its collective calls wait for those of the others."""

  def __init__(self, rank, size, barrier, values):
    self.rank = rank
    self.size = size
    self._barrier = barrier
    self._values = values

  def _exchange(self, value):
    self._values[self.rank] = value
    self._barrier.wait()
    values = list(self._values)
    self._barrier.wait()
    return values

  def share(self, value):
    return self._exchange(value)[0]

  def gather(self, value):
    values = self._exchange(value)
    return values if self.is_first else []


def run(size, function):
  """Returns what a function of a worker returns on each of several, or the
  error that it raised."""
  barrier, values = threading.Barrier(size, timeout=60), [None] * size
  results = [None] * size

  def run_one(rank):
    try:
      results[rank] = function(JoinedWorker(rank, size, barrier, values))
    except Exception as error:  # pylint: disable=broad-except
      results[rank] = error

  threads = [threading.Thread(target=run_one, args=(rank,))
             for rank in range(size)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  return results
