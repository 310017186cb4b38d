"""The same training with several seeds: how much of a score is chance."""

import os
from typing import Callable, Dict, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.model import distribution
from bert.training import actions as actions_lib
from bert.training.finetuning import FineTuning
from bert.training.output_folder import read_task


def run(finetuning: FineTuning, actions: Sequence[str], num_trials: int,
        read: Callable) -> None:
  """Trains num_trials models in output_dir/trial_1, trial_2, ...

  Writes trials.txt, a table of all scores with mean and standard deviation, and
  the files of the best one again into output_dir.

  Args:
    finetuning: the task and its folder.
    actions: as of actions.run; train and eval at least.
    num_trials: how many seeds, from --random_seed on.
    read: as of actions.run.
  """
  examples = read([name for name in actions_lib.DATASETS if name in actions])
  finetuning.check_training(examples["train"], is_parent=True)
  finetuning.folder.check()
  _check_seed(finetuning)
  seed = distribution.workers().share(
      finetuning.folder.choose_seed(finetuning.flags.run.random_seed))
  models = [finetuning.variant(
      output_dir=finetuning.folder.join("trial_%d" % number),
      random_seed=seed + number - 1) for number in range(1, num_trials + 1)]
  for each in models:
    each.check_folder(True)
  with finetuning.folder.in_use():
    if not read_task(finetuning.folder.path):
      finetuning.folder.open_to_train(seed)
    _run_all(finetuning, models, actions, examples)


def _check_seed(finetuning):
  """Raises UserError for other seeds than those of the trials there."""
  old = read_task(finetuning.folder.path).get("random_seed")
  new = finetuning.flags.run.random_seed
  if None not in (old, new) and old != new:
    raise UserError("--random_seed=%d: the trials of --output_dir=%s began with "
                    "%d; leave it out, or give another --output_dir" % (
                        new, finetuning.folder.path, old))


def _run_all(finetuning, models, actions, examples):
  trials = []
  for number, each in enumerate(models, 1):
    tf.logging.info("***** Trial %d of %d *****", number, len(models))
    trials.append(actions_lib.run(each, actions, lambda _: examples).results)
  config = finetuning.evaluations.early_stopping()
  best = 0
  for number, results in enumerate(trials):
    if config.is_better(results, trials[best]):
      best = number
  finetuning.folder.write_lines("trials.txt", table([
      # Of one that was trained before, it may be another than is asked for.
      read_task(each.folder.path).get("random_seed", each.flags.run.random_seed)
      for each in models], trials))
  copy_results(models[best].folder.path, finetuning.folder.path)
  tf.logging.info("Best of %d trials by %s: trial_%d; all are in trials.txt",
                  len(models), config.metric, best + 1)


def table(names: Sequence, runs: List[Dict[str, float]]) -> List[str]:
  """Returns lines with tabs: a row a run, then mean and standard deviation."""
  # A score that is not defined for a model is left out of its results.
  keys = sorted(set(runs[0]).intersection(*runs[1:]) - {"global_step"})
  lines = ["\t".join(["run"] + keys)]
  for name, results in zip(names, runs):
    lines.append("\t".join([str(name)] + ["%.4f" % results[key]
                                          for key in keys]))
  values = np.array([[results[key] for key in keys] for results in runs])
  for name, numbers in (("mean", values.mean(axis=0)),
                        ("standard deviation", values.std(axis=0, ddof=1))):
    lines.append("\t".join([name] + ["%.4f" % number for number in numbers]))
  return lines


def copy_results(source: str, target: str) -> None:
  """Copies the files of results from an output folder to another."""
  for name in tf.gfile.ListDirectory(source):
    is_result = name.startswith(("eval_", "test_")) and "." in name and (
        not name.endswith(".tf_record"))
    if is_result or name.endswith(".json") and name != "task.json":
      with files.replacing(os.path.join(target, name)) as partial:
        tf.gfile.Copy(os.path.join(source, name), partial, overwrite=True)
