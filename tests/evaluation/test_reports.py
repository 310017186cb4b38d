"""eval_report.txt and eval_errors.tsv of every kind of head."""
import csv
import importlib.util

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

import commands
from eval_predictions import classified
from eval_predictions import counted
from eval_predictions import examples
from eval_predictions import head_of
from eval_predictions import measured
from eval_predictions import several
from eval_predictions import tagged
from bert.common import tables
from bert.data.examples import InputExample
from bert.evaluation import reports
from bert.heads import base
from bert.heads.task_spec import TaskSpec

# Of 2 a's one is right, of 3 b's two, of one c none.
LETTERS = classified(
    [0, 0, 1, 1, 1, 2],
    [[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.0, 1.0, 0.0], [0.3, 0.4, 0.3],
     [0.6, 0.2, 0.2], [0.05, 0.95, 0.0]])


def written(folder, head, eval_prediction, texts=None):
  """Writes both files -> lines of the report, rows of the errors."""
  texts = texts or ["text"] * len(eval_prediction.labels)
  head.write_report(str(folder), examples(texts),
                    eval_prediction)
  return (commands.lines(folder, "eval_report.txt"),
          [line.split("\t") for line in commands.lines(
              folder, "eval_errors.tsv")])


def cells(lines, name):
  """The cells of the one line that has a name."""
  found = [line.split() for line in lines if name in line.split()]
  assert len(found) == 1, lines
  return found[0]


def test_classes_are_scored_one_by_one(tmp_path):
  report, _ = written(tmp_path, head_of("classification", "abc"), LETTERS)
  assert report[0] == "6 examples, 3 of them right: accuracy 0.5000"
  assert cells(report, "label") == ["#", "label", "precision", "recall", "F1",
                                    "support"]
  # a: 2 predicted, 1 right; b: 4 predicted, 2 right; c: never predicted.
  assert cells(report, "a") == ["1", "a", "0.5000", "0.5000", "0.5000", "2"]
  assert cells(report, "b") == ["2", "b", "0.5000", "0.6667", "0.5714", "3"]
  assert cells(report, "c") == ["3", "c", "0.0000", "0.0000", "0.0000", "1"]
  assert cells(report, "macro")[2:] == ["0.3333", "0.3889", "0.3571", "6"]
  # (2 * 0.5 + 3 * 0.5) / 6, (2 * 1/2 + 3 * 2/3) / 6, (2 * 1/2 + 3 * 4/7) / 6
  assert cells(report, "weighted")[2:] == ["0.4167", "0.5000", "0.4524", "6"]


def test_errors_come_most_confident_first(tmp_path):
  _, errors = written(tmp_path, head_of("classification", "abc"), LETTERS)
  assert errors == [
      ["guid", "label", "prediction", "score", "text_a", "text_b"],
      ["dev-6", "c", "b", "0.95", "text", ""],
      ["dev-2", "a", "b", "0.8", "text", ""],
      ["dev-5", "b", "a", "0.6", "text", ""]]


def test_errors_are_at_most_a_thousand_and_keep_their_order(tmp_path):
  eval_prediction = counted([[0, 1200], [0, 3]])
  _, errors = written(tmp_path, head_of("classification", "ab"), eval_prediction)
  assert [row[0] for row in errors[1:]] == [
      "dev-%d" % number for number in range(1, 1001)]


def test_set_without_errors_has_the_header_alone(tmp_path):
  _, errors = written(tmp_path, head_of("classification", "ab"),
                      counted([[2, 0], [0, 3]]))
  assert len(errors) == 1


def test_text_stays_in_its_cell(tmp_path):
  texts = ["a\tb\r\nc\u2028d\x85e", ("one\ntwo", "three\vfour"),
           (["word", "##piece"], ["ab"])]
  eval_prediction = counted([[0, 3], [0, 0]])
  written(tmp_path, head_of("classification", ("x\ty", "z")), eval_prediction,
          texts)
  with open(str(tmp_path / "eval_errors.tsv"), encoding="utf-8",
            newline="") as stream:
    rows = list(csv.reader(stream, "excel-tab", quoting=csv.QUOTE_NONE))
  assert [row[1:3] + row[4:] for row in rows[1:]] == [
      ["x y", "z", "a b c d e", ""], ["x y", "z", "one two", "three four"],
      ["x y", "z", "word ##piece", "ab"]]


