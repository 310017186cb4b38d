#!/usr/bin/env python
"""Shows a run's evaluation and its first predictions as tables.

  show_results.py OUTPUT_DIR TEST_FILE [ROWS]

TEST_FILE is a TSV with a header and the text in column 1.
"""

import os
import sys
import unicodedata


def read_lines(path):
  with open(path, encoding="utf-8") as reader:
    return reader.read().strip("\n").split("\n")


def width(text):
  """Returns the columns that a text takes on a terminal."""
  return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1
             for char in text)


def print_table(header, rows):
  table = [header] + rows
  widths = [max(map(width, column)) for column in zip(*table)]
  for number, row in enumerate(table):
    print("  ".join(cell + " " * (size - width(cell))
                    for cell, size in zip(row, widths)).rstrip())
    if number == 0:
      print("  ".join("-" * size for size in widths))


def main(output_dir, test_file, num_rows=10):
  results = read_lines(os.path.join(output_dir, "eval_results.txt"))
  print("\nEvaluation on the dev set")
  print_table(("result", "value"), [line.split(" = ") for line in results])
  predictions = [line.split("\t") for line in read_lines(
      os.path.join(output_dir, "test_predictions.tsv"))[1:]]
  texts = [line.split("\t")[1] for line in read_lines(test_file)[1:]]
  print("\nThe first %d predictions of the test set" % int(num_rows))
  print_table(("prediction", "score", "text"), [
      (label, "%.3f" % float(score), text)
      for (_, label, score), text
      in list(zip(predictions, texts))[:int(num_rows)]])


if __name__ == "__main__":
  sys.stdout.reconfigure(encoding="utf-8")
  main(*sys.argv[1:])
