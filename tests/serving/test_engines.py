"""ONNX Runtime in TensorFlow's place: the same answers, clear mistakes."""
import json
import os

import numpy as np
import pytest

import exported
from bert.serving import engines
from bert.serving import predictor
from mistakes import message_of

ONNX = dict(export_onnx=True)
KINDS = {
    "single": (exported.of_singles, {}),
    "windows": (exported.of_singles, dict(
        num_windows=3, pooling="mean_max_attention")),
    "pair": (exported.of_pairs, {}),
    "words": (exported.of_words, {}),
    "bilstm": (exported.of_singles, dict(encoder_top="bilstm",
                                         pooling="max")),
    "cnn": (exported.of_singles, dict(encoder_top="cnn", pooling="attention")),
    "score": (exported.of_scores, {}),
    "set": (exported.of_sets, dict(threshold=0.3))}


@pytest.fixture(scope="module", params=sorted(KINDS))
def flags(request, tmp_path_factory):
  make, changes = KINDS[request.param]
  return make(tmp_path_factory.mktemp(request.param), **dict(ONNX, **changes))


def answers_of(flags, **options):
  return predictor.Predictor(flags["output_dir"], 3, **options).predict(
      exported.questions_of(flags))


def assert_close(actual, expected, tolerance):
  for one, other in zip(actual, expected):
    assert one.words == other.words
    np.testing.assert_allclose(one.scores, other.scores, atol=tolerance)
    for name, value in other.probabilities.items():
      assert one.probabilities[name] == pytest.approx(value, abs=tolerance)


def test_engines_give_the_same_answers(flags):
  expected = answers_of(flags)
  actual = answers_of(flags, engine="onnx")
  assert len(actual) == len(expected) > 3
  if flags["task_name"] != "stsb":  # There, they are the scores again.
    assert [each.labels for each in actual] == [
        each.labels for each in expected]
  assert_close(actual, expected, 1e-4)


def test_int8_answers_are_near(flags):
  """How near is a matter of the model; on tiny ones, of few numbers."""
  actual = answers_of(flags, engine="onnx", precision="int8")
  expected = answers_of(flags)
  assert len(actual) == len(expected)
  differences = [abs(one - other) for a, b in zip(actual, expected)
                 for one, other in zip(a.probabilities.values(),
                                       b.probabilities.values())]
  assert not differences or 0 < max(differences) < 0.2
  assert all(np.isfinite(each.scores).all() for each in actual)


def test_all_signatures_have_their_inputs_and_outputs(flags):
  folder = exported.folder_of(flags)
  one = engines.TensorFlowEngine(folder, "float32")
  other = engines.OnnxEngine(folder, "float32")
  assert set(one.runs) == set(other.runs) == set(one.signatures)
  assert ({name: str(each) for name, each in one.signatures.items()} ==
          {name: str(each) for name, each in other.signatures.items()})
  for name, (inputs, run) in one.runs.items():
    assert other.runs[name][0] == inputs
    shape = (2, 3, 6) if "windows" in folder else (2, 6)
    values = [np.ones(shape, np.int32) for _ in inputs]
    expected = run(*values)
    actual = other.runs[name][1](*values)
    assert set(actual) == set(expected)
    for key, value in expected.items():
      np.testing.assert_allclose(actual[key], value, atol=1e-4)


def test_files_are_listed(flags):
  folder = exported.folder_of(flags)
  with open(os.path.join(folder, "files.json"), encoding="utf-8") as reader:
    listed = json.load(reader)["files"]
  names = os.listdir(os.path.join(folder, "onnx"))
  assert {"onnx/" + name for name in names} == {
      name for name in listed if name.startswith("onnx/")} and names
  path = os.path.join(folder, "onnx", names[0])
  assert listed["onnx/" + names[0]]["size"] == os.path.getsize(path)


@pytest.fixture(scope="module")
def without_onnx(tmp_path_factory):
  return exported.of_singles(tmp_path_factory.mktemp("plain"))


def test_an_export_without_the_files_is_told(without_onnx):
  message = message_of(
      lambda: answers_of(without_onnx, engine="onnx"))
  assert message.startswith("--engine=onnx: no ")
  assert "--export_onnx" in message


def test_a_broken_file_is_told(without_onnx):
  folder = os.path.join(exported.folder_of(without_onnx), "onnx")
  os.makedirs(folder)
  path = os.path.join(folder, "serving_default.float32.onnx")
  with open(path, "wb") as stream:
    stream.write(b"no graph")
  assert message_of(
      lambda: answers_of(without_onnx, engine="onnx")).startswith(
      path + ": can't be loaded: ")


def test_a_library_that_is_missing_is_named(without_onnx, monkeypatch):
  monkeypatch.setattr(engines.libraries, "is_installed", lambda _: False)
  assert "pip install -r requirements-onnx.txt" in message_of(
      lambda: answers_of(without_onnx, engine="onnx"))
