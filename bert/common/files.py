"""Files, read with clear errors and replaced all or nothing."""

import contextlib
import os
import uuid
from typing import Any, Iterable, Iterator, Optional

import tensorflow.compat.v1 as tf

from bert.common import json_text
from bert.common.errors import MissingError
from bert.common.errors import UserError

# Bytes that are read at once; large files need not fit into memory.
_BLOCK = 1 << 20


def read_text(path: str, flag: Optional[str] = None) -> str:
  """Returns a UTF-8 file's text without byte-order mark.

  Raises:
    UserError: no such file, not readable, or bytes that are not UTF-8; names
      the flag, if it is one's value.
  """
  return "".join(_read_blocks(path, flag))


def read_lines(path: str) -> Iterator[str]:
  """Yields a UTF-8 file's lines without their \\n, reading a part at a time.

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
  where = _name_of(path, flag)
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
          yield json_text.decode(whole, where, num_lines)
          num_lines += whole.count(b"\n")
        rest.append(content[end:])
  except tf.errors.OpError as error:
    raise UserError("%s: can't be read: %s" % (where, error.message))
  yield json_text.decode(b"".join(rest), where, num_lines)


def read_json(path: str, flag: Optional[str] = None, *,
              needed: Optional[str] = None, unique_keys: bool = False) -> Any:
  """Returns the value of a JSON file.

  Args:
    path, flag: as for read_text.
    needed, unique_keys: as for json_text.parse.

  Raises:
    UserError: as read_text and json_text.parse do.
  """
  return json_text.parse(read_text(path, flag), _name_of(path, flag),
                         needed=needed, unique_keys=unique_keys)


def _name_of(path, flag):
  """Returns what errors call a file."""
  return "%s=%s" % (flag, path) if flag else path


def make_folder(folder: str, flag: str = "--output_dir") -> None:
  """Makes a folder; raises UserError if it can't be written to."""
  # Several workers may try at once.
  probe = os.path.join(folder, ".writable-" + uuid.uuid4().hex)
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
