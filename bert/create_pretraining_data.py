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
from typing import List

from bert import tokenization
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining import instances as instances_lib
from bert.pretraining.instances import MaskingConfig

__all__ = ["TrainingInstance", "create_masked_lm_predictions",
           "create_training_instances", "tokenization",
           "write_instance_to_example_files"]


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
    masked_lm_prob, max_predictions_per_seq, rng):
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
  """
  maker = instances_lib.InstanceMaker(
      MaskingConfig(max_seq_length, max_predictions_per_seq, masked_lm_prob,
                    short_seq_prob, dupe_factor),
      instances_lib.load_vocabulary(tokenizer.vocab, "the tokenizer"), rng)
  documents = corpus.read_documents(corpus.Corpus(
      input_files, tokenizer, None, max_seq_length))
  return maker.create(documents, pack=functools.partial(
      _to_tokens, tokenizer.convert_ids_to_tokens))


def create_masked_lm_predictions(tokens, masked_lm_prob,
                                 max_predictions_per_seq, vocab_words, rng):
  """Masks some of a list of tokens, none of them [CLS] or [SEP].

  Returns:
    (the tokens after it, positions of what was masked, the tokens before).
  """
  output = list(tokens)
  maker = instances_lib.InstanceMaker(
      MaskingConfig(max_predictions_per_seq=max_predictions_per_seq,
                    masked_lm_prob=masked_lm_prob),
      instances_lib.Vocabulary("[CLS]", "[SEP]", "[MASK]", vocab_words), rng)
  positions, labels = maker.mask(output, [
      position for position, token in enumerate(tokens)
      if token not in ("[CLS]", "[SEP]")])
  return output, positions, labels


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
