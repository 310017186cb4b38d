"""TensorFlow Serving's own stubs, on ours."""
import contextlib
import json
import socket
import threading

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import exported
import run_predictor
import served
import tiny_encoder
from bert.server import grpc_server
from bert.server import settings
from bert.server.model_requests import Limits
from bert.serving.predictor import Predictor

grpc = pytest.importorskip("grpc", reason="requirements-serving.txt")
pytest.importorskip("tensorflow_serving", reason="requirements-serving.txt")

# pylint: disable=wrong-import-position
from tensorflow_serving.apis import classification_pb2
from tensorflow_serving.apis import get_model_metadata_pb2
from tensorflow_serving.apis import get_model_status_pb2
from tensorflow_serving.apis import model_service_pb2_grpc
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis import prediction_service_pb2_grpc

TEXTS = [("the captain said", "two votes"), ("before sunrise", "ferry left")]
LOCAL = ("127.0.0.1", 0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
  return {"pairs": exported.folder_of(exported.of_pairs(
              tmp_path_factory.mktemp("pairs"))),
          "words": exported.folder_of(exported.of_words(
              tmp_path_factory.mktemp("words"))),
          "vectors": exported.folder_of(tiny_encoder.run(tiny_encoder.flags_of(
              tmp_path_factory.mktemp("vectors"))))}


@pytest.fixture(scope="module")
def server(folders, tmp_path_factory):
  """A server of three models; its log is in a file."""
  log = tmp_path_factory.mktemp("log") / "access.log"
  specs = [settings.ModelSpec(name, folder) for name, folder in folders.items()]
  with served.running(*specs, endpoints=settings.Endpoints(
      http=LOCAL, grpc=LOCAL), max_texts=2, access_log=str(log)) as made:
    made.log_path = log
    yield made


@pytest.fixture(scope="module")
def channel(server):
  with grpc.insecure_channel("127.0.0.1:%d" % server.listeners[
      "grpc"].port) as made:
    yield made


@pytest.fixture(scope="module")
def stub(channel):
  return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def model(folders):
  return Predictor(folders["pairs"])


def inputs_of(model, texts):
  rows = [model.encode(model.to_example(text))[0] for text in texts]
  return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def request_of(inputs, name="pairs", signature="", dtype=tf.int32):
  request = predict_pb2.PredictRequest()
  request.model_spec.name = name
  request.model_spec.signature_name = signature
  for key, values in inputs.items():
    request.inputs[key].CopyFrom(tf.make_tensor_proto(values, dtype))
  return request


def arrays_of(response):
  return {name: tf.make_ndarray(each)
          for name, each in response.outputs.items()}


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_ids_are_predicted(dtype, stub, model, server):
  inputs = inputs_of(model, TEXTS)
  response = stub.Predict(request_of(inputs, dtype=dtype), 20)
  assert response.model_spec.name == "pairs"
  assert response.model_spec.version.value == int(
      server.models.get("pairs").current.number)
  assert response.model_spec.signature_name == "serving_default"
  expected = [list(each.probabilities.values())
              for each in model.predict(TEXTS)]
  (found,) = arrays_of(response).values()
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, expected, atol=1e-5)


def test_vectors_are_predicted(stub, folders):
  encoder = Predictor(folders["vectors"])
  inputs = inputs_of(encoder, ["two votes"])
  found = arrays_of(stub.Predict(request_of(inputs, "vectors"), 20))["vector"]
  np.testing.assert_allclose(
      found[0], encoder.predict(["two votes"])[0].vector, atol=1e-5)


def test_each_signature_can_be_asked_for(stub, folders):
  tagger = Predictor(folders["words"])
  inputs = inputs_of(tagger, [["the", "ferry"]])
  signature = tagger.head.signature
  expected = tagger.run(inputs, signature)
  request = request_of(inputs, "words", signature)
  found = arrays_of(stub.Predict(request, 20))
  assert set(found) == set(expected)
  for name, values in expected.items():
    np.testing.assert_allclose(found[name], values, atol=1e-5)
  name = sorted(expected)[0]
  request.output_filter.append(name)
  assert set(arrays_of(stub.Predict(request, 20))) == {name}


