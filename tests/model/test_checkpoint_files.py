"""Checkpoints as arrays, without what training keeps beside the weights."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert import optimization
from bert.common.errors import UserError
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


def write_all(folder, names):
  for name in names:
    checkpoint_files.write(str(folder / name), {"w": np.float32(1)})


def state(folder, newest):
  (folder / "checkpoint").write_text(
      'model_checkpoint_path: "%s"\n' % newest, encoding="utf-8")


def resolve(path):
  return checkpoint_files.resolve(str(path), "--init_checkpoint")


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
  assert checkpoint_files.resolve(None, "--init_checkpoint") is None


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
  checkpoints.check_init(first_format, {"bert/w": (3, 2)})
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
  assert resolve(tmp_path / "old") == first_format


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
  assert "no checkpoint is in" in message_of(resolve, tmp_path)


def test_cut_checkpoint_of_the_first_format_is_the_users_mistake(first_format):
  with open(first_format, "r+b") as stream:
    stream.truncate(40)
  assert "can't be read" in message_of(checkpoint_files.read, first_format)
