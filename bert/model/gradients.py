"""The mean loss and the gradients of a batch: at once, or in parts.

Micro-batches, computed one after the other, need less memory; replicas,
computed in parallel, need less time on a CPU.
"""

import typing
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.model import distribution
from bert.model import dropout_keys

Batch = Dict[str, tf.Tensor]


class MeanLoss:
  """The mean loss of a batch, and its gradients.

  The loss may be scaled, which keeps small gradients in the range of float16.
  """

  def __init__(self, build: Callable[[Batch], tf.Tensor],
               names: Optional[Sequence[str]] = None, scale=None):
    """Sets the function to differentiate, and the variables.

    Args:
      build: builds the model for a batch, with variables of fixed names, and
        returns the loss, a float32 scalar.
      names: names of the trained variables; None: all.
      scale: float32 scalar, factor of the loss; None: 1.
    """
    self._build = build
    self._names = None if names is None else set(names)
    self._scale = scale

  def variables(self) -> List[tf.Variable]:
    """Returns the trained variables, after the model is built."""
    return [each for each in tf.trainable_variables()
            if self._names is None or each.op.name in self._names]

  def compute(self, batch: Batch, num_micro_batches: int = 1,
              num_replicas: int = 1) -> Tuple[tf.Tensor, list]:
    """Returns the mean loss of a batch and its gradients.

    Args:
      batch: dict name -> tensor [batch, ...].
      num_micro_batches: parts computed one after the other; divides the batch.
      num_replicas: parts computed in parallel, at most one per example. One of
        both numbers is 1.

    Returns:
      (float32 scalar, list of gradients of `variables`; None where a variable
      has no effect on the loss). Those of embedding rows stay IndexedSlices,
      since clipping computes the norm of each row separately.
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
    return loss / self._scale, _replaced(gradients, tensors, self._scale)

  def _of(self, batch, factor=None):
    """Returns the loss of a batch, times a factor, and then its gradients."""
    loss = self._build(batch)
    if factor is not None:
      loss *= factor
    if self._scale is not None:
      loss *= self._scale
    return [loss] + tf.gradients(loss, self.variables())

  def _accumulate(self, batch, num_micro_batches):
    """Averages over micro-batches, of which only one is in memory. The first
    one is computed outside of the loop, as the loop needs its gradients'
    shapes."""
    def of_micro_batch(index):
      with dropout_keys.dropout_part(index):
        return self._of(_micro_batch(batch, num_micro_batches, index))

    first = of_micro_batch(0)

    def add(index, *sums):
      # Without this, a micro-batch would start before the last one has ended,
      # and both would need memory.
      with tf.control_dependencies(sums):
        index = tf.identity(index)
      with tf.variable_scope(tf.get_variable_scope(), reuse=True):
        gradients = of_micro_batch(index)
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
    loss, *gradients = _replaced(first, sums, num_micro_batches)
    return loss, gradients

  def _average_replicas(self, batch, num_replicas):
    """Averages over copies of the model: one core each is faster than all cores
    on one small matrix product."""
    def of_part(part):
      # Each example of the batch has the same weight in the mean.
      return self._of(part, tf.cast(_size(part) / _size(batch), tf.float32))

    replicas = _build_replicas(of_part, batch, _split(batch, num_replicas))
    sums = []
    for pairs in zip(*map(_tensors, replicas)):
      tensors, (is_indexed_slices, *_) = zip(*pairs)
      sums.append(tf.concat(tensors, axis=0) if is_indexed_slices else
                  tf.add_n(tensors))
    loss, *gradients = _replaced(replicas[0], sums)
    return loss, gradients


class Joined(typing.NamedTuple):
  """A step's loss and gradients, averaged over all workers.

  Attributes:
    loss: mean over all workers, float32 scalar.
    gradients: mean over all workers; None for a variable without one.
    squared_norm: of the gradients, as one process would have computed it for
      the whole batch: rows of IndexedSlices count one by one.
    share_stopping: share of the workers that have received a signal to stop.
  """
  loss: tf.Tensor
  gradients: List[Optional[tf.Tensor]]
  squared_norm: tf.Tensor
  share_stopping: tf.Tensor


def join(loss: tf.Tensor, gradients: Sequence, variables: Sequence[tf.Variable],
         is_stopping: tf.Tensor, workers: distribution.Workers,
         dtype: tf.DType = tf.float32) -> Joined:
  """Averages over the workers, each with an equal part of the batch, in a
  single message; gradients of another type are a second one.

  Args:
    loss, gradients: from MeanLoss, of this worker's part.
    variables: the variables of the gradients.
    is_stopping: float32 scalar, 1 if this worker has received a signal to stop.
    workers: of the run.
    dtype: of the gradients in the message.
  """
  shapes, parts = [], []
  for each, variable in zip(gradients, variables):
    if each is not None:
      shapes.append(variable.shape)
      parts.append(tf.reshape(tf.convert_to_tensor(each),
                              [variable.shape.num_elements()]))
  of_rows = [tf.nn.l2_loss(each.values) for each in gradients
             if isinstance(each, tf.IndexedSlices)]
  of_rows = tf.add_n(of_rows) / workers.size if of_rows else tf.constant(0.0)
  *parts, rest = _mean(
      parts + [tf.stack([loss, of_rows, is_stopping])], workers, dtype)
  means = iter([tf.reshape(part, shape) for part, shape in zip(parts, shapes)])
  joined = [each if each is None else next(means) for each in gradients]
  of_dense = [tf.nn.l2_loss(mean) for mean, each in zip(joined, gradients)
              if not (each is None or isinstance(each, tf.IndexedSlices))]
  return Joined(rest[0], joined, 2.0 * tf.add_n(of_dense + [rest[1]]), rest[2])


def _mean(parts, workers, dtype):
  """Returns the means of vectors, of which the last stays float32."""
  sizes = [part.shape.num_elements() for part in parts]
  if dtype == tf.float32:
    return tf.split(workers.mean(tf.concat(parts, axis=0), "gradients"), sizes)
  *parts, rest = parts
  message = tf.cast(tf.concat(parts, axis=0), dtype)
  return tf.split(tf.cast(workers.mean(message, "gradients"), tf.float32),
                  sizes[:-1]) + [workers.mean(rest, "loss")]


def run_replicas(function: Callable[[Batch], Batch], batch: Batch,
                 num_replicas: int) -> Batch:
  """Returns a function's outputs for a batch, computed in parallel replicas.

  Args:
    function: batch -> dict of tensors [rows, ...]; it may have variables.
    batch: dict name -> tensor [batch, ...], of any number of rows.
    num_replicas: parts of the batch.
  """
  if num_replicas == 1:
    return function(batch)
  parts = _split(batch, num_replicas)
  replicas = _build_replicas(function, batch, parts)
  order = tf.math.invert_permutation(tf.concat(parts, axis=0))
  return {name: tf.gather(tf.concat([each[name] for each in replicas], axis=0),
                          order) for name in replicas[0]}


def _split(batch, num_parts):
  """Returns the rows of each part of a batch, int32 [rows of the part].

  The texts of a part have similar lengths, and all parts about equally many
  tokens.
  """
  size = _size(batch)
  if "input_mask" in batch:
    mask = batch["input_mask"]
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32),
                            axis=list(range(1, mask.shape.ndims)))
  else:
    lengths = tf.ones([size], tf.int32)
  order = tf.argsort(lengths, stable=True)
  sums = tf.cumsum(tf.gather(lengths, order))
  bounds = [0]
  for index in range(1, num_parts):
    bound = tf.reduce_sum(tf.cast(
        sums * num_parts <= index * sums[-1:], tf.int32))
    # No part is empty if there are enough examples.
    bound = tf.minimum(tf.maximum(bound, bounds[-1] + 1),
                       size - num_parts + index)
    bounds.append(tf.maximum(bound, 0))
  return [order[begin:end] for begin, end in zip(bounds, bounds[1:] + [size])]


def _build_replicas(function, batch, parts):
  """Returns the list of what a function returns for each part of a batch."""
  results = []
  for index, rows in enumerate(parts):
    with tf.variable_scope(tf.get_variable_scope(), reuse=bool(results)), (
        dropout_keys.dropout_part(index)):
      results.append(function({name: tf.gather(values, rows)
                               for name, values in batch.items()}))
  return results


def _size(batch):
  """Returns the number of examples, int32 scalar."""
  return tf.shape(next(iter(batch.values())))[0]


def _micro_batch(batch, num_micro_batches, index):
  """Returns one of equal parts of a batch; index may be a tensor."""
  size = _size(batch) // num_micro_batches
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


def _replaced(gradients, tensors, divisor=None):
  """Returns the gradients with other tensors, divided by `divisor`."""
  rest = iter(tensors)

  def next_values():
    values = next(rest)
    return values if divisor is None else values / divisor

  replaced = []
  for each in gradients:
    if isinstance(each, tf.IndexedSlices):
      replaced.append(tf.IndexedSlices(next_values(), next(rest),
                                       each.dense_shape))
    else:
      replaced.append(each if each is None else next_values())
  return replaced