def test_chinese_labels_align(tmp_path):
  report, _ = written(
      tmp_path, head_of("classification", ("治安管理", "b", "ab")), LETTERS)
  table = report[2:]
  assert table[0] == (
      "#  label             precision  recall      F1  support")
  assert table[2] == (
      "1  治安管理             0.5000  0.5000  0.5000        2")
  assert table[3] == (
      "2  b                    0.5000  0.6667  0.5714        3")


def test_multi_label_finds_each_labels_best_threshold(tmp_path):
  eval_prediction = several(
      [[1, 0, 1], [1, 0, 0], [0, 0, 1], [0, 0, 0]],
      [[0.9, 0.2, 0.3], [0.25, 0.6, 0.7], [0.1, 0.1, 0.4], [0.3, 0.1, 0.2]])
  report, errors = written(
      tmp_path, head_of("multi_label", ("one", "none", "both")), eval_prediction)
  assert report[0] == ("4 examples; a label is predicted from probability 0.5 "
                       "on")
  # From 0.25 on, 2 of 3 are right, none is missed: F1 2*2 / (3 + 2).
  assert cells(report, "one") == [
      "1", "one", "1.0000", "0.5000", "0.6667", "2", "0.25", "0.8000"]
  assert cells(report, "none") == [
      "2", "none", "0.0000", "0.0000", "0.0000", "0", "-", "-"]
  # Above 0.4 is a wrong one; from 0.3 on all: F1 2*2 / (3 + 2).
  assert cells(report, "both") == [
      "3", "both", "0.0000", "0.0000", "0.0000", "2", "0.3", "0.8000"]
  # Together 1 right, 2 wrong, 3 missed.
  assert cells(report, "micro")[2:] == ["0.3333", "0.2500", "0.2857", "4"]
  assert cells(report, "macro")[2:] == ["0.3333", "0.1667", "0.2222", "4"]
  # The second says 0.25 where 1 is right, 0.6 and 0.7 where 0 is.
  assert errors[1:] == [
      ["dev-2", "one", "none both", "0.75", "text", ""],
      ["dev-1", "one both", "one", "0.7", "text", ""],
      ["dev-3", "both", "", "0.6", "text", ""]]


def test_best_threshold_is_the_best_and_as_precise_as_the_outputs():
  random = np.random.RandomState(1)
  labels = random.randint(0, 2, 200)
  scores = np.float32(0.4 * labels + 0.6 * random.rand(200))
  threshold, best = reports.best_threshold(labels, scores)
  reached = [sklearn_metrics.f1_score(labels, scores >= each)
             for each in scores]
  assert best == "%.4f" % max(reached)
  assert sklearn_metrics.f1_score(
      labels, scores >= float(threshold)) == max(reached)


def test_single_label_of_a_multi_label_task_is_scored(tmp_path):
  eval_prediction = several([[1], [1], [0], [0]], [[0.9], [0.2], [0.6], [0.1]])
  report, errors = written(tmp_path, head_of("multi_label", ["only"]),
                           eval_prediction)
  assert cells(report, "only") == [
      "1", "only", "0.5000", "0.5000", "0.5000", "2", "0.2", "0.8000"]
  assert [row[0] for row in errors[1:]] == ["dev-2", "dev-3"]


def test_regression_shows_correlation_error_and_bands(tmp_path):
  # As in test_metrics.py; differences 1, 0, 3, 2.
  report, errors = written(tmp_path, head_of("regression"),
                           measured([0, 2, 4, 6.5], [1, 2, 1, 8.5]))
  assert cells(report, "Spearman") == ["Spearman", "0.6325"]
  assert "mean absolute error  1.5000" in report
  assert [line.split() for line in report[-5:]] == [
      ["0", "to", "1.3", "1", "1.0000", "1.0000"],
      ["1.3", "to", "2.6", "1", "2.0000", "0.0000"],
      ["2.6", "to", "3.9", "0", "-", "-"],
      ["3.9", "to", "5.2", "1", "1.0000", "3.0000"],
      ["5.2", "to", "6.5", "1", "8.5000", "2.0000"]]
  assert errors[1:] == [["dev-3", "4", "1", "3", "text", ""],
                        ["dev-4", "6.5", "8.5", "2", "text", ""],
                        ["dev-1", "0", "1", "1", "text", ""]]


