"""Training losses against numpy, worked out example by example."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert.heads import losses

RANDOM = np.random.RandomState(3)
LOGITS = RANDOM.randn(5, 4) * 2
LABEL_IDS = np.array([0, 3, 2, 2, 1])
LABEL_SETS = np.array([[1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 0, 0],
                       [0, 0, 1, 0]])
WEIGHTS = [0.5, 1.0, 2.0, 4.0]


def log_softmax(logits):
  return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def sigmoid(logits):
  return 1 / (1 + np.exp(-logits))


def run(session, function, labels, kind, loss):
  return session.run(function(tf.constant(LOGITS, tf.float32),
                              tf.constant(labels, kind), loss))


@pytest.mark.parametrize("loss, expected", [
    (losses.Loss(), lambda logs, i, y: -logs[i, y]),
    (losses.Loss("focal"),
     lambda logs, i, y: -logs[i, y] * (1 - np.exp(logs[i, y])) ** 2),
    (losses.Loss(class_weights=WEIGHTS),
     lambda logs, i, y: -logs[i, y] * WEIGHTS[y]),
    (losses.Loss(label_smoothing=0.2),
     lambda logs, i, y: -0.8 * logs[i, y] - 0.05 * logs[i].sum())],
                         ids=["plain", "focal", "weights", "smoothing"])
def test_loss_of_classes_is_numpys(session, loss, expected):
  logs = log_softmax(LOGITS)
  golden.assert_close(
      run(session, losses.of_classes, LABEL_IDS, tf.int32, loss),
      [expected(logs, index, label) for index, label in enumerate(LABEL_IDS)])


def test_loss_of_classes_takes_a_label_a_word(session):
  logits = np.stack([LOGITS, LOGITS[::-1]])
  labels = np.stack([LABEL_IDS, LABEL_IDS[::-1]])
  found = session.run(losses.of_classes(
      tf.constant(logits, tf.float32), tf.constant(labels, tf.int32),
      losses.Loss("focal", WEIGHTS)))
  assert found.shape == (2, 5)
  golden.assert_close(found[1], found[0][::-1])


@pytest.mark.parametrize("loss, expected", [
    (losses.Loss(), lambda p, y, w: -np.log(p if y else 1 - p)),
    (losses.Loss("focal"),
     lambda p, y, w: -np.log(p) * (1 - p) ** 2 if y
     else -np.log(1 - p) * p ** 2),
    (losses.Loss(class_weights=WEIGHTS),
     lambda p, y, w: -w * np.log(p) if y else -np.log(1 - p)),
    (losses.Loss(label_smoothing=0.2),
     lambda p, y, w: -(0.9 if y else 0.1) * np.log(p) -
     (0.1 if y else 0.9) * np.log(1 - p))],
                         ids=["plain", "focal", "weights", "smoothing"])
def test_loss_of_label_sets_is_numpys(session, loss, expected):
  probabilities = sigmoid(LOGITS)
  golden.assert_close(
      run(session, losses.of_label_sets, LABEL_SETS, tf.float32, loss),
      [sum(expected(*each) for each in zip(row, labels, WEIGHTS))
       for row, labels in zip(probabilities, LABEL_SETS)])


def test_soft_f1_is_that_of_the_formula(session):
  labels, probabilities = [1.0, 0.0, 1.0], [0.5, 0.25, 1.0]
  # 2 * 1.5 / (2 + 1.75).
  golden.assert_close(session.run(losses.of_soft_f1(
      tf.constant(labels), tf.constant(probabilities))), -0.8, 1e-6)


@pytest.mark.parametrize("labels, probabilities, expected", [
    ([1.0, 0.0], [1.0, 0.0], -1.0), ([1.0, 0.0], [0.0, 1.0], 0.0),
    ([0.0, 0.0], [0.0, 0.0], 0.0)])
def test_soft_f1_of_certain_answers_is_f1(session, labels, probabilities,
                                          expected):
  assert abs(session.run(losses.of_soft_f1(
      tf.constant(labels), tf.constant(probabilities))) - expected) < 1e-6


def test_focal_loss_hardly_moves_what_is_right_already(session):
  logits = tf.constant([[8.0, 0.0], [0.0, 0.1]])
  labels = tf.constant([0, 0])
  gradients = [session.run(tf.gradients(tf.reduce_sum(losses.of_classes(
      logits, labels, losses.Loss(name))), logits)[0])
            for name in ("cross_entropy", "focal")]
  ratio = np.abs(gradients[1] / gradients[0]).max(axis=1)
  assert ratio[0] < 1e-4 and ratio[1] > 0.3
