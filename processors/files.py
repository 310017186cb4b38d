"""Files of a task's rows, read strictly: UTF-8, errors by file:line."""

import collections
import csv
import itertools
import math
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple, Union

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import json_text
from bert.common.errors import UserError
from bert.data import examples

# Lines that a field in quotes may span.
_MAX_QUOTED_LINES = 100
# Rows that are counted to find how many cells most rows have.
_NUM_COUNTED = 10000

Rows = Iterator[Tuple[int, List[str]]]


def read_lines(path: str, keep_blank: bool = False,
               separator: Optional[str] = None) -> Iterator[Tuple[int, str]]:
  """Yields (line number from 1, line); blank lines only with keep_blank.

  A byte-order mark, LF and CRLF are taken off.

  Args:
    path: of the file.
    keep_blank: whether blank lines are yielded.
    separator: of cells; a line that has it is a row of empty cells, not blank.

  Raises:
    UserError: no such file, nothing in it, or bytes that are not UTF-8.
  """
  blank = _Lines()
  for number, line in enumerate(_split_lines(path), 1):
    is_blank = not line.strip() and not (separator and separator in line)
    if is_blank and not keep_blank:
      blank.add(number)
    else:
      yield number, line
  _log_blank(path, blank)


def read_tsv(path: str) -> Rows:
  """Yields (line number, columns); tabs separate, quotes mean nothing."""
  for number, line in read_lines(path, separator="\t"):
    yield number, line.split("\t")


def read_csv(path: str, delimiter: str = ",", quotechar: str = '"') -> Rows:
  """Yields (number of its first line, columns).

  A field in quotes may hold delimiters, doubled quotes and line ends. Where
  quotes do not match, a line is split at the delimiters.
  """
  csv.field_size_limit(2**31 - 1)
  # The csv module refuses NUL; tokenizing drops it anyway.
  lines = (line.replace("\0", "").replace("\r", " ")
           for _, line in read_lines(path, keep_blank=True))
  ahead = collections.deque(itertools.islice(lines, _MAX_QUOTED_LINES))
  number, blank, unquoted = 1, _Lines(), _Lines()
  while ahead:
    columns, num_lines = None, 1
    if not ahead[0].strip() and delimiter not in ahead[0]:
      blank.add(number)
    else:
      columns, num_lines = _split_quoted(ahead, delimiter, quotechar)
      if columns is None:
        columns, num_lines = ahead[0].split(delimiter), 1
        unquoted.add(number)
    if columns is not None:
      yield number, columns
    for _ in range(num_lines):
      ahead.popleft()
    ahead.extend(itertools.islice(lines, num_lines))
    number += num_lines
  _log_blank(path, blank)
  if unquoted.count:
    tf.logging.info("%s: %d rows with quotes that do not match are read as "
                    "they stand, the first at line %d", path, unquoted.count,
                    unquoted.first)


class _Lines:
  """Counts lines, and keeps the number of the first one."""

  def __init__(self):
    self.count = self.first = 0

  def add(self, number):
    self.first = self.first or number
    self.count += 1


def _split_quoted(lines, delimiter, quotechar):
  """Returns the cells of the row that lines begin with, and its number of
  lines; (None, 0) where its quotes do not match."""
  quoted = dict(delimiter=delimiter, quotechar=quotechar, strict=True)
  for stop in range(1, len(lines) + 1):
    text = "\n".join(itertools.islice(lines, stop))
    try:
      return next(csv.reader([text], **quoted)), stop
    except csv.Error as error:
      if "unexpected end" not in str(error):
        break
  return None, 0


def read_jsonl(path: str
              ) -> Iterator[Tuple[int, Union[Dict[str, object], UserError]]]:
  """Yields (line number, object) of JSON lines.

  For a line that is no JSON object, a UserError is yielded.

  Raises:
    UserError: as read_lines does.
  """
  for number, line in read_lines(path):
    try:
      yield number, json_text.parse(
          line, "%s:%d" % (path, number), is_line=True, unique_keys=True,
          needed='an object a line, {"name": ...}')
    except UserError as error:
      yield number, error


def read_json(path: str, flag: Optional[str] = None) -> Any:
  """Returns the value of a JSON file.

  Half of a surrogate pair (a cut-off emoji) is read as a question mark, since
  UTF-8 can't encode it; the log counts the texts that have one.

  Args:
    path: of the file.
    flag: whose value it is; None: of none.

  Raises:
    UserError: it can't be read, is not JSON, or too deep.
  """
  where = "%s=%s" % (flag, path) if flag else path
  text = files.read_text(path, flag)
  value = json_text.parse(text, where)
  if "\\ud" not in text.lower():  # Only escapes can be one half.
    return value
  mending = _Mending()
  try:
    value = mending.whole(value)
  except RecursionError:
    raise UserError("%s: brackets in brackets are too deep" % where)
  if mending.count:
    tf.logging.info("%s: %d texts hold half of a surrogate pair, which is read "
                    "as a question mark", where, mending.count)
  return value


class _Mending:
  """Replaces halves of surrogate pairs; counts the texts that have one."""

  def __init__(self):
    self.count = 0

  def whole(self, value):
    """Returns a value of JSON in which all texts are whole."""
    if isinstance(value, str):
      mended = examples.whole(value)
      self.count += mended != value
      return mended
    if isinstance(value, list):
      return list(map(self.whole, value))
    if isinstance(value, dict):
      return {self.whole(key): self.whole(each) for key, each in value.items()}
    return value


def is_number(value: Any) -> bool:
  """Whether a value of JSON is a number, which NaN and infinity are not."""
  if isinstance(value, float):
    return math.isfinite(value)
  return isinstance(value, int) and not isinstance(value, bool)


def usual_width(rows: Iterator, num_cells: Callable = len
               ) -> Tuple[int, Iterator]:
  """Returns how many cells most rows have, and the rows again.

  Args:
    rows: the first _NUM_COUNTED are counted.
    num_cells: of a row; those without any do not count.

  Returns:
    (the number; of two that are as frequent, the smaller; 0 if none has cells,
    the rows).
  """
  rows = iter(rows)
  first = list(itertools.islice(rows, _NUM_COUNTED))
  counts = collections.Counter(filter(None, map(num_cells, first)))
  width = min(counts, key=lambda each: (-counts[each], each), default=0)
  return width, itertools.chain(first, rows)


def _log_blank(path, lines):
  if lines.count:
    tf.logging.info(
        "%s: %d blank lines skipped, the first at line %d; predictions of a "
        "test set have no lines for them", path, lines.count, lines.first)


def _split_lines(path):
  """Returns a file's lines; raises UserError if all are blank."""
  lines = (line.rstrip("\r") for line in files.read_lines(path))
  blank = []
  for line in lines:
    blank.append(line)
    if line.strip():
      return itertools.chain(blank, lines)
  raise UserError("%s: the file is empty" % path)
