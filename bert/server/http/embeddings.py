"""Vectors of texts over HTTP: in JSON, in .npy, and in the formats of other
servers' clients.

Source: https://github.com/jina-ai/clip-as-service/tree/bert-as-service;
  https://platform.openai.com/docs/api-reference/embeddings.
"""

import base64
import io
from typing import Any, Dict, List, Sequence

import numpy as np

from bert.common.errors import UserError
from bert.common.errors import shortened
from bert.data.examples import TextInput
from bert.serving import formats

NPY = "application/octet-stream"
# Of a number.
NPY_BYTES, BASE64_BYTES = 4, 6
_OK = 200
_MODEL_KEYS = ("input", "model", "encoding_format", "dimensions", "user")


def to_npy(vectors: np.ndarray) -> bytes:
  """Returns float32 [texts, width] as a .npy file."""
  content = io.BytesIO()
  np.save(content, vectors.astype("<f4"))
  return content.getvalue()


def texts_of_serving(body: Dict[str, Any]) -> List[TextInput]:
  """Returns the texts of bert-as-service's {"id": ..., "texts": [...],
  "is_tokenized": false}, of which `a ||| b` is a pair.

  Raises:
    UserError: it is not that.
  """
  texts, is_tokenized = body.get("texts"), body.get("is_tokenized", False)
  if not isinstance(is_tokenized, bool):
    raise UserError('"is_tokenized" must be true or false')
  if not isinstance(texts, list) or not texts:
    raise UserError('"texts" must be a list that is not empty')
  if not is_tokenized:
    return list(map(formats.of_bert_serving, _check_all(texts, "texts")))
  for each in texts:
    if not isinstance(each, list) or not each:
      raise UserError('"texts" must be lists of tokens, as "is_tokenized" says')
    _check_all(each, "texts")
  return list(map(formats.of_bert_serving, texts))


def to_serving(body: Dict[str, Any], vectors: np.ndarray) -> Dict[str, Any]:
  """Returns bert-as-service's response to such a body."""
  return {"id": body.get("id"), "results": vectors.tolist(), "status": _OK}


def texts_of_embeddings(body: Dict[str, Any], width: int) -> List[TextInput]:
  """Returns the texts of {"model": ..., "input": text or list of them}.

  Args:
    body: of a request for embeddings.
    width: of the vectors.

  Raises:
    UserError: it has another format, or requests vectors that the model does
      not have.
  """
  for key in body:
    if key not in _MODEL_KEYS:
      raise UserError("%r is not known; known: %s" % (
          shortened(key), " ".join(_MODEL_KEYS)))
  if body.get("encoding_format", "float") not in ("float", "base64"):
    raise UserError('"encoding_format" must be float or base64')
  dimensions = body.get("dimensions", width)
  if isinstance(dimensions, bool) or dimensions != width:
    raise UserError('"dimensions" must be %d, as the model has them' % width)
  texts = body.get("input")
  texts = [texts] if isinstance(texts, str) else texts
  if not isinstance(texts, list) or not texts:
    raise UserError('"input" must be text, or a list of text')
  return _check_all(texts, "input")


def is_packed(body: Dict[str, Any]) -> bool:
  """Whether such a body requests vectors in base64."""
  return body.get("encoding_format") == "base64"


def to_embeddings(body: Dict[str, Any], vectors: np.ndarray, model: str,
                  num_tokens: int) -> Dict[str, Any]:
  """Returns the response to such a body.

  Args:
    body: of the request.
    vectors: float32 [texts, width].
    model: name of the model.
    num_tokens: of all texts.
  """
  has_base64 = is_packed(body)
  return {
      "object": "list", "model": model, "data": [
          {"object": "embedding", "index": index,
           "embedding": _pack(vector) if has_base64 else vector.tolist()}
          for index, vector in enumerate(vectors)],
      "usage": {"prompt_tokens": num_tokens, "total_tokens": num_tokens}}


def _pack(vector):
  return base64.b64encode(vector.astype("<f4").tobytes()).decode("ascii")


def _check_all(texts: Sequence, key: str) -> List[str]:
  for each in texts:
    if not isinstance(each, str):
      raise UserError("%r must be text" % key)
  return list(texts)
