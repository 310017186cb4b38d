#!/usr/bin/env python
"""Fine-tunes BERT on a task, evaluates on the dev set, predicts the test set.

Drop-in for the reference release's run_classifier.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import sys

from bert import flag_rules
from bert import old_imports
from bert import options
from bert.common import command
from bert.common import command_line

GROUPS = (options.TaskOptions,) + tuple(
    options.FineTuningFlags.__annotations__.values())


def main(argv):
  todo, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = options.FineTuningFlags(*groups)
  actions = flag_rules.actions_to_do(todo)
  flag_rules.check_fine_tuning(flags, actions)
  flag_rules.check_trials(todo.num_trials, actions)

  command.start_tensorflow(flags)
  from bert.training import run
  from processors import loading
  run.run(flags, actions, todo.num_trials,
          lambda flags: loading.load_processor(flags.data))


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_classifier", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