def test_metadata_has_the_signatures(stub, model):
  request = get_model_metadata_pb2.GetModelMetadataRequest(
      metadata_field=["signature_def"])
  request.model_spec.name = "pairs"
  response = stub.GetModelMetadata(request, 20)
  signatures = get_model_metadata_pb2.SignatureDefMap()
  assert response.metadata["signature_def"].Unpack(signatures)
  assert dict(signatures.signature_def) == model.loaded.engine.signatures


def test_status_has_the_versions(channel, server):
  stub = model_service_pb2_grpc.ModelServiceStub(channel)
  request = get_model_status_pb2.GetModelStatusRequest()
  request.model_spec.name = "pairs"
  (status,) = stub.GetModelStatus(request, 20).model_version_status
  assert status.state == get_model_status_pb2.ModelVersionStatus.AVAILABLE
  assert status.version == int(server.models.get("pairs").current.number)


def huge(_):
  tensor = tf.make_tensor_proto([[1]], tf.int32)
  for dim in tensor.tensor_shape.dim:  # One value stands for all.
    dim.size = 1 << 30
  request = predict_pb2.PredictRequest()
  request.model_spec.name = "pairs"
  request.inputs["input_ids"].CopyFrom(tensor)
  return request


def torn(inputs):
  request = request_of(inputs)
  request.inputs["input_ids"].tensor_content = b"abc"
  return request


def of_version(inputs):
  request = request_of(inputs)
  request.model_spec.version.value = 7
  return request


def filtered(inputs):
  request = request_of(inputs)
  request.output_filter.append("none")
  return request


def changed(change):
  """A function that makes a request whose input_ids `change` has changed."""
  def make(inputs):
    request = request_of(inputs)
    change(request.inputs["input_ids"])
    return request
  return make


def values_of(count):
  def change(tensor):
    del tensor.int_val[:]
    tensor.tensor_content = b""
    tensor.int_val.extend([1] * count)
  return change


def sizes_of(*sizes):
  def change(tensor):
    del tensor.tensor_shape.dim[:]
    for size in sizes:
      tensor.tensor_shape.dim.add(size=size)
  return change


def set_type(name):
  return lambda tensor: setattr(tensor, "dtype", getattr(tf, name).as_datatype_enum)


def set_content(size):
  return lambda tensor: setattr(tensor, "tensor_content", b"\0" * size)


# 16 ids of each of two texts.
ODD = {
    "many_dims": (sizes_of(*[1 << 62] * 10000), "whole numbers"),
    "no_dims": (sizes_of(), "whole numbers"),
    "one_dim": (sizes_of(32), "whole numbers"),
    "negative_dims": (sizes_of(-2, -16), "-2 x -16 values"),
    "unknown_dim": (sizes_of(-1, 16), "-1 x 16 values"),
    "zero_dim": (sizes_of(0, 16), "0 x 16 values"),
    "largest_dims": (sizes_of(2**63 - 1, 2**63 - 1), "values; at most"),
    "too_few_bytes": (set_content(4), "4 bytes for"),
    "too_many_bytes": (set_content(1 << 19), "%d bytes for" % (1 << 19)),
    "no_values": (values_of(0), "0 values, its shape has"),
    "too_many_values": (values_of(5000), "5000 values, its shape has"),
    "bool": (set_type("bool"), "whole numbers"),
    "half": (set_type("bfloat16"), "whole numbers"),
    "variant": (set_type("variant"), "whole numbers"),
    "quantized": (set_type("qint8"), "whole numbers")}

