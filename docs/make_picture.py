#!/usr/bin/env python
"""Draws docs/quickstart.png: the console and the confusion matrix of the quick
start, which it runs first. Needs matplotlib and a font with Chinese characters
(Debian: fonts-noto-cjk).

  docs/make_picture.py [OUTPUT_DIR of a quick start, its console in a file]
"""

import os
import subprocess
import sys
import tempfile
import unicodedata

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, ROOT)

# pylint: disable=wrong-import-position
from matplotlib import font_manager
from matplotlib import image
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bert.evaluation import fonts

PICTURE = os.path.join(ROOT, "docs", "quickstart.png")
COLUMNS = 88
PREFIX = "INFO:tensorflow:"


def main(output_dir=None, console=None):
  if console is None:
    with tempfile.TemporaryDirectory() as folder:
      text = subprocess.check_output(
          [os.path.join(ROOT, "scripts", "quickstart.sh")],
          env=dict(os.environ, OUTPUT_DIR=folder), stderr=subprocess.STDOUT)
      draw(folder, chosen_lines(text.decode("utf-8")))
  else:
    with open(console, encoding="utf-8") as reader:
      draw(output_dir, chosen_lines(reader.read()))
  print(PICTURE)


def chosen_lines(text):
  """Returns what a console shows of training, evaluation and predictions."""
  lines = text.split("\n")
  training = [line[len(PREFIX):] for line in lines
              if line.startswith(PREFIX + "Training: ")]
  begin = lines.index("Evaluation on the dev set")
  end = next(index for index, line in enumerate(lines)
             if line.startswith("All results are in "))
  return (["$ scripts/quickstart.sh"] + training[:3] + ["..."] +
          training[-2:] + [""] + lines[begin:end])


def draw(output_dir, lines):
  """Writes the picture."""
  figure = Figure(figsize=(15, 5.2), dpi=80)
  FigureCanvasAgg(figure)
  console, matrix = figure.subplots(1, 2, gridspec_kw={
      "width_ratios": [1.75, 1], "wspace": 0.02})
  figure.subplots_adjust(left=0.005, right=0.995, top=0.99, bottom=0.01)
  draw_console(console, lines)
  matrix.imshow(image.imread(os.path.join(output_dir, "eval_confusion.png")))
  matrix.axis("off")
  figure.savefig(PICTURE)


def draw_console(axes, lines):
  """Draws text on a grid, in which Chinese characters take two columns."""
  path = fonts.find("".join(lines))
  if path is None:
    sys.exit("make_picture.py: no installed font has all characters; on "
             "Debian, apt-get install fonts-noto-cjk")
  font = font_manager.FontProperties(fname=path, size=11.5)
  axes.set_facecolor("#1e1e1e")
  axes.set_xlim(-1, COLUMNS + 1)
  axes.set_ylim(len(lines) + 0.5, -1)
  axes.set_xticks([])
  axes.set_yticks([])
  for row, line in enumerate(lines):
    column = 0
    for char in line:
      width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
      axes.text(column + width / 2, row, char, color="#dddddd",
                fontproperties=font, ha="center", va="baseline")
      column += width


if __name__ == "__main__":
  main(*sys.argv[1:])
