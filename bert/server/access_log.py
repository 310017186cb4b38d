"""The access log: a line of JSON for each request."""

import datetime
import errno
import json
import os
import select
import sys
import threading
import time
from typing import Callable

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError

# Seconds until a log that can't be written is tried again.
_PAUSE = 5.0
# Characters of a field: a line is at most select.PIPE_BUF bytes, so that a pipe
# takes it whole, or refuses it.
_MAX_FIELD = 500


class AccessLog:
  """Writes requests to a file, which logrotate may move.

  No request depends on it: lines that can't be written are counted and lost.
  """

  def __init__(self, path: str, count_lost: Callable = lambda: None,
               clock: Callable = time.monotonic):
    """Opens the file to append to it; -: standard output.

    Args:
      path: of a local file.
      count_lost: called for each line that could not be written.
      clock: returns seconds.

    Raises:
      UserError: it can't be opened.
    """
    try:
      self._output = _StandardOutput() if path == "-" else _File(path)
    except OSError as error:
      raise UserError("--access_log=%s: %s" % (path, error.strerror))
    self._path = path
    self._count_lost = count_lost
    self._clock = clock
    self._lock = threading.Lock()
    self._num_lost = 0
    self._retry_at = 0.0

  def write(self, **fields) -> None:
    """Writes a request's fields, after the time in UTC."""
    now = datetime.datetime.now(datetime.timezone.utc)
    line = {"time": now.isoformat(timespec="milliseconds")}
    for name, value in fields.items():
      line[name] = value[:_MAX_FIELD] if isinstance(value, str) else value
    text = json.dumps(line, ensure_ascii=False) + "\n"
    with self._lock:
      self._write(text.encode("utf-8", "replace"))

  def _write(self, line):
    if self._num_lost and self._clock() < self._retry_at:
      self._lose()
      return
    try:
      self._output.write(line)
    except OSError as error:
      if not self._num_lost:
        tf.logging.error(
            "--access_log=%s can't be written: %s; requests go on, their lines "
            "are lost", self._path, error.strerror)
      self._lose()
      self._retry_at = self._clock() + _PAUSE
      return
    if self._num_lost:
      tf.logging.error("--access_log=%s is written again; %d lines are lost",
                       self._path, self._num_lost)
      self._num_lost = 0

  def _lose(self):
    self._num_lost += 1
    self._count_lost()


class _Output:
  """A file descriptor that takes whole lines, and never waits."""

  def __init__(self, descriptor: int):
    self._descriptor = descriptor
    self._is_torn = False

  def write(self, line: bytes) -> None:
    """Raises OSError if it could not be written."""
    if self._is_torn:  # The last line lacks its end.
      line = b"\n" + line
    poller = select.poll()
    poller.register(self._descriptor, select.POLLOUT)
    if not poller.poll(0):
      raise BlockingIOError(errno.EAGAIN, "it is a pipe that nobody reads")
    self._is_torn = os.write(self._descriptor, line) < len(line)
    if self._is_torn:
      raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class _StandardOutput(_Output):
  """Standard output, beside what is printed there."""

  def __init__(self):
    if sys.stdout is None:
      raise OSError(errno.EBADF, "standard output is closed")
    super().__init__(sys.stdout.fileno())


class _File(_Output):
  """A file that is opened again where its path is another one."""

  def __init__(self, path: str):
    super().__init__(self._open(path))
    self._path = path

  def write(self, line: bytes) -> None:
    """Raises OSError if it could not be written."""
    opened = os.fstat(self._descriptor)
    try:
      is_moved = not os.path.samestat(opened, os.stat(self._path))
    except OSError:
      is_moved = True
    if is_moved:
      descriptor = self._open(self._path)
      os.close(self._descriptor)
      self._descriptor, self._is_torn = descriptor, False
    super().write(line)

  @staticmethod
  def _open(path):
    # Without waiting for the reader of a named pipe.
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT |
                   os.O_NONBLOCK, 0o666)
