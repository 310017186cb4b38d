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

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import tokenization
from bert.data import features as features_lib
from bert.data import input_fns
from bert.data.truncation import truncate_pair as _truncate_seq_pair
from bert.encoders.bert import Bert
from bert.heads.encoder_layers import LayersHead
from bert.model.model_function import Model
from bert.serving import vectors

__all__ = ["InputExample", "InputFeatures", "_truncate_seq_pair",
           "convert_examples_to_features", "input_fn_builder",
           "model_fn_builder", "modeling", "read_examples", "tokenization"]


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


def input_fn_builder(features, seq_length):
  """Returns an input_fn of InputFeatures, once each, in their order.

  Args:
    features: a list of InputFeatures.
    seq_length: of each.

  Returns:
    A function of params, which hold "batch_size", returning a tf.data.Dataset
    of dicts with unique_ids int32 [batch], input_ids, input_mask and
    input_type_ids int32 [batch, seq_length].
  """
  del seq_length  # It is that of the features.
  return input_fns.array_input_fn({
      name: np.array([getattr(each, attribute) for each in features], np.int32)
      for name, attribute in (
          ("unique_ids", "unique_id"), ("input_ids", "input_ids"),
          ("input_mask", "input_mask"),
          ("input_type_ids", "input_type_ids"))},
                                  is_training=False, drop_remainder=False)


class _NumberedLayers(LayersHead):
  """The vectors of layers, which are numbered in the order asked for."""

  def __init__(self, layers):
    super().__init__(layers)
    self._indexes = list(layers)

  def prepare(self, features):
    return dict(features, segment_ids=features["input_type_ids"])

  def predictions(self, outputs, features):
    found = {"unique_id": features["unique_ids"]}
    for number, index in enumerate(self._indexes):
      found["layer_output_%d" % number] = outputs["layer_%d" % index]
    return found


def model_fn_builder(bert_config, init_checkpoint, layer_indexes, use_tpu,
                     use_one_hot_embeddings):
  """Returns the model_fn that gives the vectors of layers, for a TPUEstimator.

  Args:
    bert_config: a modeling.BertConfig.
    init_checkpoint: what the weights are; None: random values.
    layer_indexes: numbers of the layers; -1 is the last.
    use_tpu: whether it runs on a TPU.
    use_one_hot_embeddings: look words up by a matrix product, for TPUs.

  Returns:
    A model_fn that predicts alone: unique_id [batch], and layer_output_0 for
    the first of the layers and so on, float32 [batch, seq_length, hidden].
  """
  model = Model(Bert(bert_config), _NumberedLayers(layer_indexes),
                use_tpu=use_tpu,
                use_one_hot_embeddings=use_one_hot_embeddings,
                init_checkpoint=init_checkpoint, drop_padding=False)

  def model_fn(features, labels, mode, params):
    if mode != tf.estimator.ModeKeys.PREDICT:
      raise ValueError("extract_features has a model for predictions alone; "
                       "mode is %r" % mode)
    return model.model_fn(features, labels, mode, params)

  return model_fn
