"""Ids from clients, against the limits of a model."""
import numpy as np
import pytest

from bert.server import id_inputs
from mistakes import message_of

COLUMNS = {"input_ids": [[1, 2, 0]], "segment_ids": [[0, 1, 0]]}
TASK = {"vocab_size": 3, "max_positions": 3, "num_segment_ids": 2,
        "max_seq_length": 3, "labels": ["O", "B"]}


def read(columns, task, num_sequences=1):
  made = {name: id_inputs.column_of_lists(name, values)
          for name, values in columns.items()}
  id_inputs.check_shapes(made, task, num_sequences)
  return id_inputs.read(made, task)


@pytest.mark.parametrize("max_positions", [3, None])
def test_ids_within_the_limits_pass(max_positions):
  arrays = read(COLUMNS, dict(TASK, max_positions=max_positions))
  assert {name: array.tolist() for name, array in arrays.items()} == COLUMNS
  assert {array.dtype for array in arrays.values()} == {np.dtype(np.int32)}


@pytest.mark.parametrize("limit, expected", [
    (dict(max_positions=2), "3 tokens; the model has 2 positions"),
    # A family without positions has as many as its texts are read with.
    (dict(max_positions=None, max_seq_length=2), "the model reads 2"),
    (dict(vocab_size=2), "'input_ids' must be from 0 to 1"),
    (dict(num_segment_ids=1), "'segment_ids' must be from 0 to 0")])
def test_limit_is_named(limit, expected):
  assert expected in message_of(read, COLUMNS, dict(TASK, **limit))


@pytest.mark.parametrize("number", [3, -1, 2**31, -2**63, 2**63, 2**64, 10**99])
@pytest.mark.parametrize("name", ["input_ids", "input_mask", "segment_ids",
                                  "word_starts"])
def test_number_out_of_range_is_refused(name, number):
  assert repr(name) in message_of(read, {name: [[0, number, 0]]}, TASK)


@pytest.mark.parametrize("number", [-2**31 - 1, 2**31, -2**63, 10**99])
def test_number_of_an_unknown_input_is_of_32_bits(number):
  assert "whole numbers" in message_of(read, {"other": [[0, number]]}, TASK)


@pytest.mark.parametrize("values", [
    None, 1, "a", {}, [], [[]], [1], [[True]], [[1, True]], [[1, 1.0]], [[None]],
    [["1"]], [[1], [1, 2]], [[1], 1], [[1], [[1]]], [[[[1]]]], [{}], [[1], None],
    [[float("nan")]]], ids=repr)
def test_what_is_no_list_of_ids_is_refused(values):
  assert "'input_ids' must be lists of whole numbers" in message_of(
      read, {"input_ids": values}, TASK)


def test_shapes_are_checked_before_anything_is_read():
  def read_never():
    raise AssertionError()

  for shape in ((1, 4), (1, 2, 3), (1,)):
    message_of(id_inputs.check_shapes,
               {"input_ids": id_inputs.Column(shape, read_never)}, TASK, 1)
