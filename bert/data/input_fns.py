"""The input_fns that read record files: for training, in order, by length."""

import os
import typing
from typing import Callable, Dict, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert.data import record_index
from bert.data import records
from bert.data.records import Field

# Datasets up to this size are shuffled in memory; larger ones by an index of
# the file, or through a buffer of this size if their size is not known or the
# file is not on this machine.
SHUFFLE_BUFFER = 100000
# Batches that are sorted by length at a time.
WINDOW = 50
MAX_EPOCHS = 2**40
# For functions whose control flow AutoGraph need not convert.
as_it_is = tf.autograph.experimental.do_not_convert


class Shuffle(typing.NamedTuple):
  """How training reads.

  Attributes:
    seed: the order is drawn from it, again each epoch.
    num_skipped: first examples left out, as an earlier run has seen them.
    num_records: size of the dataset; 0: unknown.
    by_length: whether texts of similar length are to share a batch; of a
      dataset whose size is known.
  """
  seed: Optional[int] = None
  num_skipped: int = 0
  num_records: int = 0
  by_length: bool = False


def training_input_fn(path: str, spec: Dict[str, Field], shuffle: Shuffle,
                      is_static: bool = False) -> Callable:
  """Returns an input_fn in which examples repeat and the remainder is dropped.

  Args:
    path: of a TFRecord file.
    spec: what its records hold.
    shuffle: the order.
    is_static: whether every batch has max_seq_length, as TPUs need. Otherwise
      a batch is as long as its longest text, which changes no result: what is
      cut off is padding.

  Returns:
    A function of params, which hold "batch_size", returning a tf.data.Dataset
    of dicts name -> int32 or float32 [batch, *shape].
  """
  def input_fn(params):
    return to_training_batches(_repeat(path, shuffle, params), params, spec,
                               is_static)

  return input_fn


def ordered_input_fn(path: str, spec: Dict[str, Field],
                     is_static: bool = False,
                     drop_remainder: Optional[bool] = None) -> Callable:
  """Returns an input_fn of every example once, in the file's order.

  Arguments and result as for training_input_fn; drop_remainder leaves a last
  batch out that is not full, by default as is_static.
  """
  if drop_remainder is None:
    drop_remainder = is_static

  def input_fn(params):
    dataset = tf.data.TFRecordDataset(path).batch(
        params["batch_size"], drop_remainder=drop_remainder)
    return to_batches(share(dataset, params), spec, is_static)

  return input_fn


def by_length_input_fn(path: str, spec: Dict[str, Field]) -> Callable:
  """Returns an input_fn of every example once, similar lengths together.

  Windows of WINDOW batches are sorted; "position" is an example's index in
  the file. Arguments and result as for training_input_fn.
  """
  def input_fn(params):
    return _by_length(path, spec, params)

  return input_fn


def array_input_fn(columns: Dict[str, np.ndarray], is_training: bool,
                   drop_remainder: bool) -> Callable:
  """Returns an input_fn of examples that are held in memory.

  Args:
    columns: name -> [examples, ...].
    is_training: whether they repeat and are shuffled again each epoch.
    drop_remainder: whether a last batch that is not full is left out.
  """
  def input_fn(params):
    dataset = tf.data.Dataset.from_tensor_slices(columns)
    if is_training:
      num_examples = len(next(iter(columns.values())))
      dataset = dataset.shuffle(min(num_examples, SHUFFLE_BUFFER)).repeat()
    return dataset.batch(params["batch_size"], drop_remainder=drop_remainder)

  return input_fn


@as_it_is
def _by_length(path, spec, params):
  batch_size = params["batch_size"]
  dataset = tf.data.TFRecordDataset(path).enumerate()
  dataset = dataset.batch(WINDOW * batch_size).flat_map(_sort_window)
  return share(dataset.batch(batch_size), params).map(
      lambda positions, batch: dict(records.parse(batch, spec, False),
                                    position=positions)).prefetch(4)


def to_training_batches(dataset: tf.data.Dataset, params: dict,
                        spec: Dict[str, Field], is_static: bool
                       ) -> tf.data.Dataset:
  """Returns a worker's part of each batch of serialized examples, parsed.

  The part is taken where a batch is parsed: another dataset would be other
  operations in the graph, and these are what random weights are drawn by.
  """
  num_workers = params.get("num_workers", 1)
  part = slice(params["worker"], None, num_workers) if (
      num_workers > 1) else slice(None)
  return to_batches(dataset.batch(params["batch_size"] * num_workers,
                                  drop_remainder=True), spec, is_static, part)


