"""From checked flags to a run of fine-tuning: what all its commands do."""

import functools
from typing import Callable, Optional, Sequence

from bert.model import distribution
from bert.model import model_settings
from bert.model import onnx_files
from bert.model.start import start
from bert.options.finetuning import check_fine_tuning
from bert.options.finetuning import FineTuningFlags
from bert.training import actions as actions_lib
from bert.training import task as tasks
from bert.training import trials
from bert.training.finetuning import FineTuning
from bert.training.output_folder import read_task


def run(flags: FineTuningFlags, actions: Sequence[str], num_trials: int,
        load_processor: Callable,
        command_flags: Optional[Callable] = None) -> None:
  """Trains, evaluates, predicts and exports, as asked for.

  Args:
    flags: the command line.
    actions: any of train, eval, predict, export, and onnx with export.
    num_trials: how many seeds to train with.
    load_processor: flags -> where the examples come from.
    command_flags: flags -> the groups of a command with others than
      run_classifier.py, which run.flags is written of.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  flags = start(flags)
  if "onnx" in actions:
    onnx_files.check_libraries()
  flags = with_folder(flags, actions)
  task = tasks.load(flags, load_processor(flags))
  tuning = FineTuning(flags, task, command_flags=command_flags)
  if "train" in actions:
    # Before --train_fraction is drawn by it: run.flags then has the same share.
    tuning = tuning.variant(random_seed=distribution.workers().share(
        tuning.folder.choose_seed(flags.run.random_seed)))
  read = functools.partial(tasks.read_examples, tuning.flags, task)
  if num_trials > 1:
    trials.run(tuning, actions, num_trials, read)
  else:
    actions_lib.run(tuning, actions, read)


def with_folder(flags: FineTuningFlags,
                actions: Sequence[str]) -> FineTuningFlags:
  """Returns the flags with the settings that --output_dir was made with in
  place of those that are not given.

  Args:
    flags: the command line.
    actions: as of run.

  Raises:
    UserError: they do not fit the flags that are given.
  """
  workers = distribution.workers()
  adopted = model_settings.adopt(flags, workers.share(
      read_task(flags.run.output_dir) if workers.is_first else None))
  if adopted is not flags:
    check_fine_tuning(adopted, actions)
  return adopted
