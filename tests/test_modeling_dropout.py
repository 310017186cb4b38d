"""dropout: what it keeps, how it is drawn, and its gradient."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from draws import assert_share
from draws import looped

NUM_DRAWS = 1 << 16


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.5, 0.9])
def test_share_is_dropped_and_the_rest_is_scaled_to_make_up(session, rate):
  x = np.float32(np.random.RandomState(1).uniform(1, 2, [256, 256]))
  output = session.run(modeling.dropout(tf.constant(x), rate))
  assert output.dtype == np.float32
  is_kept = output != 0
  assert_share(is_kept, 1 - rate)
  # The rate is a multiple of 2^-16.
  golden.assert_close(output[is_kept], x[is_kept] / (1 - rate),
                      2.0 ** -17 / (1 - rate) + 1e-6)


def test_elements_are_dropped_independently(session):
  output = session.run(modeling.dropout(tf.ones([NUM_DRAWS, 4]), 0.5))
  # Four elements are drawn as one number.
  lanes = (output != 0).T
  for first in range(4):
    assert_share(lanes[first], 0.5)
    assert_share(lanes[first][1:] == lanes[first][:-1], 0.5)
    for second in range(first):
      assert_share(lanes[first] == lanes[second], 0.5)


def test_each_run_and_each_call_draws_anew(session):
  ones = tf.ones([64])
  calls = [modeling.dropout(ones, 0.5) for _ in range(2)]
  masks = session.run(calls) + session.run(calls)
  for index, mask in enumerate(masks):
    for other in masks[:index]:
      assert (mask != other).any()


def draws_of_seed(seed):
  with tf.Graph().as_default(), tf.Session() as session:
    tf.set_random_seed(seed)
    output = modeling.dropout(tf.ones([64]), 0.5)
    return [session.run(output).tolist() for _ in range(2)]


def test_graphs_seed_repeats_the_draws_and_another_changes_them():
  draws = draws_of_seed(5)
  assert draws_of_seed(5) == draws
  assert draws_of_seed(6) != draws


@pytest.mark.parametrize("shape", [[], [1], [2], [3], [5], [3, 3], [1, 7, 1]])
@pytest.mark.parametrize("is_fed", [False, True])
def test_size_need_not_be_a_multiple_of_four(session, shape, is_fed):
  x = np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape)
  source = tf.constant(x, tf.float32)
  if is_fed:
    source = tf.placeholder_with_default(source, [None] * len(shape))
  output = modeling.dropout(source, 0.5)
  assert output.shape.as_list() == source.shape.as_list()
  runs = [session.run(output) for _ in range(64)]
  assert all(run.shape == x.shape for run in runs)
  # That an element is never dropped, or always, has a chance of 2^-63.
  assert np.min(runs, axis=0).max() == 0
  np.testing.assert_array_equal(np.max(runs, axis=0), x * 2.0)


def test_nothing_is_dropped_of_nothing(session):
  assert session.run(modeling.dropout(tf.zeros([0, 3]), 0.5)).shape == (0, 3)


@pytest.mark.parametrize("shape", [[5], [64, 3], [4, 5, 7]])
def test_gradient_has_the_mask_and_the_scale_of_the_output(session, shape):
  random = np.random.RandomState(2)
  x, upstream = (np.float32(random.uniform(1, 2, shape)) for _ in range(2))
  source = tf.constant(x)
  output = modeling.dropout(source, 0.25)
  (gradient,) = tf.gradients(output, source, upstream)
  for _ in range(3):
    value, slope = session.run([output, gradient])
    # A quarter is a multiple of 2^-16.
    golden.assert_close(slope, np.where(value != 0, upstream / 0.75, 0), 1e-6)


def test_dropping_less_than_can_be_drawn_changes_nothing(session):
  x = np.float32(np.random.RandomState(3).randn(NUM_DRAWS))
  np.testing.assert_array_equal(
      session.run(modeling.dropout(tf.constant(x), 1e-6)), x)


@pytest.mark.parametrize("rate, dropped", [
    (1e-4, 7), (0.9999, 65529), (0.999999, 65535), (1 - 1e-12, 65535)])
def test_rate_near_an_end_is_a_multiple_of_two_to_the_minus_16(
    session, rate, dropped):
  output = session.run(modeling.dropout(tf.ones([NUM_DRAWS, 64]), rate))
  is_kept = output != 0
  assert_share(is_kept, 1 - dropped / 65536)
  golden.assert_close(output[is_kept],
                      np.full(is_kept.sum(), 65536 / (65536 - dropped)), 1e-6)


@pytest.mark.parametrize("is_looped", [False, True])
def test_compiled_dropout_drops_and_scales_too(session, is_looped):
  def computation():
    drop = lambda: modeling.dropout(tf.ones([256, 256]), 0.1)
    return [looped(drop) if is_looped else drop()]

  (output,) = session.run(tf.xla.experimental.compile(computation))
  # XLA of TensorFlow 1.15 could not compile the bitcast.
  assert "Bitcast" not in {each.type for each in
                           session.graph.get_operations()}
  assert_share(output != 0, 0.9)
  golden.assert_close(output[output != 0], 1 / np.full(
      np.count_nonzero(output), 0.9))


def test_dropout_beside_a_compiled_part_is_not_that_of_xla(session):
  compiled = tf.xla.experimental.compile(
      lambda: [modeling.dropout(tf.ones([8]), 0.5)])
  modeling.dropout(tf.ones([8]), 0.5)
  assert session.run(compiled)[0].shape == (8,)
  assert len([each for each in session.graph.get_operations()
              if each.type == "Bitcast"]) == 1
