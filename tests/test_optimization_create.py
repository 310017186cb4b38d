"""create_optimizer: its schedule, and what it makes of a loss."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import optimization
from graphs import assert_slots_close, run_init, value_of, variable


def observed_rates(session, steps, init_lr, num_train_steps, num_warmup_steps):
  """The rate of every step, found from how far a variable moved."""
  weight = variable("bias", 0.0)  # a bias, for weight decay not to move it
  train_op = optimization.create_optimizer(
      weight * 1.0, init_lr, num_train_steps, num_warmup_steps, False)
  run_init(session)
  rates, before = [], 0.0
  for step in range(1, steps + 1):
    session.run(train_op)
    after = float(session.run(weight))
    # Under a constant gradient of 1 both moments are geometric sums.
    adam = (1 - 0.9 ** step) / (np.sqrt(1 - 0.999 ** step) + 1e-6)
    rates.append((before - after) / adam)
    before = after
  return rates


def test_warmup_starts_at_zero_and_meets_the_linear_decay(
    session, variable_kind):
  rates = observed_rates(session, 12, 0.5, 10, 4)
  golden.assert_close(rates, [0.0, 0.125, 0.25, 0.375, 0.3, 0.25, 0.2, 0.15,
                              0.1, 0.05, 0.0, 0.0])
  assert rates[0] == 0.0 and rates[10:] == [0.0, 0.0]


def test_rate_without_warmup_falls_from_its_peak_to_zero(session):
  golden.assert_close(observed_rates(session, 6, 0.4, 5, 0),
                      [0.4, 0.32, 0.24, 0.16, 0.08, 0.0])


def test_warmup_over_all_steps_never_decays(session):
  golden.assert_close(observed_rates(session, 5, 1.0, 4, 4),
                      [0.0, 0.25, 0.5, 0.75, 0.0])


def test_single_warmup_step_has_rate_zero(session):
  golden.assert_close(observed_rates(session, 3, 0.3, 3, 1), [0.0, 0.2, 0.1])


def test_rate_continues_from_the_global_step(session):
  weight = variable("bias", 0.0)
  train_op = optimization.create_optimizer(weight * 1.0, 1.0, 100, 0,
                                           False)
  run_init(session)
  session.run(tf.assign(tf.train.get_global_step(), 75))
  session.run(train_op)
  expected = -0.25 * 0.1 / (np.sqrt(0.001) + 1e-6)
  golden.assert_close(session.run(weight), expected)


def test_every_step_counts_the_global_step_up_by_one(session, variable_kind):
  train_op = optimization.create_optimizer(variable("w", 1.0) * 2.0, 0.1, 9, 2,
                                           False)
  run_init(session)
  for expected in (1, 2, 3):
    session.run(train_op)
    assert session.run(tf.train.get_global_step()) == expected


@pytest.mark.parametrize("slope, clipped", [
    ([3.0, 4.0], [0.6, 0.8]), ([0.3, 0.4], [0.3, 0.4])])
def test_gradients_are_clipped_to_a_global_norm_of_one(
    session, slope, clipped):
  first, second = variable("first", 1.0), variable("second", 1.0)
  train_op = optimization.create_optimizer(
      first * slope[0] + second * slope[1], 0.1, 9, 2, False)
  run_init(session)
  session.run(train_op)
  for name, gradient in zip(("first", "second"), clipped):
    assert_slots_close(session, name, 0.1 * gradient, 0.001 * gradient ** 2)


def test_create_optimizer_decays_neither_norms_nor_biases(
    session, variable_kind):
  decayed = ["dense/kernel", "output_weights", "normal/scale"]
  kept = ["dense/bias", "output_bias", "encoder/LayerNorm/gamma",
          "encoder/LayerNorm_1/gamma", "layer_norm/beta"]
  variables = {name: variable(name, 2.0) for name in decayed + kept}
  loss = 0.0 * tf.add_n([tf.identity(each) for each in variables.values()])
  train_op = optimization.create_optimizer(loss, 0.5, 10, 0, False)
  run_init(session)
  session.run(train_op)
  for name in kept:
    assert session.run(variables[name]) == 2.0, name
  for name in decayed:
    golden.assert_close(session.run(variables[name]), 1.99, 1e-6, name)
    assert value_of(session, name + "/adam_m") == 0.0
    assert value_of(session, name + "/adam_v") == 0.0


def test_gradient_of_a_gather_trains_the_table(session, variable_kind):
  table = variable("table", [[1.0], [2.0], [3.0]])
  loss = tf.reduce_sum(tf.gather(table, [2, 2]))
  train_op = optimization.create_optimizer(loss, 0.1, 10, 0, False)
  run_init(session)
  session.run(train_op)
  m = value_of(session, "table/adam_m")
  assert m[0] == m[1] == 0.0 and m[2] > 0.0
  after = session.run(table)
  golden.assert_close(after[:2], [[0.999], [1.998]], 1e-6)
  assert after[2] < 3.0 - 0.1


def test_create_optimizer_skips_variables_the_loss_does_not_read(session):
  used, unused = variable("used", 1.0), variable("unused", 1.0)
  train_op = optimization.create_optimizer(used * 0.5, 0.1, 9, 0, False)
  run_init(session)
  session.run(train_op)
  assert session.run(used) < 0.999
  assert session.run(unused) == 1.0


def test_slots_are_named_after_their_variable_and_not_trained(
    session, variable_kind):
  with tf.variable_scope("encoder/dense"):
    weight = variable("kernel", np.ones([3, 2]))
  loss = tf.reduce_sum(weight)
  optimization.create_optimizer(loss, 0.1, 10, 0, False)
  shapes = {each.op.name: each.shape.as_list()
            for each in tf.global_variables()}
  assert shapes == {"encoder/dense/kernel": [3, 2],
                    "encoder/dense/kernel/adam_m": [3, 2],
                    "encoder/dense/kernel/adam_v": [3, 2], "global_step": []}
  assert tf.trainable_variables() == [weight]


class FakeCrossShardOptimizer(object):
  made = []

  def __init__(self, optimizer, *unused_args, **unused_kwargs):
    self.optimizer = optimizer
    self.num_applied = 0
    self.made.append(self)

  def apply_gradients(self, *args, **kwargs):
    self.num_applied += 1
    return self.optimizer.apply_gradients(*args, **kwargs)


@pytest.mark.parametrize("use_tpu", [True, False])
def test_only_tpus_average_gradients_over_shards(
    session, monkeypatch, use_tpu):
  monkeypatch.setattr(FakeCrossShardOptimizer, "made", [])
  monkeypatch.setattr(tf.tpu, "CrossShardOptimizer", FakeCrossShardOptimizer)
  train_op = optimization.create_optimizer(variable("w", 1.0) * 1.0, 0.1, 9, 0,
                                           use_tpu)
  run_init(session)
  session.run(train_op)
  assert session.run(tf.train.get_global_step()) == 1
  made = FakeCrossShardOptimizer.made
  assert len(made) == int(use_tpu)
  for wrapper in made:
    assert wrapper.num_applied == 1
    assert isinstance(wrapper.optimizer,
                      optimization.AdamWeightDecayOptimizer)


def test_parameters_are_the_published_ones(assert_called_like):
  assert_called_like(
      optimization.create_optimizer,
      lambda loss, init_lr, num_train_steps, num_warmup_steps, use_tpu: None)
  assert_called_like(
      optimization.AdamWeightDecayOptimizer,
      lambda learning_rate, weight_decay_rate=0.0, beta_1=0.9, beta_2=0.999,
             epsilon=1e-6, exclude_from_weight_decay=None: None)
  assert_called_like(
      optimization.AdamWeightDecayOptimizer.apply_gradients,
      lambda self, grads_and_vars, global_step=None, name=None: None)


def test_module_stands_alone(packages_imported, side_effects_of_import):
  assert packages_imported("optimization") <= {"numpy", "six", "tensorflow"}
  assert side_effects_of_import("optimization") == ""
