"""An output folder: what lies in it, and for which task it was made."""

import contextlib
import json
import os
import random
import re
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import locks
from bert.common import machine
from bert.common.errors import UserError
from bert.encoders import registry
from bert.encoders.base import MODEL_TYPE
from bert.model import checkpoint_choice
from bert.model import checkpoint_files
from bert.model import checkpoints
from bert.model import model_settings
from bert.model import task_file
from bert.training import flag_files


class OutputFolder:
  """An output folder of a run.

  Attributes:
    path: of the folder; it may not exist yet.
    description: what task.json says of the run, but for its seed: task, labels,
      settings of the model and so on.
  """

  def __init__(self, path: str, description: Dict[str, Any]):
    self.path = path
    self.description = description
    self._task_time = None  # type: Optional[int]

  def join(self, name: str) -> str:
    """Returns the path of a file in the folder."""
    return os.path.join(self.path, name)

  def record_path(self, name: str) -> str:
    """Returns the record file of a dataset: train, eval or predict."""
    return self.join(name + ".tf_record")

  def latest(self) -> Optional[str]:
    """Returns the newest checkpoint's path without suffix, or None."""
    return checkpoints.latest(self.path)

  def chosen(self, choice: Optional[str] = None) -> Optional[str]:
    """Returns the checkpoint that is meant, by checkpoint_choice.of_folder."""
    return checkpoint_choice.of_folder(self.path, choice)

  def last_step(self) -> int:
    """Returns the step of the newest checkpoint, 0 without one."""
    return checkpoints.step_of(self.latest())

  def check(self) -> None:
    """Raises UserError if the folder was made for another task or model."""
    old = read_task(self.path)
    if not old:
      return
    families = registry.family_in(old), registry.family_in(self.description)
    if families[0] != families[1]:
      self._refuse(MODEL_TYPE, *families)
    for key, value in self.description.items():
      if key not in _SETTING_NAMES and key in old and old[key] != value:
        self._refuse(key, old[key], value)
    key = (model_settings.changed(old, self.description)
           if _SETTING_NAMES <= set(self.description) else None)
    if key:
      self._refuse(key, model_settings.value_in(old, key),
                   self.description[key])
    for key in model_settings.changed_free(old, self.description):
      tf.logging.warning("%s was made with --%s=%s, this run has %s", self.path,
                         key, old[key], self.description[key])

  def choose_seed(self, random_seed: Optional[int]) -> int:
    """Returns a training's seed: the one given, else that of the run that goes
    on in the folder, else a new one."""
    if random_seed is not None:
      return random_seed
    seed = read_task(self.path).get("random_seed")
    if seed is None:
      seed = random.SystemRandom().randrange(2**31)
      tf.logging.info("Random seed: %d (--random_seed repeats it)", seed)
    return seed

  @contextlib.contextmanager
  def in_use(self) -> Iterator[None]:
    """Makes the folder and keeps other runs out of it while the block runs.

    On an object store, which has no locks, a warning says that another run has
    written there meanwhile.

    Raises:
      UserError: another run has it, or it can't be written to.
    """
    files.make_folder(self.path)
    with locks.locked(self.path):
      try:
        yield
      finally:
        # A process may train many models: TensorFlow never closes these, and
        # glibc keeps what a graph took for its next use, but in other arenas.
        tf.summary.FileWriterCache.clear()
        machine.release_memory()
    if self._task_time is not None and self._task_time != self._stat_task():
      tf.logging.warning(
          "%s has changed meanwhile: another run has written to the folder, and "
          "files of both may be mixed; give each run its own --output_dir",
          self.join("task.json"))

  def open_to_train(self, random_seed: Optional[int], **facts: Any) -> int:
    """Writes task.json into the folder, which is in use; returns the training's
    seed.

    Args:
      random_seed: as of choose_seed.
      facts: what task.json also says, which later runs need not share.
    """
    seed = self.choose_seed(random_seed)
    self._write_task(dict(self.description, random_seed=seed, **facts))
    return seed

  def remove_partial(self, num_kept: int, num_steps: int) -> None:
    """Removes what a killed run was about to delete, and what it had not yet
    renamed; mends the file named checkpoint.

    Args:
      num_kept: --keep_checkpoint_max. Where the list of checkpoints is that
        long, the one before the oldest had been taken off it.
      num_steps: --save_checkpoints_steps, between two checkpoints.
    """
    files.remove_partial(self.path)
    checkpoint_files.repair_state(self.path)
    state = checkpoint_files.read_state(self.path)
    listed = list(state.all_model_checkpoint_paths) if state else []
    if listed and len(listed) == num_kept:
      dropped = "model.ckpt-%d" % (
          min(map(checkpoints.step_of, listed)) - num_steps)
      for suffix in (".index", ".meta", ".data-?????-of-?????"):
        for path in tf.gfile.Glob(self.join(dropped + suffix)):
          tf.gfile.Remove(path)

  def write_lines(self, name: str, lines: Iterable[str]) -> None:
    """Writes a text file, all or nothing."""
    files.write_text(self.join(name), lines)

  def write_results(self, results: Dict[str, float],
                    heading: str = "***** Eval results *****") -> None:
    """Writes and logs eval_results.txt, under a heading in the log."""
    lines = ["%s = %s" % (key, results[key]) for key in sorted(results)]
    tf.logging.info(heading)
    for line in lines:
      tf.logging.info("  %s", line)
    self.write_lines("eval_results.txt", lines)

  def write_scalars(self, step: int, values: Dict[str, float]) -> None:
    """Adds numbers to TensorBoard's events in eval/, in a file of their own."""
    if not values:
      return
    # Named by the second alone, files would take each other's place.
    suffix = ".metrics-%d" % step
    with tf.summary.FileWriter(self.join("eval"),
                               filename_suffix=suffix) as writer:
      writer.add_summary(tf.Summary(value=[
          tf.Summary.Value(tag=key, simple_value=float(value))
          for key, value in sorted(values.items())
          if key != "global_step"]), step)

  def _write_task(self, task):
    self.write_lines("task.json", [json.dumps(
        task, indent=2, sort_keys=True, ensure_ascii=False)])
    if locks.is_remote(self.path):
      self._task_time = self._stat_task()

  def _stat_task(self):
    """Returns when task.json was written."""
    return tf.gfile.Stat(self.join("task.json")).mtime_nsec

  def _refuse(self, key, old, new):
    raise UserError(
        "--output_dir=%s was made with %s %s, this run has %s; give another "
        "--output_dir, or the old setting" % (
            self.path, key, *_shown(old, new)))


