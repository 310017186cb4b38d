import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert import optimization

# The reference left it to chance whether the step is counted before the rate is
# read. In the golden run it was: every update took the rate of the step after.
GOLDEN_STEPS_AHEAD = 1


def run_init(session):
  session.run(tf.global_variables_initializer())


def variable(name, value, **kwargs):
  return tf.get_variable(name, initializer=np.float32(value), **kwargs)


def is_resource(tensorflow_variable):
  return tensorflow_variable.op.type == "VarHandleOp"


def value_of(session, name):
  """A variable's value by name; a resource's tensor is but its handle."""
  (found,) = [each for each in tf.global_variables() if each.op.name == name]
  return session.run(found)


def assert_slots_close(session, name, m, v):
  golden.assert_close(value_of(session, name + "/adam_m"), m, name="m")
  golden.assert_close(value_of(session, name + "/adam_v"), v, name="v")


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


def test_optimizer_is_a_tensorflow_optimizer(session):
  weight = variable("weight", 3.0)
  optimizer = optimization.AdamWeightDecayOptimizer(0.1)
  assert isinstance(optimizer, tf.train.Optimizer)
  train_op = optimizer.minimize(tf.square(weight))
  run_init(session)
  for _ in range(5):
    session.run(train_op)
  assert abs(session.run(weight)) < 3.0


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


class Classifier(object):
  """The golden training graph, with dropout off."""

  def __init__(self, session, settings):
    self._session = session
    arrays = golden.arrays("training.npz")
    self._batches = {name: arrays[name] for name in (
        "input_ids", "input_mask", "segment_ids", "label_ids")}
    self._inputs = {name: tf.placeholder(tf.int32, batches.shape[1:])
                    for name, batches in self._batches.items()}
    config = modeling.BertConfig.from_dict(golden.document("bert_config.json"))
    config.hidden_dropout_prob = settings["dropout"]
    config.attention_probs_dropout_prob = settings["dropout"]
    model = modeling.BertModel(
        config, True, self._inputs["input_ids"], self._inputs["input_mask"],
        self._inputs["segment_ids"])
    tf.train.init_from_checkpoint(golden.checkpoint(), {"bert/": "bert/"})
    weights = variable("output_weights", arrays["output_weights_0"])
    logits = tf.nn.bias_add(
        tf.matmul(model.get_pooled_output(), weights, transpose_b=True),
        variable("output_bias", np.zeros(3)))
    losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=self._inputs["label_ids"], logits=logits)
    loss = tf.reduce_mean(losses)
    self._outputs = {
        "loss": loss, "per_example_loss": losses, "logits": logits,
        "probabilities": tf.nn.softmax(logits),
        "global_norm": tf.global_norm(
            tf.gradients(loss, tf.trainable_variables()))}
    self._train_op = optimization.create_optimizer(
        loss, settings["learning_rate"], settings["num_train_steps"],
        settings["num_warmup_steps"], use_tpu=False)
    self._new_step = tf.placeholder(tf.int64, [])
    self._set_step = tf.assign(tf.train.get_global_step(), self._new_step)
    run_init(session)

  def outputs_before_step(self, step):
    feed = {self._inputs[name]: batches[step]
            for name, batches in self._batches.items()}
    outputs = self._session.run(self._outputs, feed)
    self._session.run(self._set_step,
                      {self._new_step: step + GOLDEN_STEPS_AHEAD})
    self._session.run(self._train_op, feed)
    return outputs


def assert_variables_as_golden(session, final):
  variables = {each.op.name: each for each in tf.global_variables()}
  assert set(variables) == set(final)
  for name, value in session.run(variables).items():
    expected = final[name]
    assert list(np.shape(value)) == expected["shape"], name
    value = np.asarray(value, np.float64)
    if name == "global_step":
      value -= GOLDEN_STEPS_AHEAD
    norm = np.sqrt(np.sum(value ** 2))
    # Softmax does not see a key's bias: what moves it, and all that its slots
    # hold, is the rounding noise of one runtime.
    if "/key/bias/adam_" in name:
      assert norm < 1e-8, name
      continue
    tolerance = 1e-4 if name.endswith("/key/bias") else 1e-5
    golden.assert_close(norm, expected["l2"], tolerance, name)
    # The terms of a sum may cancel: it is off by up to the norm's error times
    # the square root of their number (Cauchy-Schwarz).
    assert abs(value.sum() - expected["sum"]) <= (
        tolerance * norm * np.sqrt(value.size)), name


def test_twenty_steps_reproduce_the_golden_training(session, variable_kind):
  settings = golden.document("training.json")
  classifier = Classifier(session, settings)
  for expected in settings["steps"]:
    outputs = classifier.outputs_before_step(expected["step"])
    for key in set(expected) - {"step"}:
      golden.assert_close(outputs[key], expected[key],
                          name="%s at step %d" % (key, expected["step"]))
  assert_variables_as_golden(session, settings["final"])


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
