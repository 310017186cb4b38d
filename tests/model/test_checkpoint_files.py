"""Checkpoints as arrays, without what training keeps beside the weights."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert import optimization
from bert.model import checkpoint_files

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
