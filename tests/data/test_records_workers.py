"""Parts of a dataset that several workers read: together the whole."""
import collections
import itertools

import numpy as np
import pytest

from bert.data import input_fns
from bert.model import distribution
from record_files import BY_LENGTH, MAX_LENGTH, numbers, read, write

COUNT = 20
LENGTHS = np.random.RandomState(4).randint(2, MAX_LENGTH + 1, COUNT).tolist()
SHUFFLES = {
    "shuffled": input_fns.Shuffle(3), "resumed": input_fns.Shuffle(3, 24),
    "by length": input_fns.Shuffle(3, 0, COUNT, True),
    "by length, resumed": input_fns.Shuffle(3, 24, COUNT, True)}


def parts_of(path, num_workers, batch_size, order, **options):
  """The batches of each worker."""
  parts = []
  for worker in range(num_workers):
    joined = distribution.Workers()
    joined.rank, joined.size = worker, num_workers
    parts.append(read(path, batch_size, order, params=joined.input_params(),
                      **options))
  return parts


@pytest.mark.parametrize("num_workers, is_indexed, name", [
    (2, False, "shuffled"), (2, False, "by length, resumed"),
    (6, False, "resumed"), (2, True, "resumed"), (2, True, "by length"),
    (3, True, "shuffled"), (3, True, "by length, resumed")])
def test_workers_batches_make_up_those_of_one_process(
    tmp_path, monkeypatch, num_workers, name, is_indexed):
  shuffle = SHUFFLES[name]
  if is_indexed:
    monkeypatch.setattr(input_fns, "SHUFFLE_BUFFER", 4)
    shuffle = shuffle._replace(num_records=COUNT)
  path = write(tmp_path / "set", LENGTHS)
  whole = read(path, 6, shuffle, 10, graph_seed=1)
  parts = parts_of(path, num_workers, 6 // num_workers, shuffle, limit=10,
                   graph_seed=1)
  for batch, *shares in zip(whole, *parts):
    assert sorted(numbers(batch)) == sorted(sum(map(numbers, shares), []))


@pytest.mark.parametrize("name", ["shuffled", "by length"])
def test_an_epoch_has_each_example_once(tmp_path, name):
  path = write(tmp_path / "set", LENGTHS)
  parts = parts_of(path, 2, 5, SHUFFLES[name], limit=2, graph_seed=1)
  seen = collections.Counter(sum(map(numbers, sum(parts, [])), []))
  assert seen == collections.Counter(range(COUNT))


@pytest.mark.parametrize("order", [None, BY_LENGTH])
@pytest.mark.parametrize("num_workers", [2, 3])
def test_whole_batches_are_dealt_out_in_turn(tmp_path, monkeypatch, order,
                                             num_workers):
  monkeypatch.setattr(input_fns, "WINDOW", 2)
  path = write(tmp_path / "set", LENGTHS)
  whole = [numbers(batch) for batch in read(path, 3, order)]
  parts = [[numbers(batch) for batch in part]
           for part in parts_of(path, num_workers, 3, order)]
  dealt = [batch for row in itertools.zip_longest(*parts) for batch in row
           if batch is not None]
  assert dealt == whole
