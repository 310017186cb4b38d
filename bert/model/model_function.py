"""The model_fn of every Estimator here: an encoder, a head, an optimizer."""

import typing
from typing import Callable, Dict, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert.encoders.base import Encoder
from bert.heads import pooling
from bert.heads.graph_head import BatchEvaluation
from bert.heads.graph_head import GraphHead
from bert.model import checkpoints
from bert.model import dataset_outputs
from bert.model import distribution
from bert.model import dropout_keys
from bert.model import gradients

# Names of the tensors: whether this worker has a signal to stop, and the share
# of workers that have.
IS_STOPPING = "is_stopping"
SHARE_STOPPING = "share_stopping"
# Name of a factor of the learning rate, 1 unless fed.
PLATEAU_FACTOR = "plateau_factor"


class TrainingSettings(typing.NamedTuple):
  """The schedule of the optimizer, and where the weights come from.

  Attributes:
    learning_rate, num_train_steps, num_warmup_steps: of the schedule.
    init_checkpoint: initial weights; None: random values.
    num_micro_batches: parts of a batch that are computed one after the other.
    is_loss_scaled: whether the loss is scaled, which float16 needs.
    trainable_variables: their names; None: all.
    lr_multiplier: a variable's name -> factor of its learning rate.
    has_bias_correction: whether Adam's moments are corrected.
    has_plateau_factor: whether PLATEAU_FACTOR is fed.
    has_fp16_allreduce: whether workers send their gradients in float16.
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
  has_fp16_allreduce: bool = False

  @classmethod
  def of(cls, flags, num_train_steps: int, num_warmup_steps: int,
         **others) -> "TrainingSettings":
    """Returns the settings that a command's flags give.

    Args:
      flags: groups with training, model and speed.
      num_train_steps, num_warmup_steps: of the schedule.
      **others: fields that not every command has flags for.
    """
    return cls(
        flags.training.learning_rate, num_train_steps, num_warmup_steps,
        flags.model.init_checkpoint, flags.speed.gradient_accumulation_steps,
        is_loss_scaled=flags.speed.precision == "float16",
        has_bias_correction=flags.training.adam_bias_correction,
        has_fp16_allreduce=flags.speed.fp16_allreduce, **others)


class Model:
  """An encoder with a head, as graphs for training, evaluation, prediction."""

  def __init__(self, encoder: Encoder, head: GraphHead, *,
               use_tpu: bool = False, cpu_replicas: int = 1,
               use_one_hot_embeddings: bool = False,
               init_checkpoint: Optional[str] = None,
               drop_padding: bool = True):
    """Sets what all graphs share.

    Args:
      encoder: of the family and config.
      head: the layers above the encoder.
      use_tpu: whether gradients are averaged over cores, weights are loaded in
        a scaffold_fn, and words are looked up as with use_one_hot_embeddings.
      cpu_replicas: parts of a batch that are computed in parallel.
      use_one_hot_embeddings: whether embeddings are looked up by a matrix
        product.
      init_checkpoint: weights for evaluation and prediction if the Estimator
        restores no checkpoint; None: random values.
      drop_padding: whether padding is left out of the computation, where
        possible.
    """
    self.encoder = encoder
    self.head = head
    self._use_tpu = use_tpu
    self._cpu_replicas = cpu_replicas
    self._use_one_hot_embeddings = use_tpu or use_one_hot_embeddings
    self._init_checkpoint = init_checkpoint
    self._drop_padding = not (use_tpu or head.reads_padding) and drop_padding

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
    del labels, params  # The Estimator passes labels; they are in features.
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
    """Returns name -> shape of all variables of the model.

    Args:
      placeholders: returns the placeholders of a batch.
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
    workers = distribution.workers()
    if not workers.is_first:  # Each worker draws its own dropout.
      seed = tf.get_default_graph().seed or 0
      tf.set_random_seed((seed + workers.rank * 1000003) % 2**31)
    features = self.head.prepare(features)
    for name in self.head.batch_means:
      features[name] = workers.mean(features[name], name)
    loss_scale = (tf.train.experimental.DynamicLossScale()
                  if settings.is_loss_scaled else None)
    mean_loss = gradients.MeanLoss(
        self.loss, settings.trainable_variables,
        None if loss_scale is None else loss_scale())
    key = self._dropout_key()
    with dropout_keys.dropout_key(key):
      loss, loss_gradients = mean_loss.compute(
          features, settings.num_micro_batches, self._cpu_replicas)
    variables = mean_loss.variables()
    squared_norm = None
    if workers.size > 1:
      is_stopping = tf.placeholder_with_default(0.0, [], IS_STOPPING)
      loss, loss_gradients, squared_norm, stopping = gradients.join(
          loss, loss_gradients, variables, is_stopping, workers,
          tf.float16 if settings.has_fp16_allreduce else tf.float32)
      tf.identity(stopping, name=SHARE_STOPPING)
    loss = tf.identity(loss, name="mean_loss")
    filled, scaffold_fn = self._load_weights(settings.init_checkpoint)
    _log_variables(filled, variables)
    learning_rate = tf.convert_to_tensor(settings.learning_rate, tf.float32)
    if settings.has_plateau_factor:
      learning_rate *= tf.placeholder_with_default(1.0, [], PLATEAU_FACTOR)
    if key is not None:
      # The step is incremented after the learning rate and the key are read.
      with tf.control_dependencies([key]):
        learning_rate = tf.identity(learning_rate)
    train_op = optimization.create_optimizer(
        loss, learning_rate, settings.num_train_steps,
        settings.num_warmup_steps, self._use_tpu, loss_gradients, loss_scale,
        dict(lr_multiplier=settings.lr_multiplier,
             has_bias_correction=settings.has_bias_correction), variables,
        squared_norm)
    if not self._use_tpu:
      tf.summary.scalar("learning_rate",
                        tf.get_default_graph().get_tensor_by_name("rate:0"))
    return tf.estimator.tpu.TPUEstimatorSpec(
        mode=tf.estimator.ModeKeys.TRAIN, loss=loss, train_op=train_op,
        scaffold_fn=scaffold_fn)

  def _dropout_key(self):
    """Returns the key of a step's dropout, int32 [2], so that a resumed run
    draws the same dropout as an uninterrupted one; None: not repeatable.

    It is None without a seed, and on TPUs, where each core must draw its own.
    """
    seed = tf.get_default_graph().seed
    if seed is None or self._use_tpu:
      return None
    # The cast copies: a reference variable may change while it is read.
    step = tf.cast(tf.train.get_or_create_global_step(), tf.int32)
    return tf.stack([step, seed % 2**31])

  def _encode(self, features, is_training):
    ids, mask, segment_ids = [pooling.fold(features[name]) for name in (
        "input_ids", "input_mask", "segment_ids")]
    return self.encoder.build(
        is_training, ids, mask, segment_ids,
        use_one_hot_embeddings=self._use_one_hot_embeddings,
        first_token_only=self.head.first_token_only,
        drop_padding=self._drop_padding)

  def _load_weights(self, checkpoint):
    """Returns the names of variables that are initialized from a checkpoint,
    and the scaffold_fn that loads them on a TPU, else None."""
    if not checkpoint or not distribution.workers().is_first:
      return {}, None  # Worker 0 gives the others its weights.
    if not self._use_tpu:
      return checkpoints.init_from(checkpoint), None

    def load():
      checkpoints.init_from(checkpoint)
      return tf.train.Scaffold()

    _, filled = modeling.get_assignment_map_from_checkpoint(
        checkpoints.model_variables(), checkpoint)
    return filled, load

  def _eval_spec(self, evaluation: BatchEvaluation, scaffold_fn):
    if not self._use_tpu:
      dataset_outputs.mark(evaluation.collected)
    return tf.estimator.tpu.TPUEstimatorSpec(
        mode=tf.estimator.ModeKeys.EVAL,
        loss=tf.identity(evaluation.loss, name="mean_loss"),
        eval_metrics=dataset_outputs.eval_metrics(evaluation.streamed),
        scaffold_fn=scaffold_fn)


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
