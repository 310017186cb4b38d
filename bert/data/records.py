"""Features in TFRecord files, written and read by one feature spec."""

import array
import collections
import functools
import sys
import typing
from typing import Callable, Dict, Iterable, Optional, Sequence, Tuple, Union

import tensorflow.compat.v1 as tf

from bert.common import files

# Sets up to this size are shuffled whole; larger ones through a window of it.
SHUFFLE_BUFFER = 100000

# The order in which what is read once pays best, and how many batches of it are
# sorted at a time.
BY_LENGTH = "by_length"
WINDOW = 50
MAX_EPOCHS = 2**40

# Tags of protobuf fields that have a length: the first of any message, a map
# entry's value, a Feature's list of float or of int64.
_FIRST, _VALUE, _FLOAT_LIST, _INT64_LIST = 0x0a, 0x12, 0x12, 0x1a
# Varints of numbers below this are remembered: vocabularies are smaller.
_MAX_REMEMBERED = 1 << 20


class Field(typing.NamedTuple):
  """What a record holds under one name.

  Attributes:
    kind: tf.int64 or tf.float32.
    shape: of one example.
    is_per_token: whether the last axis is the sequence, so that it may be cut
      where a batch's longest text ends.
  """
  kind: tf.DType
  shape: Tuple[int, ...]
  is_per_token: bool = False


class Shuffle(typing.NamedTuple):
  """How training reads.

  Attributes:
    seed: what the order is drawn from, anew each epoch.
    num_skipped: first examples left out, as an earlier run has seen them.
    num_grouped: size of the set, if texts of similar length are to share a
      batch; else 0.
  """
  seed: Optional[int] = None
  num_skipped: int = 0
  num_grouped: int = 0


def feature_spec(label_field: Field, max_seq_length: int,
                 num_windows: int = 1) -> Dict[str, Field]:
  """Returns name -> Field, in the order of features.InputFeatures."""
  shape = (max_seq_length,)
  if num_windows > 1:
    shape = (num_windows, max_seq_length)
  tokens = Field(tf.int64, shape, is_per_token=True)
  return collections.OrderedDict([
      ("input_ids", tokens), ("input_mask", tokens), ("segment_ids", tokens),
      ("label_ids", label_field), ("is_real_example", Field(tf.int64, (1,)))])


def placeholders(spec: Dict[str, Field]) -> Dict[str, tf.Tensor]:
  """Returns name -> placeholder of a batch as parse returns it."""
  return {
      name: tf.placeholder(
          tf.int32 if field.kind == tf.int64 else field.kind,
          (None,) + field.shape[:-1] + (
              None if field.is_per_token else field.shape[-1],))
      for name, field in spec.items()}


def write_records(path: str, serialized: Iterable[bytes]) -> int:
  """Writes a TFRecord file, all or nothing.

  Args:
    path: of the file.
    serialized: an example each, from make_serializer.

  Returns:
    The number of records.
  """
  count = 0
  with files.replacing(path) as partial:
    with tf.io.TFRecordWriter(partial) as writer:
      for record in serialized:
        writer.write(record)
        count += 1
  return count


def make_serializer(spec: Dict[str, Field]) -> Callable[[Sequence], bytes]:
  """Returns what turns an example's values into a tf.train.Example's bytes.

  It writes protobuf's wire format itself, as message objects would take most of
  the time, and calls no TensorFlow, so that forked processes may use it.

  Args:
    spec: from feature_spec.

  Returns:
    A function of the values in the order of spec, a list of numbers each. Its
    features have the same order. It raises TypeError or ValueError for what is
    no number, or not a whole one within int64 in a field of that kind.

  Source: https://protobuf.dev/programming-guides/encoding;
    tensorflow/core/example/feature.proto.
  """
  encoders = []
  for name, field in spec.items():
    is_float = field.kind == tf.float32
    encoders.append((name.encode("utf-8"),
                     _FLOAT_LIST if is_float else _INT64_LIST,
                     _encode_floats if is_float else _encode_int64s))

  def serialize(row):
    parts = []
    for (name, kind, encode), values in zip(encoders, row):
      payload = encode(values)
      parts += (_prefix(name, kind, len(payload)), payload)
    entries = b"".join(parts)
    return _tag(_FIRST, len(entries)) + entries

  return serialize


@functools.lru_cache(maxsize=1 << 12)
def _prefix(name, kind, num_bytes):
  """Returns what an entry of an Example has before its num_bytes of values."""
  values = _tag(_FIRST, num_bytes)
  feature = _tag(kind, len(values) + num_bytes) + values
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
    if 0 <= whole < _MAX_REMEMBERED:
      self[whole] = varint
    return varint


_VARINTS = _Varints()


