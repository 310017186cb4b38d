"""Outputs of a dataset that lie behind each other in memory."""
import numpy as np
import pytest

from bert.model.output_rows import ColumnRows
from bert.model.output_rows import OutputRows


def make_rows():
  """Scalars, vectors, matrices; words of several counts."""
  random = np.random.RandomState(0)
  return [{"probabilities": random.rand(3).astype(np.float32),
           "num_words": np.int32(count),
           "chosen": random.randint(0, 9, count),
           "vectors": random.rand(count, 2)} for count in (2, 0, 5, 3)]


def assert_equal(actual, expected):
  assert set(actual) == set(expected)
  for name, values in expected.items():
    np.testing.assert_array_equal(actual[name], values, err_msg=name)
    assert actual[name].dtype == values.dtype
    assert np.shape(actual[name]) == np.shape(values)


def test_rows_are_what_was_given():
  rows = OutputRows(iter(make_rows()))
  assert len(rows) == 4
  for actual, expected in zip(rows, make_rows()):
    assert_equal(actual, expected)
  assert_equal(rows[-1], make_rows()[3])
  for actual, expected in zip(rows[1:3], make_rows()[1:3]):
    assert_equal(actual, expected)
  with pytest.raises(IndexError):
    rows[4]  # pylint: disable=pointless-statement


def test_stacked_rows_have_zeros_behind_shorter_ones():
  found = OutputRows(make_rows()).stacked()
  rows = make_rows()
  np.testing.assert_array_equal(found["num_words"], [2, 0, 5, 3])
  np.testing.assert_array_equal(found["probabilities"],
                                [row["probabilities"] for row in rows])
  assert found["chosen"].shape == (4, 5) and found["vectors"].shape == (4, 5, 2)
  for index, row in enumerate(rows):
    count = row["num_words"]
    for name in ("chosen", "vectors"):
      np.testing.assert_array_equal(found[name][index, :count], row[name])
      assert not found[name][index, count:].any()


def test_rows_cannot_be_changed():
  rows = OutputRows(make_rows())
  with pytest.raises(ValueError, match="read-only"):
    rows[0]["probabilities"][0] = 1


def test_rows_may_be_made_of_rows():
  rows = OutputRows(make_rows())
  assert OutputRows.of(rows) is rows
  for actual, expected in zip(OutputRows.of(make_rows()), make_rows()):
    assert_equal(actual, expected)
  assert len(OutputRows()) == 0 and OutputRows().stacked() == {}


def test_a_row_needs_little_more_than_its_numbers():
  row = {"probabilities": np.zeros(2, np.float32)}
  rows = OutputRows(row for _ in range(100000))
  column = rows._columns["probabilities"]  # pylint: disable=protected-access
  # Two floats, and where the row ends.
  assert len(column._bytes) + 8 * len(column._ends) == 100000 * 16 + 8  # pylint: disable=protected-access


def test_columns_are_rows_as_they_are():
  columns = {"scores": np.float32([1, 2, 3]), "vectors": np.eye(3)}
  rows = ColumnRows(columns)
  assert len(rows) == 3 and len(ColumnRows({})) == 0
  assert rows[1]["scores"] == 2
  assert rows[1]["vectors"].tolist() == [0, 1, 0]
  assert np.shares_memory(rows[1]["vectors"], columns["vectors"])
  assert [row["scores"] for row in rows[1:]] == [2, 3]
  assert_equal(OutputRows.of(rows).stacked(), columns)
