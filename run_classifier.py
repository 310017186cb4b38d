#!/usr/bin/env python
"""Fine-tunes BERT on a task, evaluates on the dev set, predicts the test set.

Drop-in for the reference release's run_classifier.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import sys

from bert import old_imports
from bert.common import command
from bert.common import command_line
from bert.options import finetuning

GROUPS = (finetuning.TaskOptions,) + tuple(
    finetuning.FineTuningFlags.__annotations__.values())


def main(argv):
  todo, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = finetuning.FineTuningFlags(*groups)
  actions = finetuning.actions_to_do(todo)
  finetuning.check_fine_tuning(flags, actions)
  finetuning.check_seeds(todo.num_seeds, actions)

  command.start_tensorflow(flags)
  from bert.training import run
  from processors import loading
  run.run(flags, actions, todo.num_seeds,
          lambda flags: loading.load_processor(flags.data))


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_classifier", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
