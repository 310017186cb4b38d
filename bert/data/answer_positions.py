"""Positions of annotated answers in the contexts of training questions."""

import enum
import itertools
import numbers
from typing import Dict, Iterable, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.data import contexts
from bert.data.contexts import Span
from bert.data.examples import Annotation
from bert.data.examples import InputExample
from bert.data.span_reader import Passage
from bert.data.span_reader import SpanReader

# Questions whose windows are logged, and answers that are not found.
NUM_LOGGED = 20
# unique_id of a dataset's first record, as in the reference release.
FIRST_ID = 1000000000


class Position(enum.Enum):
  """Whether an answer is found at its annotated position, or another."""
  AS_ANNOTATED = 1
  ELSEWHERE = 2
  NOWHERE = 3


def annotations(label) -> List[Annotation]:
  """Returns the Annotations of a label: a list of them, or one alone; each may
  be a text alone, or a number."""
  if isinstance(label, (str, numbers.Real, Annotation)):
    label = [label] if label else []
  return [_to_annotation(answer) for answer in label or ()]


def _to_annotation(answer):
  text, start = answer if isinstance(answer, Annotation) else (
      Annotation(answer))
  is_number = isinstance(text, numbers.Real) and not isinstance(text, bool)
  # NaN, which does not equal itself, is what pandas reads an empty cell as.
  return Annotation(str(text) if is_number and text == text else text, start)


def usable(examples: Iterable[InputExample],
           reader: SpanReader) -> List[InputExample]:
  """Returns the questions that have no answer, or one that is found; the log
  says how many others there are.

  Args:
    examples: of a training set.
    reader: how contexts are split into words.
  """
  kept, counts = [], dict.fromkeys(Position, 0)
  for example in examples:
    position = _locate(example, reader)
    counts[position] += 1
    if position is not Position.NOWHERE:
      kept.append(example)
    elif counts[position] <= NUM_LOGGED:
      _log_missing(example, reader)
  _log(counts)
  return kept


def _locate(example, reader):
  words = None
  for annotation in annotations(example.label):
    words = words or reader.split(example.text_b)
    start = reader.locate(example.text_b, words, annotation)
    if start is not None:
      return (Position.AS_ANNOTATED if start == annotation.start else
              Position.ELSEWHERE)
  return Position.AS_ANNOTATED if words is None else Position.NOWHERE


def _log_missing(example, reader):
  first = annotations(example.label)[0]
  words = reader.answer_words(example.text_b, first)
  tf.logging.warning("Could not find answer: '%s' vs. '%s'", words,
                     " ".join(first.text.split()))


def _log(counts: Dict[Position, int]) -> None:
  if counts[Position.ELSEWHERE]:
    tf.logging.info("%d answers of the training set are not where answer_start "
                    "says; they were found elsewhere in their contexts",
                    counts[Position.ELSEWHERE])
  if counts[Position.NOWHERE]:
    tf.logging.warning("%d of %d questions of the training set are left out: "
                       "their answers were not found in their contexts",
                       counts[Position.NOWHERE], sum(counts.values()))


def warn_of_paragraphs(examples: Sequence[InputExample],
                       reader: SpanReader) -> None:
  """Warns of Chinese contexts that are read as one word.

  Args:
    examples: of a dataset.
    reader: how contexts are split into words.
  """
  if reader.settings.context_tokens != "whitespace":
    return
  num_chinese = num_answers = num_whole = 0
  for example in examples:
    is_chinese = contexts.is_without_blanks(example.text_b)
    num_chinese += is_chinese
    for annotation in annotations(example.label):
      num_answers += 1
      num_whole += is_chinese and reader.is_whole_words(example.text_b,
                                                        annotation)
  if num_chinese:
    tf.logging.warning(
        "%d of %d questions have a context of Chinese without blanks, which is "
        "one word to --context_tokens=whitespace; %d of %d annotated answers "
        "are whole paragraphs to it: train with --context_tokens=character",
        num_chinese, len(examples), num_whole, num_answers)


def log_examples(examples: Sequence[InputExample], reader: SpanReader) -> None:
  """Logs the windows of the first questions, as the reference release does."""
  ids = itertools.count(FIRST_ID)
  for index, example in enumerate(itertools.islice(examples, NUM_LOGGED)):
    passage = reader.read(example.text_a, example.text_b)
    span = reader.find_first(passage, annotations(example.label))
    for number in range(len(passage.windows)):
      log_window(passage, number, reader, {
          "unique_id": next(ids), "example_index": index,
          "doc_span_index": number})
      if example.label is not None:
        log_answer(passage.input_span(number, span),
                   annotations(example.label)[0].text if example.label else
                   None)


def log_window(passage: Passage, number: int, reader: SpanReader,
               names: Dict[str, int]) -> None:
  """Logs a window of a question's context.

  Args:
    passage: the question with its context.
    number: of the window.
    reader: made the passage.
    names: numbers that are logged before it, by name.
  """
  tf.logging.info("*** Example ***")
  positions = range(passage.offset, passage.num_tokens(number) - 1)
  columns = reader.columns(passage, number)
  values = dict(
      names, tokens=" ".join(passage.tokens(number)),
      token_to_orig_map=" ".join("%d:%d" % pair for pair in zip(
          positions, passage.words_of(number))),
      token_is_max_context=" ".join("%d:%s" % pair for pair in zip(
          positions, passage.is_best(number))))
  values.update((name, " ".join(map(str, column))) for name, column in zip(
      ("input_ids", "input_mask", "segment_ids"), columns))
  for name, value in values.items():
    tf.logging.info("%s: %s", name, value)


def log_answer(span: Span, text: Optional[str]) -> None:
  """Logs the positions of an answer in a window; None: there is no answer."""
  if text is None:
    tf.logging.info("impossible example")
    return
  tf.logging.info("start_position: %d", span.start)
  tf.logging.info("end_position: %d", span.end)
  tf.logging.info("answer: %s", text)
