"""The graph of the encoder: nothing in it is unused; what forks hand over."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from graphs import unused_operations

@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("is_training", [False, True])
@pytest.mark.parametrize("activation", ["gelu", "relu", "linear"])
def test_graph_of_the_model_holds_nothing_that_nothing_uses(
    session, is_training, activation, use_resource):
  config = modeling.BertConfig(
      99, 32, num_hidden_layers=5, num_attention_heads=4, intermediate_size=37,
      hidden_act=activation)
  ids = tf.placeholder(tf.int32, [None, None])
  with tf.variable_scope("", use_resource=use_resource):
    model = modeling.BertModel(config, is_training, ids, tf.ones_like(ids),
                               tf.zeros_like(ids))
  outputs = model.get_all_encoder_layers() + [
      model.get_embedding_output(), model.get_sequence_output(),
      model.get_pooled_output(), model.get_embedding_table()]
  assert unused_operations(session.graph, outputs) == []


def test_graph_for_the_pooled_output_alone_holds_nothing_more(session):
  config = modeling.BertConfig(99, 32, 2, 4, 37)
  model = modeling.BertModel(config, True, tf.zeros([2, 3], tf.int32),
                             first_token_only=True)
  assert unused_operations(session.graph, [model.get_pooled_output()]) == []


@pytest.mark.parametrize("rate", [0.0, 0.25])
def test_dropout_takes_its_probability_from_a_tensor(session, rate):
  fed = tf.placeholder_with_default(rate, [])
  x = tf.ones([256, 256])
  output = modeling.dropout(x, fed)
  (gradient,) = tf.gradients(output, x)
  values, slopes = session.run([output, gradient])
  assert abs((values != 0).mean() - (1 - rate)) < 0.02
  golden.assert_close(values[values != 0],
                      np.full(np.count_nonzero(values), 1 / (1 - rate)), 1e-6)
  np.testing.assert_array_equal(values, slopes)
  np.testing.assert_array_equal(session.run(output, {fed: 0.0}),
                                np.ones([256, 256]))


def test_dropout_takes_a_variable_and_a_numpy_number(session):
  rate = tf.get_variable("rate", initializer=0.5)
  outputs = [modeling.dropout(tf.ones([64, 64]), rate),
             modeling.dropout(tf.ones([64, 64]), np.float32(0.5))]
  session.run(tf.global_variables_initializer())
  for values in session.run(outputs):
    assert set(values.ravel()) == {0.0, 2.0}


def test_attention_takes_its_dropout_from_a_tensor(session):
  fed = tf.placeholder_with_default(0.0, [])
  x = tf.constant(np.random.RandomState(1).randn(2, 4, 8), tf.float32)
  with tf.variable_scope("attention"):
    output = modeling.attention_layer(
        x, x, num_attention_heads=2, size_per_head=4,
        attention_probs_dropout_prob=fed)
  with tf.variable_scope("attention", reuse=True):
    plain = modeling.attention_layer(x, x, num_attention_heads=2,
                                     size_per_head=4)
  session.run(tf.global_variables_initializer())
  golden.assert_close(*session.run([output, plain]))
  assert (session.run(output, {fed: 0.9}) != session.run(plain)).any()


def moments_of_float16(x):
  """Normalized float16 rows, in float64, with the epsilon of float16."""
  x = np.float64(x)
  centred = x - x.mean(-1, keepdims=True)
  return centred / np.sqrt((centred ** 2).mean(-1, keepdims=True) + 1e-3)


# Squares of the larger ones are over what float16 holds, 65504.
@pytest.mark.parametrize("scale", [0.01, 1, 400])
def test_layer_norm_of_float16_is_of_float16(session, scale):
  x = np.float16(np.random.RandomState(2).randn(3, 5, 64) * scale)
  source = tf.constant(x)
  output = modeling.layer_norm(source)
  gradients = tf.gradients(output, [source] + tf.trainable_variables())
  assert output.dtype == tf.float16
  assert {each.dtype.base_dtype for each in tf.trainable_variables()} == {
      tf.float16}
  session.run(tf.global_variables_initializer())
  values, *slopes = session.run([output] + gradients)
  np.testing.assert_allclose(values, moments_of_float16(x), atol=4e-3)
  for slope in slopes:
    assert slope.dtype == np.float16 and np.isfinite(slope).all()


def test_layer_norm_of_float32_has_the_epsilon_of_the_reference(session):
  x = np.float32([[1e-5, -1e-5]])
  output = modeling.layer_norm(tf.constant(x))
  session.run(tf.global_variables_initializer())
  golden.assert_close(session.run(output),
                      x / np.sqrt(np.float64(1e-10) + 1e-12), 1e-5)


def test_gradients_of_two_graphs_do_not_mix():
  def slope(rate):
    with tf.Graph().as_default(), tf.Session() as session:
      x = tf.ones([64])
      return session.run(tf.gradients(modeling.dropout(x, rate), x)[0])

  assert set(slope(0.5)) <= {0.0, 2.0}
  assert set(slope(0.75)) <= {0.0, 4.0}
