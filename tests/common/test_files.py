"""Files: clear errors, replaced all or nothing."""
import hashlib

import pytest
import tensorflow.compat.v1 as tf

import commands
from bert.common import files
from bert.common.errors import UserError


def write(tmp_path, content):
  path = tmp_path / "some.txt"
  path.write_bytes(content)
  return str(path)


def test_text_is_read_as_it_stands(tmp_path):
  path = write(tmp_path, "一\r\n\u2028 b\n".encode("utf-8"))
  assert files.read_text(path) == "一\r\n\u2028 b\n"


def test_byte_order_mark_is_taken_off(tmp_path):
  assert files.read_text(write(tmp_path, b"\xef\xbb\xbfa")) == "a"


def test_bytes_that_are_not_utf8_are_shown_where_they_stand(tmp_path):
  path = write(tmp_path, b"one\ntwo\nab\xe4\xb8\nfour\n")
  with pytest.raises(UserError) as caught:
    files.read_text(path)
  assert str(caught.value).startswith(
      "%s:3: byte 0xe4 at column 3 is not UTF-8" % path)


@pytest.mark.parametrize("block", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize("content", [
    "", "\n", "a", "a\n", "\ufeffa\n\n\u4e00\u4e8c\r\n\u2028 b", "\ufeff",
    "long line\n" * 3, "\n\nx"])
def test_lines_are_those_of_the_text_however_much_is_read_at_once(
    tmp_path, monkeypatch, block, content):
  monkeypatch.setattr(files, "_BLOCK", block)
  path = write(tmp_path, content.encode("utf-8"))
  text = content[1:] if content.startswith("\ufeff") else content
  assert files.read_text(path) == text
  lines = text.split("\n")
  assert list(files.read_lines(path)) == (lines if lines[-1] else lines[:-1])


@pytest.mark.parametrize("block", [1, 4, 7, 1000])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_place_of_a_bad_byte_is_counted_over_all_that_was_read(
    tmp_path, monkeypatch, block, mark):
  monkeypatch.setattr(files, "_BLOCK", block)
  path = write(tmp_path, mark + b"one\ntwo\nab\xe4\xb8\nfour\n")
  with pytest.raises(UserError, match=":3: byte 0xe4 at column 3 "):
    list(files.read_lines(path))
  path = write(tmp_path, mark + b"a\xff\n")
  with pytest.raises(UserError, match=":1: byte 0xff at column 2 "):
    list(files.read_lines(path))


@pytest.mark.parametrize("name, expected", [
    ("none.txt", "no such file"), ("", "a folder")])
def test_path_without_a_file_is_the_users_mistake(name, expected, tmp_path):
  path = str(tmp_path / name) if name else str(tmp_path)
  with pytest.raises(UserError) as caught:
    files.read_text(path, "--some_file")
  assert str(caught.value).startswith("--some_file=%s: %s" % (path, expected))


def test_interrupted_text_leaves_the_old_file(tmp_path):
  path = tmp_path / "results.txt"
  files.write_text(str(path), ["\u65e7", "old"])

  def lines():
    yield "new"
    raise RuntimeError("interrupted")

  with pytest.raises(RuntimeError, match="interrupted"):
    files.write_text(str(path), lines())
  assert path.read_bytes().decode("utf-8") == "\u65e7\nold\n"


def test_writing_again_replaces_and_leaves_nothing_beside(tmp_path):
  path = tmp_path / "results.txt"
  files.write_text(str(path), ["old", "lines"])
  files.write_text(str(path), ["new"])
  assert path.read_bytes() == b"new\n"
  assert [each.name for each in tmp_path.iterdir()] == ["results.txt"]


def test_folder_is_made_by_several_workers_at_once(tmp_path, monkeypatch):
  remove = tf.gfile.Remove

  def remove_after_another(path):
    with monkeypatch.context() as patch:
      patch.setattr(tf.gfile, "Remove", remove)
      files.make_folder(str(tmp_path / "out"))
    remove(path)

  monkeypatch.setattr(tf.gfile, "Remove", remove_after_another)
  files.make_folder(str(tmp_path / "out"))
  assert list((tmp_path / "out").iterdir()) == []


HEX = "0123456789abcdef" * 2
# What killed runs leave, here and in TensorFlow.
PARTIAL = [
    "task.json.partial", "train.tf_record.partial", "fold.npz.partial",
    "test_results.tsv.partial", "eval_confusion.png.partial",
    "model.ckpt-3.index.tempstate123", "model.ckpt-3.meta.tmp" + HEX,
    "model.ckpt-3.data-00000-of-00001.tempstate4", "checkpoint.tmp" + HEX,
    "graph.pbtxt.tmp" + HEX, ".writable-" + HEX, "model.ckpt-3.meta",
    "model.ckpt-3.data-00000-of-00001", "best/checkpoint.tmp" + HEX,
    "best/model.ckpt-9.index.tempstate7",
    "model.ckpt-3_temp/part-00000-of-00001.index",
    "model.ckpt-3_temp_0a1b/part-00000-of-00001.index",
    "export/.1700000000.partial/saved_model.pb",
    "export/.1700000000.assets/vocab.txt"]
# What a user, or a whole run, has there.
OTHERS = [
    "task.json", "checkpoint", "notes.partial", "my.tf_record.partial",
    "model.ckpt-3_template.txt", "model.ckpt-7_temp_cafe", "checkpoint.tmp",
    "checkpoint.tmp.bak", "graph.pbtxt.tmp1", "model.ckpt-3.backup.zip",
    "model.ckpt-3.data-00000-of-00001.zip", "model.ckpt-x.meta",
    "model.ckpt-10.index", "model.ckpt-10.meta", "model.ckpt-11.meta",
    "model.ckpt-10.data-00000-of-00001", "model.ckpt-11", "model.ckpt-12.meta",
    "model.ckpt-12-00000-of-00001", "bert_model.ckpt.meta", ".writable-1",
    "export/1700000000/saved_model.pb", "export/.old.partial/saved_model.pb",
    "export/.1700000000.partial.txt", "eval/task.json.partial",
    "predictions.json.partial/mine.txt", "export/task.json.partial"]


def test_what_killed_runs_left_is_removed_and_nothing_else(tmp_path):
  for name in PARTIAL + OTHERS:
    commands.write(str(tmp_path / name), "content")
  files.remove_partial(str(tmp_path))
  assert commands.names(tmp_path) == set(OTHERS)
  files.remove_partial(str(tmp_path))
  assert commands.names(tmp_path) == set(OTHERS)
  assert not (tmp_path / "model.ckpt-3_temp").exists()


def test_weights_without_index_stay_where_nothing_was_trained(tmp_path):
  names = {"model.ckpt-3.meta", "model.ckpt-3.data-00000-of-00001"}
  for name in names:
    commands.write(str(tmp_path / name), "being copied")
  files.remove_partial(str(tmp_path))
  files.remove_partial(str(tmp_path / "nowhere"))
  assert commands.names(tmp_path) == names


def test_file_is_known_by_the_sha256_of_its_bytes(tmp_path):
  content = "[PAD]\r\n\u6c34\n".encode("utf-8")
  assert files.sha256(write(tmp_path, content)) == (
      hashlib.sha256(content).hexdigest())
