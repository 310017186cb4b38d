"""The kinds of heads by name. A new kind is listed in _HEADS, and that is all.
"""

from typing import Dict, Optional, Sequence, Tuple, Type

from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from bert.data import label_types
from bert.data import layouts
from bert.heads.base import Head
from bert.heads.classification import ClassificationHead
from bert.heads.multi_label import MultiLabelHead
from bert.heads.multiple_choice import MultipleChoiceHead
from bert.heads.regression import RegressionHead
from bert.heads.span import SpanHead
from bert.heads.tagging import TaggingHead
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions

DEFAULT_KIND = ClassificationHead.kind
_HEADS = {}  # type: Dict[str, Type[Head]]


def register(head: Type[Head]) -> Type[Head]:
  """Makes a Head known by its kind; a decorator for heads of a user's own."""
  _HEADS[head.kind] = head
  label_types.register(head.kind, head.label_type)
  return head


for _head in (ClassificationHead, MultiLabelHead, MultipleChoiceHead,
              RegressionHead, SpanHead, TaggingHead):
  register(_head)


def registered() -> Dict[str, Type[Head]]:
  """Returns kind -> class of all heads."""
  return dict(_HEADS)


def class_of(kind: str) -> Type[Head]:
  """Returns the class of a kind; raises UserError if there is none."""
  if kind not in _HEADS:
    raise UserError("head %r is not known%s; heads: %s" % (
        kind, did_you_mean(kind, _HEADS), " ".join(sorted(_HEADS))))
  return _HEADS[kind]


def create(kind: str, labels: Sequence[str],
           settings: HeadOptions = HeadOptions(),
           span: SpanOptions = SpanOptions(),
           label_range: Optional[Tuple[float, float]] = None,
           layout: layouts.Layout = layouts.BERT) -> Head:
  """Returns the head of a kind.

  Args:
    kind: its name.
    labels: of the task, in order.
    settings, span: the user's.
    label_range: least and greatest label of a task of numbers, if known.
    layout: where the encoder has special tokens.

  Raises:
    UserError: no head is of that kind, labels are none or twice there, or a
      setting is not for them.
  """
  head = class_of(kind)(labels, settings)
  head.span = span
  head.label_range = label_range
  head.layout = layout
  head.check()
  return head
