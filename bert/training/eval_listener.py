"""Evaluates while training goes on, keeps the best, ends what no longer helps.
"""

import functools
import math
from typing import Callable, Optional

import tensorflow.compat.v1 as tf

from bert.model import model_function
from bert.training import evaluator
from bert.training.eval_history import EvalHistory
from bert.training.output_folder import OutputFolder


class EvalListener(tf.estimator.CheckpointSaverListener):
  """Evaluates after checkpoints, keeps the best one.

  Attributes:
    history: the evaluations so far.
  """

  def __init__(self, folder: OutputFolder, history: EvalHistory,
               make_evaluator: Callable[[], evaluator.Evaluator], interval: int,
               last_step: int, *, should_stop: Optional[Callable] = None):
    """Takes what is evaluated, when, and where it is kept.

    Args:
      folder: the training's; it gets best/, and TensorBoard's events in eval/.
      history: the evaluations so far.
      make_evaluator: called before the first evaluation.
      interval: steps between two evaluations.
      last_step: of the training; it ends in an evaluation.
      should_stop: list of evaluations -> whether the training is to end; None:
        it goes on.
    """
    self._folder = folder
    self.history = history
    self._make_evaluator = make_evaluator
    self._interval = interval
    self._last_step = last_step
    self._should_stop = should_stop
    self._evaluator = None  # type: Optional[evaluator.Evaluator]

  def is_over(self) -> bool:
    """Whether training has gone on long enough without a new best."""
    entries = self.history.compared()
    return self.history.is_over() or bool(
        self._should_stop and entries and self._should_stop(entries))

  def saving_steps(self, most: int) -> int:
    """Returns the steps between two checkpoints, so that evaluations meet them.

    Args:
      most: greatest number of steps between two checkpoints, if that divides.
    """
    return saving_steps(self._interval, most)

  def catch_up(self, checkpoint: Optional[str], step: int) -> None:
    """Evaluates the last checkpoint if the killed run did not."""
    self._evaluate(functools.partial(evaluator.read_weights, checkpoint), step)

  def after_save(self, session, global_step_value):
    self._evaluate(functools.partial(_read_variables, session),
                   int(global_step_value))
    return self.is_over()

  def _evaluate(self, read, step):
    if not self._is_due(step) or self.history.has(step):
      return
    if self._evaluator is None:
      self._evaluator = self._make_evaluator()
    results = self._evaluator.evaluate(read)
    is_best = self.history.is_new_best(results)
    if is_best:
      self._evaluator.save(self._folder.join("best"), step)
    # Last: what is written down is not evaluated again by a run that goes on.
    self.history.add(results)
    metric = self.history.config.metric
    tf.logging.info("Evaluated at step %d: %s = %.4f%s", step, metric,
                    results.get(metric, math.nan),
                    ", the best so far" if is_best else "")
    self._folder.write_scalars(step, results)

  def _is_due(self, step):
    return step and (step % self._interval == 0 or step == self._last_step)


class PlateauHook(tf.estimator.SessionRunHook):
  """Feeds what the learning rate is multiplied with on a plateau."""

  def __init__(self, history: EvalHistory):
    self._history = history

  def begin(self):
    self._factor = tf.get_default_graph().get_tensor_by_name(
        model_function.PLATEAU_FACTOR + ":0")

  def before_run(self, run_context):
    del run_context
    return tf.estimator.SessionRunArgs(
        [], feed_dict={self._factor: self._history.lr_multiplier()})


def _read_variables(session, names):
  """Returns name -> value of some of a session's variables."""
  with session.graph.as_default():
    variables = {each.op.name: each for each in tf.global_variables()}
  return session.run({name: variables[name] for name in names})


def saving_steps(interval: int, most: int) -> int:
  """Returns the steps between two checkpoints: a part of the interval.

  Args:
    interval: steps between two evaluations.
    most: greatest number of steps between two checkpoints, if that divides.
  """
  fewest = -(-interval // most)
  for parts in range(fewest, 2 * fewest + 1):
    if interval % parts == 0:
      return interval // parts
  return interval
