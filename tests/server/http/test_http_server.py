"""The HTTP server with real clients, and with those that would stop it."""
import gzip
import http.client
import json
import socket
import threading
import time
from concurrent import futures

import numpy as np
import pytest

import commands
import exported
import run_predictor
import served
import tiny_encoder
from bert.predictor import Encoder
from bert.server import settings

TEXTS = ["the ferry left", "two votes"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
  return {"pairs": exported.folder_of(exported.of_pairs(
              tmp_path_factory.mktemp("pairs"))),
          "vectors": exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
              tmp_path_factory.mktemp("vectors"))))}


@pytest.fixture(scope="module")
def server(folders):
  specs = [settings.ModelSpec(name, folder) for name, folder in folders.items()]
  with served.running(*specs) as made:
    yield made


@pytest.fixture(scope="module")
def url(server):
  return "http://127.0.0.1:%d" % server.listeners["http"].port


@pytest.fixture(scope="module")
def encoder(folders):
  return Encoder(folders["vectors"])


def test_requests_is_answered(url, encoder):
  requests = pytest.importorskip("requests", reason="requirements-dev.txt")
  with requests.Session() as session:
    response = session.post(url + "/v1/models/pairs:predict", json={
        "instances": [{"text_a": "two", "text_b": "votes"}]})
    assert response.status_code == 200
    assert set(response.json()["predictions"][0]["probabilities"]) == {
        "0", "1"}
    response = session.post(
        url + "/v1/models/vectors:encode", json={"instances": TEXTS},
        headers={"Accept": "application/octet-stream"})
    assert np.frombuffer(response.content[-4:], "<f4")[0] == pytest.approx(
        encoder.encode(TEXTS)[-1, -1], abs=1e-5)
    assert session.get(url + "/readyz").json() == {"status": "ready"}
    assert session.post(url + "/none").status_code == 404


def test_client_of_openai_is_answered(url, encoder):
  openai = pytest.importorskip("openai", reason="requirements-dev.txt")
  if hasattr(openai, "OpenAI"):
    client = openai.OpenAI(api_key="none", base_url=url + "/v1")
    response = client.embeddings.create(model="vectors", input=TEXTS)
    vectors = [each.embedding for each in response.data]
    names = [each.id for each in client.models.list()]
    num_tokens = response.usage.total_tokens
  else:  # The last version for Python 3.7.
    openai.api_key, openai.api_base = "none", url + "/v1"
    response = openai.Embedding.create(model="vectors", input=TEXTS)
    vectors = [each["embedding"] for each in response["data"]]
    names = [each["id"] for each in openai.Model.list()["data"]]
    num_tokens = response["usage"]["total_tokens"]
  np.testing.assert_allclose(vectors, encoder.encode(TEXTS), atol=1e-5)
  assert names == ["pairs", "vectors"]
  assert num_tokens == sum(map(encoder.predictor.num_tokens, TEXTS))


def ask(port):
  """Asks for a prediction -> status."""
  connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
  connection.request("POST", "/v1/models/bert:predict",
                     json.dumps({"instances": TEXTS}))
  status = connection.getresponse().status
  connection.close()
  return status


def assert_others_are_answered(port):
  with futures.ThreadPoolExecutor(4) as pool:
    assert list(pool.map(ask, [port] * 20)) == [200] * 20


def test_slow_and_half_open_clients_stop_nobody(folders):
  with served.running(settings.ModelSpec("bert", folders["pairs"]),
                      num_threads=2) as made:
    port = made.listeners["http"].port
    slow, half_open = [[socket.create_connection(("127.0.0.1", port), 60)
                        for _ in range(count)] for count in (200, 100)]
    content = (b"POST /v1/models/bert:predict HTTP/1.1\r\nHost: x\r\n"
               b"Content-Length: 99\r\n\r\n" + b" " * 98)
    ended = threading.Event()

    def trickle():
      for byte in content:
        for each in slow:
          each.send(bytes([byte]))
        if ended.wait(1):
          return

    thread = threading.Thread(target=trickle)
    thread.start()
    for each in half_open[:50]:
      each.send(content[:40])
    assert_others_are_answered(port)
    ended.set()
    thread.join()
    for each in slow + half_open:
      each.close()


def test_clients_that_never_read_stop_nobody(folders, tmp_path):
  flags = tiny_encoder.run(tiny_encoder.flags_of(
      tmp_path, pooling="tokens"))
  body = gzip.compress(json.dumps(
      {"instances": ["the ferry left before sunrise"] * 256}).encode())
  request = (b"POST /v1/models/vectors:predict HTTP/1.1\r\nHost: x\r\n"
             b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" %
             len(body)) + body
  specs = [settings.ModelSpec("bert", folders["pairs"]),
           settings.ModelSpec("vectors", flags["output_dir"])]
  with served.running(*specs, num_threads=2, max_queue=100000) as made:
    listener = made.listeners["http"]
    clients = [socket.create_connection(("127.0.0.1", listener.port), 60)
               for _ in range(3)]
    for each in clients:  # Each response has some megabytes.
      each.sendall(request * (8000 // len(request)))
    until = time.monotonic() + 60
    while not made.models.get("vectors").current.num_users and (
        time.monotonic() < until):
      time.sleep(0.01)
    assert_others_are_answered(listener.port)
    while made.metrics.num_open and time.monotonic() < until:
      time.sleep(0.1)
    # What they left unread keeps no thread.
    assert_others_are_answered(listener.port)
    for each in clients:
      each.close()


class Listener:
  """Remembers for how long it may close."""

  def __init__(self):
    self.seconds = []

  def start(self):
    pass

  def close(self, seconds):
    self.seconds.append(seconds)


def test_listeners_share_the_seconds_of_the_flag(folders):
  listener = Listener()
  with served.running(settings.ModelSpec("bert", folders["pairs"]),
                      drain_seconds=7.5) as made:
    made.listeners["other"] = listener
  assert listener.seconds == [7.5]


def test_port_that_is_taken_is_one_line(folders, server):
  port = server.listeners["http"].port
  result = commands.run({"export_dir": folders["pairs"], "http": str(port)},
                        run_predictor)
  assert result.code == 2 and "--http=127.0.0.1:%d" % port in result.log
