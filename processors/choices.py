"""Multiple choice: SWAG, and C3, Chinese reading comprehension.

Source: Zellers et al. 2018, https://arxiv.org/abs/1808.05326; Sun et al. 2019,
  https://arxiv.org/abs/1904.09679.
"""

import json
import os
from typing import Any, Iterator, List, Tuple

import tensorflow.compat.v1 as tf

from bert.common.errors import MissingError
from bert.common.errors import UserError
from bert.common.errors import quoted
from bert.data import example_checks
from bert.data.examples import InputExample
from bert.data.examples import is_text
from processors import columns
from processors.base import DataProcessor
from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.files import is_number
from processors.files import read_csv
from processors.files import read_json

_PREDICTIONS = "c3_predict.json"
# Prefixes of the file names, of the release and of CLUE.
_BEGINNINGS = ("", "c3-")


@register("swag")
class Swag(TableProcessor):
  """Which of four endings continues the description of a video."""
  head = "multiple_choice"
  labels = ("0", "1", "2", "3")
  dev_name = "val"
  train = Table("train.csv", text_a="sent1", text_b="sent2", label="label",
                guid="fold-ind", reader=read_csv,
                choices=tuple("ending%d" % index for index in range(4)))
  dev = train._replace(path="val.csv")
  test = train._replace(path="test.csv")


@register("c3")
class C3(DataProcessor):
  """Which of two to four answers to a question about a Chinese text is right.

  Reads the files of the release, of mixed texts and of dialogues, as many as
  are there: m-train.json and d-train.json, or with c3- before it, and likewise
  dev and test. CLUE's test set is test1.1.json, before that test1.0.json: of
  several test sets the newest is read, and the log names the others. Predicting
  also writes c3_predict.json, the lines that CLUE takes, where questions have
  ids.
  """
  head = "multiple_choice"

  def __init__(self):
    # Guid -> id of the question in its file; None: it has none.
    self._ids = {}

  def get_labels(self):
    return ["0", "1", "2", "3"]

  def get_train_examples(self, data_dir):
    return self._read(data_dir, "train", [["m-train.json", "d-train.json"]])

  def get_dev_examples(self, data_dir):
    return self._read(data_dir, "dev", [["m-dev.json", "d-dev.json"]])

  def get_test_examples(self, data_dir):
    examples = self._read(data_dir, "test", [
        ["test1.1.json"], ["test1.0.json"], ["m-test.json", "d-test.json"]])
    ids = self._ids_of(examples)
    if None not in ids:
      check = example_checks.IdCheck()
      for question_id in ids:
        check.add(question_id)
      example_checks.warn_of_ids(check.repeated(ids), _PREDICTIONS)
    return examples

  def prediction_files(self, examples, predictions):
    ids = self._ids_of(examples)
    if None in ids:
      return {}
    return {_PREDICTIONS: (
        json.dumps({"id": question_id, "label": int(prediction.labels[0])})
        for question_id, prediction in zip(ids, predictions))}

  def _ids_of(self, examples):
    return [self._ids.get(example.guid) for example in examples]

  def _read(self, data_dir, set_name, datasets):
    """Returns the examples of a set.

    Args:
      data_dir, set_name: the folder, and train, dev or test.
      datasets: lists of files that belong together; the first of which one is
        there is read.
    """
    def there(name):
      return [beginning + name for beginning in _BEGINNINGS
              if tf.gfile.Exists(os.path.join(data_dir, beginning + name))]

    # For each dataset its files, and for each file its existing names.
    found = [list(filter(None, map(there, names))) for names in datasets]
    chosen = next(filter(None, found), None)
    if chosen is None:
      names = [beginning + name for names in datasets for name in names
               for beginning in _BEGINNINGS]
      raise MissingError("%s: no such file, nor is any of these there: %s" % (
          os.path.join(data_dir, names[0]), " ".join(names[1:])))
    read = [same[0] for same in chosen]
    columns.log_unread(data_dir, " ".join(read), [
        name for files_of_set in found for same in files_of_set
        for name in same if name not in read])
    examples = []
    for name in read:
      for example, question_id in _read_texts(os.path.join(data_dir, name),
                                              set_name != "test"):
        example.guid = "%s-%d" % (set_name, len(examples))
        self._ids[example.guid] = question_id
        examples.append(example)
    return examples


def _read_texts(path: str, needs_answer: bool
               ) -> Iterator[Tuple[InputExample, Any]]:
  """Yields each question as an example, with its id, None if it has none."""
  texts = read_json(path)
  if not isinstance(texts, list) or not texts:
    raise UserError("%s: a list of [sentences, questions, id] is needed" % path)
  num_numbers = 0
  for number, text in enumerate(texts, 1):
    where = "%s, text %d" % (path, number)
    if not isinstance(text, list) or len(text) < 2 or not all(
        isinstance(each, list) for each in text[:2]):
      raise UserError("%s: [sentences, questions, id] is needed" % where)
    sentences, questions = text[:2]
    if not sentences or not all(isinstance(each, str) for each in sentences):
      raise UserError("%s: its sentences must be a list of text" % where)
    for index, question in enumerate(questions, 1):
      question, count = _with_texts(question)
      num_numbers += count
      example = _to_example(" ".join(sentences), question, needs_answer,
                            "%s, question %d" % (where, index))
      # As it is, a number or a text: c3_predict.json repeats it.
      has_id = isinstance(_to_text(question.get("id")), str)
      yield example, question["id"] if has_id else None
  if num_numbers:
    tf.logging.info("%s: %d choices are numbers; they are read as text", path,
                    num_numbers)


def _with_texts(question: Any) -> Tuple[Any, int]:
  """Returns a question whose choices and answer are text where they were
  numbers, and how many choices were."""
  if not isinstance(question, dict) or not isinstance(question.get("choice"),
                                                      list):
    return question, 0
  choices = question["choice"]
  return dict(question, choice=list(map(_to_text, choices)), answer=_to_text(
      question.get("answer"))), sum(map(is_number, choices))


def _to_text(value):
  """Returns a number as the text that Python writes; all else as it is."""
  return str(value) if is_number(value) else value


def _to_example(context, question, needs_answer, where) -> InputExample:
  if not isinstance(question, dict):
    raise UserError('%s: {"question": ..., "choice": [...], "answer": ...} is '
                    "needed" % where)
  text, choices = question.get("question"), question.get("choice")
  if not isinstance(text, str) or not isinstance(choices, list) or (
      not 2 <= len(choices) <= 4) or not all(
          is_text(each) for each in choices):
    raise UserError('%s: "question" must be text, and "choice" a list of 2 to '
                    "4" % where)
  label = _label_of(question.get("answer"), choices, needs_answer, where)
  return InputExample("", context, [text + " " + each for each in choices],
                      label)


def _label_of(answer, choices: List[str], needs_answer, where):
  """Returns the index of the right choice; None if it is not given."""
  if answer in choices:
    return str(choices.index(answer))
  if needs_answer or answer:
    raise UserError('%s: "answer" is %s, which is none of the choices' % (
        where, quoted(answer)))
  return None
