"""Pictures of an evaluation, where matplotlib is installed."""

import html
import io
import os
import re
import struct
import typing
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import libraries
from bert.common.errors import UserError
from bert.evaluation import fonts
from bert.evaluation.eval_prediction import EvalPrediction

CONFUSION = "eval_confusion.png"
PRECISION_RECALL = "eval_precision_recall.png"
MAX_CLASSES = 30
_MAX_CURVES = 10
_MAX_POINTS = 1000
_MAX_NAME_CHARS = 24
# No model reads more tokens.
_MAX_TOKENS = 512
_NUM_BARS = 64
_NUMBERED = "numbers are those of eval_report.txt"


class Names(typing.NamedTuple):
  """Labels as a picture shows them.

  Attributes:
    texts: a name a label, or its number where no font has all characters.
    font: a matplotlib FontProperties that has them.
    is_numbered: whether they are numbers.
  """
  texts: List[str]
  font: object
  is_numbered: bool


def check(user: str) -> None:
  """Raises UserError if what draws pictures is not installed.

  Args:
    user: what needs it.
  """
  libraries.check_library("sklearn", user)
  libraries.check_library("matplotlib", user, "-r requirements-plots.txt")


def write(folder: str, labels: Sequence[str],
          drawings: Dict[str, Callable]) -> Dict[str, bytes]:
  """Writes pictures of an evaluation; without matplotlib the log says so.

  Args:
    folder: path.
    labels: the task's.
    drawings: file name -> function of Names that returns a figure.

  Returns:
    File name -> the PNG file's content.
  """
  if not drawings:
    return {}
  try:
    check("a picture of the evaluation")
  except UserError as error:
    tf.logging.info("Not drawn: %s", error)
    return {}
  names = _names(labels)
  if names.is_numbered:
    tf.logging.info("No installed font has all characters of the labels, so "
                    "pictures show numbers: %s", ", ".join(
                        "%s %s" % pair for pair in zip(
                            names.texts, labels[:MAX_CLASSES])))
  return {name: write_png(os.path.join(folder, name), draw(names))
          for name, draw in drawings.items()}


def write_confusion_summaries(folder: str, step: int, labels: Sequence[str],
                              predictions: EvalPrediction,
                              picture: Optional[bytes] = None) -> None:
  """Adds the confusion matrix to a folder's TensorBoard events.

  As a table, and as a picture where there is one.

  Args:
    folder: path; the events go to a file of their own there.
    step: the checkpoint's.
    labels: the task's.
    predictions: of classes.
    picture: the PNG that `write` made of it.
  """
  if not libraries.is_installed("sklearn"):
    return
  text = _markdown(labels, _counts(labels, predictions))
  values = [tf.Summary.Value(
      tag="confusion_table", tensor=tf.make_tensor_proto(text, tf.string))]
  values[0].metadata.plugin_data.plugin_name = "text"
  if picture:
    values.append(_image_value("confusion", picture))
  # Without a suffix of its own, it would replace an event file that was made
  # in the same second.
  with tf.summary.FileWriter(
      folder, filename_suffix=".confusion-%d" % step) as writer:
    writer.add_summary(tf.Summary(value=values), step)