MISTAKES = {
    "long_name": (lambda inputs: request_of(inputs, "m" * 50000), "NOT_FOUND",
                  "m..."),
    "long_signature": (lambda inputs: request_of(
        inputs, signature="s" * 50000), "INVALID_ARGUMENT", "s..."),
    "model": (lambda inputs: request_of(inputs, "other"), "NOT_FOUND",
              "pairs, words, vectors"),
    "version": (of_version, "NOT_FOUND", "has version"),
    "signature": (lambda inputs: request_of(inputs, signature="none"),
                  "INVALID_ARGUMENT", "'none' is not known"),
    "no_inputs": (lambda _: request_of({}), "INVALID_ARGUMENT", "no inputs"),
    "missing": (lambda inputs: request_of({"input_ids": inputs["input_ids"]}),
                "INVALID_ARGUMENT", "needs input_ids"),
    "shapes": (lambda inputs: request_of(dict(
        inputs, input_mask=inputs["input_mask"][:1])), "INVALID_ARGUMENT",
               "different shapes"),
    "floats": (lambda inputs: request_of(inputs, dtype=tf.float32),
               "INVALID_ARGUMENT", "whole numbers"),
    "text": (lambda inputs: request_of(
        {name: [[b"x"]] for name in inputs}, dtype=tf.string),
             "INVALID_ARGUMENT", "whole numbers"),
    "huge": (huge, "INVALID_ARGUMENT", "values; at most"),
    "torn": (torn, "INVALID_ARGUMENT", "'input_ids' can't be read"),
    "unknown_id": (lambda inputs: request_of(dict(
        inputs, input_ids=inputs["input_ids"] + 90000)), "INVALID_ARGUMENT",
                   "must be from 0"),
    "rows": (lambda inputs: request_of({
        name: np.tile(values, [2, 1]) for name, values in inputs.items()}),
             "INVALID_ARGUMENT", "at most 2"),
    "filter": (filtered, "INVALID_ARGUMENT", "no output 'none'")}
MISTAKES.update({name: (changed(change), "INVALID_ARGUMENT", fragment)
                 for name, (change, fragment) in ODD.items()})


@pytest.mark.parametrize("kind", sorted(MISTAKES))
def test_mistake_is_told_with_its_status(kind, stub, model):
  make, code, fragment = MISTAKES[kind]
  with pytest.raises(grpc.RpcError) as caught:
    stub.Predict(make(inputs_of(model, TEXTS)), 20)
  assert caught.value.code().name == code
  assert fragment in caught.value.details()


@pytest.mark.parametrize("output, fragment", [
    (lambda *_: {"probabilities": np.full([8, 2], np.nan)}, "is not a number"),
    (lambda *_: {}["/a/path"], "internal error")])
def test_faults_of_the_server_are_internal_and_counted(
    output, fragment, stub, model, server, monkeypatch):
  predictor = server.models.get("pairs").current.predictor
  runs = predictor.loaded.engine.runs
  monkeypatch.setitem(runs, "serving_default", (
      runs["serving_default"][0], output))
  counted = 'bert_requests_total{code="INTERNAL",model="pairs",protocol="grpc"}'
  before = value_of(server, counted)
  with pytest.raises(grpc.RpcError) as caught:
    stub.Predict(request_of(inputs_of(model, TEXTS)))
  assert caught.value.code().name == "INTERNAL"
  assert fragment in caught.value.details()
  assert "/" not in caught.value.details()
  assert value_of(server, counted) == before + 1


def value_of(server, name):
  """The value of a metric, 0 if it has none yet."""
  lines = server.metrics.exposition().decode().splitlines()
  return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_metadata_that_is_not_there_is_told(stub):
  request = get_model_metadata_pb2.GetModelMetadataRequest(
      metadata_field=["other"])
  request.model_spec.name = "pairs"
  with pytest.raises(grpc.RpcError) as caught:
    stub.GetModelMetadata(request, 20)
  assert "must be signature_def" in caught.value.details()


def test_calls_that_are_not_answered_say_so(stub):
  with pytest.raises(grpc.RpcError) as caught:
    stub.Classify(classification_pb2.ClassificationRequest(), 20)
  assert caught.value.code().name == "UNIMPLEMENTED"


