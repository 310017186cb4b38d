"""Requests for a version of a model over HTTP, in the formats of TensorFlow
Serving and of clients for vectors.

Source: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import contextlib
import typing
from concurrent import futures
from typing import Collection, Dict, List, Sequence

import numpy as np
from google.protobuf import json_format

from bert.common.errors import UserError
from bert.common.errors import shortened
from bert.data.examples import TextInput
from bert.heads.base import DEFAULT_SIGNATURE
from bert.heads.outputs import TextOutput
from bert.serving import encoder
from bert.serving import formats
from bert.serving import predictor as predictor_lib
from bert.serving.predictor import Converted
from bert.server import batcher
from bert.server.http import embeddings
from bert.server import id_inputs
from bert.server.batcher import Deadline
from bert.server.batcher import Pending
from bert.server.http.messages import HttpError
from bert.server.http.messages import Response
from bert.server.http.messages import to_response
from bert.server.versions import Version

# Of a number in JSON, as in -0.07239284366369247, with the comma.
_JSON_BYTES = 22


class Limits(typing.NamedTuple):
  """The limits of a request's size and time.

  Attributes:
    max_bytes: of the body.
    max_texts: in a request.
    max_chars: of a text.
    timeout: seconds until a request is aborted.
    max_response: bytes of a response.
  """
  max_bytes: int = 1 << 20
  max_texts: int = 256
  max_chars: int = 20000
  timeout: float = 30.0
  max_response: int = 64 << 20

  def check_response(self, num_bytes: int) -> None:
    """Raises ResponseTooLarge for more bytes than a response may have."""
    if num_bytes > self.max_response:
      raise ResponseTooLarge(
          "the response would have about %d MB; at most %d MB are sent "
          "(--max_response_mb): send fewer or shorter texts" % (
              -(-num_bytes >> 20), self.max_response >> 20))

  def check_count(self, count: int) -> None:
    """Raises TooLarge for more texts than a request may have."""
    if count > self.max_texts:
      raise TooLarge("%d texts; at most %d are read at once" % (
          count, self.max_texts))


class TooLarge(UserError):
  """A request beyond a limit."""


class ResponseTooLarge(TooLarge):
  """A request whose response would be beyond the limit."""


class ModelRequests:
  """The requests for a version of a model."""

  def __init__(self, name: str, version: Version, limits: Limits):
    self._name = name
    self._version = version
    self._predictor = version.predictor
    self._limits = limits
    self._deadline = Deadline(limits.timeout)

  def predict(self, body: Dict) -> Response:
    """Answers :predict."""
    signature = body.get("signature_name")
    if not isinstance(signature, (str, type(None))):
      raise UserError('"signature_name" must be text')
    signature = signature or DEFAULT_SIGNATURE
    if ("instances" in body) == ("inputs" in body):
      raise UserError('the body must have either "instances" or "inputs"')
    if "inputs" in body:
      return self._predict_columns(body["inputs"], signature)
    rows = self._instances(body)
    if isinstance(rows[0], dict) and "input_ids" in rows[0]:
      return self._predict_rows(rows, signature)
    converted = self._convert(self._texts(rows))
    # Without one shape for all: each has its own number of tokens.
    self._check_vectors([[each] for each in converted], _JSON_BYTES)
    return to_response({"predictions": list(map(
        self._predictor.head.to_json, self._run(converted)))})

  def encode(self, body: Dict, accept: str) -> Response:
    """Answers :encode; accept is the request's header of that name."""
    if not self._version.is_encoder:
      raise HttpError(404, "the model is no encoder; ask :predict")
    texts = self._texts(self._instances(body))
    if embeddings.NPY in accept:
      return Response(200, embeddings.to_npy(self._vectors(
          self._convert(texts), embeddings.NPY_BYTES)), embeddings.NPY)
    return to_response({"vectors": self._vectors(
        self._convert(texts), _JSON_BYTES).tolist()})

  def encode_as_bert_serving(self, body: Dict) -> Response:
    """Answers /encode of bert-as-service."""
    return to_response(embeddings.to_serving(body, self._vectors(
        self._convert(embeddings.texts_of_serving(body)), _JSON_BYTES)))

  def embed(self, body: Dict) -> Response:
    """Answers /v1/embeddings."""
    converted = self._convert(embeddings.texts_of_embeddings(
        body, self._predictor.width))
    vectors = self._vectors(converted, embeddings.BASE64_BYTES if (
        embeddings.is_packed(body)) else _JSON_BYTES)
    return to_response(embeddings.to_embeddings(
        body, vectors, self._name,
        sum(map(predictor_lib.count_tokens, converted))))

  def metadata(self) -> Response:
    """Answers /metadata."""
    signatures = {
        name: json_format.MessageToDict(signature)
        for name, signature in self._predictor.loaded.engine.signatures.items()}
    return to_response({
        "model_spec": {"name": self._name, "signature_name": "",
                       "version": self._version.number},
        "metadata": {"signature_def": {"signature_def": signatures}}})

  def _vectors(self, converted, bytes_per_value):
    """Returns the vectors of texts as one array."""
    self._check_vectors([converted], bytes_per_value)
    return encoder.stack([each.vector for each in self._run(converted)])

  def _check_vectors(self, groups, bytes_per_value):
    """Raises ResponseTooLarge for vectors of texts; those of a group are padded
    to the longest one."""
    if self._version.is_encoder:
      self._limits.check_response(bytes_per_value * sum(
          sum(self._predictor.num_values(
              self._predictor.head.signature, len(group),
              max(each.records[0].length for each in group)).values())
          for group in groups))

  def _instances(self, body):
    """Returns the instances of a body."""
    rows = body.get("instances")
    if not isinstance(rows, list) or not rows:
      raise UserError('"instances" must be a list that is not empty')
    self._limits.check_count(len(rows))
    return rows

  def _texts(self, rows):
    names = self._predictor.head.input_names
    return [row if isinstance(row, str) else formats.of_object(row, names)
            for row in rows]

  def _convert(self, texts: List[TextInput]) -> List[Converted]:
    """Returns texts as ids, before they are queued."""
    self._limits.check_count(len(texts))
    for each in texts:
      if formats.num_chars(each) > self._limits.max_chars:
        raise TooLarge("a text of over %d characters" % self._limits.max_chars)
    with self._as_http():
      return self._version.convert(texts, self._deadline)

  def _run(self, converted: List[Converted]) -> List[TextOutput]:
    """Returns the outputs for texts, which are batched with those of other
    requests."""
    with self._as_http():
      return _results(self._version.start(converted), self._deadline)

  @contextlib.contextmanager
  def _as_http(self):
    """Converts the errors of a queue to responses."""
    try:
      yield
    except batcher.Full:
      raise HttpError(429, "too many requests wait", **{"Retry-After": "1"})
    except futures.TimeoutError:
      raise HttpError(504, "no answer within %g seconds" %
                      self._limits.timeout)
    except futures.CancelledError:
      raise HttpError(503, "the server is closing", **{"Retry-After": "5"})

  def _predict_rows(self, rows, signature):
    names = set(rows[0])
    for row in rows:
      if not isinstance(row, dict) or set(row) != names:
        raise UserError("all instances must have the same names")
    outputs = self._run_ids({name: [row[name] for row in rows]
                             for name in names}, signature)
    if len(outputs) == 1:
      (values,) = outputs.values()
      return to_response({"predictions": values.tolist()})
    columns = {name: values.tolist() for name, values in outputs.items()}
    return to_response({"predictions": [
        {name: values[index] for name, values in columns.items()}
        for index in range(len(rows))]})

  def _predict_columns(self, columns, signature):
    if not isinstance(columns, dict) or not columns:
      raise UserError('"inputs" must be an object, {"input_ids": ...}')
    outputs = self._run_ids(columns, signature)
    if len(outputs) == 1:
      (values,) = outputs.values()
      return to_response({"outputs": values.tolist()})
    return to_response({"outputs": {name: values.tolist()
                                    for name, values in outputs.items()}})

  def _run_ids(self, columns, signature):
    ids = IdRequest({name: id_inputs.column_of_lists(name, values)
                     for name, values in columns.items()}, signature)
    with self._as_http():
      return run_ids(self._version, ids, self._limits, _JSON_BYTES)


