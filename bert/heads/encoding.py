"""From examples to records: the half of a head that needs no graph yet."""

import itertools
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

import numpy as np

from bert.common.errors import UserError
from bert.data import features as features_lib
from bert.data import layouts
from bert.data import records
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.features import EncodedText
from bert.data.features import Features
from bert.data.features import TextEncoder
from bert.data.records import Field
from bert.data.truncation import TruncationSettings
from bert.data.truncation import TruncationStats
from bert.heads import siamese
from bert.options.finetuning import HeadOptions


class Encoding:
  """How examples of a head become records.

  Attributes:
    settings: the user's, of the head.
    layout: where the encoder has special tokens.
    record_names: dataset -> the beginning of its record file's name, where it
      differs from the dataset's.
    truncated_by: the flag that limits how much of a text is read.
    log_headings: dataset -> the log's line before it is evaluated or predicted.
  """
  settings = HeadOptions()
  layout = layouts.BERT
  record_names = {}  # type: Dict[str, str]
  truncated_by = "max_seq_length"
  log_headings = {"eval": "***** Running evaluation *****",
                  "predict": "***** Running prediction*****"}

  @property
  def encodes_apart(self) -> bool:
    """Whether the texts of a pair are encoded apart."""
    return self.settings.pair_encoding == "siamese"

  @property
  def num_sequences(self) -> int:
    """Sequences of ids that an example has, windows of a text aside."""
    return 2 if self.encodes_apart else 1

  def record_spec(self, max_seq_length: int, num_windows: int = 1,
                  is_labelled: bool = True) -> Dict[str, Field]:
    """Returns name -> Field of a record, in the order of its features.

    Args:
      max_seq_length: tokens in a sequence.
      num_windows: of a text.
      is_labelled: whether it is of a dataset that is trained on or scored.
    """
    del is_labelled
    return records.feature_spec(self.label_fields(max_seq_length),
                                max_seq_length,
                                max(num_windows, self.num_sequences))

  def label_fields(self, max_seq_length: int) -> Dict[str, Field]:
    """Returns name -> Field of the labels in a record, any number of them."""
    raise NotImplementedError()

  def encode_label(self, label) -> List[float]:
    """Returns a label's numbers, zeros for None; raises ValueError."""
    raise NotImplementedError()

  def trainable_examples(self, examples: Sequence[InputExample]
                        ) -> Sequence[InputExample]:
    """Returns the examples that can be trained on, in the order of their
    records; the log says how many others there are."""
    return examples

  def to_features(self, example, encoder: TextEncoder
                 ) -> Tuple[List[Features], TruncationStats]:
    """Turns an example into ids.

    Args:
      example: an InputExample or PaddingInputExample.
      encoder: of the text.

    Returns:
      (the example's records: one, but for heads that split or join examples;
      what was truncated).

    Raises:
      UserError: the head does not take the label.
    """
    is_real = not isinstance(example, PaddingInputExample)
    encoded = (self.encode_example(example, encoder) if is_real else
               self.encode_padding(encoder))
    labels = {"label_ids": self.encoded(example if is_real else None)}
    return [features_lib.to_features(encoded, labels, is_real)], encoded.stats

  def encode_example(self, example: InputExample,
                     encoder: TextEncoder) -> EncodedText:
    """Returns an example's ids, mask and segments, and what was truncated."""
    if self.encodes_apart:
      return join(siamese.encode(example, encoder))
    return join([encoder.encode_text(example.text_a, example.text_b)])

  def encode_padding(self, encoder: TextEncoder) -> EncodedText:
    """Returns the columns of a padding example: zeros."""
    return join([encoder.empty()] * self.num_sequences)

  def serving_columns(self, example: InputExample,
                      encoder: TextEncoder) -> List[Features]:
    """Returns the inputs of `signature` for a text: of each of its records,
    name -> numbers."""
    return [self.encode_example(example, encoder).columns]

  def number_records(self, serialized: Iterable[bytes]) -> Iterable[bytes]:
    """Yields the records of a dataset, after adding what depends on their
    order, such as unique_ids."""
    return serialized

  def encoded(self, example: Optional[InputExample]) -> List[float]:
    """Returns an example's label as numbers; raises UserError."""
    try:
      return self.encode_label(None if example is None else example.label)
    except ValueError as error:
      raise UserError("%s: %s" % (example.locate(), error))

  def label_rows(self, examples: Sequence[InputExample]
                ) -> Dict[str, np.ndarray]:
    """Returns the label fields of a dataset that `eval_prediction` reads."""
    encoded = map(self.encoded, examples)
    # A list of all numbers would take many times their memory.
    blocks = iter(lambda: list(itertools.islice(encoded, 10000)), [])
    return {"label_ids": np.concatenate(list(map(np.array, blocks)))}

  def check_example(self, example: InputExample, is_labelled: bool) -> None:
    """Raises UserError for a label that the head does not take, or that is None
    in a labelled dataset, and for a text alone where pairs are compared."""
    if is_labelled and example.label is None:
      raise UserError("example %s has no label" % example.guid)
    if self.encodes_apart:
      siamese.check_pair(example)
    self.encoded(example)

  def check_truncation(self, settings: TruncationSettings) -> None:
    """Raises UserError for settings that have no effect on such texts."""

  @staticmethod
  def num_tokens(example: InputExample, tokenizer) -> int:
    """Returns an example's tokens, with [CLS] and [SEP], untruncated."""
    return features_lib.num_text_tokens(example, tokenizer)

  def log_examples(self, examples: Sequence[InputExample],
                   encoder: TextEncoder) -> None:
    """Logs the first examples of a dataset and their records."""
    features_lib.log_examples(examples, self, encoder)

  def size_lines(self, num_examples: int, num_records: int,
                 num_padding: Optional[int] = None) -> List[str]:
    """Returns the lines of the log that give a dataset's size.

    Args:
      num_examples, num_records: without padding.
      num_padding: records that fill it up to whole batches; None: of a training
        set.
    """
    del num_records
    if num_padding is None:
      return ["Num examples = %d" % num_examples]
    return ["Num examples = %d (%d actual, %d padding)" % (
        num_examples + num_padding, num_examples, num_padding)]


def join(encoded: Sequence[EncodedText]) -> EncodedText:
  """Returns texts joined, as the sequences of one example."""
  if len(encoded) == 1:
    return encoded[0]
  return EncodedText(
      {name: [value for text in encoded for value in text.columns[name]]
       for name in encoded[0].columns},
      TruncationStats(*map(sum, zip(*[text.stats for text in encoded]))))
