"""Which checkpoint of a folder is meant."""
import json

import numpy as np
import pytest

from bert.common.errors import UserError
from bert.model import checkpoint_choice
from bert.model import checkpoint_files


def write_all(folder, names):
  for name in names:
    checkpoint_files.write(str(folder / name), {"w": np.float32(1)})


def state(folder, newest):
  (folder / "checkpoint").write_text(
      'model_checkpoint_path: "%s"\n' % newest, encoding="utf-8")


def resolve(path):
  return checkpoint_choice.resolve(str(path), "--init_checkpoint")


def test_folder_means_the_checkpoint_that_its_state_names(tmp_path):
  write_all(tmp_path, ["model.ckpt-5", "model.ckpt-10", "model.ckpt-20"])
  state(tmp_path, "model.ckpt-10")
  assert resolve(tmp_path) == str(tmp_path / "model.ckpt-10")
  assert resolve(str(tmp_path) + "/") == str(tmp_path / "model.ckpt-10")


@pytest.mark.parametrize("names, newest", [
    (["bert_model.ckpt"], "bert_model.ckpt"),
    (["model.ckpt-5", "model.ckpt-10", "model.ckpt-9"], "model.ckpt-10")])
@pytest.mark.parametrize("has_state", [False, True])
def test_folder_without_a_true_state_means_its_highest_step(
    tmp_path, names, newest, has_state):
  write_all(tmp_path, names)
  if has_state:
    state(tmp_path, "/moved/from/here/model.ckpt-10")
  assert resolve(tmp_path) == str(tmp_path / newest)


@pytest.mark.parametrize("names, fragments", [
    ([], ["no checkpoint"]),
    (["bert_model.ckpt", "model.ckpt-3"], ["bert_model.ckpt model.ckpt-3"]),
    (["a-1", "b-2"], ["several", "a-1 b-2"])])
def test_folder_that_leaves_the_choice_is_refused(tmp_path, names, fragments):
  write_all(tmp_path, names)
  with pytest.raises(UserError) as error:
    resolve(tmp_path)
  for fragment in fragments + ["--init_checkpoint=%s" % tmp_path]:
    assert fragment in str(error.value)


def test_path_of_a_checkpoint_stays(tmp_path):
  write_all(tmp_path, ["model.ckpt-1", "model.ckpt-2"])
  (tmp_path / "model.ckpt-1").mkdir()
  for path in (tmp_path / "model.ckpt-1", tmp_path / "nowhere"):
    assert resolve(path) == str(path)
  assert checkpoint_choice.resolve(None, "--init_checkpoint") is None


def trained(folder, best=None, eval_every=None, has_note=True):
  """An output folder with checkpoints of steps 4 and 8, and a best one."""
  write_all(folder, ["model.ckpt-4", "model.ckpt-8"])
  state(folder, "model.ckpt-8")
  if best:
    (folder / "best").mkdir()
    write_all(folder / "best", [best])
    state(folder / "best", best)
  if has_note:
    (folder / "task.json").write_text(json.dumps({"eval_every": eval_every}),
                                      encoding="utf-8")
  return str(folder)


@pytest.mark.parametrize("best, eval_every, has_note, choice, expected", [
    (None, None, True, None, "model.ckpt-8"),
    ("model.ckpt-4", "4", True, None, "best/model.ckpt-4"),
    # The last training did not evaluate: best is that of an earlier one.
    ("model.ckpt-4", None, True, None, "model.ckpt-8"),
    ("model.ckpt-4", None, True, "best", "best/model.ckpt-4"),
    # As earlier releases left it.
    ("model.ckpt-4", None, False, None, "best/model.ckpt-4"),
    ("model.ckpt-4", "epoch", True, "newest", "model.ckpt-8"),
    ("model.ckpt-4", "epoch", True, "model.ckpt-4", "model.ckpt-4")])
def test_checkpoint_of_a_folder(best, eval_every, has_note, choice, expected,
                                tmp_path, log):
  folder = trained(tmp_path, best, eval_every, has_note)
  if choice and "ckpt" in choice:
    choice = str(tmp_path / choice)
  assert checkpoint_choice.of_folder(folder, choice) == str(tmp_path / expected)
  # What is chosen between two is said.
  assert bool(log) == bool(best and choice is None)


def test_best_of_a_folder_without_is_refused(tmp_path):
  folder = trained(tmp_path)
  with pytest.raises(UserError) as error:
    checkpoint_choice.of_folder(folder, "best")
  assert "--checkpoint=best" in str(error.value)
  assert "--checkpoint=newest" in str(error.value)


@pytest.mark.parametrize("eval_every, expected", [
    ("epoch", "best/model.ckpt-4"), (None, "model.ckpt-8")])
def test_start_from_a_folder_goes_by_the_same_rule(eval_every, expected,
                                                   tmp_path):
  folder = trained(tmp_path, "model.ckpt-4", eval_every)
  assert resolve(folder) == str(tmp_path / expected)


def test_folder_without_checkpoints_has_none(tmp_path):
  assert checkpoint_choice.of_folder(str(tmp_path)) is None
  assert checkpoint_choice.of_folder(str(tmp_path / "nowhere")) is None
