"""What tests of dropout share: shares of draws, draws within a loop."""
import numpy as np
import tensorflow.compat.v1 as tf


def assert_share(kept, probability):
  """A share of draws is off by five standard deviations at most."""
  deviation = np.sqrt(probability * (1 - probability) / kept.size)
  assert abs(kept.mean() - probability) <= 5 * deviation + 2.0 ** -17


def looped(build, shape=(256, 256)):
  """What a function returns that a loop calls once."""
  return tf.while_loop(
      lambda index, _: index < 1, lambda index, _: (index + 1, build()),
      [tf.constant(0), tf.zeros(shape)])[1]
