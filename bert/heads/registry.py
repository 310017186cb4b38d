"""The kinds of heads by name; a new kind is registered here."""

import inspect
from typing import Dict, Optional, Sequence, Tuple, Type

from bert.common.errors import UserError
from bert.data import label_types
from bert.data import layouts
from bert.heads.base import Head
from bert.heads.classification import ClassificationHead
from bert.heads.multi_label import MultiLabelHead
from bert.heads.multiple_choice import MultipleChoiceHead
from bert.heads.regression import RegressionHead
from bert.heads.span import SpanHead
from bert.heads.tagging import TaggingHead
from bert.heads.task_spec import TaskSpec
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions

DEFAULT_KIND = ClassificationHead.kind


# Methods of heads under their names of earlier versions -> today's. A head of a
# user's own that still overrides one would silently run without it.
_RENAMED = {"finish": "number_records", "headings": "log_headings",
            "read_as": "with_text_facts", "sizes": "size_lines",
            "usable": "trainable_examples"}


def register(head: Type[Head]) -> Type[Head]:
  """Makes a Head known by its kind; a decorator for heads of a user's own.

  Raises:
    UserError: it was written for an earlier version.
  """
  for old, new in _RENAMED.items():
    if hasattr(head, old):
      raise UserError("head %r: %s of heads is called %s now; rename it" % (
          head.kind, old, new))
  named = [each.name for each in inspect.signature(head).parameters.values()
           if each.kind is each.POSITIONAL_OR_KEYWORD]
  if named not in ([], ["spec"]):
    raise UserError("head %r: __init__ of heads takes one argument now, spec, "
                    "which has labels and settings (bert.heads.task_spec)" %
                    head.kind)
  label_types.HEADS[head.kind] = head
  return head


for _head in (ClassificationHead, MultiLabelHead, MultipleChoiceHead,
              RegressionHead, SpanHead, TaggingHead):
  register(_head)


def registered() -> Dict[str, Type[Head]]:
  """Returns kind -> class of all heads."""
  return dict(label_types.HEADS)


def class_of(kind: str) -> Type[Head]:
  """Returns the class of a kind; raises UserError if there is none."""
  return label_types.HEADS.find(kind)


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
    UserError: no head is of that kind, there are no labels or some twice, or a
      setting is not for them.
  """
  head = class_of(kind)(TaskSpec(labels, settings, span, label_range,
                                 layout=layout))
  head.check()
  return head
