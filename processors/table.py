"""A task of the user's own, described by data_dir/table.json.

    {"format": "csv", "text_a": "content", "label": "label"}
"""

import json
import os

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from bert.common.errors import quoted
from bert.data import label_types
from bert.data.examples import is_text
from processors.base import DataProcessor
from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.conll import read_conll
from processors.files import read_csv
from processors.files import read_jsonl
from processors.files import read_tsv
from processors.tagging import TaggingProcessor

FORMATS = {"tsv": read_tsv, "csv": read_csv, "jsonl": read_jsonl,
           "conll": read_conll}
_COLUMN_KEYS = ("text_a", "text_b", "label", "guid")
_UNFIT_KEYS = {"jsonl": ("header",), "conll": ("header", "text_b", "guid")}


class TableRows(TableProcessor):
  """Examples that are rows; None as separator is any white space."""
  separator = None

  def read_label(self, text):
    if isinstance(text, list):
      return super().read_label(text)
    return super().read_label(label_types.of_head(self.head).parse_cell(
        text, self.separator))


class TableSentences(TaggingProcessor):
  """Examples that are sentences, a word a line."""
  is_iob1 = True


class _Described:
  """An attribute given by table.json; accessed on the class, the base's."""

  def __init__(self, name):
    self._name = name

  def __get__(self, task, owner):
    return getattr(DataProcessor if task is None else task.described(),
                   self._name)


@register("table")
class OwnTable(DataProcessor):
  """The task that table.json in data_dir describes."""
  head = _Described("head")
  metrics = _Described("metrics")
  label_range = _Described("label_range")
  declared_in = _Described("declared_in")
  _task = None

  def described(self) -> TableProcessor:
    """Returns the task; raises UserError for a bad table.json."""
    if self._task is None:
      self._task = describe(self.data_dir or "")
      self._task.bad_rows = self.bad_rows
    return self._task

  def get_train_examples(self, data_dir):
    return self.described().get_train_examples(data_dir)

  def get_dev_examples(self, data_dir):
    return self.described().get_dev_examples(data_dir)

  def get_test_examples(self, data_dir):
    return self.described().get_test_examples(data_dir)

  def get_labels(self):
    return self.described().get_labels()


def describe(data_dir: str) -> TableProcessor:
  """Returns the task that data_dir/table.json describes.

  Raises:
    UserError: it is not there, or contradicts itself.
  """
  path = os.path.join(data_dir, "table.json")
  settings = read_settings(path)
  kind = settings["format"]
  task = _rows_class(kind)()
  task.data_dir = data_dir
  task.declared_in = path
  task.head = settings["head"]
  task.metrics = tuple(settings.get("metrics", ()))
  task.labels = None if label_types.of_head(task.head).has_names else ()
  if "labels" in settings:
    task.labels = [_label_text(label) for label in settings["labels"]]
  task.separator = settings.get("label_separator")
  if "label_range" in settings:
    task.label_range = tuple(map(float, settings["label_range"]))
  table = Table("", settings.get("text_a", 0), settings.get("text_b"),
                settings.get("label", -1), settings.get("guid"),
                settings.get("header", True), reader=FORMATS[kind],
                choices=_choices(settings))
  if table.choices and "labels" not in settings:
    task.labels = list(map(str, range(len(table.choices))))
  task.train, task.dev, task.test = [
      table._replace(path=settings.get(name, "%s.%s" % (name, kind)))
      for name in ("train", "dev", "test")]
  return task


def _choices(settings):
  """Returns the columns of the choices."""
  choices = settings.get("choices", [])
  return tuple(choices if isinstance(choices, list) else [choices])


def read_settings(path: str) -> dict:
  """Returns what a table.json says, with the head that follows from it.

  Raises:
    UserError: it is not there, or contradicts itself.
  """
  settings = _read_object(path)
  for key, value in settings.items():
    _check_value(path, key, value)
  if "format" in settings:
    settings.setdefault("head", _rows_class(settings["format"]).head)
  needed = (("format",) if settings.get("format") == "conll" else
            ("format", "text_a", "label"))
  for key in needed:
    if key not in settings:
      _refuse(path, 'no "%s"; it is needed, %s' % (key, _KEYS[key][0]))
  _check_together(path, settings)
  _check_columns(path, settings)
  return settings


def _read_object(path):
  if not tf.gfile.Exists(path):
    _refuse(path, "no such file; --task_name=table needs it to know the format "
            "and the columns of the task's files")
  return files.read_json(path, unique_keys=True, needed=(
      'an object, {"format": ..., "text_a": ..., "label": ...}'))


