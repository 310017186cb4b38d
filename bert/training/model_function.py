"""The one model_fn, and what becomes of its outputs."""

import functools
import typing
from typing import Callable, Dict, Iterable, Iterator, List, Optional
from typing import Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert.common import files
from bert.common.errors import UserError
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import pooling
from bert.heads.base import Head
from bert.heads.graph_head import GraphHead
from bert.training import checkpoints
from bert.training import gradients

# Scope, in the evaluation graph, of what OutputCollector fetches.
_COLLECTED = "collected/"
# Behind the names of what is averaged, of its weights.
_WEIGHTS = "_weights"
# Name of what the learning rate is multiplied with, 1 unless fed.
PLATEAU_FACTOR = "plateau_factor"
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
  trainable_variables: Optional[Sequence[str]] = None  # None: all variables.
  lr_multiplier: Optional[Callable[[str], float]] = None  # Of a variable's name.
  has_bias_correction: bool = False  # Of Adam's averages.
  is_watched: bool = False  # Whether PLATEAU_FACTOR is fed.


def load_config(bert_config_file: str, max_seq_length: int,
                vocab_size: int = 0) -> modeling.BertConfig:
  """Reads a config and checks that text and vocabulary fit it.

  Raises:
    UserError: no such file, not JSON, a key lacks, or the sizes don't fit.
  """
  where = "--bert_config_file=%s" % bert_config_file
  values = files.read_json(bert_config_file, "--bert_config_file")
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


def make_model_fn(config: modeling.BertConfig, head: GraphHead,
                  training: Optional[Training] = None,
                  use_tpu: bool = False,
                  cpu_replicas: int = 1) -> Callable:
  """Returns the Estimator's model_fn.

  Args:
    config: the encoder's.
    head: what is learnt.
    training: needed in mode TRAIN alone.
    use_tpu: whether words are looked up by one-hot products, gradients are
      averaged over cores and weights are loaded in a scaffold_fn.
    cpu_replicas: that a batch is worked off in, side by side.
  """

  def model_fn(features, labels, mode, params):
    del labels, params  # The Estimator gives them; all is in features.
    if mode == tf.estimator.ModeKeys.TRAIN:
      _log_features(features)
    features = head.prepare(features)
    is_training = mode == tf.estimator.ModeKeys.TRAIN
    if is_training:
      def mean_loss(batch):
        loss = head.loss(_model(config, head, batch, True, use_tpu), batch)
        _freeze(training.trainable_variables)
        return loss

      slopes_of = functools.partial(
          gradients.compute, mean_loss, features,
          max(training.num_parts, cpu_replicas), cpu_replicas > 1)
      return _train_spec(slopes_of, training, use_tpu)
    outputs = gradients.join_parts(
        lambda batch: forward(config, head, batch, use_tpu), features,
        cpu_replicas)
    if mode == tf.estimator.ModeKeys.PREDICT:
      predictions = head.predictions(outputs, features)
      if "position" in features:
        predictions["position"] = features["position"]
      return tf.estimator.tpu.TPUEstimatorSpec(
          mode=mode, predictions=predictions)
    return _eval_spec(head.evaluation(outputs, features), use_tpu)

  return model_fn


def variable_shapes(config: modeling.BertConfig, head: GraphHead,
                    features: Callable) -> checkpoints.Shapes:
  """Returns name -> shape of all that a model learns, encoder and head.

  Args:
    config, head: as of make_model_fn.
    features: returns placeholders for a batch.
  """
  with tf.Graph().as_default():
    forward(config, head, features())
    return {variable.op.name: tuple(variable.shape.as_list())
            for variable in tf.trainable_variables()}


def forward(config: modeling.BertConfig, head: GraphHead,
           features: Dict[str, tf.Tensor],
           use_tpu: bool = False) -> Dict[str, tf.Tensor]:
  """Returns what head.forward makes of a batch, without dropout."""
  return head.forward(_model(config, head, features, False, use_tpu), features)


class OutputCollector(tf.estimator.SessionRunHook):
  """Keeps a whole set's labels and outputs during an evaluation."""

  def __init__(self):
    self._batches = []  # type: List[Dict[str, np.ndarray]]

  def begin(self):
    self._fetches = {
        each.name[len(_COLLECTED):]: each.outputs[0]
        for each in tf.get_default_graph().get_operations()
        if each.name.startswith(_COLLECTED)}

  def before_run(self, run_context):
    return tf.estimator.SessionRunArgs(self._fetches)

  def after_run(self, run_context, run_values):
    self.keep(run_values.results)

  def keep(self, batch: Dict[str, np.ndarray]) -> None:
    """Adds a batch."""
    self._batches.append(batch)

  def eval_prediction(self, head: Head, examples: Sequence) -> EvalPrediction:
    """Returns what metrics take of a set, padding examples left out."""
    rows = {name: join([batch[name] for batch in self._batches])
            for name in self._batches[0]}
    is_real = rows.pop("is_real_example").reshape(-1) > 0
    return head.eval_prediction({name: values[is_real]
                         for name, values in rows.items()}, examples)


