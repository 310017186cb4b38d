"""Texts for a predictor, and its outputs, as lines of text and as JSON."""

import json
from typing import Any

from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.heads.base import Head
from bert.heads.readout import TextOutput

SEPARATOR = " ||| "
_KEYS = ("text_a", "text_b", "words")


def of_line(line: str) -> TextInput:
  """Returns the text in a line: `text`, or the pair `text_a ||| text_b`."""
  text_a, separator, text_b = line.partition(SEPARATOR)
  return (TextPair(text_a.strip(), text_b.strip()) if separator else
          line.strip())


def of_json(line: str) -> TextInput:
  """Returns the text in a line of JSON: a string, or as of_object.

  Raises:
    UserError: it is neither.
  """
  try:
    value = json.loads(line, strict=False)
  except (ValueError, RecursionError) as error:
    raise UserError("not JSON: %s" % error)
  return value if isinstance(value, str) else of_object(value)


def of_object(value: Any) -> TextInput:
  """Returns the text that {"text_a": ..., "text_b": ...} or {"words": [...]}
  is.

  Raises:
    UserError: it is neither.
  """
  if not isinstance(value, dict) or not (
      {"text_a", "words"} & set(value)):
    raise UserError('{"text_a": ...}, {"text_a": ..., "text_b": ...} or '
                    '{"words": [...]} is needed')
  for key in value:
    if key not in _KEYS:
      raise UserError("%r is not known; known: %s" % (key, " ".join(_KEYS)))
  words = value.get("words")
  if words is not None:
    if not isinstance(words, list) or not words or not all(
        isinstance(word, str) and word.strip() for word in words):
      raise UserError('"words" must be a list of text, none of it blank')
    return Words(words)
  for key, text in value.items():
    if not isinstance(text, str):
      raise UserError("%r must be text" % key)
  if "text_b" in value:
    return TextPair(value["text_a"], value["text_b"])
  return value["text_a"]


def to_json(output: TextOutput, head: Head) -> str:
  """Returns an output as a line of JSON."""
  return json.dumps(head.to_json(output), ensure_ascii=False)


def error_line(message: str, is_json: bool) -> str:
  """Returns what stands where an output would."""
  if is_json:
    return json.dumps({"error": message}, ensure_ascii=False)
  return "ERROR\t%s" % " ".join(message.split())
