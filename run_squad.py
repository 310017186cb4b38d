#!/usr/bin/env python
"""Fine-tunes BERT to answer questions out of a context, scores and predicts:
SQuAD 1.1 and 2.0, CMRC 2018, DRCD, and files of their forms.

Drop-in for the reference release's run_squad.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import functools
import sys

from bert import flag_rules
from bert import old_imports
from bert import options
from bert.common import command
from bert.common import command_line

GROUPS = (options.SquadOptions,) + tuple(
    options.SquadFlags.__annotations__.values())


def main(argv):
  todo, *groups = command_line.parse(argv, GROUPS, __doc__)
  squad = options.SquadFlags(*groups)
  flags = squad.fine_tuning()
  actions = flag_rules.actions_to_do(todo)
  flag_rules.check_fine_tuning(flags, actions)
  flag_rules.check_questions(squad, actions)
  flag_rules.check_trials(todo.num_trials, actions)

  command.start_tensorflow(squad)
  from bert.training import run
  run.run(flags, actions, todo.num_trials,
          functools.partial(load_processor, squad.questions), squad.updated)


def load_processor(files, flags):
  """Returns where the questions of files come from.

  Args:
    files: QuestionOptions.
    flags: FineTuningFlags, with what was taken from the output folder.
  """
  from processors.squad import Squad
  flag_rules.check_query_length(flags)
  return Squad(files.train_file, files.eval_file, files.predict_file,
               flags.span.version_2_with_negative)


def __getattr__(name):
  """Programs import names of the reference release from here."""
  return old_imports.attribute("run_squad", name)


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
