"""Files of questions, contexts and answers: SQuAD 1.1 and 2.0, CMRC, DRCD.

Each question is an InputExample: its id, the question as text_a, the context as
text_b, the annotated answers as the label; [] is a question without an answer.

Source: Rajpurkar et al. 2018, https://arxiv.org/abs/1806.03822; Cui et al.
  2019, https://arxiv.org/abs/1810.07366 (also in its own form of JSON).
"""

import collections
from typing import Any, Iterator, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.common.errors import quoted
from bert.data.examples import Annotation
from bert.data.examples import InputExample
from processors.base import DataProcessor
from processors.files import is_number
from processors.files import read_json

_KINDS = {str: "a text", list: "a list", dict: "an object",
          int: "a whole number", bool: "true or false"}


class Squad(DataProcessor):
  """Questions whose answers are parts of a context."""
  head = "span"

  def __init__(self, train_file: Optional[str], eval_file: Optional[str],
               predict_file: Optional[str], may_be_none: bool):
    """Takes the paths of the files, of which eval_file may be left out, and
    whether questions may have no answer."""
    self._train_file = train_file
    self._eval_flag = "--eval_file" if eval_file else "--predict_file"
    self._eval_file = eval_file or predict_file
    self._predict_file = predict_file
    self._may_be_none = may_be_none
    self._eval_examples = None  # type: Optional[Sequence[InputExample]]

  def get_labels(self):
    return []

  def get_train_examples(self, data_dir):
    return read_training(self._train_file, "--train_file", self._may_be_none)

  def get_dev_examples(self, data_dir):
    if self._eval_examples is None:
      self._eval_examples = read_questions(
          self._eval_file, self._eval_flag, self._may_be_none)
    return self._eval_examples

  def get_test_examples(self, data_dir):
    if self._predict_file == self._eval_file:
      return self.get_dev_examples(data_dir)  # Predicted once.
    return read_questions(self._predict_file, "--predict_file",
                          self._may_be_none)


def read_questions(path: str, flag: str,
                   may_be_none: bool) -> List[InputExample]:
  """Returns the questions to answer, whose answers may be missing.

  Args:
    path: of the JSON file.
    flag: that names it, for errors.
    may_be_none: whether an empty list says that a question has no answer.

  Returns:
    InputExamples; their label is None where nothing is said of answers.

  Raises:
    UserError: the file is not of this form; names the question or paragraph.
      Or two questions have one id, by which predictions.json names answers.
  """
  return _read(path, flag, False, may_be_none)


def read_training(path: str, flag: str, may_be_none: bool
                 ) -> List[InputExample]:
  """Returns the questions to train on.

  Args:
    path, flag: as for read_questions.
    may_be_none: whether is_impossible says that a question has no answer; it is
      not looked at otherwise.

  Raises:
    UserError: as for read_questions, or a question has not one answer.
  """
  return _read(path, flag, True, may_be_none)


def _read(path, flag, is_training, may_be_none):
  numbers = collections.Counter()
  examples, locations = [], {}
  for question in _questions(path, flag, numbers):
    example = _to_example(question, is_training, may_be_none)
    location = question[0].location
    first = locations.setdefault(example.guid, location)
    if first != location and not is_training:
      raise UserError(
          "%s=%s: %s and %s have the same id %r; predictions.json names "
          "answers by it, of which one would be lost; give each an id of its "
          "own" % (flag, path, first, location, example.guid))
    examples.append(example)
  if numbers:
    tf.logging.info(
        "%s=%s: %d ids and %d answers are numbers; they are read as text, such "
        "as 39764.0, as official scorers do", flag, path, numbers["id"],
        numbers["text"])
  return examples


