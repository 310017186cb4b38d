"""Instances for pre-training: two texts, some of whose tokens are masked.

Every choice is drawn from the random.Random that is passed in, in the reference
release's order, so that the same seed makes the same instances.

A text is a list of whole numbers, one per word piece: its id, or ~id where the
piece continues the word before it.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3.1 and
appendix A.1.
"""

import itertools
import random
import typing
from typing import Any, Callable, Iterator, List, Sequence, Tuple

from bert.common.errors import UserError
from bert.data import layouts

Tokens = List[int]
Document = List[Tokens]
# Most attempts to draw another document than the text's own.
_MAX_DRAWS = 10


class MaskingConfig(typing.NamedTuple):
  """How instances are made and masked.

  Attributes:
    max_seq_length: tokens of an instance, [CLS] and both [SEP] included.
    max_predictions_per_seq: most masked tokens.
    masked_lm_prob: share of the tokens that is masked.
    short_seq_prob: share of the documents whose instances are made shorter.
    dupe_factor: number of passes over the documents.
    do_whole_word_mask: whether all pieces of a word are masked together.
  """
  max_seq_length: int = 128
  max_predictions_per_seq: int = 20
  masked_lm_prob: float = 0.15
  short_seq_prob: float = 0.1
  dupe_factor: int = 10
  do_whole_word_mask: bool = False


class Vocabulary(typing.NamedTuple):
  """Ids, or the tokens themselves, of the special tokens, and of all entries in
  their order."""
  cls: int
  sep: int
  mask: int
  entries: Sequence[int]


class Instance(typing.NamedTuple):
  """Two texts with masked tokens.

  Attributes:
    input_ids: with [CLS] and both [SEP].
    num_a: tokens of the first text, [CLS] and [SEP] included.
    positions: of the masked tokens, ascending.
    masked_ids: their ids before.
    is_random_next: whether the second text is from another document.
  """
  input_ids: Tokens
  num_a: int
  positions: List[int]
  masked_ids: Tokens
  is_random_next: bool

  def segment_ids(self) -> List[int]:
    """Returns 0 for each token of the first text, 1 for those of the second."""
    return [0] * self.num_a + [1] * (len(self.input_ids) - self.num_a)


def load_vocabulary(vocab: dict, vocab_file: str) -> Vocabulary:
  """Returns the ids that instances need of a tokenizer's vocabulary.

  Raises:
    UserError: a special token is not there.
  """
  special = layouts.BERT.special_tokens + (layouts.MASK,)
  for token in special:
    if token not in vocab:
      raise UserError("--vocab_file=%s: no line is %s, which pre-training "
                      "needs" %
                      (vocab_file, token))
  return Vocabulary(*[vocab[token] for token in special],
                    list(vocab.values()))


