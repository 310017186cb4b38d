#!/usr/bin/env python
"""Makes pre-training records of plain text: pairs of texts, some words masked.

The text has a sentence a line, and a blank line between documents. Drop-in for
the reference release's create_pretraining_data.py: the same seed makes the same
instances.
"""

import sys

from bert import quiet  # First; pylint: disable=unused-import
from bert import command_line
from bert import console
from bert import corpus
from bert import features
from bert import files
from bert import instances
from bert import pretraining
from bert import pretraining_options
from bert import segmenters
from bert.errors import UserError

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
    instances.write_shards(source, paths[0], wanted.num_shards, shards,
                           wanted.num_workers)
  else:
    instances.write_files(source, paths)


def load(text, wanted):
  """Returns the instances.Source that a command line asks for.

  Raises:
    UserError: something is not there.
  """
  tokenizer = features.load_tokenizer(text.vocab_file, text.do_lower_case)
  plan = pretraining.Plan(
      wanted.max_seq_length, wanted.max_predictions_per_seq,
      wanted.masked_lm_prob, wanted.short_seq_prob, wanted.dupe_factor,
      wanted.do_whole_word_mask)
  return instances.Source(
      corpus.Corpus(corpus.find_files(text.input_file, "--input_file"),
                    tokenizer, segmenters.load(text.segmenter),
                    wanted.max_seq_length),
      plan, pretraining.load_vocabulary(tokenizer.vocab, text.vocab_file),
      wanted.random_seed)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
