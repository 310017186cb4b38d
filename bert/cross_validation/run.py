"""Runs a cross-validation from checked flags."""

from typing import Callable

from bert.cross_validation import folds
from bert.model.start import start
from bert.options.finetuning import FineTuningFlags
from bert.options.finetuning import FoldOptions
from bert.training import run as training_run
from bert.training import task as tasks
from bert.training.finetuning import FineTuning


def run(flags: FineTuningFlags, folding: FoldOptions,
        load_processor: Callable) -> None:
  """Trains a model per fold; with --do_predict, predicts the test set with all
  of them.

  Args:
    flags, load_processor: as in training.run.run.
    folding: number of folds, and their initial checkpoints.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  datasets = ["train"] + ["predict"] * folding.do_predict
  flags = training_run.with_folder(start(flags), datasets + ["eval"])
  task = tasks.load(flags, load_processor(flags))
  if folding.do_predict:
    task.head.check_averaging()
  tuning = folds.with_seed(FineTuning(flags, task), folding)
  folds.run(tuning, folding, tasks.read_examples(tuning.flags, task, datasets))
