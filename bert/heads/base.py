"""The base of all heads of tasks: labels, losses and graph.

A kind of head is one class in one file. It overrides what differs from the
default, in which one vector per text goes through a dense layer.
bert.heads.encoding turns examples into records, bert.heads.outputs turns
outputs into scores, files and responses.
"""

import collections
import dataclasses
from typing import Any, Dict, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import command_line
from bert.common.errors import UserError
from bert.common.errors import listed
from bert.data.examples import InputExample
from bert.data.label_types import CLASS
from bert.data.label_types import NUMBER
from bert.heads import losses
from bert.heads import pooling
from bert.heads import siamese
from bert.heads.encoding import Encoding
from bert.heads.graph_head import BatchEvaluation
from bert.heads.graph_head import GraphHead
from bert.heads.graph_head import Tensors
from bert.heads.outputs import HeadOutputs
from bert.heads.task_spec import TaskSpec

# The name of the inputs and outputs of an export that TensorFlow Serving takes
# when none is given.
DEFAULT_SIGNATURE = (
    tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY)


class Head(GraphHead, Encoding, HeadOutputs):
  """Base of all heads of tasks.

  A head does not change after it was made: the methods that set something
  return another head.

  Attributes:
    kind: the name in a processor's `head`.
    label_type: what a label is (bert.data.label_types).
    spec: the TaskSpec that it was made from.
    labels: of the task, in order.
    settings: the user's, of the head.
    span: the user's settings of question answering.
    label_range: least and greatest label of a task of numbers; None: unknown.
    threshold: the probability from which on a label is predicted.
    class_weights: a factor for each label in training; None: all are 1.
    streamed_keys: keys of eval_results.txt that `evaluation` adds, the main
      one first.
    losses: what --loss may be.
    signature: the signature of an export that texts are run through.
  """
  kind = ""
  label_type = CLASS
  streamed_keys = ("eval_accuracy", "eval_loss")
  losses = ("cross_entropy", "focal", "f1")
  signature = DEFAULT_SIGNATURE

  def __init__(self, spec: TaskSpec):
    self.spec = spec
    self.labels = list(spec.labels)
    self.settings = spec.settings
    self.span = spec.span
    self.label_range = spec.label_range
    self.layout = spec.layout
    self.threshold = spec.settings.threshold
    self.class_weights = spec.class_weights
    # Exports of earlier versions don't say whether they have pairs.
    self.takes_pairs = type(self).takes_pairs and spec.has_pairs is not False
    self.is_of_pairs = self.takes_pairs and spec.has_pairs is True
    self._index = {label: index for index, label in enumerate(self.labels)}

  def replaced(self, **changes: Any) -> "Head":
    """Returns a head like this one, made from a spec with these changes."""
    return type(self)(dataclasses.replace(self.spec, **changes))

  @property
  def first_token_only(self) -> bool:
    """Whether the pooled output is all that is read of the encoder."""
    return (self.settings.pooling == "cls" and
            self.settings.encoder_top == "none")

  @property
  def metrics(self) -> Sequence[str]:
    """Names of the metrics (bert.evaluation.metrics) that every task of this
    kind is scored by."""
    is_ordered = self.label_type is NUMBER or len(self.labels) == 2
    return ("cosine_spearman",) if self.encodes_apart and is_ordered and (
        self.label_type in (CLASS, NUMBER)) else ()

  @property
  def num_outputs(self) -> int:
    return len(self.labels)

  def check(self) -> None:
    """Raises UserError for labels or settings that this head can't have."""
    if not self.labels:
      raise UserError("the task has no labels; get_labels() must return them")
    for label, count in collections.Counter(self.labels).items():
      if count > 1:
        raise UserError("get_labels() has label %r twice" % (label,))
    if self.settings.loss not in self.losses:
      raise UserError("--loss=%s is not for %s tasks; leave it out" % (
          self.settings.loss, self.kind))
    self.check_pooling()

  def check_pooling(self) -> None:
    """Raises UserError for settings of how the encoder is read."""
    settings = self.settings
    self.check_span()
    if settings.encoder_top != "none" and settings.pooling == "cls":
      raise UserError("--encoder_top=%s needs another --pooling than cls, "
                      "which reads the first token alone; --pooling=max is "
                      "usual" %
                      settings.encoder_top)
    if settings.crf:
      raise UserError("--crf is for tagging tasks, this is %s; leave it out" %
                      self.kind)

  def check_span(self) -> None:
    """Raises UserError for settings of question answering."""
    self._refuse(self.span, dataclasses.asdict(self.span))

  def refuse_settings(self, *names: str) -> None:
    """Raises UserError for settings of the head that are not the default."""
    self._refuse(self.settings, names)

  def _refuse(self, group, names):
    defaults = type(group)()
    for name in names:
      value = getattr(group, name)
      if value != getattr(defaults, name):
        raise UserError("--%s=%s is not for %s tasks; leave it out" % (
            name, command_line.describe(value), self.kind))

  # Weights of the labels in training.

  def compute_class_weights(self, examples: Sequence[InputExample]
                           ) -> Optional[List[float]]:
    """Returns a weight per label, as --class_weights says; None: all are 1.

    Args:
      examples: what is trained on, checked; "balanced" counts its labels.

    Raises:
      UserError: there are more or fewer weights than labels.
    """
    text = self.settings.class_weights
    if not text:
      return None
    if text == "balanced":
      return self._balance(self._count(examples), len(examples))
    weights = [float(word) for word in text.split(",")]
    if len(weights) != len(self.labels):
      raise UserError("--class_weights=%s: %d weights, the task has %d "
                      "labels: %s" % (text, len(weights), len(self.labels),
                                      " ".join(self.labels[:20])))
    return weights

  def with_class_weights(self, weights: Optional[List[float]]) -> "Head":
    """Returns a head like this one that trains with such weights."""
    return self.replaced(class_weights=weights)

  def with_text_facts(self, facts: Dict[str, Any]) -> "Head":
    """Returns a head like this one that reads texts as those that were trained
    on.

    Args:
      facts: what `text_facts` returned for these, among others.
    """
    return self.replaced(text_facts=dict(facts))

  # The graph.

  def logits(self, model: modeling.BertModel, mask: tf.Tensor,
             is_training: bool) -> tf.Tensor:
    """Returns the logits of each text.

    Args:
      model: of [batch, length], or of [batch * windows, length].
      mask: int32 [batch, length] or [batch, windows, length]; 1 = real token.
      is_training: whether dropout is on.

    Returns:
      float32 [batch, num_outputs].
    """
    settings = self.settings
    vectors = self.vectors(model, mask)
    if self.encodes_apart:
      return self.pair_logits(*siamese.split(vectors), is_training)
    if mask.shape.ndims == 3:
      num_windows = mask.shape.as_list()[1]
      vectors = tf.reshape(vectors, [-1, num_windows,
                                     vectors.shape.as_list()[-1]])
      # The name is that of checkpoints.
      with tf.variable_scope("segments"):
        vectors = pooling.pool(vectors, mask[:, :, 0], settings.window_pooling)
    return self.project(vectors, is_training)

  def vectors(self, model: modeling.BertModel, mask: tf.Tensor) -> tf.Tensor:
    """Returns the vector of each sequence, float32 [batch * sequences, width].
    """
    return pooling.sentence_vectors(
        model, pooling.fold(mask), self.settings.pooling,
        self.settings.encoder_top, self.layout)

  def pair_logits(self, first: tf.Tensor, second: tf.Tensor,
                  is_training: bool) -> tf.Tensor:
    """float32 [batch, width] twice, of texts encoded apart -> [batch,
    num_outputs]."""
    return self.project(siamese.compare(first, second), is_training)

  def project(self, vectors: tf.Tensor, is_training: bool) -> tf.Tensor:
    """float32 [rows, width] -> [rows, num_outputs]."""
    width = vectors.shape.as_list()[-1]
    weights = tf.get_variable("output_weights", [self.num_outputs, width],
                              initializer=modeling.create_initializer(0.02))
    bias = tf.get_variable("output_bias", [self.num_outputs],
                           initializer=tf.zeros_initializer())
    if is_training:
      vectors = modeling.dropout(vectors, 0.1)
    return tf.nn.bias_add(tf.matmul(vectors, weights, transpose_b=True), bias)

  def loss(self, model, features):
    logits = self.logits(model, features["input_mask"], True)
    return self.training_loss(logits, features["label_ids"])

  def forward(self, model, features):
    mask = features["input_mask"]
    if not self.encodes_apart:
      return {"logits": self.logits(model, mask, False)}
    pair = siamese.split(self.vectors(model, mask))
    return {"logits": self.pair_logits(*pair, False),
            "cosines": siamese.cosines(*pair)}

  def evaluation(self, outputs, features):
    logits, label_ids = outputs["logits"], features["label_ids"]
    losses_of_batch = self.example_losses(logits, label_ids)
    if "is_real_example" in features:
      is_real = tf.cast(tf.reshape(features["is_real_example"], [-1]),
                        tf.float32)
    else:  # Not all programs' input_fns have it.
      is_real = tf.ones_like(losses_of_batch)
    streamed = {"eval_loss": (losses_of_batch, is_real)}
    if "eval_accuracy" in self.streamed_keys:
      is_correct = self.is_correct(self.probabilities(logits), label_ids)
      streamed["eval_accuracy"] = (is_correct, is_real)
    return BatchEvaluation(tf.reduce_mean(losses_of_batch), streamed, dict(
        self.predictions(outputs, features), label_ids=label_ids,
        is_real_example=is_real))

  def predictions(self, outputs, features):
    del features
    return self._with_cosines(
        {"probabilities": self.probabilities(outputs["logits"])}, outputs)

  def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
    """float32 [batch, num_labels] -> the same shape."""
    raise NotImplementedError()

  def example_losses(self, logits: tf.Tensor,
                     label_ids: tf.Tensor) -> tf.Tensor:
    """Logits and a batch's label field -> float32 [batch].

    Evaluation reports these, whatever training minimizes.
    """
    raise NotImplementedError()

  def training_loss(self, logits: tf.Tensor,
                    label_ids: tf.Tensor) -> tf.Tensor:
    """Logits and a batch's label field -> float32 scalar, as --loss says."""
    raise NotImplementedError()

  def is_correct(self, probabilities: tf.Tensor,
                 label_ids: tf.Tensor) -> tf.Tensor:
    """Returns float32 [batch]: 1 where the whole prediction is right; only
    where streamed_keys have eval_accuracy."""
    raise NotImplementedError()

  # An export.

  def serving_signatures(self, inputs: Tensors, outputs: Tensors
                        ) -> Dict[str, Tuple[Tensors, Tensors]]:
    """Returns name -> (inputs, outputs) of an export's signatures.

    Args:
      inputs: placeholders of ids, mask and segments.
      outputs: what `forward` returned of them.
    """
    return {DEFAULT_SIGNATURE: (inputs, self.serving_outputs(outputs))}

  def serving_outputs(self, outputs: Tensors) -> Tensors:
    """Returns what the default signature returns, by name."""
    return self._with_cosines(
        {"probabilities": self.probabilities(outputs["logits"])}, outputs)

  def needs_pairs(self):
    return self.encodes_apart

  @staticmethod
  def _with_cosines(tensors, outputs):
    """Adds the cosines of texts encoded apart."""
    return dict(tensors, **{name: value for name, value in outputs.items()
                            if name == "cosines"})

  def _loss_settings(self):
    return losses.Loss(self.settings.loss, self.class_weights,
                       self.settings.label_smoothing)

  def _count(self, examples):
    """Returns how often each label occurs in a dataset."""
    counts = [0] * len(self.labels)
    for example in examples:
      label = example.label
      for name in [label] if isinstance(label, str) else label:
        counts[self._label_id(name)] += 1
    return counts

  def _balance(self, counts, num_examples):
    """Returns weights by which every label has the same total weight."""
    del num_examples
    present = sum(count > 0 for count in counts)
    return [sum(counts) / (present * count) if count else 1.0
            for count in counts]

  def _label_id(self, label):
    if label not in self._index:
      raise ValueError("label %r is not one of: %s" % (label, listed(
          self.labels, 20, separator=" ", more=" ... and %d more")))
    return self._index[label]
