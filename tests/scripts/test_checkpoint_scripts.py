"""scripts/strip_checkpoint.py and convert_checkpoint.py as a user runs them."""
import json
import os
import shutil

import numpy as np
import pytest

import commands
import golden

strip = commands.load_script("strip_checkpoint")
convert = commands.load_script("convert_checkpoint")
FOLDER = golden.path("cli", "mrpc", "output")
CHECKPOINT = os.path.join(FOLDER, "model.ckpt-20")


@pytest.mark.parametrize("path", [CHECKPOINT, FOLDER])
def test_copy_has_all_but_what_training_keeps(tmp_path, path):
  output = str(tmp_path / "small" / "model.ckpt")
  result = commands.run({"checkpoint": path, "output": output}, strip)
  assert result.code == 0, result.log
  before, after = commands.variables(CHECKPOINT), commands.variables(output)
  assert set(after) == {name for name in before if not name.endswith(
      ("/adam_m", "/adam_v"))}
  for name, value in after.items():
    np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("flags", [
    {"checkpoint": "none", "output": "there"},
    {"checkpoint": CHECKPOINT, "output": CHECKPOINT},
    {"checkpoint": os.path.dirname(FOLDER), "output": "there"}])
def test_mistake_in_stripping_is_one_line(tmp_path, flags, monkeypatch):
  monkeypatch.chdir(tmp_path)
  result = commands.run(flags, strip)
  assert result.code == 2 and flags["checkpoint"] in result.log
  assert "Traceback" not in result.log
  assert not os.listdir(str(tmp_path))


@pytest.mark.parametrize("path", [None, CHECKPOINT, FOLDER])
def test_weights_go_to_hugging_face_and_back(tmp_path, path):
  folder = str(tmp_path / "bert")
  shutil.copytree(FOLDER, folder)
  for name in ("bert_config.json", "vocab.txt"):
    shutil.copy(golden.path(name), folder)
  flags = {"bert_dir": folder, "hugging_face_dir": str(tmp_path / "hf"),
           "to": "hugging_face"}
  if path:
    flags["checkpoint"] = path
  result = commands.run(flags, convert)
  assert result.code == 0, result.log
  back = str(tmp_path / "back")
  result = commands.run({"hugging_face_dir": str(tmp_path / "hf"),
                         "bert_dir": back}, convert)
  assert result.code == 0, result.log
  before = commands.variables(CHECKPOINT)
  after = commands.variables(os.path.join(back, "bert_model.ckpt"))
  assert "bert/pooler/dense/kernel" in after and "output_weights" in after
  for name, value in after.items():
    np.testing.assert_array_equal(value, before[name])


def test_encoder_of_pairs_apart_goes_to_hugging_face_with_a_word_on_its_pooling(
    tmp_path):
  folder = str(tmp_path / "bert")
  shutil.copytree(FOLDER, folder)
  for name in ("bert_config.json", "vocab.txt"):
    shutil.copy(golden.path(name), folder)
  commands.write(os.path.join(folder, "task.json"), json.dumps({
      "task": "table", "head": "classification", "labels": ["0", "1"],
      "pair_encoding": "siamese", "pooling": "mean"}))
  result = commands.run({"bert_dir": folder, "to": "hugging_face",
                         "hugging_face_dir": str(tmp_path / "hf")}, convert)
  assert result.code == 0, result.log
  config = json.loads(commands.content(str(tmp_path / "hf"), "config.json"))
  assert config["architectures"] == ["BertModel"]
  readme = commands.content(str(tmp_path / "hf"), "README.md")
  for text in (result.log, readme):
    assert "--pair_encoding=siamese --pooling=mean" in text
    assert "the mean of last_hidden_state" in text
    assert "output_weights [2, 32]" in text  # They are left out.
