"""Requests for a version of a model over HTTP, in the formats of TensorFlow
Serving and of clients for vectors.

Source: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import time
import typing
from concurrent import futures
from typing import Dict, List

import numpy as np
from google.protobuf import json_format

from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.heads.base import DEFAULT_SIGNATURE
from bert.serving import encoder
from bert.serving import formats
from bert.server import batcher
from bert.server import embeddings
from bert.server import id_inputs
from bert.server.http_messages import HttpError
from bert.server.http_messages import Response
from bert.server.http_messages import to_response
from bert.server.models import Version


class Limits(typing.NamedTuple):
  """The limits of a request's size and time.

  Attributes:
    max_bytes: of the body.
    max_texts: in a request.
    max_chars: of a text.
    timeout: seconds until a request is aborted.
  """
  max_bytes: int = 1 << 20
  max_texts: int = 256
  max_chars: int = 20000
  timeout: float = 30.0

  def check_count(self, count: int) -> None:
    """Raises TooLarge for more texts than a request may have."""
    if count > self.max_texts:
      raise TooLarge("%d texts; at most %d are read at once" % (
          count, self.max_texts))


class TooLarge(UserError):
  """A request beyond a limit."""


class ModelRequests:
  """The requests for a version of a model."""

  def __init__(self, name: str, version: Version, limits: Limits):
    self._name = name
    self._version = version
    self._predictor = version.predictor
    self._limits = limits

  def predict(self, body: Dict) -> Response:
    """Answers :predict."""
    signature = body.get("signature_name") or DEFAULT_SIGNATURE
    if not isinstance(signature, str):
      raise UserError('"signature_name" must be text')
    if ("instances" in body) == ("inputs" in body):
      raise UserError('the body must have either "instances" or "inputs"')
    if "inputs" in body:
      return self._predict_columns(body["inputs"], signature)
    rows = self._instances(body)
    if isinstance(rows[0], dict) and "input_ids" in rows[0]:
      return self._predict_rows(rows, signature)
    head = self._predictor.head
    return to_response({"predictions": [
        head.to_json(each) for each in self._run_texts(self._texts(rows))]})

  def encode(self, body: Dict, accept: str) -> Response:
    """Answers :encode; accept is the request's header of that name."""
    if not self._version.is_encoder:
      raise HttpError(404, "the model is no encoder; ask :predict")
    vectors = self._vectors(self._texts(self._instances(body)))
    if embeddings.NPY in accept:
      return Response(200, embeddings.to_npy(vectors), embeddings.NPY)
    return to_response({"vectors": vectors.tolist()})

  def encode_as_bert_serving(self, body: Dict) -> Response:
    """Answers /encode of bert-as-service."""
    return to_response(embeddings.to_serving(body, self._vectors(
        embeddings.texts_of_serving(body))))

  def embed(self, body: Dict) -> Response:
    """Answers /v1/embeddings."""
    texts = embeddings.texts_of_embeddings(body, self._predictor.width)
    vectors = self._vectors(texts)
    return to_response(embeddings.to_embeddings(
        body, vectors, self._name,
        sum(map(self._predictor.num_tokens, texts))))

  def metadata(self) -> Response:
    """Answers /metadata."""
    signatures = {
        name: json_format.MessageToDict(signature)
        for name, signature in self._predictor.loaded.engine.signatures.items()}
    return to_response({
        "model_spec": {"name": self._name, "signature_name": "",
                       "version": self._version.number},
        "metadata": {"signature_def": {"signature_def": signatures}}})

  def _vectors(self, texts):
    self._limits.check_count(len(texts))
    return encoder.stack([each.vector for each in self._run_texts(texts)])

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

  def _run_texts(self, inputs: List[TextInput]):
    """Returns the outputs for texts, which are batched with those of other
    requests."""
    for each in inputs:
      if formats.num_chars(each) > self._limits.max_chars:
        raise TooLarge("a text of over %d characters" % self._limits.max_chars)
    try:
      pending = self._version.texts.submit(inputs)
    except batcher.Full:
      raise HttpError(429, "too many requests wait", **{"Retry-After": "1"})
    until = time.monotonic() + self._limits.timeout
    try:
      return [each.result(max(0.0, until - time.monotonic()))
              for each in pending]
    except futures.TimeoutError:
      for each in pending:
        each.cancel()
      raise HttpError(504, "no answer within %g seconds" %
                       self._limits.timeout)
    except futures.CancelledError:
      raise HttpError(503, "the server is closing", **{"Retry-After": "5"})

  def _predict_rows(self, rows, signature):
    names = set(rows[0])
    for row in rows:
      if not isinstance(row, dict) or set(row) != names:
        raise UserError("all instances must have the same names")
    outputs = self._run({name: [row[name] for row in rows] for name in names},
                        signature)
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
    outputs = self._run(columns, signature)
    if len(outputs) == 1:
      (values,) = outputs.values()
      return to_response({"outputs": values.tolist()})
    return to_response({"outputs": {name: values.tolist()
                                    for name, values in outputs.items()}})

  def _run(self, columns, signature):
    return run_ids(self._version, id_inputs.to_arrays(columns), signature,
                   self._limits)


def run_ids(version: Version, arrays: Dict[str, np.ndarray], signature: str,
            limits: Limits) -> Dict[str, np.ndarray]:
  """Runs a signature on ids, int32 [rows, ...] each; checks them first.

  Raises:
    TooLarge, UserError: they are too many, or do not fit the model.
  """
  limits.check_count(len(next(iter(arrays.values()))))
  predictor = version.predictor
  id_inputs.check(arrays, predictor.task, predictor.loaded.num_sequences)
  return predictor.run(arrays, signature)
