"""Connections of clients that send too much, too slowly, or nothing."""
import contextlib
import errno
import http.client
import logging
import socket
import threading
import types

import pytest
from waitress import adjustments
from waitress import wasyncore

from bert.server.http import connections as http_connections
from bert.server.http import server as http_server
from bert.server.http.application import Limits

LIMIT = 100000
HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Application:
  """Responds with as many bytes as a request wants."""

  def __init__(self):
    self.refused = []

  def close(self):
    pass

  def record_refused(self, client, code):
    assert client == "127.0.0.1"
    self.refused.append(code)

  def __call__(self, environ, start_response):
    environ["wsgi.input"].read()
    size = int(environ.get("HTTP_X_SIZE", "2"))
    start_response("200 OK", [("Content-Length", str(size))])
    return [b"x" * size]


@pytest.fixture
def application():
  return Application()


@pytest.fixture
def server(application):
  made = http_server.HttpServer(application, ("127.0.0.1", 0),
                                Limits(max_bytes=LIMIT), num_threads=2)
  made.start()
  yield made
  made.close(0)


def connect(port):
  client = socket.create_connection(("127.0.0.1", port), 30)
  # Single bytes are sent at once.
  client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
  return client


def status_of(client):
  response = http.client.HTTPResponse(client)
  response.begin()
  response.read()
  return response.status


def post_with_http_client(port, body):
  connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
  connection.request("POST", "/", body)
  response = connection.getresponse()
  response.read()
  connection.close()
  return response.status


def post_with_requests(port, body):
  import requests
  return requests.post("http://127.0.0.1:%d/" % port, data=body).status_code


def post_in_chunks(port, body):
  return post_with_requests(port, (
      body[start:start + 10000] for start in range(0, len(body), 10000)))


def post_without_waiting_for_continue(port, body):
  with connect(port) as client:
    client.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" %
                   len(body) + body)
    return status_of(client)


@pytest.mark.parametrize("times", [1.1, 10, 100])
@pytest.mark.parametrize("post", [
    post_with_http_client, post_with_requests, post_in_chunks,
    post_without_waiting_for_continue])
def test_body_beyond_the_limit_gets_its_response(post, times, server,
                                                 application):
  assert post(server.port, b" " * int(LIMIT * times)) == 413
  assert application.refused == [413]


def test_body_is_dropped_up_to_a_bound(server, monkeypatch):
  monkeypatch.setattr(http_connections, "_MIN_DROPPED", 10 ** 6)
  monkeypatch.setattr(http_connections, "_DROPPED_TIMES", 1)
  with connect(server.port) as client:
    client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % 10 ** 12)
    assert status_of(client) == 413
    with pytest.raises(OSError):
      for _ in range(10 ** 5):
        client.sendall(b" " * 10 ** 5)


def test_body_is_not_asked_for_in_vain(server):
  for size, responses in ((LIMIT * 10, [413]), (0, [200])):
    with connect(server.port) as client:
      client.sendall(HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" %
                     size)
      # http.client would skip "100 Continue".
      line = client.makefile("rb").readline()
      assert [int(line.split()[1])] == responses


BROKEN = [
    b"GARBAGE\r\n\r\n", b"get / HTTP/1.1\r\n\r\n", b"GET http://[ HTTP/1.1\r\n\r\n",
    HEAD + b"Content-Length: -1\r\n\r\n", HEAD + b"Content-Length: 2, 2\r\n\r\nab",
    HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
    HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nabcd",
    b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n"]


def test_broken_requests_are_refused_and_write_nothing(server, application,
                                                       caplog):
  for request in BROKEN:
    with connect(server.port) as client:
      client.sendall(request)
      assert status_of(client) in (200, 400, 413, 431, 501)
    with connect(server.port) as client:
      client.sendall(request * 9)
      # It leaves at once, by a reset.
      client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1] + [0] * 7))
  assert {400, 431, 501} <= set(application.refused)
  assert post_with_http_client(server.port, b"") == 200
  assert not [each for each in caplog.records
              if each.levelno >= logging.ERROR]


def closing(server, seconds):
  thread = threading.Thread(target=server.close, args=(seconds,))
  thread.start()
  return thread


def ask_for(client, size):
  """Reads the first bytes of a long response."""
  client.sendall(HEAD + b"X-Size: %d\r\n\r\n" % size)
  return client.recv(1000)


