#!/usr/bin/env python
"""Makes pre-training records of plain text: pairs of texts, some words masked.

The text has a sentence a line, and a blank line between documents. Drop-in for
the reference release's create_pretraining_data.py: the same seed makes the same
instances.
"""

import sys

from bert import old_imports
from bert.common import command
from bert.common import command_line
from bert.options import pretraining

GROUPS = (pretraining.TextOptions, pretraining.InstanceOptions)


def main(argv):
  text, instances = command_line.parse(argv, GROUPS, __doc__)
  pretraining.check_instances(text, instances)
  shards = pretraining.shards_of(instances) if instances.num_shards else None
  paths = pretraining.output_files_of(instances)

  command.start_tensorflow(text, instances)
  from bert.common import files
  from bert.pretraining import corpus
  from bert.pretraining import instance_files
  source = load(text, instances)
  for path in paths:
    files.make_parent(path, "--output_file")
  if text.segmenter:
    corpus.log_words(source.corpus)
  if shards:
    instance_files.write_shards(source, paths[0], instances.num_shards, shards,
                                instances.num_workers)
  else:
    instance_files.write_files(source, paths)


def load(text, flags):
  """Returns the instance_files.Source that a command line asks for.

  Raises:
    UserError: something is not there.
  """
  from bert.data.tokenizers import vocabulary
  from bert.pretraining import corpus
  from bert.pretraining import instance_files
  from bert.pretraining import instances
  from bert.pretraining import segmenters
  tokenizer = vocabulary.load_tokenizer(text.vocab_file, text.do_lower_case,
                                        text.tokenizer)
  config = instances.MaskingConfig(
      flags.max_seq_length, flags.max_predictions_per_seq,
      flags.masked_lm_prob, flags.short_seq_prob, flags.dupe_factor,
      flags.do_whole_word_mask)
  return instance_files.Source(
      corpus.Corpus(corpus.find_files(text.input_file, "--input_file"),
                    tokenizer, segmenters.load(text.segmenter),
                    flags.max_seq_length),
      config, instances.load_vocabulary(tokenizer.vocab, text.vocab_file),
      flags.random_seed)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("create_pretraining_data", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
