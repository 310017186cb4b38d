"""The vocabulary of a model, checked."""

from typing import Dict

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.common import files
from bert.common.errors import UserError
from bert.common.registry import Registry
from bert.data import layouts
from bert.data.tokenizers import char_tokenizer


# The values of --tokenizer.
_TOKENIZERS = Registry("tokenizer", wordpiece=tokenization.FullTokenizer,
                       char=char_tokenizer.CharTokenizer)


def load_tokenizer(vocab_file: str, do_lower_case: bool,
                   kind: str = "wordpiece",
                   layout: layouts.Layout = layouts.BERT
                  ) -> tokenization.FullTokenizer:
  """Returns the tokenizer of a vocabulary; warns of one that looks broken.

  Args:
    vocab_file: path.
    do_lower_case: whether text is lower-cased.
    kind: wordpiece or char.
    layout: whose special tokens it has to have.

  Raises:
    UserError: no such file, not UTF-8, or a token that BERT needs is not in it.
  """
  text = files.read_text(vocab_file, "--vocab_file")
  tokenizer = _TOKENIZERS.find(kind)(vocab_file, do_lower_case)
  missing = [token for token in layout.special_tokens + (layouts.UNKNOWN,)
             if token not in tokenizer.vocab]
  if missing:
    raise UserError("--vocab_file=%s: no line is %s; every BERT vocabulary "
                    "has it, a token a line" % (vocab_file, missing[0]))
  _warn_of_slips(vocab_file, text.rstrip("\r\n").split("\n"))
  return tokenizer


def kind_of(tokenizer: tokenization.FullTokenizer) -> str:
  """Returns the value of --tokenizer that a tokenizer was made for."""
  return next(kind for kind, each in _TOKENIZERS.items()
              if each is type(tokenizer))


def _warn_of_slips(vocab_file, lines):
  """Warns of duplicate lines, and of a missing [MASK]: one line too many or too
  few shifts the ids of all tokens after it."""
  first, repeated = {}, []
  for number, line in enumerate(lines, 1):
    token = line.strip()
    if first.setdefault(token, number) != number:
      repeated.append((number, token))
  if repeated:
    number, token = repeated[0]
    tf.logging.warning(
        "%s:%d: %r repeats line %d (%d such lines in all); if the line was not "
        "the model's, all ids after it are wrong", vocab_file,
        number, token, first[token], len(repeated))
  if layouts.MASK not in first:
    tf.logging.warning(
        "%s: no line is [MASK], which vocabularies of BERT have; if a line is "
        "missing, all ids after it are wrong", vocab_file)


def num_entries(vocab: Dict[str, int]) -> int:
  """Returns the size of a vocabulary without blank lines at its end."""
  return 1 + max(index for token, index in vocab.items() if token)
