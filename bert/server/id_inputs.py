"""Checks ids from clients, as an invalid one would make the graph fail, and
one batch has those of several clients."""

import functools
import typing
from typing import Any, Callable, Dict, Optional, Tuple

import numpy as np

from bert.common.errors import UserError
from bert.common.errors import shortened

# Axes: texts, windows or choices of a text, tokens.
MAX_RANK = 3


class Column(typing.NamedTuple):
  """An input of a request: its shape, and what makes an array of it once that
  is checked."""
  shape: Tuple[int, ...]
  read: Callable[[], np.ndarray]


def column_of_lists(name: str, values: Any) -> Column:
  """Returns lists from JSON as a column.

  Raises:
    UserError: they are no lists of whole numbers, or of different lengths.
  """
  shape = _shape_of(values, MAX_RANK)
  if shape is None or len(shape) < 2:
    raise not_whole(name)
  return Column(shape, functools.partial(np.array, values, np.int64))


def not_whole(name: str) -> UserError:
  """Returns the error for an input that is something else than ids."""
  return UserError("%r must be lists of whole numbers, all of one length" %
                   shortened(name))


def check_shapes(columns: Dict[str, Column], task: dict,
                 num_sequences: int) -> Tuple[int, ...]:
  """Returns the shape of inputs.

  Args:
    columns: name -> Column, one at least.
    task: an export's task.json.
    num_sequences: of an input.

  Raises:
    UserError: they have different ones, or one that the model does not read.
  """
  shapes = {column.shape for column in columns.values()}
  if len(shapes) > 1:
    raise UserError("inputs have different shapes")
  (shape,) = shapes
  rank = 3 if num_sequences > 1 else 2
  if len(shape) != rank:
    raise UserError("inputs must be of rank %d" % rank)
  if rank == 3 and shape[1] != num_sequences:
    raise UserError("%d sequences an input; the model reads %d" % (
        shape[1], num_sequences))
  most = task["max_positions"]
  if most is not None and shape[-1] > most:
    raise UserError("%d tokens; the model has %d positions" % (
        shape[-1], most))
  # Without positions, memory is the limit, as attention's is quadratic.
  if most is None and shape[-1] > task["max_seq_length"]:
    raise UserError("%d tokens; the model reads %d (max_seq_length)" % (
        shape[-1], task["max_seq_length"]))
  return shape


def read(columns: Dict[str, Column], task: dict) -> Dict[str, np.ndarray]:
  """Returns name -> int32 array; raises UserError for ids that a model does not
  have. Shapes are checked before."""
  counts = {"input_ids": task["vocab_size"], "input_mask": 2,
            "segment_ids": task["num_segment_ids"]}
  if "labels" in task:  # A word starts with 1, or the number of a label from 1.
    counts["word_starts"] = len(task["labels"]) + 1
  return {name: _read(name, column, counts.get(name))
          for name, column in columns.items()}


def _read(name, column, count):
  try:
    array = column.read()
  except OverflowError:
    raise not_whole(name)
  # Compared as Python's numbers: -2**63 has no absolute value in int64.
  least, most = int(array.min()), int(array.max())
  if count is not None and not 0 <= least <= most < count:
    raise UserError("%r must be from 0 to %d" % (name, count - 1))
  if not -2**31 <= least <= most < 2**31:
    raise not_whole(name)
  return array.astype(np.int32)


def _shape_of(values, max_rank) -> Optional[Tuple[int, ...]]:
  """Returns the shape of lists in lists; None if they have none."""
  if not isinstance(values, list) or not values or not max_rank:
    return None
  if set(map(type, values)) == {int}:  # A bool is an int, but is no id.
    return (len(values),)
  shapes = {_shape_of(each, max_rank - 1) for each in values}
  (shape,) = shapes if len(shapes) == 1 else (None,)
  return shape and (len(values),) + shape
