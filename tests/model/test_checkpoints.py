"""What is found out of checkpoints before a run starts from them."""
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert.encoders.bert import Bert
from bert.model import checkpoint_files
from bert.model import checkpoints
from mistakes import message_of

ENCODER = {"bert/dense/kernel": (3, 2), "bert/dense/bias": (2,)}
HEAD = {"output_weights": (4, 2), "output_bias": (4,)}
MODEL = dict(ENCODER, **HEAD)
STEP = {"global_step": ()}
SLOTS = {name + slot: shape for name, shape in MODEL.items()
         for slot in ("/adam_m", "/adam_v")}


def check_trained(path, wanted):
  checkpoints.check_trained(path, wanted, "--init_checkpoint")


def check_resumable(path, wanted):
  checkpoints.check_resumable(path, wanted, sorted(wanted))


def check_init(path, wanted, **allows):
  checkpoints.check_init(path, wanted, Bert(None), **allows)


CHECKS = [check_init, check_trained, check_resumable]
each_check = pytest.mark.parametrize(
    "check", CHECKS, ids=["init", "trained", "resumable"])


def test_shapes_are_those_of_the_reference_checkpoint():
  found = checkpoints.shapes_in(golden.checkpoint(), "--init_checkpoint")
  assert found["bert/embeddings/word_embeddings"] == (756, 32)
  assert found["bert/encoder/layer_2/intermediate/dense/kernel"] == (32, 64)
  assert found["bert/pooler/dense/bias"] == (32,)


@each_check
def test_checkpoint_with_everything_passes(check, saved, warnings):
  check(saved(dict(MODEL, **SLOTS, **STEP)), MODEL)
  assert not warnings


@each_check
def test_other_shape_names_the_variable_and_both_shapes(check, saved):
  path = saved(dict(MODEL, **SLOTS, **STEP))
  message = message_of(check, path, dict(MODEL, output_weights=(5, 2)))
  assert path in message
  assert "output_weights" in message
  assert "[4, 2]" in message and "[5, 2]" in message


@each_check
def test_missing_checkpoint_is_the_users_mistake(check, tmp_path):
  path = str(tmp_path / "none.ckpt")
  assert path in message_of(check, path, MODEL)


@each_check
@pytest.mark.parametrize("junk", [b"", b"junk" * 100])
def test_corrupt_index_is_the_users_mistake(check, junk, saved):
  path = saved(dict(MODEL, **SLOTS, **STEP))
  with open(path + ".index", "wb") as stream:
    stream.write(junk)
  assert path in message_of(check, path, MODEL)


@pytest.mark.parametrize("suffix", [".index", ".data-00000-of-00001"])
def test_checkpoint_is_named_without_suffix(suffix, saved):
  path = saved(MODEL) + suffix
  message = message_of(check_init, path, MODEL)
  assert "--init_checkpoint=%s" % path in message
  assert "without .index" in message


@each_check
def test_checkpoint_without_its_data_is_the_users_mistake(check, saved):
  path = saved(dict(MODEL, **SLOTS, **STEP))
  os.remove(path + ".data-00000-of-00001")
  assert path in message_of(check, path, MODEL)


@each_check
def test_empty_folder_is_no_checkpoint(check, tmp_path):
  assert str(tmp_path) in message_of(check, str(tmp_path), MODEL)


def test_encoder_alone_starts_a_model_but_was_not_trained(saved, warnings):
  path = saved(ENCODER)
  check_init(path, MODEL)
  assert not warnings
  message = message_of(check_trained, path, MODEL)
  assert "--init_checkpoint=%s" % path in message
  assert "lacks output_" in message
  assert "--do_train" in message


def test_weights_alone_are_enough_to_predict_with_but_not_to_go_on(saved):
  path = saved(MODEL)
  check_trained(path, MODEL)
  assert not checkpoints.has_step(path)
  assert checkpoints.has_step(saved(dict(MODEL, **STEP), "model.ckpt-8"))
  assert "lacks global_step" in message_of(check_resumable, path, MODEL)


