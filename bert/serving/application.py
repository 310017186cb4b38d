"""A predictor over HTTP: TensorFlow Serving's REST paths, and plain text.

Source: https://www.tensorflow.org/tfx/serving/api_rest.
"""

import http
import json
import os
import re
import time
import typing
import zlib
from concurrent import futures
from typing import Callable, Dict, List

from google.protobuf import json_format

from bert.common.errors import UserError
from bert.heads.base import DEFAULT_SIGNATURE
from bert.serving import batcher
from bert.serving import formats
from bert.serving import id_inputs
from bert.serving.predictor import Predictor
from bert.serving.request_metrics import RequestMetrics

_MODEL_PATH = re.compile(
    r"/v1/models/(?P<model>[^/:]+)(/versions/(?P<version>\d+))?"
    r"(?P<rest>/metadata|:predict|)$")
_JSON = "application/json; charset=utf-8"


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


class Response(typing.NamedTuple):
  """A response; headers beside those of type and length."""
  code: int
  body: bytes
  content_type: str = _JSON
  headers: Dict[str, str] = {}


class _HttpError(Exception):
  """Ends a request with a code and a message."""

  def __init__(self, code, message, **headers):
    super().__init__(message)
    self.code = code
    self.headers = headers


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
    except _HttpError as error:
      response = _to_response({"error": str(error)}, error.code,
                              error.headers)
    except UserError as error:
      response = _to_response({"error": str(error)}, 400)
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
      _check_method(method, "GET", "HEAD")
      return pages[path]()
    match = _MODEL_PATH.match(path)
    if not match:
      raise _HttpError(404, "no such path: %s" % path)
    if match.group("model") != self._name or (
        match.group("version") not in (None, self._version)):
      raise _HttpError(404, "no such model or version; it is %s, version %s" % (
          self._name, self._version))
    if match.group("rest") == ":predict":
      _check_method(method, "POST")
      return self._predict(self._read_body(environ))
    _check_method(method, "GET", "HEAD")
    if match.group("rest"):
      return self._metadata()
    return _to_response({"model_version_status": [{
        "version": self._version, "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""}}]})

  def _read_body(self, environ):
    """Returns the JSON object of a request."""
    text = environ.get("CONTENT_LENGTH") or ""
    if not text.isdigit():
      raise _HttpError(411, "a Content-Length is needed")
    length = int(text)
    if length > self._limits.max_bytes:
      raise _HttpError(413, "a body of %d bytes; at most %d are read" % (
          length, self._limits.max_bytes))
    body = _unpack(environ["wsgi.input"].read(length),
                   environ.get("HTTP_CONTENT_ENCODING", ""),
                   self._limits.max_bytes)
    try:
      value = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
      raise _HttpError(400, "the body is not JSON: %s" % error)
    if not isinstance(value, dict):
      raise _HttpError(400, 'the body must be an object, {"instances": [...]}')
    return value

  def _predict(self, body):
    signature = body.get("signature_name") or DEFAULT_SIGNATURE
    if not isinstance(signature, str):
      raise _HttpError(400, '"signature_name" must be text')
    if ("instances" in body) == ("inputs" in body):
      raise _HttpError(400, 'the body must have either "instances" or "inputs"')
    if "inputs" in body:
      return self._predict_columns(body["inputs"], signature)
    rows = body["instances"]
    if not isinstance(rows, list) or not rows:
      raise _HttpError(400, '"instances" must be a list that is not empty')
    self._check_count(len(rows))
    if isinstance(rows[0], dict) and "input_ids" in rows[0]:
      return self._predict_rows(rows, signature)
    return self._predict_texts(rows)

  def _predict_texts(self, rows):
    names = self._predictor.head.input_names
    inputs = [row if isinstance(row, str) else formats.of_object(row, names)
              for row in rows]
    for each in inputs:
      if formats.num_chars(each) > self._limits.max_chars:
        raise _HttpError(413, "a text of over %d characters" %
                       self._limits.max_chars)
    if self.is_closing:
      raise _HttpError(503, "the server is closing", **{"Retry-After": "5"})
    try:
      pending = self._batcher.submit(inputs)
    except batcher.Full:
      raise _HttpError(429, "too many requests wait", **{"Retry-After": "1"})
    until = time.monotonic() + self._limits.timeout
    try:
      outputs = [each.result(max(0.0, until - time.monotonic()))
                 for each in pending]
    except futures.TimeoutError:
      for each in pending:
        each.cancel()
      raise _HttpError(504, "no answer within %g seconds" %
                       self._limits.timeout)
    head = self._predictor.head
    return _to_response({"predictions": [
        head.to_json(each) for each in outputs]})

  def _predict_rows(self, rows, signature):
    names = set(rows[0])
    for row in rows:
      if not isinstance(row, dict) or set(row) != names:
        raise _HttpError(400, "all instances must have the same names")
    outputs = self._run({name: [row[name] for row in rows] for name in names},
                        signature)
    if len(outputs) == 1:
      (values,) = outputs.values()
      return _to_response({"predictions": values.tolist()})
    columns = {name: values.tolist() for name, values in outputs.items()}
    return _to_response({"predictions": [
        {name: values[index] for name, values in columns.items()}
        for index in range(len(rows))]})

  def _predict_columns(self, columns, signature):
    if not isinstance(columns, dict) or not columns:
      raise _HttpError(400, '"inputs" must be an object, {"input_ids": ...}')
    outputs = self._run(columns, signature)
    if len(outputs) == 1:
      (values,) = outputs.values()
      return _to_response({"outputs": values.tolist()})
    return _to_response({"outputs": {name: values.tolist()
                                     for name, values in outputs.items()}})

  def _run(self, columns, signature):
    arrays = id_inputs.to_arrays(columns)
    self._check_count(len(next(iter(arrays.values()))))
    id_inputs.check(arrays, self._predictor.task,
                    self._predictor.loaded.num_sequences)
    return self._predictor.run(arrays, signature)

  def _check_count(self, count):
    if count > self._limits.max_texts:
      raise _HttpError(413, "%d texts; at most %d are read at once" % (
          count, self._limits.max_texts))

  def _metadata(self):
    signatures = {
        name: json_format.MessageToDict(signature)
        for name, signature in self._predictor.loaded.engine.signatures.items()}
    return _to_response({
        "model_spec": {"name": self._name, "signature_name": "",
                       "version": self._version},
        "metadata": {"signature_def": {"signature_def": signatures}}})

  def _health(self):
    if self.is_closing:
      raise _HttpError(503, "closing")
    return _to_response({"status": "ok", "model": self._name,
                         "version": self._version})

  def _exposition(self):
    return Response(200, self._metrics.exposition(),
                    "text/plain; version=0.0.4; charset=utf-8")

  def _show_page(self):
    task = self._predictor.task
    about = {"model": self._name, "task": task["task"],
             "takes_pairs": self._predictor.head.takes_pairs,
             "inputs": self._predictor.head.input_names}
    # As in HTML, where no tag may begin within it.
    text = json.dumps(about).replace("<", "\\u003c")
    return Response(200, self._page.replace("{{about}}", text).encode(),
                    "text/html; charset=utf-8", {
                        "Content-Security-Policy": "default-src 'self'; "
                        "style-src 'unsafe-inline'; script-src "
                        "'unsafe-inline'"})


def _unpack(body, encoding, max_bytes):
  """Returns the bytes of a body that came in a Content-Encoding."""
  encoding = encoding.strip().lower()
  if encoding in ("", "identity"):
    return body
  if encoding not in ("gzip", "x-gzip"):
    raise _HttpError(415, "Content-Encoding %s is not read; gzip is" % encoding,
                     **{"Accept-Encoding": "gzip"})
  unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
  try:
    text = unpacker.decompress(body, max_bytes + 1)
  except zlib.error as error:
    raise _HttpError(400, "the body is not gzip: %s" % error)
  if len(text) > max_bytes:
    raise _HttpError(413, "a body of over %d bytes when unpacked" % max_bytes)
  if not unpacker.eof:
    raise _HttpError(400, "the body is not gzip: its end is missing")
  return text


def _check_method(method, *allowed):
  if method not in allowed:
    raise _HttpError(405, "%s is not for this path; it takes %s" % (
        method, allowed[0]), Allow=", ".join(allowed))


def _to_response(value, code=200, headers=None):
  body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
  return Response(code, body, _JSON, headers or {})