def join(arrays: Sequence[np.ndarray]) -> np.ndarray:
  """Returns one array of batches; shorter texts get zeros at their end."""
  if arrays[0].ndim < 2:
    return np.concatenate(arrays)
  longest = max(each.shape[1] for each in arrays)
  return np.concatenate([
      np.pad(each, [(0, 0), (0, longest - each.shape[1])] +
             [(0, 0)] * (each.ndim - 2), "constant") for each in arrays])


def in_input_order(batches: Iterable[Dict[str, np.ndarray]],
                   num_examples: int) -> Iterator[Dict[str, np.ndarray]]:
  """Yields rows in input order, as soon as those before have come.

  Args:
    batches: of predictions, with "position" where they are in another order.
    num_examples: padding beyond is left out.
  """
  early, wanted, count = {}, 0, 0
  for batch in batches:
    size = len(next(iter(batch.values())))
    positions = batch.pop("position", range(count, count + size))
    count += size
    for index, position in enumerate(positions):
      # A copy: a view would keep the whole batch.
      early[int(position)] = {name: np.array(values[index])
                              for name, values in batch.items()}
    while wanted in early and wanted < num_examples:
      yield early.pop(wanted)
      wanted += 1


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


def _model(config, head, features, is_training, use_one_hot_embeddings):
  ids, mask, segments = [pooling.fold(features[name]) for name in (
      "input_ids", "input_mask", "segment_ids")]
  return modeling.BertModel(
      config, is_training, ids, mask, segments, use_one_hot_embeddings,
      scope="bert", first_token_only=head.first_token_only)


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
        checkpoints.model_variables(), training.init_checkpoint)
  elif training.init_checkpoint:
    filled = checkpoints.init_from(training.init_checkpoint)
  _log_variables(filled)
  learning_rate = training.learning_rate
  if training.is_watched:
    learning_rate *= tf.placeholder_with_default(1.0, [], PLATEAU_FACTOR)
  train_op = optimization.create_optimizer(
      loss, learning_rate, training.num_train_steps,
      training.num_warmup_steps, use_tpu, slopes, loss_scale,
      dict(lr_multiplier=training.lr_multiplier,
           has_bias_correction=training.has_bias_correction))
  if not use_tpu:
    tf.summary.scalar("learning_rate",
                      tf.get_default_graph().get_tensor_by_name("rate:0"))
  return tf.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.TRAIN, loss=loss, train_op=train_op,
      scaffold_fn=scaffold_fn)


def _freeze(trainable_variables):
  """Takes all other variables out of what is trained."""
  if trainable_variables is None:
    return
  chosen = [each for each in tf.trainable_variables()
            if each.op.name in trainable_variables]
  tf.get_collection_ref(tf.GraphKeys.TRAINABLE_VARIABLES)[:] = chosen


def _eval_spec(evaluation, use_tpu):
  tensors = {}
  for name, (values, weights) in evaluation.streamed.items():
    tensors.update({name: values, name + _WEIGHTS: weights})

  def metric_fn(**tensors):
    return {name: tf.metrics.mean(values, weights=tensors[name + _WEIGHTS])
            for name, values in tensors.items() if not name.endswith(_WEIGHTS)}

  if not use_tpu:
    with tf.name_scope(_COLLECTED):
      for name, tensor in evaluation.collected.items():
        tf.identity(tensor, name=name)
  return tf.estimator.tpu.TPUEstimatorSpec(
      mode=tf.estimator.ModeKeys.EVAL,
      loss=tf.identity(evaluation.loss, name="mean_loss"),
      eval_metrics=(metric_fn, tensors))


def write_scalars(folder: str, step: int, values: Dict[str, float]) -> None:
  """Adds numbers to a folder's TensorBoard events, in a file of their own."""
  if not values:
    return
  # Named by the second alone, files would take each other's place.
  suffix = ".metrics-%d" % step
  with tf.summary.FileWriter(folder, filename_suffix=suffix) as writer:
    writer.add_summary(tf.Summary(value=[
        tf.Summary.Value(tag=key, simple_value=float(value))
        for key, value in sorted(values.items())]), step)


def _log_features(features):
  tf.logging.info("*** Features ***")
  for name in sorted(features):
    tf.logging.info("  name = %s, shape = %s", name, features[name].shape)


def _log_variables(filled):
  tf.logging.info("**** Trainable Variables ****")
  trained = {variable.name for variable in tf.trainable_variables()}
  for variable in checkpoints.model_variables():
    tf.logging.info("  name = %s, shape = %s%s%s", variable.name,
                    variable.shape,
                    ", *INIT_FROM_CKPT*" if variable.name in filled else "",
                    "" if variable.name in trained else ", *FROZEN*")
