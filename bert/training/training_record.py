"""What an output folder was trained with, and what a run trains it with."""

from typing import Any, Dict, Sequence

import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common.errors import UserError
from bert.model import checkpoint_choice
from bert.model import digests
from bert.training import flag_files
from bert.training.output_folder import OutputFolder
from bert.training.output_folder import read_task

# What task.json calls the data that a folder was trained and evaluated on.
TRAIN_SET, DEV_SET = "train_set", "dev_set"


def describe_set(examples: Sequence) -> Dict[str, Any]:
  """Returns what task.json says of a dataset: its size and digest."""
  return {"examples": len(examples), "digest": digests.of_texts(examples)}


class TrainingRecord:
  """A training of an output folder: its flags in run.flags, its data and
  evaluations in task.json.

  They are written before the first checkpoint with a step of the training; so
  the files say what was trained, not what a run asked for that had nothing left
  to do or was killed before it had done something.
  """

  def __init__(self, folder: OutputFolder, groups: Sequence, **facts: Any):
    """Takes the folder and what is written down.

    Args:
      folder: of the training.
      groups: its flags: options, or tuples of them; run among them.
      facts: further entries of task.json, such as train_set.
    """
    self._folder = folder
    self._groups = groups
    self._facts = facts

  def owes_evaluation(self) -> bool:
    """Whether a run of the same evaluations may have been killed before the
    last one, so that it is to be made though no step is left."""
    task = read_task(self._folder.path)
    if checkpoint_choice.EVAL_EVERY not in task:
      return bool(task)  # An earlier version does not say; another program not.
    return bool(task[checkpoint_choice.EVAL_EVERY]) and (
        task.get(DEV_SET) == self._facts.get(DEV_SET))

  def log_complete(self, done: int, last: int) -> None:
    """Logs that no step is left, and what the run would have trained with."""
    text = "Training is complete: %s is at step %d of %d" % (
        self._folder.path, done, last)
    old, new = self._differences()
    if old:
      tf.logging.warning(
          "%s. It was trained with %s; this run asks for %s, and trains "
          "nothing. Give another --output_dir, or more epochs or steps", text,
          " ".join(old), " ".join(new))
    else:
      tf.logging.info(text)
    if self._has_new_dev_set():
      tf.logging.warning("The evaluations of %s were on another dev set: what "
                         "is best was chosen by that one", self._folder.path)

  def log_start(self, done: int) -> None:
    """Logs what a training that resumes from a step does in another way."""
    old, new = self._differences()
    if done and old:
      tf.logging.warning("Until step %d trained with %s; from there with %s",
                         done, " ".join(old), " ".join(new))

  def choose_seed(self) -> int:
    """Returns the training's seed, by OutputFolder.choose_seed."""
    return self._folder.choose_seed(next(
        group.random_seed for group in command_line.flatten(self._groups)
        if hasattr(group, "random_seed")))

  def write(self, done: int, seed: int) -> None:
    """Writes down what is trained from a step on, and the seed."""
    lines = flag_files.read(self._folder.path)
    now = flag_files.lines_of(self._groups, without=("random_seed",))
    now.append("--random_seed=%d" % seed)
    if done and self._differences()[0]:
      now = flag_files.with_earlier(lines, now, done)
    elif done:
      now = [line for line in lines if line.startswith("#")] + now
    self._folder.open_to_train(seed, **self._facts)
    self._folder.write_lines(flag_files.NAME, now)

  def _differences(self):
    """Returns the flags that the folder was trained with and those of this run,
    where they differ; none of a folder without its flags."""
    lines = flag_files.read(self._folder.path)
    if not flag_files.parse(lines):
      return [], []
    return flag_files.differences(lines, self._groups)

  def _has_new_dev_set(self):
    task = read_task(self._folder.path)
    return bool(task.get(DEV_SET) and self._facts.get(DEV_SET) and
                task[DEV_SET] != self._facts[DEV_SET])


def check_same_set(folder: str, new: Dict[str, Any]) -> None:
  """Raises UserError if a folder was trained on another training set.

  Args:
    folder: path of an output folder.
    new: its number of examples or files, and digest, as describe_set has.
  """
  old = read_task(folder).get(TRAIN_SET)
  if not old or not new or old == new:
    return
  (unit,) = set(new) - {"digest"}
  raise UserError(
      "--output_dir=%s was trained on another training set (%d %s; this run has "
      "%d%s); give another --output_dir, or the old data" % (
          folder, old[unit], unit, new[unit],
          ", of which some differ" * (old[unit] == new[unit])))
