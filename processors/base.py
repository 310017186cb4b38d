"""Where examples come from: the base of all tasks, tables, the registry.

A task that is a table needs its columns alone:

    @register("reviews")
    class Reviews(TableProcessor):
      labels = ("bad", "good")
      train = Table("train.tsv", text_a=1, label=0)
      dev = Table("dev.tsv", text_a=1, label=0)
      test = Table("test.tsv", text_a=1)
"""

import importlib
import importlib.util
import os
import sys
import typing
from typing import Callable, List, Optional, Sequence, Tuple

from bert.errors import did_you_mean
from bert.errors import UserError
from bert.features import InputExample
from processors.files import read_csv
from processors.files import read_tsv

_PROCESSORS = {}


def register(*names: str) -> Callable:
  """Makes a DataProcessor known as a task, by these names in any case."""
  def add(processor):
    for name in names:
      _PROCESSORS[name.lower()] = processor
    return processor
  return add


def registered() -> dict:
  return dict(_PROCESSORS)


def create(task_name: str, data_dir: str) -> "DataProcessor":
  """Returns the processor of a task.

  Raises:
    UserError: no task has that name.
  """
  name = task_name.lower()
  if name not in _PROCESSORS:
    raise UserError("--task_name=%s is not known%s; tasks: %s; others come by "
                    "--processor_module" % (
                        task_name, did_you_mean(name, _PROCESSORS),
                        " ".join(sorted(_PROCESSORS))))
  processor = _PROCESSORS[name]()
  processor.data_dir = data_dir
  return processor


def load_module(name: str) -> None:
  """Imports a module of the user's, so that its tasks are registered.

  Args:
    name: of an importable module, or path of a .py file.

  Raises:
    UserError: there is none.
  """
  if not name.endswith(".py"):
    sys.path.insert(0, os.getcwd())
    try:
      importlib.import_module(name)
    except ImportError as error:
      raise UserError("--processor_module=%s: %s; give an importable module or "
                      "a path to a .py file" % (name, error))
    return
  if not os.path.isfile(name):
    raise UserError("--processor_module=%s: no such file" % name)
  module_name = os.path.splitext(os.path.basename(name))[0]
  spec = importlib.util.spec_from_file_location(module_name, name)
  module = importlib.util.module_from_spec(spec)
  sys.modules[module_name] = module
  spec.loader.exec_module(module)


class DataProcessor:
  """Base of all tasks.

  Attributes:
    head: kind of the head (bert.heads) that the task learns.
    metrics: names of the metrics (bert.metrics) that the task is judged by,
      beside those of its head.
    data_dir: the task's folder, set before any method is called.
  """
  head = "classification"
  metrics = ()
  data_dir = None  # type: Optional[str]

  def get_train_examples(self, data_dir: str) -> List[InputExample]:
    """Returns the training set; raises UserError for a bad file."""
    raise NotImplementedError()

  def get_dev_examples(self, data_dir: str) -> List[InputExample]:
    """Returns the set that --do_eval scores."""
    raise NotImplementedError()

  def get_test_examples(self, data_dir: str) -> List[InputExample]:
    """Returns the set that --do_predict reads; its labels count for nothing."""
    raise NotImplementedError()

  def get_labels(self) -> Sequence[str]:
    """Returns the labels; their order is that of the columns of
    test_results.tsv."""
    raise NotImplementedError()

  @classmethod
  def _read_tsv(cls, input_file: str,
                quotechar: Optional[str] = None) -> List[List[str]]:
    """Returns rows of columns; for processors written for the reference."""
    rows = (read_tsv(input_file) if quotechar is None else
            read_csv(input_file, "\t", quotechar))
    return [columns for _, columns in rows]


class Table(typing.NamedTuple):
  """A file with an example a row; columns are counted from 0, -1 is the last.

  Attributes:
    path: below data_dir.
    text_a, text_b, label: columns; None where there is none.
    guid: the column whose text, after `set-`, names the example; None: the
      row's number.
    has_header: whether the first row is a header.
    only: (column, text); rows that say something else are left out.
    reader: path -> (line number, columns) of each row.
  """
  path: str
  text_a: int
  text_b: Optional[int] = None
  label: Optional[int] = None
  guid: Optional[int] = None
  has_header: bool = True
  only: Optional[Tuple[int, str]] = None
  reader: Callable = read_tsv

  def num_columns(self) -> int:
    """Returns how many columns a row must have at least."""
    used = [self.text_a, self.text_b, self.label, self.guid,
            self.only and self.only[0]]
    return 1 + max(column for column in used if column is not None)


class TableProcessor(DataProcessor):
  """A task whose sets are tables.

  Attributes:
    labels: the task's labels in order.
    train, dev, test: Tables. A test set's label column is not read.
    label_aliases: labels in the files -> the task's.
    dev_name: what guids of the dev set start with.
  """
  labels = ()  # type: Sequence[str]
  train = None  # type: Optional[Table]
  dev = None  # type: Optional[Table]
  test = None  # type: Optional[Table]
  label_aliases = {}
  dev_name = "dev"
  _known_labels = None

  def get_train_examples(self, data_dir):
    return self.read(data_dir, self.train, "train")

  def get_dev_examples(self, data_dir):
    return self.read(data_dir, self.dev, self.dev_name)

  def get_test_examples(self, data_dir):
    return self.read(data_dir, self.test and self.test._replace(label=None),
                     "test")

  def get_labels(self):
    return list(self.labels)

  def read_label(self, text: str):
    """Returns the label that a column means, for the head to check."""
    return self.label_aliases.get(text, text)

  def read(self, data_dir: str, table: Table,
           set_name: str) -> List[InputExample]:
    """Returns the examples of a table.

    Raises:
      UserError: a row has too few columns, or a label is not the task's.
    """
    if table is None:
      raise UserError("task %s has no %s set" % (type(self).__name__, set_name))
    path = os.path.join(data_dir, table.path)
    examples = []
    for index, (line, columns) in enumerate(table.reader(path)):
      where = "%s:%d" % (path, line)
      if len(columns) < table.num_columns():
        raise UserError(
            "%s: the row has %d columns, task %s needs %d; mend or delete the "
            "line" % (where, len(columns), type(self).__name__,
                      table.num_columns()))
      is_header = table.has_header and index == 0
      if is_header or table.only and columns[table.only[0]] != table.only[1]:
        continue
      examples.append(self._example(table, set_name, line, columns))
      self.check_label(examples[-1].label, where)
    return examples

  def check_label(self, label, where: str) -> None:
    """Raises UserError unless a label, or all in a list, are the task's."""
    for name in [label] if isinstance(label, str) else label or ():
      if name not in self._label_set():
        raise UserError("%s: label %r is not one of: %s" % (
            where, name, " ".join(self.get_labels())))

  def _label_set(self):
    if self._known_labels is None:
      self._known_labels = frozenset(self.get_labels())
    return self._known_labels

  def _example(self, table, set_name, line, columns):
    name = line - 1 if table.guid is None else columns[table.guid]
    return InputExample(
        guid="%s-%s" % (set_name, name),
        text_a=columns[table.text_a],
        text_b=None if table.text_b is None else columns[table.text_b],
        label=(None if table.label is None else
               self.read_label(columns[table.label])))
