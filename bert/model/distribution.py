"""The workers of a run: this process alone, or all that Horovod joins.

Worker 0 is the run as a user sees it: it has the output folder and the console.
The others make the same calls in the same order, in a folder of their own.
Horovod launches workers, finds them and moves their data.

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

# Batches of each worker that are handed over at a time.
_GATHERED = 50
# Bytes that a worker sends at a time.
_MESSAGE = 1 << 28


class Workers:
  """This process alone.

  Attributes:
    rank: number of this worker, from 0.
    size: number of workers.
    local_rank, local_size: the same of this machine's.
    folder: of this worker's own; None on worker 0.
    session_config: of the sessions that send; a process's first session tells
      how many threads there are in all of them.
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
    """Returns what a function returns on the first worker of this machine; it
    is not called on the others."""
    return make()

  def mean(self, tensor, name: str):
    """Returns the mean of all workers' tensors, which have a name."""
    del name
    return tensor

  def hooks(self) -> list:
    """Returns hooks that give all workers the variables of worker 0."""
    return []

  def copy_variables(self):
    """Returns an op that does so; None where there is nothing to do."""
    return None

  def input_params(self) -> Dict[str, int]:
    """Returns what an input_fn needs to know of the workers."""
    return {"num_workers": self.size, "worker": self.rank}

  def merge(self, batches: Iterable, num_batches: int) -> Iterator:
    """Yields the batches of all workers in the dataset's order on worker 0,
    nothing on the others, which go through theirs.

    Args:
      batches: of this worker: of the dataset's, each `size`-th from `rank` on.
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
    """Raises UserError where a worker has not what worker 0 has.

    Args:
      make_digests: returns digests of what all must have, by what it is called.
    """
    if self.size == 1:
      return
    digests = make_digests()
    for name, digest in self.share(digests).items():
      if digests[name] != digest:
        raise UserError("worker %d has not the %s of worker 0; all need the same"
                        % (self.rank, name))


class HorovodWorkers(Workers):
  """The processes that horovodrun, mpirun or srun started."""

  def __init__(self):
    """Joins them; raises UserError if Horovod can't be used."""
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
    """Sends bytes to worker 0, which adds them to the lists of all workers."""
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
  """Returns what this process knows of the workers of its run."""
  return _workers


def join(flags):
  """Joins the other workers, where --use_horovod says so.

  Args:
    flags: the groups of a command: a NamedTuple with speed and, of commands
      with an --output_dir, run.

  Returns:
    The flags; on all workers but the first with another --output_dir, a folder
    that is removed in the end.

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
