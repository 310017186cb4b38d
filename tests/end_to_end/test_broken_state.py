"""A file `checkpoint` that was cut, beside checkpoints that are whole."""
import os
import shutil

import pytest

import commands
from tiny_runs import pairs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
  """An output folder with checkpoints of steps 0 to 2, the best of step 1."""
  flags = pairs(tmp_path_factory.mktemp("trained"), num_workers=1,
                train_batch_size=5, num_train_epochs=1,
                save_checkpoints_steps=1, eval_every=1)
  commands.finish(flags)
  return flags


def broken(trained, tmp_path, name):
  """The flags for a copy in which a file is cut."""
  output_dir = str(tmp_path / "out")
  shutil.copytree(trained["output_dir"], output_dir)
  with open(os.path.join(output_dir, name), "r+b") as stream:
    stream.truncate(20)
  return dict(trained, output_dir=output_dir)


def test_training_resumes_from_the_newest_checkpoint(trained, tmp_path):
  flags = broken(trained, tmp_path, "checkpoint")
  log = commands.finish(dict(flags, num_train_epochs=2, do_predict=None))
  assert "Going on from step 2" in log
  assert "model.ckpt-2 has the highest step in the folder and is used" in log
  assert "random weights" not in log
  assert commands.results(flags["output_dir"])["global_step"] in (1, 2, 3, 4)
  assert os.path.exists(os.path.join(flags["output_dir"],
                                     "model.ckpt-4.index"))


def test_evaluation_uses_the_best_whose_state_was_cut(trained, tmp_path):
  flags = broken(trained, tmp_path, os.path.join("best", "checkpoint"))
  log = commands.finish(dict(flags, do_train=None, do_predict=None))
  assert os.path.join("best", "checkpoint") in log
  for name in ("eval_accuracy", "global_step"):
    assert commands.results(flags["output_dir"])[name] == commands.results(
        trained["output_dir"])[name]
