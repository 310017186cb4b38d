"""The same training with several seeds: how much of a score is chance."""

import os
from typing import Callable, Dict, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.training import finetuning
from bert.training.job import Job


def run(job: Job, wanted: Sequence[str], num_trials: int,
        read: Callable) -> None:
  """Trains num_trials models in output_dir/trial_1, trial_2, ...

  Writes trials.txt, a table of all scores with mean and standard deviation, and
  the files of the best one again into output_dir.

  Args:
    job: the task and its folder.
    wanted: as of finetuning.run; train and eval at least.
    num_trials: how many seeds, from --random_seed on.
    read: as of finetuning.run.

  Raises:
    UserError: train or eval is not wanted.
  """
  if not {"train", "eval"} <= set(wanted):
    raise UserError("--num_trials=%d needs --do_train and --do_eval" %
                    num_trials)
  examples = read(wanted)
  job.check_training(examples["train"])
  job.check_task()
  seed = job.choose_seed()
  job = job.variant(random_seed=seed)
  jobs = [job.variant(output_dir=os.path.join(
      job.folder, "trial_%d" % number), random_seed=seed + number - 1)
          for number in range(1, num_trials + 1)]
  for each in jobs:
    each.check_folder(True)
  job.open_folder(True)
  found = []
  for number, each in enumerate(jobs, 1):
    tf.logging.info("***** Trial %d of %d *****", number, num_trials)
    found.append(finetuning.run(each, wanted, lambda _: examples).results)
  policy = job.policy()
  best = 0
  for number, results in enumerate(found):
    if policy.is_better(results, found[best]):
      best = number
  files.write_text(os.path.join(job.folder, "trials.txt"), table(
      [each.flags.run.random_seed for each in jobs], found))
  _copy_results(jobs[best].folder, job.folder)
  tf.logging.info("Best of %d trials by %s: trial_%d; all are in trials.txt",
                  num_trials, policy.metric, best + 1)


def table(names: Sequence, found: List[Dict[str, float]]) -> List[str]:
  """Returns lines with tabs: a row a run, then mean and standard deviation."""
  # A score that is not defined for a model is left out of its results.
  keys = sorted(set(found[0]).intersection(*found[1:]) - {"global_step"})
  lines = ["\t".join(["run"] + keys)]
  for name, results in zip(names, found):
    lines.append("\t".join([str(name)] + ["%.4f" % results[key]
                                          for key in keys]))
  values = np.array([[results[key] for key in keys] for results in found])
  for name, numbers in (("mean", values.mean(axis=0)),
                        ("standard deviation", values.std(axis=0, ddof=1))):
    lines.append("\t".join([name] + ["%.4f" % number for number in numbers]))
  return lines


def _copy_results(source: str, target: str) -> None:
  for name in tf.gfile.ListDirectory(source):
    if name.startswith(("eval_", "test_")) and "." in name and (
        not name.endswith(".tf_record")):
      with files.replacing(os.path.join(target, name)) as partial:
        tf.gfile.Copy(os.path.join(source, name), partial, overwrite=True)
