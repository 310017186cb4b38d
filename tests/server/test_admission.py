"""What a request may cost, and that no request costs the others theirs."""
import json
import threading
from unittest import mock

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import exported
import served
import tiny_encoder
from bert.server import batcher
from bert.server.model_requests import Limits
from bert.serving.predictor import Predictor

MODEL = "/v1/models/bert"
PREDICT = MODEL + ":predict"


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
  return Predictor(exported.of_words(
      tmp_path_factory.mktemp("words"))["output_dir"])


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
  """An encoder of a vector of 32 numbers for each token, 16 of a text."""
  return Predictor(tiny_encoder.run(tiny_encoder.flags_of(
      tmp_path_factory.mktemp("tokens"), pooling="tokens"))["output_dir"])


class Noting:
  """Runs records; notes how many there are in each batch; can be held up."""

  def __init__(self, predictor):
    self._predictor = predictor
    self.sizes = []
    self.go = threading.Event()
    self.go.set()

  def __call__(self, records):
    self.sizes.append(len(records))
    self.go.wait(20)
    return self._predictor.run_records(records)


class Served:
  """A client of a model whose batches are noted."""

  def __init__(self, predictor, limits=Limits(), **changes):
    self.noted = Noting(predictor)
    self.model = served.model_of(predictor.folder, run=self.noted, **changes)
    self.client = served.Client(self.model, limits=limits)
    self.answers = []
    self._threads = []

  def ask(self, body, path=PREDICT, **options):
    return self.client.ask(body, path, **options)

  def hold_up(self):
    """Lets the batcher's thread wait with a text."""
    self.noted.go.clear()
    self.ask_beside({"instances": ["two"]})
    while not self.noted.sizes:
      pass

  def ask_beside(self, body):
    """Asks in a thread of its own."""
    thread = threading.Thread(
        target=lambda: self.answers.append(self.ask(body)))
    thread.start()
    self._threads.append(thread)

  def wait_for(self, num_texts):
    while len(self.model.current.texts) < num_texts:
      pass

  def finish(self):
    """Lets the thread go on; returns the codes of all answers."""
    self.noted.go.set()
    for each in self._threads:
      each.join()
    return sorted(code for code, _ in self.answers)


@pytest.fixture
def made():
  """Makes Served, which are closed at the end."""
  all_made = []

  def make(*args, **changes):
    all_made.append(Served(*args, **changes))
    return all_made[-1]

  yield make
  for each in all_made:
    each.finish()
    each.client.models.close()


def row(length=16, **changes):
  return dict({"input_ids": [7] + [11] * (length - 1),
               "input_mask": [1] * length, "segment_ids": [0] * length},
              **changes)


@pytest.mark.parametrize("text", [" ", {"text_a": ""}, {"words": [1]},
                                  {"text_a": "a", "text_b": 3}, "long " * 9])
def test_refused_text_takes_the_others_out_of_no_batch(text, made, tokens):
  server = made(tokens, Limits(max_chars=30))
  server.hold_up()
  for _ in range(5):
    server.ask_beside({"instances": ["who said"]})
  server.wait_for(5)
  # It is refused while the thread is busy: at once.
  assert server.ask({"instances": ["two votes", text]})[0] in (400, 413)
  assert server.finish() == [200] * 6
  assert server.noted.sizes == [1, 5]


def test_time_for_converting_is_the_requests(made, tokens):
  server = made(tokens, Limits(timeout=1e-9))
  code, answer = server.ask({"instances": ["two"] * 5})
  assert code == 504 and "no answer within" in answer["error"]
  code, _ = server.ask({"texts": ["two"]}, "/encode")
  assert code == 504 and not server.noted.sizes


def test_full_queue_is_noted_before_anything_is_converted(made, tokens):
  server = made(tokens, max_queue=3)
  server.hold_up()
  server.ask_beside({"instances": ["two", "votes"]})
  server.wait_for(2)
  server.model.current.predictor.convert = None  # Never called.
  for body in ({"instances": ["two", "votes"]}, {"instances": [row()] * 2}):
    assert server.ask(body)[0] == 429
  assert server.finish() == [200] * 2


def test_ids_of_several_requests_are_one_batch(made, tagger):
  server = made(tagger)
  server.hold_up()
  for length in (16, 16, 5, 16):
    server.ask_beside({"instances": [row(length)] * 2})
  server.wait_for(8)
  assert server.finish() == [200] * 5
  # By shape, as ids are not padded: the response has that shape.
  assert sorted(server.noted.sizes) == [1, 2, 6]
  expected = tagger.run({name: np.array([values], np.int32)
                         for name, values in row(5).items()})
  (short,) = [answer["predictions"] for _, answer in server.answers
              if len(np.shape(answer["predictions"])) == 3 and
              np.shape(answer["predictions"])[1] == 5]
  np.testing.assert_allclose(short, np.repeat(
      expected["probabilities"], 2, axis=0), atol=1e-5)


