"""Records as bytes: tf.train.Example in protobuf's wire format.

Message objects would take most of the time of writing records. Nothing here
calls TensorFlow, so that forked processes may use it.

Source: https://protobuf.dev/programming-guides/encoding;
  tensorflow/core/example/feature.proto.
"""

import array
import functools
import sys
from typing import Dict, Iterable, List

import tensorflow.compat.v1 as tf

from bert.data.records import Field

# Tags of protobuf fields that have a length: the first of any message, a map
# entry's value, a Feature's list of float or of int64.
_FIRST, _VALUE, _FLOAT_LIST, _INT64_LIST = 0x0a, 0x12, 0x12, 0x1a
# Varints of numbers below this are cached: vocabularies are smaller.
_MAX_CACHED = 1 << 20


class RecordEncoder:
  """Encodes the features of one feature spec."""

  def __init__(self, spec: Dict[str, Field]):
    """Takes the spec: from records.feature_spec."""
    self._columns = []
    for name, field in spec.items():
      is_float = field.kind == tf.float32
      self._columns.append((name.encode("utf-8"),
                            _FLOAT_LIST if is_float else _INT64_LIST,
                            _encode_floats if is_float else _encode_int64s))

  def encode(self, rows: Iterable[List[float]]) -> bytes:
    """Returns the bytes of a tf.train.Example.

    Args:
      rows: a list of numbers for each name of the spec, in its order, which the
        features keep.

    Raises:
      TypeError, ValueError: for what is no number, or not a whole one within
        int64 in a field of that kind.
    """
    parts = []
    for (name, tag, encode), values in zip(self._columns, rows):
      payload = encode(values)
      parts += (_prefix(name, tag, len(payload)), payload)
    entries = b"".join(parts)
    return _tag(_FIRST, len(entries)) + entries


@functools.lru_cache(maxsize=1 << 12)
def _prefix(name, tag, num_bytes):
  """Returns what an entry of an Example has before its num_bytes of values."""
  values = _tag(_FIRST, num_bytes)
  feature = _tag(tag, len(values) + num_bytes) + values
  entry = (_tag(_FIRST, len(name)) + name +
           _tag(_VALUE, len(feature) + num_bytes) + feature)
  return _tag(_FIRST, len(entry) + num_bytes) + entry


def _tag(tag, num_bytes):
  return bytes([tag]) + _VARINTS[num_bytes]


def _encode_floats(values):
  numbers = array.array("f", values)
  if sys.byteorder == "big":
    numbers.byteswap()
  return numbers.tobytes()


def _encode_int64s(values):
  # Of an array, bytes() would take the memory.
  values = values if isinstance(values, list) else list(values)
  try:
    small = bytes(values)
    if small.isascii():
      return small  # Numbers below 128 are their own varints.
  except (TypeError, ValueError):
    pass  # Not all are ints below 256.
  # Most of a short text's ids are padding.
  end = len(values) - values.count(0)
  if any(values[end:]):
    end = len(values)
  return b"".join(map(_VARINTS.__getitem__, values[:end])) + bytes(
      len(values) - end)


class _Varints(dict):
  """Whole number -> its varint; negative ones as two's complement."""

  def __missing__(self, number):
    whole = int(number)
    if whole != number:
      raise TypeError("%r is not a whole number" % (number,))
    if not -1 << 63 <= whole < 1 << 63:
      raise ValueError("%d does not fit into int64" % whole)
    rest = whole % (1 << 64)
    groups = []
    while rest > 127:
      groups.append(rest % 128 + 128)
      rest //= 128
    varint = bytes(groups + [rest])
    if 0 <= whole < _MAX_CACHED:
      self[whole] = varint
    return varint


_VARINTS = _Varints()