def make_input_fn(path: str, spec: Dict[str, Field],
                  order: Union[Shuffle, str, None] = None,
                  is_static: bool = False) -> Callable:
  """Returns the Estimator's input_fn over a TFRecord file.

  Args:
    path: of the file.
    spec: what its records hold.
    order: a Shuffle for training: examples repeat, and the remainder is
      dropped. None: every example once, in the file's order. BY_LENGTH: every
      example once, windows of WINDOW batches sorted by length, and under
      "position" the example's place in the file.
    is_static: whether every batch has the full size and max_seq_length, as
      TPUs need. Otherwise a batch is as long as its longest text, which changes
      no result: what is cut is padding.

  Returns:
    A function of params, which hold "batch_size", returning a tf.data.Dataset
    of dicts name -> int32 or float32 [batch, *shape].
  """

  def input_fn(params):
    batch_size = params["batch_size"]
    dataset = tf.data.TFRecordDataset(path)
    if order == BY_LENGTH:
      dataset = dataset.enumerate().batch(WINDOW * batch_size)
      dataset = dataset.flat_map(_sort_window)
      return dataset.batch(batch_size).map(
          lambda positions, batch: dict(parse(batch, spec, is_static),
                                        position=positions)).prefetch(4)
    if order:
      dataset = _repeat(dataset, order, params)
    dataset = dataset.batch(batch_size,
                            drop_remainder=bool(order) or is_static)
    dataset = dataset.map(lambda batch: parse(batch, spec, is_static),
                          num_parallel_calls=2)
    return dataset.prefetch(4)

  return input_fn


def _repeat(dataset, order, params):
  """Returns serialized examples without end, shuffled anew each epoch."""
  num_hosts, host = hosts(params)
  if order.num_grouped:
    dataset = tf.data.Dataset.range(MAX_EPOCHS).flat_map(
        lambda epoch: _group(dataset, order, epoch, params["batch_size"]))
  else:
    dataset = dataset.shard(num_hosts, host)
    dataset = dataset.shuffle(SHUFFLE_BUFFER, seed=order.seed,
                              reshuffle_each_iteration=True).repeat()
  return dataset.skip(order.num_skipped // num_hosts)


def _group(dataset, order, epoch, batch_size):
  """Returns an epoch's examples so that batches hold similar lengths.

  Windows of the shuffled set are sorted by length and cut into batches, which
  are shuffled. An epoch's first examples fill up the last batch of the epoch
  before, so that all others are cut where groups begin.
  """
  num_owed = -epoch * order.num_grouped % batch_size
  # Read twice, it must have the same order twice.
  shuffled = dataset.shuffle(SHUFFLE_BUFFER, seed=order.seed + epoch,
                             reshuffle_each_iteration=False)

  def group(window, serialized):
    serialized = tf.gather(serialized, _places_by_length(serialized))
    num_full = tf.size(serialized) // batch_size
    batches = tf.reshape(serialized[:num_full * batch_size], [-1, batch_size])
    draws = tf.random.stateless_uniform(
        [num_full], [order.seed + epoch, window])
    return tf.data.Dataset.from_tensor_slices(tf.concat(
        [tf.reshape(tf.gather(batches, tf.argsort(draws)), [-1]),
         serialized[num_full * batch_size:]], axis=0))

  rest = shuffled.skip(num_owed).batch(WINDOW * batch_size)
  return shuffled.take(num_owed).concatenate(rest.enumerate().flat_map(group))


def _sort_window(positions, serialized):
  """Returns pairs of a position and its example, shortest text first."""
  places = _places_by_length(serialized)
  return tf.data.Dataset.from_tensor_slices(
      (tf.gather(positions, places), tf.gather(serialized, places)))


def _places_by_length(serialized):
  """Returns the indices that sort examples by their number of real tokens."""
  mask = tf.io.parse_example(serialized, {
      "input_mask": tf.io.VarLenFeature(tf.int64)})["input_mask"]
  lengths = tf.math.segment_sum(mask.values, mask.indices[:, 0])
  return tf.argsort(lengths, stable=True)


def hosts(params):
  """Returns how many hosts feed a TPU, and which one this is; 1, 0 without."""
  context = params.get("context")
  return (context.num_hosts, context.current_host) if context else (1, 0)


def parse(serialized: tf.Tensor, spec: Dict[str, Field],
          is_static: bool) -> Dict[str, tf.Tensor]:
  """Turns records into a batch.

  Args:
    serialized: string [batch].
    spec: what they hold.
    is_static: False: cut per-token fields at the longest text's end.

  Returns:
    Dict name -> int32 (TPUs have no int64) or float32 [batch, *shape].
  """
  batch = tf.io.parse_example(serialized, {
      name: tf.io.FixedLenFeature(field.shape, field.kind)
      for name, field in spec.items()})
  batch = {name: tf.cast(value, tf.int32) if value.dtype == tf.int64 else value
           for name, value in batch.items()}
  if is_static:
    return batch
  longest = tf.reduce_max(tf.reduce_sum(batch["input_mask"], axis=-1))
  return {name: value[..., :longest] if spec[name].is_per_token else value
          for name, value in batch.items()}
