#!/usr/bin/env python
"""Fine-tunes BERT in K folds: every training example is predicted by a model
that never saw it, the test set by the mean of all.
"""

import sys

from bert.common import command
from bert.common import command_line
from bert.options import finetuning

GROUPS = (finetuning.FoldOptions,) + tuple(
    finetuning.FineTuningFlags.__annotations__.values())


def main(argv):
  folding, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = finetuning.FineTuningFlags(*groups)
  finetuning.check_fine_tuning(flags, ["train", "eval"] + [
      "predict"] * folding.do_predict)

  command.start_tensorflow(flags)
  from bert.cross_validation import run
  from processors import loading
  run.run(flags, folding, lambda used: loading.load_processor(used.data))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
