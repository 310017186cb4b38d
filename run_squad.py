#!/usr/bin/env python
"""Fine-tunes BERT to answer questions out of a context, scores and predicts:
SQuAD 1.1 and 2.0, CMRC 2018, DRCD, and files of their forms.

Drop-in for the reference release's run_squad.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import functools
import sys

from bert import old_imports
from bert.common import command
from bert.common import command_line
from bert.options import finetuning
from bert.options.questions import check_query_length
from bert.options.questions import check_questions
from bert.options.questions import SquadFlags
from bert.options.questions import SquadOptions

GROUPS = (SquadOptions,) + tuple(
    SquadFlags.__annotations__.values())


def main(argv):
  todo, *groups = command_line.parse(argv, GROUPS, __doc__)
  squad = SquadFlags(*groups)
  flags = squad.fine_tuning()
  actions = finetuning.actions_to_do(todo)
  finetuning.check_fine_tuning(flags, actions)
  check_questions(squad, actions)
  finetuning.check_seeds(todo.num_seeds, actions)

  command.start_tensorflow(squad)
  from bert.training import run
  run.run(flags, actions, todo.num_seeds,
          functools.partial(load_processor, squad.questions), squad.updated)


def load_processor(files, flags):
  """Returns where the questions of files come from.

  Args:
    files: QuestionOptions.
    flags: FineTuningFlags, with what was taken from the output folder.
  """
  from processors.squad import Squad
  check_query_length(flags)
  return Squad(files.train_file, files.eval_file, files.predict_file,
               flags.span.version_2_with_negative)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_squad", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
