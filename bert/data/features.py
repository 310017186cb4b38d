"""From one example, text, to its features, ids."""

import itertools
import typing
from typing import Dict, Iterable, List, Optional, Tuple, Union

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.common import files
from bert.common.errors import UserError

NUM_LOGGED = 5

# Text, or its word pieces if somebody has made them already.
Text = Union[str, List[str]]


class InputExample:
  """One text, or pair of texts, with its label.

  Attributes:
    guid: names the example in the log and in test_predictions.tsv.
    text_a: str, or a list of word pieces, which are taken as they are; for
      tagging a list of words.
    text_b: the same, or None.
    label: what the task's head takes: a str, for multi_label a list of str, for
      tagging a str a word, for regression a number, as str or float. None where
      there is none, as in a test set.
  """

  def __init__(self, guid, text_a: Text, text_b: Optional[Text] = None,
               label=None):
    self.guid = guid
    self.text_a = text_a
    self.text_b = text_b
    self.label = label


class PaddingInputExample:
  """Fills a set up to whole batches, which TPUs need; carries no weight."""


class InputFeatures(typing.NamedTuple):
  """One example as numbers; names and order are those of the record."""
  input_ids: List[int]
  input_mask: List[int]
  segment_ids: List[int]
  label_ids: List[Union[int, float]]
  is_real_example: List[int]


class Reading(typing.NamedTuple):
  """What of a text is read that is longer than the model.

  Attributes:
    truncation: head, tail or head_tail: the part of a single text that stays.
    head_tokens: how much of its head head_tail keeps.
    num_windows: windows that a single text is read in, at most.
    window_stride: tokens from one window's start to the next; None: as many as
      a window holds.
  """
  truncation: str = "head"
  head_tokens: int = 128
  num_windows: int = 1
  window_stride: Optional[int] = None


class Cut(typing.NamedTuple):
  """How many tokens a text had, and how many of them were not read."""
  num_tokens: int
  num_lost: int


class CutCount:
  """Adds up the Cuts of a set."""

  def __init__(self):
    self._num_texts = self._num_cut = self._num_tokens = self._num_lost = 0

  def count(self, converted_and_cut):
    """Takes a pair of anything and its Cut; returns the first of it."""
    converted, cut = converted_and_cut
    self._num_texts += 1
    self._num_cut += cut.num_lost > 0
    self._num_tokens += cut.num_tokens
    self._num_lost += cut.num_lost
    return converted

  def log(self, name: str, max_seq_length: int) -> None:
    """Says of a set what was lost, if anything was."""
    if self._num_cut:
      tf.logging.info(
          "%s set: %d of %d examples are longer than --max_seq_length=%d; "
          "%.1f %% of all tokens are not read", name, self._num_cut,
          self._num_texts, max_seq_length,
          100.0 * self._num_lost / self._num_tokens)


def load_tokenizer(vocab_file: str,
                   do_lower_case: bool) -> tokenization.FullTokenizer:
  """Returns the tokenizer of a vocabulary.

  Raises:
    UserError: no such file, not UTF-8, or a token that BERT needs is not in it.
  """
  files.read_text(vocab_file, "--vocab_file")
  tokenizer = tokenization.FullTokenizer(vocab_file, do_lower_case)
  missing = [token for token in ("[CLS]", "[SEP]", "[UNK]")
             if token not in tokenizer.vocab]
  if missing:
    raise UserError("--vocab_file=%s: no line is %s; every BERT vocabulary "
                    "has it, a token a line" % (vocab_file, missing[0]))
  return tokenizer


def num_entries(vocab: Dict[str, int]) -> int:
  """Returns the size of a vocabulary; blank lines at its end don't count."""
  return 1 + max(index for token, index in vocab.items() if token)


def truncate_pair(tokens_a: List[str], tokens_b: List[str],
                  max_tokens: int) -> None:
  """Drops last tokens of the longer list, of b if equal, until both fit."""
  while len(tokens_a) + len(tokens_b) > max_tokens:
    (tokens_a if len(tokens_a) > len(tokens_b) else tokens_b).pop()


def convert_example(example, head, max_seq_length: int, tokenizer,
                    reading: Reading = Reading()) -> InputFeatures:
  """Turns an example into ids.

  Args:
    example: an InputExample or PaddingInputExample.
    head: a head.Head, which encodes the label.
    max_seq_length: tokens in a window, special ones too.
    tokenizer: a FullTokenizer.
    reading: what is read of long texts.

  Returns:
    InputFeatures; the first three are lists of max_seq_length for each window.

  Raises:
    UserError: the head does not take the label.
  """
  return convert(example, head, max_seq_length, tokenizer, reading)[0]


def convert(example, head, max_seq_length: int, tokenizer,
            reading: Reading = Reading()) -> Tuple[InputFeatures, Cut]:
  """convert_example, and what was cut off."""
  if isinstance(example, PaddingInputExample):
    zeros = [0] * (max_seq_length * reading.num_windows)
    return InputFeatures(zeros, zeros, zeros,
                         head.encode_label(None, max_seq_length),
                         [0]), Cut(0, 0)
  label_ids = _encode_label(example, head, max_seq_length)
  if head.is_per_word:
    pieces, starts = _word_pieces(example.text_a, tokenizer)
    room = max_seq_length - 2
    label_ids = head.encode_words(
        example.label, [1 + start for start in starts if start < room],
        max_seq_length)
    cut = Cut(len(pieces), max(len(pieces) - room, 0))
    windows = [_enclose(pieces[:room])]
  else:
    windows, cut = _windows(example, max_seq_length, tokenizer, reading)
  columns = ([], [], [])
  unknown = tokenizer.vocab["[UNK]"]
  for tokens, segment_ids in windows + [
      ([], [])] * (reading.num_windows - len(windows)):
    padding = [0] * (max_seq_length - len(tokens))
    columns[0].extend([tokenizer.vocab.get(token, unknown)
                       for token in tokens] + padding)
    columns[1].extend([1] * len(tokens) + padding)
    columns[2].extend(segment_ids + padding)
  return InputFeatures(*columns, label_ids=label_ids, is_real_example=[1]), cut


