"""Connections of the HTTP server: waitress's, with limits of their own."""

import errno
import json
import socket
import struct
import time

import tensorflow.compat.v1 as tf
from waitress import channel
from waitress import parser
from waitress import server
from waitress import task
from waitress import utilities

from bert.server.http.application import Application

try:
  import fcntl
  import termios
except ImportError:  # Not on Windows.
  termios = None

# Bytes a second that a request must have after the first seconds, and that are
# read of a response.
_MIN_RATE = 500
# What is read and dropped of a refused body: as many times the limit of bodies,
# at least so many bytes.
_DROPPED_TIMES, _MIN_DROPPED = 128, 128 << 20
# Seconds that such a client may be silent.
_MAX_SILENCE = 5
# Seconds after which an idle connection may give its place to a new one.
_MIN_IDLE = 1
# Seconds between two messages about the lack of something.
_MESSAGE_INTERVAL = 60
# Errors of accept() that leave the connection waiting.
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class RequestTimeout(utilities.Error):
  """A request that did not arrive in time."""
  code = 408
  reason = "Request Timeout"


class NoStorage(utilities.Error):
  """A body for which there is no room on the disk."""
  code = 503
  reason = "Service Unavailable"


class Parser(parser.HTTPRequestParser):
  """Reads a request."""
  path = ""  # Waitress logs it also where it could not be read.

  def parse_header(self, header_plus):
    """Waitress's, which passes on some errors of Python's functions."""
    try:
      super().parse_header(header_plus)
    except ValueError:  # Of a URL, or a Content-Length of 5000 digits.
      raise parser.ParsingError("the first line or a header is invalid")

  def refuse(self, error: utilities.Error) -> None:
    """Ends it, and has the error sent."""
    self.error, self.completed = error, True


class ErrorTask(task.ErrorTask):
  """The response to a request that does not reach the application, as JSON."""

  def execute(self):
    """Sends it."""
    error = self.request.error
    self.channel.refuse_rest()
    self.channel.server.record(self.channel.addr[0], error.code)
    body = json.dumps({"error": "%s: %s" % (error.reason, error.body)})
    self.status = "%d %s" % (error.code, error.reason)
    self.response_headers += [("Content-Type", "application/json"),
                              ("Connection", "close")]
    self.close_on_finish = True
    self.content_length = len(body)
    self.write(body.encode())


