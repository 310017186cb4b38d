"""Versions that are being copied, change, or give no finite numbers."""
import itertools
import json
import os
import shutil
import threading

import numpy as np
import pytest

import broken
import commands
import exported
import golden
import served
import tiny_encoder
from bert.common.errors import UserError
from bert.model import export
from bert.server import models
from bert.server import server_metrics
from bert.server import settings
from bert.server import versions
from bert.serving import engines
from bert.serving import exports
from bert.serving.predictor import Predictor
from mistakes import message_of

OLD = os.path.join(golden.FIXTURES, "exports", "tf_2.15")


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
  """A good encoder, and one whose vectors are NaN."""
  return {
      "good": exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
          tmp_path_factory.mktemp("good")))),
      "nan": broken.encoder_of_nans(tmp_path_factory.mktemp("nan"))}


class Folder:
  """A folder of versions, and what a model in it has logged and counted."""

  def __init__(self, kinds, path, caplog):
    self.kinds = dict(kinds, old=OLD)
    self.path = path
    self.caplog = caplog
    self.num_failures = 0

  def add(self, number, kind="good"):
    shutil.copytree(self.kinds[kind], str(self.path / number))
    return self.path / number

  def model(self, has_warmup=False):
    return models.ServedModel(
        settings.ModelSpec("bert", str(self.path), max_batch=2),
        versions.LoadSettings(has_warmup=has_warmup), count_failure=self.count)

  def count(self):
    self.num_failures += 1

  @property
  def errors(self):
    return [each.getMessage() for each in self.caplog.records
            if each.levelname == "ERROR"]


@pytest.fixture
def folder(kinds, tmp_path, caplog):
  return Folder(kinds, tmp_path, caplog)


def test_half_a_vocabulary_does_not_take_over(folder):
  folder.add("1")
  model = folder.model()
  vocab = folder.add("2") / "assets" / "vocab.txt"
  content = broken.cut(vocab, 400)
  assert not model.refresh() and not model.refresh()
  assert model.current.number == "1" and folder.num_failures == 1
  (line,) = folder.errors
  assert "the newest version can't be loaded, version 1 goes on: %s: %d bytes, "\
      "where files.json has %d" % (vocab, vocab.stat().st_size,
                                   len(content)) in line
  vocab.write_bytes(content)
  assert model.refresh() and model.current.number == "2"


@pytest.mark.parametrize("kind", ["good", "old"])
def test_version_whose_files_changed_is_loaded_again(kind, folder):
  vocab = folder.add("1", kind) / "assets" / "vocab.txt"
  model = folder.model()
  first = model.current
  assert not model.refresh()
  # Half of another copy; what is loaded goes on.
  content = broken.cut(vocab, 400)
  assert not model.refresh() and not model.refresh()
  assert model.current is first and folder.num_failures == 1
  # The copy is whole; its digest is that of before, or that of a new list.
  vocab.write_bytes(content)
  assert not model.refresh()
  labels = folder.path / "1" / "assets" / "labels.txt"
  labels.write_bytes(labels.read_bytes() + b"more\n")
  if kind == "good":
    assert not model.refresh() and folder.num_failures == 2
    relist(folder.path / "1")
  assert model.refresh() and model.current is not first
  assert model.current.number == "1" and not first.predictor.loaded.engine.runs
  assert not model.refresh()


def relist(path):
  """Writes the sizes and digests of files that were changed into the list."""
  if (path / "files.json").exists():
    exported.without_list(path)
  export._write_list(str(path))  # pylint: disable=protected-access


def test_half_an_encoder_without_a_list_is_loaded_again_when_whole(folder):
  path = folder.add("1")
  content = json.loads((path / "assets" / "task.json").read_text("utf-8"))
  # Its table may have rows without a token.
  commands.write(path / "assets" / "task.json", json.dumps(dict(
      content, vocab_size=800)))
  exported.without_list(path)
  vocab = broken.cut(path / "assets" / "vocab.txt", 755)
  model = folder.model()
  assert not model.refresh()
  (path / "assets" / "vocab.txt").write_bytes(vocab)
  assert model.refresh()
  assert len(model.current.predictor.loaded.encoder.tokenizer.vocab) == 756
  relist(path)
  assert model.refresh() and not model.refresh()


def test_model_card_loads_nothing_again(folder):
  path = folder.add("1")
  model = folder.model()
  commands.write(path / "README.md", "A model.\n")
  os.utime(str(path / "assets" / "vocab.txt"), (1, 1))
  assert not model.refresh()


