"""A record file of this machine, read in any order.

Source of the format: tensorflow/core/lib/io/record_writer.h: the size as
uint64, its checksum of 4 bytes, the record, its checksum of 4 bytes.
"""

import os
import struct
from typing import Iterator, List, Tuple

import numpy as np

from bert.common.errors import MachineError

# Bytes before and behind a record.
_HEAD, _TAIL = 12, 4
# Records that are read at once.
_BLOCK = 256


def follow(path: str, max_records: int) -> Tuple[int, bool]:
  """Follows the sizes of a file's records.

  Args:
    path: of a file of this machine.
    max_records: after so many, the rest is not looked at.

  Returns:
    (number of whole records, False if the file ends within one).
  """
  size_of_file = os.path.getsize(path)
  end = number = 0
  with open(path, "rb") as stream:
    while end < size_of_file and number < max_records:
      head = os.pread(stream.fileno(), 8, end)
      if len(head) == 8:
        end += _HEAD + struct.unpack("<Q", head)[0] + _TAIL
      if len(head) < 8 or end > size_of_file:
        return number, False
      number += 1
  return number, True


class RecordIndex:
  """Where the records of a TFRecord file are; 8 bytes each."""

  def __init__(self, path: str, num_records: int):
    """Reads the sizes of the records; raises OSError, and MachineError if the
    file has been cut since it was written."""
    self._path = path
    if follow(path, num_records) != (num_records, True):
      raise MachineError("%s: the file was cut short while it was in use; give "
                         "the same command again" % path)
    self._ends = np.zeros(num_records + 1, np.uint64)
    end = 0
    with open(path, "rb") as stream:
      for number in range(num_records):
        (size,) = struct.unpack("<Q", os.pread(stream.fileno(), 8, end))
        end += _HEAD + size + _TAIL
        self._ends[number + 1] = end

  def shuffled(self, seed: int) -> Iterator[List[bytes]]:
    """Yields all records, in blocks, in an order drawn from the seed."""
    order = np.random.RandomState(seed % 2**32).permutation(
        len(self._ends) - 1)
    with open(self._path, "rb") as stream:
      for start in range(0, len(order), _BLOCK):
        yield [self._read(stream, number)
               for number in order[start:start + _BLOCK]]

  def _read(self, stream, number):
    begin = int(self._ends[number]) + _HEAD
    size = int(self._ends[number + 1]) - _TAIL - begin
    record = os.pread(stream.fileno(), size, begin)
    if len(record) < size:
      raise ValueError("%s: the file is cut short" % self._path)
    return record
