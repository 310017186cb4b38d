"""Tasks that do something in the middle of a training."""

# What a module of a user's is followed by, so that its act() is called after
# step 3.
ACT_AFTER_STEP_3 = '''

class ActiveHook(tf.estimator.SessionRunHook):
  """Acts after step 3."""

  def after_run(self, run_context, run_values):
    if run_context.session.run(tf.train.get_global_step()) == 3:
      act()


def with_hook(train):
  def train_with_hook(self, input_fn, hooks=None, **kwargs):
    return train(self, input_fn, hooks=[ActiveHook()] + list(hooks or []),
                 **kwargs)
  return train_with_hook


estimator = tf.estimator.tpu.TPUEstimator
estimator.train = with_hook(estimator.train)
'''
