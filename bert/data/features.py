"""From the text of an example to ids, and the log of the first ones."""

import itertools
import typing
from typing import Dict, Iterable, List, Optional, Sequence, Union

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.data import layouts
from bert.data import truncation
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.examples import Text
from bert.data.truncation import TruncationSettings
from bert.data.truncation import TruncationStats

NUM_LOGGED = 5

# One record as numbers; names and order are those of its feature spec.
Features = Dict[str, List[Union[int, float]]]


class EncodedText(typing.NamedTuple):
  """A text as ids.

  Attributes:
    columns: input_ids, input_mask and segment_ids: max_seq_length numbers for
      each window.
    stats: how many tokens were truncated.
    word_starts: of words, the index of each one's first piece; of words that
      were truncated, none.
  """
  columns: Features
  stats: TruncationStats
  word_starts: Sequence[int] = ()


class InputFeatures:
  """A text with its label as ids, as programs of the reference release hold
  it: three lists of max_seq_length numbers, and the label's."""

  def __init__(self, input_ids, input_mask, segment_ids, label_id,
               is_real_example=True):
    self.input_ids = input_ids
    self.input_mask = input_mask
    self.segment_ids = segment_ids
    self.label_id = label_id
    self.is_real_example = is_real_example

  @classmethod
  def from_columns(cls, columns: Features) -> "InputFeatures":
    """Returns what to_features returned of a text with one label."""
    return cls(columns["input_ids"], columns["input_mask"],
               columns["segment_ids"], columns["label_ids"][0],
               bool(columns["is_real_example"][0]))


class TextEncoder:
  """Turns texts into ids; needs no TensorFlow, so that forks may use it.

  Attributes:
    tokenizer: a FullTokenizer, or what has its methods.
    max_seq_length: tokens in a window, special ones included.
    settings: TruncationSettings.
    layout: where the special tokens are.
    counts_all: whether all tokens are counted; else a text is tokenized only as
      far as it is read, and the stats of it are not right.
  """

  def __init__(self, tokenizer: tokenization.FullTokenizer,
               max_seq_length: int,
               settings: TruncationSettings = TruncationSettings(),
               layout: layouts.Layout = layouts.BERT, *,
               counts_all: bool = True):
    self.tokenizer = tokenizer
    self.max_seq_length = max_seq_length
    self.settings = settings
    self.layout = layout
    self.counts_all = counts_all

  def encode_text(self, text_a: Text, text_b: Optional[Text]) -> EncodedText:
    """Encodes a text or a pair of texts, in windows if it is long."""
    pair_length = self.max_seq_length - self.layout.num_special(is_pair=True)
    tokens_b = self._first_pieces(text_b, pair_length) if text_b else []
    tokens_a = (self._first_pieces(text_a, pair_length) if tokens_b else
                self._pieces_alone(text_a))
    num_tokens = len(tokens_a) + len(tokens_b)
    if tokens_b:
      truncation.truncate_pair(tokens_a, tokens_b, pair_length)
    capacity = self._capacity()
    if self.settings.num_windows > 1:
      parts = truncation.split_windows(tokens_a, capacity, self.settings)
      num_read = min(num_tokens, truncation.num_covered(
          len(parts), capacity, self.settings))
    else:
      parts = [truncation.truncate(tokens_a, capacity, self.settings)]
      num_read = len(parts[0]) + len(tokens_b)
    windows = ([self.layout.enclose(parts[0], tokens_b)] if tokens_b else
               [self.layout.enclose(part) for part in parts])
    return EncodedText(self._columns(windows),
                       TruncationStats(num_tokens, num_tokens - num_read))

  def encode_words(self, words: Sequence[str]) -> EncodedText:
    """Encodes a text that is a list of words."""
    capacity = self._capacity()
    pieces, starts = _word_pieces(words, self.tokenizer,
                                  None if self.counts_all else capacity)
    return EncodedText(
        self._columns([self.layout.enclose(pieces[:capacity])]),
        TruncationStats(len(pieces), max(len(pieces) - capacity, 0)),
        [self.layout.text_start + start for start in starts
         if start < capacity])

  def empty(self) -> EncodedText:
    """Returns what a padding example has: zeros."""
    return EncodedText(self._columns([]), TruncationStats(0, 0))

  def _capacity(self):
    """Returns how many tokens of a single text a window has room for."""
    return self.max_seq_length - self.layout.num_special(is_pair=False)

  def _first_pieces(self, text, count):
    """Returns the pieces of a text, of which the first `count` are enough."""
    # At least one, as a second text without any is none.
    return (pieces_of(text, self.tokenizer) if self.counts_all else
            first_pieces(text, self.tokenizer, max(count, 1)))

  def _pieces_alone(self, text):
    """Returns the pieces of a single text that are enough to truncate it."""
    settings, capacity = self.settings, self._capacity()
    if settings.num_windows > 1:
      return self._first_pieces(text, truncation.num_covered(
          settings.num_windows, capacity, settings))
    tokens = self._first_pieces(text, capacity)
    if settings.truncation == "head" or self.counts_all or (
        len(tokens) < capacity):
      return tokens
    # Truncation has the same result for the first and the last ones alone.
    return tokens + last_pieces(text, self.tokenizer, capacity)

  def _columns(self, windows):
    """Returns ids, mask and segment ids of (tokens, segment ids) pairs."""
    columns = ([], [], [])
    for tokens, segment_ids in windows + [
        ([], [])] * (self.settings.num_windows - len(windows)):
      padding = [0] * (self.max_seq_length - len(tokens))
      columns[0].extend(self._ids(tokens) + padding)
      columns[1].extend([1] * len(tokens) + padding)
      columns[2].extend(segment_ids + padding)
    return {"input_ids": columns[0], "input_mask": columns[1],
            "segment_ids": columns[2]}

  def _ids(self, tokens):
    tokenizer = self.tokenizer
    if (getattr(type(tokenizer), "convert_tokens_to_ids", None) is
        tokenization.FullTokenizer.convert_tokens_to_ids):
      vocab = tokenizer.vocab
      try:
        return list(map(vocab.__getitem__, tokens))
      except KeyError:  # Pieces that came with the example may be unknown.
        unknown = vocab[layouts.UNKNOWN]
        return [vocab.get(token, unknown) for token in tokens]
    return list(tokenizer.convert_tokens_to_ids(tokens))


