"""Files: clear errors, replaced all or nothing."""
import pytest
import tensorflow.compat.v1 as tf

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
