"""Tables whose columns align on a terminal, Chinese characters included."""

import unicodedata
from typing import Iterable, List, Optional, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]],
          text_column: Optional[int] = 0) -> List[str]:
  """Returns the lines of a table.

  Args:
    header: a cell a column.
    rows: the same.
    text_column: the one that is aligned to the left, others to the right;
      None: all are aligned to the left.
  """
  lines = [header] + list(rows)
  widths = [max(map(_width, column)) for column in zip(*lines)]
  lines.insert(1, ["-" * width for width in widths])
  return ["  ".join(
      _pad(cell, width, text_column in (None, column))
      for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
          for line in lines]


def _width(text):
  """Returns the columns that a text takes on a terminal."""
  return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1
             for char in text)


def _pad(cell, width, is_left):
  spaces = " " * (width - _width(cell))
  return cell + spaces if is_left else spaces + cell