def test_version_that_fails_is_loaded_again_only_when_its_files_change(
    folder, monkeypatch):
  folder.add("1")
  model = folder.model()
  loaded = []
  load = versions.Version.__init__
  monkeypatch.setattr(versions.Version, "__init__", lambda self, spec, path,
                      *rest: loaded.append(path) or load(
                          self, spec, path, *rest))
  path = folder.add("2", "nan")
  threads = threading.active_count()
  for _ in range(4):
    assert not model.refresh()
  commands.write(path / "README.md", "Broken.\n")
  assert not model.refresh()
  assert len(loaded) == folder.num_failures == len(folder.errors) == 1
  assert "version 1 goes on" in folder.errors[0]
  assert "is not a number" in folder.errors[0]
  assert threading.active_count() == threads
  task = path / "assets" / "task.json"
  task.write_text(task.read_text("utf-8") + "\n", "utf-8")
  relist(path)
  assert not model.refresh() and not model.refresh()
  assert len(loaded) == 2 and model.current.number == "1"
  # The same of one without a list.
  exported.without_list(path)
  assert not model.refresh() and not model.refresh() and len(loaded) == 3


def test_what_the_machine_did_is_tried_again(folder, monkeypatch):
  folder.add("1")
  model = folder.model()
  folder.add("2")
  load = engines.TensorFlowEngine.__init__
  monkeypatch.setattr(engines.TensorFlowEngine, "__init__", out_of_memory)
  assert not model.refresh() and not model.refresh()
  assert folder.num_failures == 2
  assert len(folder.errors) == 1 and "memory ran out" in folder.errors[0]
  monkeypatch.setattr(engines.TensorFlowEngine, "__init__", load)
  assert model.refresh() and model.current.number == "2"


def out_of_memory(*_):
  raise MemoryError()


@pytest.mark.parametrize("has_warmup", [True, False])
def test_broken_version_leaves_no_session(has_warmup, folder, monkeypatch):
  folder.add("1")
  model = folder.model(has_warmup)
  opened, closed = [], []
  engine = engines.TensorFlowEngine
  for name, calls in (("__init__", opened), ("close", closed)):
    method = getattr(engine, name)
    monkeypatch.setattr(engine, name, lambda self, *args, method=method,
                        calls=calls: calls.append(self) or method(self, *args))
  folder.add("2", "nan")
  assert not model.refresh()
  assert len(opened) == 1 and opened == closed


def test_good_version_beside_a_broken_newest_one_is_taken(folder):
  folder.add("1")
  model = folder.model()
  folder.add("3", "nan")
  assert not model.refresh()
  folder.add("2")
  assert model.refresh() and model.current.number == "2"
  assert not model.refresh()
  assert folder.num_failures == 1
  shutil.rmtree(str(folder.path / "2"))
  assert model.refresh() and model.current.number == "1"


def test_older_version_is_served_at_start_and_the_log_says_why(folder):
  folder.add("1")
  folder.add("2", "nan")
  model = folder.model()
  assert model.current.number == "1" and not model.refresh()
  (line,) = folder.errors
  assert line.startswith("Model bert: version 1 is served, since version 2 "
                         "can't be loaded: %s: version 2: " % (
                             folder.path / "2"))
  shutil.rmtree(str(folder.path / "2"))
  folder.add("2")
  assert model.refresh() and model.current.number == "2"


def test_start_with_broken_versions_alone_is_an_error(folder):
  folder.add("1", "nan")
  assert "version 1: vector is not a number" in message_of(folder.model)
  shutil.rmtree(str(folder.add("2") / "variables"))
  # The newest one's.
  assert "variables.data" in message_of(folder.model)


def test_removed_version_goes_on_if_no_other_one_can_be_loaded(folder):
  folder.add("1", "nan")
  folder.add("2")
  model = folder.model()
  shutil.rmtree(str(folder.path / "2"))
  assert not model.refresh() and not model.refresh()
  assert model.current.number == "2" and folder.num_failures == 1


class Watched:
  """The models of a server as its thread sees them: polls, one by one."""

  def __init__(self, monkeypatch, *served_models):
    self.client = served.Client(*served_models)
    self._go, self._done = threading.Semaphore(0), threading.Semaphore(0)
    ended = self.client.models._ended  # pylint: disable=protected-access
    is_first = itertools.chain([True], itertools.repeat(False))

    def wait(_):
      if not next(is_first):
        self._done.release()
      self._go.acquire()
      return ended.is_set()

    monkeypatch.setattr(ended, "wait", wait)
    monkeypatch.setattr(ended, "set", lambda set_=ended.set: (
        set_(), self._go.release()))

  def poll(self):
    self._go.release()
    assert self._done.acquire(timeout=30)

  def ready(self):
    code, body, _ = self.client.call("GET", "/readyz")
    return code, body.decode()


