"""What a label is: one name, any number of them, a number, or a name per word.

Processors read labels by their type, metrics score predictions of one type, and
each kind of head declares its own.
"""

import math
import numbers
from typing import List, Optional, Sequence, Union

import numpy as np

from bert.common.errors import UserError
from bert.common.errors import did_you_mean


class LabelType:
  """Labels of one type.

  Attributes:
    description: for errors, as in "a task with ...".
    has_names: whether the labels are names out of a list.
    unfit_keys: keys of table.json that mean nothing for such labels.
  """

  def __init__(self, description: str, has_names: bool = True,
               unfit_keys: Sequence[str] = ("label_separator",)):
    self.description = description
    self.has_names = has_names
    self.unfit_keys = tuple(unfit_keys)

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


CLASS = LabelType("one label per text")
LABEL_SET = _LabelSet("any number of labels per text", unfit_keys=())
NUMBER = _Number("a number per text", has_names=False,
                 unfit_keys=("labels", "label_separator"))
TAGS = LabelType("a label per word")

_TYPES = {}


def register(kind: str, label_type: LabelType) -> None:
  """Makes the label type of a kind of head known by its name."""
  _TYPES[kind] = label_type


def kinds() -> List[str]:
  """Returns the names of all kinds of head."""
  return sorted(_TYPES)


def is_label(kind: str, label) -> bool:
  """Whether a label is of the type of a kind of head, names aside; of a kind
  that is not registered, whether there is one."""
  return _TYPES.get(kind, CLASS).is_label(label)


def has_names(kind: str) -> bool:
  """Whether labels of a kind of head are names; of a kind that is not
  registered, True."""
  return _TYPES.get(kind, CLASS).has_names


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
  if kind not in _TYPES:
    raise UserError("head %r is not known%s; heads: %s" % (
        kind, did_you_mean(kind, _TYPES), " ".join(sorted(_TYPES))))
  return _TYPES[kind]
