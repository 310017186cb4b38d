"""A lock on a folder, for as long as a run writes to it."""

import contextlib
import errno
import os
import socket
from typing import Iterator

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError

try:
  import fcntl
except ImportError:  # Not on Windows.
  fcntl = None

NAME = ".lock"
_IS_TAKEN = (errno.EAGAIN, errno.EACCES)


def is_remote(path: str) -> bool:
  """Whether a path is on an object store, as s3://bucket/folder."""
  return "://" in path


@contextlib.contextmanager
def locked(folder: str, flag: str = "--output_dir") -> Iterator[None]:
  """Keeps other runs out of a folder while the block runs; removes what killed
  ones left unfinished there.

  The operating system releases the lock however the process ends. Object stores
  have no locks.

  Args:
    folder: path; it exists.
    flag: whose value it is, for the error.

  Raises:
    UserError: another run has it.
  """
  if is_remote(folder) or fcntl is None:
    yield
    return
  path = os.path.join(folder, NAME)
  descriptor = _take(path, "%s=%s" % (flag, folder))
  try:
    yield
  finally:
    with contextlib.suppress(OSError):
      os.remove(path)
    os.close(descriptor)


@contextlib.contextmanager
def held(path: str, waits: bool = False) -> Iterator[bool]:
  """Holds a lock while the block runs; yields whether it was free.

  Args:
    path: of a file for this alone, which stays; its folder exists.
    waits: whether to wait until no other process holds it.
  """
  if is_remote(path) or fcntl is None:
    yield True
    return
  descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
  try:
    try:
      fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except OSError as error:
      if error.errno not in _IS_TAKEN:
        raise
      is_held = False
    else:
      is_held = True
    yield is_held
  finally:
    os.close(descriptor)


def _take(path, where):
  """Returns the descriptor of a lock file that this process holds."""
  while True:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
      fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
      owner = os.read(descriptor, 1000).decode("utf-8", "replace").strip()
      if error.errno in _IS_TAKEN:
        os.close(descriptor)
        raise UserError(
            "%s: another run is using it (%s); wait until it has ended, or "
            "give another folder" % (where, owner or "just started"))
      tf.logging.warning("%s: it can't be locked (%s); see to it that no other "
                         "run uses it", where, error.strerror)
      return descriptor
    if _is_file(descriptor, path):
      os.ftruncate(descriptor, 0)
      os.write(descriptor, ("process %d on %s\n" % (
          os.getpid(), socket.gethostname())).encode("utf-8"))
      files.remove_partial(os.path.dirname(path))
      return descriptor
    os.close(descriptor)  # Its last owner has removed it meanwhile.


def _is_file(descriptor, path):
  try:
    return os.path.samestat(os.fstat(descriptor), os.stat(path))
  except FileNotFoundError:
    return False
