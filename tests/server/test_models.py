"""Models of a server: several of them, and versions that take over."""
import json
import os
import shutil
import threading
import time

import numpy as np
import pytest

import exported
import served
import tiny_encoder
from bert.server.http import application
from bert.server import models
from bert.server import settings
from bert.server import versions
from bert.server.access_log import AccessLog
from bert.serving.predictor import Predictor
from mistakes import message_of


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
  """An export of pairs, one of words, and an encoder."""
  return {
      "pairs": exported.folder_of(exported.of_pairs(
          tmp_path_factory.mktemp("pairs"))),
      "words": exported.folder_of(exported.of_words(
          tmp_path_factory.mktemp("words"))),
      "vectors": exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
          tmp_path_factory.mktemp("vectors"))))}


@pytest.fixture
def folder(exports, tmp_path):
  """A folder whose export 100 is that of pairs."""
  shutil.copytree(exports["pairs"], str(tmp_path / "export" / "100"))
  return tmp_path


def add_version(exports, folder, number, kind="words"):
  shutil.copytree(exports[kind], str(folder / "export" / number))


def test_several_models_are_served_by_name(exports):
  client = served.Client(*[served.model_of(path, name)
                           for name, path in exports.items()])
  code, found = client.ask({"instances": [{"words": ["the", "ferry"]}]},
                           "/v1/models/words:predict")
  assert code == 200 and len(found["predictions"][0]["labels"]) == 2
  code, found = client.ask({"instances": ["two"]}, "/v1/models/pairs:predict")
  assert code == 200 and "probabilities" in found["predictions"][0]
  code, found = client.ask({"input": "two", "model": "vectors"},
                           "/v1/embeddings")
  assert code == 200 and found["model"] == "vectors"
  code, found = client.ask({"instances": ["two"]}, "/v1/models/pairs:encode")
  assert code == 404 and "no encoder" in found["error"]
  code, found = client.ask({"instances": ["two"]}, "/v1/models/other:predict")
  assert code == 404 and "pairs, words, vectors" in found["error"]
  _, body, _ = client.call("GET", "/v1/models")
  assert [each["id"] for each in json.loads(body.decode())["data"]] == list(
      exports)


def test_embeddings_need_a_name_where_there_are_several_encoders(exports):
  client = served.Client(*[served.model_of(exports["vectors"], name)
                           for name in ("a", "b")])
  for name in ("a", "b"):
    _, found = client.ask({"input": "two", "model": name}, "/v1/embeddings")
    assert found["model"] == name
  code, found = client.ask({"input": "two", "model": "c"}, "/v1/embeddings")
  assert code == 404 and "encoders: a, b" in found["error"]


def test_newer_version_takes_over_and_the_old_one_is_unloaded(folder, exports):
  model = served.model_of(str(folder))
  closed = []
  old = model.current
  old.close, close = lambda: closed.append(old.number) or close(), old.close
  assert not model.refresh()
  add_version(exports, folder, "101")
  assert model.refresh() and model.current.number == "101"
  assert closed == ["100"]
  assert not old.predictor.loaded.engine.runs
  assert not model.refresh()


def test_version_in_use_is_unloaded_after_its_last_request(folder, exports):
  model = served.model_of(str(folder))
  with model.using() as first:
    with model.using() as second:
      assert first is second
      add_version(exports, folder, "101")
      assert model.refresh()
    # It still answers who has it.
    assert len(first.start(first.convert(["two"]))[0].result().scores) == 1
  assert not first.predictor.loaded.engine.runs
  with model.using() as third:
    assert third.number == "101"
  assert third.predictor.loaded.engine.runs


def test_version_that_is_removed_gives_way_to_the_one_before(folder, exports):
  add_version(exports, folder, "101")
  model = served.model_of(str(folder))
  assert model.current.number == "101"
  shutil.rmtree(str(folder / "export" / "101"))
  assert model.refresh() and model.current.number == "100"


@pytest.mark.parametrize("kind", ["half", "no_task", "nothing", "bad_json"])
def test_broken_version_is_told_once_and_tried_again(
    kind, folder, exports, caplog):
  model = served.model_of(str(folder))
  add_version(exports, folder, "101")
  newest = folder / "export" / "101"
  task = newest / "assets" / "task.json"
  content = task.read_text(encoding="utf-8")
  if kind == "half":
    shutil.move(str(newest / "variables"), str(folder / "variables"))
  elif kind == "no_task":
    task.unlink()
  elif kind == "bad_json":
    task.write_text(content[:20], encoding="utf-8")
  else:
    shutil.move(str(folder / "export"), str(folder / "away"))
  with model.using() as version:
    for _ in range(3):
      assert not model.refresh()
    assert version.number == "100" and model.loading is None
  told = [each for each in caplog.messages if "can't be loaded" in each]
  assert len(told) == 1 and "version 100 goes on" in told[0]
  if kind == "half":
    shutil.move(str(folder / "variables"), str(newest / "variables"))
  elif kind == "nothing":
    shutil.move(str(folder / "away"), str(folder / "export"))
  else:
    task.write_text(content, encoding="utf-8")
  assert model.refresh() and model.current.number == "101"


