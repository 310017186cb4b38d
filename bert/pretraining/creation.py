"""From checked flags to files of instances: create_pretraining_data.py."""

from typing import Optional, Sequence

from bert.common import files
from bert.data.tokenizers import vocabulary
from bert.options.pretraining import InstanceOptions
from bert.options.pretraining import TextOptions
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining import instances as instances_lib
from bert.pretraining import segmenters


def run(text: TextOptions, instances: InstanceOptions, paths: Sequence[str],
        shards: Optional[Sequence[int]] = None) -> None:
  """Writes the instances of texts.

  Args:
    text, instances: the command line.
    paths: of the files; with shards, the beginning of their names alone.
    shards: numbers of those to write; None: --num_shards is not given.

  Raises:
    UserError: something is not there, or files there are of another text or of
      other settings.
  """
  source = load(text, instances)
  for path in paths:
    files.make_parent(path, "--output_file")
  if text.segmenter:
    corpus.log_words(source.corpus)
  if shards is None:
    instance_files.write_files(source, paths)
  else:
    instance_files.write_shards(source, paths[0], instances.num_shards, shards,
                                instances.num_workers)


def load(text: TextOptions,
         instances: InstanceOptions) -> instance_files.Source:
  """Returns the text that instances are made of, how, and the seed.

  Raises:
    UserError: something is not there.
  """
  tokenizer = vocabulary.load_tokenizer(text.vocab_file, text.do_lower_case,
                                        text.tokenizer)
  masking = instances_lib.MaskingConfig(
      instances.max_seq_length, instances.max_predictions_per_seq,
      instances.masked_lm_prob, instances.short_seq_prob,
      instances.dupe_factor, instances.do_whole_word_mask)
  return instance_files.Source(
      corpus.Corpus(corpus.find_files(text.input_file, "--input_file"),
                    tokenizer, segmenters.load(text.segmenter),
                    instances.max_seq_length),
      masking, instances_lib.load_vocabulary(tokenizer.vocab, text.vocab_file),
      instances.random_seed)
