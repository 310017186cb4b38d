"""The mean loss and the gradients of a batch: at once, or of parts of it.

Micro-batches, one after the other, need less memory; replicas, side by side,
need less time on a CPU.
"""

from typing import Callable, Dict, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

Batch = Dict[str, tf.Tensor]


class MeanLoss:
  """The mean loss of a batch, and its gradients.

  The loss may be scaled, which keeps small gradients in the range of float16.
  """

  def __init__(self, build: Callable[[Batch], tf.Tensor],
               names: Optional[Sequence[str]] = None, scale=None):
    """Takes what is differentiated, and by which variables.

    Args:
      build: builds the model for a batch, in variables of fixed names, and
        returns its float32 scalar.
      names: of the variables that are trained; None: all.
      scale: a float32 scalar that the loss is multiplied with; None: 1.
    """
    self._build = build
    self._names = None if names is None else set(names)
    self._scale = scale

  def variables(self) -> List[tf.Variable]:
    """Returns the variables that are trained, once the model is built."""
    return [each for each in tf.trainable_variables()
            if self._names is None or each.op.name in self._names]

  def compute(self, batch: Batch, num_micro_batches: int = 1,
              num_replicas: int = 1) -> Tuple[tf.Tensor, list]:
    """Returns the mean loss of a batch and its gradients.

    Args:
      batch: dict name -> tensor [batch, ...].
      num_micro_batches: parts worked on one after the other.
      num_replicas: parts worked on side by side; one of both numbers is 1, and
        the other divides the batch.

    Returns:
      (float32 scalar, list of gradients of `variables`; None where a variable
      has no part in the loss). Those of embedding rows stay IndexedSlices, as
      the norm that clips gradients takes each row for itself.
    """
    if num_replicas > 1:
      loss, gradients = self._average_replicas(batch, num_replicas)
    elif num_micro_batches > 1:
      loss, gradients = self._accumulate(batch, num_micro_batches)
    else:
      loss, *gradients = self._of(batch)
    if self._scale is None:
      return loss, gradients
    tensors = [tensor for tensor, _ in _tensors(gradients)]
    return loss / self._scale, _divided(gradients, tensors, self._scale)

  def _of(self, batch):
    """Returns the loss of a batch, and then its gradients."""
    loss = self._build(batch)
    if self._scale is not None:
      loss *= self._scale
    return [loss] + tf.gradients(loss, self.variables())

  def _accumulate(self, batch, num_micro_batches):
    """Averages over micro-batches, of which only one is in memory."""
    first = self._of(_micro_batch(batch, num_micro_batches, 0))

    def add(index, *sums):
      # Else it would begin beside the one before, and need memory as well.
      with tf.control_dependencies(sums):
        index = tf.identity(index)
      with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        gradients = self._of(_micro_batch(batch, num_micro_batches, index))
      return [index + 1] + [
          tf.concat([a, b], axis=0) if is_indexed_slices else a + b
          for a, (b, is_indexed_slices) in zip(sums, _tensors(gradients))]

    tensors, are_indexed_slices = zip(*_tensors(first))
    shapes = [tf.TensorShape([None]).concatenate(each.shape[1:])
              if is_indexed_slices else each.shape
              for each, is_indexed_slices in zip(tensors, are_indexed_slices)]
    _, *sums = tf.while_loop(
        lambda index, *_: index < num_micro_batches, add,
        [tf.constant(1)] + list(tensors),
        shape_invariants=[tf.TensorShape([])] + shapes,
        parallel_iterations=1, back_prop=False)
    loss, *gradients = _divided(first, sums, num_micro_batches)
    return loss, gradients

  def _average_replicas(self, batch, num_replicas):
    """Averages over copies of the model: a core each wastes less than all cores
    on one small product."""
    replicas = _build_replicas(self._of, batch, num_replicas)
    sums = []
    for pairs in zip(*map(_tensors, replicas)):
      tensors, (is_indexed_slices, *_) = zip(*pairs)
      sums.append(tf.concat(tensors, axis=0) if is_indexed_slices else
                  tf.add_n(tensors))
    loss, *gradients = _divided(replicas[0], sums, num_replicas)
    return loss, gradients


def run_replicas(function: Callable[[Batch], Batch], batch: Batch,
                 num_replicas: int) -> Batch:
  """Returns a function's outputs for a batch, computed side by side.

  Args:
    function: batch -> dict of tensors [rows, ...]; it may have variables.
    batch: dict name -> tensor [batch, ...], of any number of rows.
    num_replicas: parts of the batch.
  """
  if num_replicas == 1:
    return function(batch)
  replicas = _build_replicas(function, batch, num_replicas)
  return {name: tf.concat([each[name] for each in replicas], axis=0)
          for name in replicas[0]}


def _build_replicas(function, batch, num_replicas):
  """Returns the list of what a function returns for each part of a batch."""
  size = tf.shape(next(iter(batch.values())))[0]
  results = []
  for index in range(num_replicas):
    begin, end = [size * each // num_replicas for each in (index, index + 1)]
    with tf.variable_scope(tf.get_variable_scope(), reuse=index > 0):
      results.append(function({name: values[begin:end]
                               for name, values in batch.items()}))
  return results


def _micro_batch(batch, num_micro_batches, index):
  """Returns one of equal parts of a batch; index may be a tensor."""
  size = tf.shape(next(iter(batch.values())))[0] // num_micro_batches
  return {name: values[index * size:(index + 1) * size]
          for name, values in batch.items()}


def _tensors(gradients):
  """Yields the tensors of gradients, and whether they are of IndexedSlices."""
  for each in gradients:
    if isinstance(each, tf.IndexedSlices):
      yield each.values, True
      yield each.indices, True
    elif each is not None:
      yield each, False


def _divided(gradients, tensors, divisor):
  """Returns the gradients with other tensors, divided by `divisor`."""
  rest = iter(tensors)
  divided = []
  for each in gradients:
    if isinstance(each, tf.IndexedSlices):
      divided.append(tf.IndexedSlices(next(rest) / divisor, next(rest),
                                      each.dense_shape))
    else:
      divided.append(each if each is None else next(rest) / divisor)
  return divided