def test_closing_server_waits_for_its_readers(server, monkeypatch):
  monkeypatch.setattr(http_server, "_QUIET", 0.01)
  size = 20 << 20
  with connect(server.port) as client:
    first = ask_for(client, size)
    thread = closing(server, 600)
    thread.join(0.3)  # Far longer than it would take without a reader.
    assert thread.is_alive()
    head = first.index(b"\r\n\r\n") + 4
    num_read = len(first) - head
    while num_read < size:
      part = client.recv(1 << 20)
      assert part, "the response is cut off after %d bytes" % num_read
      num_read += len(part)
    thread.join(60)
    assert not thread.is_alive() and num_read == size


def test_client_that_never_reads_holds_a_closing_server_no_longer(server):
  with connect(server.port) as client:
    ask_for(client, 20 << 20)
    thread = closing(server, 0.2)
    thread.join(60)
    assert not thread.is_alive()
    num_read = 0
    with contextlib.suppress(OSError):
      for part in iter(lambda: client.recv(1 << 20), b""):
        num_read += len(part)
    assert num_read < 20 << 20


class Loop:
  """A listener whose loop and requests run step by step, in this thread.

  Attributes:
    now: time of its clock.
  """

  def __init__(self, application, monkeypatch, **options):
    self.now = 1000.0
    self._tasks = []
    self._sockets = {}
    clock = types.SimpleNamespace(time=lambda: self.now)
    for module in ("bert.server.http.connections", "waitress.channel",
                   "waitress.server"):
      monkeypatch.setattr(module + ".time", clock)
    adjusted = adjustments.Adjustments(
        host="127.0.0.1", port=0, channel_timeout=40, cleanup_interval=0,
        **options)
    self.listener = http_connections.Listener(
        application, self._sockets, dispatcher=self, adj=adjusted,
        sockinfo=adjusted.listen[0])
    self.port = self.listener.effective_port

  def add_task(self, task):
    self._tasks.append(task)

  def run(self):
    for _ in range(10):
      wasyncore.loop(timeout=0.001, use_poll=True, map=self._sockets, count=1)
      while self._tasks:
        self._tasks.pop(0).service()

  def close(self):
    wasyncore.close_all(self._sockets)


@pytest.fixture
def loop(application, monkeypatch):
  made = Loop(application, monkeypatch, connection_limit=6)
  yield made
  made.close()


def trickle(loop, client, parts, seconds=1):
  """Sends parts, some seconds apart -> how many, until there is a response."""
  client.setblocking(False)
  for index, part in enumerate(parts):
    try:
      client.send(part)
    except OSError:
      return index
    loop.run()
    try:
      if client.recv(1, socket.MSG_PEEK):
        return index
    except BlockingIOError:
      pass
    loop.now += seconds
  return len(parts)


@pytest.mark.parametrize("head", [b"", HEAD + b"Content-Length: 99999\r\n\r\n"],
                         ids=["headers", "body"])
def test_request_that_arrives_byte_by_byte_ends(head, loop, application):
  with connect(loop.port) as client:
    client.sendall(head)
    loop.run()
    # The time of an idle connection, and a second per 500 bytes.
    assert trickle(loop, client, [b"x"] * 100) == 41
    client.setblocking(True)
    assert status_of(client) == 408
  assert application.refused == [408]


def test_long_body_may_arrive_slowly(loop, application):
  head = HEAD + b"Content-Length: 90000\r\n\r\n"
  with connect(loop.port) as client:
    client.sendall(head)
    assert trickle(loop, client, [b"x" * 6000] * 15, seconds=10) == 14
    client.setblocking(True)
    assert status_of(client) == 200
  assert not application.refused


def test_body_that_ends_too_early_is_told(loop, application):
  with connect(loop.port) as client:
    client.sendall(HEAD + b"Content-Length: 10\r\n\r\n123")
    loop.run()
    loop.now += 50
    loop.run()
    assert status_of(client) == 408


def test_refused_client_that_keeps_the_connection_is_left(loop):
  with connect(loop.port) as client:
    client.sendall(b"get / HTTP/1.1\r\n\r\n")
    loop.run()
    assert status_of(client) == 400
    assert len(loop.listener.active_channels) == 1  # More may come.
    loop.now += 4
    client.sendall(b"x")
    loop.run()
    loop.now += 4
    loop.run()
    assert len(loop.listener.active_channels) == 1
    loop.now += 4
    loop.run()
    assert not loop.listener.active_channels


