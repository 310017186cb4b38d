"""Large sets that are shuffled by an index of their record file."""
import pytest
import tensorflow.compat.v1 as tf

import record_files
from bert.data import input_fns
from bert.data import record_index

COUNT = 30


@pytest.fixture
def path(tmp_path):
  return record_files.write(tmp_path / "set",
                            [2 + 7 * number % 31 for number in range(COUNT)])


@pytest.fixture
def is_large(monkeypatch):
  """Makes the set one that does not fit into the buffer."""
  monkeypatch.setattr(input_fns, "SHUFFLE_BUFFER", COUNT - 1)


def order_of(path, num_epochs=1, seed=3, num_skipped=0, by_length=False,
             batch_size=5):
  """The numbers of the texts in the order they are trained on."""
  shuffle = input_fns.Shuffle(seed, num_skipped, COUNT, by_length)
  limit = (num_epochs * COUNT - num_skipped) // batch_size
  return sum(map(record_files.numbers, record_files.read(
      path, batch_size, shuffle, limit, graph_seed=seed)), [])


def test_index_has_all_records_in_the_order_of_its_seed(path):
  expected = list(tf.python_io.tf_record_iterator(path))
  index = record_index.RecordIndex(path, COUNT)
  orders = [sum(index.shuffled(seed), []) for seed in (1, 1, 2, -1)]
  assert orders[0] == orders[1]
  assert len({tuple(order) for order in orders}) == 3
  for order in orders:
    assert order != expected and sorted(order) == sorted(expected)


def test_blocks_end_where_the_records_do(path, monkeypatch):
  monkeypatch.setattr(record_index, "_BLOCK", 7)
  index = record_index.RecordIndex(path, COUNT)
  assert [len(block) for block in index.shuffled(1)] == [7, 7, 7, 7, 2]


@pytest.mark.parametrize("by_length", [False, True])
def test_epochs_have_every_example_once_in_another_order(path, is_large,
                                                         by_length):
  order = order_of(path, 3, by_length=by_length)
  epochs = [order[start:start + COUNT] for start in range(0, 3 * COUNT, COUNT)]
  assert [sorted(epoch) for epoch in epochs] == [list(range(COUNT))] * 3
  assert len({tuple(epoch) for epoch in epochs}) == 3


def test_order_is_over_the_whole_set(path, is_large, monkeypatch):
  """As against a window, which gives no late record early."""
  monkeypatch.setattr(input_fns, "SHUFFLE_BUFFER", 2)
  first = [order_of(path, seed=seed)[0] for seed in range(8)]
  assert max(first) > COUNT // 2


@pytest.mark.parametrize("by_length", [False, True])
@pytest.mark.parametrize("num_skipped", [5, 30, 35, 60])
def test_training_goes_on_where_it_ended(path, is_large, by_length,
                                         num_skipped):
  whole = order_of(path, 3, by_length=by_length)
  assert order_of(path, 3, num_skipped=num_skipped,
                  by_length=by_length) == whole[num_skipped:]


def test_a_seed_repeats_an_order(path, is_large):
  assert order_of(path) == order_of(path) != order_of(path, seed=4)


def test_sets_that_fit_are_shuffled_as_ever(path):
  """By TensorFlow's own buffer: the order of earlier versions stays."""
  order = input_fns.Shuffle(3)
  before = sum(map(record_files.numbers, record_files.read(
      path, 5, order, 6, graph_seed=3)), [])
  assert order_of(path) == before


def test_a_file_elsewhere_is_read_through_a_window(path, is_large,
                                                   monkeypatch):
  monkeypatch.setattr(input_fns.os.path, "isfile", lambda _: False)
  order = input_fns.Shuffle(3)
  before = sum(map(record_files.numbers, record_files.read(
      path, 5, order, 6, graph_seed=3)), [])
  assert order_of(path) == before
