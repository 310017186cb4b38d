"""A predictor over HTTP: TensorFlow Serving's REST paths, and plain text.

Source: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import http
import json
import os
import re
import time
import typing
from concurrent import futures
from typing import Callable, Dict, List

from google.protobuf import json_format

from bert.common.errors import UserError
from bert.heads.base import DEFAULT_SIGNATURE
from bert.serving import batcher
from bert.serving import embeddings
from bert.serving import encoder
from bert.serving import formats
from bert.serving import id_inputs
from bert.serving.http_messages import HttpError
from bert.serving.http_messages import Response
from bert.serving.http_messages import check_method
from bert.serving.http_messages import read_json
from bert.serving.http_messages import to_response
from bert.serving.predictor import Predictor
from bert.serving.request_metrics import RequestMetrics

_MODEL_PATH = re.compile(
    r"/v1/models/(?P<model>[^/:]+)(/versions/(?P<version>\d+))?"
    r"(?P<rest>/metadata|:predict|:encode|)$")


class Limits(typing.NamedTuple):
  """What a request may be, and how long it may take.

  Attributes:
    max_bytes: of the body.
    max_texts: in a request.
    max_chars: of a text.
    timeout: seconds until a request is given up.
  """
  max_bytes: int = 1 << 20
  max_texts: int = 256
  max_chars: int = 20000
  timeout: float = 30.0


class Application:
  """The WSGI application."""

  def __init__(self, predictor: Predictor, name: str, texts: batcher.Batcher,
               limits: Limits = Limits()):
    """Takes what runs the texts.

    Args:
      predictor: for ids, which come in batches already.
      name: of the model, in the paths.
      texts: runs the texts of several requests together.
      limits: of requests.
    """
    self._predictor = predictor
    self._name = name
    self._batcher = texts
    self._limits = limits
    self._version = os.path.basename(predictor.folder.rstrip("/"))
    self._metrics = RequestMetrics(lambda: len(texts))
    self._is_encoder = encoder.is_encoder(predictor)
    self.is_closing = False
    with open(os.path.join(os.path.dirname(__file__), "page.html"),
              encoding="utf-8") as reader:
      self._page = reader.read()

  @property
  def num_open(self) -> int:
    """Requests that are being answered."""
    return self._metrics.num_open

  def __call__(self, environ, start_response: Callable) -> List[bytes]:
    began = time.monotonic()
    self._metrics.open()
    try:
      response = self._respond(environ)
    except HttpError as error:
      response = to_response({"error": str(error)}, error.code,
                              error.headers)
    except UserError as error:
      response = to_response({"error": str(error)}, 400)
    finally:
      self._metrics.close()
    self._metrics.add(response.code, time.monotonic() - began)
    headers = [("Content-Type", response.content_type),
               ("Content-Length", str(len(response.body))),
               ("X-Content-Type-Options", "nosniff")]
    phrase = http.HTTPStatus(response.code).phrase
    start_response("%d %s" % (response.code, phrase),
                   headers + sorted(response.headers.items()))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

  def _respond(self, environ):
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/")
    pages = {"/": self._show_page, "/healthz": self._health,
             "/metrics": self._exposition}
    if path in pages:
      check_method(method, "GET", "HEAD")
      return pages[path]()
    forms = {"/encode": self._serve_bert_client,
             "/v1/embeddings": self._embed} if self._is_encoder else {}
    if path in forms:
      check_method(method, "POST")
      return forms[path](read_json(environ, self._limits.max_bytes))
    match = _MODEL_PATH.match(path)
    if not match:
      raise HttpError(404, "no such path: %s" % path)
    if match.group("model") != self._name or (
        match.group("version") not in (None, self._version)):
      raise HttpError(404, "no such model or version; it is %s, version %s" % (
          self._name, self._version))
    if match.group("rest") == ":predict":
      check_method(method, "POST")
      return self._predict(read_json(environ, self._limits.max_bytes))
    if match.group("rest") == ":encode" and self._is_encoder:
      check_method(method, "POST")
      return self._encode(read_json(environ, self._limits.max_bytes),
                          environ.get("HTTP_ACCEPT", ""))
    if match.group("rest") == ":encode":
      raise HttpError(404, "the model is no encoder; ask :predict")
    check_method(method, "GET", "HEAD")
    if match.group("rest"):
      return self._metadata()
    return to_response({"model_version_status": [{
        "version": self._version, "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""}}]})

  def _predict(self, body):
    signature = body.get("signature_name") or DEFAULT_SIGNATURE
    if not isinstance(signature, str):
      raise HttpError(400, '"signature_name" must be text')
    if ("instances" in body) == ("inputs" in body):
      raise HttpError(400, 'the body must have either "instances" or "inputs"')
    if "inputs" in body:
      return self._predict_columns(body["inputs"], signature)
    rows = self._instances(body)
    if isinstance(rows[0], dict) and "input_ids" in rows[0]:
      return self._predict_rows(rows, signature)
    head = self._predictor.head
    return to_response({"predictions": [
        head.to_json(each) for each in self._run_texts(self._texts(rows))]})

  def _encode(self, body, accept):
    vectors = self._vectors(self._texts(self._instances(body)))
    if embeddings.NPY in accept:
      return Response(200, embeddings.to_npy(vectors), embeddings.NPY)
    return to_response({"vectors": vectors.tolist()})

  def _serve_bert_client(self, body):
    return to_response(embeddings.to_serving(body, self._vectors(
        embeddings.texts_of_serving(body))))

  def _embed(self, body):
    texts = embeddings.texts_of_embeddings(body, self._predictor.width)
    vectors = self._vectors(texts)
    return to_response(embeddings.to_embeddings(
        body, vectors, self._name,
        sum(map(self._predictor.num_tokens, texts))))

  def _vectors(self, texts):
    self._check_count(len(texts))
    return encoder.stack([each.vector for each in self._run_texts(texts)])

  def _instances(self, body):
    """Returns the instances of a body."""
    rows = body.get("instances")
    if not isinstance(rows, list) or not rows:
      raise HttpError(400, '"instances" must be a list that is not empty')
    self._check_count(len(rows))
    return rows

  def _texts(self, rows):
    names = self._predictor.head.input_names
    return [row if isinstance(row, str) else formats.of_object(row, names)
            for row in rows]

  def _run_texts(self, inputs):
    """Returns the outputs for texts, which are run with those of others."""
    for each in inputs:
      if formats.num_chars(each) > self._limits.max_chars:
        raise HttpError(413, "a text of over %d characters" %
                       self._limits.max_chars)
    if self.is_closing:
      raise HttpError(503, "the server is closing", **{"Retry-After": "5"})
    try:
      pending = self._batcher.submit(inputs)
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

  def _predict_rows(self, rows, signature):
    names = set(rows[0])
    for row in rows:
      if not isinstance(row, dict) or set(row) != names:
        raise HttpError(400, "all instances must have the same names")
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
      raise HttpError(400, '"inputs" must be an object, {"input_ids": ...}')
    outputs = self._run(columns, signature)
    if len(outputs) == 1:
      (values,) = outputs.values()
      return to_response({"outputs": values.tolist()})
    return to_response({"outputs": {name: values.tolist()
                                     for name, values in outputs.items()}})

  def _run(self, columns, signature):
    arrays = id_inputs.to_arrays(columns)
    self._check_count(len(next(iter(arrays.values()))))
    id_inputs.check(arrays, self._predictor.task,
                    self._predictor.loaded.num_sequences)
    return self._predictor.run(arrays, signature)

  def _check_count(self, count):
    if count > self._limits.max_texts:
      raise HttpError(413, "%d texts; at most %d are read at once" % (
          count, self._limits.max_texts))

  def _metadata(self):
    signatures = {
        name: json_format.MessageToDict(signature)
        for name, signature in self._predictor.loaded.engine.signatures.items()}
    return to_response({
        "model_spec": {"name": self._name, "signature_name": "",
                       "version": self._version},
        "metadata": {"signature_def": {"signature_def": signatures}}})

  def _health(self):
    if self.is_closing:
      raise HttpError(503, "closing")
    return to_response({"status": "ok", "model": self._name,
                         "version": self._version})

  def _exposition(self):
    return Response(200, self._metrics.exposition(),
                    "text/plain; version=0.0.4; charset=utf-8")

  def _show_page(self):
    task = self._predictor.task
    about = {"model": self._name, "task": task["task"],
             "takes_pairs": self._predictor.head.takes_pairs,
             "inputs": self._predictor.head.input_names,
             "takes_lines": self._predictor.head.takes_lines}
    # As in HTML, where no tag may begin within it.
    text = json.dumps(about).replace("<", "\\u003c")
    return Response(200, self._page.replace("{{about}}", text).encode(),
                    "text/html; charset=utf-8", {
                        "Content-Security-Policy": "default-src 'self'; "
                        "style-src 'unsafe-inline'; script-src "
                        "'unsafe-inline'"})
