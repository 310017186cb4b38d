"""The names that programs import from the reference release's run_classifier.

The command of that name is one folder up.
"""

# pylint: disable=wrong-import-position
if __package__:
  from bert import old_imports
else:  # This folder is on the path, the one above it may not be.
  import old_imports
old_imports.prepare(__name__, __file__)

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert import tokenization
from bert.data import features as features_lib
from bert.data import input_fns
from bert.data import label_types
from bert.data import records
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.features import InputFeatures
from bert.data.truncation import truncate_pair as _truncate_seq_pair
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.model.model_function import Model
from bert.model.model_function import TrainingSettings
from bert.training import datasets
from processors import adapter
from processors.base import DataProcessor
from processors.glue import Cola as ColaProcessor
from processors.glue import Mnli as MnliProcessor
from processors.glue import Mrpc as MrpcProcessor
from processors.xnli import Xnli as XnliProcessor

__all__ = [
    "ColaProcessor", "DataProcessor", "InputExample", "InputFeatures",
    "MnliProcessor", "MrpcProcessor", "PaddingInputExample", "XnliProcessor",
    "_truncate_seq_pair", "convert_examples_to_features",
    "convert_single_example", "create_model",
    "file_based_convert_examples_to_features", "file_based_input_fn_builder",
    "input_fn_builder", "model_fn_builder", "modeling", "optimization",
    "tokenization"]


def convert_single_example(ex_index, example, label_list, max_seq_length,
                           tokenizer):
  """Returns the InputFeatures of an example; logs the first five.

  Args:
    ex_index: number of the example in its set, from 0.
    example: an InputExample or PaddingInputExample.
    label_list: labels in order, of any type.
    max_seq_length: tokens, special ones included; longer texts are truncated.
    tokenizer: a tokenization.FullTokenizer.

  Raises:
    UserError: the label is not in the list, or a text is not one.
  """
  return _convert([example], label_list, max_seq_length, tokenizer,
                  is_logged=ex_index < features_lib.NUM_LOGGED)[0]


def convert_examples_to_features(examples, label_list, max_seq_length,
                                 tokenizer):
  """Returns a list of InputFeatures, as convert_single_example makes them."""
  return _convert(examples, label_list, max_seq_length, tokenizer)


def file_based_convert_examples_to_features(
    examples, label_list, max_seq_length, tokenizer, output_file):
  """Writes the features of examples as a TFRecord file, all or nothing."""
  head, examples, encoder = _prepare(examples, label_list, max_seq_length,
                                     tokenizer)
  features_lib.log_examples(examples, head, encoder)
  to_records = datasets.RecordMaker(head, encoder, records.feature_spec(
      head.label_fields(max_seq_length), max_seq_length))
  records.write_records(output_file, (
      record for example in examples for record in to_records(example)[0]))


def file_based_input_fn_builder(input_file, seq_length, is_training,
                                drop_remainder):
  """Returns an input_fn of such a file: a function of params, which hold
  "batch_size", returning a tf.data.Dataset of dicts with input_ids, input_mask,
  segment_ids int32 [batch, seq_length], label_ids, is_real_example [batch]."""
  scalar = records.Field(tf.int64, ())
  spec = dict(records.feature_spec({"label_ids": scalar}, seq_length),
              is_real_example=scalar)
  if is_training:
    return input_fns.training_input_fn(input_file, spec, input_fns.Shuffle(),
                                       is_static=True)
  return input_fns.ordered_input_fn(input_file, spec, is_static=True,
                                    drop_remainder=drop_remainder)


def input_fn_builder(features, seq_length, is_training, drop_remainder):
  """Returns such an input_fn of a list of InputFeatures."""
  del seq_length  # It is that of the features.
  return input_fns.array_input_fn({
      name: np.array([getattr(each, attribute) for each in features], np.int32)
      for name, attribute in (
          ("input_ids", "input_ids"), ("input_mask", "input_mask"),
          ("segment_ids", "segment_ids"), ("label_ids", "label_id"),
          ("is_real_example", "is_real_example"))}, is_training, drop_remainder)


def create_model(bert_config, is_training, input_ids, input_mask, segment_ids,
                 labels, num_labels, use_one_hot_embeddings):
  """Builds a classifier.

  Args:
    bert_config: a modeling.BertConfig.
    is_training: whether dropout is on.
    input_ids, input_mask, segment_ids: int32 [batch, length].
    labels: int32 [batch], numbers of labels.
    num_labels: how many labels there are.
    use_one_hot_embeddings: look words up by a matrix product, for TPUs.

  Returns:
    (loss: float32 scalar, per_example_loss: float32 [batch],
     logits and probabilities: float32 [batch, num_labels]).
  """
  head = _head(range(num_labels))
  model = modeling.BertModel(
      bert_config, is_training, input_ids, input_mask, segment_ids,
      use_one_hot_embeddings, first_token_only=True, drop_padding=True)
  logits = head.logits(model, input_mask, is_training)
  losses = head.example_losses(logits, labels)
  return tf.reduce_mean(losses), losses, logits, head.probabilities(logits)


def model_fn_builder(bert_config, num_labels, init_checkpoint, learning_rate,
                     num_train_steps, num_warmup_steps, use_tpu,
                     use_one_hot_embeddings):
  """Returns the model_fn of such a classifier, for a TPUEstimator.

  Args:
    bert_config, num_labels, use_one_hot_embeddings: as of create_model.
    init_checkpoint: what the weights start from where the Estimator has no
      checkpoint; None: random values.
    learning_rate, num_train_steps, num_warmup_steps: of the schedule.
    use_tpu: whether it runs on a TPU.
  """
  model = Model(Bert(bert_config), _head(range(num_labels)), use_tpu=use_tpu,
                use_one_hot_embeddings=use_one_hot_embeddings,
                init_checkpoint=init_checkpoint)
  return model.whole_model_fn(TrainingSettings(
      learning_rate, num_train_steps, num_warmup_steps, init_checkpoint))


def _head(label_list):
  return registry.create(registry.DEFAULT_KIND,
                         [label_types.to_name(label) for label in label_list])


def _prepare(examples, label_list, max_seq_length, tokenizer):
  """Returns head, examples and TextEncoder."""
  head = _head(label_list)
  return head, [
      each if isinstance(each, PaddingInputExample) else
      adapter.to_example(each, head.kind) for each in examples
  ], features_lib.TextEncoder(tokenizer, max_seq_length)


def _convert(examples, label_list, max_seq_length, tokenizer, is_logged=True):
  head, examples, encoder = _prepare(examples, label_list, max_seq_length,
                                     tokenizer)
  if is_logged:
    features_lib.log_examples(examples, head, encoder)
  return [InputFeatures.from_columns(head.to_features(each, encoder)[0][0])
          for each in examples]
