#!/usr/bin/env python
"""Compares runs: the settings that differ, scores, speed, learning curves; two
runs on one dev set example by example.

  compare_runs.py OUTPUT_DIR OUTPUT_DIR...

Writes compare_runs.png, the learning curves, into the current folder, where
Matplotlib is installed.
"""

import dataclasses
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import command_line
from bert.common import tables
from bert.common.errors import UserError
from bert.options.finetuning import FineTuningFlags

PICTURE = "compare_runs.png"


def main(argv):
  folders = argv[1:]
  if any(each in ("-h", "--help") for each in folders):
    print(__doc__.strip())
    return
  for each in folders:
    if each.startswith("-"):
      raise UserError("unknown flag %s. See --help." % each)
  if len(folders) < 2:
    raise UserError("two OUTPUT_DIR or more are needed. See --help.")
  if len(set(map(os.path.realpath, folders))) < len(folders):
    raise UserError("an OUTPUT_DIR is there twice")
  command.start_tensorflow()
  from bert.training import run_summary
  runs = [run_summary.read(each.rstrip("/")) for each in folders]
  names = names_of(folders)
  for line in tables.table(["", *names], rows_of(runs)):
    print(line)
  if len(runs) == 2:
    print()
    for line in compare(names, folders):
      print(line)
  draw(names, runs)


def names_of(folders):
  """Returns the shortest ends of paths that differ."""
  parts = [os.path.abspath(each).split(os.sep) for each in folders]
  for length in range(1, max(map(len, parts)) + 1):
    names = [os.sep.join(each[-length:]) for each in parts]
    if len(set(names)) == len(names):
      return names
  return list(folders)


def rows_of(runs):
  """Yields the rows of the table: settings that differ, scores, speed."""
  defaults = defaults_of_flags()
  for name in sorted({name for run in runs for name in run.settings}):
    values = [run.settings.get(name, defaults.get(name, "-")) for run in runs]
    if len(set(values)) > 1:
      yield ["--" + name] + values
  for key in sorted({key for run in runs for key in run.results}):
    yield [key] + [number(run.results.get(key), "%.4f" if
                          key != "global_step" else "%d") for run in runs]
  yield ["seconds of training"] + [number(run.seconds, "%.1f") for run in runs]
  yield ["examples/s"] + [number(run.examples_per_second, "%.1f")
                          for run in runs]


def defaults_of_flags():
  """Returns name -> default of the flags of run_classifier.py, as text."""
  return {field.name: command_line.describe(field.default)
          for group in FineTuningFlags.__annotations__.values()
          for field in dataclasses.fields(group)}


def number(value, form):
  return "-" if value is None else form % value


def compare(names, folders):
  """Yields the lines that compare the second run with the first."""
  from bert.evaluation import comparison
  from bert.evaluation import prediction_file
  try:
    result = comparison.compare(*map(prediction_file.read, folders))
  except UserError as error:
    yield "Not compared example by example: %s" % error
    return
  yield "Of %d examples of the dev set:" % result.num_examples
  if result.is_of_numbers:
    yield "  nearer to the label: %s %d, %s %d, both the same %d" % (
        names[0], result.num_first, names[1], result.num_second,
        result.num_neither)
  else:
    yield "  right: both %d, only %s %d, only %s %d, neither %d" % (
        result.num_both, names[0], result.num_first, names[1],
        result.num_second, result.num_neither)
  yield "  so unequal by chance (%s test): p = %.4f" % (
      "sign" if result.is_of_numbers else "McNemar's exact", result.p_value)
  for each in result.differences:
    yield ("  %s: %.4f and %.4f, difference %+.4f, 95 %% of a bootstrap over "
           "the examples from %+.4f to %+.4f" % (
               each.key, each.first, each.second, each.second - each.first,
               each.low, each.high))


def draw(names, runs):
  """Writes the learning curves."""
  from bert.evaluation import curves
  panels = {"loss of the training": [run.losses for run in runs]}
  for key in keys_of(runs):
    panels[key] = [run.evaluations.get(key, []) for run in runs]
  if curves.draw(PICTURE, panels, names):
    print("\nLearning curves: %s" % PICTURE)


def keys_of(runs):
  """Returns the key of the score whose curve is shown, if there is one."""
  keys = [key for run in runs for key in sorted(run.evaluations)
          if key not in ("loss", "eval_loss")]
  return keys[:1]


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