def to_features(encoded: EncodedText, labels: Features,
                is_real: bool = True) -> Features:
  """Returns a record's numbers, in the order of records.feature_spec."""
  return dict(encoded.columns, **labels, is_real_example=[int(is_real)])


def num_text_tokens(example: InputExample, tokenizer) -> int:
  """Returns a text's or pair's tokens, with [CLS] and [SEP], untruncated."""
  num_b = len(pieces_of(example.text_b or "", tokenizer))
  return (len(pieces_of(example.text_a, tokenizer)) + num_b +
          layouts.BERT.num_special(is_pair=num_b > 0))


def num_word_tokens(example: InputExample, tokenizer) -> int:
  """Returns the same of a text that is a list of words."""
  return (len(_word_pieces(example.text_a, tokenizer)[0]) +
          layouts.BERT.num_special(is_pair=False))


def pieces_of(text: Text, tokenizer) -> List[str]:
  """Returns a text's word pieces; a list of them is taken as it is."""
  return list(text) if isinstance(text, list) else tokenizer.tokenize(text)


def first_pieces(text: Text, tokenizer, count: int) -> List[str]:
  """Returns the first word pieces of a text; as pieces_of otherwise."""
  if isinstance(text, list) or not hasattr(tokenizer, "tokenize_part"):
    return pieces_of(text, tokenizer)[:count]
  return tokenizer.tokenize_part(text, num_first=count)


def last_pieces(text: Text, tokenizer, count: int) -> List[str]:
  """Returns the last word pieces of a text; as pieces_of otherwise."""
  if isinstance(text, list) or not hasattr(tokenizer, "tokenize_part"):
    return pieces_of(text, tokenizer)[-count:]
  return tokenizer.tokenize_part(text, num_last=count)


def log_examples(examples: Iterable, head, encoder: TextEncoder) -> None:
  """Logs the first five examples and their features.

  Args:
    examples: of a dataset; padding is passed over.
    head: a heads.Head, which encodes the label.
    encoder: of the text.
  """
  for example in itertools.islice(examples, NUM_LOGGED):
    if not isinstance(example, PaddingInputExample):
      for features in head.to_features(example, encoder)[0]:
        _log_example(example, features, encoder.tokenizer)


def _word_pieces(words, tokenizer, capacity=None):
  """Returns the words' pieces, and the index of each word's first one, up to
  the word with the last piece that there is room for, if capacity is given."""
  pieces, starts = [], []
  for word in words:
    if capacity is not None and len(pieces) >= capacity:
      break
    starts.append(len(pieces))
    pieces += tokenizer.tokenize(word) or [layouts.UNKNOWN]
  return pieces, starts


def _log_example(example, features, tokenizer):
  tokens = tokenizer.convert_ids_to_tokens([
      token_id for token_id, is_real in zip(features["input_ids"],
                                            features["input_mask"]) if is_real])
  tf.logging.info("*** Example ***")
  tf.logging.info("guid: %s", example.guid)
  tf.logging.info("tokens: %s", " ".join(tokens))
  for name in ("input_ids", "input_mask", "segment_ids"):
    tf.logging.info("%s: %s", name, " ".join(map(str, features[name])))
  for name, values in features.items():
    if name.startswith("label"):
      tf.logging.info("%s: %s (id = %s)",
                      "label" if name == "label_ids" else name, example.label,
                      " ".join(map(str, values)))
