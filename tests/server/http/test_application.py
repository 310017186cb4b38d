"""The HTTP application: TensorFlow Serving's paths, plain text, mistakes."""
import json
import re
import threading
import time

import numpy as np
import pytest

import exported
import served
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.server.http import application
from bert.serving import formats
from bert.serving import predictor


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
  flags = exported.of_pairs(tmp_path_factory.mktemp("served"))
  return predictor.Predictor(flags["output_dir"])


def made(asked, run=None, limits=application.Limits(), **changes):
  """A client of a model."""
  return served.Client(served.model_of(asked.folder, run=run, **changes),
                       limits=limits)


@pytest.fixture(scope="module")
def client(asked):
  return made(asked)


def encoded(asked, question):
  (columns,) = asked.encode(asked.to_example(question))
  return {name: values[0].tolist() for name, values in columns.items()}


PAIRS = [("the captain said", "two votes"), ("before sunrise", "ferry left")]


def test_texts_are_answered(client, asked):
  code, found = client.ask({"instances": [
      {"text_a": one, "text_b": other} for one, other in PAIRS] + ["two"]})
  assert code == 200
  expected = asked.predict(PAIRS + ["two"])
  for answer, wanted in zip(found["predictions"], expected):
    assert answer["label"] == wanted.labels[0]
    assert answer["score"] == pytest.approx(wanted.scores[0], abs=1e-5)
    assert answer["probabilities"] == pytest.approx(wanted.probabilities,
                                                    abs=1e-5)


def test_ids_are_answered_as_tensorflow_serving_does(client, asked):
  rows = [encoded(asked, pair) for pair in PAIRS]
  expected = [list(answer.probabilities.values())
              for answer in asked.predict(PAIRS)]
  code, found = client.ask({"instances": rows,
                            "signature_name": "serving_default"})
  assert code == 200
  np.testing.assert_allclose(found["predictions"], expected, atol=1e-5)
  code, found = client.ask({"inputs": {
      name: [row[name] for row in rows] for name in rows[0]}})
  assert code == 200
  np.testing.assert_allclose(found["outputs"], expected, atol=1e-5)


@pytest.mark.parametrize("path", ["/v1/models/bert", "/v1/models/bert/metadata",
                                  "/healthz", "/metrics", "/", "/v1/models"])
def test_pages_are_there_for_get_and_head(client, path):
  code, body, headers = client.call("GET", path)
  assert code == 200 and len(body) == int(headers["Content-Length"]) > 0
  code, body, headers = client.call("HEAD", path)
  assert (code, body) == (200, b"")
  assert int(headers["Content-Length"]) > 0
  assert client.call("POST", path, {})[0] == 405


def test_status_and_metadata_are_tensorflow_servings(client, asked):
  _, body, _ = client.call("GET", "/v1/models/bert")
  (status,) = json.loads(body.decode())["model_version_status"]
  assert status["state"] == "AVAILABLE"
  version = status["version"]
  assert client.call("GET", "/v1/models/bert/versions/" + version)[0] == 200
  assert client.call("GET", "/v1/models/bert/versions/7")[0] == 404
  _, body, _ = client.call("GET", "/v1/models/bert/metadata")
  signatures = json.loads(body.decode())["metadata"]["signature_def"][
      "signature_def"]
  assert set(signatures["serving_default"]["inputs"]) == {
      "input_ids", "input_mask", "segment_ids"}
  code, found = client.ask({"instances": ["two"]},
                           "/v1/models/bert/versions/%s:predict" % version)
  assert code == 200 and len(found["predictions"]) == 1


def test_page_names_the_model_and_breaks_out_of_no_script(client):
  _, body, headers = client.call("GET", "/")
  page = body.decode()
  assert headers["Content-Type"].startswith("text/html")
  about = json.loads(re.search(r"const about = (.*);", page).group(1))
  assert about.pop("examples")
  assert about == {
      "model": "bert", "models": ["bert"], "task": "mrpc",
      "version": client.models.get("bert").current.number,
      "takes_pairs": True, "inputs": ["text_a", "text_b"],
      "takes_lines": False}
  assert "{{" not in page


def test_metrics_count_requests(asked):
  client = made(asked)
  client.ask({"instances": ["two"]})
  client.ask({})
  client.call("GET", "/none")
  text = client.call("GET", "/metrics")[1].decode()
  for line in (
      'bert_requests_total{code="200",model="bert",protocol="http"} 1.0',
      'bert_requests_total{code="400",model="bert",protocol="http"} 1.0',
      'bert_requests_total{code="404",model="",protocol="http"} 1.0',
      'bert_request_seconds_count{model="bert",protocol="http"} 2.0',
      "bert_requests_open 1.0", 'bert_texts_waiting{model="bert"} 0.0'):
    assert line in text.split("\n")
  version = re.search(r'bert_model_version{model="bert"} (.*)', text).group(1)
  assert float(version) == float(client.models.get("bert").current.number)


ROW = {"input_ids": [2, 7, 3], "input_mask": [1, 1, 1],
       "segment_ids": [0, 0, 0]}
