#!/usr/bin/env python
"""Learns a vocabulary of word pieces from text, with the package tokenizers.

Special tokens have the ids of the released models: [PAD] 0, [UNK] 100, [CLS]
101, [SEP] 102, [MASK] 103, unused ones between.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import command_line
from bert.common import libraries
from bert.common.errors import UserError
from bert.options.scripts import VocabularyOptions

SPECIAL = (["[PAD]"] + ["[unused%d]" % number for number in range(1, 100)] +
           ["[UNK]", "[CLS]", "[SEP]", "[MASK]"])
GROUPS = (VocabularyOptions,)


def main(argv):
  (options,) = command_line.parse(argv, GROUPS, __doc__)
  libraries.check_library("tokenizers", "a vocabulary",
                          "-r requirements-pretraining.txt")

  command.start_tensorflow(options)
  from bert.common import files
  from bert.pretraining import corpus
  paths = corpus.find_files(options.input_file, "--input_file")
  files.make_parent(options.vocab_file, "--vocab_file")
  vocab = train(paths, options)
  if len(vocab) <= len(SPECIAL):
    raise UserError("--input_file=%s: there is no text" % options.input_file)
  files.write_text(options.vocab_file, vocab)
  print("%d entries: %s" % (len(vocab), options.vocab_file))


def train(paths, options):
  """Returns the entries in the order of their ids."""
  import tokenizers
  from tokenizers import normalizers
  from tokenizers import pre_tokenizers
  from tokenizers import trainers
  tokenizer = tokenizers.Tokenizer(
      tokenizers.models.WordPiece(unk_token="[UNK]"))
  tokenizer.normalizer = normalizers.BertNormalizer(
      lowercase=options.do_lower_case, handle_chinese_chars=True)
  tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
  tokenizer.train(list(paths), trainers.WordPieceTrainer(
      vocab_size=options.vocab_size, min_frequency=options.min_frequency,
      special_tokens=SPECIAL, limit_alphabet=options.vocab_size,
      continuing_subword_prefix="##"))
  entries = tokenizer.get_vocab()
  return sorted(entries, key=entries.get)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
