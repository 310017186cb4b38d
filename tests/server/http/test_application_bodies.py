"""Bodies of requests: encodings, and texts that are not the task's."""
import gzip
import json

import pytest

import exported
import served as served_lib
from bert.server.http import application
from bert.serving import predictor

BODY = json.dumps({"instances": ["the captain said"]}).encode()
PAIR = {"text_a": "the captain", "text_b": "two votes"}
WORDS = {"words": ["the", "captain"]}


@pytest.fixture(scope="module", params=[
    exported.of_singles, exported.of_pairs, exported.of_words],
                ids=["singles", "pairs", "words"])
def served(request, tmp_path_factory):
  """How the texts are, and an application of such a model."""
  flags = request.param(tmp_path_factory.mktemp("served"))
  return request.param.__name__[3:], served_lib.Client(
      served_lib.model_of(flags["output_dir"]),
      limits=application.Limits(max_bytes=2000))


def ask(client, body, encoding=None):
  """POSTs bytes, or an instance -> (code, parsed body, headers)."""
  if not isinstance(body, bytes):
    body = {"instances": [body]}
  code, content, headers = client.call(
      "POST", "/v1/models/bert:predict", body,
      **{} if encoding is None else {"HTTP_CONTENT_ENCODING": encoding})
  return code, json.loads(content.decode()), headers


def test_byte_order_mark_is_taken_off(served):
  assert ask(served[1], b"\xef\xbb\xbf" + BODY)[0] == 200


@pytest.mark.parametrize("body, encoding", [
    (gzip.compress(BODY), "gzip"), (gzip.compress(BODY), " GZIP"),
    (gzip.compress(BODY), "x-gzip"), (BODY, "identity"), (BODY, ""),
    (gzip.compress(BODY), "identity, gzip"), (BODY, "identity,,"),
    # Several members, an empty one among them, and padding.
    (gzip.compress(BODY[:9]) + gzip.compress(b"") + gzip.compress(BODY[9:]),
     "gzip"), (gzip.compress(BODY) + bytes(100), "gzip")], ids=range(9))  # Packed, it holds the time.
def test_packed_body_is_the_body(body, encoding, served):
  assert ask(served[1], body, encoding)[:2] == ask(served[1], BODY)[:2]


@pytest.mark.parametrize("body, encoding, code, fragment", [
    (BODY, "gzip", 400, "not gzip"),
    (gzip.compress(BODY)[:-9], "gzip", 400, "end is missing"),
    (b"", "gzip", 400, "end is missing"),
    (gzip.compress(BODY) + gzip.compress(b" ")[:-3], "gzip", 400,
     "end is missing"), (gzip.compress(BODY) + BODY, "gzip", 400, "not gzip"),
    (gzip.compress(BODY)[:-8] + bytes(8), "gzip", 400, "CRC"),
    (gzip.compress(b" " * 2001), "gzip", 413, "over 2000 bytes"),
    (gzip.compress(b" " * 999) * 3, "gzip", 413, "over 2000 bytes"),
    (gzip.compress(b" " * 10 ** 6), "gzip", 413, "over 2000 bytes"),
    (BODY, "br", 415, "br is not read"), (BODY, "gzip, gzip", 415, "gzip"),
    (gzip.compress(BODY), "gzip, br", 415, "gzip, br is not read"),
    (BODY, "deflate", 415, "gzip is")], ids=range(13))
def test_body_that_can_not_be_unpacked_is_refused(body, encoding, code,
                                                  fragment, served):
  actual, answer, headers = ask(served[1], body, encoding)
  assert actual == code and fragment in answer["error"]
  assert (headers.get("Accept-Encoding") == "gzip") == (code == 415)


# Kind of the model -> instance -> what is wrong; None: nothing.
REASONS = {
    "singles": [(PAIR, "a pair of texts"), (WORDS, '"words"'), ("a", None),
                ("a ||| b", None), ("a|||b", None)],
    "pairs": [(PAIR, None), (WORDS, '"words"'), ("a", None),
              ("a |||b", "|||"), ("a|||b", "|||"), ("a ||| b", "|||"),
              ({"text_a": "a b ||| c"}, "text_a ||| text_b, with a blank"),
              ({"text_a": "a ||| b", "text_b": ""}, None)],
    "words": [(PAIR, "a pair of texts"), (WORDS, None), ("a", None)]}


def test_texts_that_are_not_the_models_are_refused_with_the_reason(served):
  kind, asked = served
  for instance, reason in REASONS[kind]:
    code, answer, _ = ask(asked, instance)
    assert code == (200 if reason is None else 400), instance
    assert reason is None or reason in answer["error"]


def test_model_of_an_earlier_version_still_takes_pairs(tmp_path):
  flags = exported.of_singles(tmp_path)
  path = "%s/assets/task.json" % exported.without_list(
      exported.folder_of(flags))
  with open(path) as stream:
    task = json.load(stream)
  assert task.pop("has_pairs") is False
  with open(path, "w") as stream:
    json.dump(task, stream)
  model = predictor.Predictor(flags["output_dir"])
  assert len(model.predict([("a", "b")])) == 1
