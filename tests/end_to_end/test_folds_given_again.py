"""run_cross_validation.py in its folder again, with something changed."""
import json
import os
import shutil

import numpy as np
import pytest

import commands
import run_cross_validation
from bert.cross_validation import fold_files
from tiny_runs import pairs

NUM_STEPS = 2  # Of two folds of five examples, in batches of two.


def make_flags(folder, **changes):
  flags = pairs(folder, num_folds=2, train_batch_size=2, num_workers=1,
                num_train_epochs=1)
  del flags["do_train"], flags["do_eval"]
  return dict(flags, **changes)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
  """The output folder of a run whose seed was drawn."""
  flags = make_flags(tmp_path_factory.mktemp("folds"), random_seed=None)
  result = commands.run(flags, run_cross_validation)
  assert result.code == 0, result.log
  return flags["output_dir"]


@pytest.fixture
def flags(whole, tmp_path):
  """The flags for a copy of that folder, and of its data."""
  flags = make_flags(tmp_path, random_seed=None)
  shutil.copytree(whole, flags["output_dir"])
  return flags


def change_rows(flags, name, change):
  """Changes the rows of a table, its header left out."""
  path = os.path.join(flags["data_dir"], name)
  header, *rows = commands.lines(path)
  commands.write(path, "\n".join([header] + change(rows)) + "\n")


def mend_labels(rows):
  """The other label for every second row."""
  return [str(1 - int(row[0])) + row[1:] if index % 2 else row
          for index, row in enumerate(rows)]


def refused(flags):
  """The one line of a run that is refused, before anything is written."""
  before = commands.snapshot(flags["output_dir"])
  result = commands.run(flags, run_cross_validation)
  assert result.code == 2 and "Traceback" not in result.log
  assert "Running training" not in result.log
  assert commands.snapshot(flags["output_dir"]) == before
  (line,) = [line for line in result.log.split("\n") if ": error: " in line]
  return line


def finish(flags):
  result = commands.run(flags, run_cross_validation)
  assert result.code == 0, result.log
  return result.log


def test_mended_labels_are_refused(flags):
  change_rows(flags, "train.tsv", mend_labels)
  assert "was trained on another training set (10 examples; " in refused(flags)


def test_fold_that_was_killed_is_not_trained_further_on_other_examples(flags):
  for number in (1, 2):
    os.remove(os.path.join(flags["output_dir"], "fold_%d" % number,
                           fold_files.NAME))
  change_rows(flags, "train.tsv", mend_labels)
  assert "was trained on another training set (10 examples; " in refused(flags)
  # The folder alone does not tell that rows have changed their places.
  change_rows(flags, "train.tsv", mend_labels)
  change_rows(flags, "train.tsv", lambda rows: rows[::-1])
  assert "fold_1 was trained with another training set" in refused(flags)


def test_folds_are_no_start_for_those_of_mended_labels(whole, tmp_path):
  flags = make_flags(tmp_path, random_seed=None, init_folds=whole,
                     init_checkpoint=None)
  change_rows(flags, "train.tsv", mend_labels)
  assert "the training set is another" in refused(flags)


@pytest.mark.parametrize("changes, fragment", [
    (dict(max_seq_length=30), "--max_seq_length=40, this run has 30"),
    (dict(pooling="mean"), "pooling 'cls', this run has 'mean'"),
    (dict(train_fraction=0.8), "(10 examples; this run has 8)"),
    (dict(num_folds=3), "another training set"),
    (dict(random_seed=8), "--random_seed=8: the folds of --output_dir")])
def test_other_folds_or_another_model_are_refused(flags, changes, fragment):
  assert fragment in refused(dict(flags, **changes))


def test_other_weights_to_start_from_are_refused(flags):
  checkpoint = os.path.join(flags["output_dir"], "fold_1",
                            "model.ckpt-%d" % NUM_STEPS)
  assert "other initial weights" in refused(
      dict(flags, init_checkpoint=checkpoint))


