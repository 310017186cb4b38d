"""Files of a task's rows, read strictly: UTF-8, errors by file:line."""

import collections
import csv
import json
from typing import Dict, Iterator, List, Optional, Tuple, Union

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError

# Lines that a field in quotes may span.
_MAX_QUOTED_LINES = 100

Rows = Iterator[Tuple[int, List[str]]]


def read_lines(path: str, keep_blank: bool = False,
               separator: Optional[str] = None) -> Iterator[Tuple[int, str]]:
  """Yields (line number from 1, line); blank lines only with keep_blank.

  A byte-order mark, LF and CRLF are taken off.

  Args:
    path: of the file.
    keep_blank: whether blank lines are wanted.
    separator: of cells; a line that has it is a row of empty cells, not blank.

  Raises:
    UserError: no such file, nothing in it, or bytes that are not UTF-8.
  """
  blank = []
  for number, line in enumerate(_split_lines(path), 1):
    is_blank = not line.strip() and not (separator and separator in line)
    if is_blank and not keep_blank:
      blank.append(number)
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
  quotes do not add up to that, a line is read as it stands.
  """
  csv.field_size_limit(2**31 - 1)
  # The csv module refuses NUL; tokenizing drops it anyway.
  lines = [line.replace("\0", "").replace("\r", " ")
           for _, line in read_lines(path, keep_blank=True)]
  index, blank, unquoted = 0, [], []
  while index < len(lines):
    number = index + 1
    if not lines[index].strip() and delimiter not in lines[index]:
      blank.append(number)
      index += 1
      continue
    columns, num_lines = _split_quoted(lines, index, delimiter, quotechar)
    if columns is None:
      columns, num_lines = lines[index].split(delimiter), 1
      unquoted.append(number)
    yield number, columns
    index += num_lines
  _log_blank(path, blank)
  if unquoted:
    tf.logging.info("%s: %d rows with quotes that do not match are read as "
                    "they stand, the first at line %d", path, len(unquoted),
                    unquoted[0])


def _split_quoted(lines, index, delimiter, quotechar):
  """Returns a row's cells and its number of lines; (None, 0) where its quotes
  do not add up."""
  quoted = dict(delimiter=delimiter, quotechar=quotechar, strict=True)
  for stop in range(index + 1, min(index + _MAX_QUOTED_LINES, len(lines)) + 1):
    try:
      return (next(csv.reader(["\n".join(lines[index:stop])], **quoted)),
              stop - index)
    except csv.Error as error:
      if "unexpected end" not in str(error):
        break
  return None, 0


def read_jsonl(path: str
              ) -> Iterator[Tuple[int, Union[Dict[str, object], UserError]]]:
  """Yields (line number, object) of JSON lines.

  In place of a line that is no JSON object, the UserError that says so.

  Raises:
    UserError: as read_lines does.
  """
  for number, line in read_lines(path):
    try:
      yield number, _parse_object(line, "%s:%d" % (path, number))
    except UserError as error:
      yield number, error


def _parse_object(line, where):
  try:
    # Not strict: tabs and the like may stand in a text.
    row = json.loads(line, strict=False, object_pairs_hook=_to_dict)
  except json.JSONDecodeError as error:
    raise UserError("%s: not JSON: %s at column %d; an object a line is "
                    "needed" % (where, error.msg, error.colno))
  # Of a key twice, numbers with very many digits, and brackets in brackets.
  except (ValueError, RecursionError) as error:
    raise UserError("%s: not JSON: %s" % (where, error))
  if not isinstance(row, dict):
    raise UserError('%s: found %s; an object, {"name": ...}, a line is '
                    'needed' % (where, shorten(line.strip())))
  return row


def _to_dict(pairs):
  row = dict(pairs)
  if len(row) < len(pairs):
    keys = [key for key, _ in pairs]
    twice = next(key for key in keys if keys.count(key) > 1)
    raise ValueError("key %r stands there twice" % twice)
  return row


def read_conll(path: str, num_columns: int = 1
              ) -> Iterator[Tuple[int, Union[List[List[str]], UserError]]]:
  """Yields (line number of its first word, columns of each word) a sentence.

  A tab separates columns, in a line without one spaces do. Blank lines, and
  those that say -DOCSTART-, separate sentences. In place of a sentence in which
  a line has less than num_columns, or another number of them than most lines
  of the file, the UserError that says so.

  Raises:
    UserError: as read_lines does.
  """
  # The blank line ends the last sentence.
  rows = [_split_columns(line) for line in _split_lines(path) + [""]]
  widths = collections.Counter(map(len, filter(None, rows)))
  usual = most_common_width(widths)
  words, error = [], None
  for number, columns in enumerate(rows, 1):
    if columns and columns[0] != "-DOCSTART-":
      error = error or _check_word(
          columns, num_columns, usual, "%s:%d" % (path, number))
      words.append(columns)
    elif words:
      yield number - len(words), error or words
      words, error = [], None


def most_common_width(counts: Dict[int, int]) -> int:
  """Returns the number of cells that most rows have; of two, the smaller.

  Args:
    counts: number of cells -> number of rows.
  """
  return min(counts, key=lambda width: (-counts[width], width))


def _check_word(columns, num_columns, usual, where):
  """Returns the UserError of a line that can't be read, or None."""
  if len(columns) < num_columns:
    return UserError(
        "%s: the line has %d columns, %d are needed, separated by a tab or "
        "spaces; a blank line separates sentences" % (
            where, len(columns), num_columns))
  if len(columns) != usual:
    return UserError(
        "%s: the line has %d columns, most lines have %d; separate columns by "
        "tabs if a word holds a space" % (where, len(columns), usual))
  return None


def shorten(text: str) -> str:
  """Returns the beginning of a text, for an error."""
  return text if len(text) <= 40 else text[:40] + "..."


def _log_blank(path, numbers):
  if numbers:
    tf.logging.info(
        "%s: %d blank lines skipped, the first at line %d; predictions of a "
        "test set have no lines for them", path, len(numbers), numbers[0])


def _split_lines(path):
  """Returns a file's lines; raises UserError if all are blank."""
  lines = files.read_text(path).split("\n")
  if not lines[-1]:
    lines.pop()
  lines = [line.rstrip("\r") for line in lines]
  if not any(line.strip() for line in lines):
    raise UserError("%s: the file is empty" % path)
  return lines


def _split_columns(line):
  if not line.strip():
    return []
  if "\t" in line:
    return line.rstrip(" ").split("\t")
  # Other white space, as U+3000, may be a word.
  return [column for column in line.split(" ") if column]
