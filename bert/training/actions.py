"""What a run does with a task in a folder: trains, evaluates, predicts, exports.
"""

import functools
import itertools
import typing
from typing import Callable, Dict, Optional, Sequence

from bert.model import distribution
from bert.training.finetuning import FineTuning
from bert.training.output_folder import CheckedFolder
from bert.training.predictions import Rows

# Actions that are done with a dataset of the same name.
DATASETS = ("train", "eval", "predict")


class RunResult(typing.NamedTuple):
  """The results of a run; None where that was not asked for.

  Attributes:
    results: the content of eval_results.txt.
    rows: the head's outputs for each example of the test set.
  """
  results: Optional[Dict[str, float]]
  rows: Optional[Rows]


def run(finetuning: FineTuning, actions: Sequence[str],
        read: Callable, should_stop: Optional[Callable] = None) -> RunResult:
  """Trains, evaluates, predicts and exports, as asked for.

  Args:
    finetuning: the task and its folder.
    actions: any of train, eval, predict, export, and onnx with export.
    read: names of datasets -> name -> examples.
    should_stop: as of FineTuning.train.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  is_training = "train" in actions
  has_eval_every = is_training and bool(
      finetuning.flags.evaluation.eval_every)
  folder = CheckedFolder(finetuning.folder, functools.partial(
      finetuning.check_folder, is_training))
  examples = read([name for name in DATASETS
                   if name in actions or name == "eval" and has_eval_every])
  if is_training:
    finetuning.check_training(examples["train"])
  finetuning.prepare(examples)
  with folder.in_use() as checkpoint:
    if is_training:
      checkpoint = finetuning.train(
          examples["train"], examples["eval"] if has_eval_every else None,
          should_stop)
    return _use(finetuning, actions, examples, checkpoint)


def _use(finetuning, actions, examples, checkpoint):
  """Evaluates, predicts and exports a checkpoint, as asked for."""
  results = rows = None
  if "eval" in actions:
    is_predicted = "predict" in actions and (
        examples["predict"] is examples["eval"])
    results = finetuning.evaluations.evaluate(
        examples["eval"], checkpoint,
        finetuning.predictions.keep if is_predicted else None)
  if "predict" in actions:
    rows = finetuning.predictions.predict(examples["predict"], checkpoint)
  if "export" in actions and distribution.workers().is_first:
    finetuning.export(
        checkpoint, finetuning.task.head.text_facts(
            itertools.chain.from_iterable(examples.values())),
        "onnx" in actions,
        examples.get("eval") or examples.get("predict") or ())
  return RunResult(results, rows)
