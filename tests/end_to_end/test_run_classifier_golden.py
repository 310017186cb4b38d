"""Checkpoints that the reference trained, read out."""
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
from golden_runs import (
    assert_golden_records, assert_golden_results, golden_checkpoint,
    golden_flags)

pytestmark = pytest.mark.smoke

# What a test set's guids are, and what the task is scored by beside accuracy.
GOLDEN_TASKS = {
    "cola": (["test-%d" % row for row in range(1, 14)], {"eval_mcc"}),
    "mnli": (["test-%d" % row for row in range(13)], set()),
    "mrpc": (["test-%d" % row for row in range(1, 14)], {"eval_f1"}),
    "xnli": (None, set()),  # It has no test file there.
}
LABELS = {"cola": ["0", "1"], "mrpc": ["0", "1"],
          "mnli": ["contradiction", "entailment", "neutral"]}


def expected_probabilities(task):
  text = golden.text("cli", task, "expected_test_results.tsv")
  return np.array([[float(cell) for cell in line.split("\t")]
                   for line in text.strip().split("\n")])


@pytest.fixture(scope="module", params=sorted(GOLDEN_TASKS))
def golden_run(request, tmp_path_factory):
  """A folder that the reference trained, read out -> task, folder, log."""
  task = request.param
  folder = str(tmp_path_factory.mktemp(task) / "output")
  shutil.copytree(golden.path("cli", task, "output"), folder)
  log = commands.finish(golden_flags(
      task, output_dir=folder, do_eval=True,
      do_predict=GOLDEN_TASKS[task][0] is not None))
  return task, folder, log


def only_predicted(golden_run):
  if GOLDEN_TASKS[golden_run[0]][0] is None:
    pytest.skip("the golden task has no test set")
  return golden_run


def test_reference_folder_gives_the_golden_scores(golden_run):
  task, folder, _ = golden_run
  assert_golden_results(folder, task, GOLDEN_TASKS[task][1])


def test_reference_folder_gives_the_golden_probabilities(golden_run):
  task, folder, _ = only_predicted(golden_run)
  golden.assert_close(commands.probabilities(folder),
                      expected_probabilities(task))


def test_reference_folder_gives_the_golden_records(golden_run):
  task, folder, _ = golden_run
  assert_golden_records(folder, task, "eval.tf_record")
  if GOLDEN_TASKS[task][0]:
    assert_golden_records(folder, task, "predict.tf_record")
  else:
    assert not os.path.exists(os.path.join(folder, "predict.tf_record"))


def test_reference_checkpoint_is_left_as_it_was(golden_run):
  task, folder, _ = golden_run
  after = commands.snapshot(folder)
  for name, content in commands.snapshot(
      golden.path("cli", task, "output")).items():
    assert after[name] == content


def test_eval_results_are_sorted_lines_of_key_and_value(golden_run):
  lines = commands.lines(golden_run[1], "eval_results.txt")
  assert all(re.match(r"\w+ = \S+$", line) for line in lines)
  assert lines == sorted(lines)


def test_every_score_is_logged_as_it_is_written(golden_run):
  _, folder, log = golden_run
  head = "***** Eval results *****\n"
  said = re.sub("(?m)^INFO:tensorflow:", "", log.split(head)[1]).split("\n")
  lines = commands.lines(folder, "eval_results.txt")
  assert said[:len(lines)] == ["  " + line for line in lines]


def test_tensorboard_has_every_score(golden_run):
  folder = golden_run[1]
  points = commands.scalars(os.path.join(folder, "eval"))
  for key, value in commands.results(folder).items():
    if key != "global_step":
      assert points[key] == {20: pytest.approx(value, rel=1e-5)}, key


def test_test_results_are_float32_and_tabs_without_a_header(golden_run):
  _, folder, _ = only_predicted(golden_run)
  for line in commands.lines(folder, "test_results.tsv"):
    for cell in line.split("\t"):
      assert str(np.float32(cell)) == cell


def test_predictions_name_the_best_label_of_every_example(golden_run):
  task, folder, _ = only_predicted(golden_run)
  expected = []
  cells = [line.split("\t")
           for line in commands.lines(folder, "test_results.tsv")]
  for guid, row in zip(GOLDEN_TASKS[task][0], cells):
    best = max(range(len(row)), key=lambda index, row=row: float(row[index]))
    expected.append([guid, LABELS[task][best], row[best]])
  assert len(cells) == len(GOLDEN_TASKS[task][0])
  assert commands.predictions(folder) == expected


