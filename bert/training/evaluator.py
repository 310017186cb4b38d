"""Evaluates checkpoints on a dataset: during training and after it."""

import functools
import os
from typing import Callable, Dict, List, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.model import checkpoint_files
from bert.model import dataset_outputs
from bert.model import distribution
from bert.model.dataset_outputs import EvaluationFetches
from bert.model.estimator import Runtime
from bert.model.model_function import Model

# Bytes of weights that are put into a session at a time, or one variable.
_MIN_PORTION = 2**24

Results = Dict[str, float]
# Names of variables -> name -> value.
ReadWeights = Callable[[List[str]], Dict[str, np.ndarray]]


def read_weights(checkpoint: str, names: List[str]) -> Dict[str, np.ndarray]:
  """Returns name -> value of some of a checkpoint's variables; without a step,
  step 0."""
  reader = tf.train.load_checkpoint(checkpoint)
  return {name: reader.get_tensor(name) if reader.has_tensor(name) or (
      name != "global_step") else np.int64(0) for name in names}


class Evaluator:
  """Evaluates weights on one dataset, by a graph that is built once."""

  def __init__(self, model: Model, runtime: Runtime, input_fn: Callable,
               num_steps: int, score: Optional[Callable] = None):
    """Takes what is evaluated on what.

    Args:
      model: whose weights are evaluated.
      runtime: where it runs.
      input_fn: of the dataset.
      num_steps: batches that are evaluated.
      score: (rows of the dataset, step) -> further results; None: there are
        none. On a TPU, where no rows come back, it is not called.
    """
    self._model = model
    self._runtime = runtime
    self._input_fn = input_fn
    self._num_steps = num_steps
    self._score = score
    self._session = None  # type: Optional[_EvalSession]

  def evaluate_checkpoint(self, checkpoint: str) -> Results:
    """Returns the results of a checkpoint, as eval_results.txt has them; raises
    UserError if it is damaged, or an output is not a number."""
    with checkpoint_files.explaining(checkpoint):
      if self._runtime.use_tpu:
        return self._evaluate_on_tpu(checkpoint)
      tf.logging.info("Restoring parameters from %s", checkpoint)
      return self.evaluate(functools.partial(read_weights, checkpoint))

  def _evaluate_on_tpu(self, checkpoint):
    results = self._runtime.make_estimator(self._model.model_fn).evaluate(
        self._input_fn, steps=self._num_steps, checkpoint_path=checkpoint)
    dataset_outputs.check_finite(results, checkpoint)
    return results

  def evaluate(self, read: ReadWeights) -> Results:
    """Returns the results of weights; not for TPUs.

    Args:
      read: names of variables -> name -> value.

    Raises:
      UserError: an output is not a number.
    """
    if self._session is None:
      self._session = _EvalSession(self._model, self._runtime, self._input_fn)
    batches, step = self._session.run(read, self._num_steps)
    if not batches:  # Worker 0 has them all.
      return distribution.workers().share(None)
    results, rows = dataset_outputs.whole_evaluation(batches)
    results["global_step"] = step
    where = "evaluation at step %d" % step
    dataset_outputs.check_finite(results, where)
    dataset_outputs.check_finite(rows, where)
    if self._score:
      results.update(self._score(rows, step))
    return distribution.workers().share(results)

  def save(self, folder: str, step: int) -> None:
    """Saves the weights last evaluated, in place of what the folder has, if
    this is worker 0."""
    if distribution.workers().is_first:
      self._session.save(folder, step)


class _EvalSession:
  """A session with the graph of an evaluation."""

  def __init__(self, model, runtime, input_fn):
    self._workers = distribution.workers()
    params = dict(self._workers.input_params(),
                  batch_size=runtime.batch_sizes["eval"])
    self._graph = tf.Graph()
    with self._graph.as_default():
      self._step = tf.train.get_or_create_global_step()
      self._iterator = tf.data.make_initializable_iterator(input_fn(params))
      spec = model.model_fn(self._iterator.get_next(), None,
                            tf.estimator.ModeKeys.EVAL, params)
      self._fetches = EvaluationFetches.of(spec)
      self._variables = tf.global_variables()
      self._assign = {each.op.name: _assignment(each)
                      for each in self._variables}
      self._copy = self._workers.copy_variables()
      initialize = tf.global_variables_initializer()
      # Relative, so that the folder can be moved.
      self._saver = tf.train.Saver(self._variables, max_to_keep=1,
                                   save_relative_paths=True)
    self._session = tf.Session(graph=self._graph,
                               config=runtime.session_config())
    if not self._workers.is_first:  # It is given the weights.
      self._session.run(initialize)

  def run(self, read: ReadWeights, num_steps: int):
    """Returns (the values of EvaluationFetches for each batch, on worker 0; the
    step that the weights are of)."""
    self._set_weights(read)
    self._session.run(self._iterator.initializer)
    batches = self._workers.merge(self._run_batches(len(
        range(self._workers.rank, num_steps, self._workers.size))), num_steps)
    return (list(console.bar(batches, num_steps, "Evaluating")),
            self._session.run(self._step))

  def _set_weights(self, read):
    if self._workers.is_first:
      weights = read(list(self._assign))
      for names in _portions(weights):
        pairs = [self._assign[name] for name in names]
        self._session.run([assign for assign, _ in pairs],
                          {value: weights[name]
                           for name, (_, value) in zip(names, pairs)})
    if self._copy is not None:
      self._session.run(self._copy)

  def _run_batches(self, num_steps):
    for _ in range(num_steps):
      try:
        yield self._session.run(self._fetches)
      except tf.errors.OutOfRangeError:
        return

  def save(self, folder, step):
    tf.gfile.MakeDirs(folder)
    checkpoint_files.repair_state(folder)
    state = checkpoint_files.read_state(folder)
    if state:
      self._saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
    self._saver.save(self._session, os.path.join(folder, "model.ckpt"), step,
                     write_meta_graph=False)


def _portions(weights):
  """Yields lists of names: each run takes time, and memory for what it is fed.
  """
  names, size = [], 0
  for name in sorted(weights):
    names.append(name)
    size += np.asarray(weights[name]).nbytes
    if size >= _MIN_PORTION:
      yield names
      names, size = [], 0
  if names:
    yield names


def _assignment(variable):
  """Returns (op, placeholder) that give a variable a value."""
  value = tf.placeholder(variable.dtype.base_dtype, variable.shape)
  return tf.assign(variable, value).op, value
