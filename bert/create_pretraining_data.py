"""The names that programs import from the reference release's
create_pretraining_data.

The command of that name is one folder up.
"""

# pylint: disable=wrong-import-position
if __package__:
  from bert import old_imports
else:  # This folder is on the path, the one above it may not be.
  import old_imports
old_imports.prepare(__name__, __file__)

import functools
import typing
from typing import List, Optional

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining import instances as instances_lib
from bert.pretraining.instances import MaskingConfig

__all__ = ["MaskedLmInstance", "TrainingInstance", "create_float_feature",
           "create_instances_from_document", "create_int_feature",
           "create_masked_lm_predictions", "create_training_instances",
           "tokenization", "truncate_seq_pair",
           "write_instance_to_example_files"]


class MaskedLmInstance(typing.NamedTuple):
  """A masked token: its position in the instance, and what it was."""
  index: int
  label: str


class TrainingInstance(typing.NamedTuple):
  """Two texts with masked tokens.

  Attributes:
    tokens: list of str, [CLS] and both [SEP] included.
    segment_ids: 0 for the first text's, 1 for the second's.
    masked_lm_positions: of the masked tokens, ascending.
    masked_lm_labels: the tokens there before.
    is_random_next: whether the second text is from another document.
  """
  tokens: List[str]
  segment_ids: List[int]
  masked_lm_positions: List[int]
  masked_lm_labels: List[str]
  is_random_next: bool


def create_training_instances(
    input_files, tokenizer, max_seq_length, dupe_factor, short_seq_prob,
    masked_lm_prob, max_predictions_per_seq, rng,
    do_whole_word_mask: Optional[bool] = None):
  """Returns the TrainingInstances of text files, shuffled.

  Args:
    input_files: paths; a sentence a line, a blank line between documents.
    tokenizer: a tokenization.FullTokenizer.
    max_seq_length: tokens of an instance.
    dupe_factor: passes over the documents.
    short_seq_prob: share of the documents whose instances are made shorter.
    masked_lm_prob, max_predictions_per_seq: share of the tokens that is
      masked, and most of them.
    rng: random.Random that every choice is drawn from.
    do_whole_word_mask: whether all pieces of a word are masked together; None:
      by the program's own flag of that name, else not.
  """
  maker = instances_lib.InstanceMaker(
      MaskingConfig(max_seq_length, max_predictions_per_seq, masked_lm_prob,
                    short_seq_prob, dupe_factor,
                    _is_by_word(do_whole_word_mask)),
      instances_lib.load_vocabulary(tokenizer.vocab, "the tokenizer"), rng)
  documents = corpus.read_documents(corpus.Corpus(
      input_files, tokenizer, None, max_seq_length))
  return maker.create(documents, pack=functools.partial(
      _to_tokens, tokenizer.convert_ids_to_tokens))


def create_instances_from_document(
    all_documents, document_index, max_seq_length, short_seq_prob,
    masked_lm_prob, max_predictions_per_seq, vocab_words, rng,
    do_whole_word_mask: Optional[bool] = None):
  """Returns the TrainingInstances of one document.

  Args:
    all_documents: lists of sentences, which are lists of tokens; random second
      texts are drawn from them.
    document_index: of the document.
    vocab_words: tokens that a masked one may be replaced by.
    max_seq_length, short_seq_prob, masked_lm_prob, max_predictions_per_seq,
    rng, do_whole_word_mask: as of create_training_instances.
  """
  maker = instances_lib.InstanceMaker(
      MaskingConfig(max_seq_length, max_predictions_per_seq, masked_lm_prob,
                    short_seq_prob),
      _vocabulary(vocab_words), rng)
  found = []
  for tokens_a, tokens_b, is_random in maker.pairs(all_documents,
                                                   document_index):
    first = ["[CLS]"] + tokens_a + ["[SEP]"]
    second = tokens_b + ["[SEP]"]
    found.append(TrainingInstance(
        *_with_segments(create_masked_lm_predictions(
            first + second, masked_lm_prob, max_predictions_per_seq,
            vocab_words, rng, do_whole_word_mask), len(first), len(second)),
        is_random))
  return found


def _with_segments(masked, num_first, num_second):
  """Returns tokens, segment ids, positions and labels of masked tokens."""
  tokens, positions, labels = masked
  return tokens, [0] * num_first + [1] * num_second, positions, labels


def create_masked_lm_predictions(tokens, masked_lm_prob,
                                 max_predictions_per_seq, vocab_words, rng,
                                 do_whole_word_mask: Optional[bool] = None):
  """Masks some of a list of tokens, none of them [CLS] or [SEP].

  Arguments as of create_instances_from_document.

  Returns:
    (the tokens after it, positions of what was masked, the tokens before).
  """
  output = list(tokens)
  is_by_word = _is_by_word(do_whole_word_mask)
  maker = instances_lib.InstanceMaker(
      MaskingConfig(max_predictions_per_seq=max_predictions_per_seq,
                    masked_lm_prob=masked_lm_prob,
                    do_whole_word_mask=is_by_word),
      _vocabulary(vocab_words), rng)
  units = [position for position, token in enumerate(tokens)
           if token not in ("[CLS]", "[SEP]")]
  if is_by_word:
    units = instances_lib.join_words(
        [token.startswith("##") for token in tokens], units)
  positions, labels = maker.mask(output, units)
  return output, positions, labels


def truncate_seq_pair(tokens_a, tokens_b, max_num_tokens, rng):
  """Drops tokens of the longer of two lists, in place, at an end that rng
  draws, until both have max_num_tokens at most."""
  tokens_a[:], tokens_b[:] = instances_lib.truncate(
      tokens_a, tokens_b, max_num_tokens, rng.random)


def create_int_feature(values):
  """Returns a tf.train.Feature of whole numbers."""
  return tf.train.Feature(int64_list=tf.train.Int64List(value=list(values)))


def create_float_feature(values):
  """Returns a tf.train.Feature of floating-point numbers."""
  return tf.train.Feature(float_list=tf.train.FloatList(value=list(values)))


def write_instance_to_example_files(instances, tokenizer, max_seq_length,
                                    max_predictions_per_seq, output_files):
  """Writes TrainingInstances, each to the next of several record files."""
  instance_files.write_instances(
      [_to_ids(tokenizer.convert_tokens_to_ids, each) for each in instances],
      MaskingConfig(max_seq_length, max_predictions_per_seq), output_files,
      tokenizer.convert_ids_to_tokens)


def _to_tokens(convert, instance):
  return TrainingInstance(
      convert(instance.input_ids), instance.segment_ids(), instance.positions,
      convert(instance.masked_ids), instance.is_random_next)


def _to_ids(convert, instance):
  return instances_lib.Instance(
      convert(instance.tokens), instance.segment_ids.count(0),
      instance.masked_lm_positions, convert(instance.masked_lm_labels),
      instance.is_random_next)


def _is_by_word(do_whole_word_mask):
  if do_whole_word_mask is None:
    return bool(old_imports.flag("do_whole_word_mask", False))
  return do_whole_word_mask


def _vocabulary(vocab_words):
  return instances_lib.Vocabulary("[CLS]", "[SEP]", "[MASK]", vocab_words)
