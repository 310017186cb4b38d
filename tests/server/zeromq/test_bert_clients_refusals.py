"""What clients of bert-as-service get instead of vectors, and at the end."""
import contextlib
import json
import threading

import numpy as np
import pytest

import served
import tiny_encoder
from bert.heads.outputs import TextOutput
from bert.server.zeromq import server as bert_clients
from bert.serving.predictor import Converted
from bert.serving.predictor import Record
from bert.server import server_metrics
from bert.server.model_requests import Limits
from bert.server.zeromq import client_queue

zmq = pytest.importorskip("zmq", reason="requirements-serving.txt")
client_lib = pytest.importorskip("bert_serving.client",
                                 reason="requirements-dev.txt")
SECONDS = 20


class Model:
  """What stands for a model: vectors are the lengths of texts, once it may run;
  batches are noted."""

  def __init__(self):
    self.may_run = threading.Event()
    self.is_running = threading.Event()
    self.batches = []
    self.error = None
    self.read = None  # The predictor's own convert.

  def convert(self, text):
    (record,) = self.read(text).records
    return Converted(text, [Record(dict(record.inputs, text=text), len(text),
                                   "vectors")])

  def to_outputs(self, converted, rows):
    return rows

  def run_records(self, records):
    texts = [each.inputs["text"] for each in records]
    self.batches.append(texts)
    self.is_running.set()
    assert self.may_run.wait(SECONDS)
    if self.error:
      raise self.error
    return [TextOutput([], [], {}, None, "", vector=np.array(
        [len(text), 0.5], np.float32)) for text in texts]


