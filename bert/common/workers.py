"""Work spread over processes, its results in order."""

import contextlib
import gc
import multiprocessing
import multiprocessing.connection
import pickle
import signal
import traceback
import typing
from typing import Callable, Iterator, Sequence

from bert.common import machine
from bert.common import plug_ins
from bert.common.errors import MachineError
from bert.common.errors import UserError

_MAX_WORKERS = 8


class WorkerTraceback(Exception):
  """Where a worker's error came from; the cause of the error raised here."""


class _Worker(typing.NamedTuple):
  process: multiprocessing.Process
  reader: multiprocessing.connection.Connection


def map_ordered(function: Callable, items: Sequence, num_workers: int = 0, *,
                chunk_size: int = 64, min_items: int = 20000) -> Iterator:
  """Yields function(item) for each item, in order, computed by workers.

  Workers are forks of this process, so function and items may be anything;
  results and errors must be picklable. As a fork lacks all threads but one,
  function may call neither TensorFlow nor the log. A worker runs ahead by no
  more than two chunks. Closing the iterator ends the workers.

  Args:
    function: of one item; no result may depend on an earlier call.
    items: any sequence.
    num_workers: 1 is this process alone; 0: one per core from min_items on.
      Always 1 on systems where programs are not commonly forked.
    chunk_size: items handed back at once.
    min_items: fewer items are not worth the start of several processes.

  Raises:
    Exception: what function raised, caused by a WorkerTraceback.
    MachineError: a worker was killed.
  """
  starts = range(0, len(items), chunk_size)
  num_workers = min(_resolve(num_workers, len(items) >= min_items),
                    len(starts))
  if num_workers <= 1:
    yield from map(function, items)
    return

  def compute(start):
    return [function(item) for item in items[start:start + chunk_size]]

  workers = []
  try:
    for index in range(num_workers):
      _start(workers, compute, starts[index::num_workers])
    for index in range(len(starts)):
      yield from _receive(workers[index % num_workers])
  finally:
    for worker in workers:
      # Workers have nothing to save: they can be killed.
      worker.process.kill()
      worker.process.join()
      worker.reader.close()


def _resolve(num_workers, is_worth_it):
  # Where fork is not the default, as on macOS, forked processes may crash.
  if multiprocessing.get_all_start_methods()[0] != "fork":
    return 1
  if num_workers:
    return num_workers
  return min(machine.num_cores(), _MAX_WORKERS) if is_worth_it else 1


def _start(workers, compute, starts):
  """Adds a worker that computes the chunks at starts."""
  reader, writer = multiprocessing.Pipe(duplex=False)
  readers = [worker.reader for worker in workers] + [reader]
  process = multiprocessing.get_context("fork").Process(
      target=_serve, args=(compute, starts, writer, readers), daemon=True)
  with _undisturbed():
    process.start()
  workers.append(_Worker(process, reader))
  # An open writer here would hide the end of the worker from the reader.
  writer.close()


@contextlib.contextmanager
def _undisturbed():
  """Blocks signals, which the parent handles, and garbage collection in a fork.

  The collector might delete TensorFlow objects there whose threads do not exist
  in the fork.
  """
  is_collecting = gc.isenabled()
  gc.disable()
  mask = signal.pthread_sigmask(signal.SIG_BLOCK,
                                [signal.SIGINT, signal.SIGTERM])
  try:
    yield
  finally:
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if is_collecting:
      gc.enable()


def _serve(compute, starts, writer, readers):
  """What a worker does: sends (results, None, None) or (None, error, text)."""
  gc.freeze()
  gc.enable()
  for reader in readers:
    # An open reader here would hide the end of the parent from the writer.
    reader.close()
  try:
    for start in starts:
      writer.send_bytes(_attempt(compute, start))
  except BrokenPipeError:
    pass  # The parent is gone.


def _attempt(compute, start):
  """Returns what _serve sends, pickled."""
  try:
    return pickle.dumps((compute(start), None, None))
  except Exception as error:  # pylint: disable=broad-except
    advice = plug_ins.describe(error)
    if advice:  # Pickling loses the traceback that describe needs.
      error = UserError(advice)
    text = traceback.format_exc()
    try:
      pickled = pickle.dumps((None, error, text))
      pickle.loads(pickled)
      return pickled
    except Exception:  # pylint: disable=broad-except
      return pickle.dumps((None, RuntimeError(repr(error)), text))


def _receive(worker):
  """Returns a chunk's results; raises the worker's error."""
  try:
    results, error, text = pickle.loads(worker.reader.recv_bytes())
  except EOFError:
    worker.process.join()
    raise MachineError(
        "a worker process ended with exit code %s; if memory ran out, "
        "--num_workers=1 needs less" % worker.process.exitcode)
  if error is not None:
    raise error from WorkerTraceback("\n" + text)
  return results
