"""Instances for pre-training: two texts, some of whose tokens are masked.

Every choice is drawn from the random.Random that is passed in, in the reference
release's order, so that the same seed makes the same instances.

A text is a list of whole numbers, one a word piece: its id, or ~id where the
piece goes on with the word before it.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 3.1 and
appendix A.1.
"""

import itertools
import random
import typing
from typing import Any, Callable, Iterator, List, Sequence, Tuple

from bert.common.errors import UserError

Tokens = List[int]
Document = List[Tokens]
# A text is compared with one of another document this often, at most.
_MAX_DRAWS = 10


class Plan(typing.NamedTuple):
  """How instances are made.

  Attributes:
    max_seq_length: tokens of an instance, [CLS] and both [SEP] included.
    max_predictions_per_seq: masked tokens, at most.
    masked_lm_prob: share of the tokens that is masked.
    short_seq_prob: share of the documents whose instances are made shorter.
    dupe_factor: times that each document is gone through.
    do_whole_word_mask: whether all pieces of a word are masked together.
  """
  max_seq_length: int = 128
  max_predictions_per_seq: int = 20
  masked_lm_prob: float = 0.15
  short_seq_prob: float = 0.1
  dupe_factor: int = 10
  do_whole_word_mask: bool = False


class Vocabulary(typing.NamedTuple):
  """Ids of the special tokens, and of all entries in their order."""
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
    masked_ids: what stood there.
    is_random_next: whether the second text is from elsewhere.
  """
  input_ids: Tokens
  num_a: int
  positions: List[int]
  masked_ids: Tokens
  is_random_next: bool


def load_vocabulary(vocab: dict, vocab_file: str) -> Vocabulary:
  """Returns what instances need of a tokenizer's vocabulary.

  Raises:
    UserError: a special token is not there.
  """
  for token in ("[CLS]", "[SEP]", "[MASK]"):
    if token not in vocab:
      raise UserError("--vocab_file=%s: no line is %s, which pre-training needs" %
                      (vocab_file, token))
  return Vocabulary(vocab["[CLS]"], vocab["[SEP]"], vocab["[MASK]"],
                    list(vocab.values()))


def create_instances(documents: List[Document], plan: Plan,
                     vocabulary: Vocabulary, rng: random.Random,
                     show: Callable[[int], object] = lambda count: None,
                     pack: Callable[[Instance], Any] = lambda instance: instance
                    ) -> List[Any]:
  """Makes all instances of a corpus, shuffled.

  Args:
    documents: each with one sentence or more; they are shuffled in place.
    plan: how.
    vocabulary: of the ids.
    rng: what is drawn from.
    show: is told how many documents are done, of dupe_factor times all.
    pack: what is kept of an Instance, until all are made.
  """
  _shuffle(documents, rng.getrandbits)
  instances = []
  for turn in range(plan.dupe_factor):
    for index in range(len(documents)):
      for tokens_a, tokens_b, is_random in _pairs(documents, index, plan, rng):
        instances.append(pack(_mask(tokens_a, tokens_b, is_random,
                                    (plan, vocabulary, rng))))
      show(turn * len(documents) + index + 1)
  _shuffle(instances, rng.getrandbits)
  return instances


def _pairs(documents, index, plan,
           rng) -> Iterator[Tuple[Tokens, Tokens, bool]]:
  """Yields a document's pairs of texts, and whether the second is random."""
  bits = rng.getrandbits
  room = plan.max_seq_length - 3
  target = room
  if rng.random() < plan.short_seq_prob:
    target = 2 + _below(room - 1, bits)
  document = documents[index]
  chunk, length, place = [], 0, 0
  while place < len(document):
    chunk.append(document[place])
    length += len(document[place])
    place += 1
    if place < len(document) and length < target:
      continue
    num_a = 1 + _below(len(chunk) - 1, bits) if len(chunk) > 1 else 1
    tokens_a = list(itertools.chain.from_iterable(chunk[:num_a]))
    is_random = len(chunk) == 1 or rng.random() < 0.5
    if is_random:
      tokens_b = _draw_text(documents, index, target - len(tokens_a), bits)
      place -= len(chunk) - num_a  # What is not used is read again.
    else:
      tokens_b = list(itertools.chain.from_iterable(chunk[num_a:]))
    yield _cut(tokens_a, tokens_b, room, rng.random) + (is_random,)
    chunk, length = [], 0


def _draw_text(documents, index, num_tokens, bits):
  """Returns sentences from a random place of another document."""
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


def _cut(tokens_a, tokens_b, room, draw):
  """Takes from either end of the longer text until both fit."""
  begin_a, end_a, begin_b, end_b = 0, len(tokens_a), 0, len(tokens_b)
  for _ in range(end_a + end_b - room):
    is_front = draw() < 0.5
    if end_a - begin_a > end_b - begin_b:
      begin_a, end_a = begin_a + is_front, end_a - (not is_front)
    else:
      begin_b, end_b = begin_b + is_front, end_b - (not is_front)
  return tokens_a[begin_a:end_a], tokens_b[begin_b:end_b]


def _mask(tokens_a, tokens_b, is_random, tools) -> Instance:
  plan, vocabulary, rng = tools
  num_a = len(tokens_a) + 2
  total = num_a + len(tokens_b) + 1
  tokens = ([vocabulary.cls] + tokens_a + [vocabulary.sep] + tokens_b +
            [vocabulary.sep])
  wanted = min(plan.max_predictions_per_seq,
               max(1, int(round(total * plan.masked_lm_prob))))
  places = list(range(1, num_a - 1)) + list(range(num_a, total - 1))
  if plan.do_whole_word_mask:
    chosen = _choose_words(tokens, places, wanted, rng.getrandbits)
  else:
    _shuffle(places, rng.getrandbits)
    chosen = places[:wanted]
  ids = [token if token >= 0 else ~token for token in tokens]
  masked = []
  for place in chosen:
    masked.append((place, ids[place]))
    if rng.random() < 0.8:
      ids[place] = vocabulary.mask
    elif rng.random() >= 0.5:
      ids[place] = vocabulary.entries[
          _below(len(vocabulary.entries), rng.getrandbits)]
  masked.sort()
  return Instance(ids, num_a, [place for place, _ in masked],
                  [token for _, token in masked], is_random)


def _choose_words(tokens, places, wanted, bits):
  """Returns the places of words drawn one by one that fit into `wanted`."""
  groups = []
  for place in places:
    if groups and tokens[place] < 0:
      groups[-1].append(place)
    else:
      groups.append([place])
  _shuffle(groups, bits)
  chosen = []
  for group in groups:
    if len(chosen) >= wanted:
      break
    if len(chosen) + len(group) <= wanted:
      chosen += group
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
    place = bits(size)
    while place > last:
      place = bits(size)
    items[last], items[place] = items[place], items[last]
