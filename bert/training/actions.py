"""What a run does with a task in a folder: trains, evaluates, predicts, exports.
"""

import itertools
import typing
from typing import Callable, Dict, Optional, Sequence

from bert.data.examples import have_pairs
from bert.model import distribution
from bert.training.finetuning import FineTuning
from bert.training.finetuning import Rows

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
        read: Callable) -> RunResult:
  """Trains, evaluates, predicts and exports, as asked for.

  Args:
    finetuning: the task and its folder.
    actions: any of train, eval, predict, export, and onnx with export.
    read: names of datasets -> name -> examples.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  is_training = "train" in actions
  has_eval_every = is_training and bool(
      finetuning.flags.evaluation.eval_every)
  checkpoint = finetuning.check_folder(is_training)
  examples = read([name for name in DATASETS
                   if name in actions or name == "eval" and has_eval_every])
  if is_training:
    finetuning.check_training(examples["train"])
  finetuning.expect(examples)
  newest = finetuning.folder.latest()
  with finetuning.folder.in_use():
    if finetuning.folder.latest() != newest:  # A run has ended just now.
      checkpoint = finetuning.check_folder(is_training)
    if is_training:
      checkpoint = finetuning.train(
          examples["train"], examples["eval"] if has_eval_every else None)
    return _use(finetuning, actions, examples, checkpoint)


def _use(finetuning, actions, examples, checkpoint):
  """Evaluates, predicts and exports a checkpoint, as asked for."""
  results = rows = None
  if "eval" in actions:
    results = finetuning.evaluate(
        examples["eval"], checkpoint,
        "predict" in actions and examples["predict"] is examples["eval"])
  if "predict" in actions:
    rows = finetuning.predict(examples["predict"], checkpoint)
  if "export" in actions and distribution.workers().is_first:
    finetuning.export(
        checkpoint, have_pairs(itertools.chain.from_iterable(
            examples.values())), "onnx" in actions,
        examples.get("eval") or examples.get("predict") or ())
  return RunResult(results, rows)
