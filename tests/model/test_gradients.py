"""Batches that are worked on in parts, against the same ones as a whole."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert import optimization
from bert.heads import registry
from bert.model import gradients
from graphs import names_of, run_init, variable
from model_fns import (
    EVAL, LABELS, PREDICT, TRAIN, constants, make_model_fn)

NUM_STEPS = 3
LENGTHS = [7, 4, 2, 8]


def make_batch(kind="classification", are_words_unique=False):
  """Four texts of LENGTHS tokens that begin and end alike, as BERT's do."""
  random = np.random.RandomState(6)
  mask = np.int32(np.arange(8) < np.array(LENGTHS)[:, None])
  ids = random.permutation(32).reshape(4, 8) + 3
  if not are_words_unique:
    ids[:, 0] = 1
    ids[range(4), np.array(LENGTHS) - 1] = 2
  head = registry.create(kind, LABELS)
  label_ids = [head.encode_label(label) for label in "zxyz"]
  return {"input_ids": np.int32(ids * mask), "input_mask": mask,
          "segment_ids": np.int32(mask * (np.arange(8) > 2)),
          "label_ids": np.int32(label_ids),
          "is_real_example": np.ones([4, 1], np.int32)}


@pytest.fixture
def without_dropout(monkeypatch):
  """Turns off the head's dropout, which no config reaches."""
  monkeypatch.setattr(modeling, "dropout", lambda tensor, probability: tensor)


def fill_variables(session, scale=0.3):
  random = np.random.RandomState(7)
  session.run([tf.assign(each, random.randn(*each.shape.as_list()) * scale
                         + each.op.name.endswith("gamma"))
               for each in sorted(tf.trainable_variables(),
                                  key=lambda each: each.op.name)])


def train_op_inputs(monkeypatch, kind, **settings):
  """The loss and the gradients that the model_fn gives the optimizer."""
  given = []

  def create_optimizer(loss, *args):
    given.extend([loss, args[4] or tf.gradients(
        loss, tf.trainable_variables())])
    tf.identity(0.1, name="rate")
    return tf.no_op()

  monkeypatch.setattr(optimization, "create_optimizer", create_optimizer)
  make_model_fn(kind, False, learning_rate=0.1, num_train_steps=9,
                num_warmup_steps=0, **settings)(
                    constants(make_batch(kind)), None, TRAIN, {})
  return given[0], [tf.convert_to_tensor(each) for each in given[1]]


@pytest.mark.parametrize("variable_kind, name, kind, num_parts", [
    ("reference", "num_micro_batches", "classification", 4),
    ("reference", "cpu_replicas", "multi_label", 2),
    ("resource", "num_micro_batches", "multi_label", 2),
    ("resource", "cpu_replicas", "classification", 4)],
                         indirect=["variable_kind"])
def test_parts_have_the_loss_and_gradients_of_the_whole(
    without_dropout, monkeypatch, variable_kind, kind, num_parts, name):
  results = []
  for settings in (dict(), {name: num_parts}):
    with tf.Graph().as_default(), tf.Session() as session:
      tensors = train_op_inputs(monkeypatch, kind, **settings)
      names = names_of(tf.trainable_variables())
      fill_variables(session)
      loss, found = session.run(tensors)
      results.append((loss, dict(zip(names, found))))
  (expected_loss, expected), (loss, actual) = results
  golden.assert_close(loss, expected_loss, name="loss")
  assert list(actual) == list(expected)
  largest = max(np.abs(each).max() for each in expected.values())
  for name in expected:
    np.testing.assert_allclose(actual[name], expected[name], rtol=1e-5,
                               atol=1e-6 * largest, err_msg=name)


