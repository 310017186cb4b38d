"""eval_predictions.json: the labels and predictions of a dev set, kept so that
runs can be compared example by example.
"""

import json
import os
import typing
from typing import List, Sequence

import numpy as np

from bert.common import files
from bert.common.errors import UserError
from bert.data import label_types
from bert.data.label_types import LabelType
from bert.evaluation.eval_prediction import EvalPrediction

NAME = "eval_predictions.json"


class Predictions(typing.NamedTuple):
  """What the file holds.

  Attributes:
    label_type: of the task.
    metrics: names of the metrics that it is scored by.
    guids: of the examples.
    eval_prediction: their labels and predictions.
  """
  label_type: LabelType
  metrics: List[str]
  guids: List[str]
  eval_prediction: EvalPrediction


def write(folder: str, predictions: Predictions) -> None:
  """Writes the file into an output folder, if all outputs are numbers."""
  if not predictions.eval_prediction.is_finite():
    return
  content = {"label_type": predictions.label_type.name,
             "metrics": list(predictions.metrics),
             "guids": list(predictions.guids)}
  for name, value in predictions.eval_prediction._asdict().items():
    content[name] = (_rounded(value) if isinstance(value, np.ndarray) else
                     value)
  # One key holds both, as in files of earlier versions; no task has both.
  content["scheme"] = content.pop("answer_rule") or content["scheme"]
  files.write_text(os.path.join(folder, NAME),
                   [json.dumps(content, ensure_ascii=False)])


def read(folder: str) -> Predictions:
  """Reads the file of an output folder.

  Raises:
    UserError: there is none, or it is something else.
  """
  path = os.path.join(folder, NAME)
  content = files.read_json(path)
  try:
    label_type = label_types.BY_NAME[content["label_type"]]
    metrics, guids = content["metrics"], content["guids"]
    scheme, is_answers = content["scheme"], label_type is label_types.ANSWERS
    content.update(scheme=None if is_answers else scheme,
                   answer_rule=scheme if is_answers else None)
    values = {name: content[name] for name in EvalPrediction._fields}
  except (KeyError, TypeError):
    raise UserError("%s: not the program's own; evaluate again" % path)
  lists = () if label_type.is_array else ("labels", "predicted")
  for name, value in values.items():
    if isinstance(value, list) and name not in lists:
      values[name] = np.array(value)
  return Predictions(label_type, metrics, guids, EvalPrediction(**values))


def take(predictions: EvalPrediction,
         indices: Sequence[int]) -> EvalPrediction:
  """Returns the labels and predictions of some examples."""
  return EvalPrediction(*[_take(value, indices) for value in predictions])


def _take(value, indices):
  if isinstance(value, np.ndarray):
    return value[indices]
  if isinstance(value, list):
    return [value[index] for index in indices]
  return value


def _rounded(array):
  if array.dtype.kind == "f":
    # Float32 has about seven significant digits.
    return np.vectorize(lambda value: float("%.7g" % value),
                        otypes=[float])(array).tolist()
  return array.tolist()
