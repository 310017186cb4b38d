"""Types of labels: one name or several, a number, a name per word, answers.

Processors read labels by their type, metrics score predictions of one type, and
each kind of head declares its own.
"""

import math
import numbers
from typing import List, Optional, Sequence, Union

import numpy as np

from bert.common.registry import Registry


# Keys of table.json that only some types of labels have.
_SPECIAL_KEYS = ("labels", "label_separator", "label_range", "choices")


class LabelType:
  """Labels of one type.

  Attributes:
    name: in files.
    description: for errors, as in "a task with ...".
    has_names: whether the labels are names out of a list.
    needed_keys: keys of table.json without which there are no such labels.
    unfit_keys: keys of table.json that such labels do not have.
    is_array: whether the labels of a dataset are an array of numbers, in which
      names are encoded as their numbers; else a list.
  """

  def __init__(self, name: str, description: str, *, has_names: bool = True,
               is_array: bool = True, needed_keys: Sequence[str] = (),
               fit_keys: Sequence[str] = ("labels",)):
    """Takes the attributes; fit_keys are the _SPECIAL_KEYS that such labels
    have."""
    self.name = name
    self.is_array = is_array
    self.description = description
    self.has_names = has_names
    self.needed_keys = tuple(needed_keys)
    self.unfit_keys = tuple(key for key in _SPECIAL_KEYS if key not in fit_keys)

  def parse_cell(self, text: str,
                 separator: Optional[str] = None) -> Union[str, List[str]]:
    """Returns the label in a cell of a table."""
    del separator
    return text

  def is_label(self, label) -> bool:
    """Whether an example's label, names aside, is of this type."""
    return label is not None


class _Number(LabelType):
  """A number."""

  def is_label(self, label):
    try:
      return math.isfinite(float(label))
    except (TypeError, ValueError):
      return False


class _LabelSet(LabelType):
  """Any number of names, between separators; None: white space."""

  def parse_cell(self, text, separator=None):
    names = [name.strip() for name in text.split(separator)]
    return [name for name in names if name]


class _Answers(LabelType):
  """Texts that occur in a context; none: a question without an answer."""

  def parse_cell(self, text, separator=None):
    texts = text.split(separator) if separator else [text]
    return [answer.strip() for answer in texts if answer.strip()]


CLASS = LabelType("class", "one label per text")
LABEL_SET = _LabelSet("label_set", "any number of labels per text",
                      fit_keys=("labels", "label_separator"))
NUMBER = _Number("number", "a number per text", has_names=False,
                 fit_keys=("label_range",))
TAGS = LabelType("tags", "a label per word", is_array=False)
ANSWERS = _Answers("answers", "answers out of a context", has_names=False,
                   is_array=False, needed_keys=("text_b",),
                   fit_keys=("label_separator",))
CHOICE = LabelType("choice", "one of several choices",
                   needed_keys=("choices",), fit_keys=("labels", "choices"))
BY_NAME = {label_type.name: label_type for label_type in (
    CLASS, LABEL_SET, NUMBER, TAGS, ANSWERS, CHOICE)}

# Kind of head -> its class, which has a label_type. bert.heads.registry fills
# it; it is here for processors, which may not import heads.
HEADS = Registry("head")


def kinds() -> List[str]:
  """Returns the names of all kinds of head."""
  return sorted(HEADS)


def is_label(kind: str, label) -> bool:
  """Whether a label is of the type of a kind of head, names aside; of a kind
  that is not registered, whether there is one."""
  return _type_of(kind).is_label(label)


def has_names(kind: str) -> bool:
  """Whether labels of a kind of head are names; of a kind that is not
  registered, True."""
  return _type_of(kind).has_names


def to_label(kind: str, label):
  """Returns an example's label with str for each name in it, whatever types a
  processor gave; None for what is no label, as NaN."""
  if not has_names(kind):
    return to_name(label) if isinstance(label, bytes) else label
  if isinstance(label, (list, tuple, set, frozenset)) or (
      isinstance(label, np.ndarray) and label.ndim):
    return [to_name(name) for name in label]
  return to_name(label)


def to_name(value) -> Optional[str]:
  """Returns a label as a str without white space around it, None for None and
  NaN: "1" for 1 and NumPy's 1, the text of UTF-8 bytes."""
  if value is None or isinstance(value, numbers.Real) and value != value:
    return None
  if isinstance(value, bytes):
    value = value.decode("utf-8", "replace")
  return str(value).strip()


def of_head(kind: str) -> LabelType:
  """Returns the label type of a kind of head.

  Raises:
    UserError: no head is of that kind.
  """
  return HEADS.find(kind).label_type


def _type_of(kind):
  return HEADS[kind].label_type if kind in HEADS else CLASS
