"""Files of a task's rows, read strictly: UTF-8, errors by file:line."""

import csv
import json
from typing import Dict, Iterator, List, Tuple

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError

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
  num_blank = 0
  for number, line in enumerate(_split_lines(path), 1):
    is_blank = not line.strip()
    num_blank += is_blank
    if keep_blank or not is_blank:
      yield number, line
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


def read_jsonl(path: str) -> Iterator[Tuple[int, Dict[str, object]]]:
  """Yields (line number, object) of JSON lines.

  Raises:
    UserError: as read_lines does, or a line is no JSON object.
  """
  for number, line in read_lines(path):
    where = "%s:%d" % (path, number)
    try:
      # Not strict: tabs and the like may stand in a text.
      row = json.loads(line, strict=False)
    except json.JSONDecodeError as error:
      raise UserError("%s: not JSON: %s at column %d; an object a line is "
                      "needed" % (where, error.msg, error.colno))
    # Of numbers with very many digits, and brackets in brackets.
    except (ValueError, RecursionError) as error:
      raise UserError("%s: not JSON: %s" % (where, error))
    if not isinstance(row, dict):
      raise UserError('%s: found %s; an object, {"name": ...}, a line is '
                      'needed' % (where, shorten(line.strip())))
    yield number, row


def read_conll(path: str,
               num_columns: int = 1) -> Iterator[Tuple[int, List[List[str]]]]:
  """Yields (line number of its first word, columns of each word) a sentence.

  A tab separates columns, in a line without one spaces do. Blank lines, and
  those that say -DOCSTART-, separate sentences.

  Raises:
    UserError: as read_lines does, or a line has less than num_columns.
  """
  words = []
  # The blank line ends the last sentence.
  for number, line in enumerate(_split_lines(path) + [""], 1):
    columns = _split_columns(line)
    if columns and columns[0] != "-DOCSTART-":
      if len(columns) < num_columns:
        raise UserError(
            "%s:%d: the line has %d columns, %d are needed, separated by a tab "
            "or spaces; a blank line separates sentences" % (
                path, number, len(columns), num_columns))
      words.append(columns)
    elif words:
      yield number - len(words), words
      words = []


def shorten(text: str) -> str:
  """Returns the beginning of a text, for an error."""
  return text if len(text) <= 40 else text[:40] + "..."


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
