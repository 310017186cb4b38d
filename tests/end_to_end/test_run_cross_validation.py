"""run_cross_validation.py: each example predicted by a model that never saw it."""
import os
import shutil

import numpy as np
import pytest

import commands
import run_classifier
import run_cross_validation
from bert.data.examples import InputExample
from bert.heads import registry
from bert.cross_validation import folds
from mistakes import message_of
from tiny_runs import pairs

pytestmark = pytest.mark.usefixtures("plain_graphs")


def run(flags):
  return commands.run(flags, run_cross_validation)


def fold_flags(folder, **changes):
  flags = pairs(folder, num_folds=2, train_batch_size=2, num_workers=1,
                     num_train_epochs=1)
  del flags["do_train"], flags["do_eval"]
  return dict(flags, **changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  flags = fold_flags(tmp_path_factory.mktemp("folds"))
  result = run(flags)
  assert result.code == 0, result.log
  return flags["output_dir"]


def test_folds_share_labels_and_hold_each_example_out_once():
  head = registry.create("classification", ["a", "b"])
  examples = [InputExample(str(index), "text", None, "ab"[index % 3 == 0])
              for index in range(30)]
  held_out = []
  for kept, held in folds.split(head, examples, 5, seed=3):
    assert not set(kept) & set(held) and len(kept) + len(held) == 30
    assert sum(examples[place].label == "b" for place in held) == 2
    held_out += list(held)
  assert sorted(held_out) == list(range(30))


def places(kind, labels, label, seed):
  head = registry.create(kind, labels)
  examples = [InputExample(str(index), ["w"], None, label)
              for index in range(9)]
  return [list(held) for _, held in folds.split(head, examples, 3, seed)]


@pytest.mark.parametrize("kind, labels, label", [
    ("classification", ["a"], "a"), ("multi_label", ["a"], ["a"]),
    ("regression", [], "1.5"), ("tagging", ["O"], ["O"])])
def test_seed_repeats_the_folds_of_any_head(kind, labels, label):
  assert places(kind, labels, label, 1) == places(kind, labels, label, 1)
  assert places(kind, labels, label, 1) != places(kind, labels, label, 2)


def test_more_folds_than_examples_are_refused():
  head = registry.create("regression", [])
  message = message_of(lambda: list(folds.split(
      head, [InputExample("g", "a", None, "1")], 2, 0)))
  assert message.startswith("--num_folds=2: ")


def test_mean_of_rows_is_that_of_each_output():
  rows = [{"probabilities": np.float32([0.25, 0.75])},
          {"probabilities": np.float32([0.75, 0.25])}]
  assert registry.create("classification", ["a", "b"]).average(
      rows)["probabilities"].tolist() == [0.5, 0.5]


def test_held_out_predictions_are_those_of_the_folds_models(whole):
  """Each fold's own results, weighted by its size, are those of all."""
  found = commands.results(whole)
  each = [commands.results(os.path.join(whole, "fold_%d" % number))
          for number in (1, 2)]
  assert found["eval_accuracy"] == pytest.approx(
      np.mean([results["eval_accuracy"] for results in each]))
  assert "eval_f1" in found
  lines = commands.lines(whole, "out_of_fold_results.tsv")
  assert len(lines) == 10


def test_test_set_is_predicted_by_the_mean(whole):
  rows = commands.probabilities(whole)
  assert rows.shape == (11, 2)
  np.testing.assert_allclose(rows.sum(axis=1), np.ones(11), rtol=1e-5)


def test_table_has_a_row_a_fold(whole):
  rows = [line.split("\t") for line in commands.lines(
      whole, "cross_validation.txt")]
  assert [row[0] for row in rows] == ["run", "1", "2", "mean",
                                      "standard deviation"]


def test_complete_folds_are_not_trained_again(whole, tmp_path):
  flags = fold_flags(tmp_path)
  shutil.copytree(whole, flags["output_dir"])
  shutil.rmtree(os.path.join(flags["output_dir"], "fold_2"))
  os.remove(os.path.join(flags["output_dir"], "eval_results.txt"))
  result = run(flags)
  assert result.code == 0, result.log
  assert result.log.count("Complete: ") == 1
  assert result.log.count("***** Running training *****") == 1
  assert commands.results(flags["output_dir"]).keys() == commands.results(
      whole).keys()


def test_folder_of_another_training_set_is_refused(whole, tmp_path):
  flags = fold_flags(tmp_path)
  shutil.copytree(whole, flags["output_dir"])
  other_examples(flags)
  before = commands.snapshot(flags["output_dir"])
  result = run(flags)
  assert result.code == 2
  assert "was trained on another training set (10 examples; " in result.log
  assert commands.snapshot(flags["output_dir"]) == before


def test_second_stage_starts_each_fold_from_its_own_model(whole, tmp_path):
  """At such a rate, held out examples are scored as they were before."""
  flags = fold_flags(tmp_path, init_folds=whole, init_checkpoint=None,
                     random_seed=None, trainable="head", learning_rate=1e-30)
  result = run(flags)
  assert result.code == 0, result.log
  expected, found = [
      np.loadtxt(os.path.join(folder, "out_of_fold_results.tsv"))
      for folder in (whole, flags["output_dir"])]
  np.testing.assert_allclose(found, expected, atol=1e-5)
  assert np.abs(expected[0] - expected[1:]).min() > 1e-4


def other_examples(flags):
  rows = commands.content(flags["data_dir"], "train.tsv")
  commands.write(os.path.join(flags["data_dir"], "train.tsv"), rows + rows.split("\n", 1)[1])


@pytest.mark.parametrize("changes, change, fragment", [
    (dict(num_folds=3), None, "2 folds are complete there, --num_folds=3"),
    (dict(random_seed=8), None, "--random_seed=8"),
    (dict(init_folds="nowhere"), None, "--init_folds=nowhere"),
    (dict(), other_examples, "the training set is another")])
def test_second_stage_of_other_folds_is_refused(
    whole, tmp_path, changes, change, fragment):
  flags = fold_flags(tmp_path, **dict(
      dict(init_folds=whole, random_seed=None), **changes))
  if change:
    change(flags)
  result = run(flags)
  assert result.code == 2 and fragment in result.log
  assert not os.path.exists(flags["output_dir"])


@pytest.mark.parametrize("changes, fragment", [
    (dict(num_folds=1), "--num_folds=1"),
    (dict(num_folds=11), "--num_folds=11"),
    (dict(num_folds="many"), "num_folds")])
def test_mistake_is_told_in_one_line(tmp_path, changes, fragment):
  result = run(fold_flags(tmp_path, **changes))
  assert result.code == 2 and fragment in result.log
  assert "Traceback" not in result.log


def test_flags_are_those_of_fine_tuning_but_for_what_to_do():
  assert run_cross_validation.GROUPS[1:] == run_classifier.GROUPS[1:]


def test_balanced_weights_are_of_the_examples_a_fold_trains_on(tmp_path,
                                                               monkeypatch):
  """Not of those that it holds out."""
  head = registry.class_of("classification")
  with_weights, used = head.with_class_weights, []

  def note(self, weights):
    used.append(weights)
    return with_weights(self, weights)

  monkeypatch.setattr(head, "with_class_weights", note)
  flags = fold_flags(tmp_path, class_weights="balanced", random_seed=3)
  result = run(flags)
  assert result.code == 0, result.log
  labels = [row.split("\t")[0] for row in commands.lines(
      tmp_path, "data", "train.tsv")[1:]]
  examples = [InputExample(str(index), "text", None, label)
              for index, label in enumerate(labels)]
  expected = []
  for kept, _ in folds.split(registry.create("classification", ["0", "1"]),
                             examples, 2, 3):
    counts = [sum(labels[index] == label for index in kept)
              for label in ("0", "1")]
    expected.append([len(kept) / (2 * count) for count in counts])
  assert [pytest.approx(each) for each in expected] == used
  assert used[0] != used[1]
