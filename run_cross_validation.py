#!/usr/bin/env python
"""Fine-tunes BERT in K folds: every training example is predicted by a model
that never saw it, the test set by the mean of all.
"""

import sys

from bert.common import import_logging  # First; pylint: disable=unused-import
from bert import options
from bert.common import command_line
from bert.common import console
from bert.training import finetuning
from bert.training import folds
from bert.training import job
from bert.training.task import FLAG_GROUPS
from bert.training.task import Flags
from processors import loading

GROUPS = (options.FoldOptions,) + FLAG_GROUPS


def main(argv):
  fold_options, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = Flags(*groups)
  wanted = ["train"] + ["predict"] * fold_options.do_predict
  finetuning.check(flags, wanted + ["eval"])
  task, processor = loading.load_task(flags)
  if fold_options.do_predict:
    task.head.check_averaging()
  made = job.Job(flags, task)
  folds.run(made, fold_options,
            loading.read_examples(made, processor, wanted))


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
