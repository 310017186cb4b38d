"""Training: steps, rates, files, log and TensorBoard."""
import os
import re
import shutil

import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
from golden_runs import (
    assert_golden_records, golden_checkpoint, golden_flags)

pytestmark = pytest.mark.usefixtures("plain_graphs")

# 40 examples in batches of 8, 2.3 times over, are 11.5 steps; 0.3 of 11, 3.3.
NUM_STEPS = 11
NUM_WARMUP_STEPS = 3
RATES = [0, 1 / 3, 2 / 3, 8 / 11, 7 / 11, 6 / 11, 5 / 11, 4 / 11, 3 / 11,
         2 / 11, 1 / 11]
PEAK = 1e-3


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """CoLA trained from the golden encoder, read out -> flags, log."""
  flags = golden_flags(
      "cola", output_dir=str(tmp_path_factory.mktemp("trained") / "out"),
      do_train=True, do_eval=True, do_predict=True,
      init_checkpoint=golden.checkpoint(), train_batch_size=8,
      num_train_epochs=2.3, warmup_proportion=0.3, learning_rate=PEAK,
      save_checkpoints_steps=4, keep_checkpoint_max=2, log_steps=1)
  return flags, commands.finish(flags)


def newest(folder):
  return os.path.basename(tf.train.latest_checkpoint(str(folder)))


def test_training_takes_the_whole_steps_of_all_epochs(trained):
  folder = trained[0]["output_dir"]
  assert newest(folder) == "model.ckpt-%d" % NUM_STEPS
  assert commands.results(folder)["global_step"] == NUM_STEPS
  assert (commands.variables(os.path.join(folder, newest(folder)))
          ["global_step"] == NUM_STEPS)


def test_training_leaves_the_reference_files(trained):
  names = commands.names(trained[0]["output_dir"])
  assert names >= {
      "train.tf_record", "eval.tf_record", "predict.tf_record", "checkpoint",
      "eval_results.txt", "test_results.tsv", "test_predictions.tsv",
      "task.json", "model.ckpt-11.index", "model.ckpt-11.meta",
      "model.ckpt-11.data-00000-of-00001"}
  assert not [name for name in names if "partial" in name or "temp" in name]


def test_training_keeps_the_newest_checkpoints(trained):
  indices = [name for name in commands.names(trained[0]["output_dir"])
             if name.endswith(".index")]
  assert sorted(indices) == ["model.ckpt-11.index", "model.ckpt-8.index"]


def test_training_writes_the_golden_records(trained):
  assert_golden_records(trained[0]["output_dir"], "cola", "train.tf_record")


def test_checkpoint_holds_weights_slots_and_step(trained):
  folder = trained[0]["output_dir"]
  actual = commands.variables(os.path.join(folder, newest(folder)))
  expected = commands.variables(golden_checkpoint("cola"))
  assert ({name: value.shape for name, value in actual.items()} ==
          {name: value.shape for name, value in expected.items()})


def test_log_of_a_run_has_its_heads_in_order(trained):
  commands.assert_in_order(trained[1], [
      "***** Running training *****", "***** Running evaluation *****",
      "***** Eval results *****", "***** Running prediction*****"])


def test_log_shows_the_first_five_examples_of_each_set(trained):
  assert trained[1].count("*** Example ***\n") == 15
  for name in ("train-%d", "dev-%d"):
    for index in range(6):
      assert ("guid: " + name % index in trained[1]) == (index < 5)


def test_log_marks_the_variables_that_the_checkpoint_fills(trained):
  marks = dict(re.findall(r"name = (\S+):0, shape = \([\d, ]*\)(.*)",
                          trained[1]))
  filled = ", *INIT_FROM_CKPT*"
  encoder = set(commands.variables(golden.checkpoint())) & set(marks)
  assert len(encoder) == 5 + 3 * 16 + 2
  assert {name for name in marks if marks[name] == filled} == encoder
  assert set(marks) - encoder == {"output_weights", "output_bias"}