def test_checkpoint_without_slots_is_trained_but_cannot_go_on(saved):
  path = saved(dict(MODEL, **STEP))
  check_trained(path, MODEL)
  message = message_of(check_resumable, path, MODEL)
  assert "/adam_m" in message
  assert "--init_checkpoint" in message


def test_what_is_frozen_needs_no_slots_to_go_on(saved):
  slots = {name: shape for name, shape in SLOTS.items()
           if name.startswith("output_")}
  path = saved(dict(MODEL, **slots, **STEP))
  checkpoints.check_resumable(path, MODEL, sorted(HEAD))
  assert "bert/dense/" in message_of(check_resumable, path, MODEL)


def test_checkpoint_of_something_else_starts_nothing(saved):
  path = saved({"gpt/wte": (3, 2), "gpt/wpe": (2,)})
  message = message_of(check_init, path, MODEL)
  assert path in message
  assert "gpt/wpe" in message and "bert/dense/bias" in message


def test_encoder_that_lacks_a_variable_is_refused(saved):
  message = message_of(check_init,
                       saved({"bert/dense/kernel": (3, 2)}), MODEL)
  assert "bert/dense/bias" in message and "1 variables" in message
  assert "bert/dense/kernel" not in message
  assert "--allow_missing_weights" in message


def test_encoder_that_lacks_a_variable_starts_a_model_where_allowed(
    saved, warnings):
  check_init(saved({"bert/dense/kernel": (3, 2)}), MODEL,
             allows_missing=True)
  assert len(warnings) == 1
  assert "bert/dense/bias" in warnings[0]
  assert "bert/dense/kernel" not in warnings[0]


def test_encoder_without_a_pooler_is_warned_of(saved, warnings):
  check_init(saved(ENCODER), dict(MODEL, **{
      "bert/pooler/dense/bias": (2,)}))
  (line,) = warnings
  assert "bert/pooler/dense/bias" in line


def test_encoder_with_more_than_the_model_has_is_warned_of(saved, warnings):
  check_init(saved(dict(MODEL, **SLOTS, **{
      "bert/more/kernel": (2, 2)})), MODEL)
  (line,) = warnings
  assert "bert/more/kernel" in line and "1 variables" in line


@each_check
def test_weights_of_another_type_are_refused(check, tmp_path):
  path = str(tmp_path / "model.ckpt")
  values = {name: np.ones(shape, np.float16 if name == "output_bias" else
                          np.float32)
            for name, shape in dict(MODEL, **SLOTS).items()}
  checkpoint_files.write(path, dict(values, global_step=np.int64(3)))
  message = message_of(check, path, MODEL)
  assert path in message and "output_bias is of type float16" in message


def test_start_fills_the_variables_of_the_same_name(saved, session):
  path = saved(ENCODER)
  for name, shape in MODEL.items():
    tf.get_variable(name, initializer=np.zeros(shape, np.float32))
  filled = checkpoints.init_from(path)
  session.run(tf.global_variables_initializer())
  for variable in tf.trainable_variables():
    is_saved = variable.op.name in ENCODER
    assert (variable.name in filled) == is_saved
    assert (session.run(variable) == (1 if is_saved else 0)).all()


def test_newest_checkpoint_and_its_step_are_found(saved, tmp_path):
  assert checkpoints.latest(str(tmp_path)) is None
  assert checkpoints.latest(str(tmp_path / "none")) is None
  saved(MODEL, "model.ckpt-7")
  newest = saved(MODEL, "model.ckpt-12")
  assert checkpoints.latest(str(tmp_path)) == newest
  assert checkpoints.step_of(newest) == 12
  assert checkpoints.step_of(None) == 0
  assert checkpoints.step_of("uncased_L-12_H-768/bert_model.ckpt") == 0


def test_newest_checkpoint_of_the_reference_is_found():
  folder = golden.path("cli", "cola", "output")
  newest = checkpoints.latest(folder)
  assert newest == os.path.join(folder, "model.ckpt-20")
  assert checkpoints.step_of(newest) == 20
