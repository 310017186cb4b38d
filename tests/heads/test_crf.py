"""The conditional random field against all label sequences, one by one."""
import itertools

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert.heads import crf
from graphs import run_init

NUM_LABELS = 3
LENGTHS = [4, 2, 1, 0]
RANDOM = np.random.RandomState(9)
EMISSIONS = np.float32(RANDOM.randn(4, 5, NUM_LABELS) * 2)
MASK = np.int32(np.arange(5) < np.array(LENGTHS)[:, None])
LABEL_IDS = np.int32(RANDOM.randint(0, NUM_LABELS, [4, 5]))
PARAMS = crf.CrfParams(*[np.float32(RANDOM.randn(*shape) * 2) for shape in (
    [NUM_LABELS, NUM_LABELS], [NUM_LABELS], [NUM_LABELS])])


def score(emissions, labels):
  """Of one sequence of labels."""
  total = PARAMS.start[labels[0]] + PARAMS.end[labels[-1]]
  total += sum(emissions[place, label] for place, label in enumerate(labels))
  return total + sum(PARAMS.transitions[pair]
                     for pair in zip(labels, labels[1:]))


def all_scores(row):
  """Sequence -> score, of every sequence of a row's length."""
  return {labels: score(EMISSIONS[row], labels) for labels in
          itertools.product(range(NUM_LABELS), repeat=LENGTHS[row])}


def tensors(is_fed=False):
  values = [EMISSIONS, MASK, LABEL_IDS]
  if is_fed:
    shapes = [[None, None, NUM_LABELS], [None, None], [None, None]]
    return [tf.placeholder_with_default(*each)
            for each in zip(values, shapes)] + [
                crf.CrfParams(*map(tf.constant, PARAMS))]
  return [tf.constant(each) for each in values] + [
      crf.CrfParams(*map(tf.constant, PARAMS))]


@pytest.mark.parametrize("is_fed", [False, True])
def test_loss_is_that_over_all_sequences(session, is_fed):
  emissions, mask, label_ids, params = tensors(is_fed)
  found = session.run(crf.losses(emissions, label_ids, mask, params))
  expected = []
  for row, length in enumerate(LENGTHS[:3]):
    every = np.array(list(all_scores(row).values()), np.float64)
    expected.append(np.log(np.exp(every).sum()) -
                    score(EMISSIONS[row], tuple(LABEL_IDS[row, :length])))
  golden.assert_close(found[:3], expected)
  assert found[3] == 0.0  # A sentence without words.


@pytest.mark.parametrize("is_fed", [False, True])
def test_decoded_sequence_has_the_highest_score(session, is_fed):
  emissions, mask, _, params = tensors(is_fed)
  found = session.run(crf.decode(emissions, mask, params))
  assert found.shape == (4, 5)
  for row, length in enumerate(LENGTHS[:3]):
    scores = all_scores(row)
    assert tuple(found[row, :length]) == max(scores, key=scores.get)


def test_marginals_are_shares_of_all_sequences(session):
  emissions, mask, _, params = tensors()
  found = session.run(crf.marginals(emissions, mask, params))
  expected = np.zeros(EMISSIONS.shape)
  for row in range(3):
    scores = all_scores(row)
    total = sum(np.exp(np.float64(value)) for value in scores.values())
    for labels, value in scores.items():
      for place, label in enumerate(labels):
        expected[row, place, label] += np.exp(np.float64(value)) / total
  golden.assert_close(found, expected, 1e-5)


def test_gradients_are_those_of_small_changes(session):
  emissions, mask, label_ids, params = tensors()
  loss = tf.reduce_sum(crf.losses(emissions, label_ids, mask, params))
  of_emissions, of_transitions = session.run(
      tf.gradients(loss, [emissions, params.transitions]))
  step = 1e-2
  for tensor, values, gradients in (
      (emissions, EMISSIONS, of_emissions),
      (params.transitions, PARAMS.transitions, of_transitions)):
    for index in [(0,) * values.ndim, (1,) * values.ndim]:
      change = np.zeros_like(values)
      change[index] = step
      difference = (session.run(loss, {tensor: values + change}) -
                    session.run(loss, {tensor: values - change}))
      assert abs(difference / step / 2 - gradients[index]) < 5e-3


def test_training_learns_what_labels_follow_each_other(session):
  # Emissions say nothing: only transitions can tell 0 1 2 0 1 from others.
  label_ids = tf.constant([[0, 1, 2, 0, 1], [2, 0, 1, 2, 0]])
  emissions = tf.zeros([2, 5, NUM_LABELS])
  mask = tf.ones([2, 5], tf.int32)
  params = crf.crf_params(NUM_LABELS)
  assert [each.op.name for each in tf.trainable_variables()] == [
      "crf/transitions", "crf/start", "crf/end"]
  loss = tf.reduce_mean(crf.losses(emissions, label_ids, mask, params))
  train_op = tf.train.AdamOptimizer(0.2).minimize(loss)
  decoded = crf.decode(emissions, mask, params)
  run_init(session)
  before = session.run(loss)
  for _ in range(60):
    session.run(train_op)
  assert session.run(loss) < before / 3
  assert session.run(decoded).tolist() in (
      [[0, 1, 2, 0, 1]] * 2, [[2, 0, 1, 2, 0]] * 2)
