"""Whole files, read with clear errors and replaced all or nothing."""

import contextlib
from typing import Iterable, Iterator, Optional

import tensorflow.compat.v1 as tf

from bert.errors import MissingError
from bert.errors import UserError


def read_text(path: str, flag: Optional[str] = None) -> str:
  """Returns a UTF-8 file's text without byte-order mark.

  Raises:
    UserError: no such file, not readable, or bytes that are not UTF-8; names
      the flag, if it is one's value.
  """
  where = "%s=%s" % (flag, path) if flag else path
  try:
    if not tf.gfile.Exists(path):
      raise MissingError("%s: no such file" % where)
    if tf.gfile.IsDirectory(path):
      raise UserError("%s: a folder, where a file is needed" % where)
    with tf.gfile.GFile(path, "rb") as reader:
      content = reader.read()
  except tf.errors.OpError as error:
    raise UserError("%s: can't be read: %s" % (where, error.message))
  try:
    return content.decode("utf-8-sig")
  except UnicodeDecodeError as error:
    before = content[:error.start]
    raise UserError(
        "%s:%d: byte 0x%02x at column %d is not UTF-8; convert the file to "
        "UTF-8" % (where, before.count(b"\n") + 1, content[error.start],
                   error.start - (before.rfind(b"\n") + 1) + 1))


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
  """Yields a name beside path that becomes path if the block succeeds."""
  partial = path + ".partial"
  yield partial
  tf.gfile.Rename(partial, path, overwrite=True)


def write_text(path: str, lines: Iterable[str]) -> None:
  """Writes lines, each closed by a line end, all or nothing."""
  with replacing(path) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for line in lines:
        writer.write(line + "\n")