def test_log_tells_heads_and_the_checkpoint_used(golden_run):
  _, folder, log = only_predicted(golden_run)
  commands.assert_in_order(log, [
      "***** Running evaluation *****", os.path.join(folder, "model.ckpt-20"),
      "***** Eval results *****", "***** Running prediction*****",
      os.path.join(folder, "model.ckpt-20")])


def f1_of(pairs):
  both = sum(actual == predicted == "1" for actual, predicted in pairs)
  either = sum([actual, predicted].count("1") for actual, predicted in pairs)
  return 2.0 * both / either


def mcc_of(pairs):
  actual = np.array([float(pair[0]) for pair in pairs])
  predicted = np.array([float(pair[1]) for pair in pairs])
  return np.corrcoef(actual, predicted)[0, 1]


@pytest.mark.parametrize("task, key, score_of", [
    ("mrpc", "eval_f1", f1_of), ("cola", "eval_mcc", mcc_of)])
def test_score_of_the_task_is_that_of_its_predictions(tmp_path, task, key,
                                                      score_of):
  rows = [line.split("\t")
          for line in golden.text("cli", task, "data", "dev.tsv").split("\n")]
  rows = rows[1:-1] if task == "mrpc" else rows[:-1]
  labels = [row[0 if task == "mrpc" else 1] for row in rows]
  commands.write(tmp_path / "data" / "dev.tsv",
                 golden.text("cli", task, "data", "dev.tsv"))
  if task == "mrpc":
    test_rows = [["header"] * 5] + rows
  else:
    test_rows = [["header"] * 2] + [["0", row[3]] for row in rows]
  commands.write_table(tmp_path / "data" / "test.tsv", test_rows)
  balanced = balance(task, tmp_path)
  commands.finish(golden_flags(
      task, data_dir=tmp_path / "data", init_checkpoint=balanced,
      output_dir=tmp_path / "out", do_eval=True, do_predict=True))
  predicted = [row[1] for row in commands.predictions(tmp_path / "out")]
  assert len(set(predicted)) == 2
  assert (commands.results(tmp_path / "out")[key] ==
          pytest.approx(score_of(list(zip(labels, predicted))), rel=1e-5))


def balance(task, tmp_path):
  """Shifts the golden head so that it gives either label -> checkpoint."""
  expected = expected_probabilities(task)
  margin = np.median(np.log(expected[:, 0] / expected[:, 1]))
  with tf.Graph().as_default(), tf.Session() as session:
    for name, value in commands.variables(golden_checkpoint(task)).items():
      if name == "output_bias":
        value = value + np.float32([0.0, margin])
      tf.get_variable(name, initializer=value)
    session.run(tf.global_variables_initializer())
    return tf.train.Saver().save(session, str(tmp_path / "balanced.ckpt"))


def test_init_checkpoint_with_a_head_is_evaluated_in_a_new_folder(tmp_path):
  log = commands.finish(golden_flags(
      "mrpc", output_dir=tmp_path / "out", do_eval=True,
      init_checkpoint=golden_checkpoint("mrpc")))
  assert_golden_results(tmp_path / "out", "mrpc", {"eval_f1"})
  assert golden_checkpoint("mrpc") in log
  assert not os.path.exists(str(tmp_path / "out" / "checkpoint"))


def test_folder_as_init_checkpoint_predicts_as_its_newest_does(tmp_path):
  commands.finish(golden_flags(
      "mrpc", output_dir=tmp_path / "out", do_eval=True, do_predict=True,
      init_checkpoint=golden.path("cli", "mrpc", "output")))
  assert_golden_results(tmp_path / "out", "mrpc", {"eval_f1"})
  golden.assert_close(commands.probabilities(tmp_path / "out"),
                      expected_probabilities("mrpc"))


def test_fine_tuned_output_dir_is_evaluated_whatever_it_started_from(tmp_path):
  folder = str(tmp_path / "out")
  shutil.copytree(golden.path("cli", "cola", "output"), folder)
  log = commands.finish(golden_flags(
      "cola", output_dir=folder, do_eval=True,
      init_checkpoint=golden.checkpoint()))
  assert_golden_results(folder, "cola", {"eval_mcc"})
  assert os.path.join(folder, "model.ckpt-20") in log
  assert golden.checkpoint() not in log
