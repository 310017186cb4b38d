"""The files of predictions, and what is not computed twice."""
import numpy as np
import pytest

import commands
from bert.data.examples import InputExample
from bert.heads import registry
from bert.training.output_folder import OutputFolder
from bert.training.predictions import Predictions
from bert.training.task import Task

COLUMNS = {"probabilities": np.array([[.25, .75], [.5, .5], [1, 0]])}
ROWS = [{"probabilities": row} for row in COLUMNS["probabilities"]]


class Processor:
  """Adds a file with the predicted labels."""

  @staticmethod
  def prediction_files(examples, predictions):
    assert len(examples) == len(predictions) == 3
    assert predictions[0].labels == ["b"]
    return {"own.txt": (each.labels[0] for each in predictions)}


def examples_of(labels):
  return [InputExample(str(index), "the", None, label)
          for index, label in enumerate(labels)]


def predictions_of(folder):
  head = registry.create("classification", ["a", "b"])
  task = Task("any", head, None, None, ("f1",), Processor)
  return Predictions(task, OutputFolder(str(folder), {}), None, None)


@pytest.mark.parametrize("labels, is_scored", [
    ("baa", True), ("aaa", False), ([None] * 3, False)])
def test_predictions_are_written_and_scored_where_there_are_labels(
    labels, is_scored, tmp_path, log):
  predictions_of(tmp_path).write(examples_of(labels), ROWS)
  assert commands.lines(tmp_path, "own.txt") == ["b", "a", "a"]
  np.testing.assert_allclose(commands.probabilities(tmp_path),
                             COLUMNS["probabilities"])
  scores = [line for line in log if " = " in line]
  assert scores == is_scored * ["  test_accuracy = 1.0", "  test_f1 = 1.0"]


def test_kept_outputs_are_not_computed_again(tmp_path, log):
  # Without datasets and runtime, nothing can be computed.
  predictions, examples = predictions_of(tmp_path), examples_of("baa")
  predictions.keep(examples, "model.ckpt-1", COLUMNS)
  rows = predictions.predict(examples, "model.ckpt-1")
  assert [row["probabilities"].tolist() for row in rows] == [
      [.25, .75], [.5, .5], [1, 0]]
  assert len(commands.lines(tmp_path, "test_results.tsv")) == 3
  assert not any("test_f1" in line for line in log)


@pytest.mark.parametrize("changes", [
    dict(checkpoint="model.ckpt-2"), dict(examples=examples_of("baa"))])
def test_kept_outputs_are_of_one_checkpoint_and_dataset(changes, tmp_path,
                                                        monkeypatch):
  predictions, examples = predictions_of(tmp_path), examples_of("baa")
  predictions.keep(examples, "model.ckpt-1", COLUMNS)
  monkeypatch.setattr(predictions, "outputs", lambda examples, checkpoint: None)
  assert predictions.predict(**dict(dict(
      examples=examples, checkpoint="model.ckpt-1"), **changes)) is None
