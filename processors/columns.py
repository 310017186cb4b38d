"""Tables: files with an example a row, and which of their columns say what."""

import json
import os
import typing
from typing import (Callable, Dict, Iterator, List, Optional, Sequence, Tuple,
                    Union)

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from processors.files import read_tsv
from processors.files import shorten

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
    only: (column, text); rows that say something else are left out.
    reader: path -> (line number, columns or JSON object) of each row.
  """
  path: str
  text_a: Column
  text_b: Optional[Column] = None
  label: Optional[Column] = None
  guid: Optional[Column] = None
  has_header: bool = True
  only: Optional[Tuple[Column, str]] = None
  reader: Callable = read_tsv

  def columns(self) -> List[Column]:
    """Returns the columns that are read."""
    used = [self.text_a, self.text_b, self.label, self.guid,
            self.only and self.only[0]]
    return [column for column in used if column is not None]

  def num_columns(self) -> int:
    """Returns how many columns a row must have at least."""
    numbers = [column for column in self.columns() if isinstance(column, int)]
    return 1 + max(numbers + [-1])

  def numbered(self, header: Optional[Sequence[str]], where: str) -> "Table":
    """Returns the table with numbers in place of names.

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
        only=self.only and (number(self.only[0]), self.only[1]))


# What a set of examples may be given as: the first that is there is read.
Tables = Union[None, Table, Sequence[Table]]


class Cells(typing.NamedTuple):
  """What a row says.

  Attributes:
    text_a, text_b, guid: None where the table has no such column.
    label: the same; where JSON has a list, a list of str.
    row: all of it, as the reader gives it.
  """
  text_a: str
  text_b: Optional[str]
  label: Union[None, str, List[str]]
  guid: Optional[str]
  row: Row


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
    UserError: none of several is there; reading a lone one tells that itself.
  """
  several = alternatives(tables)
  if len(several) < 2:
    return several[0] if several else None
  table = first_there(data_dir, several)
  if table is None:
    raise UserError("%s: no such file, nor is any of these there: %s" % (
        os.path.join(data_dir, several[0].path),
        " ".join(table.path for table in several[1:])))
  return table


def read_rows(path: str, table: Table,
              task: str) -> Iterator[Tuple[int, Cells]]:
  """Yields (line number, cells) of each row that is an example.

  Raises:
    UserError: a row lacks a column, or JSON has something else than text.
  """
  for index, (line, row) in enumerate(table.reader(path)):
    where = "%s:%d" % (path, line)
    if index == 0 and not isinstance(row, dict):
      table = table.numbered(row if table.has_header else None, where)
    _check_columns(table, row, where, task)
    if index == 0 and table.has_header and not isinstance(row, dict):
      continue
    if table.only and _cell(row, table.only[0], where) != table.only[1]:
      continue
    yield line, Cells(
        _cell(row, table.text_a, where), _cell(row, table.text_b, where),
        _cell(row, table.label, where, may_be_list=True),
        _cell(row, table.guid, where), row)


def _check_columns(table, row, where, task):
  if isinstance(row, dict):
    for column in table.columns():
      if column not in row:
        raise _is_not_there(column, list(row), where)
  elif len(row) < table.num_columns():
    raise UserError(
        "%s: the row has %d columns, task %s needs %d; mend or delete the "
        "line" % (where, len(row), task, table.num_columns()))


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
    # Cut-off emoji are half a surrogate pair, which no file can hold.
    return value.encode("utf-8", "replace").decode("utf-8")
  if isinstance(value, (bool, int, float)):
    return json.dumps(value)
  raise UserError("%s: %r is %s; text or a number is needed" % (
      where, column, shorten(json.dumps(value))))


def _find(name, header, where):
  """Returns the number of a column that goes by its name."""
  if header is None:
    raise UserError("%s: column %r goes by name, and the table has no header; "
                    "give its number, from 0" % (where, name))
  names = [each.strip() for each in header]
  if names.count(name) > 1:
    raise UserError("%s: %d columns are named %r; give its number, from 0" % (
        where, names.count(name), name))
  if name not in names:
    raise _is_not_there(name, names, where)
  return names.index(name)


def _is_not_there(column, names, where):
  more = len(names) - _MAX_NAMES
  return UserError("%s: no column is %r%s; columns: %s%s" % (
      where, column, did_you_mean(str(column), names),
      ", ".join(repr(shorten(name)) for name in names[:_MAX_NAMES]),
      " and %d more" % more if more > 0 else ""))
