"""The text of an answer, found in the words of its context.

Word pieces are lower-cased and without accents; what a user reads is not.
"""

import re
import typing
from typing import Callable, Dict, Optional, Sequence, Tuple

from bert import tokenization

_WORD_PART = re.compile(" ?##")


class Parts(typing.NamedTuple):
  """Parts of a text, begin and end in characters.

  Attributes:
    first: the first part that has the normal form, which the reference release
      takes.
    chosen: the one whose word pieces were chosen.
  """
  first: Tuple[int, int]
  chosen: Tuple[int, int]


def of_pieces(pieces: Sequence[str]) -> str:
  """Returns the normal form of word pieces: words with spaces between."""
  return " ".join(_WORD_PART.sub("", " ".join(pieces)).split())


def find(normal: str, original: str, tokenizer: tokenization.BasicTokenizer,
         before: Sequence[str] = (),
         explain: Optional[Callable[[str], None]] = None) -> Parts:
  """Returns the offsets of the part of a text that has a normal form.

  Args:
    normal: the part, as the tokenizer normalizes text.
    original: the whole text.
    tokenizer: of basic tokens.
    before: word pieces of `original` before those that were chosen.
    explain: called with the reason if the part can't be found.

  Returns:
    Both parts are all of `original` where the part can't be found.
  """
  whole = Parts((0, len(original)), (0, len(original)))
  explain = explain or (lambda text: None)
  # Tokens that are white space are no part of the normal form.
  words = " ".join(tokenizer.tokenize(original)).split()
  tokens = " ".join(words)
  begin = tokens.find(normal)
  if begin < 0:
    explain("Unable to find text: %r in %r" % (normal, original))
    return whole
  kept, kept_original = _without_spaces(tokens), _without_spaces(original)
  if len(kept) != len(kept_original):
    explain("Length not equal after stripping spaces: %r vs %r" % (
        original, tokens))
    return whole
  if begin not in kept or begin + len(normal) - 1 not in kept:
    explain("Couldn't map %r to a part of %r" % (normal, original))
    return whole
  places = list(kept_original)
  chosen = _place_after(before, words)
  if not tokens.startswith(normal, chosen):
    chosen = begin
  return Parts(*[
      (places[kept[start]], places[kept[start + len(normal) - 1]] + 1)
      for start in (begin, chosen)])


def _place_after(pieces: Sequence[str], words: Sequence[str]) -> int:
  """Returns where the character after some pieces is in joined words.

  Args:
    pieces: of the first words. One that is no part of its word, as [UNK], is
      all that is left of it.
    words: as the tokenizer makes them, without spaces.
  """
  number = done = place = 0
  for piece in pieces:
    if number == len(words):
      break
    left = words[number][done:]
    part = piece[2:] if done else piece  # Behind ##.
    done += len(part) if left.startswith(part) else len(left)
    if done == len(words[number]):
      place += done + 1
      number, done = number + 1, 0
  return place + done


def _without_spaces(text: str) -> Dict[int, int]:
  """Returns place -> number of each character that is no space."""
  places = [place for place, char in enumerate(text) if char != " "]
  return dict(zip(places, range(len(places))))
