"""From the logits of a context's windows to the answers, and back from JSON."""

import json
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert.data import contexts
from bert.data.examples import InputExample
from bert.data.span_reader import Passage
from bert.data.span_reader import SpanReader
from bert.evaluation import answer_text
from bert.evaluation import answers
from bert.evaluation.answers import Answer
from bert.evaluation.answers import Answers
from bert.evaluation.answers import TextSpan
from bert.options.finetuning import SpanOptions

Logits = Tuple[np.ndarray, np.ndarray]


class AnswerFinder:
  """Finds the answers to questions."""

  def __init__(self, reader: SpanReader, span: SpanOptions):
    """Takes what the records were made by, and the user's settings."""
    self._reader = reader
    self._span = span
    self._settings = answers.AnswerSettings(
        span.n_best_size, span.max_answer_length, span.version_2_with_negative,
        span.null_score_diff_threshold)

  def find(self, example: InputExample, windows: Sequence[Logits]) -> Answers:
    """Returns the answers to a question.

    Args:
      example: question and context.
      windows: logits of starts and of ends for each window of the context.
    """
    passage = self._reader.read(example.text_a, example.text_b)
    return answers.choose(
        [self._window(passage, number, *logits)
         for number, logits in enumerate(windows)],
        self._settings, lambda candidate: self._text_of(passage, candidate))

  def _window(self, passage, number, start_logits, end_logits):
    if self._span.mask_outside_context:  # As long as the longest of a batch.
      length = passage.num_tokens(number)
      start_logits, end_logits = start_logits[:length], end_logits[:length]
    return answers.WindowLogits(start_logits, end_logits, passage.offset,
                                passage.is_best(number),
                                passage.no_answer(number))

  def _text_of(self, passage: Passage, candidate):
    pieces, context = passage.pieces, passage.context
    first, last = [passage.piece_at(candidate.window, place)
                   for place in (candidate.start, candidate.end)]
    first_word, last_word = pieces.words[first], pieces.words[last]
    is_joined = self._span.context_tokens == "whitespace"
    if is_joined:
      original = " ".join(context.words[first_word:last_word + 1])
    else:
      original = passage.text[context.starts[first_word]:
                              context.end_of(last_word)]
    parts = answer_text.find(
        answer_text.of_pieces(pieces.tokens[first:last + 1]), original,
        self._reader.tokenizer.basic_tokenizer,
        pieces.tokens[pieces.first[first_word]:first],
        tf.logging.info if self._span.verbose_logging else None)
    begin, end = parts.chosen
    if begin == end:
      return TextSpan("")
    if is_joined:
      # The text is the reference release's, which may differ in capitals.
      return TextSpan(original[slice(*parts.first)],
                      context.position_of(first_word, begin),
                      context.position_of(first_word, end - 1) + 1)
    return TextSpan(original[begin:end], context.starts[first_word] + begin,
                    context.starts[first_word] + end)


def encode(found: Answers) -> bytes:
  """Returns answers as JSON."""
  return json.dumps(found).encode("ascii")


def decode(encoded: bytes) -> Answers:
  """Returns the answers that encode has made JSON of; zeros may follow it."""
  best, each, null_odds = json.loads(bytes(encoded).rstrip(b"\0").decode())
  return Answers(best, [Answer(*values) for values in each], null_odds)


def warn_of_paragraphs(texts: Sequence[str], span: SpanOptions) -> None:
  """Warns of answers that are whole Chinese paragraphs, as the part that was
  chosen could not be cut out.

  Args:
    texts: the answers to the questions of a dataset.
    span: the user's settings.
  """
  if span.context_tokens != "whitespace":
    return
  # A Chinese character is at least one token.
  num_whole = sum(contexts.num_ideographs(each) > span.max_answer_length
                  for each in texts)
  if num_whole:
    tf.logging.warning(
        "%d of %d answers are whole Chinese paragraphs, longer than "
        "--max_answer_length=%d: their texts hold unknown characters or "
        "accents; train with --context_tokens=character", num_whole,
        len(texts), span.max_answer_length)


def to_objects(found: Answers, context: str) -> List[Dict[str, Any]]:
  """Returns a JSON object for each answer, the predicted one first.

  "start" and "end" are offsets in the context, in characters, and the answer
  is the text between them; null: it is not in the context.
  """
  best = [answer for answer in found.all if answer.text == found.best]
  others = [answer for answer in found.all if answer.text != found.best]
  return [{"answer": answer.as_in(context), "score": answer.probability,
           "start": answer.begin if answer.begin >= 0 else None,
           "end": answer.end if answer.end >= 0 else None}
          for answer in best[:1] + others]
