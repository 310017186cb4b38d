"""Pictures of an evaluation, and what TensorBoard shows."""
import importlib.util
import io
import struct
import sys

import numpy as np
import pytest
import tensorflow.compat.v1 as tf
from tensorboard.backend.event_processing import event_accumulator

import commands
from eval_predictions import classified
from eval_predictions import counted
from eval_predictions import head_of
from eval_predictions import measured
from eval_predictions import several
from eval_predictions import tagged
from bert.evaluation import fonts
from bert.evaluation import plots

HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
needs_matplotlib = pytest.mark.skipif(
    not HAS_MATPLOTLIB, reason="pip install -r requirements-plots.txt")
YES_NO = classified([0, 1, 1], [[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def without_matplotlib(monkeypatch):
  find_spec = importlib.util.find_spec
  monkeypatch.setattr(
      importlib.util, "find_spec",
      lambda name: None if name == "matplotlib" else find_spec(name))


def summaries(folder):
  return event_accumulator.EventAccumulator(
      str(folder), size_guidance={"images": 0, "tensors": 0}).Reload()


def drawn(head, eval_prediction):
  """Draws all pictures -> file name -> matplotlib's figure."""
  # pylint: disable=protected-access
  return {name: draw(plots._names(head.labels))
          for name, draw in head.drawings(eval_prediction).items()}


def write(folder, head, eval_prediction):
  """Writes the pictures that a head draws -> their contents."""
  return plots.write(str(folder), head.labels, head.drawings(eval_prediction))


def texts_of(artists):
  return [each.get_text() for each in artists]


@needs_matplotlib
@pytest.mark.parametrize("head, eval_prediction, expected", [
    (head_of("classification", "ab"), YES_NO,
     {"eval_confusion.png", "eval_precision_recall.png"}),
    (head_of("classification", "abc"),
     counted(np.eye(3, dtype=int)), {"eval_confusion.png"}),
    (head_of("classification", map(str, range(30))),
     counted(np.eye(30, dtype=int)), {"eval_confusion.png"}),
    (head_of("classification", map(str, range(31))),
     counted(np.eye(31, dtype=int)), set()),
    (head_of("multi_label", "ab"),
     several([[0, 1]], [[0.1, 0.9]]), {"eval_precision_recall.png"}),
    (head_of("multi_label", "ab"),
     several([[0, 0]], [[0.1, 0.9]]), set()),
    (head_of("multi_label", "ab"),
     several([[0, 1]], [[0.1, np.nan]]), set()),
    (head_of("regression"), measured([1, 2], [1, 2]), set()),
    (head_of("tagging", "O"), tagged(["O"], ["O"]), set())])
def test_pictures_are_those_that_suit_the_task(
    tmp_path, log, head, eval_prediction, expected):
  write(tmp_path, head, eval_prediction)
  assert commands.names(tmp_path) == expected
  for name in expected:
    content = (tmp_path / name).read_bytes()
    assert content.startswith(PNG)
    assert min(struct.unpack(">II", content[16:24])) > 200
  assert not log


def test_without_matplotlib_one_line_tells_how_to_get_it(
    tmp_path, log, without_matplotlib):
  write(tmp_path, head_of("classification", "ab"), YES_NO)
  assert log == ["Not drawn: a picture of the evaluation needs matplotlib: pip "
                 "install -r requirements-plots.txt"]
  assert not list(tmp_path.iterdir())


def test_without_matplotlib_nothing_is_said_where_nothing_would_be_drawn(
    tmp_path, log, without_matplotlib):
  write(tmp_path, head_of("regression"),
        measured([1, 2], [1, 2]))
  assert not log


@needs_matplotlib
def test_screen_and_global_state_of_matplotlib_are_left_alone(tmp_path,
                                                              monkeypatch):
  # Another test of this process may have imported it.
  monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
  write(tmp_path, head_of("classification", "ab"), YES_NO)
  assert "matplotlib.pyplot" not in sys.modules


@needs_matplotlib
def test_matrix_shows_counts_by_label_and_colours_by_share():
  eval_prediction = counted([[3, 1, 0], [0, 0, 0], [2, 0, 6]])
  figure = drawn(head_of("classification", ("one", "$2$ or $3$", "三")),
                 eval_prediction)["eval_confusion.png"]
  axes = figure.axes[0]
  assert {each.get_position(): each.get_text() for each in axes.texts} == {
      (0, 0): "3", (1, 0): "1", (0, 2): "2", (2, 2): "6"}
  np.testing.assert_array_equal(axes.images[0].get_array(), [
      [0.75, 0.25, 0], [0, 0, 0], [0.25, 0, 0.75]])
  assert texts_of(axes.get_xticklabels()) == texts_of(axes.get_yticklabels())


@needs_matplotlib
def test_curve_is_scikit_learns_and_legend_has_average_precision():
  # From the best on: right, wrong, right.
  eval_prediction = classified(
      [1, 0, 1, 0], [[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.9, 0.1]])
  axes = drawn(head_of("classification", ("no", "yes")), eval_prediction)[
      "eval_precision_recall.png"].axes[0]
  recall, precision = axes.lines[0].get_data()
  np.testing.assert_allclose(recall, [0, 0.5, 1])
  np.testing.assert_allclose(precision, [1, 1, 2 / 3])
  # 0.5 * 1 + 0.5 * 2/3
  assert texts_of(axes.get_legend().get_texts()) == ["AP 0.833  yes"]


@needs_matplotlib
def test_curves_are_all_labels_together_and_the_ten_most_frequent():
  labels = np.tril(np.ones([12, 12], int))
  labels[:, 3] = 0
  names = ["_%s" % name for name in "abcdefghijkl"]
  axes = drawn(head_of("multi_label", names), several(
      labels, labels * 0.6 + 0.2))["eval_precision_recall.png"].axes[0]
  assert texts_of(axes.get_legend().get_texts()) == [
      "AP 1.000  all labels (micro)"] + [
          "AP 1.000  _%s" % name for name in "abcefghijk"]


@needs_matplotlib
def test_curve_of_many_examples_keeps_its_shape_in_few_points():
  random = np.random.RandomState(0)
  labels = random.randint(0, 2, 50000)
  scores = labels + random.normal(size=50000)
  # pylint: disable=protected-access
  recall, precision = plots._curve(labels, scores)
  assert len(recall) <= 1001
  assert recall[0] == 0 and recall[-1] == 1
  area = np.sum(np.diff(recall) * precision[1:])
  from sklearn.metrics import average_precision_score
  assert area == pytest.approx(average_precision_score(labels, scores),
                               abs=2e-3)


@needs_matplotlib
def test_labels_that_no_font_has_become_the_numbers_of_the_report(
    tmp_path, log, monkeypatch):
  monkeypatch.setattr(fonts, "find", lambda text: None)
  head = head_of("classification", ("治安", "户政"))
  write(tmp_path, head, YES_NO)
  assert log == ["No installed font has all characters of the labels, so "
                 "pictures show numbers: 1 治安, 2 户政"]
  figures = drawn(head, YES_NO)
  axes = figures["eval_confusion.png"].axes[0]
  assert texts_of(axes.get_xticklabels()) == ["1", "2"]
  assert axes.get_title() == "numbers are those of eval_report.txt"
  legend = figures["eval_precision_recall.png"].axes[0].get_legend()
  assert texts_of(legend.get_texts())[0].endswith("  2")


@needs_matplotlib
def test_long_label_is_shortened():
  names = plots._names(["a" * 24, "b" * 25])  # pylint: disable=protected-access
  assert names.texts == ["a" * 24, "b" * 21 + "..."]


def test_summaries_hold_the_matrix_as_a_table(tmp_path, without_matplotlib):
  eval_prediction = counted([[3, 1], [0, 6]])
  head_of("classification", ("no|ne", "<b>")).write_summaries(
      str(tmp_path), 20, eval_prediction, {})
  found = summaries(tmp_path)
  assert found.PluginTagToContent("text").keys() == {"confusion_table"}
  (event,) = found.Tensors("confusion_table")
  assert event.step == 20
  assert event.tensor_proto.string_val[0].decode("utf-8").split("\n") == [
      r"| label / prediction | no\|ne | &lt;b&gt; |", "| --- | ---: | ---: |",
      r"| no\|ne | 3 | 1 |", "| &lt;b&gt; | 0 | 6 |"]
  assert not found.Tags()["images"]


@needs_matplotlib
def test_summaries_hold_the_matrix_as_a_picture(tmp_path):
  head = head_of("classification", "ab")
  head.write_summaries(str(tmp_path), 20, YES_NO, write(tmp_path, head, YES_NO))
  (event,) = summaries(tmp_path).Images("confusion")
  assert event.step == 20
  assert event.encoded_image_string.startswith(PNG)
  from matplotlib import image
  shape = image.imread(io.BytesIO(event.encoded_image_string)).shape
  assert (event.height, event.width, 4) == shape


@pytest.mark.parametrize("head, eval_prediction", [
    (head_of("regression"), measured([1, 2], [1, 2])),
    (head_of("classification", map(str, range(31))),
     counted(np.eye(31, dtype=int)))])
def test_summaries_are_of_matrices_that_can_be_read(tmp_path, head, eval_prediction):
  head.write_summaries(str(tmp_path), 20, eval_prediction, {})
  assert not list(tmp_path.iterdir())


def test_summaries_of_two_checkpoints_do_not_replace_each_other(
    tmp_path, without_matplotlib):
  for step in (10, 20):
    head_of("classification", "ab").write_summaries(
        str(tmp_path), step, YES_NO, {})
  steps = set()
  for path in tmp_path.iterdir():
    steps.update(event.step for event in tf.train.summary_iterator(str(path))
                 if event.summary.value)
  assert steps == {10, 20}


@needs_matplotlib
def test_lengths_are_drawn_for_every_set(tmp_path):
  path = tmp_path / "lengths.png"
  plots.write_lengths(str(path), {"train": np.array([3, 700, 40]),
                                  "dev": np.array([5])}, 40)
  assert path.read_bytes().startswith(PNG)
  assert commands.names(tmp_path) == {"lengths.png"}
