"""Gradients written by hand, against TensorFlow's own and numpy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling

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


# In float32, tanh and sigmoid alone put each gradient some 3e-6 off.
@pytest.mark.parametrize("kind, tolerance", [(tf.float32, 5e-6),
                                             (tf.float64, 1e-12)])
@pytest.mark.parametrize("shape", [[-1], [5, 49], [5, 7, 7]])
def test_gelu_to_train_is_gelu_and_has_its_gradient(
    session, shape, kind, tolerance):
  x = tf.constant(POINTS.reshape(shape), kind)
  upstream = tf.constant(np.cos(POINTS).reshape(shape), kind)
  outputs = [activation(x)
             for activation in (modeling._gelu_to_train, modeling.gelu)]
  (value, expected), slopes = session.run([
      outputs, [tf.gradients(output, x, upstream)[0] for output in outputs]])
  golden.assert_close(*slopes, tolerance, "gradient")
  is_near = np.abs(POINTS.reshape(shape)) <= 6
  for chosen in (is_near, ~is_near):
    golden.assert_close(value[chosen], expected[chosen], 1e-6, "value")


def test_gelu_to_train_has_the_slope_of_numpys_gelu(session):
  x = tf.constant(POINTS, tf.float64)
  output = modeling._gelu_to_train(x)
  value, slope = session.run([output, tf.gradients(output, x)[0]])
  golden.assert_close(value, numpy_gelu(POINTS), 1e-12)
  step = 1e-5
  difference = numpy_gelu(POINTS + step) - numpy_gelu(POINTS - step)
  golden.assert_close(slope, difference / step / 2, 1e-8)


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
