"""All that a head is made from."""

import dataclasses
from typing import Any, Dict, Optional, Sequence, Tuple

from bert.data import layouts
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions


@dataclasses.dataclass(frozen=True)
class TaskSpec:
  """A task and the user's settings, as its head needs them.

  Attributes:
    labels: of the task, in order.
    settings, span: the user's.
    label_range: least and greatest label of a task of numbers; None: unknown.
    class_weights: a factor for each label in training; None: all are 1.
    text_facts: what Head.text_facts returns for the texts that the model was
      trained on, by name; without it, nothing is known of them.
    layout: where the encoder has special tokens.
  """
  labels: Sequence[str] = ()
  settings: HeadOptions = HeadOptions()
  span: SpanOptions = SpanOptions()
  label_range: Optional[Tuple[float, float]] = None
  class_weights: Optional[Sequence[float]] = None
  text_facts: Dict[str, Any] = dataclasses.field(default_factory=dict)
  layout: layouts.Layout = layouts.BERT

  @property
  def has_pairs(self) -> Optional[bool]:
    """Whether the model was trained on pairs of texts; None: unknown."""
    return self.text_facts.get("has_pairs")