class InstanceMaker:
  """Makes the instances of a corpus."""

  def __init__(self, config: MaskingConfig, vocabulary: Vocabulary,
               rng: random.Random):
    """Takes settings, ids, and the random generator of every choice."""
    self._config = config
    self._vocabulary = vocabulary
    self._rng = rng
    self._bits = rng.getrandbits

  def create(self, documents: List[Document],
             show: Callable[[int], object] = lambda count: None,
             pack: Callable[[Instance], Any] = lambda instance: instance
            ) -> List[Any]:
    """Returns all instances, shuffled.

    Args:
      documents: each with one sentence or more; they are shuffled in place.
      show: is called with the number of documents done, of dupe_factor times
        all.
      pack: Instance -> what is kept of it until all are made.
    """
    _shuffle(documents, self._bits)
    instances = []
    for turn in range(self._config.dupe_factor):
      for index in range(len(documents)):
        for tokens_a, tokens_b, is_random in self.pairs(documents, index):
          instances.append(pack(self._mask(tokens_a, tokens_b, is_random)))
        show(turn * len(documents) + index + 1)
    _shuffle(instances, self._bits)
    return instances

  def pairs(self, documents: List[Document],
            index: int) -> Iterator[Tuple[Tokens, Tokens, bool]]:
    """Yields a document's pairs of texts, and whether the second is random.

    Args:
      documents: all; only the lengths of their sentences are used.
      index: of the document.
    """
    rng, bits = self._rng, self._bits
    capacity = self._config.max_seq_length - 3
    target = capacity
    if rng.random() < self._config.short_seq_prob:
      target = 2 + _below(capacity - 1, bits)
    document = documents[index]
    chunk, length, position = [], 0, 0
    while position < len(document):
      chunk.append(document[position])
      length += len(document[position])
      position += 1
      if position < len(document) and length < target:
        continue
      num_a = 1 + _below(len(chunk) - 1, bits) if len(chunk) > 1 else 1
      tokens_a = list(itertools.chain.from_iterable(chunk[:num_a]))
      is_random = len(chunk) == 1 or rng.random() < 0.5
      if is_random:
        tokens_b = _draw_text(documents, index, target - len(tokens_a), bits)
        position -= len(chunk) - num_a  # Unused sentences are read again.
      else:
        tokens_b = list(itertools.chain.from_iterable(chunk[num_a:]))
      yield truncate(tokens_a, tokens_b, capacity, rng.random) + (is_random,)
      chunk, length = [], 0

  def mask(self, tokens: list, units: list) -> Tuple[List[int], list]:
    """Masks some tokens in place.

    Args:
      tokens: of the kind that the vocabulary's mask and entries are.
      units: positions that may be masked; with do_whole_word_mask a list of
        them for each word. They are shuffled in place.

    Returns:
      (positions of what was masked, ascending; the tokens there before).
    """
    config = self._config
    num_masked = min(config.max_predictions_per_seq,
                     max(1, int(round(len(tokens) * config.masked_lm_prob))))
    _shuffle(units, self._bits)
    chosen = (_choose(units, num_masked) if config.do_whole_word_mask else
              units[:num_masked])
    masked = sorted(self._replace(tokens, position) for position in chosen)
    return ([position for position, _ in masked],
            [token for _, token in masked])

  def _mask(self, tokens_a, tokens_b, is_random) -> Instance:
    vocabulary = self._vocabulary
    num_a = len(tokens_a) + 2
    tokens = ([vocabulary.cls] + tokens_a + [vocabulary.sep] + tokens_b +
              [vocabulary.sep])
    units = [*range(1, num_a - 1), *range(num_a, len(tokens) - 1)]
    if self._config.do_whole_word_mask:
      units = join_words([token < 0 for token in tokens], units)
    ids = [token if token >= 0 else ~token for token in tokens]
    return Instance(ids, num_a, *self.mask(ids, units), is_random)

  def _replace(self, ids, position):
    """Masks a token in place; returns its position and its id before."""
    before = ids[position]
    if self._rng.random() < 0.8:
      ids[position] = self._vocabulary.mask
    elif self._rng.random() >= 0.5:
      entries = self._vocabulary.entries
      ids[position] = entries[_below(len(entries), self._bits)]
    return position, before


def _draw_text(documents, index, num_tokens, bits):
  """Returns sentences from a random position of another document."""
  for _ in range(_MAX_DRAWS):
    other = _below(len(documents), bits)
    if other != index:
      break
  document = documents[other]
  tokens = []
  for sentence in document[_below(len(document), bits):]:
    tokens += sentence
    if len(tokens) >= num_tokens:
      break
  return tokens


def truncate(tokens_a: list, tokens_b: list, capacity: int,
             draw: Callable[[], float]) -> Tuple[list, list]:
  """Returns a pair of texts without tokens at either end of the longer one, so
  that both fit.

  Args:
    tokens_a, tokens_b: of the texts.
    capacity: most tokens of both.
    draw: returns a random number in [0, 1); below 0.5, a first token is
      dropped, else a last one.
  """
  begin_a, end_a, begin_b, end_b = 0, len(tokens_a), 0, len(tokens_b)
  for _ in range(end_a + end_b - capacity):
    is_front = draw() < 0.5
    if end_a - begin_a > end_b - begin_b:
      begin_a, end_a = begin_a + is_front, end_a - (not is_front)
    else:
      begin_b, end_b = begin_b + is_front, end_b - (not is_front)
  return tokens_a[begin_a:end_a], tokens_b[begin_b:end_b]


def join_words(is_continued: Sequence[bool],
               positions: Sequence[int]) -> List[List[int]]:
  """Returns the positions of each word's tokens.

  Args:
    is_continued: of each token, whether it continues the word before it.
    positions: of the tokens that are looked at.
  """
  words = []  # type: List[List[int]]
  for position in positions:
    if words and is_continued[position]:
      words[-1].append(position)
    else:
      words.append([position])
  return words


def _choose(words, num_masked):
  """Returns the positions of the first words that together fit num_masked."""
  chosen = []
  for word in words:
    if len(chosen) >= num_masked:
      break
    if len(chosen) + len(word) <= num_masked:
      chosen += word
  return chosen


def _below(count, bits):
  """Returns what random.Random(...).randrange(count) would, but faster."""
  size = count.bit_length()
  number = bits(size)
  while number >= count:
    number = bits(size)
  return number


def _shuffle(items, bits):
  """Does what random.Random(...).shuffle would, but faster."""
  for last in range(len(items) - 1, 0, -1):
    size = (last + 1).bit_length()
    index = bits(size)
    while index > last:
      index = bits(size)
    items[last], items[index] = items[index], items[last]
