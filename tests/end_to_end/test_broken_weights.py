"""Weights that make outputs which are no numbers: one line, and no result."""
import os
import re

import numpy as np
import pytest

import commands
import extract_features
import golden
from bert.model import checkpoint_files
from golden_runs import golden_checkpoint, golden_flags


def break_weights(tmp_path, value):
  """Writes the golden MRPC model, one number of which is none -> its path."""
  weights = checkpoint_files.read(golden_checkpoint("mrpc"))
  name = "bert/encoder/layer_0/output/LayerNorm/beta"
  weights[name] = weights[name].copy()
  weights[name][3] = value
  path = str(tmp_path / "model.ckpt-20")
  checkpoint_files.write(path, weights)
  return path


def assert_one_line(result):
  assert result.code == 2, result.log
  (line,) = [line for line in result.log.split("\n") if ": error: " in line]
  assert "is not a number" in line and "Traceback" not in result.log


@pytest.mark.parametrize("action, value", [("do_eval", np.nan),
                                           ("do_predict", -np.inf)])
def test_results_are_not_written(action, value, tmp_path):
  out = tmp_path / "out"
  broken = break_weights(tmp_path, value)
  assert_one_line(commands.run(golden_flags(
      "mrpc", init_checkpoint=broken, output_dir=str(out), **{action: True})))
  assert not [name for name in os.listdir(str(out))
              if re.match("eval_|test_", name)]


def test_vectors_are_not_written(tmp_path):
  broken = break_weights(tmp_path, np.inf)
  source = commands.write(tmp_path / "text.txt", "the dough\n")
  target = str(tmp_path / "vectors.json")
  assert_one_line(commands.run({
      "input_file": source, "output_file": target, "init_checkpoint": broken,
      "vocab_file": golden.path("vocab.txt"), "max_seq_length": 16, "layers": "-1",
      "bert_config_file": golden.path("bert_config.json")}, extract_features))
  assert sorted(os.listdir(str(tmp_path))) == sorted(
      ["text.txt"] + [name for name in os.listdir(str(tmp_path))
                      if name.startswith("model.ckpt")])


def test_training_does_not_go_on_past_an_evaluation_of_such_outputs(tmp_path):
  flags = golden_flags("mrpc", output_dir=str(tmp_path / "out"), do_train=True,
                       train_batch_size=4, learning_rate=1e30, eval_every="1",
                       num_train_epochs=1, warmup_proportion=0.0,
                       random_seed=3)
  result = commands.run(flags)
  assert result.code == 2, result.log
  assert "not a number" in result.log or "no longer a number" in result.log
  assert "Traceback" not in result.log
