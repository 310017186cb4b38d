"""The base of all heads: what a task learns on top of the encoder."""

import collections
import typing
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import options
from bert.common.errors import UserError
from bert.data.records import Field
from bert.evaluation.metrics import EvalPrediction
from bert.heads import losses
from bert.heads import pooling


class Prediction(typing.NamedTuple):
  """What test_predictions.tsv says of one example."""
  labels: List[str]
  scores: List[float]


class Evaluation(typing.NamedTuple):
  """What a batch is judged by.

  Attributes:
    loss: float32 scalar.
    streamed: name -> (values, weights), of equal shape, whose weighted mean
      over a whole set is told.
    collected: name -> tensor [batch, ...] that is kept of the whole set.
  """
  loss: tf.Tensor
  streamed: Dict[str, Tuple[tf.Tensor, tf.Tensor]]
  collected: Dict[str, tf.Tensor]


class GraphHead:
  """What a model learns on top of the encoder, as the model_fn sees it.

  Attributes:
    first_token_only: whether the pooled output is all that is read of the
      encoder.
  """
  first_token_only = False

  def prepare(self, features: Dict[str, tf.Tensor]) -> Dict[str, tf.Tensor]:
    """Adds to a whole batch what its parts are to know of it."""
    return features

  def loss(self, model: modeling.BertModel,
           features: Dict[str, tf.Tensor]) -> tf.Tensor:
    """Returns what training makes small, float32 scalar."""
    raise NotImplementedError()

  def answer(self, model: modeling.BertModel,
             features: Dict[str, tf.Tensor]) -> Dict[str, tf.Tensor]:
    """Returns name -> tensor [batch, ...] that all else is made of."""
    raise NotImplementedError()

  def evaluation(self, answers: Dict[str, tf.Tensor],
                 features: Dict[str, tf.Tensor]) -> Evaluation:
    """Judges what `answer` returned."""
    raise NotImplementedError()