def write_lengths(path: str, lengths: Dict[str, np.ndarray],
                  suggested: Optional[int] = None) -> None:
  """Writes histograms of examples' lengths, one below the other, as PNG.

  Args:
    path: of the file.
    lengths: set name -> int [examples], in tokens.
    suggested: a length to mark.
  """
  longest = min(max(max(each) for each in lengths.values()), _MAX_TOKENS)
  width = -(-longest // _NUM_BARS)
  edges = np.arange(0, longest + width + 1, width)
  figure = _figure(8, 1 + 2 * len(lengths))
  rows = figure.subplots(len(lengths), 1, sharex=True, squeeze=False,
                         gridspec_kw={"hspace": 0.4})[:, 0]
  for axes, (name, each) in zip(rows, lengths.items()):
    axes.hist(np.minimum(each, _MAX_TOKENS), bins=edges, color="tab:blue")
    axes.set_title("%s: %d examples" % (name, len(each)), loc="left")
    axes.set_ylabel("examples")
    if suggested:
      axes.axvline(suggested, color="tab:red", linestyle="--",
                   label="max_seq_length %d" % suggested)
      axes.legend(loc="upper right")
  axes.set_xlabel("tokens, [CLS] and [SEP] included" + (
      "; %d = as many or more" % longest if longest == _MAX_TOKENS else ""))
  write_png(path, figure)


def _counts(labels, predictions):
  """Returns int [label, prediction]."""
  from sklearn.metrics import confusion_matrix
  return confusion_matrix(predictions.labels, predictions.predicted,
                          labels=np.arange(len(labels)))


def draw_confusion(names: Names, predictions: EvalPrediction):
  """Returns a figure: the confusion matrix of classes."""
  counts = _counts(names.texts, predictions)
  shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
  figure = _figure(3 + 0.4 * len(counts), 2 + 0.4 * len(counts))
  axes = figure.subplots()
  image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
  # The numbers that make it as high as the matrix.
  bar = figure.colorbar(image, ax=axes, fraction=0.046, pad=0.04)
  bar.set_label("share of the label's examples")
  for row, column in zip(*np.nonzero(counts)):
    axes.text(column, row, str(counts[row, column]), ha="center", va="center",
              fontsize=8,
              color="white" if shares[row, column] > 0.5 else "black")
  axes.set_xticks(range(len(counts)))
  is_short = max(map(len, names.texts)) < 4
  axes.set_xticklabels(
      names.texts, fontproperties=names.font, rotation=0 if is_short else 45,
      ha="center" if is_short else "right",
      rotation_mode="default" if is_short else "anchor")
  axes.set_yticks(range(len(counts)))
  axes.set_yticklabels(names.texts, fontproperties=names.font)
  axes.set_xlabel("prediction")
  axes.set_ylabel("label")
  if names.is_numbered:
    axes.set_title(_NUMBERED, fontsize=8)
  return figure


def draw_precision_recall(names: Names, predictions: EvalPrediction):
  """Returns a figure: curves of two classes, or of label sets."""
  from sklearn.metrics import average_precision_score
  figure = _figure(7, 5)
  axes = figure.subplots()
  lines, texts = [], []
  for name, labels, scores in _curves(names, predictions):
    recall, precision = _curve(labels, scores)
    # Between two points the precision is that of the one with more recall.
    # The first takes none of the ten colours that the labels need.
    lines += axes.step(recall, precision, where="pre",
                       color=None if lines else "black")
    texts.append("AP %.3f  %s" % (average_precision_score(labels, scores),
                                  name))
  axes.set_xlabel("recall")
  axes.set_ylabel("precision")
  axes.set_xlim(0, 1.02)
  axes.set_ylim(0, 1.02)
  axes.grid(alpha=0.3)
  axes.legend(lines, texts, prop=names.font, loc="upper left",
              bbox_to_anchor=(1.02, 1),
              title=_NUMBERED if names.is_numbered else None)
  return figure


def _curves(names, predictions):
  """Yields (name, labels, scores); int and float32 [decisions]."""
  labels, scores = predictions.labels, predictions.probabilities
  if labels.ndim == 1:
    yield names.texts[1], labels, scores[:, 1]
    return
  yield "all labels (micro)", labels.reshape(-1), scores.reshape(-1)
  counts = labels.sum(axis=0)
  for index in np.argsort(-counts, kind="stable")[:_MAX_CURVES]:
    if counts[index]:
      yield names.texts[index], labels[:, index], scores[:, index]


def _curve(labels, scores):
  """Returns recall, rising, and the best precision there; some points."""
  from sklearn.metrics import precision_recall_curve
  precision, recall, _ = precision_recall_curve(labels, scores)
  # Reversed, the points of the same recall begin with the best precision.
  precision, recall = precision[::-1], recall[::-1]
  shown = np.unique(np.searchsorted(
      recall, np.linspace(0, 1, _MAX_POINTS + 1)))
  return recall[shown], precision[shown]


def _names(labels):
  """Returns the Names of labels."""
  from matplotlib import font_manager
  texts = [_shortened(label) for label in labels]
  path = fonts.find("".join(texts))
  if path:
    # A pair of dollars would make a formula.
    return Names([text.replace("$", r"\$") for text in texts],
                  font_manager.FontProperties(fname=path), False)
  numbers = [str(number) for number in range(1, len(labels) + 1)]
  return Names(numbers, font_manager.FontProperties(), True)


def _shortened(label):
  if len(label) <= _MAX_NAME_CHARS:
    return label
  return label[:_MAX_NAME_CHARS - 3] + "..."


def _figure(width, height):
  """Returns an empty figure, in inches, that needs no screen."""
  from matplotlib.backends.backend_agg import FigureCanvasAgg
  from matplotlib.figure import Figure
  figure = Figure(figsize=(width, height), dpi=120)
  FigureCanvasAgg(figure)
  return figure


def _png(figure):
  """Returns the bytes of a PNG file."""
  buffer = io.BytesIO()
  figure.savefig(buffer, format="png", bbox_inches="tight")
  return buffer.getvalue()


def write_png(path, figure):
  """Writes a figure of Matplotlib as a PNG file; returns its content."""
  content = _png(figure)
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "wb") as writer:
      writer.write(content)
  return content


def _image_value(tag, png):
  # Where a PNG says its size.
  width, height = struct.unpack(">II", png[16:24])
  return tf.Summary.Value(tag=tag, image=tf.Summary.Image(
      width=width, height=height, colorspace=4, encoded_image_string=png))


def _markdown(labels, counts):
  """Returns the matrix as a table."""
  cells = [re.sub(r"([\\`*_|\[\]])", r"\\\1", html.escape(label))
           for label in labels]
  lines = [["label / prediction"] + cells, ["---"] + ["---:"] * len(cells)]
  lines += [[cell] + list(map(str, row)) for cell, row in zip(cells, counts)]
  return "\n".join("| %s |" % " | ".join(line) for line in lines)
