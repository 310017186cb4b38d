"""The HTTP server that runs the application: waitress."""

import json
import logging
import threading
import time
from typing import Tuple

from bert.common.errors import UserError
from bert.server import settings
from bert.server.application import Application
from bert.server.model_requests import Limits

# Seconds between two searches for stalled connections.
_CLEANUP_INTERVAL = 5
# Bytes that a client may leave unread, on disk beyond the first MiB, before a
# thread waits for it.
_MAX_UNREAD = 256 << 20


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
    import waitress
    logging.getLogger("waitress").setLevel(logging.ERROR)
    _send_errors_as_json()
    self._application = application
    self._listening = {}
    try:
      self._server = waitress.create_server(
          application, map=self._listening, host=address[0], port=address[1],
          threads=num_threads, clear_untrusted_proxy_headers=True,
          ident=None, max_request_body_size=limits.max_bytes + 1024,
          channel_timeout=int(limits.timeout) + 10, connection_limit=1000,
          cleanup_interval=_CLEANUP_INTERVAL, asyncore_use_poll=True,
          outbuf_high_watermark=_MAX_UNREAD, expose_tracebacks=False)
    except OSError as error:
      raise UserError("--http=%s:%d: %s" % (address + (error,)))
    for each in list(self._listening.values()):
      if hasattr(each, "maintenance"):
        each.maintenance = Maintenance(each)
    # A name may have several addresses.
    self.port = int(self._server.effective_port
                    if hasattr(self._server, "effective_port") else
                    self._server.effective_listen[0][1])

  def start(self) -> None:
    """Starts serving."""
    threading.Thread(target=self._run, daemon=True).start()

  def close(self) -> None:
    """Completes accepted requests, then ends."""
    from waitress import wasyncore
    self._application.close()
    until = time.monotonic() + settings.MAX_CLOSING
    quiet = 0
    while quiet < 3 and time.monotonic() < until:
      time.sleep(0.1)
      quiet = 0 if self._application.metrics.num_open else quiet + 1
    self._server.task_dispatcher.shutdown()
    wasyncore.close_all(self._listening)

  def _run(self):
    try:
      self._server.run()
    except (OSError, SystemExit):  # Its sockets are closed.
      pass


class Maintenance:
  """Waitress's maintenance, which closes idle connections, and also those of
  clients that have stopped reading, for which it would wait for ever."""

  def __init__(self, server):
    self._server = server
    self._close_idle = server.maintenance

  def __call__(self, now):
    self._close_idle(now)
    cutoff = now - self._server.adj.channel_timeout
    for channel in list(self._server.active_channels.values()):
      if channel.total_outbufs_len and channel.last_activity < cutoff:
        channel.handle_close()


def _send_errors_as_json():
  """Makes waitress send its own errors (not HTTP, too large) as JSON."""
  from waitress import channel
  from waitress import task

  class ErrorTask(task.ErrorTask):
    """The response to a request that does not reach the application."""

    def execute(self):
      error = self.request.error
      body = json.dumps({"error": "%s: %s" % (error.reason, error.body)})
      self.status = "%d %s" % (error.code, error.reason)
      self.response_headers += [("Content-Type", "application/json"),
                                ("Connection", "close")]
      self.close_on_finish = True
      self.content_length = len(body)
      self.write(body.encode())

  channel.HTTPChannel.error_task_class = ErrorTask
