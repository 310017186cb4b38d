"""Files of a task's rows, read strictly: UTF-8, errors by file:line."""

import csv
from typing import Iterator, List, Tuple

import tensorflow.compat.v1 as tf

from bert import files
from bert.errors import UserError

# Lines that a field in quotes may span.
_MAX_QUOTED_LINES = 100

Rows = Iterator[Tuple[int, List[str]]]


def read_lines(path: str,
               keep_blank: bool = False) -> Iterator[Tuple[int, str]]:
  """Yields (line number from 1, line); blank lines only with keep_blank.

  A byte-order mark, LF and CRLF are taken off.

  Raises:
    UserError: no such file, nothing in it, or bytes that are not UTF-8.
  """
  lines = files.read_text(path).split("\n")
  if not lines[-1]:
    lines.pop()
  num_blank = 0
  for number, line in enumerate(lines, 1):
    line = line.rstrip("\r")
    is_blank = not line.strip()
    num_blank += is_blank
    if keep_blank or not is_blank:
      yield number, line
  if num_blank == len(lines):
    raise UserError("%s: the file is empty" % path)
  if num_blank:
    tf.logging.info("%s: %d blank lines skipped", path, num_blank)


def read_tsv(path: str) -> Rows:
  """Yields (line number, columns); tabs separate, quotes mean nothing."""
  for number, line in read_lines(path):
    yield number, line.split("\t")


def read_csv(path: str, delimiter: str = ",", quotechar: str = '"') -> Rows:
  """Yields (number of its first line, columns).

  A field in quotes may hold delimiters, doubled quotes and line ends. Where
  quotes do not add up to that, a line is read as it stands.
  """
  csv.field_size_limit(2**31 - 1)
  # The csv module refuses NUL; tokenizing drops it anyway.
  lines = [(number, line.replace("\0", "").replace("\r", " "))
           for number, line in read_lines(path)]
  quoted = dict(delimiter=delimiter, quotechar=quotechar, strict=True)
  index = 0
  while index < len(lines):
    number, line = lines[index]
    columns, end = line.split(delimiter), index + 1
    for stop in range(end, min(index + _MAX_QUOTED_LINES, len(lines)) + 1):
      text = "\n".join(line for _, line in lines[index:stop])
      try:
        columns, end = next(csv.reader([text], **quoted)), stop
        break
      except csv.Error as error:
        if "unexpected end" not in str(error):
          break
    yield number, columns
    index = end
