"""The names that programs import from the reference release's extract_features.

The command of that name is one folder up.
"""

# pylint: disable=wrong-import-position
if __package__:
  from bert import old_imports
else:  # This folder is on the path, the one above it may not be.
  import old_imports
old_imports.prepare(__name__, __file__)

import typing
from typing import List, Optional

from bert import modeling
from bert import tokenization
from bert.data import features as features_lib
from bert.serving import vectors

__all__ = ["InputExample", "InputFeatures", "convert_examples_to_features",
           "modeling", "read_examples", "tokenization"]


class InputExample(typing.NamedTuple):
  """A text, or a pair of texts, with a number of its own."""
  unique_id: int
  text_a: str
  text_b: Optional[str]


class InputFeatures(typing.NamedTuple):
  """A text as ids: three lists of seq_length numbers; tokens has no padding."""
  unique_id: int
  tokens: List[str]
  input_ids: List[int]
  input_mask: List[int]
  input_type_ids: List[int]


def read_examples(input_file):
  """Returns the InputExamples of a file, a text or a pair `a ||| b` a line."""
  return [InputExample(index, *_stripped(each.text_a, each.text_b))
          for index, each in enumerate(vectors.read_examples(input_file))]


def _stripped(text_a, text_b):
  """Takes off the blanks at the ends of a line."""
  if text_b is None:
    return text_a.strip(), None
  return text_a.lstrip(), text_b.rstrip()


def convert_examples_to_features(examples, seq_length, tokenizer):
  """Returns the InputFeatures of InputExamples.

  Args:
    examples: of read_examples.
    seq_length: tokens, special ones included; longer texts are truncated.
    tokenizer: a tokenization.FullTokenizer.
  """
  encoder = features_lib.TextEncoder(tokenizer, seq_length)
  return [_to_features(each.unique_id, encoder.encode_text(
      each.text_a, each.text_b).columns, tokenizer) for each in examples]


def _to_features(unique_id, columns, tokenizer):
  ids = columns["input_ids"][:sum(columns["input_mask"])]
  return InputFeatures(unique_id, tokenizer.convert_ids_to_tokens(ids),
                       columns["input_ids"], columns["input_mask"],
                       columns["segment_ids"])
