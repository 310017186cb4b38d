"""How a sentence is split into the words that a tagger labels.

Training sets come in words. A trained model is given whole sentences, which
have to be split the same way: by white space, or by character.
"""

import itertools
from typing import Iterable, List, Optional, Sequence, Tuple

from bert.data import contexts
from bert.data.examples import Words

SPACES = "spaces"
CHARACTERS = "characters"
# As characters, and white space is a character, too.
ALL_CHARACTERS = "all_characters"
# Ideographs and marks by character; runs of other characters are words.
IDEOGRAPHS = "ideographs"
# Sentences that are looked at, and the share of their words that a split by
# character has to find: nearly all, since it tears the others apart. Not all,
# for a few slips in a set of characters.
_MAX_SENTENCES, _MIN_SHARE = 10000, 0.98
# Ideographs that a word may have.
_MAX_ALONE, _MAX_AMONG_OTHERS = 4, 15


def detect(sentences: Iterable[Sequence[str]]) -> Optional[str]:
  """Returns the split that finds nearly all words of sentences, once these are
  joined, else that by white space; None without any sentence.

  Args:
    sentences: a list of words each.
  """
  num_words, num_found = 0, dict.fromkeys(_BOUNDS, 0)
  for words in itertools.islice(sentences, _MAX_SENTENCES):
    num_words += len(words)
    expected = set(_bounds_of(words))
    for name, bounds in _BOUNDS.items():
      num_found[name] += len(expected.intersection(bounds("".join(words))))
  if not num_words:
    return None
  # Of equal ones, max returns the first.
  best = max(_BOUNDS, key=num_found.__getitem__)
  return best if num_found[best] >= _MIN_SHARE * num_words else SPACES


def detect_in_texts(texts: Sequence[str]) -> Optional[str]:
  """Returns the split of the sample inputs of an export that does not name it;
  None where they do not show it."""
  if any(len(text.split()) > 1 for text in texts):
    return SPACES
  return CHARACTERS if any(len(text) > 1 and _has_ideograph(text)
                           for text in texts) else None


def split(text: str, name: Optional[str]) -> Words:
  """Returns the words of a text.

  Args:
    text: a sentence.
    name: of the split; None if it is not known: white space, and parts with
      Chinese characters are split by character.
  """
  if name == SPACES:
    return Words(text.split())
  if name == IDEOGRAPHS:
    return Words(contexts.split_characters(text).words)
  if name == ALL_CHARACTERS:
    return Words(text if text.strip() else "")
  if name == CHARACTERS:
    return Words("".join(text.split()))
  words = Words()
  for part in text.split():
    words.extend(part if _has_ideograph(part) else [part])
  return words


def looks_unsplit(words: Sequence[str]) -> bool:
  """Whether one of the parts that white space separates looks like a Chinese
  sentence instead of a word."""
  most = _MAX_ALONE if len(words) == 1 else _MAX_AMONG_OTHERS
  return any(sum(map(contexts.is_ideograph, word)) > most for word in words)


def _has_ideograph(text):
  return any(map(contexts.is_ideograph, text))


def _bounds_of(words) -> List[Tuple[int, int]]:
  """Returns start and end of each word in the joined text."""
  ends = list(itertools.accumulate(map(len, words)))
  return list(zip([0] + ends, ends))


def _character_bounds(text):
  return [(index, index + 1) for index, char in enumerate(text)
          if not char.isspace()]


def _all_bounds(text):
  return [(index, index + 1) for index in range(len(text))]


def _ideograph_bounds(text):
  context = contexts.split_characters(text)
  return [(start, start + len(word))
          for start, word in zip(context.starts, context.words)]


_BOUNDS = {CHARACTERS: _character_bounds, ALL_CHARACTERS: _all_bounds,
           IDEOGRAPHS: _ideograph_bounds}
