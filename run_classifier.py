#!/usr/bin/env python
"""Fine-tunes BERT on a task, evaluates on the dev set, predicts the test set.

Drop-in for the reference release's run_classifier.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import functools
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
  actions = flag_rules.actions_of(todo, ("train", "eval", "predict", "export"))
  actions += [each for each in flag_rules.export_formats(todo)
              if each == "onnx" and "export" in actions]
  flag_rules.check_fine_tuning(flags, actions)
  flag_rules.check_trials(todo.num_trials, actions)

  command.start_tensorflow(flags)
  from bert.model import checkpoints
  from bert.model import distribution
  from bert.model import estimator
  from bert.training import actions as actions_lib
  from bert.training import finetuning
  from bert.training import onnx_files
  from bert.training import task as tasks
  from bert.training import trials
  from processors import loading
  flags = distribution.join(flags)
  estimator.check_precision(flags.speed.precision)
  if "onnx" in actions:
    onnx_files.check_libraries()
  flags = flags._replace(model=checkpoints.resolve_init(flags.model))
  task = tasks.load(flags, loading.load_processor(flags.data))
  run = finetuning.FineTuning(flags, task)
  read = functools.partial(tasks.read_examples, flags, task)
  if todo.num_trials > 1:
    trials.run(run, actions, todo.num_trials, read)
  else:
    actions_lib.run(run, actions, read)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_classifier", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
