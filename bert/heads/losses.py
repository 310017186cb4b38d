"""Training losses: cross entropy, focal, soft F1."""

import typing
from typing import Optional, Sequence

import tensorflow.compat.v1 as tf

# How much less the focal loss counts predictions that are right already.
_GAMMA = 2.0
_EPSILON = 1e-7


class Loss(typing.NamedTuple):
  """The settings of a training loss.

  Attributes:
    name: cross_entropy, focal or f1.
    class_weights: a factor a label; for multi_label, of its presence alone.
      None: all 1.
    label_smoothing: share of a target that goes to all labels alike.
  """
  name: str = "cross_entropy"
  class_weights: Optional[Sequence[float]] = None
  label_smoothing: float = 0.0


def of_classes(logits: tf.Tensor, label_ids: tf.Tensor,
               loss: Loss) -> tf.Tensor:
  """Returns the loss of one label of several, by softmax.

  Args:
    logits: float32 [..., num_labels].
    label_ids: int32 [...].
    loss: name cross_entropy or focal.

  Returns:
    float32 [...].

  Source: Lin et al. 2017, https://arxiv.org/abs/1708.02002 (focal);
    Szegedy et al. 2015, https://arxiv.org/abs/1512.00567 (smoothing).
  """
  num_labels = logits.shape.as_list()[-1]
  one_hot = tf.one_hot(label_ids, num_labels)
  log_probabilities = tf.nn.log_softmax(logits)
  targets = (one_hot * (1.0 - loss.label_smoothing) +
             loss.label_smoothing / num_labels)
  terms = -targets * log_probabilities
  if loss.name == "focal":
    terms *= (1.0 - tf.exp(log_probabilities)) ** _GAMMA
  losses = tf.reduce_sum(terms, axis=-1)
  if loss.class_weights is not None:
    losses *= tf.reduce_sum(one_hot * tf.constant(
        loss.class_weights, tf.float32), axis=-1)
  return losses


def of_label_sets(logits: tf.Tensor, labels: tf.Tensor,
                  loss: Loss) -> tf.Tensor:
  """Returns the loss of any number of labels, by a sigmoid each.

  Args:
    logits: float32 [batch, num_labels].
    labels: float32 [batch, num_labels], 0 or 1.
    loss: name cross_entropy or focal.

  Returns:
    float32 [batch]: sums over the labels.
  """
  targets = (labels * (1.0 - loss.label_smoothing) +
             loss.label_smoothing / 2.0)
  terms = tf.nn.sigmoid_cross_entropy_with_logits(labels=targets,
                                                  logits=logits)
  if loss.name == "focal":
    terms *= tf.abs(labels - tf.nn.sigmoid(logits)) ** _GAMMA
  if loss.class_weights is not None:
    weights = tf.constant(loss.class_weights, tf.float32)
    # The weight where the label is present, 1 where it is absent.
    terms *= labels * (weights - 1.0) + 1.0
  return tf.reduce_sum(terms, axis=-1)


def of_soft_f1(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
  """Returns minus the F1 that counts probabilities as parts of decisions.

  Args:
    labels: float32, any shape, 0 or 1.
    probabilities: float32, the same shape.

  Returns:
    float32 scalar, from -1 to 0.
  """
  both = tf.reduce_sum(labels * probabilities)
  either = tf.reduce_sum(labels) + tf.reduce_sum(probabilities)
  return -2.0 * both / (either + _EPSILON)
