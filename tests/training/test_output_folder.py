"""The output folder: its task.json, seed, checkpoints and result files."""
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.model import checkpoints
from bert.training import output_folder
from mistakes import message_of

MODEL = {"output_weights": (4, 2), "output_bias": (4,)}
STEP = {"global_step": ()}
SETTINGS = {"pooling": "cls", "encoder_top": "none", "crf": False,
            "tokenizer": "wordpiece", "truncation": "head", "head_tokens": 128,
            "num_windows": 1,
            "window_stride": None, "window_pooling": "mean",
            "pair_encoding": "cross", "context_tokens": "whitespace",
            "mask_outside_context": False, "do_lower_case": True,
            "version_2_with_negative": False, "max_query_length": 64,
            "max_seq_length": 128, "doc_stride": 128, "n_best_size": 20,
            "max_answer_length": 30, "null_score_diff_threshold": 0.0,
            "threshold": 0.5}
TASK = dict(SETTINGS, task="mrpc", head="classification", labels=["0", "1"],
            vocab_hash="ab12", num_attention_heads=2, hidden_act="gelu")


def folder_of(path, **changes):
  return output_folder.OutputFolder(str(path), dict(TASK, **changes))


def write_old_task(path, **changes):
  folder_of(path, **changes).open_to_train(7)


def test_task_is_written_as_readable_json(tmp_path):
  write_old_task(tmp_path, labels=["\u6c34", "1"])
  text = (tmp_path / "task.json").read_text(encoding="utf-8")
  assert json.loads(text) == dict(TASK, labels=["\u6c34", "1"], random_seed=7)
  assert "\u6c34" in text
  assert os.listdir(str(tmp_path)) == ["task.json"]


@pytest.mark.parametrize("folder", ["none", "."])
def test_folder_without_a_task_fits_any(folder, tmp_path, warnings):
  folder_of(tmp_path / folder).check()
  assert not warnings


def test_the_same_task_passes(tmp_path, warnings):
  write_old_task(tmp_path)
  folder_of(tmp_path).check()
  assert not warnings


@pytest.mark.parametrize("key, old, shown", [
    ("task", "cola", ["'cola'", "'mrpc'"]),
    ("head", "multi_label", ["'multi_label'", "'classification'"]),
    ("labels", ["1", "0"], ["'1'", "'0'"]),
    ("labels", ["0", "1", "2"], ["3", "2"]),
    ("vocab_hash", "cd34", ["'cd34'", "'ab12'"]),
    ("do_lower_case", False, ["False", "True"]),
    ("version_2_with_negative", True, ["True", "False"]),
    ("max_query_length", 32, ["32", "64"]),
    ("num_attention_heads", 4, ["4", "2"]),
    ("hidden_act", "relu", ["'relu'", "'gelu'"]),
    ("tokenizer", "char", ["'wordpiece'", "'char'"])])
def test_folder_of_another_task_is_refused_with_both_values(key, old, shown,
                                                            tmp_path):
  write_old_task(tmp_path, **{key: old})
  message = message_of(folder_of(tmp_path).check)
  assert "--output_dir=%s" % tmp_path in message
  told = message.replace(str(tmp_path), "")
  assert key in told
  for value in shown:
    assert value in told


@pytest.mark.parametrize("key, old", [
    ("max_seq_length", 64), ("threshold", 0.25), ("doc_stride", 32),
    ("n_best_size", 5), ("max_answer_length", 8),
    ("null_score_diff_threshold", -2.0)])
def test_setting_that_a_run_may_choose_is_but_warned_of(key, old, tmp_path,
                                                        warnings):
  write_old_task(tmp_path, **{key: old})
  folder_of(tmp_path).check()
  assert len(warnings) == 1
  assert "--%s=%s" % (key, old) in warnings[0]
  assert str(TASK[key]) in warnings[0]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "5", '"mrpc"'])
