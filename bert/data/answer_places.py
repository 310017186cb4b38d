"""Where the annotated answers of training questions stand in their contexts."""

import enum
import itertools
from typing import Dict, Iterable, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.data.contexts import Span
from bert.data.examples import Annotation
from bert.data.examples import InputExample
from bert.data.span_reader import Passage
from bert.data.span_reader import SpanReader

# Questions whose windows are logged, and answers that are not found.
NUM_LOGGED = 20
# Number of a dataset's first record, as of the reference release.
FIRST_ID = 1000000000


class Place(enum.Enum):
  """Where an answer is found, of those that a question has."""
  AS_ANNOTATED = 1
  ELSEWHERE = 2
  NOWHERE = 3


def annotations(label) -> List[Annotation]:
  """Returns the Annotations of a label, whose answers may be texts alone."""
  return [each if isinstance(each, Annotation) else Annotation(each)
          for each in label or ()]


def usable(examples: Iterable[InputExample],
           reader: SpanReader) -> List[InputExample]:
  """Returns the questions that have no answer, or one that is found; the log
  says how many others there are.

  Args:
    examples: of a training set.
    reader: how contexts are split into words.
  """
  kept, counts = [], dict.fromkeys(Place, 0)
  for example in examples:
    place = _locate(example, reader)
    counts[place] += 1
    if place is not Place.NOWHERE:
      kept.append(example)
    elif counts[place] <= NUM_LOGGED:
      _log_missing(example, reader)
  _log(counts)
  return kept


def _locate(example, reader):
  words = None
  for each in annotations(example.label):
    words = words or reader.split(example.text_b)
    start = reader.locate(example.text_b, words, each)
    if start is not None:
      return Place.AS_ANNOTATED if start == each.start else Place.ELSEWHERE
  return Place.AS_ANNOTATED if words is None else Place.NOWHERE


def _log_missing(example, reader):
  first = annotations(example.label)[0]
  words = reader.answer_words(example.text_b, first)
  tf.logging.warning("Could not find answer: '%s' vs. '%s'", words,
                     " ".join(first.text.split()))


def _log(counts: Dict[Place, int]) -> None:
  if counts[Place.ELSEWHERE]:
    tf.logging.info("%d answers of the training set are not where answer_start "
                    "says; they were found elsewhere in their contexts",
                    counts[Place.ELSEWHERE])
  if counts[Place.NOWHERE]:
    tf.logging.warning("%d of %d questions of the training set are left out: "
                       "their answers were not found in their contexts",
                       counts[Place.NOWHERE], sum(counts.values()))


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
        log_answer(passage.place(number, span),
                   annotations(example.label)[0].text if example.label else
                   None)


def log_window(passage: Passage, number: int, reader: SpanReader,
               names: Dict[str, int]) -> None:
  """Logs a window of a question's context.

  Args:
    passage: the question with its context.
    number: of the window.
    reader: what the passage was made by.
    names: what stands before it in the log, by name.
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


def log_answer(place: Span, text: Optional[str]) -> None:
  """Logs where an answer stands in a window; None: there is none."""
  if text is None:
    tf.logging.info("impossible example")
    return
  tf.logging.info("start_position: %d", place.start)
  tf.logging.info("end_position: %d", place.end)
  tf.logging.info("answer: %s", text)
