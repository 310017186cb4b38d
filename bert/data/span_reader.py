"""Questions and contexts as ids, in windows, with the answers' positions."""

import typing
from typing import List, Optional, Sequence, Tuple

from bert.common.errors import UserError
from bert.data import contexts
from bert.data import layouts
from bert.data.contexts import Context
from bert.data.contexts import Pieces
from bert.data.contexts import Span
from bert.data.examples import Annotation

_SPLITS = {"whitespace": contexts.split,
           "character": contexts.split_characters}


class SpanSettings(typing.NamedTuple):
  """How contexts are read; named as the flags.

  Attributes:
    max_seq_length: tokens of a question and a window, special ones included.
    doc_stride: tokens from one window's start to the next one's.
    max_query_length: tokens of a question that are read.
    context_tokens: whitespace or character: what a word of a context is.
  """
  max_seq_length: int
  doc_stride: int = 128
  max_query_length: int = 64
  context_tokens: str = "whitespace"


class Passage(typing.NamedTuple):
  """A question with its context, ready to be read.

  Attributes:
    question: its word pieces that are read.
    num_truncated: word pieces of the question that are not read.
    text: of the context.
    context: in words.
    pieces: of the context.
    windows: of the pieces.
    best: of each piece, the number of the window that it is scored by.
    layout: where the special tokens are.
  """
  question: List[str]
  num_truncated: int
  text: str
  context: Context
  pieces: Pieces
  windows: List[contexts.Window]
  best: List[int]
  layout: layouts.Layout = layouts.BERT

  @property
  def offset(self) -> int:
    """Index of a window's first piece in the input."""
    return self.layout.context_start(len(self.question))

  def tokens(self, number: int) -> List[str]:
    """Returns the tokens of a window's input, padding left out."""
    return self.enclosed(number)[0]

  def enclosed(self, number: int) -> Tuple[List[str], List[int]]:
    """Returns these tokens, and their types."""
    start, length = self.windows[number]
    return self.layout.enclose(self.question,
                               self.pieces.tokens[start:start + length])

  def num_tokens(self, number: int) -> int:
    """Returns the number of tokens of a window's input."""
    return (len(self.question) + self.windows[number].length +
            self.layout.num_special(is_pair=True))

  def no_answer(self, number: int) -> int:
    """Returns the index of the token of a window's input that is no answer."""
    return self.layout.pooled_index(self.num_tokens(number))

  def words_of(self, number: int) -> List[int]:
    """Returns for each piece of a window the number of its word."""
    start, length = self.windows[number]
    return self.pieces.words[start:start + length]

  def is_best(self, number: int) -> List[bool]:
    """Returns for each piece of a window whether it is scored by it."""
    start, length = self.windows[number]
    return [window == number for window in self.best[start:start + length]]

  def input_span(self, number: int, span: Optional[Span]) -> Span:
    """Returns the positions of an answer in a window's input: the token that is
    no answer twice, if there is none or the window does not have all of it.

    Args:
      number: of the window.
      span: of the context's pieces.
    """
    start, length = self.windows[number]
    if span is None or span.start < start or span.end >= start + length:
      return Span(*[self.no_answer(number)] * 2)
    shift = self.offset - start
    return Span(span.start + shift, span.end + shift)

  def piece_at(self, number: int, position: int) -> int:
    """Returns the index in the context of the piece at an input position."""
    return position - self.offset + self.windows[number].start