def test_versions_change_under_load_without_a_lost_request(folder, exports):
  model = served.model_of(str(folder), max_queue=10000)
  client = served.Client(model)
  client.models.start(poll_seconds=0.01)
  codes, versions = [], set()
  ended = threading.Event()

  def ask():
    while not ended.is_set():
      code, _ = client.ask({"instances": ["two", "votes"]})
      codes.append(code)
      versions.add(model.current.number)

  threads = [threading.Thread(target=ask) for _ in range(4)]
  for thread in threads:
    thread.start()
  for number in ("100", "101", "102", "103"):
    if number != "100":
      add_version(exports, folder, number, "pairs")
    until = time.monotonic() + 30
    while number not in versions and time.monotonic() < until:
      time.sleep(0.01)
  ended.set()
  for thread in threads:
    thread.join()
  client.models.close()
  assert {"100", "101", "102", "103"} <= versions
  assert set(codes) == {200} and len(codes) > 20


def test_state_has_the_version_that_is_being_loaded(folder):
  model = served.model_of(str(folder))
  model.loading = "101"
  _, body, _ = served.Client(model).call("GET", "/v1/models/bert")
  assert [(each["version"], each["state"]) for each in json.loads(
      body.decode())["model_version_status"]] == [
          ("101", "LOADING"), ("100", "AVAILABLE")]


@pytest.mark.parametrize("kind", ["pairs", "words", "vectors"])
def test_warm_up_changes_nothing(kind, exports):
  model = Predictor(exports[kind], batch_size=2)
  text = ["the", "ferry"] if kind == "words" else "the ferry"
  before = model.predict([text])
  model.warm_up()
  after = model.predict([text])
  assert before[0].labels == after[0].labels
  np.testing.assert_allclose(after[0].scores, before[0].scores, atol=1e-6)


def test_server_is_ready_after_the_warm_up(exports, monkeypatch):
  go, called = threading.Event(), []
  model = served.model_of(exports["pairs"])
  monkeypatch.setattr(model.current.predictor, "warm_up",
                      lambda: called.append(go.wait(20)))
  client = served.Client(model)
  client.models.start(has_warmup=True)
  code, body, _ = client.call("GET", "/readyz")
  assert code == 503 and b"warming up" in body
  # Texts are answered meanwhile.
  assert client.ask({"instances": ["two"]})[0] == 200
  assert client.call("GET", "/healthz")[0] == 200
  go.set()
  until = time.monotonic() + 20
  while client.call("GET", "/readyz")[0] != 200 and time.monotonic() < until:
    time.sleep(0.01)
  assert client.call("GET", "/readyz")[0] == 200 and called == [True]
  client.models.close()
  assert client.call("GET", "/readyz")[0] == 503


def test_without_warm_up_the_server_is_ready_at_once(exports):
  client = served.Client(served.model_of(exports["pairs"]))
  client.models.start()
  assert client.call("GET", "/readyz")[0] == 200


def test_newer_version_is_warmed_up_before_it_takes_over(
    folder, exports, monkeypatch):
  model = served.model_of(str(folder), has_warmup=True)
  add_version(exports, folder, "101")
  seen = []
  monkeypatch.setattr(Predictor, "warm_up", lambda _: seen.append(
      model.current.number))
  assert model.refresh() and seen == ["100"]


def test_export_that_is_not_there_is_told(tmp_path):
  assert "no export there" in message_of(
      models.ServedModel, settings.ModelSpec("a", str(tmp_path)),
      versions.LoadSettings())


def test_batches_and_waits_are_observed(exports):
  seen = []
  model = models.ServedModel(
      settings.ModelSpec("a", exports["pairs"]), versions.LoadSettings(),
      lambda num_texts, waits: seen.append((num_texts, waits)))
  version = model.current
  for each in version.start(version.convert(["a", "b", "c"])):
    each.result()
  assert sum(count for count, _ in seen) == 3
  assert all(0 <= wait < 20 for _, waits in seen for wait in waits)


def test_log_has_a_line_for_each_request(exports, tmp_path):
  path = str(tmp_path / "access.log")
  client = served.Client(served.model_of(exports["pairs"]),
                         log=AccessLog(path),
                         limits=application.Limits(max_texts=1))
  client.ask({"instances": ["two"]}, REMOTE_ADDR="10.0.0.9")
  client.ask({"instances": ["a", "b"]})
  os.rename(path, path + ".1")  # As logrotate does.
  client.call("GET", "/none")
  lines = []
  for name in (path + ".1", path):
    with open(name, encoding="utf-8") as reader:
      lines += [json.loads(line) for line in reader]
  first, second, third = lines
  assert first["seconds"] >= 0 and first["time"].endswith("+00:00")
  assert {key: first[key] for key in first if key not in (
      "seconds", "time", "bytes_out")} == {
          "protocol": "http", "client": "10.0.0.9", "method": "POST",
          "path": "/v1/models/bert:predict", "model": "bert", "code": 200,
          "version": os.path.basename(exports["pairs"]),
          "bytes_in": len(json.dumps({"instances": ["two"]}))}
  assert (second["code"], third["code"]) == (413, 404)
  assert (third["model"], third["path"]) == ("", "/none")


def test_log_that_cannot_be_written_is_told(tmp_path):
  message = message_of(AccessLog, str(tmp_path))
  assert message.startswith("--access_log=%s: " % tmp_path)
