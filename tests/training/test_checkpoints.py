import hashlib
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert.training import checkpoints
from mistakes import message_of

ENCODER = {"bert/dense/kernel": (3, 2), "bert/dense/bias": (2,)}
HEAD = {"output_weights": (4, 2), "output_bias": (4,)}
MODEL = dict(ENCODER, **HEAD)
STEP = {"global_step": ()}
SLOTS = {name + slot: shape for name, shape in MODEL.items()
         for slot in ("/adam_m", "/adam_v")}

TASK = {"task": "mrpc", "head": "classification", "labels": ["0", "1"],
        "max_seq_length": 128, "do_lower_case": True, "vocab_hash": "ab12"}


@pytest.fixture
def saved(tmp_path):
  """Name -> shape, written as a checkpoint -> its path without suffix."""
  def save(shapes, name="model.ckpt-7"):
    with tf.Graph().as_default(), tf.Session() as session:
      for variable, shape in shapes.items():
        tf.get_variable(variable, initializer=np.ones(shape, np.float32))
      session.run(tf.global_variables_initializer())
      return tf.train.Saver().save(session, str(tmp_path / name),
                                   write_meta_graph=False)
  return save


def check_trained(path, wanted):
  checkpoints.check_trained(path, wanted, "--init_checkpoint")


def check_resumable(path, wanted):
  checkpoints.check_resumable(path, wanted, sorted(wanted))


CHECKS = [checkpoints.check_init, check_trained, check_resumable]
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
  message = message_of(checkpoints.check_init, path, MODEL)
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
  checkpoints.check_init(path, MODEL)
  assert not warnings
  message = message_of(check_trained, path, MODEL)
  assert "--init_checkpoint=%s" % path in message
  assert "lacks output_" in message
  assert "--do_train" in message


def test_checkpoint_without_a_step_was_not_trained(saved):
  assert "lacks global_step" in message_of(check_trained, saved(MODEL), MODEL)


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
  message = message_of(checkpoints.check_init, path, MODEL)
  assert path in message
  assert "gpt/wpe" in message and "bert/dense/bias" in message


def test_encoder_that_lacks_a_variable_is_warned_of(saved, warnings):
  checkpoints.check_init(saved({"bert/dense/kernel": (3, 2)}), MODEL)
  assert len(warnings) == 1
  assert "bert/dense/bias" in warnings[0]
  assert "bert/dense/kernel" not in warnings[0]


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


def test_vocabulary_is_known_by_the_sha256_of_its_bytes(tmp_path):
  path = tmp_path / "vocab.txt"
  content = "[PAD]\r\n\u6c34\n".encode("utf-8")
  path.write_bytes(content)
  assert (checkpoints.vocab_hash(str(path)) ==
          hashlib.sha256(content).hexdigest())


def write_old_task(folder, **changes):
  checkpoints.write_task(str(folder), dict(TASK, **changes))


def test_task_is_written_as_readable_json(tmp_path):
  write_old_task(tmp_path, labels=["\u6c34", "1"])
  text = (tmp_path / "task.json").read_text(encoding="utf-8")
  assert json.loads(text) == dict(TASK, labels=["\u6c34", "1"])
  assert "\u6c34" in text
  assert os.listdir(str(tmp_path)) == ["task.json"]


@pytest.mark.parametrize("folder", ["none", "."])
def test_folder_without_a_task_fits_any(folder, tmp_path, warnings):
  checkpoints.check_task(str(tmp_path / folder), TASK)
  assert not warnings


def test_the_same_task_passes(tmp_path, warnings):
  write_old_task(tmp_path)
  checkpoints.check_task(str(tmp_path), dict(TASK))
  assert not warnings


@pytest.mark.parametrize("key, old, shown", [
    ("task", "cola", ["'cola'", "'mrpc'"]),
    ("head", "multi_label", ["'multi_label'", "'classification'"]),
    ("labels", ["1", "0"], ["'1'", "'0'"]),
    ("labels", ["0", "1", "2"], ["3", "2"]),
    ("vocab_hash", "cd34", ["'cd34'", "'ab12'"]),
    ("do_lower_case", False, ["False", "True"])])
def test_folder_of_another_task_is_refused_with_both_values(key, old, shown,
                                                            tmp_path):
  write_old_task(tmp_path, **{key: old})
  message = message_of(checkpoints.check_task, str(tmp_path), TASK)
  assert "--output_dir=%s" % tmp_path in message
  told = message.replace(str(tmp_path), "")
  assert key in told
  for value in shown:
    assert value in told


def test_other_length_is_but_warned_of(tmp_path, warnings):
  write_old_task(tmp_path, max_seq_length=64)
  checkpoints.check_task(str(tmp_path), TASK)
  assert len(warnings) == 1
  assert "64" in warnings[0] and "128" in warnings[0]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "5", '"mrpc"'])
def test_task_file_that_says_nothing_is_the_users_mistake(content, tmp_path):
  path = tmp_path / "task.json"
  path.write_text(content, encoding="utf-8")
  assert str(path) in message_of(checkpoints.check_task, str(tmp_path), TASK)


def test_only_half_written_checkpoints_are_removed(saved, tmp_path):
  saved(dict(MODEL, **STEP))
  saved(dict(MODEL, **STEP), "model.ckpt-12")
  write_old_task(tmp_path)
  (tmp_path / "my_temp_notes.txt").write_text("mine", encoding="utf-8")
  whole = sorted(os.listdir(str(tmp_path)))

  # What a saver leaves when it is killed: parts of the data in a folder of
  # their own, an index under a temporary name.
  parts = tmp_path / "model.ckpt-20_temp_0123456789abcdef"
  parts.mkdir()
  (parts / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
  (tmp_path / "model.ckpt-20.data-00000-of-00001.tempstate42").write_bytes(b"h")
  (tmp_path / "model.ckpt-20.index.tempstate1234").write_bytes(b"half")
  checkpoints.remove_partial(str(tmp_path), 5, 3)
  assert sorted(os.listdir(str(tmp_path))) == whole
  checkpoints.remove_partial(str(tmp_path), 5, 3)
  assert sorted(os.listdir(str(tmp_path))) == whole
  check_trained(checkpoints.latest(str(tmp_path)), MODEL)


@pytest.mark.parametrize("num_kept, num_steps, is_removed", [
    (2, 8, True), (2, 7, False), (3, 8, False), (0, 8, False)])
def test_checkpoint_struck_off_a_full_list_is_removed(
    num_kept, num_steps, is_removed, saved, tmp_path):
  steps = [saved(MODEL, "model.ckpt-%d" % step) for step in (1, 9, 10)]
  backup = tmp_path / "model.ckpt-1.backup.zip"
  backup.write_bytes(b"mine")
  # A run killed between writing the list and deleting what fell off it.
  tf.train.update_checkpoint_state(str(tmp_path), steps[2], steps[1:])
  checkpoints.remove_partial(str(tmp_path), num_kept, num_steps)
  left = sorted(each.name for each in tmp_path.glob("model.ckpt-1.*"))
  assert (left == [backup.name]) == is_removed
  assert checkpoints.latest(str(tmp_path)) == steps[2]


@pytest.mark.parametrize("char", "*?[]\\")
def test_folder_in_which_no_checkpoint_is_found_is_refused(char):
  checkpoints.check_name("gs://bucket/out-1_2.3 4")
  assert "--output_dir=out%s" % char in message_of(
      checkpoints.check_name, "out" + char)
