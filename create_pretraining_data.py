#!/usr/bin/env python
"""Makes pre-training records of plain text: pairs of texts, some words masked.

The text has a sentence a line, and a blank line between documents. Drop-in for
the reference release's create_pretraining_data.py: the same seed makes the same
instances.
"""

import sys

from bert.common import import_logging  # First; pylint: disable=unused-import
from bert import pretraining_options
from bert.common import command_line
from bert.common import console
from bert.common import files
from bert.common.errors import UserError
from bert.data import vocabulary
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining import instances
from bert.pretraining import segmenters

GROUPS = (pretraining_options.TextOptions,
          pretraining_options.InstanceOptions)


def main(argv):
  text, wanted = command_line.parse(argv, GROUPS, __doc__)
  pretraining_options.check_instances(text, wanted)
  shards = pretraining_options.shards_of(wanted) if wanted.num_shards else None
  paths = wanted.output_file.split(",")
  if shards and len(paths) > 1:
    raise UserError("--output_file=%s: with --num_shards, one name that theirs "
                    "begin with" % wanted.output_file)
  source = load(text, wanted)
  for path in paths:
    files.make_parent(path, "--output_file")
  if text.segmenter:
    corpus.log_words(source.corpus)
  if shards:
    instance_files.write_shards(source, paths[0], wanted.num_shards, shards,
                           wanted.num_workers)
  else:
    instance_files.write_files(source, paths)


def load(text, wanted):
  """Returns the instance_files.Source that a command line asks for.

  Raises:
    UserError: something is not there.
  """
  tokenizer = vocabulary.load_tokenizer(text.vocab_file, text.do_lower_case)
  plan = instances.Plan(
      wanted.max_seq_length, wanted.max_predictions_per_seq,
      wanted.masked_lm_prob, wanted.short_seq_prob, wanted.dupe_factor,
      wanted.do_whole_word_mask)
  return instance_files.Source(
      corpus.Corpus(corpus.find_files(text.input_file, "--input_file"),
                    tokenizer, segmenters.load(text.segmenter),
                    wanted.max_seq_length),
      plan, instances.load_vocabulary(tokenizer.vocab, text.vocab_file),
      wanted.random_seed)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
