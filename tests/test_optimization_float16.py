"""Loss scaling: what float16 loses without it, and steps that it leaves out."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert import optimization
from bert.model import gradients
from graphs import assert_slots_close, run_init, value_of, variable
from model_fns import TRAIN, batch, constants, make_model_fn

# What TensorFlow's DynamicLossScale begins with.
FIRST_SCALE = 2.0 ** 15


def new_scale():
  return tf.train.experimental.DynamicLossScale()


def mean_in_float16(features):
  """A mean loss whose gradients float16 may not hold: the mean of x."""
  with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
    weight = variable("weight", [1.0, 2.0])
  products = tf.cast(weight, tf.float16) * tf.cast(features["x"], tf.float16)
  return tf.reduce_mean(tf.cast(tf.reduce_sum(products, axis=1), tf.float32))


def gradient_of(session, x, loss_scale, num_parts=1):
  mean_loss = gradients.MeanLoss(
      mean_in_float16, scale=loss_scale and loss_scale())
  loss, (gradient,) = mean_loss.compute({"x": tf.constant(np.float32(x))},
                                        num_parts)
  run_init(session)
  return session.run([loss, gradient])


@pytest.mark.parametrize("num_parts", [1, 2])
def test_scaling_saves_gradients_too_small_for_float16(
    session, variable_kind, num_parts):
  # Halved or quartered by the mean, the least number above 0 becomes 0.
  x = np.full([4, 2], 2.0 ** -24)
  _, lost = gradient_of(session, x, None, num_parts)
  np.testing.assert_array_equal(lost, [0, 0])
  with tf.Graph().as_default(), tf.Session() as other:
    loss, kept = gradient_of(other, x, new_scale(), num_parts)
  np.testing.assert_array_equal(kept, x[0])
  assert loss == 3 * 2.0 ** -24


def step_of(session, feed, weight, loss_scale):
  """An op that trains weight on the mean of what is fed."""
  loss, loss_gradients = gradients.MeanLoss(
      lambda features: tf.reduce_mean(features["x"] * weight),
      scale=loss_scale and loss_scale()).compute({"x": feed})
  train_op = optimization.create_optimizer(
      loss, 0.1, 10, 0, False, loss_gradients, loss_scale)
  run_init(session)
  return train_op


def test_step_with_a_gradient_that_is_not_finite_counts_and_changes_nothing(
    session, variable_kind):
  feed = tf.placeholder(tf.float32, [2])
  loss_scale = new_scale()
  train_op = step_of(session, feed, variable("weight", 1.0), loss_scale)
  assert session.run(loss_scale()) == FIRST_SCALE
  for value in (np.inf, np.nan):
    session.run(train_op, {feed: [value, 1.0]})
  assert value_of(session, "weight") == 1.0
  assert_slots_close(session, "weight", 0.0, 0.0)
  assert value_of(session, "global_step") == 2
  assert session.run(loss_scale()) == FIRST_SCALE / 4
  session.run(train_op, {feed: [0.5, 0.0]})
  # A gradient of 0.25 at two tenths of the way to a rate of 0.
  assert_slots_close(session, "weight", 0.025, 0.0000625)
  step = 0.08 * (0.025 / (np.sqrt(0.0000625) + 1e-6) + 0.01)
  golden.assert_close(value_of(session, "weight"), 1 - step)
  assert value_of(session, "global_step") == 3


@pytest.mark.parametrize("num_parts", [1, 3])
def test_scaled_training_in_float32_is_plain_training(
    monkeypatch, variable_kind, num_parts):
  monkeypatch.setattr(modeling, "dropout", lambda tensor, probability: tensor)
  results = []
  for is_loss_scaled in (False, True):
    with tf.Graph().as_default(), tf.Session() as session:
      tf.set_random_seed(3)
      spec = make_model_fn(
          "classification", False, learning_rate=1e-3, num_train_steps=20,
          num_warmup_steps=0, num_micro_batches=num_parts,
          is_loss_scaled=is_loss_scaled)(
              constants(batch("classification")), None, TRAIN, {})
      run_init(session)
      for each in tf.trainable_variables():
        random = np.random.RandomState(len(each.name))
        session.run(tf.assign(
            each, 0.3 * random.randn(*each.shape.as_list())))
      losses = [session.run([spec.loss, spec.train_op])[0] for _ in range(3)]
      results.append((losses, session.run(
          {each.op.name: each for each in tf.global_variables()})))
  (expected_losses, expected), (losses, actual) = results
  golden.assert_close(losses, expected_losses, name="losses")
  assert expected_losses[-1] < expected_losses[0] - 1e-3
  assert len(set(actual) - set(expected)) == 2  # The scale and its count.
  for name, value in expected.items():
    # The gradient of a key's bias is 0 but for rounding.
    if "key/bias" not in name:
      golden.assert_close(actual[name], value, 1e-5, name)
