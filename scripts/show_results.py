#!/usr/bin/env python
"""Shows a run's evaluation and its first predictions as tables.

  show_results.py OUTPUT_DIR TEST_FILE [ROWS]

TEST_FILE is a TSV with a header and the text in column 1.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import tables


def read_lines(path):
  with open(path, encoding="utf-8") as reader:
    return reader.read().strip("\n").split("\n")


def main(output_dir, test_file, num_rows=10):
  results = read_lines(os.path.join(output_dir, "eval_results.txt"))
  print("\nEvaluation on the dev set")
  print("\n".join(tables.table(("result", "value"), [
      line.split(" = ") for line in results], None)))
  predictions = [line.split("\t") for line in read_lines(
      os.path.join(output_dir, "test_predictions.tsv"))[1:]]
  texts = [line.split("\t")[1] for line in read_lines(test_file)[1:]]
  print("\nThe first %d predictions of the test set" % int(num_rows))
  print("\n".join(tables.table(("prediction", "score", "text"), [
      (label, "%.3f" % float(score), text)
      for (_, label, score), text
      in list(zip(predictions, texts))[:int(num_rows)]], None)))


if __name__ == "__main__":
  sys.stdout.reconfigure(encoding="utf-8")
  main(*sys.argv[1:])
