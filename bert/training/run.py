"""From checked flags to a run of fine-tuning: what all its commands do."""

import functools
from typing import Callable, Sequence

from bert.model import distribution
from bert.model.start import start
from bert.options import FineTuningFlags
from bert.options import FoldOptions
from bert.training import actions as actions_lib
from bert.training import finetuning
from bert.training import folds
from bert.training import onnx_files
from bert.training import task as tasks
from bert.training import trials


def run(flags: FineTuningFlags, actions: Sequence[str], num_trials: int,
        load_processor: Callable) -> None:
  """Trains, evaluates, predicts and exports, as asked for.

  Args:
    flags: the command line.
    actions: any of train, eval, predict, export, and onnx with export.
    num_trials: how many seeds to train with.
    load_processor: returns where the examples come from.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  flags = start(flags)
  if "onnx" in actions:
    onnx_files.check_libraries()
  task = tasks.load(flags, load_processor())
  tuning = finetuning.FineTuning(flags, task)
  if "train" in actions:
    # Before --train_fraction is drawn by it: run.flags then has the same share.
    tuning = tuning.variant(random_seed=distribution.workers().share(
        tuning.folder.choose_seed(flags.run.random_seed)))
  read = functools.partial(tasks.read_examples, tuning.flags, task)
  if num_trials > 1:
    trials.run(tuning, actions, num_trials, read)
  else:
    actions_lib.run(tuning, actions, read)


def run_folds(flags: FineTuningFlags, folding: FoldOptions,
              load_processor: Callable) -> None:
  """Trains a model a fold; predicts the test set with all of them, if asked to.

  Args:
    flags, load_processor: as of run.
    folding: how many folds, and what they start from.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  flags = start(flags)
  task = tasks.load(flags, load_processor())
  if folding.do_predict:
    task.head.check_averaging()
  tuning = folds.with_seed(finetuning.FineTuning(flags, task), folding)
  folds.run(tuning, folding, tasks.read_examples(
      tuning.flags, task, ["train"] + ["predict"] * folding.do_predict))
