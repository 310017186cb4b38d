"""The scores of a dataset, worked out by hand."""
import os

import numpy as np
import pytest

from bert.data.examples import InputExample
from bert.heads import registry
from bert.heads.task_spec import TaskSpec
from bert.training import evaluations
from bert.training.datasets import RecordFile
from bert.training.output_folder import OutputFolder
from bert.training.task import Task

LABELS = ["b", "b", "a"]
EXAMPLES = [InputExample(str(index), "the", None, label)
            for index, label in enumerate(LABELS)]
PROBABILITIES = np.array([[.2, .8], [.7, .3], [.4, .6]], np.float32)
# One of two b is found, and one of two predicted b is right.
F1 = 0.5


class FirstOfTwoHead(registry.class_of("classification")):
  """Has two records of an example, of which the first counts."""

  def merge_rows(self, rows, examples, counts, encoder):
    assert list(examples) == EXAMPLES and list(counts) == [2, 2, 2]
    return list(rows)[::2]


def scorer_of(head_class, counts, *args):
  task = Task("any", head_class(TaskSpec(["a", "b"])), None, None, ("f1",), None)
  return evaluations.Scorer(
      task, RecordFile("none", EXAMPLES, None, counts, 0), *args)


def columns_of(repeats):
  """The outputs of records, of which all but each first are wrong."""
  columns = {"probabilities": PROBABILITIES,
             "label_ids": np.array([[1], [1], [0]])}
  if repeats == 1:
    return columns
  wrong = dict(columns, probabilities=1 - PROBABILITIES)
  return {name: np.stack([values, wrong[name]], axis=1).reshape(
      (6,) + values.shape[1:]) for name, values in columns.items()}


@pytest.mark.parametrize("head_class, repeats", [
    (registry.class_of("classification"), 1), (FirstOfTwoHead, 2)])
def test_scores_are_of_examples_not_of_records(head_class, repeats):
  scorer = scorer_of(head_class, [repeats] * 3)
  assert scorer(columns_of(repeats), 7) == {"eval_f1": pytest.approx(F1)}
  assert scorer.columns is None


def test_outputs_are_kept_a_row_per_example():
  scorer = scorer_of(FirstOfTwoHead, [2] * 3, None, True)
  scorer(columns_of(2), 7)
  np.testing.assert_array_equal(scorer.columns["probabilities"], PROBABILITIES)


@pytest.mark.parametrize("has_folder", [False, True])
def test_files_are_written_where_there_is_a_folder(has_folder, tmp_path):
  folder = OutputFolder(str(tmp_path), {}) if has_folder else None
  scorer_of(registry.class_of("classification"), [1] * 3, folder)(
      columns_of(1), 7)
  assert {"eval_report.txt", "eval_errors.tsv", "eval_predictions.json"} <= set(
      os.listdir(str(tmp_path))) or not has_folder
  assert has_folder or not os.listdir(str(tmp_path))


def test_rows_are_scored_by_the_labels_of_their_examples():
  task = Task("any", registry.create("classification", ["a", "b"]), None, None,
              ("f1",), None)
  predictions, results = evaluations.score_rows(
      task, EXAMPLES, [{"probabilities": row} for row in PROBABILITIES])
  assert list(predictions.labels) == [1, 1, 0]
  assert list(predictions.predicted) == [1, 0, 1]
  assert results == {"eval_f1": pytest.approx(F1),
                     "eval_accuracy": pytest.approx(1 / 3)}
