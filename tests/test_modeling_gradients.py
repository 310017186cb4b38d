"""Gradients written by hand, against TensorFlow's own and numpy."""
import gc
import importlib.util

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorflow.python.framework import ops

import golden
from bert import modeling
from graphs import tiny_config

# Far out, where powers of x overflow nothing and the slope is 0 or 1.
POINTS = np.concatenate([np.linspace(-6, 6, 241), [-1000, -50, 50, 1000]])


def numpy_gelu(x):
  return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)))


def numpy_layer_norm(x, gamma, beta):
  centred = x - x.mean(-1, keepdims=True)
  variance = np.mean(centred ** 2, -1, keepdims=True)
  return centred / np.sqrt(variance + 1e-12) * gamma + beta


def plain_layer_norm(x, gamma, beta):
  mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
  return (x - mean) / tf.sqrt(variance + 1e-12) * gamma + beta


def central_differences(function, x, step=1e-5):
  """The gradient of a scalar function of an array, an element at a time."""
  gradient = np.zeros(x.shape)
  for index in np.ndindex(*x.shape):
    change = np.zeros(x.shape)
    change[index] = step
    gradient[index] = (function(x + change) - function(x - change)) / step / 2
  return gradient


def gelu_product_inputs(kind):
  """[rows, 49] of points, a kernel and an upstream gradient."""
  random = np.random.RandomState(6)
  return [tf.constant(each, kind) for each in (
      POINTS.reshape(5, 49), random.randn(49, 4), random.randn(5, 4))]


# In float32, tanh and sigmoid alone put each gradient some 3e-6 off.
@pytest.mark.parametrize("kind, tolerance", [(tf.float32, 2e-5),
                                             (tf.float64, 1e-12)])
def test_gelu_product_to_train_is_its_plain_form_in_value_and_gradients(
    session, kind, tolerance):
  x, kernel, upstream = gelu_product_inputs(kind)
  outputs = [modeling._activate_and_multiply(
      x, kernel, modeling.gelu, is_training) for is_training in (True, False)]
  values, gradients = session.run([outputs, [
      tf.gradients(output, [x, kernel], upstream) for output in outputs]])
  largest = np.abs(POINTS).max()
  golden.assert_close(*values, 1e-6 * largest, "value")
  golden.assert_close(gradients[0][0], gradients[1][0], tolerance, "x")
  golden.assert_close(gradients[0][1], gradients[1][1], tolerance * largest,
                      "kernel")


def test_gelu_product_to_train_has_numpys_gradients(session):
  tensors = gelu_product_inputs(tf.float64)
  output = modeling._activate_and_multiply(*tensors[:2], modeling.gelu, True)
  (x, kernel, upstream), value, gradients = session.run([
      tensors, output, tf.gradients(output, tensors[:2], tensors[2])])
  golden.assert_close(value, numpy_gelu(x).dot(kernel), 1e-9)
  step = 1e-5
  slope = (numpy_gelu(x + step) - numpy_gelu(x - step)) / step / 2
  golden.assert_close(gradients[0], upstream.dot(kernel.T) * slope, 1e-7, "x")
  golden.assert_close(gradients[1], numpy_gelu(x).T.dot(upstream), 1e-9,
                      "kernel")


@pytest.mark.parametrize("dropout_prob", [0.0, 0.25])
def test_average_has_the_gradients_of_the_weights_it_drops(
    session, dropout_prob):
  random = np.random.RandomState(7)
  weights, upstream = (tf.constant(np.float32(random.uniform(1, 2, shape)))
                       for shape in ([2, 3, 4, 5], [2, 3, 4, 5]))
  # Averages of unit vectors are the weights that were kept.
  values = tf.constant(np.float32(np.tile(np.eye(5), [2, 3, 1, 1])))
  output = modeling._drop_and_average(weights, values, dropout_prob)
  gradients = tf.gradients(output, [weights, values], upstream)
  for _ in range(3):
    dropped, of_output, actual, given = session.run(
        [output, upstream, gradients, weights])
    is_kept = dropped != 0
    assert is_kept.all() == (not dropout_prob)
    golden.assert_close(dropped, np.where(is_kept, given, 0) /
                        (1 - dropout_prob), 1e-6, "output")
    golden.assert_close(actual[0], np.where(is_kept, of_output, 0) /
                        (1 - dropout_prob), 1e-6, "weights")
    golden.assert_close(actual[1], np.einsum("bnft,bnfd->bntd", dropped,
                                             of_output), 1e-5, "values")


def norm_inputs(shape, scale=1.0):
  """Rows, gamma, beta and an upstream gradient, none of them special."""
  random = np.random.RandomState(4)
  return [np.float32(each) for each in (
      (random.randn(*shape) * 3 + 2) * scale, 1 + random.randn(shape[-1]),
      random.randn(shape[-1]), random.randn(*shape))]


