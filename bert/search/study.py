"""The trials of a search in Optuna's storage: begun, taken over, ended."""

import contextlib
import os
import random
import typing
from typing import Callable, Iterator, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.common import libraries
from bert.common import locks
from bert.common import machine
from bert.common.errors import UserError
from bert.common.errors import without_passwords
from bert.options.search import SearchOptions
from bert.search import space
from bert.search.space import Dimension
from bert.search.space import Value
from bert.training import conditions as conditions_lib
from bert.training.conditions import Conditions

_NAME = "search"
# Attributes of Optuna's study and trials.
_SPACE, _METRIC, _SEED = "space", "metric", "random_seed"
_CONDITIONS = "conditions"
_STARTS, _STEP, _IS_REPEATED = "starts", "step", "is_repeated"
# Times in turn that a trial is begun whose process dies with it, before it has
# saved a step.
_MAX_STARTS = 3
# Settings that were tried before are drawn again so many times.
_MAX_DRAWS = 50
_DEFAULT_TRIALS = 20


class StudySettings(typing.NamedTuple):
  """What a search is.

  Attributes:
    dimensions: the space.
    metric: key of eval_results.txt.
    is_falling: whether less of it is better.
    random_seed: of the sampler and of all trials; None: one is drawn.
    conditions: what all trials have in common.
  """
  dimensions: Sequence[Dimension]
  metric: str
  is_falling: bool
  random_seed: Optional[int]
  conditions: Conditions


