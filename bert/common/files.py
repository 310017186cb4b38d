"""Files, read with clear errors and replaced all or nothing."""

import contextlib
import json
import os
from typing import Any, Iterable, Iterator, Optional

import tensorflow.compat.v1 as tf

from bert.common.errors import MissingError
from bert.common.errors import UserError

# Bytes that are read at once.
_BLOCK = 1 << 20


def read_text(path: str, flag: Optional[str] = None) -> str:
  """Returns a UTF-8 file's text without byte-order mark.

  Raises:
    UserError: no such file, not readable, or bytes that are not UTF-8; names
      the flag, if it is one's value.
  """
  return "".join(_read_blocks(path, flag))


def read_lines(path: str) -> Iterator[str]:
  """Yields a UTF-8 file's lines without their \\n; holds a part of it alone.

  Raises:
    UserError: as read_text does.
  """
  for block in _read_blocks(path):
    lines = block.split("\n")
    if not lines[-1]:
      lines.pop()
    yield from lines


def _read_blocks(path, flag=None):
  """Yields a file's text in blocks of whole lines."""
  where = "%s=%s" % (flag, path) if flag else path
  num_lines, rest = 0, []
  try:
    if not tf.gfile.Exists(path):
      raise MissingError("%s: no such file" % where)
    if tf.gfile.IsDirectory(path):
      raise UserError("%s: a folder, where a file is needed" % where)
    with tf.gfile.GFile(path, "rb") as reader:
      for content in iter(lambda: reader.read(_BLOCK), b""):
        end = content.rfind(b"\n") + 1
        if end:
          whole = b"".join(rest + [content[:end]])
          rest = []
          yield _decode(whole, where, num_lines)
          num_lines += whole.count(b"\n")
        rest.append(content[end:])
  except tf.errors.OpError as error:
    raise UserError("%s: can't be read: %s" % (where, error.message))
  yield _decode(b"".join(rest), where, num_lines)


def _decode(content, where, num_lines):
  """Returns the text of lines that follow num_lines others."""
  try:
    return content.decode("utf-8" if num_lines else "utf-8-sig")
  except UnicodeDecodeError as error:
    content = error.object  # Without the mark.
    before = content[:error.start]
    raise UserError(
        "%s:%d: byte 0x%02x at column %d is not UTF-8; convert the file to "
        "UTF-8" % (where, num_lines + before.count(b"\n") + 1,
                   content[error.start],
                   error.start - (before.rfind(b"\n") + 1) + 1))


def read_json(path: str, flag: Optional[str] = None) -> Any:
  """Returns what a JSON file says; raises UserError as read_text does, and for
  what is no JSON."""
  try:
    return json.loads(read_text(path, flag))
  # Of brackets in brackets, too.
  except (ValueError, RecursionError) as error:
    raise UserError("%s: not JSON: %s" % (
        "%s=%s" % (flag, path) if flag else path, error))


def make_folder(folder: str, flag: str = "--output_dir") -> None:
  """Makes a folder; raises UserError if it can't be written to."""
  probe = os.path.join(folder, ".writable")
  try:
    tf.gfile.MakeDirs(folder)
    with tf.gfile.GFile(probe, "w") as writer:
      writer.write("")
    tf.gfile.Remove(probe)
  except tf.errors.OpError as error:
    raise UserError("%s=%s can't be written to: %s" % (
        flag, folder, error.message))


def make_parent(path: str, flag: str) -> None:
  """Makes the folder that a file is to be in, as make_folder does."""
  make_folder(os.path.dirname(path) or ".", flag)


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
  """Yields a name beside path that becomes path if the block succeeds."""
  partial = path + ".partial"
  try:
    yield partial
    tf.gfile.Rename(partial, path, overwrite=True)
  except BaseException:
    with contextlib.suppress(tf.errors.OpError):
      tf.gfile.Remove(partial)
    raise


def write_text(path: str, lines: Iterable[str]) -> None:
  """Writes lines, each closed by a line end, all or nothing."""
  with replacing(path) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for line in lines:
        writer.write(line + "\n")
