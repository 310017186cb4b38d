"""Features in TFRecord files, written and read by one feature spec."""

import collections
import typing
from typing import Callable, Dict, Iterable, Optional, Tuple

import tensorflow.compat.v1 as tf

from bert import files

# Sets up to this size are shuffled whole; larger ones through a window of it.
SHUFFLE_BUFFER = 100000


class Field(typing.NamedTuple):
  """What a record holds under one name.

  Attributes:
    kind: tf.int64 or tf.float32.
    shape: of one example.
    is_per_token: whether the first axis is the sequence, so that it may be cut
      where a batch's longest text ends.
  """
  kind: tf.DType
  shape: Tuple[int, ...]
  is_per_token: bool = False


class Shuffle(typing.NamedTuple):
  """How training reads: order drawn from seed, first examples skipped."""
  seed: Optional[int] = None
  num_skipped: int = 0


def feature_spec(label_field: Field, max_seq_length: int) -> Dict[str, Field]:
  """Returns name -> Field, in the order of features.InputFeatures."""
  tokens = Field(tf.int64, (max_seq_length,), is_per_token=True)
  return collections.OrderedDict([
      ("input_ids", tokens), ("input_mask", tokens), ("segment_ids", tokens),
      ("label_ids", label_field), ("is_real_example", Field(tf.int64, (1,)))])


def write_records(path: str, rows: Iterable[Tuple],
                  spec: Dict[str, Field]) -> int:
  """Writes a TFRecord file, all or nothing.

  Args:
    path: of the file.
    rows: a tuple an example, values in the order of spec.
    spec: from feature_spec.

  Returns:
    The number of records.
  """
  count = 0
  with files.replacing(path) as partial:
    with tf.io.TFRecordWriter(partial) as writer:
      for row in rows:
        writer.write(serialize(row, spec))
        count += 1
  return count


def serialize(row: Tuple, spec: Dict[str, Field]) -> bytes:
  """Returns a tf.train.Example's bytes."""
  features = {}
  for (name, field), values in zip(spec.items(), row):
    if field.kind == tf.float32:
      features[name] = tf.train.Feature(
          float_list=tf.train.FloatList(value=values))
    else:
      features[name] = tf.train.Feature(
          int64_list=tf.train.Int64List(value=values))
  return tf.train.Example(
      features=tf.train.Features(feature=features)).SerializeToString()


def make_input_fn(path: str, spec: Dict[str, Field],
                  shuffle: Optional[Shuffle] = None,
                  is_static: bool = False) -> Callable:
  """Returns the Estimator's input_fn over a TFRecord file.

  Args:
    path: of the file.
    spec: what its records hold.
    shuffle: for training: examples repeat, in a new order each epoch, and the
      remainder is dropped. None: every example once, in the file's order.
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
    if shuffle:
      num_hosts, host = _hosts(params)
      dataset = dataset.shard(num_hosts, host)
      dataset = dataset.shuffle(SHUFFLE_BUFFER, seed=shuffle.seed,
                                reshuffle_each_iteration=True).repeat()
      dataset = dataset.skip(shuffle.num_skipped // num_hosts)
    dataset = dataset.batch(batch_size,
                            drop_remainder=bool(shuffle) or is_static)
    dataset = dataset.map(lambda batch: parse(batch, spec, is_static),
                          num_parallel_calls=2)
    return dataset.prefetch(4)

  return input_fn


def _hosts(params):
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
  longest = tf.reduce_max(tf.reduce_sum(batch["input_mask"], axis=1))
  return {name: value[:, :longest] if spec[name].is_per_token else value
          for name, value in batch.items()}