def placed(values, fed_shape):
  """A tensor of the values and what to feed; fed where a shape is given."""
  if fed_shape is None:
    return tf.constant(values), {}
  placeholder = tf.placeholder(tf.float32, fed_shape)
  return placeholder, {placeholder: values}


@pytest.mark.parametrize("scale", [1.0, 1e-6], ids=["usual", "near_epsilon"])
@pytest.mark.parametrize("shape, fed_shape", [
    ([5, 8], None), ([2, 3, 8], None), ([5, 8], [None, 8]),
    ([2, 3, 8], [None, None, 8]), ([2, 3, 8], [None, 3, 8])])
def test_layer_norm_has_the_gradients_of_its_plain_form(
    session, variable_kind, shape, fed_shape, scale):
  rows, gamma, beta, upstream = norm_inputs(shape, scale)
  x, feed = placed(rows, fed_shape)
  output = modeling.layer_norm(x)
  variables = {each.op.name: each for each in tf.trainable_variables()}
  scale_and_shift = [variables["LayerNorm/gamma"], variables["LayerNorm/beta"]]
  for variable, value in zip(scale_and_shift, (gamma, beta)):
    session.run(variable.initializer)
    session.run(tf.assign(variable, value))
  plain = [tf.constant(gamma), tf.constant(beta)]
  expected_output = plain_layer_norm(x, *plain)
  actual = [output] + tf.gradients(output, [x] + scale_and_shift, upstream)
  expected = [expected_output] + tf.gradients(expected_output, [x] + plain,
                                              upstream)
  actual, expected = session.run([actual, expected], feed)
  for name, *pair in zip(("output", "x", "gamma", "beta"), actual, expected):
    golden.assert_close(*pair, name=name)


def test_layer_norm_has_the_gradients_of_numpys(session):
  values = [np.float64(each) for each in norm_inputs([2, 3, 8])]
  upstream = values.pop()
  tensors = [tf.constant(each) for each in values]
  output = modeling._normalize(*tensors)
  actual = session.run(tf.gradients(output, tensors, upstream))
  for index, name in enumerate(("x", "gamma", "beta")):
    def loss(changed, index=index):
      changed = values[:index] + [changed] + values[index + 1:]
      return np.sum(numpy_layer_norm(*changed) * upstream)
    golden.assert_close(actual[index],
                        central_differences(loss, values[index]), 1e-8, name)


def registered_gradients():
  """Names in TensorFlow's registry, which lives as long as the process."""
  registry = getattr(ops, "gradient_registry", None) or ops._gradient_registry
  return set(registry.list())


def live_graphs():
  gc.collect()
  return sum(isinstance(each, tf.Graph) for each in gc.get_objects())


def build_and_drop_graph(module, is_training):
  """Builds a model with all gradients by hand, and forgets it."""
  with tf.Graph().as_default():
    ids = tf.zeros([2, 3], tf.int32)
    model = module.BertModel(
        tiny_config(num_hidden_layers=1), is_training, ids, tf.ones_like(ids),
        drop_padding=True)
    if is_training:
      tf.gradients(model.get_pooled_output(), tf.trainable_variables())
    return sum(each.type == "IdentityN"
               for each in tf.get_default_graph().get_operations())


def another_copy():
  """The module loaded again, as `import modeling` beside bert.modeling is."""
  spec = importlib.util.spec_from_file_location("modeling_copy",
                                                modeling.__file__)
  copy = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(copy)
  return copy


@pytest.mark.parametrize("is_training", [True, False],
                         ids=["train", "predict"])
def test_graphs_are_freed_and_register_one_gradient_in_all(is_training):
  build_and_drop_graph(modeling, is_training)  # It may be the first one.
  before = registered_gradients(), live_graphs()
  for _ in range(30):
    assert build_and_drop_graph(modeling, is_training)
  assert (registered_gradients(), live_graphs()) == before


def test_each_copy_of_the_module_registers_one_gradient_at_first_use():
  before = registered_gradients()
  copies = [another_copy(), another_copy()]
  assert registered_gradients() == before
  for _ in range(2):
    for copy in copies:
      build_and_drop_graph(copy, True)
  assert len(registered_gradients() - before) == 2


def test_two_copies_of_the_module_share_a_graph(session):
  x, upstream = tf.constant([[1.0, 2.0]]), tf.constant([[3.0, 5.0]])
  outputs = [copy._linear(x, lambda each, factor=factor: each * factor,
                          lambda each, factor=factor: each * factor)
             for copy, factor in ((modeling, 2.0), (another_copy(), 7.0))]
  gradients = [tf.gradients(output, x, upstream)[0] for output in outputs]
  assert [each.tolist() for each in session.run(gradients)] == [
      [[6.0, 10.0]], [[21.0, 35.0]]]
