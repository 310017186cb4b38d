"""The clients of bert-as-service, as they are, on ours."""
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import commands
import forked
import run_predictor
import served
import tiny_encoder
from bert.data.examples import Words
from bert.predictor import Encoder
from bert.server.zeromq import server as bert_clients
from bert.server import server_metrics
from bert.server.model_requests import Limits
from mistakes import message_of

zmq = pytest.importorskip("zmq", reason="requirements-serving.txt")
client_lib = pytest.importorskip("bert_serving.client",
                                 reason="requirements-dev.txt")
TEXTS = ["the ferry left", "two votes", "who said", "before sunrise captain"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
  folder = tmp_path_factory.mktemp("encoder")
  return Encoder(tiny_encoder.run(tiny_encoder.flags_of(
      folder, pool_special_tokens=True))["output_dir"], batch_size=3)


@pytest.fixture(scope="module")
def server(encoder):
  """Ports of a server, and the server."""
  with serving(encoder, max_queue=10) as made:
    yield made


@contextlib.contextmanager
def serving(encoder, max_queue):
  model = served.model_of(encoder.predictor.folder, max_batch=3,
                          max_queue=max_queue)
  ports = served.free_ports()
  made = make(model, ports)
  made.start()
  yield ports, made
  made.close()
  model.close()


def make(model, ports):
  return bert_clients.BertClients(
      model, bert_clients.Ports(*ports), server_metrics.ServerMetrics(),
      Limits(max_bytes=1 << 20))


def connect(server, **changes):
  (port, port_out), _ = server
  return client_lib.BertClient("127.0.0.1", port, port_out, timeout=20000,
                               **changes)


@pytest.fixture
def client(server):
  with connect(server) as made:
    yield made


def assert_same(found, expected):
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, expected, atol=1e-5)


def test_client_finds_version_and_length(client):
  config = client.server_config
  assert config["server_version"] == client.status["client_version"]
  assert client.length_limit == config["max_seq_len"] == 16
  assert client.token_info_available


def test_lists_are_encoded_in_order(client, encoder):
  assert_same(client.encode(TEXTS), encoder.encode(TEXTS))
  many = TEXTS * 20  # More than a batch, and than the queue.
  assert_same(client.encode(many), encoder.encode(many))


def test_queue_may_be_shorter_than_a_batch(encoder):
  with serving(encoder, max_queue=2) as server, connect(server) as client:
    assert_same(client.encode(TEXTS), encoder.encode(TEXTS))


def test_tokens_may_be_given_and_are_shown(client, encoder):
  tokens = [["the", "ferry"], ["left"]]
  assert_same(client.encode(tokens, is_tokenized=True),
              encoder.encode([Words(each) for each in tokens]))
  vectors, shown = client.encode(["two votes", "left"], show_tokens=True)
  assert len(vectors) == 2
  tokenize = encoder.predictor.loaded.encoder.tokenizer.tokenize
  assert shown == [["[CLS]"] + tokenize(each) + ["[SEP]"]
                   for each in ("two votes", "left")]


def test_requests_are_fetched_when_they_are_done(client, encoder):
  batches = [TEXTS[:2], TEXTS[2:], TEXTS]
  for each in batches:
    client.encode(each, blocking=False)
  found = client.fetch_all(sort=True)
  for vectors, texts in zip(found, batches):
    assert_same(vectors, encoder.encode(texts))
  client.encode(TEXTS, blocking=False)
  assert_same(client.fetch_all(concat=True), encoder.encode(TEXTS))


def test_batches_of_a_generator_are_encoded(client, encoder):
  batches = [TEXTS[index:index + 2] for index in range(3)]
  found = sorted(client.encode_async(iter(batches), max_num_batch=3),
                 key=lambda each: each[0])
  for (_, vectors, *_), texts in zip(found, batches):
    assert_same(vectors, encoder.encode(texts))


def test_lists_come_as_lists(server, encoder):
  with connect(server, output_fmt="list") as client:
    np.testing.assert_allclose(client.encode(TEXTS[:1]),
                               encoder.encode(TEXTS[:1]), atol=1e-5)


def test_clients_of_several_threads_are_answered(server, encoder):
  (port, port_out), _ = server
  expected = encoder.encode(TEXTS)
  with client_lib.ConcurrentBertClient(
      max_concurrency=3, ip="127.0.0.1", port=port,
      port_out=port_out) as client:
    from concurrent import futures
    with futures.ThreadPoolExecutor(3) as pool:
      for found in pool.map(lambda _: client.encode(TEXTS), range(9)):
        assert_same(found, expected)


