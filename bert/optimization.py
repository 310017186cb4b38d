"""The learning rate's schedule and BERT's Adam with decoupled weight decay."""

import re
import typing
from typing import Dict

import tensorflow.compat.v1 as tf


def learning_rate_at(step, init_lr, num_train_steps, num_warmup_steps):
  """The rate before a step is taken.

  Args:
    step: float32 scalar; steps already taken.
    init_lr: peak rate.
    num_train_steps: the step at which the rate reaches 0.
    num_warmup_steps: steps of linear increase from 0; 0 or None for none.

  Returns:
    float32 scalar: linear from init_lr at step 0 to 0 at num_train_steps;
    init_lr * step / num_warmup_steps while step < num_warmup_steps.
  """
  peak = tf.convert_to_tensor(init_lr, tf.float32)
  left = 1.0 - tf.minimum(step, num_train_steps) / max(num_train_steps, 1)
  rate = peak * left
  if num_warmup_steps:
    rate = tf.where(step < num_warmup_steps, peak * step / num_warmup_steps,
                    rate)
  return rate


def create_optimizer(loss, init_lr, num_train_steps, num_warmup_steps,
                     use_tpu, gradients=None, loss_scale=None, adam=None,
                     variables=None, squared_norm=None):
  """Returns the op that makes one training step and counts global_step up.

  Args:
    loss: float32 scalar.
    init_lr: peak learning rate, number or float32 scalar.
    num_train_steps: steps of the whole schedule.
    num_warmup_steps: steps of warm-up, may be 0.
    use_tpu: whether gradients are averaged over the cores of a TPU.
    gradients: of the variables, where the loss's own are not meant.
    loss_scale: the DynamicLossScale of the gradients; a step in which one of
      them is not finite changes it and counts, and does nothing else.
    adam: dict of further arguments of AdamWeightDecayOptimizer.
    variables: what is trained; None: tf.trainable_variables().
    squared_norm: float32 scalar that clips, where not the gradients' own.

  Returns:
    A tf.Operation. Its rate is the tensor "rate:0" of the graph.
  """
  global_step = tf.train.get_or_create_global_step()
  # The cast is a copy: a reference variable's own buffer would change under
  # whoever reads the rate later.
  step = tf.cast(global_step, tf.float32)
  rate = tf.identity(learning_rate_at(
      step, init_lr, float(num_train_steps), num_warmup_steps),
                     name="rate")
  optimizer = AdamWeightDecayOptimizer(
      rate, weight_decay_rate=0.01, exclude_from_weight_decay=[
          "LayerNorm", "layer_norm", "bias"], **(adam or {}))
  if use_tpu:
    optimizer = tf.tpu.CrossShardOptimizer(optimizer)

  if variables is None:
    variables = tf.trainable_variables()
  if gradients is None:
    gradients = tf.gradients(loss, variables)
  if use_tpu:  # Gradients of several cores are still to be added up.
    gradients, _ = tf.clip_by_global_norm(gradients, 1.0)
  else:
    norm = (tf.global_norm(gradients) if squared_norm is None else
            tf.sqrt(squared_norm))
    optimizer.gradient_factor = _clip_factor(norm)
  pairs = list(zip(gradients, variables))
  if loss_scale is None:
    update = optimizer.apply_gradients(pairs, global_step=global_step)
  else:
    update = _apply_if_finite(optimizer, pairs, loss_scale)
  # The update has read the rate: only now may the step change.
  with tf.control_dependencies([update, rate]):
    return tf.assign_add(global_step, 1).op


def _clip_factor(norm):
  """Returns what clips gradients of a norm to 1; NaN if that is none."""
  return 1.0 / tf.maximum(norm, 1.0) + 0.0 * norm


def _apply_if_finite(optimizer, pairs, loss_scale):
  gradients = [gradient for gradient, _ in pairs if gradient is not None]
  adapt, is_finite = loss_scale.update(gradients)
  # Variables are made here, as a branch must not make any.
  optimizer.create_slots([variable for gradient, variable in pairs
                          if gradient is not None])
  return tf.group(adapt, tf.cond(
      is_finite, lambda: optimizer.apply_gradients(pairs), tf.no_op))


