"""A batch's mean loss and gradients: at once, or of its parts.

Parts one after the other need less memory, parts side by side less time.
"""

import functools

import tensorflow.compat.v1 as tf


def compute(mean_loss, features, num_parts=1, is_parallel=False,
            loss_scale=None):
  """Returns a batch's mean loss and the gradients of the trainable variables.

  Args:
    mean_loss, features: as of accumulate.
    num_parts: int; parts that the batch is worked off in.
    is_parallel: whether they are worked off side by side.
    loss_scale: a DynamicLossScale; the loss is multiplied with it, which keeps
      small gradients in the range of float16, and the gradients divided.

  Returns:
    As accumulate.
  """
  scale = None if loss_scale is None else loss_scale()

  def scaled(batch):
    loss = mean_loss(batch)
    return loss if scale is None else loss * scale

  if num_parts > 1:
    add_up = work_side_by_side if is_parallel else accumulate
    loss, gradients = add_up(scaled, features, num_parts)
  else:
    loss = scaled(features)
    gradients = tf.gradients(loss, tf.trainable_variables())
  if scale is None:
    return loss, gradients
  tensors = [tensor for tensor, _ in _tensors(gradients)]
  return loss / scale, _divided(gradients, tensors, scale)


def accumulate(mean_loss, features, num_parts):
  """Makes a batch's mean loss and gradients of those of equal parts of it.

  The parts run one after the other, so that memory is needed for one alone.

  Args:
    mean_loss: a function of features that builds the model, in variables of
      fixed names, and returns its float32 scalar.
    features: dict name -> tensor [batch, ...]; num_parts divides batch.
    num_parts: int, from 2.

  Returns:
    (float32 scalar, list of gradients of tf.trainable_variables(); None where
    a variable has no part in the loss). Those of rows looked up stay a list of
    rows, as the norm that clips gradients takes each for itself.
  """
  compute_part = functools.partial(_compute_part, mean_loss, features,
                                   num_parts)

  def add_part(index, *sums):
    # Else it would begin beside the part before, and need memory as well.
    with tf.control_dependencies(sums):
      index = tf.identity(index)
    with tf.variable_scope(tf.get_variable_scope(), reuse=True):
      part = compute_part(index)
    return [index + 1] + [
        tf.concat([a, b], axis=0) if is_listed else a + b
        for a, (b, is_listed) in zip(sums, _tensors(part))]

  first = compute_part(0)
  tensors, are_listed = zip(*_tensors(first))
  shapes = [tf.TensorShape([None]).concatenate(each.shape[1:]) if is_listed
            else each.shape for each, is_listed in zip(tensors, are_listed)]
  _, *sums = tf.while_loop(
      lambda index, *_: index < num_parts, add_part,
      [tf.constant(1)] + list(tensors),
      shape_invariants=[tf.TensorShape([])] + shapes,
      parallel_iterations=1, back_prop=False)
  loss, *gradients = _divided(first, sums, num_parts)
  return loss, gradients


def work_side_by_side(mean_loss, features, num_parts):
  """Does what accumulate does, with a copy of the model for each part.

  On a CPU, a core a part wastes less than all cores on one small product.
  Arguments and result as of accumulate.
  """
  parts = _build_parts(
      lambda batch: _loss_and_gradients(mean_loss, batch), features, num_parts)
  sums = []
  for pairs in zip(*map(_tensors, parts)):
    tensors, (is_listed, *_) = zip(*pairs)
    sums.append(tf.concat(tensors, axis=0) if is_listed else
                tf.add_n(tensors))
  loss, *gradients = _divided(parts[0], sums, num_parts)
  return loss, gradients


def join_parts(function, features, num_parts):
  """Returns what a function makes of a batch, of parts that go side by side.

  Args:
    function: batch -> dict of tensors [rows, ...]; it may have variables.
    features: as of accumulate.
    num_parts: int; the batch may have fewer rows, and any number of them.
  """
  if num_parts == 1:
    return function(features)
  parts = _build_parts(function, features, num_parts)
  return {name: tf.concat([part[name] for part in parts], axis=0)
          for name in parts[0]}


def _build_parts(function, features, num_parts):
  """Returns what a function makes of each part of a batch, in a list."""
  size = tf.shape(next(iter(features.values())))[0]
  parts = []
  for index in range(num_parts):
    begin, end = [size * each // num_parts for each in (index, index + 1)]
    with tf.variable_scope(tf.get_variable_scope(), reuse=index > 0):
      parts.append(function({name: values[begin:end]
                             for name, values in features.items()}))
  return parts


def _compute_part(mean_loss, features, num_parts, index):
  """Returns a part's loss, and then its gradients; index may be a tensor."""
  size = tf.shape(next(iter(features.values())))[0] // num_parts
  return _loss_and_gradients(mean_loss, {
      name: values[index * size:(index + 1) * size]
      for name, values in features.items()})


def _loss_and_gradients(mean_loss, batch):
  loss = mean_loss(batch)
  return [loss] + tf.gradients(loss, tf.trainable_variables())


def _tensors(gradients):
  """Yields what gradients are made of, and whether a list of rows is."""
  for each in gradients:
    if isinstance(each, tf.IndexedSlices):
      yield each.values, True
      yield each.indices, True
    elif each is not None:
      yield each, False


def _divided(gradients, tensors, divisor):
  """Returns gradients again, of others in the place of what _tensors yields."""
  rest = iter(tensors)
  divided = []
  for each in gradients:
    if isinstance(each, tf.IndexedSlices):
      divided.append(tf.IndexedSlices(next(rest) / divisor, next(rest),
                                      each.dense_shape))
    else:
      divided.append(each if each is None else next(rest) / divisor)
  return divided
