"""Large sets of examples, which are on disk and behave as lists."""
import os

import pytest

from bert.common import workers
from bert.data import example_store
from bert.data.examples import InputExample
from bert.data.examples import Source

# More than two chunks, the last one not full.
NUM_EXAMPLES = 2 * example_store.CHUNK + 5


@pytest.fixture
def small_memory(monkeypatch):
  monkeypatch.setattr(example_store, "MAX_IN_MEMORY", 10)


def make_example(number):
  """All kinds of texts and labels that heads take."""
  kinds = [("text %d \u4e2d\ud83d\ude00".encode("utf-16", "surrogatepass")
            .decode("utf-16") % number, "b", "x"),
           (["un", "##known"], None, ["x", "y"]),
           ("\n\t\0", None, None), ("a", None, 1.5)]
  return InputExample("set-%d" % number, *kinds[number % len(kinds)],
                      source=Source("f.tsv", number + 1) if number % 2 else None)


def fields(example):
  return (example.guid, example.text_a, example.text_b, example.label,
          example.source)


def expected():
  return [fields(make_example(number)) for number in range(NUM_EXAMPLES)]


@pytest.fixture
def stored(small_memory):
  return example_store.collect(map(make_example, range(NUM_EXAMPLES)))


def test_a_large_set_is_stored_and_reads_as_it_was_written(stored):
  assert isinstance(stored, example_store.StoredExamples)
  assert len(stored) == NUM_EXAMPLES
  assert list(map(fields, stored)) == expected()
  assert isinstance(stored[1].source, Source)


def test_any_element_and_slice_can_be_had(stored):
  wanted = expected()
  for index in (0, 1, 63, 64, 65, NUM_EXAMPLES - 1, -1, -NUM_EXAMPLES):
    assert fields(stored[index]) == wanted[index]
  for part in (slice(62, 67), slice(None, None, 50), slice(-3, None),
               slice(5, 2)):
    assert list(map(fields, stored[part])) == wanted[part]
  for index in (NUM_EXAMPLES, -NUM_EXAMPLES - 1):
    with pytest.raises(IndexError):
      stored[index]  # pylint: disable=pointless-statement


def test_two_readers_do_not_disturb_each_other(stored):
  wanted = expected()
  first, second = iter(stored), iter(stored)
  for _ in range(70):
    next(first)
  assert fields(next(second)) == wanted[0]
  assert fields(next(first)) == wanted[70]


def test_forks_may_read_at_once(stored):
  found = list(workers.map_ordered(fields, stored, 2, chunk_size=7))
  assert found == expected()


def test_up_to_the_limit_examples_are_a_list(small_memory):
  examples = [make_example(number) for number in range(10)]
  assert example_store.collect(iter(examples)) == examples
  assert isinstance(example_store.collect(map(make_example, range(11))),
                    example_store.StoredExamples)
  assert example_store.collect([]) == []


def test_examples_of_a_class_of_their_own_stay_as_they_are(small_memory):
  class Scored(InputExample):
    score = 0.5

  examples = [make_example(0)] + [Scored(str(number), "a")
                                  for number in range(20)]
  assert example_store.collect(iter(examples)) is not examples
  assert example_store.collect(iter(examples)) == examples


def test_nothing_is_left_in_the_temporary_folder(small_memory, tmp_path,
                                                 monkeypatch):
  monkeypatch.setattr(example_store.tempfile, "tempdir", str(tmp_path))
  kept = example_store.collect(map(make_example, range(20)))
  assert os.listdir(str(tmp_path)) == []
  assert len(list(kept)) == 20


def test_a_full_disk_is_told(small_memory, monkeypatch):
  def no_room():
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(example_store.tempfile, "TemporaryFile", no_room)
  with pytest.raises(example_store.MachineError, match="No space left"):
    example_store.collect(map(make_example, range(20)))
