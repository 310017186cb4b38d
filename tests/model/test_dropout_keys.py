"""Dropout from keys: equal ones draw equally, others independently."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.model.dropout_keys import dropout_key
from bert.model.dropout_keys import dropout_part
from draws import assert_share
from draws import looped


def keyed_masks(session, keys, build, is_compiled=False):
  """What is kept where `build` returns tensors of ones, one array a key."""
  key = tf.placeholder(tf.int32, [2])

  def computation(key):
    with dropout_key(key):
      return build()

  tensors = (tf.xla.experimental.compile(computation, [key]) if is_compiled
             else computation(key))
  return [np.stack(session.run(tensors, {key: each})) != 0 for each in keys]


def drop_ones(rate=0.5):
  return modeling.dropout(tf.ones([64, 64]), rate)


def attended_ones():
  # Each value is a position's own: weights that are dropped are those of 0.
  weights = tf.ones([1, 2, 64, 64])
  return modeling._drop_and_average(  # pylint: disable=protected-access
      weights, tf.eye(64, batch_shape=[1, 2]), 0.5)


DRAWS = [drop_ones, attended_ones, lambda: drop_ones(tf.constant(0.5))]


@pytest.mark.parametrize("is_looped", [False, True])
@pytest.mark.parametrize("draw", DRAWS)
def test_equal_keys_draw_equally_and_others_independently(session, draw,
                                                          is_looped):
  build = lambda: [looped(draw, draw().shape) if is_looped else draw()]
  # Steps and seeds that are next to each other, and some that are not.
  keys = [[7, 3], [7, 3], [8, 3], [7, 4], [8, 4], [3, 7], [0, 0], [2**31 - 1, 3]]
  first, *others = keyed_masks(session, keys, build)
  assert_share(first, 0.5)
  assert (others[0] == first).all()
  for index, other in enumerate(others[1:]):
    assert_share(other == first, 0.5)
    for another in others[1:][:index]:
      assert_share(other == another, 0.5)


@pytest.mark.parametrize("rate", [0.5, 0.1])
@pytest.mark.parametrize("is_looped", [False, True])
def test_compiled_dropout_takes_the_key_too(session, rate, is_looped):
  drop = lambda: drop_ones(rate)
  build = lambda: [looped(drop, [64, 64]) if is_looped else drop()]
  first, again, other = keyed_masks(session, [[7, 3], [7, 3], [8, 3]], build,
                                    is_compiled=True)
  assert_share(first, 1 - rate)
  assert (again == first).all()
  assert_share(other == first, rate**2 + (1 - rate)**2)


@pytest.mark.parametrize("draw", DRAWS)
def test_each_call_and_each_part_has_draws_of_its_own(session, draw):
  def build():
    outputs = [draw(), draw()]
    for number in (0, 1, tf.constant(2)):
      with dropout_part(number):
        outputs += [draw(), draw()]
    return outputs

  masks, later = keyed_masks(session, [[1, 1], [2, 1]], build)
  masks = np.concatenate([masks, later])
  for index, mask in enumerate(masks):
    for other in masks[:index]:
      assert_share(mask == other, 0.5)


def test_part_of_a_loop_draws_what_it_would_outside(session):
  def build():
    with dropout_part(1):
      outside = drop_ones()

    def body(index, _):
      with dropout_part(index):
        return index + 1, drop_ones()

    _, inside = tf.while_loop(lambda index, _: index < 2, body,
                              [tf.constant(0), tf.zeros([64, 64])])
    return [outside, inside]

  ((outside, inside),) = keyed_masks(session, [[5, 9]], build)
  assert (outside == inside).all()


@pytest.mark.parametrize("to_rate", [float, tf.constant])
def test_gradient_has_the_mask_of_the_output_within_a_key(session, to_rate):
  source = tf.ones([64, 64])
  with dropout_key(tf.constant([1, 2])):
    output = modeling.dropout(source, to_rate(0.25))
  # Built outside, as an optimizer does.
  (gradient,) = tf.gradients(output, source)
  value, slope = session.run([output, gradient])
  golden.assert_close(value[value != 0], np.full((value != 0).sum(), 1 / 0.75))
  golden.assert_close(slope, value)


def test_attention_has_one_mask_for_both_gradients_within_a_key(session):
  weights, values = tf.ones([1, 1, 64, 64]), tf.eye(64, batch_shape=[1, 1])
  upstream = np.float32(np.random.RandomState(4).rand(1, 1, 64, 64))
  with dropout_key(tf.constant([1, 2])):
    output = modeling._drop_and_average(  # pylint: disable=protected-access
        weights, values, 0.5)
  kept, of_weights, of_values = session.run(
      [output] + tf.gradients(output, [weights, values], upstream))
  golden.assert_close(of_weights, kept * upstream)
  golden.assert_close(of_values, np.swapaxes(kept, 2, 3) @ upstream)


def random_operations(build):
  with tf.Graph().as_default() as graph:
    tf.set_random_seed(5)
    build()
    return [(each.type, each.get_attr("seed2"))
            for each in graph.get_operations() if "Random" in each.type]


def test_without_a_key_tensorflow_draws():
  def build():
    modeling.dropout(tf.ones([8]), 0.5)
    modeling.dropout(tf.ones([8]), tf.constant(0.5))

  def build_in_scopes():
    with dropout_key(None), dropout_part(3):
      build()

  operations = random_operations(build)
  assert [kind for kind, _ in operations] == ["RandomUniformInt",
                                              "RandomUniform"]
  assert random_operations(build_in_scopes) == operations


def test_key_ends_with_its_block(session):
  with pytest.raises(ValueError):
    with dropout_key(tf.constant([1, 2])):
      raise ValueError()
  output = drop_ones()
  assert (session.run(output) != session.run(output)).any()