def test_ids_are_run_in_batches_and_returned_in_order(made, tokens):
  server = made(tokens, max_batch=4, max_queue=30)
  rows = [row(input_ids=[7] + [10 + number] * 15) for number in range(11)]
  code, answer = server.ask({"inputs": {
      name: [each[name] for each in rows] for name in rows[0]}})
  assert code == 200 and server.noted.sizes == [4, 4, 3]
  expected = tokens.run({name: np.array([each[name] for each in rows], np.int32)
                         for name in rows[0]})["vector"]
  np.testing.assert_allclose(answer["outputs"], expected, atol=1e-5)


def test_ids_wait_no_longer_than_the_timeout(made, tokens):
  server = made(tokens, Limits(timeout=0.2))
  server.hold_up()
  code, answer = server.ask({"instances": [row()]})
  assert code == 504 and "within 0.2 seconds" in answer["error"]
  assert server.finish() == [504]
  assert server.noted.sizes == [1]  # What was given up was not run.


ODD_IDS = [-1, 10**6, 2**31, -2**31 - 1, 2**63, -2**63, 10**400, True, False,
           None, "1", 1.0, 1e3, -0.0, [], [1], {}]


@pytest.mark.parametrize("name", ["input_ids", "input_mask", "segment_ids",
                                  "word_starts"])
def test_odd_value_among_ids_is_refused(name, made, tagger):
  server = made(tagger)
  starts = {"word_starts": [0, 1] + [0] * 14}
  codes = []
  for value in ODD_IDS:
    instance = row(**starts)
    instance[name] = instance[name][:-1] + [value]
    for body in ({"instances": [instance]},
                 {"inputs": {key: [each] for key, each in instance.items()}}):
      codes.append(server.ask(dict(body, signature_name="words"))[0])
  assert codes == [400] * 2 * len(ODD_IDS)
  assert not server.noted.sizes
  code, answer = server.ask({"instances": [row(**starts)],
                             "signature_name": "words"})
  assert code == 200 and answer["predictions"][0]["num_words"] == 1


ODD_BODIES = [
    b'{"instances": ["two"], "id": NaN}', b'{"instances": [Infinity]}',
    b'{"instances": ["two"], "id": -Infinity}',
    b'{"instances": ["two"], "id": 1e999}',
    b'{"instances": ["two"], "instances": ["votes"]}',
    b'{"instances": [{"text_a": "two", "text_a": "votes"}]}',
    b'{"instances": ["two"], "id": %s}' % (b"9" * 200000),
    b'{"instances": %s}' % (b"[" * 100000), b"[" * 100000,
    b'{"instances": %s"a"%s}' % (b"[" * 900, b"]" * 900),
    b'{"instances": %s1%s}' % (b'{"a":' * 900, b"}" * 900),
    b'{"instances": ["two"], "inputs": null}', b'{"inputs": null}',
    b'{"inputs": []}', b'{"inputs": 1}', b'{"inputs": {"input_ids": null}}',
    b'{"instances": {"0": "two"}}', b'{"instances": true}',
    b'{"instances": [null]}', b'{"instances": [[]]}', b'{"instances": [true]}',
    b'{"instances": [{}]}', b'{"instances": [{"input_ids": {}}]}',
    b'{"instances": [{"text_a": ["two"]}]}',
    b'{"instances": [{"text_a": "two", "choices": {}}]}',
    b'{"instances": ["two"], "signature_name": []}',
    b'{"instances": ["two"], "signature_name": false}',
    b'{"instances": ["two"], "signature_name": 0}', b"null", b"1", b'"two"', b"",
    b"NaN", b"\xff\xfe{}", b'{"instances": ["\x00"]}']


@pytest.mark.parametrize("number", range(len(ODD_BODIES)))
def test_odd_body_is_refused_in_a_line(number, tokens, made):
  server = made(tokens)
  code, answer = server.ask(ODD_BODIES[number])
  assert code == 400 and not server.noted.sizes
  assert len(answer["error"]) < 300 and "\n" not in answer["error"]


def test_odd_text_is_read(tokens, made):
  server = made(tokens)
  for text in (b'"\\ud800 two"', b'"two \\u0000"', b'"%s"' % (b"9" * 5000)):
    assert server.ask(b'{"instances": [%s]}' % text)[0] == 200
  for name in ("signature_name", "id"):
    assert server.ask({"instances": ["two"], name: None})[0] == 200