class _Node:
  """A value of the file.

  Attributes:
    value: of JSON.
    name: what an error calls it.
    numbers: key -> how many of its values were numbers that are text.
    location: in the file, without its path.
  """

  def __init__(self, value: Any, name: str, numbers: collections.Counter,
               location: str = ""):
    self.value = value
    self.name = name
    self.numbers = numbers
    self.location = location

  def has(self, key: str) -> bool:
    """Whether an object says something of a key; null says nothing."""
    return self.value.get(key) is not None

  def get(self, key: str, kind: type) -> Any:
    """Returns a value of an object; raises UserError unless it is of a type.

    A whole number may be written as 3.0.
    """
    if key not in self.value:
      raise UserError("%s has no %r" % (self.name, key))
    value = self.value[key]
    if kind is int and isinstance(value, float) and value.is_integer():
      return int(value)
    # bool is a subclass of int.
    if not isinstance(value, kind) or isinstance(value, bool) != (kind is bool):
      raise UserError("%s: %r is %s; needed is %s" % (
          self.name, key, quoted(value), _KINDS[kind]))
    return value

  def text(self, key: str) -> str:
    """Returns a text; a number is one as Python writes it."""
    value = self.value.get(key)
    if not is_number(value):
      return self.get(key, str)
    self.numbers[key] += 1
    return str(value)

  def children(self, key: str, name: str) -> Iterator["_Node"]:
    """Yields the objects of a list, numbered from 1 in their names."""
    for number, value in enumerate(self.get(key, list), 1):
      location = "%s %d" % (name, number)
      child = _Node(value, "%s, %s" % (self.name, location), self.numbers,
                    ", ".join(filter(None, (self.location, location))))
      if not isinstance(value, dict):
        raise UserError("%s is %s; needed is an object" % (
            child.name, quoted(value)))
      yield child


def _questions(path, flag, numbers):
  """Yields (node of a question, its context), in SQuAD's names."""
  where = "%s=%s" % (flag, path)
  content = read_json(path, flag)
  if isinstance(content, list):
    content = {"data": [{"paragraphs": _from_cmrc(content)}]}
  if not isinstance(content, dict):
    raise UserError("%s: is %s; needed is an object with 'data'" % (
        where, quoted(content)))
  num_questions = 0
  root = _Node(content, where, numbers)
  for article in root.children("data", "article"):
    for paragraph in article.children("paragraphs", "paragraph"):
      context = paragraph.get("context", str)
      for question in paragraph.children("qas", "question"):
        num_questions += 1
        if _is_name(question.value.get("id")):
          question.name = "%s, question %s" % (where, question.value["id"])
        yield question, context
  if not num_questions:
    raise UserError("%s: has no questions" % where)


def _to_example(question, is_training, may_be_none):
  node, context = question
  guid, text = node.text("id"), node.get("question", str)
  label = None
  if is_training:
    is_impossible = may_be_none and node.get("is_impossible", bool)
    label = [] if is_impossible else _annotations(node, True)
    if len(label) != 1 and not is_impossible:
      raise UserError(
          "%s has %d answers; for training, each question has exactly one%s" % (
              node.name, len(label), "" if label or may_be_none else
              " (or is_impossible, with --version_2_with_negative)"))
    _check_text(node, label)
  elif node.has("answers"):
    label = _annotations(node, False) or ([] if may_be_none else None)
  return InputExample(guid, text, context, label)


def _annotations(question, needs_start):
  """Returns the answers of a question.

  Only training needs their positions: scores compare texts.
  """
  return [Annotation(answer.text("text"), answer.get("answer_start", int)
                     if needs_start or answer.has("answer_start") else -1)
          for answer in question.children("answers", "answer")]


def _check_text(question, label):
  """Raises UserError for a training answer that is blank."""
  for annotation in label:
    if not annotation.text.strip():
      raise UserError("%s: the answer is blank" % question.name)


def _from_cmrc(paragraphs):
  """Returns paragraphs of CMRC's own form of JSON in that of SQuAD."""
  names = {"context_text": "context", "query_id": "id",
           "query_text": "question"}

  def renamed(value):
    if not isinstance(value, dict):
      return value
    return {names.get(key, key): each for key, each in value.items()}

  found = []
  for paragraph in map(renamed, paragraphs):
    if isinstance(paragraph, dict) and isinstance(paragraph.get("qas"), list):
      paragraph["qas"] = [_with_starts(renamed(question),
                                       paragraph.get("context"))
                          for question in paragraph["qas"]]
    found.append(paragraph)
  return found


def _with_starts(question, context):
  """Gives answers without a position that of their first occurrence."""
  if isinstance(question, dict) and isinstance(question.get("answers"), list):
    question["answers"] = [
        {"text": each, "answer_start": context.find(str(each))}
        if _is_name(each) and isinstance(context, str) else each
        for each in question["answers"]]
  return question


def _is_name(value):
  return isinstance(value, str) or is_number(value)
