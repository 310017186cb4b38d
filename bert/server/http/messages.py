"""HTTP messages: reading JSON bodies within limits, and responses."""

import gzip
import io
import json
import typing
import zlib
from typing import Any, Dict

from bert.common import json_text

_JSON = "application/json; charset=utf-8"


class Response(typing.NamedTuple):
  """A response; headers beside those of type and length."""
  code: int
  body: bytes
  content_type: str = _JSON
  headers: Dict[str, str] = {}


class HttpError(Exception):
  """Ends a request with a code and a message."""

  def __init__(self, code, message, **headers):
    super().__init__(message)
    self.code = code
    self.headers = headers


def read_json(environ, max_bytes: int) -> Dict[str, Any]:
  """Returns the JSON object of a WSGI request; raises HttpError.

  Args:
    environ: of the request.
    max_bytes: of the body, also after decompression.
  """
  text = environ.get("CONTENT_LENGTH") or ""
  if not text.isdigit():
    raise HttpError(411, "a Content-Length is needed")
  length = int(text)
  if length > max_bytes:
    raise HttpError(413, "a body of %d bytes; at most %d are read" % (
        length, max_bytes))
  body = _unpack(environ["wsgi.input"].read(length),
                 environ.get("HTTP_CONTENT_ENCODING", ""),
                 max_bytes)
  try:
    value = json_text.of_client(body.decode("utf-8-sig"))
  except ValueError as error:
    raise HttpError(400, "the body is not JSON: %s" % error)
  if not isinstance(value, dict):
    raise HttpError(400, 'the body must be an object, {"instances": [...]}')
  return value


def _unpack(body, encoding, max_bytes):
  """Returns the decompressed bytes of a body with a Content-Encoding."""
  encodings = [each.strip() for each in encoding.lower().split(",")]
  encodings = [each for each in encodings if each not in ("", "identity")]
  if not encodings:
    return body
  if encodings not in (["gzip"], ["x-gzip"]):
    raise HttpError(415, "Content-Encoding %.60s is not read; gzip is" %
                    ", ".join(encodings), **{"Accept-Encoding": "gzip"})
  try:
    # Of all its members: some clients write several.
    text = gzip.GzipFile(fileobj=io.BytesIO(body)).read(max_bytes + 1)
  except (OSError, zlib.error) as error:
    raise HttpError(400, "the body is not gzip: %s" % error)
  except EOFError:
    raise HttpError(400, "the body is not gzip: its end is missing")
  if len(text) > max_bytes:
    raise HttpError(413, "a body of over %d bytes when unpacked" % max_bytes)
  if not body:
    raise HttpError(400, "the body is not gzip: its end is missing")
  return text


def check_method(method: str, *allowed: str) -> None:
  """Raises HttpError for a method that is not one of those allowed."""
  if method not in allowed:
    raise HttpError(405, "%s is not for this path; it takes %s" % (
        method, allowed[0]), Allow=", ".join(allowed))


def to_response(value: Dict[str, Any], code: int = 200, headers=None) -> Response:
  """Returns an object as JSON."""
  text = "{%s}" % ", ".join("%s: %s" % (json.dumps(key), _dump(each))
                            for key, each in value.items())
  return Response(code, text.encode("utf-8", "replace"), _JSON, headers or {})


def _dump(value):
  # Row by row, as json.dumps lets no other thread run until it is done.
  if isinstance(value, list):
    return "[%s]" % ", ".join(json.dumps(each, ensure_ascii=False)
                              for each in value)
  return json.dumps(value, ensure_ascii=False)
