"""The one model_fn, and what becomes of its outputs."""

import functools
import json
import typing
from typing import Callable, Dict, Iterable, List, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert import checkpoints
from bert import files
from bert import gradients
from bert import heads
from bert import metrics
from bert import modeling
from bert import optimization
from bert.errors import UserError

# Names, in the evaluation graph, of what OutputCollector fetches.
_COLLECTED = ("label_ids", "probabilities", "is_real_example")
_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers",
          "num_attention_heads", "intermediate_size",
          "max_position_embeddings", "type_vocab_size")


class Training(typing.NamedTuple):
  """The schedule of the optimizer, and where the weights come from."""
  learning_rate: float
  num_train_steps: int
  num_warmup_steps: int
  init_checkpoint: Optional[str] = None
  num_parts: int = 1  # That a batch is worked off in, to save memory.
  is_loss_scaled: bool = False  # As float16 needs it.
  has_bias_correction: bool = False  # Of Adam's averages.


def load_config(bert_config_file: str, max_seq_length: int,
                vocab_size: int) -> modeling.BertConfig:
  """Reads a config and checks that text and vocabulary fit it.

  Raises:
    UserError: no such file, not JSON, a key lacks, or the sizes don't fit.
  """
  where = "--bert_config_file=%s" % bert_config_file
  try:
    values = json.loads(files.read_text(bert_config_file, "--bert_config_file"))
  except ValueError as error:
    raise UserError("%s: not JSON: %s" % (where, error))
  keys = sorted(modeling.BertConfig(None).to_dict())
  missing = [key for key in keys if key not in values] if isinstance(
      values, dict) else keys
  if missing:
    raise UserError("%s: it lacks %s; a BERT config has %s" % (
        where, " ".join(missing), " ".join(keys)))
  config = modeling.BertConfig.from_dict(values)
  _check_config(config, where)
  if max_seq_length > config.max_position_embeddings:
    raise UserError("--max_seq_length=%d: the model has %d positions "
                    "(max_position_embeddings in %s)" % (
                        max_seq_length, config.max_position_embeddings,
                        bert_config_file))
  if vocab_size > config.vocab_size:
    raise UserError("--vocab_file has %d entries, the model %d (vocab_size in "
                    "%s); they belong to different models" % (
                        vocab_size, config.vocab_size, bert_config_file))
  return config


def make_model_fn(config: modeling.BertConfig, head: heads.Head,
                  training: Optional[Training] = None,
                  use_tpu: bool = False,
                  num_parallel_parts: int = 1) -> Callable:
  """Returns the Estimator's model_fn.

  Args:
    config: the encoder's.
    head: what is learnt.
    training: needed in mode TRAIN alone.
    use_tpu: whether words are looked up by one-hot products, gradients are
      averaged over cores and weights are loaded in a scaffold_fn.
    num_parallel_parts: that a batch is worked off in, side by side.
  """

  def model_fn(features, labels, mode, params):
    del labels, params  # The Estimator gives them; all is in features.
    if mode == tf.estimator.ModeKeys.TRAIN:
      _log_features(features)
    is_training = mode == tf.estimator.ModeKeys.TRAIN
    if is_training:
      def mean_loss(batch):
        logits = _logits(config, head, batch, True, use_tpu)
        return tf.reduce_mean(head.example_losses(logits, batch["label_ids"]))

      slopes_of = functools.partial(
          gradients.compute, mean_loss, features,
          max(training.num_parts, num_parallel_parts), num_parallel_parts > 1)
      return _train_spec(slopes_of, training, use_tpu)
    logits = gradients.join_parts(
        lambda batch: _logits(config, head, batch, False, use_tpu), features,
        num_parallel_parts)
    if mode == tf.estimator.ModeKeys.PREDICT:
      predictions = {"probabilities": head.probabilities(logits)}
      if "position" in features:
        predictions["position"] = features["position"]
      return tf.estimator.tpu.TPUEstimatorSpec(
          mode=mode, predictions=predictions)
    losses = head.example_losses(logits, features["label_ids"])
    loss = tf.identity(tf.reduce_mean(losses), name="mean_loss")
    return _eval_spec(loss, losses, (head, logits, features), use_tpu)

  return model_fn


def variable_shapes(config: modeling.BertConfig,
                    head: heads.Head) -> checkpoints.Shapes:
  """Returns name -> shape of all that a model learns, encoder and head."""
  with tf.Graph().as_default():
    ids = tf.placeholder(tf.int32, [None, None])
    features = {"input_ids": ids, "input_mask": ids, "segment_ids": ids}
    _logits(config, head, features, False, False)
    return {variable.op.name: tuple(variable.shape.as_list())
            for variable in tf.trainable_variables()}


class OutputCollector(tf.estimator.SessionRunHook):
  """Keeps a whole set's labels and probabilities during an evaluation."""

  def __init__(self):
    self._batches: List[Dict[str, np.ndarray]] = []

  def begin(self):
    graph = tf.get_default_graph()
    self._fetches = {name: graph.get_tensor_by_name("collected/%s:0" % name)
                     for name in _COLLECTED}

  def before_run(self, run_context):
    return tf.estimator.SessionRunArgs(self._fetches)

  def after_run(self, run_context, run_values):
    self._batches.append(run_values.results)

  def outcome(self, head: heads.Head) -> metrics.Outcome:
    """Returns what metrics take, padding examples left out."""
    whole = {name: np.concatenate([batch[name] for batch in self._batches])
             for name in _COLLECTED}
    is_real = whole["is_real_example"].reshape(-1) > 0
    return head.outcome(whole["label_ids"][is_real],
                        whole["probabilities"][is_real])