def test_refused_body_is_not_dropped_for_ever(loop):
  with connect(loop.port) as client:
    client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % 10 ** 12)
    for seconds in range(0, 40, 4):
      loop.run()
      assert len(loop.listener.active_channels) == 1, seconds
      client.sendall(b"x")
      loop.now += 4
    loop.now += 4
    loop.run()
    assert not loop.listener.active_channels


def test_connection_that_came_to_a_stop_is_closed(loop):
  with connect(loop.port) as stopped, connect(loop.port) as idle:
    stopped.sendall(HEAD + b"X-Size: %d\r\n\r\n" % (20 << 20))
    idle.sendall(HEAD + b"\r\n")
    loop.run()
    assert len(loop.listener.active_channels) == 2
    loop.now += 30
    loop.run()
    assert len(loop.listener.active_channels) == 2
    loop.now += 20
    loop.run()
    assert not loop.listener.active_channels
    assert status_of(idle) == 200


@pytest.mark.parametrize("rate, seconds", [(10 ** 6, 41), (10 ** 4, 100)])
def test_response_may_be_read_slowly_but_not_too_slowly(rate, seconds, loop,
                                                        monkeypatch):
  monkeypatch.setattr(http_connections, "_MIN_RATE", rate)
  with connect(loop.port) as client:
    client.sendall(HEAD + b"X-Size: %d\r\n\r\n" % (40 << 20))
    loop.run()
    began = loop.now
    while loop.listener.active_channels and loop.now < began + 100:
      for _ in range(3):  # Some 200 KB a second.
        client.recv(1 << 16)
      loop.now += 1
      loop.run()
    assert loop.now - began == seconds


def test_response_in_the_kernels_buffer_is_not_yet_read(loop):
  with connect(loop.port) as client:
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    client.sendall(HEAD + b"X-Size: 300000\r\n\r\n")
    loop.run()
    (channel,) = loop.listener.active_channels.values()
    assert not channel.total_outbufs_len and loop.listener.is_busy()
    assert status_of(client) == 200
    loop.run()
    assert not loop.listener.is_busy()


def test_idle_connections_give_way_to_new_ones(loop):
  # Two of the six are the loop's own.
  clients = [connect(loop.port) for _ in range(8)]
  loop.run()
  assert len(loop.listener.active_channels) == 4
  loop.now += 2
  loop.run()
  clients[-1].sendall(HEAD + b"\r\n")
  loop.run()
  assert status_of(clients[-1]) == 200
  for each in clients:
    each.close()


def test_lack_of_descriptors_makes_the_loop_wait(loop, monkeypatch):
  attempts, messages = [], []

  def accept(_):
    attempts.append(1)
    raise OSError(errno.EMFILE, "Too many open files")

  monkeypatch.setattr(http_connections.tf.logging, "error",
                      lambda text, *values: messages.append(text % values))
  with monkeypatch.context() as patch, connect(loop.port) as client:
    patch.setattr(wasyncore.dispatcher, "accept", accept)
    for count in (1, 2, 3):  # One attempt a second.
      loop.run()
      assert len(attempts) == count
      loop.now += 1
    patch.undo()
    client.sendall(HEAD + b"\r\n")
    loop.run()
    assert status_of(client) == 200
  (message,) = messages
  assert "connections wait (see ulimit -n): Too many open files" in message


def test_number_of_connections_leaves_descriptors_to_others(monkeypatch):
  limits = {}
  monkeypatch.setattr(http_server.resource, "getrlimit",
                      lambda _: (limits["soft"], 99999))
  for limits["soft"], expected in ((1024, 824), (100, 50), (65536, 1000),
                                   (http_server.resource.RLIM_INFINITY, 1000)):
    assert http_server._max_connections() == expected


def test_full_temporary_folder_is_a_servers_fault(loop, monkeypatch,
                                                  application):
  def fail(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

  monkeypatch.setattr("waitress.receiver.FixedStreamReceiver.received", fail)
  with connect(loop.port) as client:
    client.sendall(HEAD + b"Content-Length: 3\r\n\r\n")
    loop.run()
    client.sendall(b"abc")
    loop.run()
    assert status_of(client) == 503
  assert application.refused == [503]
