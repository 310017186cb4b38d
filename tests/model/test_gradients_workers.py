"""Gradients of several workers, against those of one process."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.model import distribution
from bert.model import gradients

ROWS = 8


class Averaging(distribution.Workers):
  """Stands for several workers whose messages are given."""

  def __init__(self, messages):
    self.size = len(messages)
    self._messages = messages
    self.sent = []

  def mean(self, tensor, name):
    self.sent.append(tensor)
    return tf.constant(np.mean(self._messages, axis=0, dtype=np.float64),
                       tf.float32)


def build(ids, targets):
  """Loss of words looked up and a dense layer; an unused variable, too."""
  table = tf.get_variable("table", initializer=tf.constant(
      np.random.RandomState(1).randn(5, 3).astype(np.float32)))
  dense = tf.get_variable("dense", initializer=tf.constant(
      np.random.RandomState(2).randn(3, 1).astype(np.float32)))
  tf.get_variable("unused", [2])
  words = tf.gather(table, ids)
  outputs = tf.reduce_sum(tf.tensordot(words, dense, 1), axis=[1, 2])
  return tf.reduce_mean((outputs - targets) ** 2)


def loss_and_gradients(rows):
  random = np.random.RandomState(3)
  ids = random.randint(0, 5, (ROWS, 4))
  targets = random.randn(ROWS).astype(np.float32)
  loss = build(tf.constant(ids[rows]), tf.constant(targets[rows]))
  variables = tf.trainable_variables()
  return loss, tf.gradients(loss, variables), variables


def message_of(rows, is_stopping, size=2):
  """What one of several workers, with some rows, sends."""
  with tf.Graph().as_default(), tf.Session() as session:
    loss, parts, variables = loss_and_gradients(rows)
    workers = Averaging([[0.0] * 21] * size)
    gradients.join(loss, parts, variables, tf.constant(is_stopping), workers)
    session.run(tf.global_variables_initializer())
    (message,) = session.run(workers.sent)
  return message


def join(messages):
  with tf.Graph().as_default(), tf.Session() as session:
    loss, parts, variables = loss_and_gradients(slice(0, 4))
    joined = gradients.join(loss, parts, variables, tf.constant(0.0),
                            Averaging(messages))
    session.run(tf.global_variables_initializer())
    assert joined.gradients[2] is None
    return session.run(joined._replace(gradients=joined.gradients[:2]))


def whole():
  with tf.Graph().as_default(), tf.Session() as session:
    loss, parts, _ = loss_and_gradients(slice(None))
    assert isinstance(parts[0], tf.IndexedSlices)
    session.run(tf.global_variables_initializer())
    return session.run([loss, [tf.convert_to_tensor(each)
                               for each in parts[:2]], tf.global_norm(parts)])


@pytest.mark.parametrize("size", [2, 4])
def test_workers_together_have_loss_gradients_and_norm_of_the_whole(size):
  share = ROWS // size
  joined = join([message_of(slice(start, start + share), 0.0, size)
                 for start in range(0, ROWS, share)])
  loss, expected, norm = whole()
  assert joined.loss == pytest.approx(loss, rel=1e-6)
  for actual, each in zip(joined.gradients, expected):
    np.testing.assert_allclose(actual, each, rtol=1e-5, atol=1e-6)
  # Of rows one by one: that of the sum of equal words' rows is another.
  assert np.sqrt(joined.squared_norm) == pytest.approx(norm, rel=1e-6)
  assert norm != pytest.approx(np.sqrt(sum(
      np.sum(each ** 2) for each in expected)), rel=1e-3)
  assert joined.share_stopping == 0


def test_one_worker_that_stops_is_known_to_all():
  joined = join([message_of(slice(0, 4), 0.0), message_of(slice(4, 8), 1.0)])
  assert joined.share_stopping == 0.5


def test_all_goes_in_one_message():
  workers = Averaging([[0.0] * 21, [0.0] * 21])
  with tf.Graph().as_default():
    loss, parts, variables = loss_and_gradients(slice(0, 4))
    gradients.join(loss, parts, variables, tf.constant(0.0), workers)
  # 15 words' numbers, 3 weights; loss, norm of rows, whether to stop.
  assert [each.shape.as_list() for each in workers.sent] == [[21]]


def test_gradients_go_in_float16_if_asked_and_nothing_else():
  workers = Averaging([[0.5] * 18] * 2)
  with tf.Graph().as_default(), tf.Session() as session:
    loss, parts, variables = loss_and_gradients(slice(0, 4))
    workers.mean = lambda tensor, name: workers.sent.append(
        (name, tensor)) or tensor
    joined = gradients.join(loss, parts, variables, tf.constant(0.0), workers,
                            tf.float16)
    session.run(tf.global_variables_initializer())
    values = session.run([joined.gradients[:2], joined.loss, [
        tf.convert_to_tensor(each) for each in parts[:2]], loss])
  assert [(name, sent.dtype) for name, sent in workers.sent] == [
      ("gradients", tf.float16), ("loss", tf.float32)]
  for actual, each in zip(values[0], values[2]):
    np.testing.assert_array_equal(actual, np.float32(np.float16(each)))
  assert values[1] == values[3]


def test_variables_without_rows_have_their_own_norm():
  with tf.Graph().as_default(), tf.Session() as session:
    weight = tf.get_variable("weight", initializer=[3.0, 4.0])
    joined = gradients.join(tf.constant(1.0), [weight * 1.0], [weight],
                            tf.constant(0.0),
                            Averaging([[3.0, 4.0, 1.0, 0.0, 0.0]] * 2))
    session.run(tf.global_variables_initializer())
    assert session.run(joined.squared_norm) == pytest.approx(25)
