"""Files of a fold: its results, fold.npz; from the start of its training, what
they depend on, conditions.json."""

import io
import json
import os
import typing
import zipfile
from typing import Dict, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.model.output_rows import ColumnRows
from bert.model.output_rows import OutputRows
from bert.training.conditions import Conditions

NAME = "fold.npz"
_CONDITIONS = "conditions.json"
Rows = Sequence[Dict[str, np.ndarray]]


class Fold(typing.NamedTuple):
  """The results of a fold's model.

  Attributes:
    results: the content of its eval_results.txt.
    rows: the head's outputs of the examples that it was not trained on.
    test_rows: of the test set; empty without one.
  """
  results: Dict[str, float]
  rows: Rows
  test_rows: Rows


class Stored(typing.NamedTuple):
  """A fold's stored results, and what they depend on.

  Attributes:
    fold: the results.
    conditions: of the training; {} if an earlier version wrote the file.
    test: the digest of the test set, as conditions; {} without one.
  """
  fold: Fold
  conditions: Conditions
  test: Conditions

  @property
  def num_rows(self) -> int:
    return len(self.fold.rows)


def write(path: str, stored: Stored) -> None:
  """Writes a fold's results, all or nothing."""
  fold = stored.fold
  results = {name: float(value) for name, value in fold.results.items()}
  arrays = {name: np.array(json.dumps(value)) for name, value in (
      ("results", results), ("conditions", stored.conditions),
      ("test", stored.test))}
  for prefix, rows in (("rows", fold.rows), ("test_rows", fold.test_rows)):
    arrays.update({"%s/%s" % (prefix, name): values
                   for name, values in OutputRows.of(rows).stacked().items()})
  content = io.BytesIO()
  np.savez(content, **arrays)
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "wb") as writer:
      writer.write(content.getvalue())


def read(path: str) -> Stored:
  """Reads a file of write; raises UserError for another file."""
  with tf.gfile.GFile(path, "rb") as reader:
    content = io.BytesIO(reader.read())
  try:
    arrays = dict(np.load(content, allow_pickle=False))
    facts = [json.loads(str(arrays.get(name, "{}")))
             for name in ("results", "conditions", "test")]
  except (ValueError, zipfile.BadZipFile):
    raise UserError("%s: not the program's own; remove it, and the fold is "
                    "trained again" % path)
  return Stored(Fold(facts[0], _rows(arrays, "rows/"),
                     _rows(arrays, "test_rows/")), *facts[1:])


def write_conditions(folder: str, conditions: Conditions) -> None:
  """Writes what a training depends on, when it starts or resumes."""
  files.write_text(os.path.join(folder, _CONDITIONS), [json.dumps(
      conditions, indent=2, sort_keys=True)])


def read_conditions(folder: str) -> Conditions:
  """Returns what the training in a folder depends on; {} without a training, or
  for one of an earlier version."""
  path = os.path.join(folder, _CONDITIONS)
  if not tf.gfile.Exists(path):
    return {}
  try:
    return dict(json.loads(files.read_text(path)))
  except (TypeError, ValueError):
    raise UserError("%s: not the program's own; remove the folder, and the fold "
                    "is trained again" % path)


def remove(path: str) -> None:
  """Removes the file, if it exists."""
  if tf.gfile.Exists(path):
    tf.gfile.Remove(path)


def _rows(arrays, prefix):
  columns = {name[len(prefix):]: values for name, values in arrays.items()
             if name.startswith(prefix)}
  return ColumnRows(columns) if columns else []
