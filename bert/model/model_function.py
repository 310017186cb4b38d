"""The model_fn of every Estimator here: an encoder, a head, an optimizer."""

import typing
from typing import Callable, Dict, Iterable, Iterator, Optional
from typing import Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert.common.errors import UserError
from bert.heads import pooling
from bert.heads.graph_head import BatchEvaluation
from bert.heads.graph_head import GraphHead
from bert.model import checkpoints
from bert.model import gradients

# Scope, in the evaluation graph, of what OutputCollector fetches.
_COLLECTED = "collected/"
# What is behind the names of what is averaged, for its weights.
_WEIGHTS = "_weights"
# Name of what the learning rate is multiplied with, 1 unless fed.
PLATEAU_FACTOR = "plateau_factor"


class TrainingSettings(typing.NamedTuple):
  """The schedule of the optimizer, and where the weights come from.

  Attributes:
    learning_rate, num_train_steps, num_warmup_steps: of the schedule.
    init_checkpoint: what the weights start from; None: random values.
    num_micro_batches: parts of a batch that are worked on one after the other.
    is_loss_scaled: as float16 needs it.
    trainable_variables: their names; None: all.
    lr_multiplier: a variable's name -> what its rate is multiplied with.
    has_bias_correction: of Adam's averages.
    has_plateau_factor: whether PLATEAU_FACTOR is fed.
  """
  learning_rate: float
  num_train_steps: int
  num_warmup_steps: int
  init_checkpoint: Optional[str] = None
  num_micro_batches: int = 1
  is_loss_scaled: bool = False
  trainable_variables: Optional[Sequence[str]] = None
  lr_multiplier: Optional[Callable[[str], float]] = None
  has_bias_correction: bool = False
  has_plateau_factor: bool = False