def test_warm_up_that_fails_gives_way_to_an_older_version(
    folder, monkeypatch):
  folder.add("1")
  folder.add("2")
  monkeypatch.setattr(Predictor, "warm_up", fail_on("2"))
  watched = Watched(monkeypatch, folder.model(has_warmup=True))
  watched.client.models.start(1, has_warmup=True)
  watched.poll()
  assert watched.ready()[0] == 200
  (model,) = watched.client.models
  assert model.current.number == "1" and folder.num_failures == 1
  assert "the warm-up failed" in folder.errors[0]
  watched.client.models.close()
  assert watched.ready()[0] == 503


def fail_on(*numbers):
  """A warm-up that is not finite for versions of these numbers."""
  return lambda predictor: predictor.check_outputs() if exports.version_of(
      predictor.folder) not in numbers else broken.fail()


def test_server_whose_warm_up_failed_is_ready_with_the_next_version(
    folder, monkeypatch):
  folder.add("1")
  monkeypatch.setattr(Predictor, "warm_up", fail_on("1"))
  watched = Watched(monkeypatch, folder.model(has_warmup=True))
  watched.client.models.start(1, has_warmup=True)
  watched.poll()
  code, body = watched.ready()
  assert code == 503 and "no version of bert has passed" in body
  assert watched.client.call("GET", "/healthz")[0] == 200
  watched.poll()
  assert folder.num_failures == 1
  folder.add("2")
  watched.poll()
  assert watched.ready()[0] == 200
  watched.client.models.close()


def test_watch_thread_survives_every_exception(folder, monkeypatch):
  folder.add("1")
  watched = Watched(monkeypatch, folder.model())
  watched.client.models.start(1)
  find_all = exports.find_all
  for error in (ValueError("a\nb"), RuntimeError("c"), UserError("d")):
    monkeypatch.setattr(exports, "find_all", raising(error))
    watched.poll()
    watched.poll()
  assert folder.num_failures == 6 and len(folder.errors) == 3
  assert not any("\n" in each for each in folder.errors)
  folder.add("2")
  monkeypatch.setattr(exports, "find_all", find_all)
  watched.poll()
  assert next(iter(watched.client.models)).current.number == "2"
  watched.client.models.close()


def raising(error):
  """A search for versions that fails."""
  def find_all(_):
    raise error
  return find_all


def test_failures_are_in_the_metrics(folder):
  folder.add("1")
  metrics = server_metrics.ServerMetrics()
  metrics.failure_counter("bert")()
  assert b'bert_version_failures_total{model="bert"} 1.0' in (
      metrics.exposition())


def test_outputs_that_are_no_numbers_are_the_servers_fault(
    folder, monkeypatch):
  folder.add("1")
  client = served.Client(folder.model())
  (model,) = client.models
  runs = model.current.predictor.loaded.engine.runs
  names, run = runs["serving_default"]
  monkeypatch.setitem(runs, "serving_default", (names, lambda *inputs: {
      name: values * np.inf for name, values in run(*inputs).items()}))
  ids = {name: [1, 1] for name in names}
  for path, body in (
      ("/v1/models/bert:predict", {"instances": ["two"]}),
      ("/v1/models/bert:predict", {"instances": [ids]}),
      ("/v1/models/bert:encode", {"instances": ["two"]}),
      ("/encode", {"id": 1, "texts": ["two"]}),
      ("/v1/embeddings", {"input": ["two", "votes"]})):
    code, found = client.ask(body, path)
    assert code == 500 and "is not a number" in found["error"]
    assert str(folder.path) not in found["error"]
  _, exposition, _ = client.call("GET", "/metrics")
  assert (b'bert_requests_total{code="500",model="bert",protocol="http"} 5.0'
          in exposition)
  # What nobody expected is no business of the client's.
  monkeypatch.setitem(runs, "serving_default", (names, out_of_memory))
  code, found = client.ask({"instances": [ids]})
  assert code == 500 and found == {"error": "internal error"}
  assert any("MemoryError" in each for each in folder.errors)


def test_names_of_folders_that_are_no_versions_are_left_alone(folder):
  folder.add("007")
  for name in ("\u00b2", "\u0663", "9" * 19, "9" * 200, "8\n", "-9", "1e3"):
    (folder.path / name).mkdir()
  commands.write(folder.path / "99", "a file\n")
  model = folder.model()
  assert model.current.number == "007" and not model.refresh()
  client = served.Client(model)
  for number in ("7", "007", "00007"):
    assert client.call("GET", "/v1/models/bert/versions/" + number)[0] == 200
  for number in ("8", "0", "70", "\u00b2", "\u0667", "7\n", "9" * 5000, ".."):
    assert client.call("GET", "/v1/models/bert/versions/" + number)[0] == 404
  assert b'bert_model_version{model="bert"} 7.0' in client.call(
      "GET", "/metrics")[1]
  assert client.call("GET", "/v1/models/bert\n")[0] == 404
  assert client.call("POST", "/v1/models/bert:predict\n", {})[0] == 404
