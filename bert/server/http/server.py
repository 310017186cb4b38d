"""The HTTP server that runs the application: waitress."""

import logging
import threading
import time
from typing import Optional, Tuple

from waitress import adjustments
from waitress import task
from waitress import wasyncore

from bert.common.errors import UserError
from bert.server.http.application import Application
from bert.server.http.connections import Listener
from bert.server.model_requests import Limits

try:
  import resource
except ImportError:  # Not on Windows.
  resource = None

# Seconds between two searches for stalled connections.
_CLEANUP_INTERVAL = 5
# Bytes that a client may leave unread, on disk beyond the first MiB, before a
# thread waits for it.
_MAX_UNREAD = 256 << 20
# Most connections, and descriptors that are left to other files.
_MAX_CONNECTIONS, _OTHER_FILES = 1000, 200
# Bytes of a request's headers; bytes that are read from a socket at once; bytes
# of a body that are not kept in a temporary file.
_MAX_HEADER, _READ_SIZE, _MAX_IN_MEMORY = 1 << 16, 1 << 16, 1 << 17
# Seconds without an open request until a closing server ends.
_QUIET = 0.3


class HttpServer:
  """Serves requests in threads until it is closed.

  Attributes:
    port: that it listens on.
  """

  def __init__(self, application: Application, address: Tuple[str, int],
               limits: Limits, num_threads: int):
    """Listens on the address.

    Raises:
      UserError: it is not available.
    """
    logging.getLogger("waitress").setLevel(logging.ERROR)
    self._application = application
    self._sockets = {}
    self._closing_at = None  # type: Optional[float]
    self._busy_at = 0.0
    dispatcher = task.ThreadedTaskDispatcher()
    try:
      options = adjustments.Adjustments(
          host=address[0], port=address[1], threads=num_threads,
          clear_untrusted_proxy_headers=True, ident=None,
          max_request_body_size=limits.max_bytes + 1024,
          max_request_header_size=_MAX_HEADER, recv_bytes=_READ_SIZE,
          inbuf_overflow=_MAX_IN_MEMORY,
          channel_timeout=int(limits.timeout) + 10,
          connection_limit=_max_connections(), log_socket_errors=False,
          cleanup_interval=_CLEANUP_INTERVAL,
          outbuf_high_watermark=_MAX_UNREAD, expose_tracebacks=False)
      # A name may have several addresses.
      self._listeners = [
          Listener(application, self._sockets, dispatcher=dispatcher,
                   adj=options, sockinfo=each) for each in options.listen]
    except (OSError, ValueError) as error:
      wasyncore.close_all(self._sockets)
      raise UserError("--http=%s:%d: %s" % (address + (error,)))
    dispatcher.set_thread_count(num_threads)
    self._dispatcher = dispatcher
    self.port = int(self._listeners[0].effective_port)
    self._thread = threading.Thread(target=self._run, daemon=True)

  def start(self) -> None:
    """Starts serving."""
    self._thread.start()

  def close(self, seconds: float) -> None:
    """Completes accepted requests until clients have read their responses, at
    most for some seconds; then ends."""
    self._application.close()
    self._busy_at = time.monotonic()
    self._closing_at = self._busy_at + seconds
    if self._thread.is_alive():
      self._listeners[0].pull_trigger()
      self._thread.join()
    self._dispatcher.shutdown(timeout=0.5)
    wasyncore.close_all(self._sockets)

  def _run(self):
    while not self._has_ended():
      wasyncore.loop(timeout=1 if self._closing_at is None else 0.1,
                     use_poll=True, map=self._sockets, count=1)

  def _has_ended(self):
    if self._closing_at is None:
      return False
    now = time.monotonic()
    if any(each.is_busy() for each in self._listeners):
      self._busy_at = now
    return now >= min(self._closing_at, self._busy_at + _QUIET)


def _max_connections():
  """Returns how many connections the process has descriptors for."""
  if resource is None:
    return _MAX_CONNECTIONS
  limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
  if limit == resource.RLIM_INFINITY:
    return _MAX_CONNECTIONS
  return min(_MAX_CONNECTIONS, max(limit // 2, limit - _OTHER_FILES))