def num_tokens(example: InputExample, tokenizer, is_per_word: bool) -> int:
  """Returns an example's tokens, with [CLS] and [SEP], if nothing is cut.

  Args:
    example: which.
    tokenizer: a FullTokenizer.
    is_per_word: as of the task's head.
  """
  if is_per_word:
    return 2 + len(_word_pieces(example.text_a, tokenizer)[0])
  num_b = len(_pieces(example.text_b or "", tokenizer))
  return 2 + len(_pieces(example.text_a, tokenizer)) + num_b + (num_b > 0)


def log_examples(examples: Iterable, head, max_seq_length: int, tokenizer,
                 reading: Reading = Reading()) -> None:
  """Logs the first five examples and their features."""
  for example in itertools.islice(examples, NUM_LOGGED):
    if isinstance(example, InputExample):
      features = convert_example(example, head, max_seq_length, tokenizer,
                                 reading)
      _log_example(example, features, tokenizer)


def check_labels(examples: Iterable[InputExample], head,
                 is_labelled: bool) -> None:
  """Raises UserError for the first label that the head does not take, or that
  is None in a labelled set."""
  for example in examples:
    if is_labelled and example.label is None:
      raise UserError("example %s has no label" % example.guid)
    _encode_label(example, head, 1)
    if head.is_per_word and example.label is not None and (
        len(example.label) != len(example.text_a)):
      raise UserError("example %s has %d words and %d labels" % (
          example.guid, len(example.text_a), len(example.label)))


def check_reading(examples: Iterable[InputExample], head,
                  reading: Reading) -> None:
  """Raises UserError where a reading has no meaning for a set's texts."""
  asked = [name for name in ("truncation", "num_windows") if
           getattr(reading, name) != Reading._field_defaults[name]]
  if not asked:
    return
  flag = "--%s=%s" % (asked[0], getattr(reading, asked[0]))
  if head.is_per_word:
    raise UserError("%s is not for tagging tasks; leave it out" % flag)
  for example in examples:
    if example.text_b:
      raise UserError("%s is for single texts, and example %s is a pair; leave "
                      "it out" % (flag, example.guid))


def _encode_label(example, head, max_seq_length):
  try:
    return head.encode_label(example.label, max_seq_length)
  except ValueError as error:
    raise UserError("example %s: %s" % (example.guid, error))


def _windows(example, max_seq_length, tokenizer, reading):
  """Returns pairs (tokens, segment ids), one a window, and the Cut."""
  tokens_a = _pieces(example.text_a, tokenizer)
  tokens_b = _pieces(example.text_b, tokenizer) if example.text_b else []
  num_tokens = len(tokens_a) + len(tokens_b)
  if tokens_b:
    truncate_pair(tokens_a, tokens_b, max_seq_length - 3)
  room = max_seq_length - 2
  if reading.num_windows > 1:
    parts = _slide(tokens_a, room, reading)
    stride = reading.window_stride or room
    num_kept = min(num_tokens, (len(parts) - 1) * stride + room)
  else:
    parts = [_truncate(tokens_a, room, reading)]
    num_kept = len(parts[0]) + len(tokens_b)
  windows = [_enclose(part) for part in parts]
  if tokens_b:
    tokens, segment_ids = windows[0]
    windows = [(tokens + tokens_b + ["[SEP]"],
                segment_ids + [1] * (len(tokens_b) + 1))]
  return windows, Cut(num_tokens, num_tokens - num_kept)


def _enclose(tokens):
  """Returns (tokens with [CLS] and [SEP], segment ids)."""
  return ["[CLS]"] + tokens + ["[SEP]"], [0] * (len(tokens) + 2)


def _truncate(tokens, room, reading):
  if len(tokens) <= room or reading.truncation == "head":
    return tokens[:room]
  num_first = 0
  if reading.truncation == "head_tail":
    num_first = min(reading.head_tokens, room)
  return tokens[:num_first] + tokens[len(tokens) - (room - num_first):]


def _slide(tokens, room, reading):
  """Returns the parts of a text that windows show; one at least."""
  stride = reading.window_stride or room
  parts = [tokens[:room]]
  while (len(parts) < reading.num_windows and
         (len(parts) - 1) * stride + room < len(tokens)):
    start = len(parts) * stride
    parts.append(tokens[start:start + room])
  return parts


def _word_pieces(words, tokenizer):
  """Returns all words' pieces, and where each word's first one is."""
  pieces, starts = [], []
  for word in words:
    starts.append(len(pieces))
    pieces += tokenizer.tokenize(word) or ["[UNK]"]
  return pieces, starts


def _pieces(text, tokenizer):
  return list(text) if isinstance(text, list) else tokenizer.tokenize(text)


def _log_example(example, features, tokenizer):
  tokens = tokenizer.convert_ids_to_tokens([
      token_id for token_id, is_real in zip(features.input_ids,
                                            features.input_mask) if is_real])
  tf.logging.info("*** Example ***")
  tf.logging.info("guid: %s", example.guid)
  tf.logging.info("tokens: %s", " ".join(tokens))
  for name in ("input_ids", "input_mask", "segment_ids"):
    tf.logging.info("%s: %s", name, " ".join(map(str, getattr(features, name))))
  tf.logging.info("label: %s (id = %s)", example.label,
                  " ".join(map(str, features.label_ids)))