class AdamWeightDecayOptimizer(tf.train.Optimizer):
  """Adam without bias correction; decay acts on variables, not gradients.

  Source: Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101.
  """

  def __init__(self, learning_rate, weight_decay_rate=0.0, beta_1=0.9,
               beta_2=0.999, epsilon=1e-6, exclude_from_weight_decay=None,
               name="AdamWeightDecayOptimizer", lr_multiplier=None,
               has_bias_correction=False):
    """Takes the constants.

    exclude_from_weight_decay: regular expressions over variable names.
    lr_multiplier: a function, a variable's name -> what its rate is multiplied
      with.
    has_bias_correction: whether averages are corrected for their start at 0;
      the step is global_step's.
    """
    super().__init__(False, name)
    self.learning_rate = learning_rate
    self.weight_decay_rate = weight_decay_rate
    self.beta_1 = beta_1
    self.beta_2 = beta_2
    self.epsilon = epsilon
    self.exclude_from_weight_decay = exclude_from_weight_decay
    self.gradient_factor = 1.0  # That gradients are multiplied with first.
    self.lr_multiplier = lr_multiplier
    self.has_bias_correction = has_bias_correction

  def apply_gradients(self, grads_and_vars, global_step=None, name=None):
    """Updates the variables that have a gradient; leaves global_step alone.

    Args:
      grads_and_vars: pairs of a gradient (tensor, IndexedSlices or None) and
        a variable. Slots are named `<variable>/adam_m` and `/adam_v`.
      global_step: taken for the interface's sake.
      name: of the returned op.

    Returns:
      A tf.Operation.
    """
    pairs = [(tf.convert_to_tensor(gradient), variable)
             for gradient, variable in grads_and_vars if gradient is not None]
    constants = {kind: _kernel_constants(self, kind) for kind in
                 {variable.dtype.base_dtype for _, variable in pairs}}
    gradients = [gradient * constants[gradient.dtype].gradient_scale
                 for gradient, _ in pairs]
    # A reference variable must not change while a gradient still reads it.
    # All else is made outside: TensorFlow 1.15's graph rewriter finds cycles
    # where constants wait for something.
    with tf.control_dependencies([tf.group(*gradients)]):
      updates = [
          self._update(variable, gradient, constants[gradient.dtype])
          for gradient, (_, variable) in zip(gradients, pairs)]
    return tf.group(*updates, name=name)

  def create_slots(self, variables):
    """Makes the variables that apply_gradients needs; returns nothing."""
    for variable in variables:
      self._averages(variable)

  def _averages(self, variable):
    name = self._get_variable_name(variable.name)
    with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
      return [tf.get_variable(name + slot,
                              variable.shape.as_list(),
                              variable.dtype.base_dtype, trainable=False,
                              initializer=tf.zeros_initializer(),
                              use_resource=hasattr(variable, "handle"))
              for slot in ("/adam_m", "/adam_v")]

  def _update(self, variable, gradient, constants):
    m, v = self._averages(variable)
    name = self._get_variable_name(variable.name)
    if self.lr_multiplier:
      constants = constants.scaled(self.lr_multiplier(name))
    decays = []
    if self._do_use_weight_decay(name):
      decays = [_decay(variable, constants.decay)]
    with tf.control_dependencies(decays):
      if hasattr(variable, "handle"):
        return tf.raw_ops.ResourceApplyAdam(
            var=variable.handle, m=m.handle, v=v.handle, grad=gradient,
            **constants.arguments)
      return tf.raw_ops.ApplyAdam(var=variable, m=m, v=v, grad=gradient,
                                  **constants.arguments)

  # The names that forks of the reference call and override.

  def _do_use_weight_decay(self, param_name):
    """Whether decay acts on the variable of a name."""
    excluded = self.exclude_from_weight_decay or ()
    return bool(self.weight_decay_rate) and not any(
        re.search(pattern, param_name) for pattern in excluded)

  def _get_variable_name(self, param_name):
    """Returns a variable's name without the ":0" at its end."""
    return re.sub(r":\d+$", "", param_name)


def _decay(variable, share):
  """Takes a share of a variable away from it."""
  if hasattr(variable, "handle"):
    return variable.assign_sub(share * variable.read_value())
  # In place, where the product would be written and read again.
  return tf.raw_ops.ApplyGradientDescent(var=variable, alpha=share,
                                         delta=variable)


class _KernelConstants(typing.NamedTuple):
  """Scalar tensors of one dtype; arguments are the kernel's by name."""
  decay: tf.Tensor
  gradient_scale: tf.Tensor
  arguments: Dict[str, tf.Tensor]

  def scaled(self, factor):
    """The same with another learning rate."""
    return self._replace(decay=self.decay * factor, arguments=dict(
        self.arguments, lr=self.arguments["lr"] * factor))


def _kernel_constants(optimizer, kind):
  """Makes TensorFlow's own Adam kernel do Adam without bias correction.

  The kernel's correction, sqrt(1 - beta_2^t) / (1 - beta_1^t), is 1 with both
  powers given as 0. It takes 1 - beta_2 in float32, a relative 1e-5 off for
  0.999: scaling the gradient spreads that over both slots, 4e-6 each, and
  scaling rate and epsilon keeps it out of the variable.

  Source: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980.
  """
  number = kind.as_numpy_dtype
  error = (1 - optimizer.beta_2) / float(number(1) - number(optimizer.beta_2))
  scale = error ** (1 / 3)
  root = scale ** -0.5  # What the kernel's sqrt(v) is, over the true one.
  rate = tf.cast(optimizer.learning_rate, kind)
  of_m, of_v = _bias_corrections(optimizer, kind)
  return _KernelConstants(
      decay=rate * optimizer.weight_decay_rate,
      gradient_scale=tf.cast(optimizer.gradient_factor, kind) * scale,
      arguments={
          "lr": rate * (of_v / of_m * (root / scale)),
          "beta1": tf.constant(optimizer.beta_1, kind),
          "beta2": tf.constant(optimizer.beta_2, kind),
          "beta1_power": tf.constant(0, kind),
          "beta2_power": tf.constant(0, kind),
          "epsilon": tf.constant(optimizer.epsilon * root, kind) * of_v})


def _bias_corrections(optimizer, kind):
  """Returns what m is to be divided by, and the square root of v's.

  Source: Kingma and Ba 2014, algorithm 1.
  """
  if not optimizer.has_bias_correction:
    return 1.0, 1.0
  step = tf.cast(tf.train.get_or_create_global_step(), kind) + 1.0
  return (1.0 - tf.pow(tf.constant(optimizer.beta_1, kind), step),
          tf.sqrt(1.0 - tf.pow(tf.constant(optimizer.beta_2, kind), step)))
