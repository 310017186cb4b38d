"""A queue from which each request gets the same share of the model's work.

A request of many long texts would else make all later ones wait for it.

Source: the virtual time of Demers, Keshav and Shenker 1989, "Analysis and
simulation of a fair queueing algorithm".
"""

import typing
from typing import Any, Callable, List, Sequence


class Entry(typing.NamedTuple):
  """Something that waits.

  Attributes:
    item: what was pushed.
    size: its work, in tokens or characters.
    request: number of the push.
    due: the virtual time from which its request has a right to it.
  """
  item: Any
  size: int
  request: int
  due: float


class FairQueue:
  """Items of requests, in the order in which they are due.

  Virtual time goes on by the work that each waiting request would have got if
  they had shared all work equally. The first items of a request, up to
  `quantum`, are due at once, as many as fit the next quantum when that much
  time has gone by, and so on.
  """

  def __init__(self, quantum: int):
    self._quantum = quantum
    self._entries = []  # type: List[Entry]
    self._time = 0.0
    self._num_pushes = 0

  def __len__(self):
    return len(self._entries)

  @property
  def num_requests(self) -> int:
    """Number of requests with items that wait."""
    return len({each.request for each in self._entries})

  @property
  def is_due(self) -> bool:
    """Whether an item is due."""
    return any(each.due <= self._time for each in self._entries)

  def push(self, items: Sequence, sizes: Sequence[int]) -> None:
    """Adds the items of a request, each with its size."""
    self._num_pushes += 1
    due, used = self._time, 0
    for item, size in zip(items, sizes):
      if used and used + size > self._quantum:
        due, used = due + used, 0
      used += size
      self._entries.append(Entry(item, size, self._num_pushes, due))

  def drop(self, predicate: Callable) -> List:
    """Removes and returns the items for which the predicate is true."""
    kept, dropped = [], []
    for each in self._entries:
      # Asked once, as the answer may change meanwhile.
      (dropped if predicate(each.item) else kept).append(each)
    self._entries = kept
    return [each.item for each in dropped]

  def pop(self, most: int, are_alike: Callable = lambda one, other: True
         ) -> List:
    """Removes and returns items that are due; if none is, those that will be
    due first.

    Args:
      most: number of items. They are the first one and those of the most similar
        sizes, as shorter texts are padded.
      are_alike: of two items, whether they may be taken together.
    """
    if not self._entries:
      return []
    num_requests = self.num_requests
    first = min(self._entries, key=lambda entry: entry.due)
    self._time = max(self._time, first.due)
    due = [each for each in self._entries if each.due <= self._time]
    due = [each for each in due if are_alike(due[0].item, each.item)]
    chosen = [due[0]] + sorted(due[1:], key=lambda entry: abs(
        entry.size - due[0].size))[:most - 1]
    numbers = {id(each) for each in chosen}
    self._entries = [each for each in self._entries if id(each) not in numbers]
    self._time += sum(each.size for each in chosen) / num_requests
    return [each.item for each in due if id(each) in numbers]
