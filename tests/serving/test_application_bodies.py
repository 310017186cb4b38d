"""Bodies of requests: encodings, and texts that are not the task's."""
import gzip
import io
import json

import pytest

import exported
from bert.serving import application
from bert.serving import batcher
from bert.serving import predictor

BODY = json.dumps({"instances": ["the captain said"]}).encode()
PAIR = {"text_a": "the captain", "text_b": "two votes"}
WORDS = {"words": ["the", "captain"]}


@pytest.fixture(scope="module", params=[
    exported.of_singles, exported.of_pairs, exported.of_words],
                ids=["singles", "pairs", "words"])
def served(request, tmp_path_factory):
  """How the texts are, and an application of such a model."""
  model = predictor.Predictor(request.param(
      tmp_path_factory.mktemp("served"))["output_dir"])
  kind = request.param.__name__[3:]
  texts = batcher.Batcher(model.predict, model.batch_size, 0.0, 16)
  return kind, application.Application(
      model, "bert", texts, application.Limits(max_bytes=2000))


def ask(application, body, encoding=None):
  """POSTs bytes, or an instance -> (code, parsed body, headers)."""
  if not isinstance(body, bytes):
    body = json.dumps({"instances": [body]}).encode()
  environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v1/models/bert:predict",
             "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
  if encoding is not None:
    environ["HTTP_CONTENT_ENCODING"] = encoding
  said = []
  (content,) = application(environ, lambda *args: said.append(args))
  status, headers = said[0]
  return int(status.split()[0]), json.loads(content.decode()), dict(headers)


def test_byte_order_mark_is_taken_off(served):
  assert ask(served[1], b"\xef\xbb\xbf" + BODY)[0] == 200


@pytest.mark.parametrize("body, encoding", [
    (gzip.compress(BODY), "gzip"), (gzip.compress(BODY), " GZIP"),
    (gzip.compress(BODY), "x-gzip"), (BODY, "identity"), (BODY, "")],
                         ids=range(5))  # Packed, it holds the time.
def test_packed_body_is_the_body(body, encoding, served):
  assert ask(served[1], body, encoding)[:2] == ask(served[1], BODY)[:2]


@pytest.mark.parametrize("body, encoding, code, fragment", [
    (BODY, "gzip", 400, "not gzip"),
    (gzip.compress(BODY)[:-9], "gzip", 400, "end is missing"),
    (b"", "gzip", 400, "end is missing"),
    (gzip.compress(b" " * 2001), "gzip", 413, "over 2000 bytes"),
    (gzip.compress(b" " * 10 ** 6), "gzip", 413, "over 2000 bytes"),
    (BODY, "br", 415, "br is not read"), (BODY, "gzip, gzip", 415, "gzip"),
    (BODY, "deflate", 415, "gzip is")], ids=range(8))
def test_body_that_can_not_be_unpacked_is_refused(body, encoding, code,
                                                  fragment, served):
  actual, answer, headers = ask(served[1], body, encoding)
  assert actual == code and fragment in answer["error"]
  assert (headers.get("Accept-Encoding") == "gzip") == (code == 415)


# Kind of the model -> instance -> what is wrong; None: nothing.
REASONS = {
    "singles": [(PAIR, "a pair of texts"), (WORDS, '"words"'), ("a", None)],
    "pairs": [(PAIR, None), (WORDS, '"words"')],
    "words": [(PAIR, "a pair of texts"), (WORDS, None), ("a", None)]}


def test_texts_that_are_not_the_models_are_refused_with_the_reason(served):
  kind, asked = served
  for instance, reason in REASONS[kind]:
    code, answer, _ = ask(asked, instance)
    assert code == (200 if reason is None else 400), instance
    assert reason is None or reason in answer["error"]


def test_model_of_an_earlier_version_still_takes_pairs(tmp_path):
  flags = exported.of_singles(tmp_path)
  path = "%s/assets/task.json" % exported.folder_of(flags)
  with open(path) as stream:
    task = json.load(stream)
  assert task.pop("has_pairs") is False
  with open(path, "w") as stream:
    json.dump(task, stream)
  model = predictor.Predictor(flags["output_dir"])
  assert len(model.predict([("a", "b")])) == 1
