"""Converts labels and examples of any processor to the program's types.

Those written for the reference release hand over whatever their readers gave
them: labels that are numbers, of NumPy too, examples of a class of their own.
"""

import collections.abc
from typing import Dict, Iterable, List, Optional, Sequence

import numpy as np

from bert.common.errors import MissingError
from bert.common.errors import UserError
from bert.data import example_store
from bert.data import label_types
from bert.data.examples import InputExample
from processors.base import DataProcessor


class ProcessorAdapter:
  """A processor whose labels are str, and whose examples are InputExamples.

  Has the attributes of DataProcessor, without being one.
  """

  def __init__(self, processor):
    self.processor = processor
    self.head = getattr(processor, "head", DataProcessor.head)
    self.metrics = getattr(processor, "metrics", DataProcessor.metrics)
    self.declared_in = getattr(processor, "declared_in", None)
    self.label_range = getattr(processor, "label_range", None)
    self._train_examples = None  # type: Optional[Sequence[InputExample]]

  def get_labels(self) -> List[str]:
    """Returns the labels in order; of a task with numbers, none but those that
    the processor gives, for an error.

    Raises:
      UserError: one of them is None or NaN.
    """
    if not label_types.has_names(self.head):
      read = getattr(self.processor, "get_labels", list)
      return [str(label) for label in read() or () if label is not None]
    labels = self._labels()
    if not labels:
      # Some processors find their labels while they read examples.
      self._train_examples = self.get_train_examples(self.processor.data_dir)
      labels = self._labels()
    return labels

  def get_train_examples(self, data_dir: str) -> Sequence[InputExample]:
    """Returns the training set; raises UserError for what is no example."""
    examples, self._train_examples = self._train_examples, None
    return examples or self._read("get_train_examples", data_dir)

  def get_dev_examples(self, data_dir: str) -> Sequence[InputExample]:
    """Returns the set that --do_eval scores; raises UserError as above."""
    return self._read("get_dev_examples", data_dir)

  def get_test_examples(self, data_dir: str) -> Sequence[InputExample]:
    """Returns the set that --do_predict reads; raises UserError as above."""
    return self._read("get_test_examples", data_dir)

  def prediction_files(self, examples: Sequence[InputExample],
                       predictions: Iterable) -> Dict[str, Iterable[str]]:
    """Returns file name -> lines, as DataProcessor does."""
    write = getattr(self.processor, "prediction_files", None)
    return write(examples, predictions) if write else {}

  def _labels(self):
    labels = _call(self.processor, "get_labels")
    if isinstance(labels, (set, frozenset)):  # Else another order each run.
      labels = sorted(labels, key=str)
    names = [label_types.to_name(label) for label in labels]
    if None in names:
      raise UserError("get_labels() of %s returned %r, which is no name, among "
                      "its labels" % (_name(self.processor),
                                      list(labels)[names.index(None)]))
    return names

  def _read(self, method, data_dir):
    examples = _call(self.processor, method, data_dir)
    if isinstance(examples, example_store.StoredExamples):
      return examples  # A processor of this package made them.
    converted = self._convert(examples, method)
    # What is a list has its memory already, and elements that may change.
    return (list(converted) if isinstance(examples, list) else
            example_store.collect(converted))

  def _convert(self, examples, method):
    for example in examples:
      if not hasattr(example, "text_a"):
        raise UserError("%s() of %s: %r is no InputExample" % (
            method, _name(self.processor), example))
      yield to_example(example, self.head)


def to_example(example, head: str) -> InputExample:
  """Returns an InputExample whose texts and label are of the types it should
  have: the same where they are, else another.

  Args:
    example: what has its attributes.
    head: kind of the head that takes the label.

  Raises:
    UserError: a text is not one.
  """
  guid, text_a, text_b, label, source = [
      getattr(example, name, None)
      for name in ("guid", "text_a", "text_b", "label", "source")]
  guid = str(guid)
  values = [guid, _to_text(text_a, guid, "text_a"),
            _to_text(text_b, guid, "text_b"), label_types.to_label(head, label)]
  if isinstance(example, InputExample) and all(
      new is old for new, old in zip(values, (
          example.guid, text_a, text_b, label))):
    return example
  return InputExample(*values, source)


def _call(processor, method, *args):
  try:
    result = getattr(processor, method, _not_there)(*args)
  except NotImplementedError:
    raise MissingError("%s has no method %s, which this run needs" % (
        _name(processor), method))
  if isinstance(result, (str, bytes)) or (
      not isinstance(result, collections.abc.Iterable)):
    raise UserError("%s() of %s returned %r; a list is needed" % (
        method, _name(processor), result))
  return result


def _not_there(*unused):
  del unused
  raise NotImplementedError()


def _name(processor):
  return type(processor).__name__


def _to_text(text, guid, name):
  """Returns a str or a list of str; None for no second text."""
  if text is None and name == "text_b":
    return None
  if type(text) is list and all(type(word) is str for word in text):
    return text
  if isinstance(text, (list, tuple, np.ndarray)):
    return [_to_text(word, guid, name) for word in text]
  if isinstance(text, bytes):  # As tokenization.convert_to_unicode does.
    return text.decode("utf-8", "ignore")
  if not isinstance(text, str):
    raise UserError(
        "example %s: %s is %r, of type %s; it must be text (an empty cell that "
        "pandas read is nan: read with keep_default_na=False)" % (
            guid, name, text, type(text).__name__))
  return text
