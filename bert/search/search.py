"""A search for the best settings: trainings, their table, the best one's files.
"""

import dataclasses
import math
import os
import time
from typing import Callable, Dict, List

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.model import checkpoints
from bert.model.start import start
from bert.options.finetuning import FineTuningFlags
from bert.options.search import SearchOptions
from bert.search import figures
from bert.search import results
from bert.search.space import Dimension
from bert.search.study import Study
from bert.search.study import StudySettings
from bert.training import actions as actions_lib
from bert.training import conditions
from bert.training import output_folder
from bert.training import task as tasks
from bert.training import trials as trials_lib
from bert.training.finetuning import FineTuning

# Errors that fail one trial; the search continues.
_OF_A_TRIAL = (UserError, MemoryError, tf.errors.ResourceExhaustedError)

# What conditions call datasets, and the content of flags' files.
_DATASETS = {"train": "training set", "eval": "dev set"}
_FILES = {"vocab_file": "vocabulary", "bert_config_file": "configuration",
          "init_checkpoint": "initial weights", "task_name": "labels"}


def run(base: FineTuningFlags, search: SearchOptions,
        space: List[Dimension], parse: Callable[[Dict], FineTuningFlags],
        load_processor: Callable) -> None:
  """Makes the trials of a search, then uses the best one.

  Args:
    base: the flags of the command line.
    search: how many trials, of which sampler, and what the best one is for.
    space: what is searched.
    parse: flag -> value -> the command line's flags with these.
    load_processor: data options -> where examples come from.

  Raises:
    UserError: before anything is trained, if something does not fit; or no
      trial is complete.
  """
  actions = [name for name in ("predict", "export")
             if getattr(search, "do_" + name)]
  Search(base, search, space, parse, load_processor).run(actions)


