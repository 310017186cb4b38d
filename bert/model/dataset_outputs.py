"""The outputs of a model for a whole dataset: fetched, joined, put in order."""

import typing
from typing import Callable, Dict, Iterable, Iterator, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError

# Scope, in an evaluation's graph, of outputs that are scored over the whole
# dataset.
_COLLECTED = "collected/"
# Suffix of the names of the weights of averaged values.
_WEIGHTS = "_weights"

Tensors = Dict[str, tf.Tensor]


def mark(collected: Tensors) -> None:
  """Names outputs and labels in the graph, so that EvaluationFetches finds
  them."""
  with tf.name_scope(_COLLECTED):
    for name, tensor in collected.items():
      tf.identity(tensor, name=name)


def eval_metrics(streamed: Dict[str, Tuple[tf.Tensor, tf.Tensor]]
                ) -> Tuple[Callable, Tensors]:
  """Returns an Estimator's eval_metrics for averaged values.

  Args:
    streamed: name -> (values, weights).
  """
  tensors = {}
  for name, (values, weights) in streamed.items():
    tensors.update({name: values, name + _WEIGHTS: weights})
  return _weighted_means, tensors


def _weighted_means(**tensors):
  return {name: tf.metrics.mean(values, weights=tensors[name + _WEIGHTS])
          for name, values in tensors.items() if not name.endswith(_WEIGHTS)}


class EvaluationFetches(typing.NamedTuple):
  """The tensors that an evaluation fetches for each batch, or their values.

  Attributes:
    loss: of the batch.
    sums: name -> (weighted sum, sum of weights) of values that are averaged
      over the dataset.
    collected: name -> outputs and labels, which are scored over the whole
      dataset.
  """
  loss: tf.Tensor
  sums: Dict[str, Tuple[tf.Tensor, tf.Tensor]]
  collected: Tensors

  @classmethod
  def of(cls, spec: tf.estimator.tpu.TPUEstimatorSpec) -> "EvaluationFetches":
    """Returns the tensors of an evaluation's graph, the default one."""
    _, tensors = spec.eval_metrics
    weights = {name: tensors[name + _WEIGHTS] for name in tensors
               if not name.endswith(_WEIGHTS)}
    return cls(
        spec.loss,
        {name: (tf.reduce_sum(tensors[name] * each), tf.reduce_sum(each))
         for name, each in weights.items()},
        {each.name[len(_COLLECTED):]: each.outputs[0]
         for each in tf.get_default_graph().get_operations()
         if each.name.startswith(_COLLECTED)})


def whole_evaluation(batches: Sequence[EvaluationFetches]
                    ) -> Tuple[Dict[str, float], Dict[str, np.ndarray]]:
  """Returns the results of a dataset's batches, name -> number, and the
  collected outputs and labels, name -> array, without padding examples."""
  results = {"loss": np.float32(np.mean([each.loss for each in batches],
                                        dtype=np.float64))}
  for name in batches[0].sums:
    # In float32, as TensorFlow's own metrics add up.
    total, weight = np.cumsum([each.sums[name] for each in batches], axis=0,
                              dtype=np.float32)[-1]
    results[name] = total / weight if weight else np.float32(0)
  rows = {name: join([each.collected[name] for each in batches])
          for name in batches[0].collected}
  if "is_real_example" in rows:
    is_real = rows.pop("is_real_example").reshape(-1) > 0
    rows = {name: values[is_real] for name, values in rows.items()}
  return results, rows


def check_finite(values: Dict[str, np.ndarray], where: str) -> None:
  """Raises UserError if outputs of a model are NaN or infinite.

  Args:
    values: name -> array.
    where: the checkpoint or step, for the error.
  """
  for name, value in values.items():
    value = np.asarray(value)
    if value.dtype.kind == "f" and not np.isfinite(value).all():
      raise UserError(
          "%s: %s is not a number (nan or inf): the weights are broken, as of "
          "a training that diverged; train anew with a lower --learning_rate, "
          "or give another checkpoint" % (where, name))


def join(arrays: Sequence[np.ndarray]) -> np.ndarray:
  """Returns one array of batches; shorter texts get zeros at their end."""
  if arrays[0].ndim < 2:
    return np.concatenate(arrays)
  longest = max(each.shape[1] for each in arrays)
  return np.concatenate([
      np.pad(each, [(0, 0), (0, longest - each.shape[1])] +
             [(0, 0)] * (each.ndim - 2), "constant") for each in arrays])


def in_input_order(batches: Iterable[Dict[str, np.ndarray]],
                   num_examples: int) -> Iterator[Dict[str, np.ndarray]]:
  """Yields rows in input order, each as soon as all rows before it are known.

  Args:
    batches: of predictions, with "position" where they are in another order.
    num_examples: padding beyond is left out.
  """
  early, next_position, count = {}, 0, 0
  for batch in batches:
    size = len(next(iter(batch.values())))
    positions = batch.pop("position", range(count, count + size))
    count += size
    for index, position in enumerate(positions):
      early[int(position)] = {name: values[index]
                              for name, values in batch.items()}
    while next_position in early and next_position < num_examples:
      yield early.pop(next_position)
      next_position += 1