MISTAKES = {
    "no_json": (b"{", 400), "no_utf_8": (b'{"instances": ["\xd6"]}', 400),
    "no_object": ([], 400), "nothing": ({}, 400),
    "both": ({"instances": ["a"], "inputs": {}}, 400),
    "no_list": ({"instances": "a"}, 400), "no_row": ({"instances": []}, 400),
    "no_text": ({"instances": [1]}, 400),
    "no_key": ({"instances": [{"text": "a"}]}, 400),
    "strange_key": ({"instances": [{"text_a": "a", "b": "c"}]}, 400),
    "null": ({"instances": [{"text_a": None}]}, 400),
    "blank": ({"instances": [" "]}, 400),
    "blank_pair": ({"instances": [{"text_a": "", "text_b": "a"}]}, 400),
    "words": ({"instances": [{"words": ["a"]}]}, 400),
    "signature": ({"instances": [ROW], "signature_name": "none"}, 400),
    "signature_kind": ({"instances": [ROW], "signature_name": 1}, 400),
    "missing_input": ({"instances": [{"input_ids": [1]}]}, 400),
    "ragged": ({"instances": [ROW, dict(ROW, input_ids=[1])]}, 400),
    "shapes": ({"instances": [dict(ROW, input_mask=[1])]}, 400),
    "floats": ({"instances": [dict(ROW, input_ids=[1.5, 2, 3])]}, 400),
    "deep": ({"instances": [dict(ROW, input_ids=[[[[1]]]])]}, 400),
    "huge_id": ({"instances": [dict(ROW, input_ids=[2**40, 1, 1])]}, 400),
    "unknown_id": ({"instances": [dict(ROW, input_ids=[9999, 1, 1])]}, 400),
    "negative_id": ({"instances": [dict(ROW, input_ids=[-1, 1, 1])]}, 400),
    "segment": ({"instances": [dict(ROW, segment_ids=[5, 0, 0])]}, 400),
    "mixed": ({"instances": [ROW, "a"]}, 400),
    "no_columns": ({"inputs": {}}, 400), "flat": ({"inputs": {
        name: values for name, values in ROW.items()}}, 400),
    "too_long": ({"instances": [{name: [1] * 65 for name in ROW}]}, 400)}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_mistake_is_told_as_json(client, name):
  body, code = MISTAKES[name]
  found_code, found = client.ask(body)
  assert found_code == code
  assert set(found) == {"error"} and found["error"]


@pytest.mark.parametrize("path", [
    "/none", "/v1/models/other", "/v1/models/bert:classify", "/v1/models/",
    "/v1/models/bert/versions/x", "/v1/models/other:predict"])
def test_unknown_path_is_404(client, path):
  code, found = client.ask({}, path)
  assert code == 404 and found["error"]


@pytest.mark.parametrize("limits, body, code", [
    (application.Limits(max_bytes=10), {"instances": ["a long text"]}, 413),
    (application.Limits(max_texts=1), {"instances": ["a", "b"]}, 413),
    (application.Limits(max_texts=1), {"instances": [ROW, ROW]}, 413),
    (application.Limits(max_chars=3), {"instances": ["four"]}, 413)])
def test_limits_are_kept(asked, limits, body, code):
  assert made(asked, limits=limits).ask(body)[0] == code


def test_body_needs_a_length(client):
  assert client.ask({"instances": ["a"]}, length="")[0] == 411
  assert client.ask({"instances": ["a"]}, length="-1")[0] == 411


def test_full_queue_and_slow_answers_are_told(asked):
  go, is_running = threading.Event(), threading.Event()

  def run(records):
    is_running.set()
    go.wait(20)
    return asked.run_records(records)

  client = made(asked, run, application.Limits(timeout=0.5), max_queue=1)
  (model,) = client.models
  codes = []
  threads = [threading.Thread(target=lambda: codes.append(
      client.ask({"instances": ["two"]})[0])) for _ in range(2)]
  threads[0].start()
  assert is_running.wait(20)
  threads[1].start()
  while not len(model.current.texts):
    time.sleep(0.001)
  code, _, headers = client.call("POST", "/v1/models/bert:predict",
                                 {"instances": ["two"]})
  assert code == 429 and headers["Retry-After"]
  for thread in threads:
    thread.join()
  assert codes == [504, 504]
  go.set()


def test_more_texts_than_the_queue_has_are_answered_in_order(asked):
  texts = ["the ferry", "two votes"] * 5 + ["before sunrise"]
  code, found = made(asked, max_queue=10).ask({"instances": texts})
  assert code == 200
  assert [each["score"] for each in found["predictions"]] == pytest.approx(
      [each.scores[0] for each in asked.predict(texts)], abs=1e-5)


def test_requests_that_a_closing_server_gives_up_are_told(asked):
  go = threading.Event()

  def run(records):
    go.wait(20)
    return asked.run_records(records)

  client = made(asked, run)
  version = client.models.get("bert").current
  texts = version.texts
  version.start(version.convert(["two"]))
  while len(texts):
    pass
  codes = []
  thread = threading.Thread(
      target=lambda: codes.append(client.ask({"instances": ["two"]})[0]))
  thread.start()
  while not len(texts):
    pass
  texts.abandon()
  thread.join()
  go.set()
  assert codes == [503]


def test_closing_server_takes_nothing_new(asked):
  client = made(asked)
  client.application.close()
  assert client.ask({"instances": ["a"]})[0] == 503
  assert client.call("GET", "/readyz")[0] == 503
  # It is alive, and should not be killed before it is done.
  assert client.call("GET", "/healthz")[0] == 200


@pytest.mark.parametrize("line, question", [
    ("a text", "a text"), ("a ||| b", TextPair("a", "b")), ("a | b", "a | b")])
def test_lines_are_questions(line, question):
  parsed = formats.of_line(line)
  assert parsed == question and type(parsed) is type(question)


@pytest.mark.parametrize("line, question", [
    ('"a"', "a"), ('{"text_a": "a"}', "a"),
    ('{"text_a": "a", "text_b": "b"}', TextPair("a", "b")),
    ('{"words": ["a", "b"]}', Words(["a", "b"]))])
def test_json_lines_are_questions(line, question):
  parsed = formats.of_json(line)
  assert parsed == question and type(parsed) is type(question)
