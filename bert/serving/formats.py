"""Texts for a predictor, and its outputs, as lines of text and as JSON."""

import json
import re
from typing import Any, Optional, Sequence, Tuple, Union

from bert.common import json_text
from bert.common.errors import UserError
from bert.common.errors import shortened
from bert.data.examples import Choices
from bert.data.examples import TextInput
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.heads.base import Head
from bert.heads.outputs import TextOutput

SEPARATOR = " ||| "
_MARK = SEPARATOR.strip()
_PAIR = ("text_a", "text_b")
# As the reference release and bert-as-service have it: of several, the last
# one separates, and none across the end of a line.
_SEPARATED = re.compile(r"(.*) \|\|\| (.*)$")


def of_line(line: str, names: Sequence[str] = _PAIR,
            has_empty: bool = True) -> TextInput:
  """Returns the text in a line: `text` or the pair `text_a ||| text_b`; if the
  second name is choices, `text_a ||| choice ||| choice ...`.

  Blanks are kept, except one on each side of a separator.

  Args:
    line: without the line break.
    names: of the inputs. A question ends at the first separator, the first text
      of other pairs at the last one.
    has_empty: whether `text_a |||` is a pair with an empty second text; else as
      in split_pair.
  """
  if names[1] == "choices":
    text_a, *choices = line.split(SEPARATOR)
    return Choices(text_a, choices) if choices else text_a
  if names[1] == "context":
    text_a, separator, text_b = line.partition(SEPARATOR)
  elif has_empty and line.rstrip().endswith(_MARK) and line.strip() != _MARK:
    separator, text_a, text_b = _MARK, line.rstrip()[:-len(_MARK)], ""
    text_a = text_a[:-1] if text_a.endswith(" ") else text_a
  else:
    text_a, text_b = split_pair(line)
    separator = text_b is not None
  return TextPair(text_a, text_b) if separator else line


def split_pair(text: str) -> Tuple[str, Optional[str]]:
  """Returns (text_a, text_b) of `text_a ||| text_b` with text on both sides,
  (text, None) of any other text.

  This is how extract_features.py and bert-as-service read a text.
  """
  core = text.strip()
  match = _SEPARATED.match(core)
  if not match:
    return text, None
  start = text.index(core)
  return (text[:start] + match.group(1),
          match.group(2) + text[start + len(core):])


def is_half(text: str) -> bool:
  """Whether a text begins or ends with the separator of a pair."""
  core = text.strip()
  return core.startswith(SEPARATOR.lstrip()) or core.endswith(
      SEPARATOR.rstrip())


def of_bert_serving(text: Union[str, Sequence[str]]) -> TextInput:
  """Returns a text, or a list of its tokens, as bert-as-service reads it: `|||`
  separates the texts of a pair."""
  if isinstance(text, str):
    text_a, text_b = split_pair(text)
    return text_a if text_b is None else TextPair(text_a, text_b)
  if _MARK not in text:
    return Words(text)
  index = list(text).index(_MARK)
  return TextPair(Words(text[:index]), Words(text[index + 1:]))


def of_json(line: str, names: Sequence[str] = _PAIR) -> TextInput:
  """Returns the text in a line of JSON: a string, or an object as in of_object.

  Raises:
    UserError: it is neither.
  """
  try:
    value = json_text.of_client(line, is_line=True)
  except ValueError as error:
    raise UserError("not JSON: %s" % error)
  return value if isinstance(value, str) else of_object(value, names)


def of_object(value: Any, names: Sequence[str] = _PAIR) -> TextInput:
  """Returns the text in {"text_a": ..., "text_b": ...}, {"words": [...]} or
  {"text_a": ..., "choices": [...]}.

  Args:
    value: the parsed JSON.
    names: further keys for the texts of a pair.

  Raises:
    UserError: it is none of these.
  """
  value = _with_our_names(value, names)
  if not isinstance(value, dict) or not {"text_a", "words"} & set(value):
    raise UserError("%s is needed" % _needed(names))
  for key in value:
    if key not in _PAIR + ("words", "choices"):
      raise UserError("%r is not known; known: %s" % (shortened(key), " ".join(
          dict.fromkeys(_PAIR + ("words", "choices") + tuple(names)))))
  if "words" in value:
    return Words(_check_texts("words", value["words"], bool))
  if "choices" in value:
    choices = _check_texts("choices", value["choices"])
  for key in _PAIR:
    if not isinstance(value.get(key, ""), str):
      raise UserError("%r must be text" % key)
  if "choices" in value:
    if "text_b" in value:  # The common beginning of all choices.
      choices = ["%s %s" % (value["text_b"], each) for each in choices]
    return Choices(value["text_a"], choices)
  if "text_b" in value:
    return TextPair(value["text_a"], value["text_b"])
  return value["text_a"]


def num_chars(text: TextInput) -> int:
  """Returns the number of characters in all texts of an input."""
  if isinstance(text, str):
    return len(text)
  return sum(map(num_chars, text))


def _with_our_names(value, names):
  if not isinstance(value, dict):
    return value
  ours = {their: our for their, our in zip(names, _PAIR) if their != "choices"}
  renamed = {ours.get(key, key): each for key, each in value.items()}
  if len(renamed) < len(value):
    raise UserError("a text is there by two names: %s" % shortened(
        " ".join(value)))
  return renamed


def _needed(names):
  if tuple(names) == _PAIR:
    return ('{"text_a": ...}, {"text_a": ..., "text_b": ...} or '
            '{"words": [...]}')
  return "{%s}" % ", ".join('"%s": ...' % name for name in names)


def _check_texts(key, texts, is_there=str.strip):
  """Returns a list of str; raises UserError for anything else, or for blank
  elements. Among words, white space is allowed."""
  if not isinstance(texts, list) or not texts or not all(
      isinstance(each, str) and is_there(each) for each in texts):
    raise UserError('"%s" must be a list of text, none of it %s' % (
        key, "blank" if is_there is str.strip else "empty"))
  return texts


def to_json(output: TextOutput, head: Head) -> str:
  """Returns an output as a line of JSON."""
  return json.dumps(head.to_json(output), ensure_ascii=False)


def error_line(message: str, is_json: bool) -> str:
  """Returns the line of an error, instead of an output."""
  if is_json:
    return json.dumps({"error": message}, ensure_ascii=False)
  return "ERROR\t%s" % " ".join(message.split())
