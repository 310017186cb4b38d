"""Files of a task's rows, read strictly: UTF-8, errors by file:line."""

import csv
from typing import Iterator, List, Tuple

import tensorflow.compat.v1 as tf

from bert.errors import UserError

Rows = Iterator[Tuple[int, List[str]]]


def read_lines(path: str,
               keep_blank: bool = False) -> Iterator[Tuple[int, str]]:
  """Yields (line number from 1, line); blank lines only with keep_blank.

  A byte-order mark and line ends of any system are taken off.

  Raises:
    UserError: no such file, nothing in it, or bytes that are not UTF-8.
  """
  lines = _read(path).split(b"\n")
  if not lines[-1]:
    lines.pop()
  num_blank = 0
  for number, raw in enumerate(lines, 1):
    try:
      line = raw.decode("utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
      raise UserError("%s:%d: byte 0x%02x at column %d is not UTF-8; convert "
                      "the file to UTF-8" % (path, number, raw[error.start],
                                             error.start + 1))
    is_blank = not line.strip()
    num_blank += is_blank
    if keep_blank or not is_blank:
      yield number, line
  if num_blank == len(lines):
    raise UserError("%s: the file is empty" % path)
  if num_blank and not keep_blank:
    tf.logging.info("%s: %d blank lines skipped", path, num_blank)


def read_tsv(path: str) -> Rows:
  """Yields (line number, columns); tabs separate, quotes mean nothing."""
  for number, line in read_lines(path):
    yield number, line.split("\t")


def read_csv(path: str, delimiter: str = ",", quotechar: str = '"') -> Rows:
  """Yields (number of its last line, columns); a quoted field may span lines.

  Raises:
    UserError: as read_lines, or a quote is not closed.
  """
  csv.field_size_limit(2**31 - 1)
  number = 1

  def lines():
    nonlocal number
    for number, line in read_lines(path):
      # The csv module refuses NUL; tokenizing drops it anyway.
      yield line.replace("\0", "").replace("\r", " ") + "\n"

  rows = csv.reader(lines(), delimiter=delimiter, quotechar=quotechar,
                    strict=True)
  try:
    for columns in rows:
      yield number, columns
  except csv.Error as error:
    raise UserError("%s:%d: %s; a field with quotes in it is written in "
                    "quotes, those inside doubled" % (path, number, error))


def _read(path):
  if not tf.gfile.Exists(path):
    raise UserError("%s: no such file" % path)
  if tf.gfile.IsDirectory(path):
    raise UserError("%s: a folder, where a file is needed" % path)
  with tf.gfile.GFile(path, "rb") as reader:
    content = reader.read()
  return content[3:] if content.startswith(b"\xef\xbb\xbf") else content
