"""Tables: files with an example per row, and the meaning of their columns."""

import json
import os
import typing
from typing import (Callable, Dict, Iterator, List, Optional, Sequence, Tuple,
                    Union)

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from bert.common.errors import listed
from bert.common.errors import quoted
from bert.common.errors import shortened
from bert.data import examples
from processors.bad_rows import BadRows
from processors.files import read_csv
from processors.files import read_tsv
from processors.files import usual_width

Column = Union[int, str]
# By number, or by name where rows are JSON objects.
Row = Union[List[str], Dict[str, object]]
# Names of columns that an error lists.
_MAX_NAMES = 20


class Table(typing.NamedTuple):
  """A file with an example a row.

  Columns go by number, counted from 0, -1 being the last; or by name, where a
  header has the names or rows are JSON objects.

  Attributes:
    path: below data_dir.
    text_a, text_b, label: columns; None where there is none.
    guid: the column whose text, after `set-`, names the example; None: the
      row's number.
    has_header: whether the first row is a header; JSON objects have none.
    only: (column, text); rows with another text there are left out.
    reader: path -> (line number, columns or JSON object) of each row; a
      UserError is yielded for a row that can't be read.
    choices: columns of the texts of which one is right, blank where a row has
      fewer; or one column of JSON, which has a list of them.
  """
  path: str
  text_a: Column
  text_b: Optional[Column] = None
  label: Optional[Column] = None
  guid: Optional[Column] = None
  has_header: bool = True
  only: Optional[Tuple[Column, str]] = None
  reader: Callable = read_tsv
  choices: Tuple[Column, ...] = ()

  def columns(self) -> List[Column]:
    """Returns the columns that are read."""
    used = [self.text_a, self.text_b, self.label, self.guid,
            self.only and self.only[0]] + list(self.choices)
    return [column for column in used if column is not None]

  def num_columns(self) -> int:
    """Returns how many columns a row must have at least."""
    numbers = [column for column in self.columns() if isinstance(column, int)]
    return 1 + max(numbers + [-1])

  def numbered(self, header: Optional[Sequence[str]], where: str) -> "Table":
    """Returns the table with column numbers instead of names.

    Args:
      header: the first row; None if it is no header.
      where: its file:line.

    Raises:
      UserError: a column goes by a name that is not there once.
    """
    def number(column):
      return (_find(column, header, where) if isinstance(column, str) else
              column)
    return self._replace(
        text_a=number(self.text_a), text_b=number(self.text_b),
        label=number(self.label), guid=number(self.guid),
        only=self.only and (number(self.only[0]), self.only[1]),
        choices=tuple(map(number, self.choices)))


# What a set of examples may be given as: the first that is there is read.
Tables = Union[None, Table, Sequence[Table]]


class Cells(typing.NamedTuple):
  """The contents of a row.

  Attributes:
    text_a, text_b, guid: None where the table has no such column.
    label: the same; where JSON has a list, a list of str.
    row: all of it, as the reader gives it.
    choices: those that are not blank; None where the table has none.
  """
  text_a: str
  text_b: Optional[str]
  label: Union[None, str, List[str]]
  guid: Optional[str]
  row: Row
  choices: Optional[List[str]] = None


def alternatives(tables: Tables) -> Tuple[Table, ...]:
  if tables is None:
    return ()
  return (tables,) if isinstance(tables, Table) else tuple(tables)


def first_there(data_dir: str, tables: Tables) -> Optional[Table]:
  """Returns the first table whose file is there; None if none is."""
  for table in alternatives(tables):
    if tf.gfile.Exists(os.path.join(data_dir, table.path)):
      return table
  return None


def choose(data_dir: str, tables: Tables) -> Optional[Table]:
  """Returns the table of a set that is to be read.

  Raises:
    UserError: none of several is there; a single one is checked when read.
  """
  several = alternatives(tables)
  if len(several) < 2:
    return several[0] if several else None
  there = [table for table in several
           if tf.gfile.Exists(os.path.join(data_dir, table.path))]
  if not there:
    raise UserError("%s: no such file, nor is any of these there: %s" % (
        os.path.join(data_dir, several[0].path),
        " ".join(table.path for table in several[1:])))
  log_unread(data_dir, there[0].path, [table.path for table in there[1:]])
  return there[0]


def log_unread(data_dir: str, path: str, others: Sequence[str]) -> None:
  """Logs which files of a set are not read, as another one of it is."""
  if others:
    tf.logging.warning("%s is read; not read, as it would be the same set: %s",
                       os.path.join(data_dir, path), " ".join(others))


def header_cell(path: str, table: Table) -> Optional[str]:
  """Returns what the header has in the label's column, where that goes by its
  number; None without a header."""
  if not table.has_header or not isinstance(table.label, int):
    return None
  _, row = next(table.reader(path), (0, None))
  if not isinstance(row, list) or not _has_cell(row, table.label):
    return None
  cell = row[table.label]
  return cell if isinstance(cell, str) else None


