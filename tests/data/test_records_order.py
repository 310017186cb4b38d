"""Orders that put texts of similar length together."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.data import input_fns
from record_files import (
    BY_LENGTH, MAX_LENGTH, SPEC, lengths, make_input_fn, numbers, padded_size,
    read, write)


def drawn_lengths(count, seed=1):
  return np.random.RandomState(seed).randint(
      2, MAX_LENGTH + 1, count).tolist()


def expected_order(text_lengths, window):
  """Places in the file, windows of it sorted by length."""
  places = []
  for start in range(0, len(text_lengths), window):
    part = range(start, min(start + window, len(text_lengths)))
    places += sorted(part, key=lambda place: text_lengths[place])
  return places


@pytest.mark.parametrize("count, batch_size, window", [
    (1, 4, 50), (7, 1, 50), (10, 4, 50), (12, 4, 3), (30, 4, 2), (33, 4, 2),
    (5, 8, 1), (120, 2, None)])
def test_by_length_reads_each_once_in_sorted_windows(
    tmp_path, monkeypatch, count, batch_size, window):
  if window:
    monkeypatch.setattr(input_fns, "WINDOW", window)
  text_lengths = drawn_lengths(count)
  batches = read(write(tmp_path / "set", text_lengths), batch_size,
                 BY_LENGTH)
  order = sum(map(numbers, batches), [])
  assert order == expected_order(text_lengths, (window or 50) * batch_size)
  assert [len(numbers(batch)) for batch in batches] == [
      min(batch_size, count - start) for start in range(0, count, batch_size)]


def test_positions_lead_back_to_the_files_order(tmp_path, monkeypatch):
  monkeypatch.setattr(input_fns, "WINDOW", 2)
  text_lengths = drawn_lengths(21)
  batches = read(write(tmp_path / "set", text_lengths), 4, BY_LENGTH)
  found = {}
  for batch in batches:
    assert batch["position"].tolist() == numbers(batch)
    assert batch["input_ids"].shape[1] == max(lengths(batch))
    found.update(zip(batch["position"].tolist(), zip(
        numbers(batch), lengths(batch), batch["label_ids"][:, 0].tolist())))
  assert found == {place: (place, length, place % 2)
                   for place, length in enumerate(text_lengths)}


def test_texts_of_one_length_keep_the_files_order(tmp_path):
  batches = read(write(tmp_path / "set", [5, 3] * 10), 4, BY_LENGTH)
  assert sum(map(numbers, batches), []) == (
      list(range(1, 20, 2)) + list(range(0, 20, 2)))


def test_positions_are_read_by_length_alone(tmp_path):
  path = write(tmp_path / "set", [5, 3, 4])
  for order in (None, input_fns.Shuffle(1), input_fns.Shuffle(1, 0, 3, True)):
    assert "position" not in read(path, 2, order, limit=1)[0]


def grouped(path, count, batch_size, seed=1, num_skipped=0, limit=None):
  return read(path, batch_size, input_fns.Shuffle(seed, num_skipped, count, True),
              limit, graph_seed=seed)


def stream(path, count, batch_size, num_epochs, **options):
  """The numbers of the texts in the order they are trained on."""
  limit = -(-count * num_epochs // batch_size)
  batches = grouped(path, count, batch_size, limit=limit, **options)
  assert {len(numbers(batch)) for batch in batches} == {batch_size}
  return sum(map(numbers, batches), [])


def epochs_of(order, count):
  return [order[start:start + count]
          for start in range(0, len(order) - count + 1, count)]


@pytest.mark.parametrize("count, batch_size, window", [
    (12, 4, 50), (13, 4, 50), (14, 4, 1), (15, 4, 2), (24, 4, 2), (9, 1, 3),
    (3, 4, 50), (5, 8, 50), (2, 7, 50), (1, 2, 50)])
def test_grouped_epochs_have_every_example_once(
    tmp_path, monkeypatch, count, batch_size, window):
  monkeypatch.setattr(input_fns, "WINDOW", window)
  path = write(tmp_path / "set", drawn_lengths(count))
  epochs = epochs_of(stream(path, count, batch_size, 3), count)
  assert len(epochs) >= 3
  assert [sorted(epoch) for epoch in epochs[:3]] == [list(range(count))] * 3


@pytest.mark.parametrize("count", [24, 26])
def test_grouped_epochs_differ(tmp_path, count):
  path = write(tmp_path / "set", drawn_lengths(count))
  epochs = epochs_of(stream(path, count, 4, 3), count)
  assert len({tuple(epoch) for epoch in epochs + [list(range(count))]}) == 4
  # Not only batches change places: their members do, where lengths agree.
  assert len({tuple(sorted(epoch[:4])) for epoch in epochs}) > 1


def test_grouped_batches_are_mixed_anew_where_lengths_agree(tmp_path):
  path = write(tmp_path / "set", [7] * 24)
  epochs = epochs_of(stream(path, 24, 4, 3), 24)
  members = [{frozenset(epoch[start:start + 4]) for start in range(0, 24, 4)}
             for epoch in epochs]
  assert not members[0] & members[1] & members[2]


def test_seed_repeats_the_grouped_order_and_another_changes_it(tmp_path):
  path = write(tmp_path / "set", drawn_lengths(26))
  order = stream(path, 26, 4, 2, seed=1)
  assert stream(path, 26, 4, 2, seed=1) == order
  assert stream(path, 26, 4, 2, seed=2) != order


@pytest.mark.parametrize("seed", [0, 2**31 - 1])
def test_any_seed_groups(tmp_path, seed):
  path = write(tmp_path / "set", drawn_lengths(10))
  epochs = epochs_of(stream(path, 10, 4, 3, seed=seed), 10)
  assert [sorted(epoch) for epoch in epochs[:3]] == [list(range(10))] * 3
  assert epochs[0] != epochs[1]


@pytest.mark.parametrize("count", [12, 14])
@pytest.mark.parametrize("skip", [1, 3, 4, 8])
def test_skipping_goes_on_where_an_undisturbed_grouped_run_would_be(
    tmp_path, monkeypatch, skip, count):
  monkeypatch.setattr(input_fns, "WINDOW", 2)
  path = write(tmp_path / "set", drawn_lengths(count))
  undisturbed = [numbers(batch) for batch in grouped(path, count, 4, limit=11)]
  resumed = grouped(path, count, 4, num_skipped=4 * skip, limit=11 - skip)
  assert [numbers(batch) for batch in resumed] == undisturbed[skip:]


def test_grouped_batches_are_runs_of_the_sorted_window(tmp_path):
  # Ten lengths, all different, in batches of 4.
  text_lengths = [9, 4, 30, 2, 17, 6, 25, 12, 21, 15]
  path = write(tmp_path / "set", text_lengths)
  batches = [lengths(batch) for batch in grouped(path, 10, 4, limit=5)]
  assert sorted(batches[:2]) == [[2, 4, 6, 9], [12, 15, 17, 21]]
  # The rest, and the second epoch's first two; it has no rest then.
  assert batches[2][:2] == [25, 30]
  second = sorted(set(text_lengths) - set(batches[2][2:]))
  assert sorted(batches[3:]) == [second[:4], second[4:]]


def test_grouped_batches_come_in_any_order_of_length(tmp_path):
  path = write(tmp_path / "set", range(1, 25))
  batches = grouped(path, 24, 4, limit=6 * 8)
  shortest = [min(lengths(batch)) for batch in batches]
  assert collections.Counter(shortest) == {
      first: 8 for first in (1, 5, 9, 13, 17, 21)}
  orders = [tuple(shortest[start:start + 6]) for start in range(0, 48, 6)]
  # Of 720 orders, eight draws repeat three by a chance under 1e-5.
  assert len(set(orders)) >= 6


def test_grouping_saves_padding(tmp_path):
  # In threes of any order, one long text makes a batch long.
  text_lengths = [40, 2, 2] * 20
  path = write(tmp_path / "set", text_lengths)
  plain = padded_size(read(path, 3, input_fns.Shuffle(1), 20, graph_seed=1))
  batches = grouped(path, 60, 3, limit=20)
  # 40 texts of 2 make 13 batches, and one of them is left for the long ones.
  assert padded_size(batches) == 13 * 3 * 2 + 7 * 3 * 40
  assert padded_size(batches) < plain
  assert sum(map(len, map(lengths, batches))) == 60


def test_grouped_batches_have_their_size_in_the_graph(tmp_path, session):
  del session  # its graph is the default one
  dataset = make_input_fn(
      write(tmp_path / "set", [3, 4, 5]), SPEC, input_fns.Shuffle(1, 0, 3, True))(
          {"batch_size": 2})
  batch = tf.data.make_one_shot_iterator(dataset).get_next()
  assert batch["label_ids"].shape.as_list() == [2, 1]


def test_grouped_batches_hold_what_ungrouped_ones_hold(tmp_path):
  path = write(tmp_path / "set", drawn_lengths(12))
  rows = []
  for order in (input_fns.Shuffle(1), input_fns.Shuffle(1, 0, 12, True)):
    batches = read(path, 4, order, 3)
    rows.append(sorted(
        tuple(batch[name][index].tolist()[:length] for name in (
            "input_ids", "input_mask", "segment_ids", "label_ids",
            "is_real_example"))
        for batch in batches for index, length in enumerate(lengths(batch))))
    assert {(name, value.dtype) for name, value in batches[0].items()} == {
        (name, np.dtype(np.int32)) for name in SPEC}
  assert rows[0] == rows[1]