class Search:
  """Runs the trials of a search, beside other processes that do so too."""

  def __init__(self, base, search, space, parse, load_processor):
    """Opens the search of base.run.output_dir; arguments as of run.

    Raises:
      UserError: something does not fit, before anything is trained.
    """
    self._search = search
    self._parse = parse
    self._load_processor = load_processor
    self._folder = base.run.output_dir
    self._until = (time.monotonic() + 60 * search.search_timeout
                   if search.search_timeout else math.inf)
    tuning = self._tuning(base)
    tuning.check_folder(True)
    config = tuning.evaluations.early_stopping()
    common = _conditions(tuning, [each.flag for each in space])
    files.make_folder(self._folder)
    self._study = Study(self._folder, search, StudySettings(
        space, config.metric, config.is_falling, base.run.random_seed, common),
                        lambda number: checkpoints.step_of(
                            checkpoints.latest(self._path_of(number))))

  def run(self, actions) -> None:
    """Runs trials until there are enough; then uses the best one.

    Args:
      actions: what is done with the best one: predict, export, onnx.
    """
    while True:
      if time.monotonic() > self._until:
        tf.logging.info("--search_timeout=%g minutes are over",
                        self._search.search_timeout)
        break
      with self._study.next_trial() as trial:
        if trial is None:
          break
        self._run_trial(trial)
      self._write()
    self._finish(actions)

  def _run_trial(self, trial):
    """Trains and scores one; a mistake in its settings is its failure."""
    tf.logging.info("***** Trial %d of %d: %s *****", trial.number + 1,
                    self._study.num_trials, results.describe(trial.params))
    began = time.monotonic()
    before = trial.user_attrs.get("seconds", 0.0)
    state, facts, value = "complete", {}, None
    pruning = _Pruning(self._study, trial)
    try:
      tuning = self._tuning(self._flags_of(trial))
      scores = actions_lib.run(
          tuning, ("train", "eval"), self._reader(tuning),
          None if self._search.pruner == "none" else pruning).results
      value = scores.get(self._study.settings.metric, math.nan)
      facts = {"scores": {name: float(score)
                          for name, score in scores.items()}}
      if math.isnan(value):
        raise UserError("%s is not defined" % self._study.settings.metric)
      if pruning.has_stopped:
        state = "pruned"
    except _OF_A_TRIAL as error:
      state, facts = "fail", {"error": " ".join(str(error).split())[:300]}
      tf.logging.error("Trial %d has failed: %s", trial.number + 1,
                       facts["error"])
    finally:  # A trial that is resumed later keeps its time.
      trial.set_user_attr("seconds", before + time.monotonic() - began)
    self._study.end(trial, state, value, **facts)
    tf.logging.info("Trial %d is %s%s", trial.number + 1, state,
                    "" if value is None else ": %s = %.4f" % (
                        self._study.settings.metric, value))

  def _flags_of(self, trial) -> FineTuningFlags:
    folder = self._path_of(trial.number)
    # Trials of an earlier version each drew a seed of their own.
    seed = output_folder.read_task(folder).get("random_seed",
                                               self._study.random_seed)
    return self._parse(dict(trial.params, output_dir=folder, random_seed=seed))

  def _path_of(self, number):
    return os.path.join(self._folder, "trial_%d" % (number + 1))

  def _tuning(self, flags):
    flags = start(flags)  # --init_checkpoint may be another for each trial.
    return FineTuning(flags, tasks.load(flags, self._load_processor(
        flags.data)))

  def _reader(self, tuning):
    return lambda names: tasks.read_examples(tuning.flags, tuning.task, names)

  def _write(self):
    """Writes the table; removes checkpoints that are no longer among the best.
    """
    with self._study.locked():
      results.write_table(self._folder, self._study)
      ranking = self._study.ranking()
      kept = {each.number for each in ranking[:self._search.keep_trials]}
      for each in self._study.trials():
        if each.state.is_finished() and each.number not in kept:
          output_folder.remove_checkpoints(self._path_of(each.number))

  def _finish(self, actions):
    """Writes what is left of the search; the last process uses the best trial.
    """
    self._write()
    ranking = self._study.ranking()
    if not ranking:
      raise UserError("--output_dir=%s: no trial is complete, the errors are in "
                      "search.tsv there" % self._folder)
    best = ranking[0]
    flags = self._flags_of(best)
    with self._study.locked():
      results.write_flags(self._folder, flags, best, self._study.settings)
      figures.draw(self._folder, self._study)
      results.print_table(self._study)
    if self._study.is_running():
      tf.logging.info("Other processes have trials that still run; the last one "
                      "uses the best of them")
      return
    with self._study.locked():
      if actions:
        tuning = self._tuning(flags)
        actions_lib.run(tuning, actions, self._reader(tuning))
      trials_lib.copy_results(self._path_of(best.number), self._folder)
    tf.logging.info(
        "Best of %d trials by %s: trial_%d, %s; `python run_classifier.py "
        "--flagfile=%s --output_dir=...` trains it again", len(
            self._study.trials()), self._study.settings.metric,
        best.number + 1, results.describe(best.params),
        os.path.join(self._folder, "best.flags"))


class _Pruning:
  """Asks the pruner of a study after each evaluation of a trial.

  Attributes:
    has_stopped: whether the pruner has ended the trial.
  """

  def __init__(self, study, trial):
    self._study = study
    self._trial = trial
    self.has_stopped = False

  def __call__(self, entries):
    """Returns whether the training is to end, after a list of evaluations."""
    value = entries[-1].get(self._study.settings.metric, math.nan)
    if not math.isnan(value) and self._study.report(
        self._trial, len(entries), float(value)):
      self.has_stopped = True
    return self.has_stopped


def _conditions(tuning, searched):
  """Returns what all trials have in common, whatever the searched flags are."""
  flags = tuning.flags
  # The share that --train_fraction draws is a trial's own, by its seed.
  whole = flags._replace(data=dataclasses.replace(flags.data,
                                                  train_fraction=1.0))
  examples = {}
  if not {"task_name", "data_dir"} & set(searched):
    examples = tasks.read_examples(whole, tuning.task, ("train", "eval"))
  found = conditions.of_fine_tuning(flags, tuning.task, {
      _DATASETS[name]: each for name, each in examples.items()}, searched)
  for flag, name in _FILES.items():
    if flag in searched:
      del found[name]
  return found
