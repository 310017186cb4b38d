"""Contexts of questions: their words and pieces, answers in them, windows.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 4.2.
"""

import bisect
import re
import typing
from typing import Callable, List, Optional, Sequence

from bert import tokenization

# White space that is not in this list is part of a word.
_WORD = re.compile("[^ \t\r\n\u202f]+")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# Chinese text that is split into words has about two in each.
_MAX_IDEOGRAPHS = 5

Tokenize = Callable[[str], List[str]]


class Context(typing.NamedTuple):
  """A text in words.

  Attributes:
    words: str each.
    starts: index of the first character of each in the text.
  """
  words: List[str]
  starts: List[int]

  def word_at(self, position: int) -> int:
    """Returns the number of the word that a character is in, or of the one
    before a character between words; -1 before the first."""
    return bisect.bisect_right(self.starts, position) - 1

  def end_of(self, number: int) -> int:
    """Returns the position in the text after a word."""
    return self.starts[number] + len(self.words[number])

  def position_of(self, first: int, offset: int) -> int:
    """Returns the position in the text of a character of joined words.

    Args:
      first: number of the first word.
      offset: of the character in that word and those after it, joined with
        spaces; it is not one of these spaces.
    """
    while offset > len(self.words[first]):
      offset -= len(self.words[first]) + 1
      first += 1
    return self.starts[first] + offset


def split(text: str) -> Context:
  """Returns the words between white space."""
  matches = list(_WORD.finditer(text))
  return Context([match.group() for match in matches],
                 [match.start() for match in matches])


def num_ideographs(text: str) -> int:
  """Returns the number of Chinese characters of a text."""
  return len(_IDEOGRAPH.findall(text))


def is_without_blanks(text: str) -> bool:
  """Whether a text is Chinese that no blanks split into words."""
  most = _MAX_IDEOGRAPHS * len(text.split())
  return len(text) > most and num_ideographs(text) > most


def is_in_run(text: str, position: int) -> bool:
  """Whether split_characters keeps the characters before and at a position in
  one word."""
  return 0 < position < len(text) and not any(
      char.isspace() or _is_single(char)
      for char in text[position - 1:position + 1])


def split_characters(text: str) -> Context:
  """Returns each ideograph, mark and control character as a word of its own,
  and the runs of others between them and white space, as of Latin letters."""
  starts, ends = [], []
  is_open = False
  for position, char in enumerate(text):
    is_single = _is_single(char)
    if char.isspace():
      is_open = False
    elif is_open and not is_single:
      ends[-1] = position + 1
    else:
      starts.append(position)
      ends.append(position + 1)
      is_open = not is_single
  return Context([text[start:end] for start, end in zip(starts, ends)], starts)


def _is_single(char):
  # pylint: disable=protected-access
  return (tokenization._is_punctuation(char) or
          tokenization._is_control(char) or is_ideograph(char))


def is_ideograph(char: str) -> bool:
  """Whether a character is a Chinese one, by the tokenizer's rule."""
  # pylint: disable=protected-access
  return _BASIC._is_chinese_char(ord(char))


_BASIC = tokenization.BasicTokenizer(do_lower_case=False)


class Pieces(typing.NamedTuple):
  """The word pieces of a context.

  Attributes:
    tokens: str each.
    words: of each piece, the number of its word.
    first: of each word, the number of its first piece; of one that has none,
      that of the next word's.
  """
  tokens: List[str]
  words: List[int]
  first: List[int]


def to_pieces(words: Sequence[str], tokenize: Tokenize) -> Pieces:
  """Returns the pieces of words, each of which is tokenized by itself."""
  pieces = Pieces([], [], [])
  for number, word in enumerate(words):
    pieces.first.append(len(pieces.tokens))
    tokens = tokenize(word)
    pieces.tokens.extend(tokens)
    pieces.words.extend([number] * len(tokens))
  return pieces


class Span(typing.NamedTuple):
  """Indices of words, or of pieces; the end is included."""
  start: int
  end: int


def find_answer(context: Context, answer: str, start: int) -> Span:
  """Returns the words that an annotated answer is in.

  Args:
    context: in words.
    answer: text.
    start: index of its first character, as annotated.
  """
  return Span(context.word_at(start), context.word_at(start + len(answer) - 1))


def holds(words: Sequence[str], span: Span, answer: str) -> bool:
  """Whether words of a context have an answer in them, but for white space."""
  return " ".join(answer.split()) in " ".join(words[span.start:span.end + 1])


def nearest(text: str, answer: str, start: int) -> Optional[int]:
  """Returns the index where an answer occurs in a text, nearest to where it
  was annotated, the first of two; None if it does not occur.

  Args:
    text: of the context.
    answer: text.
    start: index as annotated; -1: not known.
  """
  if not answer:
    return None
  if start < 0:
    found = text.find(answer)
    return None if found < 0 else found
  before = text.rfind(answer, 0, start + len(answer))
  after = text.find(answer, start)
  positions = [position for position in (before, after) if position >= 0]
  return min(positions, default=None,
             key=lambda position: abs(position - start))


def piece_span(pieces: Pieces, span: Span, answer: str,
               tokenize: Tokenize) -> Span:
  """Returns the pieces of an answer.

  The first pieces of its words that equal the answer's own pieces; if none do,
  all pieces of its words.

  Args:
    pieces: of the context.
    span: the answer's words.
    answer: text.
    tokenize: made the pieces.
  """
  start = pieces.first[span.start]
  end = (pieces.first[span.end + 1] if span.end + 1 < len(pieces.first)
         else len(pieces.tokens)) - 1
  # The words of an answer need not be whole words of the context.
  tokens = " ".join(tokenize(answer)).split(" ")
  for position in range(start, end - len(tokens) + 2):
    if pieces.tokens[position:position + len(tokens)] == tokens:
      return Span(position, position + len(tokens) - 1)
  return Span(start, end)


class Window(typing.NamedTuple):
  """A part of a context's pieces: its first one, and how many it has."""
  start: int
  length: int


def windows(num_pieces: int, capacity: int, stride: int) -> List[Window]:
  """Returns the windows of a context; none if it has no pieces.

  Args:
    num_pieces: of the context.
    capacity: most pieces in a window.
    stride: pieces from one window's start to the next one's, at most.
  """
  found = []  # type: List[Window]
  while not found or sum(found[-1]) < num_pieces:
    start = found[-1].start + min(found[-1].length, stride) if found else 0
    found.append(Window(start, min(capacity, num_pieces - start)))
  return found if num_pieces else []


def best_windows(parts: Sequence[Window], num_pieces: int) -> List[int]:
  """Returns for each piece the number of the window with most context around
  it, the first of equal ones."""
  best, most = [0] * num_pieces, [-1.0] * num_pieces
  for number, (start, length) in enumerate(parts):
    for position in range(length):
      around = min(position, length - 1 - position) + 0.01 * length
      if around > most[start + position]:
        best[start + position], most[start + position] = number, around
  return best
