"""Sequences whose elements are computed on access."""

import collections.abc


class LazySequence(collections.abc.Sequence):
  """Base of such sequences: has indices and slices as a list has.

  A subclass has __len__, and _at, which returns the element of an index from 0
  to the length.
  """

  def __getitem__(self, index):
    size = len(self)
    if isinstance(index, slice):
      return [self._at(position) for position in range(*index.indices(size))]
    if not -size <= index < size:
      raise IndexError("element %d of %d" % (index, size))
    return self._at(index % size)

  def _at(self, index):
    raise NotImplementedError()
