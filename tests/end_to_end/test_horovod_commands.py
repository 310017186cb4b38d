"""The other commands by several workers."""
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import create_pretraining_data
import extract_features
import golden
import horovod_runs
import run_classifier
import run_cross_validation
import run_pretraining
import run_squad
import span_golden
import tiny_runs

pytestmark = horovod_runs.needs_horovod

PLAIN = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def run_both(flags_of, command):
  """Runs a command by one process and by two workers -> the flags of both."""
  both = [flags_of(size) for size in (1, 2)]
  horovod_runs.run_alone(both[0], command)
  result = horovod_runs.run(2, both[1], command.__name__ + ".py")
  assert result.code == 0, result.log
  return both


def test_pretraining_has_the_losses_of_one_process(tmp_path):
  made = tiny_runs.pretraining_text(tmp_path)
  assert commands.run(made, create_pretraining_data).code == 0
  config = commands.write_config(tmp_path, **PLAIN)

  # Random weights are drawn otherwise on several workers.
  started = tmp_path / "started"
  assert commands.run(dict(
      input_file=made["output_file"], do_train=True, bert_config_file=config,
      max_seq_length=32, max_predictions_per_seq=5, train_batch_size=8,
      num_train_steps=1, random_seed=5, output_dir=str(started)),
                      run_pretraining).code == 0

  def flags_of(size):
    return {"input_file": made["output_file"], "do_train": True,
            "init_checkpoint": str(started / "model.ckpt-0"),
            "do_eval": True, "bert_config_file": config, "max_seq_length": 32,
            "max_predictions_per_seq": 5, "train_batch_size": 8,
            "num_train_steps": 30, "num_warmup_steps": 3, "random_seed": 5,
            "learning_rate": 1e-2, "max_eval_steps": 7, "eval_batch_size": 4,
            "output_dir": str(tmp_path / ("out%d" % size))}

  one, two = [flags["output_dir"] for flags in run_both(
      flags_of, run_pretraining)]
  assert commands.names(one) == commands.names(two)
  assert commands.results(two) == pytest.approx(commands.results(one), abs=1e-5)
  weights, expected = [commands.variables(tf.train.latest_checkpoint(each))
                       for each in (two, one)]
  for name, value in expected.items():
    np.testing.assert_allclose(weights[name], value, rtol=1e-4, atol=1e-5)


def test_vectors_are_those_of_one_process(tmp_path):
  text = commands.write(tmp_path / "in.txt", "".join(
      "%s\n" % " ".join(tiny_runs.WORDS[:1 + number % 7])
      for number in range(13)))
  def flags_of(size):
    return {"input_file": text, "vocab_file": golden.path("vocab.txt"),
            "bert_config_file": golden.path("bert_config.json"),
            "init_checkpoint": golden.checkpoint(), "max_seq_length": 16,
            "batch_size": 2, "layers": "-1",
            "output_file": str(tmp_path / ("out%d" % size))}

  one, two = [[json.loads(line) for line in commands.lines(
      str(tmp_path), os.path.basename(flags["output_file"]))]
              for flags in run_both(flags_of, extract_features)]
  assert len(one) == 13
  # Sums of products depend on the threads in their last digits.
  np.testing.assert_allclose(values_of(two), values_of(one), atol=2e-6)
  assert [tokens_of(line) for line in two] == [tokens_of(line) for line in one]


def tokens_of(line):
  return [line["linex_index"]] + [each["token"] for each in line["features"]]


def values_of(lines):
  return np.concatenate([each["layers"][0]["values"]
                         for line in lines for each in line["features"]])


def test_folds_have_the_scores_of_one_process(tmp_path):
  def flags_of(size):
    flags = horovod_runs.make_flags(tmp_path / str(size), num_train_epochs=2)
    return dict({name: value for name, value in flags.items()
                 if name not in ("do_train", "do_eval")}, num_folds=2)

  one, two = [flags["output_dir"] for flags in run_both(
      flags_of, run_cross_validation)]
  assert commands.names(one) == commands.names(two)
  assert commands.lines(one, "cross_validation.txt") == commands.lines(
      two, "cross_validation.txt")
  np.testing.assert_allclose(commands.probabilities(two),
                             commands.probabilities(one), atol=1e-5)
  # Complete folds are not trained again, by any worker.
  result = horovod_runs.run(2, flags_of(2), "run_cross_validation.py")
  assert result.code == 0, result.log
  assert "Training: " not in result.log


def test_trials_have_the_scores_of_one_process(tmp_path):
  one, two = [flags["output_dir"] for flags in run_both(
      lambda size: horovod_runs.make_flags(
          tmp_path / str(size), num_train_epochs=2, num_seeds=2,
          do_predict=False), run_classifier)]
  assert commands.lines(one, "trials.txt") == commands.lines(two, "trials.txt")
  assert os.path.exists(os.path.join(two, "trial_2", "eval_results.txt"))
  assert sorted(os.listdir(one)) == sorted(os.listdir(two))


def test_answers_are_those_of_one_process(tmp_path):
  def flags_of(size):
    return {"train_file": span_golden.path("train_v1.json"),
            "predict_file": span_golden.path("dev_v1.json"),
            "vocab_file": span_golden.path("vocab.txt"),
            "bert_config_file": span_golden.path("bert_config_no_dropout.json"),
            "init_checkpoint": span_golden.path("ckpt", "bert_model.ckpt"),
            "do_train": True, "do_predict": True, "max_seq_length": 64,
            "max_query_length": 16, "doc_stride": 28, "train_batch_size": 4,
            "num_train_epochs": 0.7, "random_seed": 5, "log_steps": 1,
            "output_dir": str(tmp_path / ("out%d" % size))}

  one, two = [flags["output_dir"] for flags in run_both(flags_of, run_squad)]
  assert commands.names(one) == commands.names(two)
  for name in ("predictions.json", "train.tf_record", "eval.tf_record"):
    contents = []
    for folder in (one, two):
      with open(os.path.join(folder, name), "rb") as stream:
        contents.append(stream.read())
    assert contents[0] == contents[1] != b""