class IdRequest(typing.NamedTuple):
  """Ids for a signature.

  Attributes:
    columns: name -> Column.
    signature: its name.
    outputs: names of the requested ones; empty: all.
  """
  columns: Dict[str, id_inputs.Column]
  signature: str
  outputs: Collection[str] = ()

  def has_output(self, name: str) -> bool:
    """Whether an output is requested."""
    return not self.outputs or name in self.outputs


def run_ids(version: Version, request: IdRequest, limits: Limits,
            bytes_per_value: int) -> Dict[str, np.ndarray]:
  """Returns the outputs for ids, which are batched with those of other
  requests; checks them first.

  Args:
    version: of the model.
    request: the ids.
    limits: of the request.
    bytes_per_value: of a number in the response.

  Raises:
    TooLarge, UserError: they are too many, or do not fit the model.
    Full: the queue has no capacity for them.
    futures.TimeoutError: they were not run in time.
  """
  deadline = Deadline(limits.timeout)
  predictor = version.predictor
  predictor.check_names(request.columns, request.signature)
  num_rows, *shape = id_inputs.check_shapes(
      request.columns, predictor.task, predictor.loaded.num_sequences)
  limits.check_count(num_rows)
  counts = predictor.num_values(request.signature, num_rows, shape[-1])
  _check_outputs(request.outputs, counts)
  limits.check_response(bytes_per_value * sum(
      count for name, count in counts.items() if request.has_output(name)))
  version.texts.check_capacity(num_rows)
  rows = _results(version.submit_ids(
      id_inputs.read(request.columns, predictor.task), request.signature),
                  deadline)
  return {name: np.stack([row[name] for row in rows])
          for name in rows[0] if request.has_output(name)}


def _check_outputs(names, outputs):
  for name in names:
    if name not in outputs:
      raise UserError("there is no output %r; outputs: %s" % (
          shortened(name), " ".join(sorted(outputs))))


def _results(pending: Sequence[Pending], deadline: Deadline) -> List:
  """Returns what is pending, which is given up if it fails or takes too long.
  """
  try:
    return [each.result(deadline) for each in pending]
  except BaseException:
    for each in pending:
      each.cancel()
    raise
