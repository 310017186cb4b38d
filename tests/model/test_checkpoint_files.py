"""Checkpoints as arrays, without what training keeps beside the weights."""
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert import optimization
from bert.encoders.bert import Bert
from bert.model import checkpoint_files
from bert.model import checkpoints
from mistakes import message_of
from tiny_runs import write_v1

KERNEL = "bert/encoder/layer_0/output/dense/kernel"


@pytest.mark.parametrize("name", [
    KERNEL + "/adam_m", KERNEL + "/adam_v", KERNEL + "/Adam", KERNEL + "/Adam_1",
    KERNEL + "/AdamWeightDecayOptimizer", KERNEL + "/AdamWeightDecayOptimizer_1",
    KERNEL + "/lamb_m", KERNEL + "/lamb_v", KERNEL + "/LAMB", KERNEL + "/LAMB_1",
    KERNEL + "/LARSOptimizer", KERNEL + "/Momentum", KERNEL + "/momentum",
    KERNEL + "/RMSProp_1", KERNEL + "/Adagrad", KERNEL + "/vr",
    KERNEL + "/ExponentialMovingAverage", KERNEL + "/moving_average",
    "beta1_power", "beta2_power", "beta1_power_1", "optimizer/beta2_power",
    "loss_scale", "current_loss_scale", "good_steps", "loss_scale/good_steps",
    "global_step"])
def test_state_of_training_is_known_by_its_name(name):
  assert checkpoint_files.is_training_state(name)


@pytest.mark.parametrize("name", [
    KERNEL, "bert/embeddings/LayerNorm/gamma", "output_weights", "output_bias",
    "cls/predictions/output_bias", "crf/transitions", "segments/attention/query",
    "adam_mixture/kernel", "bert/Adamant/kernel", "step"])
def test_weights_are_no_state_of_training(name):
  assert not checkpoint_files.is_training_state(name)


def test_slots_of_tensorflows_optimizers_are_known():
  variable = tf.get_variable("bert/x", [2], use_resource=False)
  loss = tf.reduce_sum(variable)
  for optimizer in (tf.train.AdamOptimizer(), tf.train.MomentumOptimizer(1.0, 0.9),
                    tf.train.RMSPropOptimizer(1.0), tf.train.AdagradOptimizer(1.0),
                    tf.train.AdadeltaOptimizer(), tf.train.FtrlOptimizer(1.0),
                    optimization.AdamWeightDecayOptimizer(1)):
    optimizer.minimize(loss)
  with tf.control_dependencies(None):
    tf.train.ExponentialMovingAverage(0.9).apply([variable])
  names = {each.op.name for each in tf.global_variables()}
  assert len(names) > 12
  assert {name for name in names
          if not checkpoint_files.is_training_state(name)} == {"bert/x"}


def test_reading_keeps_weights_and_step(tmp_path):
  path = str(tmp_path / "model.ckpt")
  names = ["w", "w/Adam", "w/Adam_1", "beta1_power", "global_step",
           "current_loss_scale", "good_steps", "w/ExponentialMovingAverage"]
  checkpoint_files.write(path, {name: np.float32(1) for name in names})
  assert sorted(checkpoint_files.read(path)) == ["global_step", "w"]


def write_steps(folder, *steps):
  """Checkpoints whose `w` is their step, as a training leaves them."""
  paths = [os.path.join(str(folder), "model.ckpt-%d" % step) for step in steps]
  for step, path in zip(steps, paths):
    checkpoint_files.write(path, {"w": np.float32(step)})
  tf.train.update_checkpoint_state(str(folder), paths[-1], list(paths))
  return paths


def set_state(folder, content):
  (folder / "checkpoint").write_bytes(content)


# What a full disk or a power cut leaves; a checkpoint that was removed; none.
BROKEN_STATES = {
    "empty": b"", "cut": b'model_checkpoint_path: "model.ckpt-1',
    "zeros": b"\0" * 50, "no text": b"\xff\xfe",
    "names what is gone": b'model_checkpoint_path: "model.ckpt-20"\n',
    "without a name": b'all_model_checkpoint_paths: "model.ckpt-2"\n'}


@pytest.mark.parametrize("name", sorted(BROKEN_STATES))
def test_broken_state_file_does_not_hide_the_checkpoints(name, tmp_path,
                                                         warnings):
  paths = write_steps(tmp_path, 2, 10, 9)
  set_state(tmp_path, BROKEN_STATES[name])
  assert checkpoint_files.latest(str(tmp_path)) == paths[1]
  assert checkpoint_files.latest(str(tmp_path)) == paths[1]
  lines = [line for line in warnings if "is used" in line]
  assert len(lines) == 1 and "model.ckpt-10" in lines[0]
  checkpoint_files.repair_state(str(tmp_path))
  assert tf.train.latest_checkpoint(str(tmp_path)) == paths[1]
  listed = tf.train.get_checkpoint_state(
      str(tmp_path)).all_model_checkpoint_paths
  assert listed[-1] == paths[1]


