"""Trials of searches that train nothing, for tests of the search around them.
"""
import os
import time

import commands
from bert.search import figures
from bert.training import actions


def scores_of(learning_rate):
  """The lower the learning rate, the better: name -> score."""
  return {"eval_accuracy": 1 - learning_rate, "loss": 10 * learning_rate}


def run(tuning, *unused):
  """Takes the place of actions.run: writes and returns a trial's scores."""
  scores = scores_of(tuning.flags.training.learning_rate)
  commands.write(os.path.join(tuning.folder.path, "eval_results.txt"),
                 "".join("%s = %r\n" % each for each in scores.items()))
  return actions.RunResult(scores, None)


def run_beside_another(tuning, *unused):
  """The same, in one of two processes of a search: the first two trials last
  until both have begun, so that neither process makes all of them."""
  os.makedirs(tuning.folder.path)
  folder = os.path.dirname(tuning.folder.path)
  until = time.monotonic() + 120
  while not all(os.path.isdir(os.path.join(folder, "trial_%d" % number))
                for number in (1, 2)):
    assert time.monotonic() < until, "the other process has begun no trial"
    time.sleep(0.01)
  return run(tuning)


def draw_nothing(*unused):
  """Takes the place of figures.draw."""


def install(set_attribute, run_trial=run):
  """Makes the trials of a process instant.

  Args:
    set_attribute: as setattr.
    run_trial: run, or what a test has of its own.
  """
  set_attribute(actions, "run", run_trial)
  set_attribute(figures, "draw", draw_nothing)