class Channel(channel.HTTPChannel):
  """A connection.

  A request that is refused before all of it was read gets its response all the
  same: the rest is read and dropped, since a connection that is closed before
  is reset, and a reset discards the response.
  """
  parser_class = Parser
  error_task_class = ErrorTask

  _is_refused = False
  _is_dropping = False
  _num_dropped = 0
  # When the request began that is read, or the first byte was dropped.
  _began = 0.0
  # Bytes that were sent since a time.
  _num_sent = 0
  _sent_since = 0.0

  def refuse_rest(self) -> None:
    """Drops what is still to be read."""
    self._is_refused = True

  def is_busy(self) -> bool:
    """Whether a request is being answered, or its response being read."""
    return bool(self.requests or self.total_outbufs_len or
                self._is_dropping or self._num_unsent())

  def idle_since(self) -> float:
    """Returns since when it has been without a complete request."""
    if self.requests or self.total_outbufs_len:
      return float("inf")
    is_reading = self.request is not None or self._is_dropping
    return self._began if is_reading else self.last_activity

  def maintain(self, now: float) -> None:
    """Ends what takes too long: requests that arrive slowly, responses that
    are not read."""
    cutoff = now - self.adj.channel_timeout
    if self._is_dropping:
      if (self._began < cutoff or
          self.last_activity < now - _MAX_SILENCE):
        self.handle_close()
    elif self.total_outbufs_len:
      if self.last_activity < cutoff or self._reads_slowly(now):
        self.handle_close()
    else:
      self._num_sent, self._sent_since = 0, now
      if self.request is not None and not self.requests:
        size = (self.request.header_bytes_received +
                self.request.body_bytes_received)
        if min(self.last_activity, self._began + size / _MIN_RATE) < cutoff:
          self._refuse(RequestTimeout("it does not arrive in time"))

  def _reads_slowly(self, now):
    """Returns whether the client has read little in the last seconds."""
    seconds = now - max(self._sent_since, self.creation_time)
    if seconds <= self.adj.channel_timeout:
      return False
    is_slow = self._num_sent < seconds * _MIN_RATE
    self._num_sent, self._sent_since = 0, now
    return is_slow

  def received(self, data):
    """Reads a part of a request."""
    if self._is_dropping:
      self._num_dropped += len(data)
      if self._num_dropped > max(
          _MIN_DROPPED, _DROPPED_TIMES * self.adj.max_request_body_size):
        self.handle_close()
      return
    request = self.request
    try:
      super().received(data)
    except OSError as error:  # Long bodies are kept in temporary files.
      self.server.log_lack("a body can't be kept", error)
      self._refuse(NoStorage(error.strerror))
    if self.request is not request:
      self._began = time.time()

  def send(self, data, do_close=True):
    """Sends what the client takes; returns how many bytes."""
    count = super().send(data, do_close)
    self._num_sent += count
    return count

  def write_soon(self, data):
    """Sends a part of a response, or keeps it for a client that reads slowly."""
    try:
      return super().write_soon(data)
    except OSError as error:  # Long responses are kept in temporary files.
      self.server.log_lack("a response can't be kept", error)
      raise

  def send_continue(self):
    """Asks for the body of a request, unless it is refused or has none."""
    if not self.request.completed:
      super().send_continue()

  def handle_close(self):
    """Closes the connection, or its sending half while the rest is dropped."""
    if self.will_close and self._is_refused and not self._is_dropping:
      try:
        self.socket.shutdown(socket.SHUT_WR)
      except OSError:  # The client has closed it.
        pass
      else:
        self._is_dropping, self.will_close = True, False
        self._began = time.time()
        return
    super().handle_close()

  def _refuse(self, error):
    with self.requests_lock:
      self.request.refuse(error)
      self.requests.append(self.request)
      self.request = None
      if len(self.requests) == 1:
        self.server.add_task(self)

  def _num_unsent(self):
    """Returns the bytes that the client's machine has not yet received."""
    if termios is None:
      return 0
    try:
      return struct.unpack("i", fcntl.ioctl(
          self.socket, termios.TIOCOUTQ, bytes(4)))[0]
    except OSError:  # Not on every system.
      return 0


class Listener(server.TcpWSGIServer):
  """Accepts connections, within the descriptors that there are."""
  channel_class = Channel

  # Until when none is accepted, and no message is logged.
  _accepts_at = 0.0
  _logs_at = 0.0

  def __init__(self, application: Application, sockets, **options):
    super().__init__(application, sockets, **options)
    self.record = application.record_refused

  def is_busy(self) -> bool:
    """Whether a client still gets a response."""
    return any(each.is_busy() for each in self.active_channels.values())

  def maintenance(self, now):
    """Closes idle and stalled connections."""
    for each in list(self.active_channels.values()):
      each.maintain(now)
    super().maintenance(now)

  def readable(self):
    """Whether another connection may be accepted."""
    if len(self._map) >= self.adj.connection_limit:
      self._close_idle()
    return super().readable() and time.time() >= self._accepts_at

  def accept(self):
    """Returns a new connection; None: there is none.

    One that can't be accepted, for lack of descriptors, stays in the queue, so
    that the loop would find it again at once, without end.
    """
    try:
      return super().accept()
    except OSError as error:
      if error.errno in _EXHAUSTED and not self._close_idle():
        self._accepts_at = time.time() + 1
      if error.errno in _EXHAUSTED:
        self.log_lack("connections wait (see ulimit -n)", error)
      return None

  def log_lack(self, message: str, error: OSError) -> None:
    """Logs what the system lacks, but not for each request."""
    now = time.time()
    if now >= self._logs_at:
      self._logs_at = now + _MESSAGE_INTERVAL
      tf.logging.error("HTTP: %s: %s", message, error.strerror)

  def _close_idle(self):
    """Closes the connection that has been idle for longest, if any is."""
    channels = list(self.active_channels.values())
    oldest = min(channels, key=Channel.idle_since, default=None)
    if oldest is None or oldest.idle_since() > time.time() - _MIN_IDLE:
      return False
    oldest.handle_close()
    return True
