"""The WSGI application of a server, which routes requests by path."""

import http
import re
import time
import urllib.parse
from typing import Callable, List, Optional, Tuple

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.common.errors import quoted
from bert.server.http import page
from bert.server.access_log import AccessLog
from bert.server.http.messages import HttpError
from bert.server.http.messages import Response
from bert.server.http.messages import check_method
from bert.server.http.messages import read_json
from bert.server.http.messages import to_response
from bert.server.model_requests import Limits
from bert.server.model_requests import ModelRequests
from bert.server.model_requests import TooLarge
from bert.server.models import Models
from bert.server.models import ServedModel
from bert.server.server_metrics import ServerMetrics
from bert.server.versions import Version
from bert.serving.predictor import ModelError

_MODEL_PATH = re.compile(
    r"/v1/models/(?P<model>[^/:]+)(/versions/(?P<version>[0-9]+))?"
    r"(?P<rest>/metadata|:predict|:encode|)")


class Application:
  """Finds a request's model and the function that responds.

  Attributes:
    is_closing: whether new requests are refused.
    metrics: of the requests.
  """

  def __init__(self, models: Models, metrics: ServerMetrics,
               limits: Limits = Limits(), log: Optional[AccessLog] = None):
    self._models = models
    self._limits = limits
    self._log = log
    self.metrics = metrics
    self.is_closing = False
    self._page = page.Page(models)

  def close(self) -> None:
    """Refuses new requests."""
    self.is_closing = True

  def __call__(self, environ, start_response: Callable) -> List[bytes]:
    began = time.monotonic()
    self.metrics.open()
    model = version = ""
    try:
      served, answer = self._route(environ)
      if served is None:
        response = answer()
      else:
        model = served.name
        with served.using() as loaded:
          version = loaded.number
          response = answer(loaded)
    except HttpError as error:
      response = to_response({"error": str(error)}, error.code,
                             error.headers)
    except ModelError as error:
      response = _to_fault(environ, error, str(error))
    except UserError as error:
      response = to_response({"error": str(error)},
                             413 if isinstance(error, TooLarge) else 400)
    except Exception as error:  # pylint: disable=broad-except
      # The message may have paths, which are no business of the client's.
      response = _to_fault(environ, error, "internal error")
    finally:
      self.metrics.close()
    seconds = time.monotonic() - began
    self.metrics.add(model, "http", str(response.code), seconds)
    if self._log:
      self._log.write(
          protocol="http", client=environ.get("REMOTE_ADDR", ""),
          method=environ["REQUEST_METHOD"], path=_path_of(environ),
          model=model, version=version, code=response.code,
          seconds=round(seconds, 6), bytes_in=_to_int(
              environ.get("CONTENT_LENGTH")), bytes_out=len(response.body))
    headers = [("Content-Type", response.content_type),
               ("Content-Length", str(len(response.body))),
               ("X-Content-Type-Options", "nosniff")]
    phrase = http.HTTPStatus(response.code).phrase
    start_response("%d %s" % (response.code, phrase),
                   headers + sorted(response.headers.items()))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]

  def record_refused(self, client: str, code: int) -> None:
    """Counts and logs a request that could not be read.

    Args:
      client: its address.
      code: of the response.
    """
    self.metrics.add("", "http", str(code), 0.0)
    if self._log:
      self._log.write(protocol="http", client=client, method="", path="",
                      model="", version="", code=code, seconds=0.0, bytes_in=0,
                      bytes_out=0)

  def _route(self, environ) -> Tuple[Optional[ServedModel], Callable]:
    """Returns the model of a request, None for pages, and a function: version
    of the model -> response."""
    method, path = environ["REQUEST_METHOD"], _path_of(environ)
    pages = {"/": lambda: self._show_page(environ), "/healthz": self._health,
             "/readyz": self._readiness, "/metrics": self._exposition,
             "/v1/models": self._list}
    if path in pages:
      check_method(method, "GET", "HEAD")
      return None, pages[path]
    # Below, since a closing server must still report health and metrics.
    if self.is_closing:
      raise HttpError(503, "the server is closing", **{"Retry-After": "5"})
    # These paths name no model: the body does, so that it is read before a
    # version is acquired.
    if path in ("/encode", "/v1/embeddings") and self._models.encoders:
      check_method(method, "POST")
      body = read_json(environ, self._limits.max_bytes)
      if path == "/encode":
        served = self._models.encoders[0]
        return served, lambda version: self._requests(
            served, version).encode_as_bert_serving(body)
      served = self._encoder_of(body.get("model"))
      return served, lambda version: self._requests(
          served, version).embed(body)
    match = _MODEL_PATH.fullmatch(path)
    if not match:
      raise HttpError(404, "no such path: %s" % path)
    served = self._models.get(match.group("model"))
    if served is None:
      raise HttpError(404, "no such model or version; models: %s" % ", ".join(
          self._models.names))
    return served, lambda version: self._answer(
        environ, match, served, version)

  def _answer(self, environ, match, served: ServedModel, version: Version):
    """Returns the response of a model to a request for its path."""
    number, rest = match.group("version"), match.group("rest")
    # Leading zeros do not count, as in TensorFlow Serving.
    if number and number.lstrip("0") != version.number.lstrip("0"):
      raise HttpError(404, "no such model or version; it is %s, version %s" % (
          served.name, version.number))
    requests = self._requests(served, version)
    if rest.startswith(":"):
      check_method(environ["REQUEST_METHOD"], "POST")
      body = read_json(environ, self._limits.max_bytes)
      if rest == ":predict":
        return requests.predict(body)
      return requests.encode(body, environ.get("HTTP_ACCEPT", ""))
    check_method(environ["REQUEST_METHOD"], "GET", "HEAD")
    return requests.metadata() if rest else _state(served, version)

  def _requests(self, served, version):
    return ModelRequests(served.name, version, self._limits)

  def _encoder_of(self, name):
    """Returns the encoder that a request for embeddings names; if there is only
    one, any name will do, as clients send OpenAI's."""
    encoders = self._models.encoders
    for each in encoders:
      if each.name == name or len(encoders) == 1:
        return each
    raise HttpError(404, "no encoder is called %s; encoders: %s" % (
        quoted(name), ", ".join(each.name for each in encoders)))

  def _list(self):
    return to_response({"object": "list", "data": [
        {"id": name, "object": "model", "owned_by": ""}
        for name in self._models.names]})

  def _health(self):
    first = next(iter(self._models))
    return to_response({
        "status": "ok", "model": first.name, "version": first.current.number,
        "models": {each.name: each.current.number for each in self._models}})

  def _readiness(self):
    # Below, since a closing server must still report health and metrics.
    if self.is_closing:
      raise HttpError(503, "closing")
    if self._models.unsound:
      raise HttpError(503, "no version of %s has passed its warm-up" % ", ".join(
          self._models.unsound))
    if not self._models.is_ready:
      raise HttpError(503, "warming up")
    return to_response({"status": "ready"})

  def _exposition(self):
    return Response(200, self.metrics.exposition(),
                    "text/plain; version=0.0.4; charset=utf-8")

  def _show_page(self, environ):
    query = urllib.parse.parse_qs(environ.get("QUERY_STRING", ""))
    name = query.get("model", self._models.names)[0]
    served = self._models.get(name)
    if served is None:
      raise HttpError(404, "no such model; models: %s" % ", ".join(
          self._models.names))
    return self._page.show(served)


def _to_fault(environ, error, message):
  """Logs a fault of the server; returns the response to it."""
  tf.logging.error("%r: %s", _path_of(environ), repr(error).split("\n")[0],
                   exc_info=not isinstance(error, UserError))
  return to_response({"error": message}, 500)


def _state(served, version):
  """Returns the response for a model's state."""
  states = [(version.number, "AVAILABLE")]
  loading = served.loading
  if loading:
    states.insert(0, (loading, "LOADING"))
  return to_response({"model_version_status": [{
      "version": number, "state": state,
      "status": {"error_code": "OK", "error_message": ""}}
                                               for number, state in states]})


def _path_of(environ):
  """Returns a request's path as text: WSGI has its bytes as Latin-1."""
  path = environ.get("PATH_INFO", "/")
  return path.encode("latin-1", "replace").decode("utf-8", "replace")


def _to_int(text):
  return int(text) if text and text.isdigit() else 0
