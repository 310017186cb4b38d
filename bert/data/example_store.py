"""Examples of large datasets, on disk, with the interface of a list."""

import array
import itertools
import os
import pickle
import tempfile
from typing import Iterable, Iterator, Sequence

from bert.common.errors import MachineError
from bert.common.sequences import LazySequence
from bert.data.examples import InputExample
from bert.data.examples import Source

# Examples up to this many are a list.
MAX_IN_MEMORY = 50000
# Examples that are written and read at once.
CHUNK = 64


def collect(examples: Iterable[InputExample]) -> Sequence[InputExample]:
  """Returns the examples as a sequence that takes little memory.

  Args:
    examples: iterated once.

  Returns:
    A list; of more than MAX_IN_MEMORY, a StoredExamples. Examples of a class of
    their own, which may hold more, always stay a list.

  Raises:
    MachineError: there is no room for the temporary file.
  """
  examples = iter(examples)
  first = list(itertools.islice(examples, MAX_IN_MEMORY + 1))
  are_plain = all(type(example) is InputExample for example in first)
  if len(first) <= MAX_IN_MEMORY or not are_plain:
    return first + list(examples)
  try:
    return StoredExamples(itertools.chain(first, examples))
  except OSError as error:
    raise MachineError("%s: no temporary file for the examples: %s" % (
        tempfile.gettempdir(), error.strerror))


class StoredExamples(LazySequence):
  """A sequence of examples in a temporary file that is already unlinked.

  An element is a copy: changes to it are lost. Forks may read it.
  """

  def __init__(self, examples: Iterable[InputExample]):
    """Stores the examples, all InputExamples; raises OSError."""
    self._file = tempfile.TemporaryFile()
    self._ends = array.array("Q", [0])
    self._size = 0
    self._last = (-1, [])
    examples = iter(examples)
    for chunk in iter(lambda: list(itertools.islice(examples, CHUNK)), []):
      content = pickle.dumps([
          (example.guid, example.text_a, example.text_b, example.label,
           example.source and tuple(example.source)) for example in chunk], 4)
      self._file.write(content)
      self._ends.append(self._ends[-1] + len(content))
      self._size += len(chunk)
    self._file.flush()

  def __len__(self) -> int:
    return self._size

  def __iter__(self) -> Iterator[InputExample]:
    for number in range(len(self._ends) - 1):
      yield from self._chunk(number)

  def _at(self, index):
    number, offset = divmod(index, CHUNK)
    if self._last[0] != number:
      self._last = (number, self._chunk(number))
    return self._last[1][offset]

  def _chunk(self, number):
    begin, end = self._ends[number], self._ends[number + 1]
    # Not seek and read: forks share the file's position.
    content = os.pread(self._file.fileno(), end - begin, begin)
    return [_restore(*values) for values in pickle.loads(content)]


def _restore(guid, text_a, text_b, label, source):
  return InputExample(guid, text_a, text_b, label,
                      source and Source(*source))