def trained(batch, **settings):
  """All variables after a few steps of the model_fn's train_op."""
  with tf.Graph().as_default(), tf.Session() as session:
    spec = make_model_fn(
        "classification", False, learning_rate=1e-3, num_train_steps=20,
        num_warmup_steps=0, **settings)(constants(batch), None, TRAIN, {})
    run_init(session)
    fill_variables(session)
    losses = [session.run([spec.loss, spec.train_op])[0]
              for _ in range(NUM_STEPS)]
    values = session.run({each.op.name: each
                          for each in tf.global_variables()})
    return losses, values


@pytest.mark.parametrize("variable_kind, name, num_parts, are_words_unique", [
    ("reference", "num_micro_batches", 4, False),
    ("reference", "cpu_replicas", 2, True),
    ("resource", "num_micro_batches", 2, True),
    ("resource", "cpu_replicas", 4, False)], indirect=["variable_kind"])
def test_steps_in_parts_leave_the_variables_of_whole_steps(
    without_dropout, variable_kind, num_parts, are_words_unique, name):
  batch = make_batch(are_words_unique=are_words_unique)
  expected_losses, expected = trained(batch)
  losses, actual = trained(batch, **{name: num_parts})
  golden.assert_close(losses, expected_losses, name="losses")
  assert expected_losses[-1] < expected_losses[0] - 1e-3
  # Names and all else that a checkpoint holds are the same, too.
  assert ({name: value.shape for name, value in actual.items()} ==
          {name: value.shape for name, value in expected.items()})
  assert actual["global_step"] == expected["global_step"] == NUM_STEPS
  for name in expected:
    np.testing.assert_allclose(actual[name], expected[name], rtol=0,
                               atol=1e-5, err_msg=name)


@pytest.mark.parametrize("mode, num_rows", [
    (EVAL, 1), (PREDICT, 2), (PREDICT, 3), (EVAL, 4)])
def test_outputs_of_parts_are_those_of_the_whole(mode, num_rows):
  """Whatever the last batch of a set has left, fewer rows than parts too."""
  found = []
  for num_parts in (1, 3):
    with tf.Graph().as_default(), tf.Session() as session:
      fed = {name: tf.placeholder(tf.int32, [None, None])
             for name in make_batch()}
      spec = make_model_fn("classification", False,
                           cpu_replicas=num_parts)(fed, None, mode, {})
      names = names_of(tf.trainable_variables())
      fill_variables(session)
      output = spec.loss if mode == EVAL else spec.predictions["probabilities"]
      found.append((names, session.run(output, {
          fed[name]: values[:num_rows]
          for name, values in make_batch().items()})))
  (expected_names, expected), (names, actual) = found
  assert names == expected_names
  golden.assert_close(actual, expected)


def mean_of_products(scale):
  """A mean loss with gradients by hand: the mean of x, and None."""
  def mean_loss(batch):
    with tf.variable_scope("m", reuse=tf.AUTO_REUSE):
      variable("unused", 5.0)
      weight = variable("weight", [2.0, -1.0])
      variable("unused_too", 5.0)
      table = variable("table", [[1.0], [2.0], [3.0]])
    return tf.reduce_mean(tf.reduce_sum(batch["x"] * weight, axis=1) +
                          scale * tf.gather(table, batch["ids"])[:, 0])
  return mean_loss


@pytest.mark.parametrize("is_fed", [False, True])
@pytest.mark.parametrize("parts", [dict(num_micro_batches=2),
                                   dict(num_replicas=2)], ids=str)
def test_gradients_are_those_of_the_mean_and_none_of_what_is_unused(
    session, variable_kind, is_fed, parts):
  x = np.float32([[1, 2], [3, 4], [5, 6], [7, 8]])
  values = {"x": x, "ids": np.int32([2, 0, 2, 2])}
  features = {name: tf.placeholder_with_default(
      value, [None] * value.ndim if is_fed else value.shape)
              for name, value in values.items()}
  loss, found = gradients.MeanLoss(mean_of_products(8.0)).compute(
      features, **parts)
  assert names_of(tf.trainable_variables()) == [
      "m/unused", "m/weight", "m/unused_too", "m/table"]
  assert found[0] is None and found[2] is None
  run_init(session)
  loss, *found = session.run(
      [loss] + [tf.convert_to_tensor(each) for each in found[1::2]])
  # Means of 2a - b over the rows and of 8 times 3, 1, 3 and 3.
  golden.assert_close(loss, 3 + 20)
  golden.assert_close(found[0], [4, 5])
  golden.assert_close(found[1], [[2], [0], [6]])


