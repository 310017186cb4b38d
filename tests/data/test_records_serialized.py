"""Serialized records, against tf.train.Example."""
import collections
import random

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.data import record_encoder
from bert.data import records


def serialize(**fields):
  """Name -> (kind, values) -> what we make of it, and what TensorFlow does."""
  spec = collections.OrderedDict(
      (name, records.Field(kind, (len(values),)))
      for name, (kind, values) in fields.items())
  message = tf.train.Example()
  for name, (kind, values) in fields.items():
    feature = message.features.feature[name]
    if kind == tf.float32:
      feature.float_list.SetInParent()
      feature.float_list.value.extend(values)
    else:
      feature.int64_list.SetInParent()
      feature.int64_list.value.extend(values)
  row_of_values = tuple(values for _, values in fields.values())
  return record_encoder.RecordEncoder(spec).encode(row_of_values), message


@pytest.mark.parametrize("values", [
    [], [0], [1], [0] * 200, [1, 1, 0], [127], [128], [255, 256],
    [101, 2023, 102, 0, 0, 0], [300, 0, 300, 0, 0], [0, 300], [16383, 16384],
    [2**20 - 1, 2**20, 2**21], [2**31 - 1, 2**31, 2**32, 2**35 + 1],
    [-1], [-128, 127], [5, -300, 0], [-2**31 - 1], [-2**63, 2**63 - 1],
    list(range(9000)), [True, False], (7, 300), np.array([3, 2, 70000]),
    np.array([1, 0], np.int32), [np.int64(5), np.int64(-5)]], ids=repr)
def test_int64_values_are_serialized_as_tensorflow_reads_them(values):
  actual, expected = serialize(f=(tf.int64, values))
  assert tf.train.Example.FromString(actual) == expected


@pytest.mark.parametrize("values", [
    [], [0.0], [1.5, -2.25], [0.1], [3], [2**24 + 1], [3.4e38, 1e-45],
    [float("inf"), -float("inf")], [1e300, -1e300], [0.5] * 5000, (2.5, 0.0),
    np.array([0.1, 7.0]), np.array([0.1, 7.0], np.float32)], ids=repr)
def test_float_values_are_serialized_as_tensorflow_reads_them(values):
  actual, expected = serialize(f=(tf.float32, values))
  assert tf.train.Example.FromString(actual) == expected


def test_not_a_number_is_serialized():
  actual, _ = serialize(f=(tf.float32, [float("nan"), 1.0]))
  feature = tf.train.Example.FromString(actual).features.feature["f"]
  np.testing.assert_array_equal(feature.float_list.value, [np.nan, 1.0])


def test_examples_of_any_size_are_serialized_as_tensorflow_reads_them():
  source = random.Random(5)
  for size in (0, 1, 2, 40, 127, 128, 5000, 100000):
    bits = source.randrange(1, 64)
    actual, expected = serialize(
        x=(tf.int64, [source.getrandbits(bits) for _ in range(size)]),
        label=(tf.float32, [source.gauss(0, 1) for _ in range(size // 3)]),
        **{"\u540d" * 50: (tf.int64, [source.randrange(-9, 9)] * size)})
    assert tf.train.Example.FromString(actual) == expected


def test_features_are_serialized_in_the_order_of_the_spec():
  kinds = {"ids": (tf.int64, [1]), "a": (tf.float32, [1.0])}
  orders = [serialize(**{name: kinds[name] for name in names})[0]
            for names in (("ids", "a"), ("a", "ids"))]
  assert [order.index(b"ids") < order.index(b"\x01a")
          for order in orders] == [True, False]


@pytest.mark.parametrize("kind, value, error", [
    (tf.int64, 1.5, TypeError), (tf.int64, 300.5, TypeError),
    (tf.int64, "7", TypeError), (tf.int64, None, TypeError),
    (tf.int64, 2**63, ValueError), (tf.int64, -2**63 - 1, ValueError),
    (tf.float32, "7", TypeError), (tf.float32, None, TypeError)])
def test_what_is_no_number_of_the_kind_is_an_error(kind, value, error):
  spec = {"f": records.Field(kind, (1,))}
  for others in ([], [300]):
    with pytest.raises(error):
      record_encoder.RecordEncoder(spec).encode((others + [value],))