class Raw:
  """A client that sends what it likes."""

  def __init__(self, ports, identity=b"raw"):
    self._context = zmq.Context()
    self.identity = identity
    self.sender, self._receiver = map(self._context.socket,
                                      (zmq.PUSH, zmq.SUB))
    self._receiver.setsockopt(zmq.SUBSCRIBE, identity)
    self.sender.connect("tcp://127.0.0.1:%d" % ports[0])
    self._receiver.connect("tcp://127.0.0.1:%d" % ports[1])
    # The first response is held back until it has subscribed.
    self.send(b"SHOW_CONFIG", b"0")
    assert self.receive()[-1] == b"0"

  def send(self, message, number, num_texts=b"1"):
    self.sender.send_multipart([self.identity, message, number, num_texts])

  def receive(self):
    assert self._receiver.poll(1000 * SECONDS)
    return self._receiver.recv_multipart()

  def receive_soon(self):
    """Returns what the next response says, b"" if there is none yet."""
    return self._receiver.recv_multipart()[1] if (
        self._receiver.poll(200)) else b""

  def ask(self, *frames):
    """Sends frames -> (number, reason of the refusal) of the response."""
    self.sender.send_multipart(frames)
    client, about, array, number = self.receive()
    assert (client, array) == (frames[0], b"")
    return number, json.loads(about.decode())["error"]

  def close(self):
    self._context.destroy(0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
  return tiny_encoder.run(tiny_encoder.flags_of(
      tmp_path_factory.mktemp("encoder")))["output_dir"]


class Server:
  """A server of a Model."""

  def __init__(self, folder, **limits):
    self.model = Model()
    self.metrics = server_metrics.ServerMetrics()
    self.ports = served.free_ports()
    self.served = served.model_of(folder, run=self.model.run_records,
                                  max_batch=3, max_queue=12)
    predictor = self.served.current.predictor
    self.model.read = predictor.convert
    for name in ("convert", "to_outputs"):
      setattr(predictor, name, getattr(self.model, name))
    self.clients = bert_clients.BertClients(
        self.served, bert_clients.Ports(*self.ports), self.metrics,
        Limits(**limits), host="localhost")
    self.clients.start()
    self.raw = Raw(self.ports)

  def count(self, code):
    """Number of responses with a code."""
    line = ('bert_requests_total{code="%s",model="bert",protocol="zmq"} ' %
            code)
    return sum(float(each[len(line):]) for each in
               self.metrics.exposition().decode().splitlines()
               if each.startswith(line))

  def connect(self):
    return client_lib.BertClient("127.0.0.1", *self.ports,
                                 timeout=1000 * SECONDS)


@pytest.fixture
def server(folder):
  with serving(folder, max_bytes=1 << 20, max_chars=100) as made:
    yield made


@contextlib.contextmanager
def serving(folder, **limits):
  made = Server(folder, **limits)
  try:
    yield made
  finally:
    made.model.may_run.set()
    if made.clients._threads[0].is_alive():
      made.clients.close()
    made.raw.close()
    made.served.close()


@pytest.mark.parametrize("texts, reason", [
    (["a" * 101], "a text of 101 characters; at most 100"),
    (["a" * 100] * 20000, "bytes; at most 1048576 are read"),
    (["\u00a0"], "blank")])
def test_client_raises_an_error_and_goes_on(server, texts, reason, monkeypatch):
  monkeypatch.setattr(client_lib.BertClient, "_check_input_lst_str",
                      staticmethod(lambda texts: None))
  server.model.may_run.set()
  with server.connect() as client:
    with pytest.raises(TypeError, match="refused by the server: .*" + reason):
      client.encode(texts)
    client.encode(["four"], blocking=False)
    client.encode(texts, blocking=False)
    client.encode(["seven.."], blocking=False)
    found = []
    for _ in range(2):
      with contextlib.suppress(TypeError):
        for each in client.fetch():
          found.append(each.embedding[0][0])
    assert sorted(found) == [4, 7] and not client.pending_request
  assert server.count("refused") == server.clients.num_refused == 2


def test_requests_of_other_forms_are_refused_with_a_response(server):
  ask, good = server.raw.ask, b'["a"]'
  assert ask(b"raw") == (b"0", "refused by the server: 1 frames; 4 are needed")
  assert ask(*[b"raw"] * 500)[1].endswith("500 frames; 4 are needed")
  assert ask(b"raw", good, b"8") == (
      b"8", "refused by the server: 3 frames; 4 are needed")
  number, reason = ask(b"raw" * 100, good, b"3", b"1")
  assert number == b"3" and "identity of 300 bytes" in reason
  for message in (b"\xff", b"[", b"{}", b"[]", b"[3]", b"TERMINATION",
                  b"9" * 5000, b"[" * 100000, b'["a", ["b"]]'):
    number, reason = ask(b"raw", message, b"5", b"1")
    assert number == b"5" and reason.startswith("refused by the server")
  assert server.count("refused") == server.clients.num_refused == 13


def test_hard_limit_of_libzmq_is_the_last_resort(server):
  events = server.raw.sender.get_monitor_socket(zmq.EVENT_DISCONNECTED)
  number, reason = server.raw.ask(b"raw", b" " * (17 << 20), b"5", b"1")
  assert number == b"5" and "17825792 bytes" in reason
  server.raw.send(b" " * (19 << 20), b"6")
  assert events.poll(1000 * SECONDS)
  server.model.may_run.set()
  with server.connect() as client:
    assert client.encode(["four"]).tolist() == [[4, 0.5]]
  assert server.clients.num_refused == 1


def test_fault_of_the_server_is_one_and_shows_no_path(server):
  server.model.error = RuntimeError("/secret/folder is gone")
  server.model.may_run.set()
  assert server.raw.ask(b"raw", b'["a"]', b"1", b"1") == (
      b"1", "refused by the server: the server failed; its log says why")
  assert server.count("failed") == 1 and server.count("refused") == 0


def test_full_queue_refuses_requests_of_its_client(server, monkeypatch):
  monkeypatch.setattr(client_queue, "_MAX_CLIENT", 2200)
  for number in (b"1", b"2"):
    server.raw.send(b'["aa"]', number)
  number, reason = server.raw.ask(b"raw", b'["aa"]', b"3", b"1")
  assert number == b"3" and "too many requests wait" in reason
  server.model.may_run.set()
  assert {server.raw.receive()[-1] for _ in range(2)} == {b"1", b"2"}
  with server.connect() as client:
    assert client.encode(["four"]).tolist() == [[4, 0.5]]
  assert server.count("full") == 1


def test_small_request_has_its_turn_beside_a_large_one(server):
  server.raw.send(json.dumps(["large"] * 3000).encode(), b"1", b"3000")
  assert server.model.is_running.wait(SECONDS)
  other = Raw(server.ports, b"other")
  other.send(b'["small"]', b"2")
  server.model.may_run.set()
  assert other.receive()[-1] == b"2"
  other.close()
  vectors = server.raw.receive()[2]
  assert vectors == np.array([[5, 0.5]] * 3000, np.float32).tobytes()
  batches = server.model.batches
  assert sum(map(len, batches)) == 3001
  # It came while the first batch ran; the queue has capacity for two chunks.
  index = [index for index, each in enumerate(batches) if "small" in each][0]
  assert index < len(batches) / 2
  assert max(map(len, batches)) <= 3


def test_slow_texts_of_a_client_stop_no_other(server, monkeypatch):
  predictor, is_slow = server.served.current.predictor, threading.Event()
  to_example, ended = predictor.to_example, threading.Event()

  def convert(text):
    if text == "slow":
      is_slow.set()
      assert ended.wait(SECONDS)
    return to_example(text)

  monkeypatch.setattr(predictor, "to_example", convert)
  server.model.may_run.set()
  for number in range(8):
    server.raw.send(json.dumps(["slow"] * 3).encode(), b"%d" % number, b"3")
  assert is_slow.wait(SECONDS)
  with server.connect() as client:
    assert client.encode(["four"]).tolist() == [[4, 0.5]]
  assert not ended.is_set()
  ended.set()
  assert len({server.raw.receive()[-1] for _ in range(8)}) == 8


def test_requests_before_the_end_get_their_responses(server):
  for number in range(300):
    server.raw.send(b'["%s"]' % (b"a" * (number % 50 + 1)), b"%d" % number)
  server.model.may_run.set()
  closing = threading.Thread(target=server.clients.close)
  closing.start()
  lengths = {}
  for _ in range(300):
    _, _, vectors, number = server.raw.receive()
    lengths[int(number)] = np.frombuffer(vectors, np.float32)[0]
  assert lengths == {number: number % 50 + 1 for number in range(300)}
  closing.join()
  assert server.count("ok") == 300


def test_requests_after_the_end_are_refused(server):
  server.raw.send(b'["a"]', b"1")
  assert server.model.is_running.wait(SECONDS)
  closing = threading.Thread(target=server.clients.close)
  closing.start()
  about, number = b"", 1
  while b"the server is closing" not in about:
    number += 1
    server.raw.send(b'["a"]', b"%d" % number)
    about = server.raw.receive_soon()
  server.model.may_run.set()
  while server.raw.receive()[-1] != b"1":
    pass
  closing.join()
  assert server.count("closing") == 1 and server.count("ok") == number - 1


def test_what_is_not_done_in_time_is_refused(server):
  server.raw.send(b'["a"]', b"1")
  assert server.model.is_running.wait(SECONDS)
  server.raw.send(b'["a"]', b"2")
  server.clients.close(0)
  responses = [server.raw.receive() for _ in range(2)]
  assert {each[-1] for each in responses} == {b"1", b"2"}
  assert all(b"the server is closing" in each[1] for each in responses)
  assert server.count("closing") == 2
