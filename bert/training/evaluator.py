"""Evaluates while training goes on, in a session that stays."""

import math
import os
import typing
from typing import Callable, Dict, Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.evaluation import metrics
from bert.heads import registry
from bert.training import eval_history
from bert.training import model_function


class Scoring(typing.NamedTuple):
  """What a set is judged by: the task's head, names of metrics, the set."""
  head: registry.Head
  metrics: Sequence[str]
  examples: Sequence


class Evaluator:
  """The evaluation's graph, built once, which takes over weights as they are.
  """

  def __init__(self, model_fn: Callable, input_fn: Callable,
               params: Dict[str, int], config: tf.ConfigProto):
    """Builds it.

    Args:
      model_fn: from model_function.make_model_fn.
      input_fn: from records.make_input_fn, over the dev set.
      params: of both; holds batch_size.
      config: from session.session_config.
    """
    self._graph = tf.Graph()
    with self._graph.as_default():
      tf.train.get_or_create_global_step()
      self._iterator = tf.data.make_initializable_iterator(input_fn(params))
      spec = model_fn(self._iterator.get_next(), None,
                      tf.estimator.ModeKeys.EVAL, params)
      make, tensors = spec.eval_metrics
      self._streamed = make(**tensors)
      self._collector = model_function.OutputCollector()
      self._collector.begin()
      self._fetches = [spec.loss, self._collector.before_run(None).fetches,
                       [update for _, update in self._streamed.values()]]
      self._variables = tf.global_variables()
      self._load = {each.op.name: _loader(each) for each in self._variables}
      self._reset = tf.local_variables_initializer()
      # Relative, so that the folder can be moved.
      self._saver = tf.train.Saver(self._variables, max_to_keep=1,
                                   save_relative_paths=True)
    self._session = tf.Session(graph=self._graph, config=config)

  def evaluate(self, read: Callable, scoring: Scoring) -> Dict[str, float]:
    """Returns what eval_results.txt would say.

    Args:
      read: names of variables -> name -> value, of the weights to judge.
      scoring: what by.
    """
    weights = read(list(self._load))
    for name, (assign, value) in self._load.items():
      self._session.run(assign, {value: weights[name]})
    self._session.run([self._reset, self._iterator.initializer])
    collector = model_function.OutputCollector()
    batch_losses = []
    while True:
      try:
        loss, collected, _ = self._session.run(self._fetches)
      except tf.errors.OutOfRangeError:
        break
      batch_losses.append(loss)
      collector.keep(collected)
    results = self._session.run({name: value for name, (value, _) in
                                 self._streamed.items()})
    results.update(metrics.compute(
        scoring.metrics, collector.eval_prediction(scoring.head, scoring.examples)))
    results.update(loss=np.mean(batch_losses, dtype=np.float64),
                   global_step=weights["global_step"])
    return results

  def save(self, folder: str, step: int) -> None:
    """Saves the weights last evaluated, in place of what the folder has."""
    tf.gfile.MakeDirs(folder)
    state = tf.train.get_checkpoint_state(folder)
    if state:
      self._saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
    self._saver.save(self._session, os.path.join(folder, "model.ckpt"), step,
                     write_meta_graph=False)


class Watch(tf.estimator.CheckpointSaverListener):
  """Evaluates after checkpoints, keeps the best, ends what no longer helps."""

  def __init__(self, folder: str, past: eval_history.History,
               make_evaluator: Callable[[], Evaluator], scoring: Scoring,
               is_due: Callable[[int], bool]):
    """Takes what it needs.

    Args:
      folder: the training's; it gets best/, and TensorBoard's events in eval/.
      past: the evaluations so far.
      make_evaluator: called before the first evaluation.
      scoring: what by.
      is_due: step -> whether it ends in an evaluation.
    """
    self._folder = folder
    self._past = past
    self._make_evaluator = make_evaluator
    self._scoring = scoring
    self._is_due = is_due
    self._evaluator = None

  def catch_up(self, checkpoint: Optional[str], step: int) -> None:
    """Makes the evaluation that a killed run owes its last checkpoint."""
    if checkpoint:
      reader = tf.train.load_checkpoint(checkpoint)
      self._evaluate(
          lambda names: {name: reader.get_tensor(name) for name in names}, step)

  def after_save(self, session, global_step_value):
    def read(names):
      with session.graph.as_default():
        variables = {each.op.name: each for each in tf.global_variables()}
      return session.run({name: variables[name] for name in names})

    self._evaluate(read, int(global_step_value))
    return self._past.is_over()

  def _evaluate(self, read, step):
    if not self._is_due(step) or self._past.has(step):
      return
    if self._evaluator is None:
      self._evaluator = self._make_evaluator()
    results = self._evaluator.evaluate(read, self._scoring)
    is_best = self._past.is_new_best(results)
    if is_best:
      self._evaluator.save(os.path.join(self._folder, "best"), step)
    # Last: what is written down is not evaluated again by a run that goes on.
    self._past.add(results)
    metric = self._past.policy.metric
    tf.logging.info("Evaluated at step %d: %s = %.4f%s", step, metric,
                    results.get(metric, math.nan),
                    ", the best so far" if is_best else "")
    model_function.write_scalars(os.path.join(self._folder, "eval"), step, {
        name: value for name, value in results.items()
        if name != "global_step"})


def saving_steps(interval: int, wanted: int) -> int:
  """Returns the steps between two checkpoints, so that evaluations meet them.

  Args:
    interval: steps between two evaluations.
    wanted: greatest number of steps between two checkpoints, if that divides.
  """
  fewest = -(-interval // wanted)
  for parts in range(fewest, 2 * fewest + 1):
    if interval % parts == 0:
      return interval // parts
  return interval


class RateHook(tf.estimator.SessionRunHook):
  """Feeds what the learning rate is multiplied with on a plateau."""

  def __init__(self, past: eval_history.History):
    self._past = past

  def begin(self):
    self._factor = tf.get_default_graph().get_tensor_by_name(
        model_function.PLATEAU_FACTOR + ":0")

  def before_run(self, run_context):
    del run_context
    return tf.estimator.SessionRunArgs(
        [], feed_dict={self._factor: self._past.lr_multiplier()})


def _loader(variable):
  value = tf.placeholder(variable.dtype.base_dtype, variable.shape)
  return tf.assign(variable, value).op, value