class Study:
  """Trials that several processes share.

  Attributes:
    optuna: the study as Optuna has it.
    settings: a StudySettings.
    num_trials: how many there are to be.
  """

  def __init__(self, folder: str, search: SearchOptions,
               settings: StudySettings, last_step: Callable[[int], int]):
    """Opens the search of a folder, or begins it.

    Args:
      folder: the search's.
      search: how trials are chosen, and how many.
      settings: what the search is.
      last_step: a trial's number, from 0 -> the step that it has saved.

    Raises:
      UserError: Optuna is not installed, the storage can't be had, or the
        folder's search is another one.
    """
    libraries.check_library("optuna", "run_search.py",
                            "-r requirements-search.txt")
    import optuna
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    self._optuna = optuna
    self._folder = folder
    self._search = search
    self._last_step = last_step
    self.settings = settings
    with self.locked():
      self.optuna = self._open()
      self._check_same("--output_dir=%s" % folder)
      self.num_trials = search.num_search_trials or _DEFAULT_TRIALS
      if search.sampler == "grid":
        self._enqueue_grid()

  @property
  def random_seed(self) -> int:
    """The seed of the search, which its first process has noted."""
    return self.optuna.user_attrs[_SEED]

  @contextlib.contextmanager
  def locked(self) -> Iterator[None]:
    """Keeps other processes of the search from its list of trials."""
    with locks.held(os.path.join(self._folder, ".search.lock"), waits=True):
      yield

  @contextlib.contextmanager
  def next_trial(self) -> Iterator[Optional["object"]]:
    """Gives the block a trial of its own: one whose process has died, or else a
    new one; None when there are enough."""
    with contextlib.ExitStack() as stack:
      with self.locked():
        trial = self._take_over(stack) or self._begin(stack)
      try:
        yield trial
      except BaseException as error:
        if trial is not None and _is_interruption(error):
          self._forget_start(trial)
        raise

  def trials(self) -> List:
    """Returns all trials so far, as Optuna's FrozenTrial."""
    return [each for each in self.optuna.get_trials(deepcopy=False)
            if not each.user_attrs.get(_IS_REPEATED) and
            each.state != self._optuna.trial.TrialState.WAITING]

  def ranking(self) -> List:
    """Returns the trials that are complete, the best one first."""
    sign = 1 if self.settings.is_falling else -1
    return sorted((trial for trial in self.trials() if trial.state.name ==
                   "COMPLETE"), key=lambda trial: (sign * trial.value,
                                                   trial.number))

  def is_running(self) -> bool:
    """Whether a trial has not ended."""
    return bool(self._running())

  def report(self, trial, number: int, value: float) -> bool:
    """Notes an evaluation; returns whether the pruner ends the trial.

    Args:
      trial: from next_trial.
      number: of the evaluation, from 1.
      value: of the metric.
    """
    frozen = self.optuna.get_trials(deepcopy=False)[trial.number]
    if number not in frozen.intermediate_values:
      trial.report(value, number)
    return trial.should_prune()

  def end(self, trial, state: str, value: Optional[float] = None,
          **facts) -> None:
    """Ends a trial: complete, pruned or fail; facts are kept with it."""
    for name, fact in facts.items():
      trial.set_user_attr(name, fact)
    self.optuna.tell(trial.number, value if state == "complete" else None,
                     state=self._optuna.trial.TrialState[state.upper()])

  def _open(self):
    url = self._search.search_storage or "sqlite:///%s" % os.path.abspath(
        os.path.join(self._folder, "search.db"))
    try:
      storage = self._optuna.storages.RDBStorage(
          url, engine_kwargs={"connect_args": {"timeout": 120}}
          if url.startswith("sqlite") else None)
      return self._optuna.create_study(
          storage=storage, study_name=_NAME, load_if_exists=True,
          direction="minimize" if self.settings.is_falling else "maximize",
          pruner=self._pruner())
    except Exception as error:  # Those of SQLAlchemy and of its drivers.
      if isinstance(error, (KeyboardInterrupt, MemoryError)):
        raise
      raise UserError("--search_storage=%s: can't be opened: %s" % (
          _without_password(url, url), _without_password(" ".join(
              str(error).split()), url)[:300]))

  def _check_same(self, where):
    """Notes what the search is, or raises UserError if it was another one.

    Scores of trials on other data, or of other models, are not to be compared.
    """
    attributes = self.optuna.user_attrs
    self.settings = self.settings._replace(dimensions=space.named_as(
        self.settings.dimensions, attributes.get(_SPACE)))
    self._check_conditions(where, attributes.get(_CONDITIONS, {}))
    seed = self.settings.random_seed
    if seed not in (None, attributes.get(_SEED, seed)):
      raise UserError("--random_seed=%d: the search of %s has the seed %d; leave "
                      "it out, or give another folder" % (
                          seed, where, attributes[_SEED]))
    expected = {_SPACE: space.to_json(self.settings.dimensions),
                _METRIC: self.settings.metric}
    for name, value in expected.items():
      if attributes.get(name, value) != value:
        raise UserError("%s has a search with another %s: %s; give another "
                        "folder" % (where, name, attributes[name]))
      self.optuna.set_user_attr(name, value)
    self.optuna.set_user_attr(_CONDITIONS, self.settings.conditions)
    if _SEED not in attributes:
      if seed is None:
        seed = random.SystemRandom().randrange(2**31)
        tf.logging.info("Random seed: %d (--random_seed repeats it)", seed)
      self.optuna.set_user_attr(_SEED, seed)

  def _check_conditions(self, where, old):
    new = self.settings.conditions
    if not old and self.optuna.get_trials(deepcopy=False):
      tf.logging.warning(
          "The search of %s was begun by an earlier version, which does not say "
          "what its trials are of: if data or settings have changed since, their "
          "scores can't be compared; give another folder then", where)
    for name in conditions_lib.changed(old, new):
      raise UserError(
          "%s has a search with %s; its trials could not be compared; give "
          "another folder, or the old data and settings" % (
              where, conditions_lib.describe(name, old, new)))

  def _pruner(self):
    pruners = self._optuna.pruners
    return {"none": pruners.NopPruner,
            "median": lambda: pruners.MedianPruner(n_startup_trials=3),
            "halving": pruners.SuccessiveHalvingPruner}[self._search.pruner]()

  def _running(self):
    return [each for each in self.trials() if each.state.name == "RUNNING"]

  def _enqueue_grid(self):
    """Has all settings wait for their turn, once."""
    settings = list(space.combinations(self.settings.dimensions))
    if not self._search.num_search_trials:
      self.num_trials = len(settings)
    self.num_trials = min(self.num_trials, len(settings))
    if not self.optuna.get_trials(deepcopy=False):
      for each in settings:
        self.optuna.enqueue_trial(each)

  def _take_over(self, stack):
    """Returns a trial whose process has died, None if there is none."""
    for each in self._running():
      # Its process may have ended it since the list was read.
      if not self._hold(each.number, stack) or each.number not in {
          trial.number for trial in self._running()}:
        continue
      trial = self._optuna.trial.Trial(self.optuna, each._trial_id)
      step = self._last_step(each.number)
      has_gone_on = step > each.user_attrs.get(_STEP, 0)
      starts = 0 if has_gone_on else each.user_attrs.get(_STARTS, 1)
      if starts >= _MAX_STARTS:
        tf.logging.warning("Trial %d: its process has died %d times; it has "
                           "failed", each.number, starts)
        self.end(trial, "fail", error="its process died %d times" % starts)
        continue
      trial.set_user_attr(_STARTS, starts + 1)
      trial.set_user_attr(_STEP, step)
      return trial
    return None

  def _forget_start(self, trial):
    """Takes the last start of a trial off the count of those that died."""
    trial.set_user_attr(_STARTS, trial.user_attrs.get(_STARTS, 1) - 1)

  def _begin(self, stack):
    """Returns a new trial, None if there are enough or no new settings."""
    for _ in range(_MAX_DRAWS):
      if len(self.trials()) >= self.num_trials:
        return None
      trial = self._draw()
      others = [each.params for each in self.trials()
                if each.number != trial.number]
      if trial.params not in others:
        self._hold(trial.number, stack)
        return trial
      trial.set_user_attr(_IS_REPEATED, True)
      self.end(trial, "pruned")
    tf.logging.warning("All settings of the space have been tried, or nearly "
                       "all: the search ends with %d trials",
                       len(self.trials()))
    return None

  def _draw(self):
    """Begins a trial with settings from the sampler."""
    number = len(self.optuna.get_trials(deepcopy=False))
    seed = (self.random_seed + number) % 2**31
    samplers = self._optuna.samplers
    # A seed for each trial: a resumed search draws what it would have drawn.
    self.optuna.sampler = (
        samplers.TPESampler(seed=seed, n_startup_trials=max(
            3, min(10, self.num_trials // 3)))
        if self._search.sampler == "tpe" else samplers.RandomSampler(seed=seed))
    trial = self.optuna.ask()
    for each in self.settings.dimensions:
      _suggest(trial, each)
    return trial

  def _hold(self, number, stack):
    """Whether a trial is this process's own until the stack is closed."""
    return stack.enter_context(locks.held(os.path.join(
        self._folder, ".trial_%d.lock" % number)))


def _is_interruption(error):
  """Whether a trial's settings have no part in its end: a signal, or what the
  machine does to any run."""
  return (isinstance(error, KeyboardInterrupt) or
          machine.describe(error) is not None)


def _suggest(trial, dimension: Dimension) -> Value:
  if dimension.kind == "choice":
    return trial.suggest_categorical(dimension.flag, dimension.choices)
  if dimension.kind == "int":
    return trial.suggest_int(dimension.flag, dimension.low, dimension.high,
                             step=dimension.step)
  return trial.suggest_float(dimension.flag, dimension.low, dimension.high,
                             log=dimension.kind == "log")


def _without_password(text, url):
  """Returns a text without the password that a URL has."""
  password = url.rpartition("@")[0].partition("://")[2].partition(":")[2]
  return without_passwords(text.replace(password, "***") if password else text)
