"""Examples: what a processor reads, text with its label."""

import typing
from typing import Any, Iterable, List, Optional, Union

# Text, or its word pieces where it has been tokenized already, or its words.
Text = Union[str, List[str]]


class Source(typing.NamedTuple):
  """Where an example was read: a file, and the number of a line from 1."""
  path: str
  line: int


class InputExample:
  """One text, or pair of texts, with its label.

  Attributes:
    guid: names the example in the log and in test_predictions.tsv.
    text_a: str, or a list of word pieces, which are taken as they are; for
      tagging a list of words.
    text_b: the same, or None; for multiple_choice a list of choices, for span
      the context of the question in text_a.
    label: what the task's head takes: a str, for multi_label a list of str, for
      tagging a str per word, for regression a number, as str or float, for span
      a list of Annotations. None where there is none, as in a test set.
    source: a Source; None if the processor gives none.
  """

  def __init__(self, guid, text_a: Text, text_b: Optional[Text] = None,
               label=None, source: Optional[Source] = None):
    self.guid = guid
    self.text_a = text_a
    self.text_b = text_b
    self.label = label
    self.source = source

  def locate(self) -> str:
    """Returns file:line, or the example's name, for an error."""
    if self.source is None:
      return "example %s" % self.guid
    return "%s:%d" % self.source


def only_label(examples: Iterable[InputExample]):
  """Returns the only label of examples, or the only name in their label sets or
  tags; None if there are several."""
  labels = set()
  for example in examples:
    label = example.label
    labels.update(label if isinstance(label, (list, tuple)) else [label])
    if len(labels) > 1:
      return None
  return labels.pop() if labels else None


class PaddingInputExample:
  """Fills a dataset up to whole batches, which TPUs need; has no weight."""


class Annotation(typing.NamedTuple):
  """An answer as it is annotated.

  Attributes:
    text: of the answer.
    start: where it begins in the context, in characters, which may be wrong;
      -1: not known.
  """
  text: str
  start: int = -1


class TextPair(typing.NamedTuple):
  """Two texts that are read together; of span, a question and its context."""
  text_a: str
  text_b: str


class Choices(typing.NamedTuple):
  """A text, and what may follow it."""
  text_a: str
  choices: List[str]


class Words(list):
  """The words of one text, a str each."""


def is_text(value: Any) -> bool:
  """Whether a value is text that is not blank."""
  return isinstance(value, str) and bool(value.strip())


def whole(text: str) -> str:
  """Returns a text with ? for halves of surrogate pairs (emoji that were cut
  off), which UTF-8 can't encode."""
  return text.encode("utf-8", "replace").decode("utf-8")


# Inputs of a trained model.
TextInput = Union[str, TextPair, Words, Choices]
