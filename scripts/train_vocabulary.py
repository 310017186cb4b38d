#!/usr/bin/env python
"""Learns a vocabulary of word pieces from text, with the package tokenizers.

Special tokens have the ids of the released models: [PAD] 0, [UNK] 100, [CLS]
101, [SEP] 102, [MASK] 103, unused ones between.
"""

import dataclasses
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import import_logging  # First; pylint: disable=unused-import
from bert.common import command_line
from bert.common import console
from bert.common import files
from bert.common import libraries
from bert.common.errors import UserError
from bert.pretraining import corpus

SPECIAL = (["[PAD]"] + ["[unused%d]" % number for number in range(1, 100)] +
           ["[UNK]", "[CLS]", "[SEP]", "[MASK]"])


@dataclasses.dataclass(frozen=True)
class VocabularyOptions:
  """Vocabulary"""
  input_file: str = command_line.option(
      None, "Files of text, a comma list of globs.", required=True)
  vocab_file: str = command_line.option(
      None, "What is written, a word piece a line.", required=True)
  vocab_size: int = command_line.option(
      30000, "Entries, special ones included.", minimum=len(SPECIAL) + 1)
  min_frequency: int = command_line.option(
      2, "Times that a pair of pieces occurs before it becomes one.", minimum=1)
  do_lower_case: bool = command_line.option(
      True, "Lower-case the text, as all that uses the vocabulary must then.")


def main(argv):
  (wanted,) = command_line.parse(argv, (VocabularyOptions,), __doc__)
  libraries.check_library("tokenizers", "a vocabulary",
                        "-r requirements-pretraining.txt")
  paths = corpus.find_files(wanted.input_file, "--input_file")
  files.make_parent(wanted.vocab_file, "--vocab_file")
  vocab = train(paths, wanted)
  if len(vocab) <= len(SPECIAL):
    raise UserError("--input_file=%s: there is no text" % wanted.input_file)
  files.write_text(wanted.vocab_file, vocab)
  print("%d entries: %s" % (len(vocab), wanted.vocab_file))


def train(paths, wanted):
  """Returns the entries in the order of their ids."""
  import tokenizers
  from tokenizers import normalizers
  from tokenizers import pre_tokenizers
  from tokenizers import trainers
  made = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
  made.normalizer = normalizers.BertNormalizer(
      lowercase=wanted.do_lower_case, handle_chinese_chars=True)
  made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
  made.train(list(paths), trainers.WordPieceTrainer(
      vocab_size=wanted.vocab_size, min_frequency=wanted.min_frequency,
      special_tokens=SPECIAL, limit_alphabet=wanted.vocab_size,
      continuing_subword_prefix="##"))
  entries = made.get_vocab()
  return sorted(entries, key=entries.get)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