ODD_ENCODINGS = [
    ("/encode", {"texts": ["two"], "is_tokenized": None}),
    ("/encode", {"texts": {"0": "two"}}), ("/encode", {"texts": [None]}),
    ("/encode", {"texts": [["two"]]}), ("/encode", {"texts": [[]],
                                                    "is_tokenized": True}),
    ("/v1/embeddings", {"input": "two", "dimensions": True}),
    ("/v1/embeddings", {"input": "two", "dimensions": "32"}),
    ("/v1/embeddings", {"input": "two", "encoding_format": ["base64"]}),
    ("/v1/embeddings", {"input": {"a": "two"}}), ("/v1/embeddings", {
        "input": [["two"]]}), ("/v1/embeddings", {"input": "two", "x" * 999: 1})]


@pytest.mark.parametrize("number", range(len(ODD_ENCODINGS)))
def test_odd_request_for_vectors_is_refused(number, tokens, made):
  path, body = ODD_ENCODINGS[number]
  code, answer = made(tokens).ask(body, path)
  assert code == 400 and len(answer["error"]) < 300


# 16 tokens of 32 numbers: 512 a text, of 22 bytes each in JSON, 6 in base64,
# 4 in .npy.
LONG = "two votes before sunrise " * 9
SIZES = [
    (PREDICT, {"instances": [LONG]}, {}, 22),
    (PREDICT, {"instances": [row()]}, {}, 22),
    (PREDICT, {"inputs": {name: [ids] for name, ids in row().items()}}, {}, 22),
    (MODEL + ":encode", {"instances": [LONG]}, {}, 22),
    (MODEL + ":encode", {"instances": [LONG]},
     {"HTTP_ACCEPT": "application/octet-stream"}, 4),
    ("/encode", {"texts": [LONG]}, {}, 22),
    ("/v1/embeddings", {"input": [LONG]}, {}, 22),
    ("/v1/embeddings", {"input": LONG, "encoding_format": "base64"}, {}, 6)]


@pytest.mark.parametrize("path, body, headers, num_bytes", SIZES)
def test_response_is_bounded_before_it_is_computed(path, body, headers,
                                                   num_bytes, made, tokens):
  size = 16 * 32 * num_bytes
  server = made(tokens, Limits(max_response=size))
  code, content, _ = server.client.call("POST", path, body, **headers)
  assert code == 200 and len(content) < size + 300
  server = made(tokens, Limits(max_response=size - 1))
  code, answer = server.ask(body, path, **headers)
  assert code == 413 and not server.noted.sizes
  assert "--max_response_mb" in answer["error"]


def test_texts_padded_to_the_longest_count_as_long(made, tokens):
  server = made(tokens, Limits(max_response=2 * 16 * 32 * 22 - 1))
  assert server.ask({"texts": ["two", LONG]}, "/encode")[0] == 413
  assert server.ask({"instances": ["two", LONG]})[0] == 200


def test_limit_and_estimate_are_named(made, tokens):
  _, answer = made(tokens, max_queue=300, limits=Limits(
      max_response=1 << 20)).ask({"instances": [LONG] * 200})
  # 200 x 11 KiB.
  assert "about 3 MB; at most 1 MB are sent" in answer["error"]


def test_grpc_has_the_same_limits(tokens):
  grpc = pytest.importorskip("grpc")
  from bert.server import grpc_server
  from bert.server import server_metrics
  from tensorflow_serving.apis import predict_pb2
  from tensorflow_serving.apis import prediction_service_pb2_grpc

  def code_of(limits):
    model = Served(tokens, limits, max_queue=8)
    server = grpc_server.GrpcServer(
        model.client.models, ("127.0.0.1", 0), limits, 1,
        grpc_server.Recorder(server_metrics.ServerMetrics()))
    server.start()
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "bert"
    for name, ids in row().items():
      request.inputs[name].CopyFrom(tf.make_tensor_proto([ids] * 2, tf.int32))
    with grpc.insecure_channel("127.0.0.1:%d" % server.port) as channel:
      stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
      try:
        stub.Predict(request, 20)
        return "OK"
      except grpc.RpcError as error:
        return error.code().name
      finally:
        server.close(0)
        model.client.models.close()

  size = 2 * 16 * 32 * 4
  assert code_of(Limits(max_response=size)) == "OK"
  assert code_of(Limits(max_response=size - 1)) == "RESOURCE_EXHAUSTED"
  with mock.patch.object(batcher.Batcher, "check_capacity",
                         side_effect=batcher.Full):
    assert code_of(Limits()) == "RESOURCE_EXHAUSTED"
  assert code_of(Limits(timeout=1e-9)) == "DEADLINE_EXCEEDED"


def test_pipe_refuses_what_is_no_json(tokens):
  from bert.serving import formats
  from mistakes import message_of
  for line in ('{"text_a": "two", "text_a": "votes"}', "NaN", "[" * 100000,
               "9" * 200000, '{"text_a": 1e999}', '{"text_a": NaN}'):
    message = message_of(formats.of_json, line)
    assert message.startswith("not JSON: ") and len(message) < 200
  assert formats.of_json(json.dumps("9" * 5000)) == "9" * 5000
