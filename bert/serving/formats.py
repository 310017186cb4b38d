"""Texts for a predictor, and its outputs, as lines of text and as JSON."""

import json
from typing import Any, Sequence

from bert.common.errors import UserError
from bert.data.examples import Choices
from bert.data.examples import TextInput
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.heads.base import Head
from bert.heads.readout import TextOutput

SEPARATOR = " ||| "
_PAIR = ("text_a", "text_b")


def of_line(line: str, names: Sequence[str] = _PAIR) -> TextInput:
  """Returns the text in a line: `text` or the pair `text_a ||| text_b`; where
  the second name is choices, `text_a ||| choice ||| choice ...`."""
  if names[1] == "choices":
    text_a, *choices = [each.strip() for each in line.split(SEPARATOR)]
    return Choices(text_a, choices) if choices else text_a
  text_a, separator, text_b = line.partition(SEPARATOR)
  # Places of answers are counted from the beginning of the second text.
  return (TextPair(text_a.strip(), text_b) if separator else
          line.strip())


def of_json(line: str, names: Sequence[str] = _PAIR) -> TextInput:
  """Returns the text in a line of JSON: a string, or as of_object.

  Raises:
    UserError: it is neither.
  """
  try:
    value = json.loads(line, strict=False)
  except (ValueError, RecursionError) as error:
    raise UserError("not JSON: %s" % error)
  return value if isinstance(value, str) else of_object(value, names)


def of_object(value: Any, names: Sequence[str] = _PAIR) -> TextInput:
  """Returns the text that {"text_a": ..., "text_b": ...}, {"words": [...]} or
  {"text_a": ..., "choices": [...]} is.

  Args:
    value: of JSON.
    names: what the texts of a pair may be called as well.

  Raises:
    UserError: it is none of these.
  """
  value = _with_our_names(value, names)
  if not isinstance(value, dict) or not {"text_a", "words"} & set(value):
    raise UserError("%s is needed" % _needed(names))
  for key in value:
    if key not in _PAIR + ("words", "choices"):
      raise UserError("%r is not known; known: %s" % (key, " ".join(
          dict.fromkeys(_PAIR + ("words", "choices") + tuple(names)))))
  if "words" in value:
    return Words(_check_texts("words", value["words"]))
  if "choices" in value:
    choices = _check_texts("choices", value["choices"])
  for key in _PAIR:
    if not isinstance(value.get(key, ""), str):
      raise UserError("%r must be text" % key)
  if "choices" in value:
    if "text_b" in value:  # How all choices begin.
      choices = ["%s %s" % (value["text_b"], each) for each in choices]
    return Choices(value["text_a"], choices)
  if "text_b" in value:
    return TextPair(value["text_a"], value["text_b"])
  return value["text_a"]


def num_chars(text: TextInput) -> int:
  """Returns the characters of all texts of an input."""
  if isinstance(text, str):
    return len(text)
  return sum(map(num_chars, text))


def _with_our_names(value, names):
  if not isinstance(value, dict):
    return value
  ours = {their: our for their, our in zip(names, _PAIR) if their != "choices"}
  renamed = {ours.get(key, key): each for key, each in value.items()}
  if len(renamed) < len(value):
    raise UserError("a text is there by two names: %s" % " ".join(value))
  return renamed


def _needed(names):
  if tuple(names) == _PAIR:
    return ('{"text_a": ...}, {"text_a": ..., "text_b": ...} or '
            '{"words": [...]}')
  return "{%s}" % ", ".join('"%s": ...' % name for name in names)


def _check_texts(key, texts):
  if not isinstance(texts, list) or not texts or not all(
      isinstance(each, str) and each.strip() for each in texts):
    raise UserError('"%s" must be a list of text, none of it blank' % key)
  return texts


def to_json(output: TextOutput, head: Head) -> str:
  """Returns an output as a line of JSON."""
  return json.dumps(head.to_json(output), ensure_ascii=False)


def error_line(message: str, is_json: bool) -> str:
  """Returns what stands where an output would."""
  if is_json:
    return json.dumps({"error": message}, ensure_ascii=False)
  return "ERROR\t%s" % " ".join(message.split())
