"""The two ports: requests are pulled from one, responses published at the
other."""

import collections
import socket
import threading
import time
import typing
from typing import Callable, List

from bert.common.errors import UserError
from bert.server.zeromq.messages import MAX_TOPIC
from bert.server.zeromq.messages import Received

# Seconds from a client's first request until it has subscribed: where it began
# before the server, libzmq connects its two sockets 0.1 to 0.2 seconds after the
# last attempt of each.
_JOINING = 0.25
_MAX_CLIENTS = 10000
# libzmq drops the connection at a frame of more than twice the limit of a
# request and this, so that only smaller ones can be refused with a response.
_BEYOND = 16 << 20
# Requests of a connection that libzmq reads in advance.
_READ_AHEAD = 4
# Responses of this size are not copied.
_LARGE = 1 << 16


class Ports(typing.NamedTuple):
  """The ports to which clients push requests, and from which they get
  responses."""
  requests: int
  responses: int


class Sockets:
  """The sockets of a server; `receive` and `close` are for one thread."""

  def __init__(self, host: str, ports: Ports, max_bytes: int, timeout: float):
    """Listens at the ports.

    Args:
      host: name or address of this machine; * for all its addresses.
      ports: of this machine.
      max_bytes: of a request.
      timeout: seconds until a subscriber that does not read is disconnected.

    Raises:
      UserError: a port is not available.
    """
    import zmq
    self._zmq = zmq
    self._max_bytes = max_bytes
    self._context = zmq.Context()
    # libzmq ignores options that are set after bind.
    self._requests = self._bind(zmq.PULL, host, ports, 0, {
        zmq.MAXMSGSIZE: 2 * max_bytes + _BEYOND, zmq.RCVHWM: _READ_AHEAD})
    self._responses = self._bind(zmq.PUB, host, ports, 1, {
        zmq.MAXMSGSIZE: MAX_TOPIC + 1, zmq.TCP_MAXRT: int(1000 * timeout)})
    self.responses = Publisher(self._responses, zmq.Frame)

  @property
  def versions(self):
    """The versions of pyzmq and libzmq."""
    return self._zmq.pyzmq_version(), self._zmq.zmq_version()

  def wait(self, seconds: float) -> bool:
    """Waits for a request; returns whether there is one."""
    return bool(self._requests.poll(max(0, int(1000 * seconds))))

  def receive(self) -> Received:
    """Returns a message that waits. Of a message of any size, only what a
    request may have is kept."""
    frames, sizes, count, has_more = [], [], 0, True
    while has_more:
      frame = self._requests.recv(copy=False)
      count, has_more = count + 1, frame.more
      if count <= 4:
        sizes.append(len(frame.buffer))
        frames.append(bytes(
            frame.buffer if sizes[-1] <= self._max_bytes + MAX_TOPIC else
            frame.buffer[:MAX_TOPIC]))
    return Received(frames, sizes, count)

  def close(self, seconds: float) -> None:
    """Sends what waits to be sent, at most for some seconds, and closes."""
    self.responses.close()
    self._requests.close(0)
    self._responses.close(int(1000 * seconds))
    self._context.term()

  def _bind(self, kind, host, ports, index, options):
    made = self._context.socket(kind)
    try:
      made.setsockopt(self._zmq.LINGER, 0)
      for option, value in options.items():
        made.setsockopt(option, value)
      address = _address_of(host)
      made.setsockopt(self._zmq.IPV6, int(address.startswith("[")))
      made.bind("tcp://%s:%d" % (address, ports[index]))
    except (self._zmq.ZMQError, OSError, UnicodeError) as error:
      self._context.destroy(0)
      raise UserError("--bert_serving=%d,%d: %s, port %d: %s" % (
          tuple(ports) + (host, ports[index], error)))
    return made


class Publisher:
  """Sends responses; thread-safe.

  Those to new clients are held back until they have subscribed, as what is
  published before that is lost.

  Attributes:
    num_clients: so far.
  """

  def __init__(self, made, frame_class: Callable):
    """Takes a PUB socket, and the class of frames that are not copied."""
    self._socket = made
    self._frame_class = frame_class
    self._joined = collections.OrderedDict()  # Client -> its first request.
    self._delayed = collections.deque()
    self._unread = []  # (tracker, function) of responses that are being sent.
    self._lock = threading.Lock()
    self._is_closed = False

  @property
  def num_clients(self) -> int:
    """Clients so far, of which the last 10,000 are counted."""
    return len(self._joined)

  @property
  def seconds_left(self) -> float:
    """Seconds until a response that is held back is due; large without one."""
    with self._lock:
      return (self._delayed[0][0] - time.monotonic() if self._delayed else
              float("inf"))

  def join(self, client: bytes) -> None:
    """Notes a client that has sent something."""
    with self._lock:
      if client not in self._joined:
        self._joined[client] = time.monotonic()
        if len(self._joined) > _MAX_CLIENTS:
          self._joined.popitem(last=False)

  def send(self, frames: List, when_read: Callable = lambda: None) -> None:
    """Sends a response; the first frame is the client.

    Args:
      frames: of the response.
      when_read: called once the memory of the response is free.
    """
    now = time.monotonic()
    with self._lock:
      due = self._joined.get(frames[0], now) + _JOINING
      if frames[0] in self._joined and due <= now:
        self._send(frames, when_read)
      else:
        self._delayed.append((max(due, now), frames, when_read))

  def flush(self, is_last: bool = False) -> None:
    """Sends what is due, all if it is the last time; frees what was sent."""
    with self._lock:
      while self._delayed and (
          is_last or self._delayed[0][0] <= time.monotonic()):
        self._send(*self._delayed.popleft()[1:])
      unread, self._unread = self._unread, []
      for tracker, when_read in unread:
        if tracker.done:
          when_read()
        else:
          self._unread.append((tracker, when_read))

  def close(self) -> None:
    """Sends nothing from now on."""
    with self._lock:
      self._is_closed = True

  def _send(self, frames, when_read):
    if self._is_closed:
      return
    if memoryview(frames[2]).nbytes >= _LARGE:
      vectors = self._frame_class(frames[2], track=True, copy=False)
      self._socket.send_multipart(frames[:2] + [vectors] + frames[3:],
                                  copy=False)
      self._unread.append((vectors.tracker, when_read))
    else:
      self._socket.send_multipart(frames)
      when_read()


def _address_of(host):
  """Returns a host as libzmq takes it, which does not look up names."""
  if host in ("*", ""):
    return "*"
  family, _, _, _, address = socket.getaddrinfo(
      host.strip("[]"), None, type=socket.SOCK_STREAM,
      flags=socket.AI_PASSIVE)[0]
  return ("[%s]" if family == socket.AF_INET6 else "%s") % address[0]
