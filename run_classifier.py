#!/usr/bin/env python
"""Fine-tunes BERT on a task, evaluates on the dev set, predicts the test set.

Drop-in for the reference release's run_classifier.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import sys

from bert.common import import_logging  # First; pylint: disable=unused-import
from bert import options
from bert.common import command_line
from bert.common import console
from bert.common.errors import UserError
from bert.training import finetuning
from bert.training import job
from bert.training import trials
from bert.training.task import FLAG_GROUPS
from bert.training.task import Flags
from processors import loading

GROUPS = (options.TaskOptions,) + FLAG_GROUPS


def main(argv):
  todo, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = Flags(*groups)
  wanted = [name for name in ("train", "eval", "predict", "export")
            if getattr(todo, "do_" + name)]
  if not wanted:
    raise UserError("nothing to do: give --do_train, --do_eval, --do_predict "
                    "or --do_export")
  finetuning.check(flags, wanted)
  task, processor = loading.load_task(flags)
  made = job.Job(flags, task)
  read = lambda sets: loading.read_examples(made, processor, sets)
  if todo.num_trials > 1:
    trials.run(made, wanted, todo.num_trials, read)
  else:
    finetuning.run(made, wanted, read)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
