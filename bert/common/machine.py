"""The machine: its cores, and what it does to a run (a full disk, no
permission, no memory)."""

import ctypes
import errno
import gc
import os
import re
from typing import Iterator, Optional

from bert.common.errors import MachineError

_DISK = "make room, and give the same command again"
_RIGHTS = "mend the rights, or give another folder"
_MEMORY = ("lower the batch size or --max_seq_length, or raise "
           "--gradient_accumulation_steps")
_NETWORK = "check the address, and the network"
_FILES = "raise the limit (ulimit -n)"
# What TensorFlow's and the system's messages say -> the way out.
_CAUSES = (
    (re.compile("No space left on device|[Qq]uota exceeded|File too large|"
                "disk is full|disk I/O error"),
     _DISK),
    (re.compile("Permission denied|Read-only file system|"
                "Operation not permitted|readonly database"), _RIGHTS),
    (re.compile("OOM when allocating|Cannot allocate memory|"
                "[Ff]ailed to allocate memory|out of memory"), _MEMORY),
    (re.compile("Too many open files"), _FILES),
    (re.compile("resolve host|[Cc]onnection refused|get a new connection"),
     _NETWORK))
_ERRNOS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES,
                     errno.EPERM, errno.EROFS, errno.ENOMEM, errno.EMFILE,
                     errno.ENFILE))
_MAX_CHARS = 300
# What Horovod says on the workers that are left.
_LOST_WORKER = re.compile("Horovod has been shut down|/gloo/")


def num_cores() -> int:
  """Returns how many cores this process may use."""
  if hasattr(os, "sched_getaffinity"):
    return len(os.sched_getaffinity(0))
  return os.cpu_count() or 1


def describe(error: BaseException) -> Optional[str]:
  """Returns one line on what the machine did and the way out; None if an error
  is something else."""
  for cause in _chain(error):
    if isinstance(cause, MachineError):
      return str(cause)
    if isinstance(cause, MemoryError):
      return "memory ran out; %s" % _MEMORY
    is_of_tensorflow = type(cause).__module__.startswith("tensorflow")
    if is_of_tensorflow and _LOST_WORKER.search(str(cause)):
      return ("another worker has ended, and says why; the same command goes on "
              "from the last checkpoint")
    is_of_sqlite = type(cause).__module__ == "sqlite3"
    if is_of_tensorflow or is_of_sqlite or type(cause) is RuntimeError or (
        isinstance(cause, OSError) and cause.errno in _ERRNOS):
      for pattern, way_out in _CAUSES:
        lines = [line for line in str(cause).split("\n")
                 if pattern.search(line)]
        if lines:
          return "%s; %s" % (lines[0].strip()[:_MAX_CHARS], way_out)
  return None


def release_memory() -> None:
  """Gives freed memory back to the system."""
  gc.collect()
  try:
    ctypes.CDLL(None).malloc_trim(0)
  except (OSError, AttributeError):
    pass  # Only glibc has it, and only glibc needs it.


def _chain(error) -> Iterator[BaseException]:
  """Yields an error and what it came from."""
  seen = set()
  while error is not None and id(error) not in seen:
    seen.add(id(error))
    yield error
    error = error.__cause__ or error.__context__
