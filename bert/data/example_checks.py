"""Checks of a whole dataset: repeated ids, columns that look mistaken.

Heads check each example; these checks need all of them.
"""

import array
import collections
from typing import Dict, Iterable, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.common.errors import listed
from bert.data.examples import InputExample

# Ids that a warning lists.
_MAX_IDS = 3
# Smaller training sets say too little about their columns.
_MIN_EXAMPLES = 10
# Labels that usually mean that there is none, in lower case.
_PLACEHOLDERS = frozenset((
    "-", "--", "_", "?", ".", "*", "/", "n/a", "na", "#n/a", "nan", "null",
    "none", "nil", "<na>", "undefined", "unlabeled", "unlabelled", "tbd"))
_ORDER = ("files name examples by them, one after the other in the order of "
          "the rows")


class IdCheck:
  """Finds ids that several examples have; 8 bytes an example."""

  def __init__(self):
    self._hashes = array.array("q")

  def add(self, name) -> None:
    self._hashes.append(hash(name))

  def repeated(self, names: Iterable) -> Dict[object, List[int]]:
    """Returns id -> indices, of the ids that several examples have.

    Args:
      names: all that were added, in the same order; only hashes are stored.
    """
    values, counts = np.unique(np.frombuffer(self._hashes, np.int64)
                               if self._hashes else [], return_counts=True)
    suspects = set(values[counts > 1].tolist())
    if not suspects:
      return {}
    found = collections.OrderedDict()
    for index, name in enumerate(names):
      if hash(name) in suspects:
        found.setdefault(name, []).append(index)
    return {name: indices for name, indices in found.items()
            if len(indices) > 1}


def check_ids(ids: IdCheck, examples: Sequence[InputExample], name: str,
              files: Sequence[str] = ()) -> None:
  """Looks for examples with the same guid.

  Args:
    ids: to which all examples' guids were added.
    examples: the dataset.
    name: of it, for the log.
    files: written as guid -> result, where one of two would be lost; without
      any, results are in the order of the examples, and a warning is enough.

  Raises:
    UserError: two examples have the same id, and there are such files.
  """
  repeated = ids.repeated(example.guid for example in examples)
  if not repeated:
    return
  if files:
    first, second, *_ = next(iter(repeated.values()))
    raise UserError(
        "%s set: %s and %s have the same id %s; %s names results by it, of "
        "which one would be lost; give each an id of its own" % (
            name, _name_of(examples, first), _name_of(examples, second),
            listed(list(repeated), 1, show=repr,
                   more=" (as have those of %d more ids)"),
            " ".join(files)))
  warn_of_ids(repeated, "%s set" % name, lambda index: _name_of(
      examples, index))


def warn_of_ids(repeated: Dict[object, List[int]], where: str,
                name_of=lambda index: "example %d" % (index + 1)) -> None:
  """Warns of ids that several examples have, if there are any.

  Args:
    repeated: from IdCheck.
    where: what they are the ids of, for the log.
    name_of: index -> what an example is called.
  """
  if not repeated:
    return

  def show(entry):
    return "%r (%s)" % (entry[0], listed(entry[1], 2, show=name_of))

  tf.logging.warning(
      "%s: %d ids are those of several examples, of %d together: %s; %s",
      where, len(repeated), sum(map(len, repeated.values())),
      listed(list(repeated.items()), _MAX_IDS, show=show), _ORDER)


def _name_of(examples, index):
  example = examples[index]
  return "example %d" % (index + 1) if example.source is None else (
      example.locate())


class ColumnCheck:
  """Counts a training set's labels and texts, and warns of what looks like the
  wrong column."""

  def __init__(self):
    self._labels = collections.Counter()
    self._texts = array.array("q")
    self._first = None
    self._is_running = True

  def add(self, example: InputExample) -> None:
    """Counts an example."""
    label = example.label
    self._labels.update(label if isinstance(label, list) else [label])
    if isinstance(example.text_a, str):
      self._is_running = self._is_running and _is_next(
          example.text_a, self._first, len(self._texts))
      text_b = example.text_b
      self._texts.append(hash((example.text_a, text_b if isinstance(
          text_b, str) else tuple(text_b or ()))))
    self._first = self._first or example

  def warn(self) -> None:
    """Warns of columns that look mistaken; not for texts that are lists of
    words, nor for small sets."""
    if len(self._texts) < _MIN_EXAMPLES:
      return
    num_texts = len(np.unique(np.frombuffer(self._texts, np.int64)))
    if self._is_running:
      tf.logging.warning(
          "All %d texts of the training set are running numbers, from %r on; "
          "is this the right column?", len(self._texts), self._first.text_a)
    elif num_texts * 10 <= len(self._texts):
      tf.logging.warning(
          "The %d examples of the training set have only %d different texts; "
          "is this the right column?", len(self._texts), num_texts)
    self._warn_of_labels(num_texts)

  def warn_of_placeholders(self) -> None:
    """Names labels that look as if they stood for none."""
    found = ["%r (%d)" % (label, count)
             for label, count in sorted(self._labels.items(), key=str)
             if isinstance(label, str) and label.lower() in _PLACEHOLDERS]
    if found:
      tf.logging.warning(
          "Of %d labels of the training set's examples, some look as if they "
          "stood for none, and are learnt like the others: %s; to leave these "
          "rows out, list the other labels (labels.txt, or \"labels\" in "
          "table.json) and give --bad_rows=skip",
          sum(self._labels.values()), ", ".join(found))

  def _warn_of_labels(self, num_texts):
    total, num_labels = sum(self._labels.values()), len(self._labels)
    if 2 * num_labels > total:
      tf.logging.warning(
          "The training set has %d different labels in %d examples, fewer than "
          "two examples each%s; is this the right column?", num_labels,
          len(self._texts),
          ", and only %d different texts: text and label look swapped" %
          num_texts if num_texts < num_labels else "")
      return
    label = self._first.label
    source = self._first.source
    if isinstance(label, str) and self._labels[label] == 1 < num_labels and (
        min(count for name, count in self._labels.items() if name != label) > 1
    ) and (source is None or source.line == 1):
      tf.logging.warning(
          "%s: label %r is that of the first row alone; is this row a header?",
          self._first.locate(), label)


def _is_next(text, first, index):
  """Whether a text is the number that follows those before it."""
  try:
    return int(text) == index + int(first.text_a if first else text)
  except ValueError:
    return False