class Model:
  """An encoder with a head, as graphs for training, evaluation, prediction."""

  def __init__(self, config: modeling.BertConfig, head: GraphHead, *,
               use_tpu: bool = False, cpu_replicas: int = 1,
               use_one_hot_embeddings: bool = False,
               init_checkpoint: Optional[str] = None,
               drop_padding: bool = True):
    """Takes what all graphs share.

    Args:
      config: the encoder's.
      head: what stands on the encoder.
      use_tpu: whether gradients are averaged over cores, weights are loaded in
        a scaffold_fn, and words are looked up as with use_one_hot_embeddings.
      cpu_replicas: parts that a batch is worked on in, side by side.
      use_one_hot_embeddings: whether words are looked up by a product.
      init_checkpoint: what evaluation and predictions start from where the
        Estimator restores no checkpoint; None: random values.
      drop_padding: whether padding is left out of what is computed, where that
        is possible.
    """
    self.config = config
    self.head = head
    self._use_tpu = use_tpu
    self._cpu_replicas = cpu_replicas
    self._use_one_hot_embeddings = use_tpu or use_one_hot_embeddings
    self._init_checkpoint = init_checkpoint
    self._drop_padding = drop_padding and not use_tpu

  def whole_model_fn(self, settings: TrainingSettings) -> Callable:
    """Returns an Estimator's model_fn for training, evaluation and prediction.
    """
    def model_fn(features, labels, mode, params):
      if mode == tf.estimator.ModeKeys.TRAIN:
        return self.train_spec(features, settings)
      return self.model_fn(features, labels, mode, params)
    return model_fn

  def model_fn(self, features: Dict[str, tf.Tensor], labels, mode: str,
               params) -> tf.estimator.tpu.TPUEstimatorSpec:
    """The Estimator's model_fn for evaluation and prediction."""
    del labels, params  # The Estimator gives them; all is in features.
    features = self.head.prepare(features)
    outputs = gradients.run_replicas(self.forward, features,
                                     self._cpu_replicas)
    if mode == tf.estimator.ModeKeys.EVAL:
      evaluation = self.head.evaluation(outputs, features)
      _, scaffold_fn = self._load_weights(self._init_checkpoint)
      return self._eval_spec(evaluation, scaffold_fn)
    predictions = self.head.predictions(outputs, features)
    if "position" in features:
      predictions["position"] = features["position"]
    _, scaffold_fn = self._load_weights(self._init_checkpoint)
    return tf.estimator.tpu.TPUEstimatorSpec(
        mode=mode, predictions=predictions, scaffold_fn=scaffold_fn)

  def forward(self, features: Dict[str, tf.Tensor]) -> Dict[str, tf.Tensor]:
    """Returns the head's outputs for a batch, without dropout."""
    return self.head.forward(self._encode(features, False), features)

  def loss(self, features: Dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns the mean loss of a batch, with dropout; float32 scalar."""
    return self.head.loss(self._encode(features, True), features)

  def variable_shapes(self, placeholders: Callable) -> checkpoints.Shapes:
    """Returns name -> shape of all that the model learns.

    Args:
      placeholders: returns those of a batch.
    """
    with tf.Graph().as_default():
      self.forward(placeholders())
      return {variable.op.name: tuple(variable.shape.as_list())
              for variable in tf.trainable_variables()}

  def train_spec(self, features: Dict[str, tf.Tensor],
                 settings: TrainingSettings
                ) -> tf.estimator.tpu.TPUEstimatorSpec:
    """Returns the graph of a training step."""
    _log_features(features)
    features = self.head.prepare(features)
    loss_scale = (tf.train.experimental.DynamicLossScale()
                  if settings.is_loss_scaled else None)
    mean_loss = gradients.MeanLoss(
        self.loss, settings.trainable_variables,
        None if loss_scale is None else loss_scale())
    loss, loss_gradients = mean_loss.compute(
        features, settings.num_micro_batches, self._cpu_replicas)
    loss = tf.identity(loss, name="mean_loss")
    variables = mean_loss.variables()
    filled, scaffold_fn = self._load_weights(settings.init_checkpoint)
    _log_variables(filled, variables)
    learning_rate = settings.learning_rate
    if settings.has_plateau_factor:
      learning_rate *= tf.placeholder_with_default(1.0, [], PLATEAU_FACTOR)
    train_op = optimization.create_optimizer(
        loss, learning_rate, settings.num_train_steps,
        settings.num_warmup_steps, self._use_tpu, loss_gradients, loss_scale,
        dict(lr_multiplier=settings.lr_multiplier,
             has_bias_correction=settings.has_bias_correction), variables)
    if not self._use_tpu:
      tf.summary.scalar("learning_rate",
                        tf.get_default_graph().get_tensor_by_name("rate:0"))
    return tf.estimator.tpu.TPUEstimatorSpec(
        mode=tf.estimator.ModeKeys.TRAIN, loss=loss, train_op=train_op,
        scaffold_fn=scaffold_fn)

  def _encode(self, features, is_training):
    ids, mask, segment_ids = [pooling.fold(features[name]) for name in (
        "input_ids", "input_mask", "segment_ids")]
    return modeling.BertModel(
        self.config, is_training, ids, mask, segment_ids,
        self._use_one_hot_embeddings, scope="bert",
        first_token_only=self.head.first_token_only,
        drop_padding=self._drop_padding)

  def _load_weights(self, checkpoint):
    """Returns the names of variables that start from a checkpoint, and what
    loads them on a TPU, else None."""
    if not checkpoint:
      return {}, None
    if not self._use_tpu:
      return checkpoints.init_from(checkpoint), None

    def load():
      checkpoints.init_from(checkpoint)
      return tf.train.Scaffold()

    _, filled = modeling.get_assignment_map_from_checkpoint(
        checkpoints.model_variables(), checkpoint)
    return filled, load

  def _eval_spec(self, evaluation: BatchEvaluation, scaffold_fn):
    tensors = {}
    for name, (values, weights) in evaluation.streamed.items():
      tensors.update({name: values, name + _WEIGHTS: weights})
    if not self._use_tpu:
      with tf.name_scope(_COLLECTED):
        for name, tensor in evaluation.collected.items():
          tf.identity(tensor, name=name)
    return tf.estimator.tpu.TPUEstimatorSpec(
        mode=tf.estimator.ModeKeys.EVAL,
        loss=tf.identity(evaluation.loss, name="mean_loss"),
        eval_metrics=(_weighted_means, tensors), scaffold_fn=scaffold_fn)


def _weighted_means(**tensors):
  """Returns the streaming metrics of the evaluation's tensors."""
  return {name: tf.metrics.mean(values, weights=tensors[name + _WEIGHTS])
          for name, values in tensors.items() if not name.endswith(_WEIGHTS)}


class OutputCollector:
  """Keeps the outputs and labels of a whole dataset during an evaluation."""

  def __init__(self):
    """Finds what is collected in the default graph."""
    self.fetches = {
        each.name[len(_COLLECTED):]: each.outputs[0]
        for each in tf.get_default_graph().get_operations()
        if each.name.startswith(_COLLECTED)}
    self._batches = []

  def add(self, batch: Dict[str, np.ndarray]) -> None:
    """Adds the values of `fetches` for a batch."""
    self._batches.append(batch)

  def clear(self) -> None:
    self._batches = []

  def rows(self) -> Dict[str, np.ndarray]:
    """Returns name -> array of the dataset, padding examples left out."""
    rows = {name: join([batch[name] for batch in self._batches])
            for name in self.fetches}
    if "is_real_example" not in rows:
      return rows
    is_real = rows.pop("is_real_example").reshape(-1) > 0
    return {name: values[is_real] for name, values in rows.items()}


def check_finite(values: Dict[str, np.ndarray], where: str) -> None:
  """Raises UserError if outputs of a model are not numbers.

  Args:
    values: name -> array.
    where: the checkpoint or step, for the error.
  """
  for name, value in values.items():
    value = np.asarray(value)
    if value.dtype.kind == "f" and not np.isfinite(value).all():
      raise UserError(
          "%s: %s is not a number (nan or inf): the weights are broken, as of "
          "a training that diverged; train anew with a lower --learning_rate, "
          "or give another checkpoint" % (where, name))


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
  early, next_position, count = {}, 0, 0
  for batch in batches:
    size = len(next(iter(batch.values())))
    positions = batch.pop("position", range(count, count + size))
    count += size
    for index, position in enumerate(positions):
      early[int(position)] = {name: values[index]
                              for name, values in batch.items()}
    while next_position in early and next_position < num_examples:
      yield early.pop(next_position)
      next_position += 1


def _log_features(features):
  tf.logging.info("*** Features ***")
  for name in sorted(features):
    tf.logging.info("  name = %s, shape = %s", name, features[name].shape)


def _log_variables(filled, trained):
  tf.logging.info("**** Trainable Variables ****")
  names = {variable.name for variable in trained}
  for variable in checkpoints.model_variables():
    tf.logging.info("  name = %s, shape = %s%s%s", variable.name,
                    variable.shape,
                    ", *INIT_FROM_CKPT*" if variable.name in filled else "",
                    "" if variable.name in names else ", *FROZEN*")