def test_log_shows_loss_rate_speed_and_time_left_of_every_step(trained):
  lines = re.findall(
      r"Training: (\d+) of 11 \(\d+ %\), loss (\S+), rate (\S+), "
      r"\S+ examples/s, \S+ left\n", trained[1])
  assert [int(line[0]) for line in lines] == list(range(1, NUM_STEPS + 1))
  for (_, loss, rate), expected in zip(lines, RATES):
    assert 0.1 < float(loss) < 2.0
    # Of the rate, three digits are shown.
    assert float(rate) == pytest.approx(expected * PEAK, rel=5e-3)


def test_tensorboard_has_the_rate_of_every_step(trained):
  # A point stands at the number of steps done, its own included.
  rates = commands.scalars(trained[0]["output_dir"])["learning_rate"]
  assert sorted(rates) == list(range(1, NUM_STEPS + 1))
  for step, expected in enumerate(RATES, 1):
    assert rates[step] == pytest.approx(expected * PEAK, rel=1e-5), step


def test_tensorboard_has_the_loss_of_every_step(trained):
  losses = commands.scalars(trained[0]["output_dir"])["loss"]
  assert sorted(losses) == list(range(1, NUM_STEPS + 1))
  assert all(0.1 < loss < 2.0 for loss in losses.values())


def test_run_asked_for_again_says_it_is_complete_and_evaluates(trained):
  flags = trained[0]
  folder = flags["output_dir"]
  before = commands.snapshot(folder)
  for name in ("eval_results.txt", "test_results.tsv"):
    os.remove(os.path.join(folder, name))
  log = commands.finish(flags)
  assert "complete" in log
  assert "Running training" not in log
  commands.assert_in_order(log, ["Running evaluation", "Running prediction"])
  after = commands.snapshot(folder)
  assert set(after) >= set(before)
  for name in before:
    if name.startswith(("model.", "checkpoint", "eval_", "test_", "task")):
      assert after[name] == before[name], name


def test_run_with_more_epochs_goes_on_from_the_reference_folder(tmp_path):
  shutil.copytree(golden.path("cli", "cola", "output"), str(tmp_path / "out"))
  log = commands.finish(golden_flags(
      "cola", output_dir=tmp_path / "out", do_train=True, train_batch_size=8,
      num_train_epochs=4.5, init_checkpoint=golden.checkpoint()))
  assert "from step 20" in log
  assert newest(tmp_path / "out") == "model.ckpt-22"


@pytest.mark.parametrize("task", ["mnli", "mrpc", "xnli"])
def test_training_set_gives_the_golden_records(tmp_path, task):
  commands.finish(golden_flags(
      task, output_dir=tmp_path / "out", do_train=True, train_batch_size=20,
      num_train_epochs=1, bert_config_file=commands.write_config(tmp_path)))
  assert_golden_records(tmp_path / "out", task, "train.tf_record")


def test_seed_repeats_a_run(tmp_path):
  commands.write_domainc(tmp_path)
  flags = commands.tiny_flags(
      tmp_path, "DomainC", do_train=True, num_train_epochs=3,
      learning_rate=1e-2, save_checkpoints_steps=2, keep_checkpoint_max=0)
  runs = []
  for name in ("one", "two"):
    commands.finish(dict(flags, output_dir=tmp_path / name))
    runs.append(commands.variables(tmp_path / name / "model.ckpt-6"))
  assert set(runs[0]) == set(runs[1])
  for name in runs[0]:
    golden.assert_close(runs[0][name], runs[1][name], name=name)
  indices = [name for name in commands.names(tmp_path / "one")
             if name.endswith(".index")]
  assert len(indices) == 4  # Those of steps 0, 2, 4 and 6: 0 keeps all.


def test_other_length_is_only_warned_of(trained, tmp_path):
  shutil.copytree(trained[0]["output_dir"], str(tmp_path / "out"))
  log = commands.finish(dict(trained[0], output_dir=tmp_path / "out",
                             max_seq_length=20, do_train=False,
                             do_predict=False))
  assert re.search("WARNING.*max_seq_length=40.* 20", log)
