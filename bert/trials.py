"""The same training with several seeds: how much of a score is chance."""

import dataclasses
import os
from typing import Callable, Dict, List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import files
from bert import finetuning
from bert import history
from bert import metrics
from bert.errors import UserError
from bert.job import Job


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
  examples = {}

  def read_once(names):
    if not examples:
      examples.update(read(names))
    return examples

  first_seed = job.open_folder(True)
  found = []
  for number in range(num_trials):
    folder = os.path.join(job.folder, "trial_%d" % (number + 1))
    tf.logging.info("***** Trial %d of %d *****", number + 1, num_trials)
    found.append(finetuning.run(
        in_folder(job, folder, first_seed + number), wanted,
        read_once).results)
  metric = metrics.key_of(job.flags.watch.best_metric, job.task.metrics,
                          job.task.head.kind)
  policy = history.Policy(metric)
  best = 0
  for number, results in enumerate(found):
    if policy.is_better(results, found[best]):
      best = number
  files.write_text(os.path.join(job.folder, "trials.txt"),
                   table([first_seed + number for number in range(num_trials)],
                         found))
  _copy_results(os.path.join(job.folder, "trial_%d" % (best + 1)), job.folder)
  tf.logging.info("Best of %d trials by %s: trial_%d; all are in trials.txt",
                  num_trials, metric, best + 1)


def in_folder(job: Job, folder: str, seed: int) -> Job:
  """Returns a job like another, in another folder and with another seed."""
  flags = job.flags._replace(run=dataclasses.replace(
      job.flags.run, output_dir=folder, random_seed=seed % 2**31))
  return Job(flags, job.task)


def table(names: Sequence, found: List[Dict[str, float]]) -> List[str]:
  """Returns lines with tabs: a row a run, then mean and standard deviation."""
  keys = sorted(key for key in found[0] if key != "global_step")
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