def test_state_counts_requests(client, server):
  before = client.server_status["statistic"]
  client.encode(TEXTS)
  after = client.server_status["statistic"]
  assert after["num_data_request"] > before["num_data_request"]
  assert after["num_total_seq"] == before["num_total_seq"] + len(TEXTS)


def test_client_gives_up_after_its_timeout():
  # In a process of its own: what it leaves behind blocks whoever collects it.
  done = subprocess.run(
      [sys.executable, "-c", "import os, bert_serving.client as client\ntry:\n"
       "  client.BertClient('127.0.0.1', %d, %d, timeout=300)\n"
       "except TimeoutError:\n  os._exit(7)" % tuple(served.free_ports())], timeout=60)
  assert done.returncode == 7


def test_broken_frames_never_end_the_server(server, encoder):
  (port, _), made = server
  context = zmq.Context()
  sender = context.socket(zmq.PUSH)
  sender.connect("tcp://127.0.0.1:%d" % port)
  good = json.dumps(TEXTS).encode()
  broken = [
      [b""], [b"x"], [b"x", good], [b"x", good, b"1"],
      [b"x", good, b"1", b"4", b"5"], [b"", good, b"1", b"4"],
      [b"x" * 1000, good, b"1", b"4"], [b"x", good, b"one", b"4"],
      [b"x", good, b"1", b"-4"], [b"x", b"\xff", b"1", b"4"],
      [b"x", b"[", b"1", b"4"], [b"x", b"{}", b"1", b"4"],
      [b"x", b"[]", b"1", b"0"], [b"x", b"[3]", b"1", b"1"],
      [b"x", b'["a", ["b"]]', b"1", b"2"], [b"x", b'[" "]', b"1", b"1"],
      [b"x", b"[" * 100000, b"1", b"1"], [b"x", b"[[]]", b"1", b"1"],
      [b"x", b"TERMINATION", b"1", b"0"], [b"x", good, b"9" * 100, b"4"]]
  before = made.num_refused
  draws = random.Random(1)
  for _ in range(200):
    sender.send_multipart(draws.choice(broken))
  for each in broken:
    sender.send_multipart(each)
  until = time.monotonic() + 20
  while made.num_refused < before + 220 and time.monotonic() < until:
    time.sleep(0.01)
  assert made.num_refused == before + 220
  # A request that is too long ends its connection, not the server.
  sender.send_multipart([b"x", b"a" * (2 << 20), b"1", b"1"])
  sender.close()
  context.term()
  with connect(server) as client:
    assert_same(client.encode(TEXTS), encoder.encode(TEXTS))


def test_command_answers_clients_until_it_is_ended(tmp_path):
  flags = tiny_encoder.run(tiny_encoder.flags_of(tmp_path))
  ports = served.free_ports()
  process = subprocess.Popen(
      forked.python() + [
          os.path.abspath(run_predictor.__file__),
          "--export_dir=" + flags["output_dir"],
          "--bert_serving=%d,%d" % tuple(ports)], stdout=subprocess.PIPE)
  try:
    assert b"bert-serving-client" in process.stdout.readline()
    with client_lib.BertClient("127.0.0.1", *ports, timeout=20000) as client:
      assert_same(client.encode(TEXTS),
                  Encoder(flags["output_dir"]).encode(TEXTS))
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
  finally:
    process.kill()


@pytest.mark.parametrize("text", ["5555", "5555,5555", "a,b", "0,1", "1,2,3"])
def test_ports_that_are_none_are_refused(text, tmp_path):
  result = commands.run({"export_dir": str(tmp_path), "bert_serving": text},
                        run_predictor)
  assert result.code == 2 and "--bert_serving=%s" % text in result.log


def test_port_that_is_taken_is_told(server):
  ports, _ = server
  message = message_of(make, None, ports)
  assert "port %d" % ports[0] in message


def test_other_exports_have_no_vectors(tmp_path):
  import exported
  flags = exported.of_singles(tmp_path)
  result = commands.run({"export_dir": flags["output_dir"],
                         "bert_serving": "%d,%d" % tuple(served.free_ports())},
                        run_predictor)
  assert result.code == 2 and "is no encoder" in result.log