class CheckedFolder:
  """An output folder that is checked, and used once all else is checked."""

  def __init__(self, folder: OutputFolder,
               check: Callable[[], Optional[str]]):
    """Checks the folder.

    Args:
      folder: of the run.
      check: returns the checkpoint to start from; raises UserError if the
        folder does not fit.
    """
    self._folder = folder
    self._check = check
    self._newest = folder.latest()
    self._checkpoint = check()

  @contextlib.contextmanager
  def in_use(self) -> Iterator[Optional[str]]:
    """Keeps other runs out of the folder; gives the block the checkpoint.

    Raises:
      UserError: another run has just ended in the folder, and now it does not
        fit.
    """
    with self._folder.in_use():
      if self._folder.latest() != self._newest:
        self._checkpoint = self._check()
      yield self._checkpoint


_SETTING_NAMES = {each.name for each in model_settings.SETTINGS}
# Whole names of what only a training needs.
_OF_TRAINING = re.compile(
    r"(model\.ckpt-\d+\.(index|meta|data-\d{5}-of-\d{5})|checkpoint|"
    r"graph\.pbtxt|(train|eval|predict)\.tf_record)$")


def remove_checkpoints(folder: str) -> None:
  """Removes the checkpoints and the records of a run; its results stay."""
  if not tf.gfile.IsDirectory(folder):  # The run failed before it had one.
    return
  for name in tf.gfile.ListDirectory(folder):
    if _OF_TRAINING.match(name):
      tf.gfile.Remove(os.path.join(folder, name))
  best = os.path.join(folder, task_file.BEST)
  if tf.gfile.IsDirectory(best):
    tf.gfile.DeleteRecursively(best)


def read_task(path: str) -> Dict[str, Any]:
  """Returns the content of a folder's task.json by today's names of settings,
  with those that an earlier version left to run.flags; {} if there is none.

  Raises:
    UserError: it is no JSON object.
  """
  task = model_settings.with_new_names(task_file.read(path))
  return model_settings.completed(task, flag_files.parse(
      flag_files.read(path))) if task else task


def _shown(old, new) -> List[str]:
  """Both values, of long lists only what differs."""
  if isinstance(old, list) and isinstance(new, list):
    differing = [pair for pair in zip(old, new) if pair[0] != pair[1]]
    if len(old) != len(new) or not differing:
      return ["(%d of them)" % len(old), "%d of them" % len(new)]
    return ["in which %r stands" % (differing[0][0],),
            "%r in its place" % (differing[0][1],)]
  return [repr(old), repr(new)]
