"""The outputs of a model for a whole dataset, in little memory."""

import array
from typing import Dict, Iterable, Sequence

import numpy as np

from bert.common.sequences import LazySequence

Row = Dict[str, np.ndarray]


class OutputRows(LazySequence):
  """A sequence of rows, name -> array, stored contiguously.

  All rows have the same names, and for each name arrays of the same type, which
  may differ in the size of their first axis.
  """

  def __init__(self, rows: Iterable[Row] = ()):
    """Takes the rows, which are read once."""
    self._columns = {}
    self._size = 0
    for row in rows:
      if not self._columns:
        self._columns = {name: _Column(value) for name, value in row.items()}
      for name, column in self._columns.items():
        column.append(row[name])
      self._size += 1

  @classmethod
  def of(cls, rows: Sequence[Row]) -> "OutputRows":
    """Returns the rows as OutputRows; unchanged if they are."""
    return rows if isinstance(rows, cls) else cls(rows)

  def __len__(self) -> int:
    return self._size

  def _at(self, index):
    return {name: column[index] for name, column in self._columns.items()}

  def stacked(self) -> Dict[str, np.ndarray]:
    """Returns name -> [rows, ...]; shorter arrays have zeros at their end."""
    return {name: column.stacked() for name, column in self._columns.items()}


class ColumnRows(LazySequence):
  """Rows as views of columns, name -> [rows, ...]."""

  def __init__(self, columns: Dict[str, np.ndarray]):
    self._columns = columns

  def __len__(self) -> int:
    return len(next(iter(self._columns.values()), ()))

  def _at(self, index):
    return {name: values[index] for name, values in self._columns.items()}


class _Column:
  """Appended arrays, as bytes."""

  def __init__(self, like):
    like = np.asarray(like)
    self._dtype = like.dtype
    self._ndim = like.ndim
    self._shape = like.shape[1:]
    self._bytes = bytearray()
    # For each array, the total size of first axes up to its end.
    self._ends = array.array("Q", [0])

  def append(self, value):
    value = np.ascontiguousarray(value, self._dtype)
    self._bytes += value.tobytes()
    self._ends.append(self._ends[-1] + (len(value) if self._ndim else 1))

  def __getitem__(self, index):
    values = self._flat()[self._ends[index]:self._ends[index + 1]]
    return values if self._ndim else values[0]

  def stacked(self):
    sizes = np.diff(np.frombuffer(self._ends, np.uint64).astype(np.int64))
    if not self._ndim:
      return self._flat()
    longest = max(sizes, default=0)
    if (sizes == longest).all():
      return self._flat().reshape((len(sizes), longest) + self._shape)
    rows = np.zeros((len(sizes), longest) + self._shape, self._dtype)
    for index, row in enumerate(rows):
      row[:sizes[index]] = self[index]
    return rows

  def _flat(self):
    flat = np.frombuffer(self._bytes, self._dtype)
    flat.setflags(write=False)  # It is a view of the stored bytes.
    return flat.reshape((-1,) + self._shape)
