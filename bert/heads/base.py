"""The base of all heads of tasks: labels, losses and graph.

A kind of head is one class in one file. It overrides what is not as here: one
vector per text goes through a dense layer. bert.heads.readout has the rest.
"""

import collections
import copy
import itertools
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import options
from bert.common.errors import UserError
from bert.data import features as features_lib
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.features import Features
from bert.data.features import TextEncoder
from bert.data.label_types import CLASS
from bert.data.records import Field
from bert.data.truncation import TruncationSettings
from bert.data.truncation import TruncationStats
from bert.heads import losses
from bert.heads import pooling
from bert.heads.graph_head import BatchEvaluation
from bert.heads.graph_head import GraphHead
from bert.heads.graph_head import Tensors
from bert.heads.readout import Readout

# The name of the inputs and outputs of an export that TensorFlow Serving takes
# when none is given.
DEFAULT_SIGNATURE = (
    tf.saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY)


class Head(GraphHead, Readout):
  """Base of all heads of tasks.

  Attributes:
    kind: the name in a processor's `head`.
    label_type: what a label is (bert.data.label_types).
    metrics: names of the metrics (bert.evaluation.metrics) that every task of
      this kind is scored by.
    streamed_keys: keys of eval_results.txt that `evaluation` adds, the most
      telling one first.
    losses: what --loss may be.
    signature: the signature of an export that texts are run through.
  """
  kind = ""
  label_type = CLASS
  metrics = ()
  streamed_keys = ("eval_accuracy", "eval_loss")
  losses = ("cross_entropy", "focal", "f1")
  signature = DEFAULT_SIGNATURE

  def __init__(self, labels: Sequence[str],
               settings: options.HeadOptions = options.HeadOptions()):
    """Takes the task's labels in order, and the user's settings."""
    self.labels = list(labels)
    self.settings = settings
    self.threshold = settings.threshold
    self.class_weights = None  # type: Optional[List[float]]
    self._index = {label: index for index, label in enumerate(self.labels)}

  @property
  def first_token_only(self) -> bool:
    """Whether the pooled output is all that is read of the encoder."""
    return (self.settings.pooling == "cls" and
            self.settings.encoder_top == "none")

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
    if settings.encoder_top != "none" and settings.pooling == "cls":
      raise UserError("--encoder_top=%s needs another --pooling than cls, "
                      "which reads the first token alone; --pooling=max is "
                      "usual" %
                      settings.encoder_top)
    if settings.crf:
      raise UserError("--crf is for tagging tasks, this is %s; leave it out" %
                      self.kind)

  # Labels and features.

  def label_fields(self, max_seq_length: int) -> Dict[str, Field]:
    """Returns name -> Field of the labels in a record, any number of them."""
    raise NotImplementedError()

  def encode_label(self, label) -> List[float]:
    """Returns a label's numbers, zeros for None; raises ValueError."""
    raise NotImplementedError()

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
    encoded = (encoder.encode_text(example.text_a, example.text_b) if is_real
               else encoder.empty())
    labels = {"label_ids": self.encoded(example if is_real else None)}
    return [features_lib.to_features(encoded, labels, is_real)], encoded.stats

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
    in a labelled dataset."""
    if is_labelled and example.label is None:
      raise UserError("example %s has no label" % example.guid)
    self.encoded(example)

  def check_truncation(self, settings: TruncationSettings) -> None:
    """Raises UserError for settings that mean nothing for such texts."""

  @staticmethod
  def num_tokens(example: InputExample, tokenizer) -> int:
    """Returns an example's tokens, with [CLS] and [SEP], untruncated."""
    return features_lib.num_text_tokens(example, tokenizer)

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
    head = copy.copy(self)
    head.class_weights = weights
    return head

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
    vectors = pooling.sentence_vectors(model, pooling.fold(mask),
                                       settings.pooling, settings.encoder_top)
    if mask.shape.ndims == 3:
      num_windows = mask.shape.as_list()[1]
      vectors = tf.reshape(vectors, [-1, num_windows,
                                     vectors.shape.as_list()[-1]])
      # The name is that of checkpoints.
      with tf.variable_scope("segments"):
        vectors = pooling.pool(vectors, mask[:, :, 0], settings.window_pooling)
    return self.project(vectors, is_training)

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
    return {"logits": self.logits(model, features["input_mask"], False)}

  def evaluation(self, outputs, features):
    logits, label_ids = outputs["logits"], features["label_ids"]
    each = self.example_losses(logits, label_ids)
    if "is_real_example" in features:
      is_real = tf.cast(tf.reshape(features["is_real_example"], [-1]),
                        tf.float32)
    else:  # Not all programs' input_fns have it.
      is_real = tf.ones_like(each)
    streamed = {"eval_loss": (each, is_real)}
    if "eval_accuracy" in self.streamed_keys:
      is_correct = self.is_correct(self.probabilities(logits), label_ids)
      streamed["eval_accuracy"] = (is_correct, is_real)
    return BatchEvaluation(tf.reduce_mean(each), streamed, dict(
        self.predictions(outputs, features), label_ids=label_ids,
        is_real_example=is_real))

  def predictions(self, outputs, features):
    del features
    return {"probabilities": self.probabilities(outputs["logits"])}

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
    return {"probabilities": self.probabilities(outputs["logits"])}

  def serving_columns(self, example: InputExample,
                      encoder: TextEncoder) -> Features:
    """Returns the inputs of `signature` for a text, name -> numbers."""
    return encoder.encode_text(example.text_a, example.text_b).columns

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
    """Rare labels weigh more, so that all labels together weigh the same."""
    del num_examples
    present = sum(count > 0 for count in counts)
    return [sum(counts) / (present * count) if count else 1.0
            for count in counts]

  def _label_id(self, label):
    if label not in self._index:
      shown = " ".join(self.labels[:20])
      more = len(self.labels) - 20
      raise ValueError("label %r is not one of: %s%s" % (
          label, shown, " ... and %d more" % more if more > 0 else ""))
    return self._index[label]
