"""Contexts of questions: their words and pieces, answers in them, windows.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 4.2.
"""

import bisect
import re
import typing
from typing import Callable, List, Optional, Sequence

from bert import tokenization

# What ends a word; every other white space is part of one.
_WORD = re.compile("[^ \t\r\n\u202f]+")
_IDEOGRAPH = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
# Chinese text that is split into words has two or so in each.
_MAX_IDEOGRAPHS = 5

Tokenize = Callable[[str], List[str]]


class Context(typing.NamedTuple):
  """A text in words.

  Attributes:
    words: str each.
    starts: where each begins in the text, in characters.
  """
  words: List[str]
  starts: List[int]

  def word_at(self, place: int) -> int:
    """Returns the number of the word that a character is in, or of the one
    before a character between words; -1 before the first."""
    return bisect.bisect_right(self.starts, place) - 1

  def end_of(self, number: int) -> int:
    """Returns the place in the text behind a word."""
    return self.starts[number] + len(self.words[number])

  def place_of(self, first: int, offset: int) -> int:
    """Returns the place in the text of a character of joined words.

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


def is_in_run(text: str, place: int) -> bool:
  """Whether the characters before and at a place are of one word to
  split_characters."""
  return 0 < place < len(text) and not any(
      char.isspace() or _is_single(char) for char in text[place - 1:place + 1])


def split_characters(text: str) -> Context:
  """Returns each ideograph, mark and control character as a word of its own,
  and the runs of others between them and white space, as of Latin letters."""
  context = Context([], [])
  is_open = False
  for place, char in enumerate(text):
    is_single = _is_single(char)
    if char.isspace():
      is_open = False
    elif is_open and not is_single:
      context.words[-1] += char
    else:
      context.words.append(char)
      context.starts.append(place)
      is_open = not is_single
  return context


def _is_single(char):
  # pylint: disable=protected-access
  return (tokenization._is_punctuation(char) or
          tokenization._is_control(char) or
          _BASIC._is_chinese_char(ord(char)))


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
  """Numbers of words, or of pieces; the end is part of it."""
  start: int
  end: int


def find_answer(context: Context, answer: str, start: int) -> Span:
  """Returns the words that an annotated answer is in.

  Args:
    context: in words.
    answer: text.
    start: where it is said to begin, in characters.
  """
  return Span(context.word_at(start), context.word_at(start + len(answer) - 1))


def holds(words: Sequence[str], span: Span, answer: str) -> bool:
  """Whether words of a context have an answer in them, but for white space."""
  return " ".join(answer.split()) in " ".join(words[span.start:span.end + 1])


def nearest(text: str, answer: str, start: int) -> Optional[int]:
  """Returns where an answer occurs in a text, as near as can be to where it is
  said to begin, the first of several; None if it does not occur.

  Args:
    text: of the context.
    answer: text.
    start: in characters; -1: not known.
  """
  if not answer:
    return None
  if start < 0:
    found = text.find(answer)
    return None if found < 0 else found
  before = text.rfind(answer, 0, start + len(answer))
  after = text.find(answer, start)
  places = [place for place in (before, after) if place >= 0]
  return min(places, key=lambda place: abs(place - start), default=None)


def piece_span(pieces: Pieces, span: Span, answer: str,
               tokenize: Tokenize) -> Span:
  """Returns the pieces of an answer.

  These are the first ones in the answer's words that are the answer's own
  pieces; all pieces of the words, where there are none.

  Args:
    pieces: of the context.
    span: the answer's words.
    answer: text.
    tokenize: as of the pieces.
  """
  start = pieces.first[span.start]
  end = (pieces.first[span.end + 1] if span.end + 1 < len(pieces.first)
         else len(pieces.tokens)) - 1
  # Words of it may be no words of the context.
  tokens = " ".join(tokenize(answer)).split(" ")
  for place in range(start, end - len(tokens) + 2):
    if pieces.tokens[place:place + len(tokens)] == tokens:
      return Span(place, place + len(tokens) - 1)
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
  """Returns of each piece the number of the window that shows most of what is
  around it, the first one of several."""
  best, most = [0] * num_pieces, [-1.0] * num_pieces
  for number, (start, length) in enumerate(parts):
    for place in range(length):
      around = min(place, length - 1 - place) + 0.01 * length
      if around > most[start + place]:
        best[start + place], most[start + place] = number, around
  return best
