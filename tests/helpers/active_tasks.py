"""Tasks that do something in the middle of a training."""
import os

import commands

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

_KILLED = """
import os
import signal
import sys

sys.path.insert(0, %r)
import %s as program
import tensorflow.compat.v1 as tf
from bert.common import command


def act():
  os.kill(os.getpid(), signal.%s)
"""


def deadly(folder, command, name="SIGKILL"):
  """Writes a script that is a command, killed after step 3 -> its path.

  Args:
    folder: of the script.
    command: its module.
    name: of the signal.
  """
  return commands.write(folder / "deadly.py", _KILLED % (
      os.path.dirname(os.path.abspath(command.__file__)), command.__name__, name) +
                        ACT_AFTER_STEP_3 +
                        "\nsys.exit(command.run(program.main, sys.argv))\n")
