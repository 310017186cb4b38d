"""The names that programs import from the reference release's run_pretraining.

The command of that name is one folder up.
"""

# pylint: disable=wrong-import-position
if __package__:
  from bert import old_imports
else:  # This folder is on the path, the one above it may not be.
  import old_imports
old_imports.prepare(__name__, __file__)

import random

import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert.data import input_fns
from bert.encoders.bert import Bert
from bert.model.model_function import Model
from bert.model.model_function import TrainingSettings
from bert.pretraining import head
from bert.pretraining import instance_files
from bert.pretraining.head import gather_indexes

__all__ = ["_decode_record", "gather_indexes", "get_masked_lm_output",
           "get_next_sentence_output", "input_fn_builder", "model_fn_builder",
           "modeling", "optimization"]


def model_fn_builder(bert_config, init_checkpoint, learning_rate,
                     num_train_steps, num_warmup_steps, use_tpu,
                     use_one_hot_embeddings):
  """Returns the model_fn of pre-training, for a TPUEstimator.

  Args:
    bert_config: a modeling.BertConfig.
    init_checkpoint: what the weights start from where the Estimator has no
      checkpoint; None: random values.
    learning_rate, num_train_steps, num_warmup_steps: of the schedule.
    use_tpu: whether it runs on a TPU.
    use_one_hot_embeddings: look words up by a matrix product, for TPUs.
  """
  model = Model(Bert(bert_config), head.PretrainingHead(bert_config),
                use_tpu=use_tpu,
                use_one_hot_embeddings=use_one_hot_embeddings,
                init_checkpoint=init_checkpoint)
  return model.whole_model_fn(TrainingSettings(
      learning_rate, num_train_steps, num_warmup_steps, init_checkpoint))


def input_fn_builder(input_files, max_seq_length, max_predictions_per_seq,
                     is_training, num_cpu_threads=4):
  """Returns an input_fn of record files, which never ends.

  Args:
    input_files: paths of files from create_pretraining_data.
    max_seq_length, max_predictions_per_seq: as they were made.
    is_training: whether files and instances are shuffled.
    num_cpu_threads: taken for the interface's sake.

  Returns:
    A function of params, which hold "batch_size", returning a tf.data.Dataset
    of dicts name -> int32 or float32 [batch, numbers].
  """
  del num_cpu_threads
  spec = instance_files.feature_spec(max_seq_length, max_predictions_per_seq)
  if is_training:
    seed = random.SystemRandom().randrange(2**31)
    return instance_files.training_input_fn(
        input_files, spec, input_fns.Shuffle(seed), is_static=True)
  return instance_files.evaluation_input_fn(input_files, spec, is_static=True)


def _decode_record(record, name_to_features):
  """Returns the tensors of one serialized record, whole numbers as int32.

  Args:
    record: string scalar.
    name_to_features: name -> tf.FixedLenFeature.
  """
  return {name: tf.cast(value, tf.int32) if value.dtype == tf.int64 else value
          for name, value in tf.io.parse_single_example(
              record, name_to_features).items()}


def get_masked_lm_output(bert_config, input_tensor, output_weights, positions,
                         label_ids, label_weights):
  """Scores masked words.

  Args:
    bert_config: a modeling.BertConfig.
    input_tensor: float32 [batch, length, hidden], the sequence output.
    output_weights: float32 [vocabulary, hidden], the embedding table.
    positions, label_ids: int32 [batch, masked].
    label_weights: float32 [batch, masked]; 0 where none is masked.

  Returns:
    (loss: float32 scalar, per_example_loss: float32 [batch * masked],
     log_probs: float32 [batch * masked, vocabulary]).
  """
  logits = head.masked_lm_logits(bert_config, input_tensor, output_weights,
                                 positions)
  losses = _losses(logits, label_ids)
  weights = tf.cast(tf.reshape(label_weights, [-1]), tf.float32)
  return (head.mean_word_loss(losses, weights, tf.reduce_sum(weights)), losses,
          tf.nn.log_softmax(logits))


def get_next_sentence_output(bert_config, input_tensor, labels):
  """Scores whether the second text follows on the first.

  Args:
    bert_config: a modeling.BertConfig.
    input_tensor: float32 [batch, hidden], the pooled output.
    labels: int32 [batch] or [batch, 1]; 1 = random.

  Returns:
    (loss: float32 scalar, per_example_loss: float32 [batch],
     log_probs: float32 [batch, 2]).
  """
  logits = head.next_sentence_logits(bert_config, input_tensor)
  losses = _losses(logits, labels)
  return tf.reduce_mean(losses), losses, tf.nn.log_softmax(logits)


def _losses(logits, labels):
  return tf.nn.sparse_softmax_cross_entropy_with_logits(
      labels=tf.reshape(labels, [-1]), logits=logits)
