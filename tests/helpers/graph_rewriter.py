"""Sessions of this process without TensorFlow's graph rewriter (Grappler).

It takes longer than the few steps that a test runs: without it a test takes two
thirds of the time. Sessions that ask for it keep it: those of the commands, which
set how often it runs, unless a file's tests have the fixture plain_graphs; and
those that ask for one of its passes, such as that of mixed precision. Processes
that a test starts keep it too.

Numbers differ in the last digits: not for files that compare a command in this
process with one in a process of its own.
"""
import contextlib

import tensorflow.compat.v1 as tf
from tensorflow.python.client import session as session_lib

_of_commands = set()  # Options that commands set and that are overruled.


def leave_out():
  """Leaves the rewriter out of sessions from now on."""
  create = session_lib.BaseSession.__init__

  def create_without(self, target="", graph=None, config=None):
    create(self, target, graph, _changed(config))

  session_lib.BaseSession.__init__ = create_without


@contextlib.contextmanager
def left_out_of_commands():
  """Leaves it out of the commands' sessions as well inside."""
  _of_commands.add("meta_optimizer_iterations")
  try:
    yield
  finally:
    _of_commands.clear()


def _changed(config):
  changed = tf.ConfigProto()
  if config is not None:
    changed.CopyFrom(config)
  rewrite = changed.graph_options.rewrite_options
  if {field.name for field, _ in rewrite.ListFields()} - _of_commands:
    return config
  rewrite.disable_meta_optimizer = True
  return changed
