"""The clients that a server is loaded with, beside polite ones."""
import argparse

import pytest

import exported
import served
import tiny_encoder
from bert.serving.predictor import Predictor
from bert.server import settings
from benchmarks import hostile_clients
from benchmarks import hostile_load

pytest.importorskip("bert_serving.client", reason="requirements-dev.txt")
TEXTS = ["two", "the ferry left"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
  vectors = {name: exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
      tmp_path_factory.mktemp(name), pooling=pooling)))
             for name, pooling in (("encoder", "mean"), ("tokens", "tokens"))}
  return dict(vectors, classifier=exported.folder_of(exported.of_singles(
      tmp_path_factory.mktemp("classifier"))))


@pytest.fixture(scope="module")
def ports():
  return served.free_ports()


@pytest.fixture(scope="module")
def log_folder(tmp_path_factory):
  return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def server(folders, ports, log_folder):
  with served.running(
      *[settings.ModelSpec(name, folder) for name, folder in folders.items()],
      endpoints=settings.Endpoints(
          http=("127.0.0.1", 0), bert_clients=("127.0.0.1",) + tuple(ports)),
      access_log=str(log_folder / "log")) as made:
    yield made


@pytest.mark.parametrize("name, expected", [
    ("slow_words", {"200"}), ("ids", {"200"}), ("token_vectors", {"200"}),
    ("blank_texts", {"400"}), ("sigterm", {"200"}), ("log_gone", {"200"}),
    ("big_zeromq", {"2000000 bytes: answered", "66 bytes: answered"})])
def test_hostile_client_gets_its_answers(name, expected, server, ports,
                                         log_folder, monkeypatch):
  monkeypatch.setattr(hostile_clients.BigZeroMQ, "num_bytes", 2000000)
  monkeypatch.setattr(hostile_clients.BigZeroMQ, "num_texts", 3)
  monkeypatch.setattr(hostile_clients.time, "sleep", lambda _: None)
  client = hostile_clients.SCENARIOS[name](argparse.Namespace(
      http=server.listeners["http"].port, length=16,
      bert_serving="%d,%d" % tuple(ports),
      log_folder=str(log_folder)))
  client.prepare()
  client.step()
  assert set(client.counts) == expected


def test_polite_clients_count_what_they_get(server, folders):
  predictor = Predictor(folders["classifier"])
  answers = [predictor.head.to_json(each) for each in predictor.predict(TEXTS)]
  answers[1] = dict(answers[1], score=7.0)
  polite = hostile_load.Polite(server.listeners["http"].port, "classifier",
                               TEXTS, answers, 2)
  with polite.running():
    while min(polite.counts["right"], polite.counts["wrong"]) < 3:
      pass
  assert set(polite.counts) == {"right", "wrong"}
  assert len(polite.seconds) == polite.counts["right"] and polite.p95() > 0