def in_input_order(batches: Iterable[Dict[str, np.ndarray]],
                   num_examples: int) -> np.ndarray:
  """Returns a row an example, without padding; batches may tell positions."""
  rows = [None] * num_examples
  count = 0
  for batch in batches:
    size = len(batch["probabilities"])
    positions = batch.get("position", range(count, count + size))
    for position, row in zip(positions, batch["probabilities"]):
      if position < num_examples:
        rows[position] = row
    count += size
  return np.stack(rows)


def _check_config(config, where):
  is_count = lambda value: isinstance(value, int) and value >= 1
  is_rate = lambda value: (isinstance(value, (int, float)) and
                           0 <= value < 1)
  needed = dict.fromkeys(_SIZES, (is_count, "a whole number from 1"))
  needed.update(dict.fromkeys(
      ("hidden_dropout_prob", "attention_probs_dropout_prob",
       "initializer_range"), (is_rate, "a number from 0 to below 1")))
  needed["hidden_act"] = (lambda value: isinstance(value, str), "a name")
  for key, (is_right, what) in sorted(needed.items()):
    value = getattr(config, key)
    if isinstance(value, bool) or not is_right(value):
      raise UserError("%s: %s is %r, %s is needed" % (where, key, value, what))
  try:
    modeling.get_activation(config.hidden_act)
  except ValueError as error:
    raise UserError("%s: hidden_act: %s" % (where, error))
  if config.hidden_size % config.num_attention_heads:
    raise UserError("%s: hidden_size %d is not a multiple of "
                    "num_attention_heads %d" % (
                        where, config.hidden_size, config.num_attention_heads))


def _logits(config, head, features, is_training, use_one_hot_embeddings):
  model = modeling.BertModel(
      config, is_training, features["input_ids"], features["input_mask"],
      features["segment_ids"], use_one_hot_embeddings, scope="bert",
      first_token_only=head.first_token_only)
  return head.logits(model, is_training)


def _train_spec(slopes_of, training, use_tpu):
  def load_on_tpu():
    checkpoints.init_from(training.init_checkpoint)
    return tf.train.Scaffold()

  loss_scale = (tf.train.experimental.DynamicLossScale()
                if training.is_loss_scaled else None)
  loss, slopes = slopes_of(loss_scale)
  loss = tf.identity(loss, name="mean_loss")
  scaffold_fn = None
  filled = {}
  if training.init_checkpoint and use_tpu:
    scaffold_fn = load_on_tpu
    _, filled = modeling.get_assignment_map_from_checkpoint(
        tf.trainable_variables(), training.init_checkpoint)
  elif training.init_checkpoint:
    filled = checkpoints.init_from(training.init_checkpoint)
  _log_variables(filled)
  train_op = optimization.create_optimizer(
      loss, training.learning_rate, training.num_train_steps,
      training.num_warmup_steps, use_tpu, slopes, loss_scale,
      dict(has_bias_correction=training.has_bias_correction))
  if not use_tpu:
    tf.summary.scalar("learning_rate",
                      tf.get_default_graph().get_tensor_by_name("rate:0"))
  return tf.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.TRAIN, loss=loss, train_op=train_op,
      scaffold_fn=scaffold_fn)


def _eval_spec(loss, losses, outputs, use_tpu):
  head, logits, features = outputs
  label_ids = features["label_ids"]
  is_real = tf.cast(tf.reshape(features["is_real_example"], [-1]), tf.float32)
  probabilities = head.probabilities(logits)

  def metric_fn(losses, label_ids, probabilities, is_real):
    return {
        "eval_accuracy": tf.metrics.mean(
            head.is_correct(probabilities, label_ids), weights=is_real),
        "eval_loss": tf.metrics.mean(losses, weights=is_real)}

  if not use_tpu:
    with tf.name_scope("collected/"):
      for name, tensor in zip(_COLLECTED, (label_ids, probabilities, is_real)):
        tf.identity(tensor, name=name)
  return tf.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.EVAL, loss=loss,
      eval_metrics=(metric_fn, [losses, label_ids, probabilities, is_real]))


def write_scalars(folder: str, step: int, values: Dict[str, float]) -> None:
  """Adds numbers to a folder's TensorBoard events, in a file of their own."""
  if not values:
    return
  with tf.summary.FileWriter(folder, filename_suffix=".metrics") as writer:
    writer.add_summary(tf.Summary(value=[
        tf.Summary.Value(tag=key, simple_value=float(value))
        for key, value in sorted(values.items())]), step)


def _log_features(features):
  tf.logging.info("*** Features ***")
  for name in sorted(features):
    tf.logging.info("  name = %s, shape = %s", name, features[name].shape)


def _log_variables(filled):
  tf.logging.info("**** Trainable Variables ****")
  for variable in tf.trainable_variables():
    tf.logging.info("  name = %s, shape = %s%s", variable.name, variable.shape,
                    ", *INIT_FROM_CKPT*" if variable.name in filled else "")