@as_it_is
def to_batches(dataset: tf.data.Dataset, spec: Dict[str, Field],
               is_static: bool, part: slice = slice(None)) -> tf.data.Dataset:
  """Returns batches of parsed records of a part of batches of serialized ones.
  """
  return dataset.map(
      lambda batch: records.parse(batch[part], spec, is_static),
      num_parallel_calls=2).prefetch(4)


@as_it_is
def _repeat(path, shuffle, params):
  """Returns serialized examples without end, shuffled again each epoch."""
  epochs = _indexed_epochs(path, shuffle)
  if not epochs and not shuffle.by_length:
    num_hosts, host = hosts(params)
    dataset = tf.data.TFRecordDataset(path).shard(num_hosts, host)
    return dataset.shuffle(
        SHUFFLE_BUFFER, seed=shuffle.seed, reshuffle_each_iteration=True
    ).repeat().skip(shuffle.num_skipped // num_hosts)
  epochs = epochs or _windowed_epochs(path, shuffle)
  first, num_skipped = divmod(shuffle.num_skipped, shuffle.num_records)
  numbers = tf.data.Dataset.range(first, MAX_EPOCHS)
  if not shuffle.by_length:
    return numbers.flat_map(epochs).skip(num_skipped)
  batch_size = params["batch_size"] * params.get("num_workers", 1)
  return numbers.flat_map(lambda epoch: _group(
      epochs(epoch), shuffle, epoch, batch_size)).skip(num_skipped)


def _indexed_epochs(path, shuffle):
  """Returns a function of an epoch's number that returns its examples; None
  where a file is not to be read by its index."""
  if shuffle.num_records <= SHUFFLE_BUFFER or not os.path.isfile(path):
    return None
  index = record_index.RecordIndex(path, shuffle.num_records)

  def read(epoch):
    blocks = tf.data.Dataset.from_generator(
        lambda number: index.shuffled(shuffle.seed + int(number)), tf.string,
        [None], args=(epoch,))
    return blocks.flat_map(tf.data.Dataset.from_tensor_slices)

  return read


def _windowed_epochs(path, shuffle):
  """Returns such a function of any file."""
  # An epoch that is read again must have the same order.
  return lambda epoch: tf.data.TFRecordDataset(path).shuffle(
      SHUFFLE_BUFFER, seed=shuffle.seed + epoch, reshuffle_each_iteration=False)


def _group(shuffled, shuffle, epoch, batch_size):
  """Returns an epoch's examples so that batches hold similar lengths.

  Windows of the shuffled set are sorted by length and cut into batches, which
  are shuffled. An epoch's first examples fill up the last batch of the epoch
  before, so that all others are cut where groups begin.
  """
  num_owed = -epoch * shuffle.num_records % batch_size

  def group(window, serialized):
    serialized = tf.gather(serialized, _order_by_length(serialized))
    num_full = tf.size(serialized) // batch_size
    batches = tf.reshape(serialized[:num_full * batch_size], [-1, batch_size])
    draws = tf.random.stateless_uniform(
        [num_full], [shuffle.seed + epoch, window])
    return tf.data.Dataset.from_tensor_slices(tf.concat(
        [tf.reshape(tf.gather(batches, tf.argsort(draws)), [-1]),
         serialized[num_full * batch_size:]], axis=0))

  rest = shuffled.skip(num_owed).batch(WINDOW * batch_size)
  return shuffled.take(num_owed).concatenate(rest.enumerate().flat_map(group))


def _sort_window(positions, serialized):
  """Returns pairs of a position and its example, shortest text first."""
  order = _order_by_length(serialized)
  return tf.data.Dataset.from_tensor_slices(
      (tf.gather(positions, order), tf.gather(serialized, order)))


def _order_by_length(serialized):
  """Returns the indices that sort examples by their number of real tokens."""
  mask = tf.io.parse_example(serialized, {
      "input_mask": tf.io.VarLenFeature(tf.int64)})["input_mask"]
  lengths = tf.math.segment_sum(mask.values, mask.indices[:, 0])
  return tf.argsort(lengths, stable=True)


def share(dataset: tf.data.Dataset, params: dict) -> tf.data.Dataset:
  """Returns a worker's part of batches: each n-th from one on."""
  num_workers = params.get("num_workers", 1)
  if num_workers == 1:
    return dataset
  return dataset.shard(num_workers, params["worker"])


def hosts(params):
  """Returns how many hosts feed a TPU, and which one this is; 1, 0 without."""
  context = params.get("context")
  return (context.num_hosts, context.current_host) if context else (1, 0)