def test_calls_are_counted_and_logged(stub, model, server):
  stub.Predict(request_of(inputs_of(model, TEXTS)), 20)
  with pytest.raises(grpc.RpcError):
    stub.Predict(request_of({}), 20)
  text = server.metrics.exposition().decode()
  for code in ("OK", "INVALID_ARGUMENT"):
    assert ('bert_requests_total{code="%s",model="pairs",protocol="grpc"}' %
            code) in text
  with open(str(server.log_path)) as reader:
    lines = [json.loads(line) for line in reader]
  assert [(each["protocol"], each["method"], each["code"])
          for each in lines[-2:]] == [("grpc", "Predict", "OK"),
                                      ("grpc", "Predict", "INVALID_ARGUMENT")]


class Proxy:
  """Passes a client's bytes on, and the server's from 100 KB on when it may.

  Attributes:
    port: for the client.
    is_held: set when it does not read on; may_read: set by the test.
  """

  def __init__(self, port):
    self._port = port
    self._listener = socket.socket()
    self._listener.bind(LOCAL)
    self._listener.listen(1)
    self.port = self._listener.getsockname()[1]
    self.is_held, self.may_read = threading.Event(), threading.Event()
    threading.Thread(target=self._run, daemon=True).start()

  def _run(self):
    client, _ = self._listener.accept()
    server = socket.socket()
    server.connect(("127.0.0.1", self._port))
    reading = threading.Thread(
        target=self._pass_on, args=(client, server, float("inf")), daemon=True)
    reading.start()
    with contextlib.closing(client), contextlib.closing(server):
      self._pass_on(server, client, 100000)
      # A socket that is closed while bytes wait to be read is reset, and the
      # other side loses what it has not read.
      reading.join(60)

  def _pass_on(self, source, target, limit):
    count = 0
    with contextlib.suppress(OSError):
      for part in iter(lambda: source.recv(1 << 16), b""):
        with contextlib.suppress(OSError):  # It has closed; the rest is dropped.
          target.sendall(part)
        count += len(part)
        if count > limit:
          self.is_held.set()
          self.may_read.wait(60)
    with contextlib.suppress(OSError):
      target.shutdown(socket.SHUT_WR)


@pytest.fixture
def slow_call(server, model, monkeypatch):
  """A server, a proxy, and a call whose response of 40 MB is held there."""
  monkeypatch.setattr(grpc_server.model_requests, "run_ids", lambda *_: {
      "big": np.zeros(10 ** 7, np.float32)})
  made = grpc_server.GrpcServer(server.models, LOCAL, Limits(), 2,
                                grpc_server.Recorder(server.metrics))
  made.start()
  proxy = Proxy(made.port)
  with grpc.insecure_channel("127.0.0.1:%d" % proxy.port, options=[
      ("grpc.max_receive_message_length", -1)]) as opened:
    call = prediction_service_pb2_grpc.PredictionServiceStub(
        opened).Predict.future(request_of(inputs_of(model, TEXTS)), 60)
    assert proxy.is_held.wait(30)
    yield made, proxy, call
    proxy.may_read.set()
    made.close(0)


def test_closing_server_waits_for_its_readers(slow_call):
  made, proxy, call = slow_call
  thread = threading.Thread(target=made.close, args=(600,))
  thread.start()
  thread.join(0.2)
  assert thread.is_alive()
  proxy.may_read.set()
  assert arrays_of(call.result(60))["big"].shape == (10 ** 7,)
  thread.join(60)
  assert not thread.is_alive()


def test_client_that_never_reads_holds_a_closing_server_no_longer(
    slow_call, monkeypatch):
  monkeypatch.setattr(grpc_server, "_CANCELLING", 0.1)
  made, _, call = slow_call
  thread = threading.Thread(target=made.close, args=(0.1,))
  thread.start()
  thread.join(60)
  assert not thread.is_alive() and not call.done()


def test_port_that_is_taken_is_one_line(folders, server):
  result = commands.run({
      "export_dir": folders["pairs"],
      "grpc": str(server.listeners["grpc"].port)}, run_predictor)
  assert result.code == 2 and "--grpc=127.0.0.1:%d" % server.listeners[
      "grpc"].port in result.log
