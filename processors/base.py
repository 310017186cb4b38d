"""Where examples come from: the base of all tasks, tables, the registry.

A task that is a table needs its columns alone:

    @register("reviews")
    class Reviews(TableProcessor):
      labels = ("bad", "good")
      train = Table("train.tsv", text_a=1, label=0)
      dev = Table("dev.tsv", text_a=1, label=0)
      test = Table("test.tsv", text_a=1)
"""

import inspect
import os
from typing import Callable, Dict, Iterable, Iterator, List, Optional
from typing import Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.common.errors import MissingError
from bert.common.errors import UserError
from bert.common.errors import listed
from bert.common.registry import Registry
from bert.data import example_store
from bert.data import label_types
from bert.data.examples import InputExample
from bert.data.examples import Source
from processors import columns
from processors.bad_rows import BadRows
from processors.columns import Table
from processors.files import read_csv
from processors.files import read_tsv
from processors.labels import read_labels
from processors.labels import warn_of_alike

_PROCESSORS = Registry("task")
# Labels that an error lists.
_MAX_LABELS = 100
_MAX_OPEN_LABELS = 5000


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
  where = "--task_name=%s" % task_name
  processor_class = _PROCESSORS.find(task_name.lower(), where,
                                     "; others come by --processor_module")
  try:
    inspect.signature(processor_class).bind()
  except TypeError as error:
    raise UserError("%s: %s has to be made without arguments: %s" % (
        where, processor_class.__name__, error))
  processor = processor_class()
  processor.data_dir = data_dir
  return processor


class DataProcessor:
  """Base of all tasks.

  Attributes:
    head: kind of the head (bert.heads) that the task learns.
    metrics: names of the metrics (bert.evaluation.metrics) that the task is
      scored by, beside those of its head.
    label_range: least and greatest label of a task of numbers, where cosines
      are compared with them; None: unknown.
    declared_in: the file that says which head and metrics, for errors; None:
      the class.
    data_dir: the task's folder, set before any method is called.
    bad_rows: --bad_rows, set with data_dir.
  """
  head = "classification"
  metrics = ()
  label_range = None  # type: Optional[Tuple[float, float]]
  declared_in = None  # type: Optional[str]
  data_dir = None  # type: Optional[str]
  bad_rows = "error"

  def get_train_examples(self, data_dir: str) -> List[InputExample]:
    """Returns the training set; raises UserError for a bad file."""
    raise NotImplementedError()

  def get_dev_examples(self, data_dir: str) -> List[InputExample]:
    """Returns the set that --do_eval scores."""
    raise NotImplementedError()

  def get_test_examples(self, data_dir: str) -> List[InputExample]:
    """Returns the set that --do_predict reads; its labels are ignored."""
    raise NotImplementedError()

  def get_labels(self) -> Sequence[str]:
    """Returns the labels; their order is that of the columns of
    test_results.tsv."""
    raise NotImplementedError()

  def prediction_files(self, examples: Sequence[InputExample],
                       predictions: Iterable) -> Dict[str, Iterable[str]]:
    """Returns the files to submit to a benchmark, as file name -> lines.

    Args:
      examples: of get_test_examples.
      predictions: for each, its labels and scores.
    """
    del examples, predictions
    return {}

  @classmethod
  def _read_tsv(cls, input_file: str,
                quotechar: Optional[str] = None) -> List[List[str]]:
    """Returns rows of columns; for processors written for the reference."""
    rows = (read_tsv(input_file) if quotechar is None else
            read_csv(input_file, "\t", quotechar))
    return [row for _, row in rows]