def _check_value(path, key, value):
  if key not in _KEYS:
    _refuse(path, "%s is not known%s; known: %s" % (
        quoted(key), did_you_mean(key, _KEYS), " ".join(_KEYS)))
  needed, fits, choices = _KEYS[key]
  if not fits(value):
    _refuse(path, '"%s" is %s; it must be %s' % (key, quoted(value), needed))
  for name in value if isinstance(value, list) else [value]:
    if choices and name not in choices():
      _refuse(path, '"%s" is %s%s; known: %s' % (
          key, quoted(name), did_you_mean(name, choices()),
          " ".join(choices())))


def _rows_class(kind):
  """Returns the base of tasks whose files have a format."""
  return TableSentences if kind == "conll" else TableRows


def _check_together(path, settings):
  kind, head = settings["format"], settings["head"]
  if (kind == "conll") != (head == TableSentences.head):
    _refuse(path, '"format" is "%s" and "head" is "%s"; the head of conll '
            'files is tagging, and of no others' % (kind, head))
  for key in _UNFIT_KEYS.get(kind, ()):
    if key in settings:
      _refuse(path, '"%s" is not for the format %s; leave it out' % (key, kind))
  label_type = label_types.of_head(head)
  for key in label_type.unfit_keys:
    if key in settings:
      _refuse(path, '"%s" is not for the head %s; leave it out' % (key, head))
  for key in label_type.needed_keys:
    if key not in settings:
      _refuse(path, 'no "%s"; the head %s needs it, %s' % (
          key, head, _KEYS[key][0]))
  if len(_choices(settings)) == 1 and "labels" not in settings:
    _refuse(path, 'no "labels"; where one column has all choices, they say how '
            'many there are at most, as in ["0", "1", "2", "3"]')


def _check_columns(path, settings):
  kind = settings["format"]
  has_names = kind == "jsonl" or (
      kind != "conll" and settings.get("header", True))
  for key, column in [(key, settings.get(key)) for key in _COLUMN_KEYS] + [
      ("choices", column) for column in _choices(settings)]:
    if isinstance(column, str) and not has_names:
      _refuse(path, '"%s" is %s, and the files have no header; give the '
              "column's number, from 0" % (key, quoted(column)))
    if isinstance(column, int) and kind == "jsonl":
      _refuse(path, '"%s" is %d; in JSON lines, columns go by name' % (
          key, column))


def _refuse(path, text):
  raise UserError("%s: %s" % (path, text))


def _label_text(label):
  return label.strip() if isinstance(label, str) else json.dumps(label)


def _is_bool(value):
  return isinstance(value, bool)


def _is_column(value):
  is_number = isinstance(value, int) and not _is_bool(value)
  return is_text(value) or is_number and value >= 0


def _is_list_of_labels(value):
  if not isinstance(value, list) or not all(
      is_text(label) or _is_bool(label) or isinstance(label, (int, float))
      for label in value):
    return False
  return 0 < len(value) == len(set(map(_label_text, value)))


def _is_range(value):
  return isinstance(value, list) and len(value) == 2 and all(
      isinstance(number, (int, float)) and not _is_bool(number)
      for number in value) and value[0] < value[1]


def _are_columns(value):
  return is_text(value) or isinstance(value, list) and len(value) > 1 and (
      all(map(_is_column, value)))


def _is_separator(value):
  return isinstance(value, str) and value != ""


def _is_list_of_text(value):
  return isinstance(value, list) and all(map(is_text, value))


_COLUMN = ("the name of a column, or its number from 0", _is_column, None)
_FILE = ("the name of a file", is_text, None)
# Key -> what its value must be, whether a value is that, what it is one of.
_KEYS = {
    "format": ("one of: " + " ".join(FORMATS), is_text, lambda: FORMATS),
    "header": ("true or false", _is_bool, None),
    "text_a": _COLUMN, "text_b": _COLUMN, "label": _COLUMN, "guid": _COLUMN,
    "head": ("the name of a head", is_text, label_types.kinds),
    "labels": ("a list of labels, each once", _is_list_of_labels, None),
    "label_separator": ("text that is not empty", _is_separator, None),
    "label_range": ("two numbers, the least and the greatest label",
                    _is_range, None),
    "choices": ("a list of columns, or of JSON lines the column with a list",
                _are_columns, None),
    "metrics": ("a list of names", _is_list_of_text, None),
    "train": _FILE, "dev": _FILE, "test": _FILE}
