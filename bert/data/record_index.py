"""A record file of this machine, read in any order.

Source of the format: tensorflow/core/lib/io/record_writer.h: the size as
uint64, its checksum of 4 bytes, the record, its checksum of 4 bytes.
"""

import os
import struct
from typing import Iterator, List

import numpy as np

# Bytes before and behind a record.
_HEAD, _TAIL = 12, 4
# Records that are read at once.
_BLOCK = 256


class RecordIndex:
  """Where the records of a TFRecord file are; 8 bytes each."""

  def __init__(self, path: str, num_records: int):
    """Reads the sizes of the records; raises OSError."""
    self._path = path
    self._ends = np.zeros(num_records + 1, np.uint64)
    end = 0
    with open(path, "rb") as stream:
      for number in range(num_records):
        (size,) = struct.unpack("<Q", os.pread(stream.fileno(), 8, end))
        end += _HEAD + size + _TAIL
        self._ends[number + 1] = end

  def shuffled(self, seed: int) -> Iterator[List[bytes]]:
    """Yields all records, in blocks, in an order that the seed tells."""
    order = np.random.RandomState(seed % 2**32).permutation(
        len(self._ends) - 1)
    with open(self._path, "rb") as stream:
      for start in range(0, len(order), _BLOCK):
        yield [self._read(stream, number)
               for number in order[start:start + _BLOCK]]

  def _read(self, stream, number):
    begin = int(self._ends[number]) + _HEAD
    size = int(self._ends[number + 1]) - _TAIL - begin
    return os.pread(stream.fileno(), size, begin)