class TableProcessor(DataProcessor):
  """A task whose sets are tables.

  Attributes:
    labels: the task's labels in order; None for an open set, which is that of
      labels.txt in data_dir, else of the training set, sorted.
    train, dev, test: a Table, or several, of which the first that is there is
      read. Labels of a test set are read where its file has them.
    label_aliases: labels in the files -> the task's.
    dev_name: what guids of the dev set start with.
  """
  labels = ()  # type: Optional[Sequence[str]]
  train = None  # type: columns.Tables
  dev = None  # type: columns.Tables
  test = None  # type: columns.Tables
  label_aliases = {}
  dev_name = "dev"
  _open_labels = None
  _known_labels = None

  def get_train_examples(self, data_dir):
    return self.read(data_dir, columns.choose(data_dir, self.train), "train")

  def get_dev_examples(self, data_dir):
    return self.read(data_dir, columns.choose(data_dir, self.dev),
                     self.dev_name)

  def get_test_examples(self, data_dir):
    return self.read(data_dir, columns.choose(data_dir, self.test), "test")

  def get_labels(self):
    if self.labels is not None:
      return list(self.labels)
    if self._open_labels is None:
      self._open_labels = self.listed_labels() or self._train_labels()
      warn_of_alike(self._open_labels)
    return list(self._open_labels)

  def listed_labels(self) -> Optional[List[str]]:
    """Returns the labels that a file of the user's lists; None without."""
    return read_labels(self.data_dir)

  def sort_labels(self, labels: Iterable[str]) -> List[str]:
    """Returns the labels of the training set in the task's order."""
    return sorted(labels)

  def read_label(self, text: str):
    """Returns the label that a column means, for the head to check.

    Args:
      text: a cell, or a list of them; white space around it is ignored.
    """
    if isinstance(text, list):
      return [self._label_of(name) for name in text]
    return self._label_of(text)

  def read(self, data_dir: str, table: Table,
           set_name: str) -> Sequence[InputExample]:
    """Returns the examples of a table.

    Large sets are stored on disk, except for tasks whose own methods may change
    the examples.

    Raises:
      UserError: a row has too few columns, or a label is not the task's.
    """
    if table is None:
      raise MissingError("task %s has no %s set" % (
          type(self).__name__, set_name))
    collect = list if self._is_extended() else example_store.collect
    examples = collect(self.checked_examples(
        os.path.join(data_dir, table.path), table, set_name))
    if set_name == "test" and not self.has_labels(examples):
      examples = collect(map(_without_label, examples))
    return examples

  def checked_examples(self, path: str, table: Table,
                       set_name: str) -> Iterator[InputExample]:
    """Yields the examples of a file; raises UserError as `read` does, but for
    labels of a test set."""
    bad_rows = self.bad_rows_of(set_name)
    self._check_header(path, table)
    for example in self.read_examples(path, table, set_name, bad_rows):
      try:
        if set_name != "test":
          self.check_label(example)
      except UserError as error:
        bad_rows.add(error)
        continue
      yield example
    bad_rows.log(path)

  def read_examples(self, path: str, table: Table, set_name: str,
                    bad_rows: BadRows) -> Iterator[InputExample]:
    """Yields examples with their source; labels have not been checked."""
    for line, cells in columns.read_rows(
        path, table, type(self).__name__, bad_rows,
        needs_label=set_name != "test"):
      example = self.make_example(set_name, line, cells)
      example.source = Source(path, line)
      yield example

  def bad_rows_of(self, set_name: str, is_logged: bool = True) -> BadRows:
    """Returns how a set's bad rows are handled; in a test set they are errors,
    as its predictions have to match the file row by row."""
    if set_name == "test":
      return BadRows()
    return BadRows(self.bad_rows == "skip", is_logged,
                   ", or give --bad_rows=skip")

  def make_example(self, set_name: str, line: int,
                   cells: columns.Cells) -> InputExample:
    name = line - 1 if cells.guid is None else cells.guid
    label = None if cells.label is None else self.read_label(cells.label)
    text_b = cells.text_b
    if cells.choices is not None:
      text_b = [choice if text_b is None else "%s %s" % (text_b, choice)
                for choice in cells.choices]
    return InputExample("%s-%s" % (set_name, name), cells.text_a, text_b, label)

  def check_label(self, example: InputExample) -> None:
    """Raises UserError unless all labels of an example are the task's.

    Of a task without labels, as regression, the head checks them.
    """
    for name, where in self.names_in(example):
      known = self._label_set()
      if known and name not in known:
        raise UserError("%s: label %r is not one of: %s%s" % (
            where, name, listed(self.get_labels(), _MAX_LABELS, separator=" ",
                                more=" ... and %d more"),
            "" if self.labels is not None else
            "; a labels.txt in data_dir, a label a line, may list more"))

  def has_labels(self, examples: Sequence[InputExample]) -> bool:
    """Returns whether the labels of a test set are all the task's.

    Those of a benchmark, which are kept secret, are not; the log says so.
    """
    for example in examples:
      try:
        if not label_types.is_label(self.head, example.label):
          raise UserError("%s: label %r" % (example.locate(), example.label))
        self.check_label(example)
      except UserError as error:
        if example.label is not None:
          tf.logging.warning("The test set counts as one without labels: %s",
                             error)
        return False
    return True

  def check_new_label(self, name: str, where: str) -> None:
    """Raises UserError unless a text may be a label of an open set."""
    if not name.strip() or set("\t\r\n") & set(name):
      raise UserError("%s: label %r is blank or holds a tab or line end; mend "
                      "or delete the line" % (where, name))

  def names_in(self, example: InputExample) -> Iterator[Tuple[str, str]]:
    """Yields (label, file:line) of all labels that an example has."""
    label = example.label
    for name in [label] if isinstance(label, str) else label or ():
      yield name, example.locate()

  def _check_header(self, path, table):
    """Warns of a header that looks like an example."""
    cell = columns.header_cell(path, table)
    if cell is None:
      return
    try:
      label = label_types.of_head(self.head).parse_cell(cell)
      names = label if isinstance(label, list) else [self._label_of(label)]
      if label_types.has_names(self.head):
        looks_like_one = bool(names) and self._label_set().issuperset(names)
      else:
        looks_like_one = label_types.is_label(self.head, label)
    except UserError:
      return  # Its kind or its labels are not known here.
    if looks_like_one:
      tf.logging.warning(
          "%s: the first row, which is taken for the header, has %r as its "
          "label; if it is an example, put a header above it, or say "
          '"header": false in table.json', path, cell)

  def _is_extended(self):
    """Whether a class outside of this package overrides how sets are read."""
    return any(
        getattr(type(self), name).__module__.split(".")[0] != "processors"
        for name in ("read", "get_train_examples", "get_dev_examples",
                     "get_test_examples"))

  def _label_of(self, text):
    return self.label_aliases.get(text.strip(), text.strip())

  def _train_labels(self):
    folder = self.data_dir or ""
    table = columns.first_there(folder, self.train)
    if table is None:
      raise UserError("%s: no such file, nor %s to take the labels from; write "
                      "them into it, a label a line" % (
                          os.path.join(folder, "labels.txt"), " ".join(
                              each.path for each
                              in columns.alternatives(self.train))))
    labels = set()
    bad_rows = self.bad_rows_of("train", is_logged=False)
    for example in self.read_examples(os.path.join(folder, table.path), table,
                                      "train", bad_rows):
      try:
        names = set()
        for name, where in self.names_in(example):
          if name not in labels:
            self.check_new_label(name, where)
            names.add(name)
        labels |= names
      except UserError as error:
        bad_rows.add(error)
      if len(labels) > _MAX_OPEN_LABELS:
        raise UserError("%s: over %d labels so far; is this the right column? "
                        "If so, write them into labels.txt, a label a line" %
                        (example.locate(), _MAX_OPEN_LABELS))
    if not labels:
      raise UserError("%s: no row has a label" % os.path.join(folder,
                                                              table.path))
    return self.sort_labels(labels)

  def _label_set(self):
    if self._known_labels is None:
      self._known_labels = frozenset(self.get_labels())
    return self._known_labels


def _without_label(example):
  example.label = None
  return example
