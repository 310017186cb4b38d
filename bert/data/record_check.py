"""Record files that are cut short, or hold what a model can't read.

TensorFlow's reader of several files does not say in which of them an error is:
the file is looked for when there is one.
"""

import contextlib
import itertools
import os
from typing import Dict, Iterator, List, Optional, Sequence, Type

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.data import record_index
from bert.data import records
from bert.data.records import Field

# Records that are looked at before the first step, of all files together.
_NUM_LOOKED_AT = 2000
# Records whose sizes are followed to the end of their file, likewise.
_NUM_FOLLOWED = 100000
# Records that are parsed at once.
_BLOCK = 1024


def check_start(paths: Sequence[str], spec: Dict[str, Field]) -> None:
  """Looks at the first records of files, and follows their sizes.

  Raises:
    UserError: a file has no records, is cut short, or a record is not like the
      spec; of a large dataset, the rest shows while it is read.
  """
  for path in paths:
    try:
      first = list(itertools.islice(tf.io.tf_record_iterator(path),
                                    max(1, _NUM_LOOKED_AT // len(paths))))
    except tf.errors.OpError as error:
      raise UserError(_unreadable(path, error))
    if not first:  # A reader takes an incomplete header for the file's end.
      raise UserError(_cut(path, 0) if tf.gfile.Stat(path).length else
                      "%s: the file has no records" % path)
    for number, serialized in enumerate(first, 1):
      _raise(describe(serialized, spec, "%s: record %d" % (path, number)))
  num_left = _NUM_FOLLOWED
  for path in paths:
    if num_left <= 0:
      break
    if os.path.isfile(path):
      num_read, is_whole = record_index.follow(path, num_left)
      num_left -= num_read
      _raise(None if is_whole else _cut(path, num_read))


def find(specs: Dict[str, Dict[str, Field]]) -> Optional[str]:
  """Returns one line on the first file that can't be read; None if all can.

  Args:
    specs: path -> what the file's records hold. All of them are read.
  """
  for path, spec in specs.items():
    with tf.Graph().as_default(), tf.Session() as session:
      serialized = tf.placeholder(tf.string, [None])
      parsed = records.parse(serialized, spec, is_static=True)
      try:
        text = _find_in_file(path, spec, lambda block: session.run(
            parsed, {serialized: block}))
      except tf.errors.OpError as error:
        text = _unreadable(path, error)
    if text is not None:
      return text
  return None


def _find_in_file(path, spec, parse):
  number = 0
  for block in _blocks(path):
    try:
      parse(block)
    except tf.errors.InvalidArgumentError:
      found = (describe(each, spec, "%s: record %d" % (path, number + index))
               for index, each in enumerate(block, 1))
      return next(filter(None, found), None)
    number += len(block)
  return None


@contextlib.contextmanager
def explaining(specs: Dict[str, Dict[str, Field]],
               error_class: Type[Exception] = UserError,
               way_out: str = "") -> Iterator[None]:
  """Raises an error of one line where the block ends because of a record.

  Args:
    specs: as for find; it may grow meanwhile.
    error_class: UserError, or MachineError where the files are the program's.
    way_out: is added to the line.
  """
  try:
    yield
  except (tf.errors.DataLossError, tf.errors.InvalidArgumentError) as error:
    text = find(specs)
    if text is None:
      raise
    raise error_class(text + way_out) from error


def describe(serialized: bytes, spec: Dict[str, Field],
             where: str) -> Optional[str]:
  """Returns a record's position and what is wrong with it; None: nothing."""
  features = features_of(serialized)
  if features is None:
    return "%s is no tf.train.Example" % where
  for name, field in spec.items():
    if name not in features:
      return "%s has no %s" % (where, name)
    values = (features[name].int64_list if field.kind == tf.int64 else
              features[name].float_list).value
    if len(values) != _size(field.shape):
      return "%s has %d values of %s, this run has %d" % (
          where, len(values), name, _size(field.shape))
    wrong = field.first_outside(values)
    if wrong is not None:
      return "%s has %s %d, which must be from 0 to %d (%s)" % (
          where, name, wrong, field.limit.stop - 1, field.limit.reason)
  return None


def features_of(serialized: bytes):
  """Returns name -> tf.train.Feature of a record; None of something else."""
  try:
    return tf.train.Example.FromString(serialized).features.feature
  except Exception:  # pylint: disable=broad-except
    return None  # Of a type that depends on what is behind protobuf.


def _size(shape):
  size = 1
  for each in shape:
    size *= each
  return size


def _raise(text):
  if text is not None:
    raise UserError(text)


def _blocks(path) -> Iterator[List[bytes]]:
  reader = iter(tf.io.tf_record_iterator(path))
  for block in iter(lambda: list(itertools.islice(reader, _BLOCK)), []):
    yield block


def _unreadable(path, error):
  if "truncated record" in str(error):
    return _cut(path)
  return "%s: can't be read as records: %s" % (path, error.message)


def _cut(path, num_whole=None):
  return "%s: the file is cut short%s; copy or write it again" % (
      path, "" if num_whole is None else " after %d records" % num_whole)