def test_regression_to_a_single_label_has_one_band(tmp_path):
  report, _ = written(tmp_path, head_of("regression"),
                      measured([3, 3], [1, 2]))
  assert cells(report, "Pearson") == ["Pearson", "0.0000"]
  assert report[-1].split() == ["3", "to", "3", "2", "1.5000", "1.5000"]


def test_regression_of_a_single_example_is_reported(tmp_path):
  report, errors = written(tmp_path, head_of("regression"),
                           measured([3], [1]))
  assert report[-1].split() == ["3", "to", "3", "1", "1.0000", "2.0000"]
  assert errors[1:] == [["dev-1", "3", "1", "2", "text", ""]]


def test_tagging_is_scored_by_type_of_entity(tmp_path):
  eval_prediction = tagged(
      ["B-PER I-PER O B-LOC", "B-LOC O", "O O", "B-PER O"],
      ["B-PER I-PER O O", "B-LOC B-PER", "O I-LOC", "B-PER I-PER"])
  texts = [(["Ann", "Lee", "in", "Rome"],), (["Oslo", "is"],), (["go", "on"],),
           (["Bo", "sat"],)]
  report, errors = written(tmp_path, head_of("tagging", "O"), eval_prediction,
                           texts)
  # An I that nothing begins is no entity.
  assert cells(report, "LOC") == ["LOC", "1.0000", "0.5000", "0.6667", "2"]
  assert cells(report, "PER") == ["PER", "0.3333", "0.5000", "0.4000", "2"]
  assert cells(report, "micro") == ["micro", "average", "0.5000", "0.5000",
                                    "0.5000", "4"]
  assert errors[1:] == [
      ["dev-4", "B-PER O", "B-PER I-PER", "2", "Bo sat", ""],
      ["dev-1", "B-PER I-PER O B-LOC", "B-PER I-PER O O", "1",
       "Ann Lee in Rome", ""],
      ["dev-2", "B-LOC O", "B-LOC B-PER", "1", "Oslo is", ""]]


def test_tagging_without_any_entity_says_so(tmp_path):
  report, errors = written(tmp_path, head_of("tagging", "O"),
                           tagged(["O O"], ["O I-PER"]))
  assert report[-1] == "There are no entities, and none was predicted."
  assert len(errors) == 1


def test_kind_of_head_without_a_report_writes_nothing(tmp_path):
  head = base.Head(TaskSpec("abc"))
  head.write_report(str(tmp_path), [], LETTERS)
  assert not list(tmp_path.iterdir())


def test_missing_library_costs_the_report_and_not_the_evaluation(
    tmp_path, warnings, monkeypatch):
  monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
  head_of("tagging", "O").write_report(
      str(tmp_path), [], LETTERS)
  assert warnings == ["Not written: eval_report.txt needs seqeval: pip install "
                      "seqeval"]
  assert not list(tmp_path.iterdir())


def test_model_without_numbers_costs_the_report_and_not_the_evaluation(
    tmp_path, warnings):
  eval_prediction = several([[1]], [[np.nan]])
  head_of("multi_label", "a").write_report(
      str(tmp_path), examples(["text"]), eval_prediction)
  assert len(warnings) == 1
  assert not list(tmp_path.iterdir())


def test_report_that_fails_leaves_the_old_one(tmp_path):
  head = head_of("classification", "abc")
  before = written(tmp_path, head, LETTERS)
  with pytest.raises(IndexError):
    head.write_report(str(tmp_path), [InputExample("dev-1", "text")], LETTERS)
  assert before[1] == [line.split("\t") for line in commands.lines(
      tmp_path, "eval_errors.tsv")]


def test_longest_cell_sets_the_width_of_its_column():
  assert tables.table(("set", "n"), [("a", "100"), ("dev", "5")]) == [
      "set    n", "---  ---", "a    100", "dev    5"]
