"""Heads, losses, long texts, layers: each flag in a run from end to end."""
import os
import re

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
from tiny_runs import WORDS, pairs, sentences, single_texts

pytestmark = pytest.mark.usefixtures("plain_graphs")



# Each flag in a run, several together; what a value computes is tested in heads
# and model.
FLAGS = [
    dict(pooling="mean", loss="focal", truncation="tail", encoder_top="cnn",
         class_weights="1,2.5", adam_bias_correction=True),
    dict(pooling="attention", class_weights="balanced", truncation="head_tail",
         head_tokens=4, head_learning_rate=1e-3, label_smoothing=0.1,
         layerwise_lr_decay=0.5),
    dict(pooling="max", encoder_top="bilstm", loss="f1", num_windows=2,
         window_pooling="max", trainable="LayerNorm|output_"),
    dict(pooling="mean_max_attention", num_windows=3, window_stride=7,
         window_pooling="attention", gradient_accumulation_steps=2,
         bucket_by_length=True)]


@pytest.mark.parametrize("changes", FLAGS, ids=str)
def test_run_with_a_flag_ends_with_all_files(tmp_path, changes):
  flags = single_texts(tmp_path, **changes)
  commands.finish(flags)
  assert commands.probabilities(flags["output_dir"]).shape == (8, 2)
  assert len(commands.predictions(flags["output_dir"])) == 8
  assert {"eval_accuracy", "eval_loss", "eval_mcc"} <= set(
      commands.results(flags["output_dir"]))
  # The same flags go on from what they wrote.
  assert "Training is complete" in commands.finish(
      dict(flags, do_eval=False, do_predict=False))


def moved(folder):
  """Names of variables that training changed, and of all that have slots."""
  first, last = [commands.variables(os.path.join(
      folder, "model.ckpt-%d" % step)) for step in (0, 2)]
  changed = {name for name in first if "adam" not in name and
             name != "global_step" and (first[name] != last[name]).any()}
  return changed, {name[:-len("/adam_m")] for name in last
                   if name.endswith("/adam_m")}


@pytest.mark.parametrize("trainable, is_trained", [
    ("head", lambda name: name.startswith("output_")),
    ("top:1", lambda name: not name.startswith("bert/em")),
    ("pooler", lambda name: "pooler" in name)])
def test_what_is_frozen_has_no_slot_and_stays(tmp_path, trainable, is_trained):
  flags = single_texts(tmp_path, trainable=trainable, learning_rate=1e-2,
                       do_eval=False, do_predict=False)
  log = commands.finish(flags)
  changed, slots = moved(flags["output_dir"])
  names = {name for name, _ in tf.train.list_variables(os.path.join(
      flags["output_dir"], "model.ckpt-2"))
           if "adam" not in name and name != "global_step"}
  assert slots == {name for name in names if is_trained(name)}
  # The gradient of a key's bias is 0 but for rounding.
  assert {name for name in changed if "key/bias" not in name} == {
      name for name in slots if "key/bias" not in name}
  for name in names:
    line = next(line for line in log.split("\n")
                if "name = %s:0," % name in line)
    assert ("*FROZEN*" in line) != is_trained(name)


def test_texts_are_counted_and_the_folder_refuses_other_settings(tmp_path):
  log = commands.finish(single_texts(tmp_path, do_predict=False, do_eval=False))
  # 40 and 25 of 40, 25, 3 and 1 words do not fit into 14 pieces.
  assert re.search(r"train set: 4 of 8 examples are longer than "
                   r"--max_seq_length=16; [\d.]+ % of all tokens are not read",
                   log)
  result = commands.run(single_texts(tmp_path, pooling="mean"))
  assert result.code == 2 and "pooling" in result.log


@pytest.mark.parametrize("changes", [
    dict(encoder_top="cnn", loss="focal", class_weights="balanced"),
    dict(encoder_top="bilstm", gradient_accumulation_steps=2, crf=True,
         bucket_by_length=True)],
                         ids=str)
def test_tagging_ends_with_a_column_of_labels(tmp_path, changes):
  flags = sentences(tmp_path, **changes)
  commands.finish(flags)
  lines = commands.lines(flags["output_dir"], "test_predictions.txt")
  assert lines.count("") == 6
  words = [line.split()[0] for line in lines if line]
  assert words == [word for index in range(6)
                   for word in WORDS[index:index + 5]]
  assert {line.split()[-1] for line in lines if line} <= {"O", "B-X"}
  assert len(commands.lines(flags["output_dir"], "test_results.tsv")) == 6
  assert {"eval_f1", "eval_precision", "eval_recall", "eval_loss"} <= set(
      commands.results(flags["output_dir"]))


def test_tagging_learns_a_word(tmp_path):
  flags = sentences(tmp_path, num_train_epochs=40, learning_rate=1e-2)
  commands.finish(flags)
  assert commands.results(flags["output_dir"])["eval_f1"] > 0.9


def test_regression_writes_scores(tmp_path):
  header = "sentence1\tsentence2\tscore\n"
  rows = "".join("%s\t%s\t%.1f\n" % (WORDS[index], WORDS[index + 1], index)
                 for index in range(5))
  for name in ("train.tsv", "dev.tsv", "test.tsv"):
    commands.write(tmp_path / "data" / name, header + rows)
  flags = commands.tiny_flags(tmp_path, "stsb", do_train=True, do_eval=True,
                              do_predict=True)
  commands.finish(flags)
  scores = commands.probabilities(flags["output_dir"])
  assert scores.shape == (5, 1)
  found = commands.results(flags["output_dir"])
  assert {"eval_pearson", "eval_spearman", "eval_loss"} <= set(found)
  assert "eval_accuracy" not in found


def test_trials_are_tabled_and_the_best_is_kept(tmp_path):
  flags = pairs(tmp_path, num_seeds=2, best_metric="eval_loss")
  commands.finish(flags)
  rows = [line.split("\t") for line in commands.lines(flags["output_dir"],
                                                      "trials.txt")]
  assert [row[0] for row in rows] == ["run", "7", "8", "mean",
                                      "standard deviation"]
  column = rows[0].index("eval_loss")
  values = [float(row[column]) for row in rows[1:]]
  assert values[2] == pytest.approx(np.mean(values[:2]), abs=1e-4)
  assert values[3] == pytest.approx(np.std(values[:2], ddof=1), abs=1e-4)
  best = "trial_%d" % (1 + int(np.argmin(values[:2])))
  for name in ("eval_results.txt", "test_results.tsv", "test_predictions.tsv"):
    assert commands.content(flags["output_dir"], name) == commands.content(
        flags["output_dir"], best, name)
