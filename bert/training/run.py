"""From checked flags to a run of fine-tuning: what all its commands do."""

import functools
from typing import Callable, Sequence

from bert.model import checkpoints
from bert.model import distribution
from bert.model import estimator
from bert.options import FineTuningFlags
from bert.training import actions as actions_lib
from bert.training import finetuning
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
  flags = distribution.join(flags)
  estimator.check_precision(flags.speed.precision)
  if "onnx" in actions:
    onnx_files.check_libraries()
  flags = flags._replace(model=checkpoints.resolve_init(flags.model))
  task = tasks.load(flags, load_processor())
  tuning = finetuning.FineTuning(flags, task)
  read = functools.partial(tasks.read_examples, flags, task)
  if num_trials > 1:
    trials.run(tuning, actions, num_trials, read)
  else:
    actions_lib.run(tuning, actions, read)