def test_unused_variables_stay_as_they_are_in_training(session):
  features = {"x": tf.constant([[1.0, 2.0], [3.0, 4.0]]),
              "ids": tf.constant([2, 0])}
  loss, found = gradients.MeanLoss(mean_of_products(1.0)).compute(features, 2)
  train_op = optimization.create_optimizer(loss, 0.1, 9, 0, False, found)
  run_init(session)
  before = session.run(tf.trainable_variables())
  session.run(train_op)
  after = session.run(tf.trainable_variables())
  assert [np.array_equal(*pair) for pair in zip(before, after)] == [
      True, False, True, False]
  assert session.run(tf.train.get_global_step()) == 1


@pytest.mark.parametrize("num_parts", [2, 5])
def test_a_part_begins_when_the_one_before_has_its_gradients(
    session, num_parts):
  events = []

  def noted(tensor, name):
    def note(values):
      events.append((name, values.tolist()))
      return values
    return tf.py_func(note, [tensor], tf.float32)

  @tf.custom_gradient
  def times(weight, rows):
    return weight * rows, lambda upstream: (
        tf.reduce_sum(noted(rows, "backward") * upstream), None)

  def mean_loss(batch):
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
      weight = variable("weight", 1.0)
    return tf.reduce_mean(times(weight, noted(batch["x"], "forward")))

  x = np.arange(20, dtype=np.float32)
  outputs = gradients.MeanLoss(mean_loss).compute({"x": tf.constant(x)},
                                                  num_parts)
  run_init(session)
  loss, (gradient,) = session.run(outputs)
  golden.assert_close([loss, gradient], [9.5, 9.5])
  # Else two parts would be in memory at a time.
  assert events == [(name, part) for part in x.reshape(num_parts, -1).tolist()
                    for name in ("forward", "backward")]


def test_every_part_draws_its_own_dropout(session):
  def mean_loss(batch):
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
      weight = variable("weight", np.ones([400]))
    return tf.reduce_sum(modeling.dropout(weight * batch["x"][0], 0.5))

  _, (gradient,) = gradients.MeanLoss(mean_loss).compute(
      {"x": tf.ones([4, 1])}, 4)
  run_init(session)
  # Kept in 0 to 4 of the parts, each time as 2: binomial.
  counts = np.bincount(np.int64(session.run(gradient) * 2), minlength=5)
  shares = np.array([1, 4, 6, 4, 1]) / 16
  deviations = np.sqrt(400 * shares * (1 - shares))
  assert (np.abs(counts - 400 * shares) <= 5 * deviations).all(), counts


@pytest.mark.parametrize("parts", [dict(), dict(num_micro_batches=2),
                                   dict(num_replicas=2)], ids=str)
def test_variables_that_are_not_trained_have_no_gradient(session, parts):
  features = {"x": tf.constant([[1.0, 2.0], [3.0, 4.0]]),
              "ids": tf.constant([2, 0])}
  mean_loss = gradients.MeanLoss(mean_of_products(1.0), ["m/table"])
  _, found = mean_loss.compute(features, **parts)
  assert names_of(mean_loss.variables()) == ["m/table"]
  # The collection is as it was.
  assert len(tf.trainable_variables()) == 4
  run_init(session)
  (gradient,) = found
  golden.assert_close(session.run(tf.convert_to_tensor(gradient)),
                      [[0.5], [0], [0.5]])
