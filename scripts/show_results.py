#!/usr/bin/env python
"""Shows a run's evaluation and its first predictions as tables.

  show_results.py OUTPUT_DIR TEST_FILE [ROWS]

TEST_FILE is a TSV with a header and the text in column 1.
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
  if len(argv) not in (3, 4) or not "".join(argv[3:] or "1").isdecimal():
    raise UserError("OUTPUT_DIR, TEST_FILE and perhaps a number of rows are "
                    "needed. See --help.")
  if hasattr(sys.stdout, "reconfigure"):
    sys.stdout.reconfigure(encoding="utf-8")
  show(argv[1], argv[2], int((argv[3:] or [10])[0]))


def show(output_dir, test_file, num_rows):
  """Prints the tables."""
  results = read_lines(os.path.join(output_dir, "eval_results.txt"))
  print("\nEvaluation on the dev set")
  print("\n".join(tables.table(("result", "value"), [
      line.split(" = ") for line in results], None)))
  predictions = [line.split("\t") for line in read_lines(
      os.path.join(output_dir, "test_predictions.tsv"))[1:]]
  texts = [line.split("\t")[1] for line in read_lines(test_file)[1:]]
  print("\nThe first %d predictions of the test set" % num_rows)
  print("\n".join(tables.table(("prediction", "score", "text"), [
      (label, "%.3f" % float(score), text)
      for (_, label, score), text in list(zip(predictions, texts))[:num_rows]],
                               None)))


def read_lines(path):
  try:
    with open(path, encoding="utf-8") as reader:
      return reader.read().strip("\n").split("\n")
  except OSError as error:
    raise UserError("%s: can't be read: %s" % (path, error.strerror))


if __name__ == "__main__":
  sys.exit(command.run(main, sys.argv))
