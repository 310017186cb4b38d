"""Entities in the scheme of their tags."""
import pytest

from bert.evaluation import entities
from bert.evaluation import metrics
from bert.evaluation.eval_prediction import EvalPrediction
from bert.options.finetuning import HeadOptions
from bert.training import task
from eval_predictions import head_of


def scores(labels, predicted, scheme):
  return metrics.compute(["entities"], EvalPrediction(
      [labels.split()], [predicted.split()], None, scheme))


@pytest.mark.parametrize("inside, scheme", [("M", "BMES"), ("I", "BIOES")])
def test_entity_of_bmes_and_bioes_needs_its_end(inside, scheme):
  labels = "B-X %s-X E-X S-X O" % inside
  assert scores(labels, labels, scheme)["eval_f1"] == 1
  # The first entity has no end; the second is right: recall 1/2, precision 1.
  results = scores(labels, "B-X %s-X O S-X O" % inside, scheme)
  assert results["eval_precision"] == 1 and results["eval_recall"] == 0.5
  assert results["eval_token_accuracy"] == pytest.approx(0.8)


def test_in_bio_each_b_begins_an_entity():
  results = scores("B-X I-X B-X", "B-X I-X B-X", "BIO")
  assert results["eval_f1"] == 1
  assert scores("B-X B-X", "B-X I-X", "BIO")["eval_f1"] == 0


def test_entities_are_found_by_begin_and_end():
  tags = entities.to_seqeval(EvalPrediction(
      [["B-X", "M-X", "E-X", "S-Y"]], [["O"] * 4], None, "BMES"))
  (found,) = entities.entities_of(tags.labels, tags.scheme)
  assert sorted((each.tag, each.start, each.end) for each in found) == [
      ("X", 0, 3), ("Y", 3, 4)]


def test_report_counts_entities_of_the_scheme():
  head = head_of("tagging", ["O", "B-X", "M-X", "E-X", "S-X"])
  lines = list(head.report(EvalPrediction(
      [["B-X", "M-X", "E-X", "S-X"]], [["B-X", "M-X", "E-X", "O"]], None,
      "BMES")))
  (line,) = [line for line in lines if line.startswith("X ")]
  assert line.split() == ["X", "1.0000", "0.5000", "0.6667", "2"]


def test_report_says_how_many_entities_conlleval_would_count_as_well():
  head = head_of("tagging", ["O", "B-X", "I-X", "B-Y", "I-Y"])
  lines = "\n".join(head.report(EvalPrediction(
      [["B-X", "I-X", "O"]], [["B-X", "I-Y", "I-Y"]], None, "BIO")))
  assert "0 entities of the labels and 1 of the predictions" in lines
  lines = "\n".join(head.report(EvalPrediction(
      [["B-X", "I-X"]], [["B-X", "I-X"]], None, "BIO")))
  assert "conlleval" not in lines


def test_best_model_is_that_of_the_strict_f1_unless_the_task_says_another():
  class Task:
    """A task as a processor declares it."""
    head, declared_in, metrics = "tagging", None, ()

    def get_labels(self):
      return ["O", "B-X", "I-X"]

  _, names = task.create_head(Task(), HeadOptions())
  assert metrics.key_of(None, names, ()) == "eval_f1"
  Task.metrics = ("entity_f1_conlleval",)
  _, names = task.create_head(Task(), HeadOptions())
  assert metrics.key_of(None, names, ()) == "eval_entity_f1_conlleval"
  assert sorted(names) == ["entities", "entity_f1_conlleval"]