def test_task_file_that_says_nothing_is_the_users_mistake(content, tmp_path):
  path = tmp_path / "task.json"
  path.write_text(content, encoding="utf-8")
  assert str(path) in message_of(folder_of(tmp_path).check)


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
  folder_of(tmp_path).remove_partial(5, 3)
  assert sorted(os.listdir(str(tmp_path))) == whole
  folder_of(tmp_path).remove_partial(5, 3)
  assert sorted(os.listdir(str(tmp_path))) == whole
  checkpoints.check_trained(folder_of(tmp_path).latest(), MODEL,
                            "--output_dir")


@pytest.mark.parametrize("num_kept, num_steps, is_removed", [
    (2, 8, True), (2, 7, False), (3, 8, False), (0, 8, False)])
def test_checkpoint_struck_off_a_full_list_is_removed(
    num_kept, num_steps, is_removed, saved, tmp_path):
  steps = [saved(MODEL, "model.ckpt-%d" % step) for step in (1, 9, 10)]
  backup = tmp_path / "model.ckpt-1.backup.zip"
  backup.write_bytes(b"mine")
  # A run killed between writing the list and deleting what fell off it.
  tf.train.update_checkpoint_state(str(tmp_path), steps[2], steps[1:])
  folder_of(tmp_path).remove_partial(num_kept, num_steps)
  left = sorted(each.name for each in tmp_path.glob("model.ckpt-1.*"))
  assert (left == [backup.name]) == is_removed
  assert folder_of(tmp_path).latest() == steps[2]


def test_seed_is_the_one_given_or_of_the_run_that_goes_on(tmp_path, log):
  folder = folder_of(tmp_path)
  assert folder.choose_seed(5) == 5
  drawn = folder.open_to_train(None)
  assert any("Random seed: %d" % drawn in line for line in log)
  assert folder.choose_seed(None) == drawn
  assert folder.open_to_train(7) == 7
  assert folder.choose_seed(None) == 7


def test_results_are_sorted_and_logged_under_their_heading(tmp_path, log):
  folder_of(tmp_path).write_results({"loss": np.float32(0.5), "eval_f1": 1.0})
  assert (tmp_path / "eval_results.txt").read_text(
      encoding="utf-8") == "eval_f1 = 1.0\nloss = 0.5\n"
  assert log == ["***** Eval results *****", "  eval_f1 = 1.0", "  loss = 0.5"]


def test_scalars_reach_tensorboard(tmp_path):
  folder_of(tmp_path).write_scalars(20, {
      "eval_mcc": np.float32(0.25), "eval_f1": 0.5, "global_step": 20})
  (name,) = os.listdir(str(tmp_path / "eval"))
  found = [(event.step, value.tag, value.simple_value)
           for event in tf.train.summary_iterator(str(tmp_path / "eval" / name))
           for value in event.summary.value]
  assert found == [(20, "eval_f1", 0.5), (20, "eval_mcc", 0.25)]


@pytest.mark.parametrize("old, new, named", [
    (dict(pooling="mean"), dict(), "pooling"),
    (dict(), dict(encoder_top="cnn"), "encoder_top"),
    (dict(crf=True), dict(), "crf"),
    (dict(truncation="tail"), dict(truncation="head_tail"), "truncation"),
    (dict(truncation="head_tail"),
     dict(truncation="head_tail", head_tokens=64), "head_tokens"),
    (dict(num_windows=2), dict(num_windows=3), "num_windows"),
    (dict(num_windows=2), dict(num_windows=2, window_stride=8),
     "window_stride"),
    (dict(window_pooling="max"), dict(), "window_pooling"),
    (dict(), dict(pair_encoding="siamese"), "pair_encoding"),
    (dict(context_tokens="character"), dict(), "context_tokens"),
    (dict(), dict(mask_outside_context=True), "mask_outside_context")])
def test_setting_of_another_model_or_text_is_refused(old, new, named, tmp_path):
  write_old_task(tmp_path, **old)
  message = message_of(folder_of(tmp_path, **new).check)
  assert " made with %s " % named in message


@pytest.mark.parametrize("old, new", [
    (dict(), dict(head_tokens=64)), (dict(), dict(window_stride=8)),
    (dict(truncation="tail"), dict(truncation="tail", head_tokens=3))])
def test_setting_without_effect_may_change(old, new, tmp_path):
  write_old_task(tmp_path, **old)
  folder_of(tmp_path, **new).check()