def test_missing_state_file_does_not_hide_the_checkpoints(tmp_path):
  paths = write_steps(tmp_path, 2, 10)
  os.remove(str(tmp_path / "checkpoint"))
  assert checkpoint_files.latest(str(tmp_path)) == paths[1]
  checkpoint_files.repair_state(str(tmp_path))
  assert list(tf.train.get_checkpoint_state(
      str(tmp_path)).all_model_checkpoint_paths) == paths


def test_checkpoint_that_was_cut_is_passed_over(tmp_path):
  paths = write_steps(tmp_path, 2, 10)
  set_state(tmp_path, b"")
  with open(paths[1] + ".data-00000-of-00001", "wb"):
    pass
  assert checkpoint_files.latest(str(tmp_path)) == paths[0]
  # Where none can be read, training must not begin again beside them.
  os.remove(paths[0] + ".index")
  assert checkpoint_files.latest(str(tmp_path)) == paths[1]


def test_copied_folder_means_its_own_checkpoints(tmp_path):
  """TensorFlow's state file has the absolute paths of the folder it was in."""
  (tmp_path / "old").mkdir()
  write_steps(tmp_path / "old", 2, 10)
  shutil.copytree(str(tmp_path / "old"), str(tmp_path / "new"))
  newest = str(tmp_path / "new" / "model.ckpt-10")
  assert checkpoint_files.latest(str(tmp_path / "new")) == newest
  shutil.rmtree(str(tmp_path / "old"))
  assert checkpoint_files.latest(str(tmp_path / "new")) == newest
  checkpoint_files.repair_state(str(tmp_path / "new"))
  assert tf.train.latest_checkpoint(str(tmp_path / "new")) == newest


def test_whole_state_file_stays_as_it_is(tmp_path, warnings):
  paths = write_steps(tmp_path, 2, 10)
  before = (tmp_path / "checkpoint").read_bytes()
  checkpoint_files.repair_state(str(tmp_path))
  assert checkpoint_files.latest(str(tmp_path)) == paths[1] and not warnings
  assert (tmp_path / "checkpoint").read_bytes() == before


@pytest.fixture
def first_format(tmp_path):
  """A checkpoint as TensorFlow 1 wrote it at first: one file, alone."""
  checkpoint_files.write(str(tmp_path / "new.ckpt"), {
      "bert/w": np.arange(6, dtype=np.float32).reshape(3, 2),
      "global_step": np.int64(9)})
  (tmp_path / "old").mkdir()
  return write_v1(tmp_path / "new.ckpt", tmp_path / "old" / "model.ckpt-9")


def test_checkpoint_of_the_first_format_is_read(first_format):
  weights = checkpoint_files.read(first_format)
  assert sorted(weights) == ["bert/w", "global_step"]
  np.testing.assert_array_equal(weights["bert/w"], [[0, 1], [2, 3], [4, 5]])
  checkpoints.check_init(first_format, {"bert/w": (3, 2)}, Bert(None))
  assert checkpoints.has_step(first_format)


def test_variables_start_from_a_checkpoint_of_the_first_format(first_format):
  variable = tf.get_variable("bert/w", [3, 2], use_resource=False)
  assert set(checkpoints.init_from(first_format)) == {"bert/w", "bert/w:0"}
  with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    np.testing.assert_array_equal(session.run(variable),
                                  [[0, 1], [2, 3], [4, 5]])


def test_folder_may_hold_a_checkpoint_of_the_first_format(first_format,
                                                          tmp_path):
  (tmp_path / "old" / "vocab.txt").write_text("[UNK]\n", encoding="utf-8")
  assert checkpoint_files.newest_in(
      str(tmp_path / "old"), "--init_checkpoint") == first_format


def test_checkpoint_of_the_first_format_is_not_written_over(first_format):
  assert "is there already" in message_of(
      checkpoint_files.write, first_format, {"w": np.float32(1)})


@pytest.mark.parametrize("content", [b"", b"[UNK]\n[CLS]\n" * 20],
                         ids=["empty", "text"])
def test_another_file_is_no_checkpoint_of_the_first_format(content, tmp_path):
  (tmp_path / "vocab.txt").write_bytes(content)
  path = str(tmp_path / "vocab.txt")
  message = message_of(checkpoints.shapes_in, path, "--init_checkpoint")
  assert "--init_checkpoint=%s: can't be read as a checkpoint" % path in message
  assert "no checkpoint is in" in message_of(
      checkpoint_files.newest_in, str(tmp_path), "--init_checkpoint")


def test_cut_checkpoint_of_the_first_format_is_the_users_mistake(first_format):
  with open(first_format, "r+b") as stream:
    stream.truncate(40)
  assert "can't be read" in message_of(checkpoint_files.read, first_format)