def test_fewer_folds_are_refused(flags):
  flags = dict(flags, num_folds=2)
  os.makedirs(os.path.join(flags["output_dir"], "fold_3"))
  assert "more than --num_folds=2 folds" in refused(flags)


def test_another_test_set_is_predicted_by_the_folds_as_they_are(whole, flags):
  change_rows(flags, "test.tsv", lambda rows: rows[::-1])
  log = finish(flags)
  assert "Running training" not in log
  np.testing.assert_allclose(commands.probabilities(flags["output_dir"]),
                             commands.probabilities(whole)[::-1], atol=1e-5)
  # What was made for it is kept.
  assert "made again" not in finish(flags)


def test_test_set_may_be_asked_for_later_and_left_out_again(whole, flags):
  log = finish(dict(flags, do_predict=None))
  assert log.count("Complete: ") == 2
  for number in (1, 2):
    path = os.path.join(flags["output_dir"], "fold_%d" % number,
                        fold_files.NAME)
    stored = fold_files.read(path)
    fold_files.write(path, stored._replace(
        fold=stored.fold._replace(test_rows=[]), test={}))
  finish(flags)
  np.testing.assert_allclose(commands.probabilities(flags["output_dir"]),
                             commands.probabilities(whole), atol=1e-5)


def test_test_set_of_folds_without_checkpoints_is_refused(flags):
  folder = os.path.join(flags["output_dir"], "fold_2")
  for name in os.listdir(folder):
    if name.startswith(("model.ckpt", "checkpoint")):
      os.remove(os.path.join(folder, name))
  finish(flags)
  change_rows(flags, "test.tsv", lambda rows: rows[::-1])
  assert "fold_2: its checkpoint is gone" in refused(flags)


def test_more_epochs_train_all_folds_further(flags):
  log = finish(dict(flags, num_train_epochs=2))
  assert log.count("--num_train_epochs=1.0, this run has 2.0: it resumes from "
                   "step 2 of 5") == 2
  assert log.count("Going on from step 2") == 2
  assert "--num_train_epochs=2.0" in commands.lines(
      flags["output_dir"], "run.flags")
  for number in (1, 2):
    assert fold_files.read(os.path.join(
        flags["output_dir"], "fold_%d" % number,
        fold_files.NAME)).fold.results["global_step"] == 5


def test_other_settings_without_a_step_leave_the_folds_as_they_are(flags):
  before = commands.snapshot(flags["output_dir"])
  log = finish(dict(flags, learning_rate=1e-4))
  assert log.count("--learning_rate=0.01, this run has 0.0001: no step "
                   "remains") == 2
  assert "Running training" not in log
  after = commands.snapshot(flags["output_dir"])
  for name in ("run.flags", "eval_results.txt", "out_of_fold_results.tsv",
               os.path.join("fold_1", "conditions.json")):
    assert after[name] == before[name]


def test_folds_of_an_earlier_version_are_compared_by_their_number(whole, flags):
  for number in (1, 2):
    folder = os.path.join(flags["output_dir"], "fold_%d" % number)
    os.remove(os.path.join(folder, "conditions.json"))
    path = os.path.join(folder, fold_files.NAME)
    fold_files.write(path, fold_files.read(path)._replace(
        conditions={}, test={}))
  log = finish(flags)
  assert log.count("their number alone was compared") == 2
  # Nobody knows of which texts the test set's are.
  assert log.count("they are made again") == 2
  np.testing.assert_allclose(commands.probabilities(flags["output_dir"]),
                             commands.probabilities(whole), atol=1e-5)


def test_run_flags_have_the_seed_that_was_drawn(whole):
  with open(os.path.join(whole, "task.json")) as stream:
    seed = json.load(stream)["random_seed"]
  assert "--random_seed=%d" % seed in commands.lines(whole, "run.flags")