class SpanReader:
  """Makes Passages; needs no TensorFlow, so that forks may use it."""

  def __init__(self, tokenizer, settings: SpanSettings,
               layout: layouts.Layout = layouts.BERT):
    """Takes a FullTokenizer, or what has its methods, the settings, and where
    the special tokens are."""
    self.tokenizer = tokenizer
    self.settings = settings
    self.layout = layout
    self._last = (None, None)  # A context and its words and pieces.

  def read(self, question: str, context: str) -> Passage:
    """Returns a question with its context.

    Raises:
      UserError: no token of the context would be read beside the question.
    """
    return self._to_passage(question, context, *self._read_context(context))

  def read_words(self, question: str, words: Sequence[str]) -> Passage:
    """Returns a question with a context that is in words already, without
    their positions in a text; raises UserError as read does."""
    key = tuple(words)
    if self._last[0] != key:
      self._last = (key, (Context(list(words), []), contexts.to_pieces(
          words, self.tokenizer.tokenize)))
    return self._to_passage(question, "", *self._last[1])

  def _to_passage(self, question, text, words, pieces):
    settings = self.settings
    tokens = self.tokenizer.tokenize(question)
    query = tokens[:settings.max_query_length]
    num_pieces = len(pieces.tokens)
    capacity = (settings.max_seq_length - len(query) -
                self.layout.num_special(is_pair=True))
    if capacity < 1:
      raise UserError(
          "question %r: its %d tokens leave no room for the context in "
          "--max_seq_length=%d; raise that, or lower --max_query_length" % (
              question, len(query), settings.max_seq_length))
    windows = contexts.windows(num_pieces, capacity, settings.doc_stride)
    return Passage(query, len(tokens) - len(query), text, words, pieces,
                   windows, contexts.best_windows(windows, num_pieces),
                   self.layout)

  def _read_context(self, text):
    # Questions of one context follow each other. Read self._last once: another
    # thread may replace it.
    last = self._last
    if last[0] != text:
      words = self.split(text)
      pieces = contexts.to_pieces(words.words, self.tokenizer.tokenize)
      last = self._last = (text, (words, pieces))
    return last[1]

  def split(self, text: str) -> Context:
    """Returns the words of a context."""
    return _SPLITS[self.settings.context_tokens](text)

  def locate(self, text: str, context: Context,
             annotation: Annotation) -> Optional[int]:
    """Returns where an annotated answer begins, in characters; None where it
    is not found.

    An answer that is not at its annotated position is looked for elsewhere;
    with context_tokens=whitespace only if it has none, as the reference release
    leaves such answers out.

    Args:
      text: of the context.
      context: the same in words.
      annotation: of the answer.
    """
    answer, start = annotation
    if start >= 0 and self.settings.context_tokens == "whitespace":
      words = contexts.find_answer(context, answer, start)
      return start if contexts.holds(context.words, words, answer) else None
    return contexts.nearest(text, answer, start)

  def answer_words(self, text: str, annotation: Annotation) -> str:
    """Returns the words of a context at an answer's annotated position."""
    context = self.split(text)
    start, end = contexts.find_answer(context, annotation.text,
                                      annotation.start)
    return " ".join(context.words[start:end + 1])

  def find_first(self, passage: Passage,
                 annotations: Sequence[Annotation]) -> Optional[Span]:
    """Returns the pieces of the first annotated answer that is found; None if
    none is."""
    for annotation in annotations:
      start = self.locate(passage.text, passage.context, annotation)
      if start is not None:
        words = contexts.find_answer(passage.context, annotation.text, start)
        return contexts.piece_span(passage.pieces, words, annotation.text,
                                   self.tokenizer.tokenize)
    return None

  def is_whole_words(self, text: str, annotation: Annotation) -> bool:
    """Whether an annotated answer is learnt as whole words: it is a part of
    them, but their pieces do not include its own."""
    answer = annotation.text
    start = self.locate(text, self.split(text), annotation)
    if start is None or text.startswith(answer, start) and not any(
        contexts.is_in_run(text, position)
        for position in (start, start + len(answer))):
      return False  # It begins and ends with words: its pieces are theirs.
    context, pieces = self._read_context(text)
    tokens = self.tokenizer.tokenize(answer)
    first, last = contexts.piece_span(
        pieces, contexts.find_answer(context, answer, start), answer,
        self.tokenizer.tokenize)
    return pieces.tokens[first:last + 1] != tokens

  def columns(self, passage: Passage, number: int) -> List[Sequence[int]]:
    """Returns input_ids, input_mask and segment_ids of a window, padded."""
    tokens, segment_ids = passage.enclosed(number)
    padding = [0] * (self.settings.max_seq_length - len(tokens))
    return [list(self.tokenizer.convert_tokens_to_ids(tokens)) + padding,
            [1] * len(tokens) + padding,
            segment_ids + padding]
