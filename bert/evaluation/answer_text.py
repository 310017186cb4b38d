"""The text of an answer, found in the words of its context.

Word pieces are lower-cased and without accents; what a user reads is not.
"""

import re
from typing import Callable, Dict, Optional, Sequence, Tuple

from bert import tokenization

_WORD_PART = re.compile(" ?##")


def of_pieces(pieces: Sequence[str]) -> str:
  """Returns the normal form of word pieces: words with spaces between."""
  return " ".join(_WORD_PART.sub("", " ".join(pieces)).split())


def find(normal: str, original: str, tokenizer: tokenization.BasicTokenizer,
         explain: Optional[Callable[[str], None]] = None) -> Tuple[int, int]:
  """Returns where the part of a text is that has a normal form.

  Args:
    normal: what is looked for, as the tokenizer makes text.
    original: where it is.
    tokenizer: of basic tokens.
    explain: is told why the part can't be found; None: nobody is.

  Returns:
    Begin and end of the part in `original`; those of all of it where the part
    can't be found.
  """
  whole = (0, len(original))
  explain = explain or (lambda text: None)
  tokens = " ".join(tokenizer.tokenize(original))
  begin = tokens.find(normal)
  if begin < 0:
    explain("Unable to find text: %r in %r" % (normal, original))
    return whole
  kept, kept_original = _without_spaces(tokens), _without_spaces(original)
  if len(kept) != len(kept_original):
    explain("Length not equal after stripping spaces: %r vs %r" % (
        original, tokens))
    return whole
  places = list(kept_original)
  begin, end = kept.get(begin), kept.get(begin + len(normal) - 1)
  if begin is None or end is None:
    explain("Couldn't map %r to a part of %r" % (normal, original))
    return whole
  return places[begin], places[end] + 1


def _without_spaces(text: str) -> Dict[int, int]:
  """Returns place -> number of each character that is no space."""
  places = [place for place, char in enumerate(text) if char != " "]
  return dict(zip(places, range(len(places))))
