"""Checks ids from HTTP, as an invalid one would make the graph fail."""

from typing import Dict

import numpy as np

from bert.common.errors import UserError


def to_arrays(columns: Dict[str, list]) -> Dict[str, np.ndarray]:
  """Returns name -> int32 array [rows, ...], all of one shape.

  Raises:
    UserError: they are not.
  """
  arrays = {name: _to_array(name, values) for name, values in columns.items()}
  if len({array.shape for array in arrays.values()}) > 1:
    raise UserError("inputs have different shapes")
  return arrays


def check(arrays: Dict[str, np.ndarray], task: dict,
          num_sequences: int) -> None:
  """Raises UserError for shapes and ids that a model does not have.

  Args:
    arrays: from to_arrays.
    task: an export's task.json.
    num_sequences: of an input.
  """
  shape = next(iter(arrays.values())).shape
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
  for name, count in (("input_ids", task["vocab_size"]), ("input_mask", 2),
                      ("segment_ids", task["num_segment_ids"])):
    values = arrays.get(name)
    if values is not None and not 0 <= values.min() <= values.max() < count:
      raise UserError("%r must be from 0 to %d" % (name, count - 1))


def _to_array(name, values):
  try:
    array = np.array(values)
  except ValueError:
    array = np.array(None)
  if array.dtype.kind not in "iu" or array.ndim not in (2, 3) or (
      not array.size or np.abs(array).max() >= 2**31):
    raise UserError("%r must be lists of whole numbers, all of one length" %
                    name)
  return array.astype(np.int32)
