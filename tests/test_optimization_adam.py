"""AdamWeightDecayOptimizer against numpy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import optimization
from graphs import assert_slots_close, run_init, variable


def is_resource(tensorflow_variable):
  return tensorflow_variable.op.type == "VarHandleOp"


def numpy_adam(value, gradients, rate, decay=0.0, beta_1=0.9, beta_2=0.999,
               epsilon=1e-6):
  """Adam without bias correction in float64 -> value, m and v at the end."""
  value = np.array(value, np.float64)
  m = np.zeros_like(value)
  v = np.zeros_like(value)
  for gradient in gradients:
    gradient = np.asarray(gradient, np.float64)
    m = beta_1 * m + (1.0 - beta_1) * gradient
    v = beta_2 * v + (1.0 - beta_2) * gradient ** 2
    value -= rate * (m / (np.sqrt(v) + epsilon) + decay * value)
  return value, m, v


def test_weight_decay_is_off_unless_asked_for(session):
  weight = variable("weight", 2.0)
  optimizer = optimization.AdamWeightDecayOptimizer(0.5)
  train_op = optimizer.apply_gradients([(tf.zeros([]), weight)])
  run_init(session)
  session.run(train_op)
  assert session.run(weight) == 2.0


def test_variables_without_exclusions_all_decay(session):
  bias = variable("bias", 2.0)
  optimizer = optimization.AdamWeightDecayOptimizer(
      0.5, weight_decay_rate=0.1)
  train_op = optimizer.apply_gradients([(tf.zeros([]), bias)])
  run_init(session)
  session.run(train_op)
  golden.assert_close(session.run(bias), 1.9, 1e-6)


def test_dense_updates_equal_numpy_adam(session, variable_kind):
  random = np.random.RandomState(3)
  start = random.randn(4, 3)
  gradients = random.randn(6, 4, 3)
  weight = variable("weight", start)
  fed = tf.placeholder(tf.float32, [4, 3])
  train_op = optimization.AdamWeightDecayOptimizer(
      learning_rate=0.05, weight_decay_rate=0.01).apply_gradients(
          [(fed, weight)])
  run_init(session)
  for gradient in gradients:
    session.run(train_op, {fed: gradient})
  assert is_resource(weight) == (variable_kind == "resource")
  value, m, v = numpy_adam(start, gradients, 0.05, 0.01)
  golden.assert_close(session.run(weight), value, name="weight")
  assert_slots_close(session, "weight", m, v)


@pytest.mark.parametrize("use_resource", [True, False])
def test_variable_need_not_be_of_the_default_kind(
    session, variable_kind, use_resource):
  weight = variable("weight", [3.0, -1.0], use_resource=use_resource)
  assert is_resource(weight) == use_resource
  train_op = optimization.AdamWeightDecayOptimizer(0.1).apply_gradients(
      [(tf.constant([0.5, 1.0]), weight)])
  run_init(session)
  session.run(train_op)
  value, _, _ = numpy_adam([3.0, -1.0], [[0.5, 1.0]], 0.1)
  golden.assert_close(session.run(weight), value)


def test_constants_and_tensor_rate_are_used(session):
  gradients = [[0.3, -0.2], [0.1, 0.4], [-0.7, 0.0]]
  weight = variable("weight", [1.0, -2.0])
  fed = tf.placeholder(tf.float32, [2])
  train_op = optimization.AdamWeightDecayOptimizer(
      tf.constant(0.2), weight_decay_rate=0.3, beta_1=0.5, beta_2=0.75,
      epsilon=0.125, name="Other").apply_gradients([(fed, weight)])
  run_init(session)
  for gradient in gradients:
    session.run(train_op, {fed: gradient})
  value, m, v = numpy_adam([1.0, -2.0], gradients, 0.2, 0.3, 0.5, 0.75, 0.125)
  golden.assert_close(session.run(weight), value)
  assert_slots_close(session, "weight", m, v)


def test_sparse_gradients_add_up_and_move_every_row(session, variable_kind):
  random = np.random.RandomState(4)
  start = random.randn(5, 2)
  rows = random.randn(4, 3, 2)
  indices = [[0, 2, 2], [1, 1, 1], [4, 0, 2], [3, 3, 0]]
  weight = variable("weight", start)
  values, where = tf.placeholder(tf.float32, [3, 2]), tf.placeholder(
      tf.int32, [3])
  train_op = optimization.AdamWeightDecayOptimizer(
      0.05, weight_decay_rate=0.01).apply_gradients([
          (tf.IndexedSlices(values, where, tf.constant([5, 2])), weight)])
  run_init(session)
  dense = np.zeros([4, 5, 2])
  for step in range(4):
    np.add.at(dense[step], indices[step], rows[step])
    session.run(train_op, {values: rows[step], where: indices[step]})
  value, m, v = numpy_adam(start, dense, 0.05, 0.01)
  golden.assert_close(session.run(weight), value, name="weight")
  assert_slots_close(session, "weight", m, v)


def test_apply_gradients_leaves_global_step_alone(session, variable_kind):
  global_step = tf.train.get_or_create_global_step()
  weight = variable("weight", 1.0)
  train_op = optimization.AdamWeightDecayOptimizer(0.1).apply_gradients(
      [(tf.ones([]), weight)], global_step=global_step)
  run_init(session)
  session.run(train_op)
  assert session.run(global_step) == 0
  assert session.run(weight) < 1.0


def test_variables_without_gradient_are_skipped(session):
  used, unused = variable("used", 1.0), variable("unused", 1.0)
  train_op = optimization.AdamWeightDecayOptimizer(
      0.1, weight_decay_rate=0.5).apply_gradients(
          [(tf.ones([]), used), (None, unused)], name="my_step")
  assert [each.op.name for each in tf.global_variables()] == [
      "used", "unused", "used/adam_m", "used/adam_v"]
  run_init(session)
  session.run(train_op)
  assert session.run(unused) == 1.0


def test_optimizer_is_a_tensorflow_optimizer(session):
  weight = variable("weight", 3.0)
  optimizer = optimization.AdamWeightDecayOptimizer(0.1)
  assert isinstance(optimizer, tf.train.Optimizer)
  train_op = optimizer.minimize(tf.square(weight))
  run_init(session)
  for _ in range(5):
    session.run(train_op)
  assert abs(session.run(weight)) < 3.0


def torch_adamw(value, gradients, rate, decay):
  """Adam with bias correction and decoupled decay, in float64."""
  value, m, v = np.float64(value), 0.0, 0.0
  for step, gradient in enumerate(gradients, 1):
    m = 0.9 * m + 0.1 * gradient
    v = 0.999 * v + 0.001 * gradient ** 2
    value = value * (1 - rate * decay) - rate * (m / (1 - 0.9 ** step)) / (
        np.sqrt(v / (1 - 0.999 ** step)) + 1e-6)
  return value


def test_bias_correction_is_that_of_the_paper(session, variable_kind):
  random = np.random.RandomState(4)
  start, gradients = random.randn(4, 3), random.randn(6, 4, 3)
  weight = variable("weight", start)
  fed = tf.placeholder(tf.float32, [4, 3])
  step = tf.train.get_or_create_global_step()
  update = optimization.AdamWeightDecayOptimizer(
      0.05, weight_decay_rate=0.01, has_bias_correction=True).apply_gradients(
          [(fed, weight)])
  with tf.control_dependencies([update]):
    train_op = tf.assign_add(step, 1).op
  run_init(session)
  for gradient in gradients:
    session.run(train_op, {fed: gradient})
  golden.assert_close(session.run(weight),
                      torch_adamw(start, gradients, 0.05, 0.01))


def test_each_variable_has_the_rate_of_its_name(session, variable_kind):
  random = np.random.RandomState(5)
  start, gradients = random.randn(2, 3), random.randn(4, 2, 3)
  weights = [variable("bert/slow", start), variable("fast", start)]
  fed = tf.placeholder(tf.float32, [2, 3])
  train_op = optimization.AdamWeightDecayOptimizer(
      0.05, weight_decay_rate=0.01,
      lr_multiplier=lambda name: {"bert/slow": 0.1, "fast": 2.0}[name]
  ).apply_gradients([(fed, weight) for weight in weights])
  run_init(session)
  for gradient in gradients:
    session.run(train_op, {fed: gradient})
  for weight, rate in zip(weights, (0.005, 0.1)):
    golden.assert_close(session.run(weight),
                        numpy_adam(start, gradients, rate, 0.01)[0])


@pytest.mark.parametrize("name, is_decayed", [
    ("bert/dense/kernel", True), ("bert/dense/bias", False),
    ("bert/LayerNorm/gamma", False)])
def test_helpers_tell_which_names_decay(name, is_decayed):
  optimizer = optimization.AdamWeightDecayOptimizer(
      0.1, 0.01, exclude_from_weight_decay=["LayerNorm", "bias"])
  assert optimizer._do_use_weight_decay(name) is is_decayed
  assert optimizer._get_variable_name(name + ":0") == name
  assert optimizer._get_variable_name(name) == name
  optimizer.weight_decay_rate = 0.0
  assert optimizer._do_use_weight_decay(name) is False


def test_overridden_helper_says_what_decays(session, variable_kind):
  class KernelsOnly(optimization.AdamWeightDecayOptimizer):

    def _do_use_weight_decay(self, param_name):
      return param_name == "kernel"

  weights = [variable("kernel", [2.0]), variable("other", [2.0])]
  train_op = KernelsOnly(0.1, weight_decay_rate=0.5).apply_gradients(
      [(tf.zeros([1]), weight) for weight in weights])
  run_init(session)
  session.run(train_op)
  golden.assert_close(session.run(weights[0]), [1.9])
  golden.assert_close(session.run(weights[1]), [2.0])
