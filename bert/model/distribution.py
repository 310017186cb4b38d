"""The workers of a run: only this process, or all that Horovod connects.

Only worker 0 uses the output folder and the console. The others make the same
calls in the same order, in a temporary folder. Horovod starts the workers,
connects them and transfers their data.

Source: https://horovod.readthedocs.io.
"""

import contextlib
import dataclasses
import itertools
import logging
import os
import pickle
import socket
import tempfile
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import libraries
from bert.common.errors import UserError

# Batches that each worker sends at a time.
_GATHERED = 50
# Bytes that a worker sends at a time.
_MESSAGE = 1 << 28


class Workers:
  """This process alone.

  Attributes:
    rank: number of this worker, from 0.
    size: number of workers.
    local_rank, local_size: the same among the workers of this machine.
    folder: this worker's temporary folder; None on worker 0.
    session_config: of the sessions that send; a process's first session sets
      the number of threads of all its sessions.
  """
  rank = local_rank = 0
  size = local_size = 1
  folder = None
  session_config = None

  def configure(self, session_config: tf.ConfigProto) -> None:
    """Takes the configuration of the sessions that send."""
    self.session_config = session_config

  @property
  def is_first(self) -> bool:
    return self.rank == 0

  def share(self, value: Any) -> Any:
    """Returns worker 0's value."""
    return value

  def gather(self, value: Any) -> List[Any]:
    """Returns the values of all workers on worker 0, [] on the others."""
    return [value]

  def of_machine(self, make: Callable[[], Any]) -> Any:
    """Returns a function's result on the first worker of this machine; it is
    not called on the others."""
    return make()

  def mean(self, tensor, name: str):
    """Returns the mean of the tensors of that name over all workers."""
    del name
    return tensor

  def hooks(self) -> list:
    """Returns hooks that copy the variables of worker 0 to all workers."""
    return []

  def copy_variables(self):
    """Returns an op that copies them; None if there is only one worker."""
    return None

  def input_params(self) -> Dict[str, int]:
    """Returns the parameters of an input_fn that depend on the workers."""
    return {"num_workers": self.size, "worker": self.rank}

  def merge(self, batches: Iterable, num_batches: int) -> Iterator:
    """Yields the batches of all workers in the dataset's order on worker 0; the
    others send theirs and yield nothing.

    Args:
      batches: of this worker: every `size`-th of the dataset, from `rank` on.
      num_batches: of the dataset.
    """
    if self.size == 1:
      yield from batches
      return
    batches = iter(batches)
    for _ in range(0, -(-num_batches // self.size), _GATHERED):
      parts = self.gather(list(itertools.islice(batches, _GATHERED)))
      for row in itertools.zip_longest(*parts):
        yield from (batch for batch in row if batch is not None)

  def check_same(self, make_digests: Callable[[], Dict[str, str]]) -> None:
    """Raises UserError on a worker that differs from worker 0.

    Args:
      make_digests: returns the name of each thing to compare -> its digest.
    """
    if self.size == 1:
      return
    digests = make_digests()
    for name, digest in self.share(digests).items():
      if digests[name] != digest:
        raise UserError("worker %d differs from worker 0 in its %s; all need "
                        "the same" % (self.rank, name))


class HorovodWorkers(Workers):
  """The processes that horovodrun, mpirun or srun started."""

  def __init__(self):
    """Connects to them; raises UserError if Horovod can't be used."""
    if not libraries.is_installed("horovod"):
      raise UserError("--use_horovod needs Horovod: run "
                      "scripts/setup_distributed.sh")
    # The command says what happened.
    os.environ.setdefault("HOROVOD_LOG_LEVEL", "fatal")
    import horovod.tensorflow as horovod
    self._horovod = horovod
    horovod.init()
    self.rank, self.size = horovod.rank(), horovod.size()
    self.local_rank = horovod.local_rank()
    self.local_size = horovod.local_size()
    self._machine = socket.gethostname()
    if not self.is_first:
      self._folder = tempfile.TemporaryDirectory(prefix="bert-worker-")
      self.folder = self._folder.name

  @contextlib.contextmanager
  def _session(self):
    with tf.Graph().as_default(), tf.device("/cpu:0"), tf.Session(
        config=self.session_config) as session:
      yield session

  def share(self, value):
    with self._session() as session:
      return self._horovod.broadcast_object(value, 0, session, "share")

  def gather(self, value):
    content = np.frombuffer(pickle.dumps(value, 4), np.uint8)
    with self._session() as session:
      sizes = self._horovod.allgather_object(len(content), session, "sizes")
    received = [[] for _ in sizes]
    for start in range(0, max(sizes), _MESSAGE):
      self._send(content[start:start + _MESSAGE], received)
    return [pickle.loads(b"".join(each)) for each in received if each]

  def _send(self, content, received):
    """Sends bytes to worker 0, which appends them to the list of each
    worker."""
    with self._session() as session:
      given = tf.placeholder(tf.uint8, [None])
      parts, sizes = session.run(self._horovod.alltoall(
          given, [len(content)] + [0] * (self.size - 1), "gather"),
                                 {given: content})
    ends = np.cumsum(sizes)
    for each, begin, end in zip(received, ends - sizes, ends):
      if end > begin:
        each.append(parts[begin:end].tobytes())

  def of_machine(self, make):
    value = make() if self.local_rank == 0 else None
    with self._session() as session:
      values = self._horovod.allgather_object(
          (self._machine, self.local_rank, value), session, "of_machine")
    return next(each for machine, rank, each in values
                if machine == self._machine and rank == 0)

  def mean(self, tensor, name):
    return self._horovod.allreduce(tensor, name=name, op=self._horovod.Average)

  def hooks(self):
    return [self._horovod.BroadcastGlobalVariablesHook(0)]

  def copy_variables(self):
    return self._horovod.broadcast_global_variables(0)


_workers = Workers()


def workers() -> Workers:
  """Returns the workers of this process's run."""
  return _workers


def join(flags):
  """Connects to the other workers, with --use_horovod.

  Args:
    flags: the groups of a command: a NamedTuple with speed and, of commands
      with an --output_dir, run.

  Returns:
    The flags; on all workers but the first with a temporary folder as
    --output_dir, which is removed at the end.

  Raises:
    UserError: Horovod can't be used.
  """
  global _workers
  if not flags.speed.use_horovod:
    return flags
  _workers = HorovodWorkers()
  if _workers.is_first:
    return flags
  logging.getLogger("tensorflow").setLevel(logging.ERROR)
  if not hasattr(flags, "run"):
    return flags
  return flags._replace(run=dataclasses.replace(
      flags.run, output_dir=_workers.folder))
