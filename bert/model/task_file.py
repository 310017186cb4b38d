"""task.json, which describes the model of an output folder."""

import os
from typing import Any, Dict, Tuple

import tensorflow.compat.v1 as tf

from bert.common import files

NAME = "task.json"
# The folder, in an output folder, of the checkpoint that evaluations chose.
BEST = "best"


def read(folder: str) -> Dict[str, Any]:
  """Returns the content of a folder's task.json, {} if there is none (as in
  the reference's folders).

  Raises:
    UserError: it is no JSON object.
  """
  path = os.path.join(folder, NAME)
  if not tf.gfile.Exists(path):
    return {}
  return files.read_json(path, needed=(
      "the object that training writes; remove the file, or give another "
      "--output_dir"))


def of_checkpoint(checkpoint: str) -> Tuple[str, Dict[str, Any]]:
  """Returns the output folder of a checkpoint, and its task.json."""
  folder = os.path.dirname(checkpoint)
  if os.path.basename(folder) == BEST:
    folder = os.path.dirname(folder)
  return folder, read(folder)
