"""What all fine-tuning commands do, from the checks to the results."""

import typing
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np

from bert import options
from bert.training import checkpoints
from bert.training import estimator
from bert.training.job import Job
from bert.training.task import Flags


def check(flags: Flags, wanted: Sequence[str]) -> None:
  """Raises UserError for flags that do not fit each other or the machine.

  Args:
    flags: the command line.
    wanted: what is to be done: train, eval, predict, export.
  """
  options.check_tpu(flags.tpu, {
      name: getattr(flags.training, name + "_batch_size") for name in wanted
      if name != "export"})
  options.check_speed(flags.speed, flags.training.train_batch_size,
                      flags.tpu.use_tpu)
  options.check_head(flags.head, flags.data, flags.speed)
  options.check_watch(flags.watch, flags.tpu.use_tpu)
  estimator.check_precision(flags.speed.precision)
  checkpoints.check_name(flags.run.output_dir)


def run(job: Job, wanted: Sequence[str], read: Callable) -> "Findings":
  """Trains, evaluates and predicts, as wanted.

  Args:
    job: the task and its folder.
    wanted: any of train, eval, predict, export.
    read: names of sets -> name -> examples.

  Returns:
    What evaluation and prediction found, where wanted.

  Raises:
    UserError: before anything is written, if something does not fit.
  """
  is_training = "train" in wanted
  is_watched = is_training and bool(job.flags.watch.eval_every)
  checkpoint = job.check_folder(is_training)
  examples = read([name for name in ("train", "eval", "predict")
                   if name in wanted or name == "eval" and is_watched])
  if is_training:
    job.check_training(examples["train"])
  seed = job.open_folder(is_training)
  if is_training:
    job.train(examples["train"], examples["eval"] if is_watched else None, seed)
    checkpoint = checkpoints.best_or_latest(job.folder)
  evaluation_found = prediction_found = None
  if "eval" in wanted:
    evaluation_found = job.evaluate(examples["eval"], checkpoint)
  if "predict" in wanted:
    prediction_found = job.predict(examples["predict"], checkpoint)
  if "export" in wanted:
    job.export(checkpoint)
  return Findings(evaluation_found, prediction_found)


class Findings(typing.NamedTuple):
  """What a run found; None where that was not wanted.

  Attributes:
    results: what eval_results.txt says.
    rows: the head's outputs of each example of the test set.
  """
  results: Optional[Dict[str, float]]
  rows: Optional[List[Dict[str, np.ndarray]]]
