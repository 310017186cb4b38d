"""The learning rate's schedule and BERT's Adam with decoupled weight decay."""

import re

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
  peak = tf.constant(init_lr, tf.float32)
  left = 1.0 - tf.minimum(step, num_train_steps) / max(num_train_steps, 1)
  rate = peak * left
  if num_warmup_steps:
    rate = tf.where(step < num_warmup_steps, peak * step / num_warmup_steps,
                    rate)
  return rate


def create_optimizer(loss, init_lr, num_train_steps, num_warmup_steps,
                     use_tpu):
  """Returns the op that makes one training step and counts global_step up.

  Args:
    loss: float32 scalar.
    init_lr: peak learning rate.
    num_train_steps: steps of the whole schedule.
    num_warmup_steps: steps of warm-up, may be 0.
    use_tpu: whether gradients are averaged over the cores of a TPU.

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
      rate, weight_decay_rate=0.01,
      exclude_from_weight_decay=["LayerNorm", "layer_norm", "bias"])
  if use_tpu:
    optimizer = tf.tpu.CrossShardOptimizer(optimizer)

  variables = tf.trainable_variables()
  gradients, _ = tf.clip_by_global_norm(tf.gradients(loss, variables), 1.0)
  update = optimizer.apply_gradients(zip(gradients, variables),
                                     global_step=global_step)
  # The update has read the rate: only now may the step change.
  with tf.control_dependencies([update, rate]):
    return tf.assign_add(global_step, 1).op


class AdamWeightDecayOptimizer(tf.train.Optimizer):
  """Adam without bias correction; decay acts on variables, not gradients.

  Source: Loshchilov and Hutter 2017, https://arxiv.org/abs/1711.05101.
  """

  def __init__(self, learning_rate, weight_decay_rate=0.0, beta_1=0.9,
               beta_2=0.999, epsilon=1e-6, exclude_from_weight_decay=None,
               name="AdamWeightDecayOptimizer"):
    """Takes the constants; exclude_from_weight_decay are regular expressions
    over variable names."""
    super().__init__(False, name)
    self.learning_rate = learning_rate
    self.weight_decay_rate = weight_decay_rate
    self.beta_1 = beta_1
    self.beta_2 = beta_2
    self.epsilon = epsilon
    self.exclude_from_weight_decay = exclude_from_weight_decay

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
    # A reference variable must not change while a gradient still reads it.
    with tf.control_dependencies([gradient for gradient, _ in pairs]):
      updates = [self._update(*pair) for pair in pairs]
    return tf.group(*updates, name=name)

  def _update(self, gradient, variable):
    name = re.sub(r":\d+$", "", variable.name)
    with tf.variable_scope(tf.get_variable_scope(), reuse=tf.AUTO_REUSE):
      m, v = [tf.get_variable(name + slot, variable.shape.as_list(),
                              variable.dtype.base_dtype, trainable=False,
                              initializer=tf.zeros_initializer())
              for slot in ("/adam_m", "/adam_v")]
    rate = tf.cast(self.learning_rate, variable.dtype.base_dtype)
    decays = []
    if self._is_decayed(name):
      decays = [variable.assign_sub(rate * self.weight_decay_rate *
                                    variable.read_value())]
    with tf.control_dependencies(decays):
      return adam_update(variable, (m, v), gradient, rate,
                         (self.beta_1, self.beta_2, self.epsilon))

  def _is_decayed(self, name):
    excluded = self.exclude_from_weight_decay or ()
    return bool(self.weight_decay_rate) and not any(
        re.search(pattern, name) for pattern in excluded)


def adam_update(variable, slots, gradient, rate, constants):
  """Adam's step by TensorFlow's own kernel.

  Its bias correction, sqrt(1 - beta_2^t) / (1 - beta_1^t), is 1 with both
  powers given as 0.

  Args:
    variable: a reference or resource variable.
    slots: (m, v), variables of its shape.
    gradient: tensor of its shape.
    rate: scalar.
    constants: (beta_1, beta_2, epsilon).

  Returns:
    A tf.Operation.

  Source: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980.
  """
  kind = variable.dtype.base_dtype
  beta_1, beta_2, epsilon = [tf.cast(value, kind) for value in constants]
  var, m, v = variable, slots[0], slots[1]
  kernel = tf.raw_ops.ApplyAdam
  if hasattr(variable, "handle"):
    var, m, v = var.handle, m.handle, v.handle
    kernel = tf.raw_ops.ResourceApplyAdam
  return kernel(var=var, m=m, v=v, beta1_power=tf.zeros([], kind),
                beta2_power=tf.zeros([], kind), lr=rate, beta1=beta_1,
                beta2=beta_2, epsilon=epsilon, grad=gradient)