class Head(GraphHead):
  """Base of all heads of tasks.

  Attributes:
    kind: the name in a processor's `head`.
    metrics: names of the metrics (bert.metrics) that every task of this kind
      is judged by.
    is_per_word: whether a text is a list of words, each with a label.
    losses, is_pooled: what --loss may be, and whether --pooling has a meaning.
  """
  kind = ""
  metrics = ()
  is_per_word = False
  losses = ("cross_entropy", "focal", "f1")
  is_pooled = True

  def __init__(self, labels: Sequence[str],
               settings: options.HeadOptions = options.HeadOptions()):
    """Takes the task's labels in order, and what the user chose."""
    self.labels = list(labels)
    self.settings = settings
    self.threshold = settings.threshold
    self.class_weights = None  # type: Optional[List[float]]
    self._index = {label: index for index, label in enumerate(self.labels)}

  @property
  def first_token_only(self) -> bool:
    """Whether the pooled output is all that is read of the encoder."""
    return self.settings.pooling == "cls" and self.settings.encoder_top == "none"

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
    settings = self.settings
    if settings.loss not in self.losses:
      raise UserError("--loss=%s is not for %s tasks; leave it out" % (
          settings.loss, self.kind))
    for name in ("pooling", "window_pooling"):
      default = getattr(options.HeadOptions, name)
      if not self.is_pooled and getattr(settings, name) != default:
        raise UserError("--%s=%s is not for %s tasks, which read the vector of "
                        "each word; leave it out" % (
                            name, getattr(settings, name), self.kind))
    if self.is_pooled and settings.encoder_top != "none" and settings.pooling == "cls":
      raise UserError("--encoder_top=%s needs another --pooling than cls, which reads "
                      "the first token alone; --pooling=max is usual" %
                      settings.encoder_top)
    if self.is_pooled and settings.crf:
      raise UserError("--crf is for tagging tasks, this is %s; leave it out" %
                      self.kind)

  def weigh(self, examples: Sequence) -> None:
    """Sets class_weights as --class_weights says.

    Args:
      examples: the training set, checked; "balanced" counts its labels.

    Raises:
      UserError: there are more or fewer weights than labels.
    """
    text = self.settings.class_weights
    if text == "balanced":
      self.class_weights = self._balance(self._count(examples), len(examples))
    elif text:
      self.class_weights = [float(word) for word in text.split(",")]
      if len(self.class_weights) != len(self.labels):
        raise UserError("--class_weights=%s: %d weights, the task has %d "
                        "labels: %s" % (text, len(self.class_weights),
                                        len(self.labels),
                                        " ".join(self.labels[:20])))

  def loss(self, model, features):
    logits = self.logits(model, features["input_mask"], True)
    return self.training_loss(logits, features["label_ids"])

  def answer(self, model, features):
    return {"logits": self.logits(model, features["input_mask"], False)}

  def predictions(self, answers: Dict[str, tf.Tensor],
                  features: Dict[str, tf.Tensor]) -> Dict[str, tf.Tensor]:
    """Returns `outputs` of what `answer` returned."""
    return self.outputs(answers["logits"], features["label_ids"])

  def served(self, answers: Dict[str, tf.Tensor]) -> Dict[str, tf.Tensor]:
    """Returns what an export tells, by name; it knows no labels."""
    return {"probabilities": self.probabilities(answers["logits"])}

  def evaluation(self, answers, features):
    logits, label_ids = answers["logits"], features["label_ids"]
    is_real = tf.cast(tf.reshape(features["is_real_example"], [-1]), tf.float32)
    each = self.example_losses(logits, label_ids)
    streamed = {"eval_loss": (each, is_real)}
    is_correct = self.is_correct(self.probabilities(logits), label_ids)
    if is_correct is not None:
      streamed["eval_accuracy"] = (is_correct, is_real)
    return Evaluation(tf.reduce_mean(each), streamed, dict(
        self.outputs(logits, label_ids), label_ids=label_ids,
        is_real_example=is_real))

  def label_field(self, max_seq_length: int) -> Field:
    """Returns the label's place in a record."""
    raise NotImplementedError()

  def encode_label(self, label, max_seq_length: int) -> List[float]:
    """Returns a label's numbers, zeros for None; raises ValueError."""
    raise NotImplementedError()

  def probabilities(self, logits: tf.Tensor) -> tf.Tensor:
    """float32 [batch, num_labels] -> the same shape."""
    raise NotImplementedError()

  def example_losses(self, logits: tf.Tensor,
                     label_ids: tf.Tensor) -> tf.Tensor:
    """Logits and a batch's label field -> float32 [batch].

    Evaluation tells these, whatever training makes small.
    """
    raise NotImplementedError()

  def training_loss(self, logits: tf.Tensor,
                    label_ids: tf.Tensor) -> tf.Tensor:
    """Logits and a batch's label field -> float32 scalar, as --loss says."""
    raise NotImplementedError()

  def is_correct(self, probabilities: tf.Tensor,
                 label_ids: tf.Tensor) -> Optional[tf.Tensor]:
    """Returns float32 [batch]: 1 where the whole answer is right; None where
    there is no right or wrong."""
    raise NotImplementedError()

  def outputs(self, logits: tf.Tensor,
              label_ids: tf.Tensor) -> Dict[str, tf.Tensor]:
    """Returns name -> tensor [batch, ...] of what predictions are made of."""
    del label_ids
    return {"probabilities": self.probabilities(logits)}

  def eval_prediction(self, rows: Dict[str, np.ndarray],
              examples: Sequence) -> EvalPrediction:
    """Returns what metrics take.

    Args:
      rows: of a whole set in its order: `outputs`, and "label_ids".
      examples: the set.
    """
    raise NotImplementedError()

  def prediction(self, row: Dict[str, np.ndarray], example) -> "Prediction":
    """One example's `outputs` -> the chosen labels with their scores."""
    raise NotImplementedError()

  def result(self, row: Dict[str, np.ndarray], example) -> str:
    """One example's `outputs` -> its line of test_results.tsv."""
    del example
    return "\t".join(map(str, row["probabilities"]))

  def prediction_files(self, examples: Sequence,
                       predictions: Sequence["Prediction"]) -> Dict:
    """Returns file name -> lines, of what stands beside test_results.tsv."""
    def lines():
      yield "guid\tprediction\tscore"
      for example, prediction in zip(examples, predictions):
        yield "%s\t%s\t%s" % (example.guid, " ".join(prediction.labels),
                              " ".join(map(str, prediction.scores)))
    return {"test_predictions.tsv": lines()}

  def logits(self, model: modeling.BertModel, mask: tf.Tensor,
             is_training: bool) -> tf.Tensor:
    """Returns what the head says of each text.

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
        vectors = pooling.pool(vectors, mask[:, :, 0],
                               settings.window_pooling)
    return self._project(vectors, is_training)

  def _project(self, vectors, is_training):
    """[rows, width] -> [rows, num_outputs]."""
    width = vectors.shape.as_list()[-1]
    weights = tf.get_variable("output_weights", [self.num_outputs, width],
                              initializer=modeling.create_initializer(0.02))
    bias = tf.get_variable("output_bias", [self.num_outputs],
                           initializer=tf.zeros_initializer())
    if is_training:
      vectors = modeling.dropout(vectors, 0.1)
    return tf.nn.bias_add(tf.matmul(vectors, weights, transpose_b=True), bias)

  def _loss(self):
    return losses.Loss(self.settings.loss, self.class_weights,
                       self.settings.label_smoothing)

  def _count(self, examples):
    """Returns how often each label stands in a set."""
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
