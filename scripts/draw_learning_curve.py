#!/usr/bin/env python
"""Draws scores by the share of the training set.

  draw_learning_curve.py OUTPUT_DIR RUN...

RUN is an output_dir that was made with --train_fraction. Writes
learning_curve.tsv and learning_curve.png into OUTPUT_DIR.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import tables
from bert.common.errors import UserError


def main(argv):
  if any(each in ("-h", "--help") for each in argv[1:]):
    print(__doc__.strip())
    return
  if len(argv) < 3 or argv[1].startswith("-"):
    raise UserError("OUTPUT_DIR and the folders of runs are needed. See "
                    "--help.")
  command.start_tensorflow()
  from bert.common import files
  from bert.evaluation import curves
  from bert.training import run_summary
  output_dir, *folders = argv[1:]
  runs = sorted(map(run_summary.read, folders), key=fraction_of)
  keys = sorted(set(runs[0].results).intersection(
      *[run.results for run in runs]) - {"global_step", "eval_loss"})
  header = ["train_fraction"] + keys
  rows = [["%g" % fraction_of(run)] + ["%.4f" % run.results[key]
                                       for key in keys] for run in runs]
  files.write_text(os.path.join(output_dir, "learning_curve.tsv"), [
      "\t".join(row) for row in [header] + rows])
  for line in tables.table(header, rows, None):
    print(line)
  path = os.path.join(output_dir, "learning_curve.png")
  if curves.draw(path, {
      key: [[(fraction_of(run), run.results[key]) for run in runs]]
      for key in keys}, ["dev set"], "share of the training set"):
    print("\nLearning curve: %s" % path)


def fraction_of(run):
  return float(run.settings.get("train_fraction", 1))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
