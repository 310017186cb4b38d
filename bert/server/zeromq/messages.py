"""The messages of bert-as-service 1.10: checked requests, and responses.

A client pushes [identity, message, request's number, number of texts] to one
port, and subscribes to its identity at another one, where it gets [identity,
JSON of the array, the array, request's number].

Source: https://pypi.org/project/bert-serving-client/1.10.0/
"""

import json
import typing
from typing import List, Tuple

import numpy as np

from bert.common import json_text
from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.serving import formats

# The version that clients compare with their own.
VERSION = "1.10.0"
CONFIG, STATUS = b"SHOW_CONFIG", b"SHOW_STATUS"
# Bytes of an identity, and of one to which a refusal is still sent.
MAX_IDENTITY, MAX_TOPIC = 256, 4096
_NUM_FRAMES, _MAX_DIGITS = 4, 20
_MAX_REASON = 500


class Refusal(Exception):
  """Ends a request without vectors.

  Attributes:
    code: in the metrics: refused, full, closing or failed.
  """

  def __init__(self, code: str, reason: str):
    super().__init__(reason)
    self.code = code


class Received(typing.NamedTuple):
  """A message as it came.

  Attributes:
    frames: its first frames; of a frame beyond the limit, only the beginning.
    sizes: bytes of these frames.
    num_frames: of the message.
  """
  frames: List[bytes]
  sizes: List[int]
  num_frames: int

  @property
  def address(self) -> Tuple[bytes, bytes]:
    """Client and number of the request, for a response; b"": not known."""
    client = self.frames[0] if self.sizes[0] <= MAX_TOPIC else b""
    number = self.frames[2] if len(self.frames) > 2 else b""
    return client, number if _is_number(number) else b"0"


class Request(typing.NamedTuple):
  """A request of a client; num_texts is what the client says."""
  client: bytes
  message: bytes
  number: bytes
  num_texts: int


def to_request(received: Received, max_bytes: int) -> Request:
  """Returns a request whose frames are checked.

  Raises:
    UserError: it is not four frames of the right sizes.
  """
  if received.num_frames != _NUM_FRAMES:
    raise UserError("%d frames; %d are needed" % (
        received.num_frames, _NUM_FRAMES))
  client, message, number, length = received.frames
  size = received.sizes[1]
  if not 0 < received.sizes[0] <= MAX_IDENTITY:
    raise UserError("an identity of %d bytes" % received.sizes[0])
  if not _is_number(number) or not _is_number(length):
    raise UserError("the last frames are no numbers")
  if size > max_bytes:
    raise UserError("%d bytes; at most %d are read (--max_body_kb)" % (
        size, max_bytes))
  return Request(client, message, number, int(length))


def texts_of(message: bytes, max_chars: int) -> List[TextInput]:
  """Returns the texts of a message, text, pair or word pieces each.

  Raises:
    UserError: it has others, or a text is too long.
  """
  try:
    texts = json_text.of_client(message.decode("utf-8"))
  except ValueError as error:
    raise UserError("not JSON: %s" % error)
  if not isinstance(texts, list) or not texts:
    raise UserError("no list of texts")
  is_tokenized = isinstance(texts[0], list)
  for each in texts:
    if isinstance(each, list) != is_tokenized or not each or not all(
        isinstance(word, str) for word in (each if is_tokenized else [each])):
      raise UserError("texts must be text, or lists of tokens")
  inputs = [formats.of_bert_serving(each) for each in texts]
  for each in inputs:
    if formats.num_chars(each) > max_chars:
      raise UserError("a text of %d characters; at most %d are read "
                      "(--max_chars)" % (formats.num_chars(each), max_chars))
  return inputs


def to_response(request: Request, vectors: np.ndarray,
                tokens: str) -> List:
  """Returns the frames of a response.

  Args:
    request: of a client.
    vectors: float32 [texts, ...].
    tokens: JSON of the tokens of each text.
  """
  about = '{"dtype": "float32", "shape": %s, "tokens": %s}' % (
      json.dumps(vectors.shape), tokens)
  return [request.client, about.encode("ascii"), vectors, request.number]


def to_refusal(address: Tuple[bytes, bytes], reason: str) -> List[bytes]:
  """Returns the frames of a refusal, at which the client raises an error with
  the reason.

  The protocol has no errors. An empty array, or one of NaN, would pass for
  vectors, so the reason is where NumPy, which the client calls, shows it: it
  is the data type.
  """
  client, number = address
  # NumPy shows neither what follows a comma nor, in old versions, more than
  # ASCII.
  reason = reason.replace(",", ";").encode("ascii", "replace").decode("ascii")
  reason = "refused by the server: " + " ".join(reason.split())[:_MAX_REASON]
  return [client, json.dumps({
      "dtype": reason, "shape": [0], "error": reason}).encode("ascii"), b"",
          number]


def _is_number(frame):
  return frame.isdigit() and len(frame) <= _MAX_DIGITS
