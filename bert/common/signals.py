"""Signals that end a run: SIGTERM, which clusters send to free a machine,
and SIGINT, Ctrl-C.
"""

import contextlib
import os
import signal
import threading
import time
from typing import Iterator, Optional

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# Seconds until a signal that can't be raised is sent again.
_DELAY = 0.05


class Interrupted(KeyboardInterrupt):
  """Ends a command because of a signal.

  Attributes:
    signum: its number; a shell's exit code is 128 more.
    state: how far the run had come, for the user; "" if not known.
  """

  def __init__(self, signum: int, state: str = ""):
    super().__init__(signum, state)
    self.signum = signum
    self.state = state


class StopRequest:
  """A signal that was received while signals were deferred.

  Attributes:
    signum: its number; None until there is one.
  """
  signum = None  # type: Optional[int]

  def put(self, signum: int) -> None:
    """Takes a signal, or another worker's."""
    self.signum = signum

  def check(self, state: str = "") -> None:
    """Raises Interrupted if there was a signal."""
    if self.signum is not None:
      raise Interrupted(self.signum, state)


@contextlib.contextmanager
def raising() -> Iterator[None]:
  """Makes SIGTERM raise Interrupted, as Ctrl-C raises KeyboardInterrupt."""
  def handle(signum, frame):
    if _is_in_destructor(frame):
      _send_later(signum)
    else:
      raise Interrupted(signum)

  with _handled(handle, [signal.SIGTERM]):
    yield


@contextlib.contextmanager
def deferred() -> Iterator[StopRequest]:
  """Defers the first signal, so that the block can end by itself; a second one
  ends it at once."""
  request = StopRequest()

  def handle(signum, frame):
    if request.signum is None:
      request.put(signum)
    elif _is_in_destructor(frame):
      _send_later(signum)
    else:
      raise Interrupted(signum)

  with _handled(handle, _SIGNALS):
    yield request


def _is_in_destructor(frame):
  """Whether Python would print and ignore what is raised now."""
  while frame is not None and frame.f_code.co_name != "__del__":
    frame = frame.f_back
  return frame is not None


def _send_later(signum):
  threading.Thread(target=_send, args=(signum,), daemon=True).start()


def _send(signum):
  time.sleep(_DELAY)
  os.kill(os.getpid(), signum)


@contextlib.contextmanager
def _handled(handle, signums):
  # Python delivers signals to the main thread only.
  if threading.current_thread() is not threading.main_thread():
    yield
    return
  previous = {signum: signal.signal(signum, handle) for signum in signums}
  try:
    yield
  finally:
    for signum, handler in previous.items():
      signal.signal(signum, handler)