def read_rows(path: str, table: Table, task: str,
              bad_rows: Optional[BadRows] = None, *,
              needs_label: bool = True) -> Iterator[Tuple[int, Cells]]:
  """Yields (line number, cells) of each row that is an example.

  Args:
    path: of the file.
    table: which of its columns say what.
    task: for errors.
    bad_rows: handles rows with too few or too many columns, and values of
      JSON that are no text; None: an error.
    needs_label: False: a row without its label's column has none.

  Raises:
    UserError: a column is not in the header, or by the first bad row.
  """
  bad_rows = bad_rows or BadRows()
  num_rows = num_left_out = 0
  rows = table.reader(path)
  width = None
  if not table.has_header:
    width, rows = usual_width(rows, _num_cells)
  reader = None
  for line, row in rows:
    where = "%s:%d" % (path, line)
    if reader is None and not isinstance(row, UserError):
      reader = _RowReader(table, task, bad_rows.hint, needs_label)
      if isinstance(row, list) and reader.start(row, where, width):
        continue
    num_rows += 1
    try:
      if isinstance(row, UserError):
        raise row
      cells = reader.read(row, where)
    except UserError as error:
      bad_rows.add(error)
      continue
    if cells is None:
      num_left_out += 1
    else:
      yield line, cells
  if num_left_out:
    tf.logging.info("%s: %d of %d rows left out: column %s is not %r", path,
                    num_left_out, num_rows, *table.only)


class _RowReader:
  """Reads the rows of one file."""

  def __init__(self, table, task, hint, needs_label):
    """Takes what read_rows takes; hint is BadRows.hint."""
    self._table = table
    self._task = task
    self._hint = hint
    self._needs_label = needs_label
    self._width = 0

  def start(self, first, where, width):
    """Finds the columns of a file without keys.

    Args:
      first, where: its first row, and file:line of that.
      width: cells of most rows; None: the first row is a header.

    Returns:
      Whether it is one.

    Raises:
      UserError: a column's name is not in the header.
    """
    table = self._table
    header = first if table.has_header else None
    if not self._needs_label and isinstance(table.label, str) and (
        table.label not in map(str.strip, header or ())):
      table = table._replace(label=None)
    table = table.numbered(header, where)
    self._table = table
    self._width = len(first)
    if header is None:
      self._width = max(width, table.num_columns())
    self._check_width(first, where)
    return table.has_header

  def read(self, row, where):
    """Returns the Cells of a row; None for one that is left out."""
    table = self._table
    if not self._needs_label and not _has_cell(row, table.label):
      table = table._replace(label=None)
    if isinstance(row, dict):
      for column in table.columns():
        if column not in row:
          raise _is_not_there(column, list(row), where)
    else:
      self._check_width(row, where)
    if table.only and _cell(row, table.only[0], where) != table.only[1]:
      return None
    return Cells(
        _cell(row, table.text_a, where), _cell(row, table.text_b, where),
        _cell(row, table.label, where, may_be_list=True),
        _cell(row, table.guid, where), row, _choices(row, table, where))

  def _check_width(self, row, where):
    """Raises UserError for a row of too few or too many cells."""
    table = self._table
    needed = (table if self._needs_label else
              table._replace(label=None)).num_columns()
    if len(row) < needed:
      raise UserError(
          "%s: the row has %d columns, task %s needs %d; mend or delete the "
          "line%s" % (where, len(row), self._task, needed, self._hint))
    # Blank cells at a row's end say nothing, unless columns count from there.
    is_longer = bool("".join(row[self._width:]).strip())
    counts_from_end = any(isinstance(column, int) and column < 0
                          for column in table.columns())
    if is_longer or counts_from_end and len(row) != self._width:
      raise UserError("%s: the row has %d columns, %s %d; %s%s" % (
          where, len(row),
          "the header has" if table.has_header else "most rows have",
          self._width, _QUOTE_HINT if table.reader is read_csv else _TAB_HINT,
          self._hint))


_QUOTE_HINT = 'put the text in quotes, "a, b", and double a quote within it'
_TAB_HINT = ("put a space in place of a tab in the text; only in CSV files, "
             "put the text in quotes")


def _num_cells(numbered_row):
  """Returns the cells of a (line number, row); 0 of what is no list."""
  _, row = numbered_row
  return len(row) if isinstance(row, list) else 0


def _has_cell(row, column):
  if isinstance(row, dict):
    return column in row
  return column is not None and column < len(row)


def _choices(row, table, where):
  """Returns the choices of a row; raises UserError for a gap among them."""
  if not table.choices:
    return None
  cells = [_cell(row, column, where, may_be_list=True)
           for column in table.choices]
  if len(cells) == 1 and isinstance(cells[0], list):
    cells = cells[0]
  if not all(isinstance(cell, str) for cell in cells):
    raise UserError("%s: a choice is a list; text is needed" % where)
  while cells and not cells[-1].strip():
    cells.pop()
  for number, cell in enumerate(cells):
    if not cell.strip():
      raise UserError("%s: choice %d is blank, and others follow it" % (
          where, number))
  return cells


def _cell(row, column, where, may_be_list=False):
  """Returns a cell's text; None if there is no such column."""
  if column is None or not isinstance(row, dict):
    return None if column is None else row[column]
  value = row[column]
  if isinstance(value, list) and may_be_list:
    return [_text_of(each, column, where) for each in value]
  return _text_of(value, column, where)


def _text_of(value, column, where):
  if isinstance(value, str):
    return examples.whole(value)
  if isinstance(value, (bool, int, float)):
    return json.dumps(value)
  raise UserError("%s: %r is %s; text or a number is needed" % (
      where, column, quoted(value)))


def _find(name, header, where):
  """Returns the number of a column that goes by its name."""
  if header is None:
    raise UserError("%s: column %r goes by name, and the table has no header; "
                    "give its number, from 0" % (where, name))
  names = [title.strip() for title in header]
  if names.count(name) > 1:
    raise UserError("%s: %d columns are named %r; give its number, from 0" % (
        where, names.count(name), name))
  if name not in names:
    raise _is_not_there(name, names, where)
  return names.index(name)


def _is_not_there(column, names, where):
  return UserError("%s: no column is %r%s; columns: %s" % (
      where, column, did_you_mean(str(column), names),
      listed(names, _MAX_NAMES, show=lambda name: repr(shortened(name)))))
