#!/usr/bin/env python
"""Fine-tunes BERT in K folds: every training example is predicted by a model
that never saw it, the test set by the mean of all.
"""

import sys

from bert import quiet  # First; pylint: disable=unused-import
from bert import command_line
from bert import console
from bert import finetuning
from bert import folds
from bert import job
from bert import options
from bert.errors import UserError
from bert.task import FLAG_GROUPS
from bert.task import Flags
from processors import loading

GROUPS = (options.FoldOptions,) + FLAG_GROUPS


def main(argv):
  fold_options, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = Flags(*groups)
  wanted = ["train"] + ["predict"] * fold_options.do_predict
  finetuning.check(flags, wanted + ["eval"])
  task, processor = loading.load_task(flags)
  if task.head.is_per_word and fold_options.do_predict:
    raise UserError("--do_predict takes the mean of scores, which tagging "
                    "tasks have not; leave it out")
  made = job.Job(flags, task)
  folds.run(made, fold_options,
            loading.read_examples(made, processor, wanted))


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
