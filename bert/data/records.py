"""TFRecord files: what a record holds, how it is written and parsed."""

import collections
import typing
from typing import Dict, Iterable, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.common import files


class Limit(typing.NamedTuple):
  """Which numbers a field may hold: from 0 to below `stop`, for a reason."""
  stop: int
  reason: str


class Field(typing.NamedTuple):
  """What a record holds under one name.

  Attributes:
    kind: tf.int64 or tf.float32.
    shape: of one example.
    is_per_token: whether the last axis is the sequence, so that it may be cut
      where a batch's longest text ends.
    limit: of whole numbers that the model looks up; None: not checked, as
      those of records that the program has just made itself.
  """
  kind: tf.DType
  shape: Tuple[int, ...]
  is_per_token: bool = False
  limit: Optional[Limit] = None

  def first_outside(self, values: Sequence[int]) -> Optional[int]:
    """Returns the first number that the limit does not allow, or None."""
    if self.limit is None:
      return None
    return next((each for each in values
                 if not 0 <= each < self.limit.stop), None)


def feature_spec(label_fields: Dict[str, Field], max_seq_length: int,
                 num_windows: int = 1) -> Dict[str, Field]:
  """Returns name -> Field of a record, in the order of its features.

  Args:
    label_fields: of the head; any number of them.
    max_seq_length: tokens in a window.
    num_windows: from 2, a text's ids have an axis of windows.
  """
  shape = (max_seq_length,)
  if num_windows > 1:
    shape = (num_windows, max_seq_length)
  tokens = Field(tf.int64, shape, is_per_token=True)
  spec = collections.OrderedDict(
      (name, tokens) for name in ("input_ids", "input_mask", "segment_ids"))
  spec.update(label_fields)
  spec["is_real_example"] = Field(tf.int64, (1,))
  return spec


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
    serialized: an example each, from RecordEncoder.

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


def parse(serialized: tf.Tensor, spec: Dict[str, Field],
          is_static: bool) -> Dict[str, tf.Tensor]:
  """Turns records into a batch.

  Args:
    serialized: string [batch].
    spec: what they hold.
    is_static: False: cut per-token fields at the longest text's end.

  Returns:
    Dict name -> int32 (TPUs have no int64) or float32 [batch, *shape]. Numbers
    beyond a field's limit are an InvalidArgumentError.
  """
  batch = tf.io.parse_example(serialized, {
      name: tf.io.FixedLenFeature(field.shape, field.kind)
      for name, field in spec.items()})
  batch = _checked(batch, spec)
  batch = {name: tf.cast(value, tf.int32) if value.dtype == tf.int64 else value
           for name, value in batch.items()}
  if is_static:
    return batch
  longest = tf.reduce_max(tf.reduce_sum(batch["input_mask"], axis=-1))
  return {name: value[..., :longest] if spec[name].is_per_token else value
          for name, value in batch.items()}


def _checked(batch, spec):
  """Returns a batch that is there only if its numbers are within the limits.

  A GPU silently reads zeros for an id that is not in its table.
  """
  checks = []
  for name, field in spec.items():
    if field.limit is not None:
      value = batch[name]
      is_within = tf.reduce_all((value >= 0) & (value < field.limit.stop))
      checks.append(tf.debugging.Assert(is_within,
                                        [name, tf.reduce_max(value)]))
  if not checks:
    return batch
  with tf.control_dependencies(checks):
    return {name: tf.identity(value) for name, value in batch.items()}
