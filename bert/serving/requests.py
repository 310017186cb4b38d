"""Questions to a predictor, and its answers, as lines of text and as JSON."""

import json
from typing import Any, Dict

from bert.common.errors import UserError
from bert.serving.predictor import Answer
from bert.serving.predictor import TextInput

SEPARATOR = " ||| "
_KEYS = ("text_a", "text_b", "words")


def of_line(line: str) -> TextInput:
  """Returns the question in a line: `text`, or `text_a ||| text_b`."""
  text_a, separator, text_b = line.partition(SEPARATOR)
  return (text_a.strip(), text_b.strip()) if separator else line.strip()


def of_json(line: str) -> TextInput:
  """Returns the question in a line of JSON: text, or as of_object.

  Raises:
    UserError: it is neither.
  """
  try:
    value = json.loads(line, strict=False)
  except (ValueError, RecursionError) as error:
    raise UserError("not JSON: %s" % error)
  return value if isinstance(value, str) else of_object(value)


def of_object(value: Any) -> TextInput:
  """Returns the question that {"text_a": ..., "text_b": ...} or {"words":
  [...]} is.

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
    return words
  for key, text in value.items():
    if not isinstance(text, str):
      raise UserError("%r must be text" % key)
  if "text_b" in value:
    return value["text_a"], value["text_b"]
  return value["text_a"]


def to_object(answer: Answer, head) -> Dict[str, Any]:
  """Returns an answer as JSON has it, by the kind of the head."""
  if head.is_per_word:
    return {"words": answer.words, "labels": answer.labels,
            "scores": answer.scores}
  if head.kind == "regression":
    return {"score": answer.scores[0]}
  shown = {"probabilities": answer.probabilities}
  if head.kind == "classification":
    return dict(shown, label=answer.labels[0], score=answer.scores[0])
  return dict(shown, labels=answer.labels, scores=answer.scores)


def to_json(answer: Answer, head) -> str:
  return json.dumps(to_object(answer, head), ensure_ascii=False)


def to_line(answer: Answer, head) -> str:
  """Returns an answer as `labels TAB scores`; of words, `word/label ...`."""
  if head.is_per_word:
    return " ".join("%s/%s" % pair
                    for pair in zip(answer.words, answer.labels))
  if head.kind == "regression":
    return "%.6g" % answer.scores[0]
  return "%s\t%s" % (" ".join(answer.labels),
                     " ".join("%.6f" % score for score in answer.scores))


def error_line(message: str, is_json: bool) -> str:
  """Returns what stands where an answer would."""
  if is_json:
    return json.dumps({"error": message}, ensure_ascii=False)
  return "ERROR\t%s" % " ".join(message.split())
