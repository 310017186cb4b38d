"""What every command that runs a model checks before it reads a file."""
import glob
import importlib
import os

import pytest

import commands
from bert.model import estimator
from bert.options.shared import StepOptions

PROJECT = os.path.dirname(commands.SCRIPT)
MODEL = dict(bert_config_file="config.json", vocab_file="vocab.txt",
             max_seq_length=16)
TASK = dict(MODEL, task_name="mrpc", data_dir="data")
SQUAD = dict(MODEL, max_query_length=8, train_file="a.json", do_train=True)
# The flags that a command asks for, none of whose files is there.
FLAGS = {
    "run_classifier": dict(TASK, do_train=True),
    "run_cross_validation": TASK,
    "run_search": dict(TASK, search="learning_rate=choice:1e-4"),
    "run_squad": SQUAD,
    "run_pretraining": dict(bert_config_file="config.json", do_train=True,
                            input_file="a.tf_record"),
    "extract_features": dict(MODEL, init_checkpoint="model.ckpt",
                             input_file="a.txt", output_file="b.jsonl",
                             output_dir=None),
    "extract_features --do_export": dict(
        MODEL, init_checkpoint="model.ckpt", do_export=True, pooling="mean")}


def groups_of(name):
  return getattr(importlib.import_module(name), "GROUPS", ())


def test_all_commands_with_such_flags_are_here():
  names = [os.path.basename(path)[:-len(".py")]
           for path in glob.glob(os.path.join(PROJECT, "*.py"))]
  assert {name.split()[0] for name in FLAGS} == {
      name for name in names
      if any(issubclass(each, StepOptions)
             for each in groups_of(name))}


@pytest.mark.parametrize("precision, reason", [
    ("float16", "TensorFlow sees no GPU"), ("bfloat16", "leave the flag out")])
@pytest.mark.parametrize("name", sorted(FLAGS))
def test_precision_that_the_machine_lacks_is_one_line(
    name, precision, reason, tmp_path, monkeypatch):
  monkeypatch.setattr(estimator, "_cpu_description", lambda: "")
  monkeypatch.setattr(estimator, "_has_gpu", lambda: False)
  output_dir = str(tmp_path / "out")
  code, log = commands.run(
      dict(dict(output_dir=output_dir, precision=precision), **FLAGS[name]),
      importlib.import_module(name.split()[0]))
  assert code == 2 and "Traceback" not in log
  assert "--precision=%s: " % precision in log and reason in log
  assert not os.path.exists(output_dir)
