"""From one example, text, to its features, ids."""

import itertools
import typing
from typing import Dict, Iterable, List, Optional, Union

import tensorflow.compat.v1 as tf

from bert import files
from bert import tokenization
from bert.errors import UserError

NUM_LOGGED = 5

# Text, or its word pieces if somebody has made them already.
Text = Union[str, List[str]]


class InputExample:
  """One text, or pair of texts, with its label.

  Attributes:
    guid: names the example in the log and in test_predictions.tsv.
    text_a: str, or a list of word pieces, which are taken as they are.
    text_b: the same, or None.
    label: what the task's head takes: a str, for multi_label a list of str.
      None where there is none, as in a test set.
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


def convert_example(example, head, max_seq_length: int,
                    tokenizer) -> InputFeatures:
  """Turns an example into ids.

  Args:
    example: an InputExample or PaddingInputExample.
    head: a heads.Head, which encodes the label.
    max_seq_length: tokens in a row, special ones too.
    tokenizer: a FullTokenizer.

  Returns:
    InputFeatures; the first three are lists of max_seq_length.

  Raises:
    UserError: the head does not take the label.
  """
  if isinstance(example, PaddingInputExample):
    zeros = [0] * max_seq_length
    return InputFeatures(zeros, zeros, zeros,
                         head.encode_label(None, max_seq_length), [0])
  tokens, segment_ids = _assemble(example, max_seq_length, tokenizer)
  vocab = tokenizer.vocab
  unknown = vocab["[UNK]"]
  padding = [0] * (max_seq_length - len(tokens))
  return InputFeatures(
      [vocab.get(token, unknown) for token in tokens] + padding,
      [1] * len(tokens) + padding,
      segment_ids + padding,
      _encode_label(example, head, max_seq_length), [1])


def log_examples(examples: Iterable, head, max_seq_length: int,
                 tokenizer) -> None:
  """Logs the first five examples and their features."""
  for example in itertools.islice(examples, NUM_LOGGED):
    if isinstance(example, InputExample):
      features = convert_example(example, head, max_seq_length, tokenizer)
      _log_example(example, features, tokenizer)


def check_labels(examples: Iterable[InputExample], head,
                 is_labelled: bool) -> None:
  """Raises UserError for the first label that the head does not take, or that
  is None in a labelled set."""
  for example in examples:
    if is_labelled and example.label is None:
      raise UserError("example %s has no label" % example.guid)
    _encode_label(example, head, 1)


def _encode_label(example, head, max_seq_length):
  try:
    return head.encode_label(example.label, max_seq_length)
  except ValueError as error:
    raise UserError("example %s: %s" % (example.guid, error))


def _assemble(example, max_seq_length, tokenizer):
  """Returns the tokens of an example with [CLS] and [SEP], and segment ids."""
  tokens_a = _pieces(example.text_a, tokenizer)
  tokens_b = _pieces(example.text_b, tokenizer) if example.text_b else []
  if tokens_b:
    truncate_pair(tokens_a, tokens_b, max_seq_length - 3)
  tokens = ["[CLS]"] + tokens_a[:max_seq_length - 2] + ["[SEP]"]
  segment_ids = [0] * len(tokens)
  if tokens_b:
    tokens += tokens_b + ["[SEP]"]
    segment_ids += [1] * (len(tokens_b) + 1)
  return tokens, segment_ids


def _pieces(text, tokenizer):
  return list(text) if isinstance(text, list) else tokenizer.tokenize(text)


def _log_example(example, features, tokenizer):
  num_tokens = sum(features.input_mask)
  tokens = tokenizer.convert_ids_to_tokens(features.input_ids[:num_tokens])
  tf.logging.info("*** Example ***")
  tf.logging.info("guid: %s", example.guid)
  tf.logging.info("tokens: %s", " ".join(tokens))
  for name in ("input_ids", "input_mask", "segment_ids"):
    tf.logging.info("%s: %s", name, " ".join(map(str, getattr(features, name))))
  tf.logging.info("label: %s (id = %s)", example.label,
                  " ".join(map(str, features.label_ids)))
