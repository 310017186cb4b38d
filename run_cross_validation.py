#!/usr/bin/env python
"""Fine-tunes BERT in K folds: every training example is predicted by a model
that never saw it, the test set by the mean of all.
"""

import sys

from bert import flag_rules
from bert import options
from bert.common import command
from bert.common import command_line

GROUPS = (options.FoldOptions,) + tuple(
    options.FineTuningFlags.__annotations__.values())


def main(argv):
  folding, *groups = command_line.parse(argv, GROUPS, __doc__)
  flags = options.FineTuningFlags(*groups)
  datasets = ["train"] + ["predict"] * folding.do_predict
  flag_rules.check_fine_tuning(flags, datasets + ["eval"])

  command.start_tensorflow(flags)
  from bert.model import checkpoint_choice
  from bert.model import distribution
  from bert.model import estimator
  from bert.training import finetuning
  from bert.training import folds
  from bert.training import task as tasks
  from processors import loading
  flags = distribution.join(flags)
  estimator.check_precision(flags.speed.precision)
  flags = flags._replace(model=checkpoint_choice.resolve_init(flags.model))
  task = tasks.load(flags, loading.load_processor(flags.data))
  if folding.do_predict:
    task.head.check_averaging()
  folds.run(finetuning.FineTuning(flags, task), folding,
            tasks.read_examples(flags, task, datasets))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