def test_older_folder_goes_by_its_old_names_and_by_defaults(tmp_path):
  old = {name: TASK[name] for name in (
      "task", "head", "labels", "vocab_hash", "do_lower_case",
      "max_seq_length")}
  old.update(top="cnn", num_segments=2, segment_pooling="max")
  (tmp_path / "task.json").write_text(json.dumps(old), encoding="utf-8")
  # Its stride is not known.
  for stride in (None, 8):
    folder_of(tmp_path, encoder_top="cnn", num_windows=2, window_stride=stride,
              window_pooling="max").check()
  message = message_of(folder_of(tmp_path, encoder_top="cnn", num_windows=3,
                                 window_pooling="max").check)
  assert "num_windows 2" in message


@pytest.mark.parametrize("is_changed", [False, True])
def test_other_run_is_told_of_where_there_are_no_locks(
    is_changed, tmp_path, warnings, monkeypatch):
  monkeypatch.setattr(output_folder.locks, "is_remote", lambda path: True)
  folder = folder_of(tmp_path)
  with folder.in_use():
    folder.open_to_train(1)
    if is_changed:
      other = folder_of(tmp_path)
      with other.in_use():
        other.open_to_train(1)
      os.utime(str(tmp_path / "task.json"), (1, 1))
  assert len(warnings) == is_changed
  assert not is_changed or "task.json has changed meanwhile" in warnings[0]


def test_folder_in_use_is_refused_to_others(tmp_path):
  with folder_of(tmp_path / "out").in_use():
    message = message_of(lambda: folder_of(tmp_path / "out").in_use().__enter__())
  assert "--output_dir=%s: another run" % (tmp_path / "out") in message


@pytest.mark.parametrize("has_run", [False, True])
def test_folder_is_checked_again_after_a_run_that_has_just_ended(has_run,
                                                                 tmp_path):
  newest = ["model.ckpt-4"]
  folder = folder_of(tmp_path)
  folder.latest = lambda: newest[-1]
  checked = output_folder.CheckedFolder(folder, lambda: newest[-1] + " fits")
  newest += ["model.ckpt-8"] * has_run
  with checked.in_use() as checkpoint:
    assert checkpoint == newest[-1] + " fits"
    message_of(lambda: folder_of(tmp_path).in_use().__enter__())


def test_folder_that_no_longer_fits_is_refused(tmp_path):
  newest = ["model.ckpt-4"]
  folder = folder_of(tmp_path)
  folder.latest = lambda: newest[-1]

  def check():
    if len(newest) > 1:
      raise UserError("it is of another task")

  checked = output_folder.CheckedFolder(folder, check)
  newest.append("model.ckpt-8")
  assert message_of(checked.in_use().__enter__) == "it is of another task"


def test_summary_files_are_closed_when_the_folder_is_left(tmp_path):
  folder = folder_of(tmp_path)
  with folder.in_use():
    writer = tf.summary.FileWriterCache.get(str(tmp_path))
  # The cache would hold it, its thread and its file for as long as the process.
  assert tf.summary.FileWriterCache.get(str(tmp_path)) is not writer
  tf.summary.FileWriterCache.clear()


def test_memory_is_given_back_when_the_folder_is_left(tmp_path, monkeypatch):
  calls = []
  monkeypatch.setattr(output_folder.machine, "release_memory",
                      lambda: calls.append(1))
  with pytest.raises(KeyError):
    with folder_of(tmp_path).in_use():
      raise KeyError()
  assert calls == [1]


def test_only_what_training_needs_is_removed_with_its_checkpoints(saved,
                                                                   tmp_path):
  tf.train.update_checkpoint_state(str(tmp_path), saved(MODEL, "model.ckpt-7"))
  for name in ("train.tf_record", "graph.pbtxt", "my.tf_record",
               "model.ckpt-7.backup.zip", "eval_results.txt"):
    (tmp_path / name).write_text("content")
  output_folder.remove_checkpoints(str(tmp_path))
  assert sorted(os.listdir(str(tmp_path))) == [
      "eval_results.txt", "model.ckpt-7.backup.zip", "my.tf_record"]
