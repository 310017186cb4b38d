"""Reader of CoNLL columns: a word a line, a blank line between sentences."""

import itertools
import re
from typing import Iterator, List, Tuple, Union

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from processors.files import read_lines
from processors.files import usual_width

# What a line says that begins a document of CoNLL 2003.
_DOCUMENT = "-DOCSTART-"
# Lines that show whether a file is one of CoNLL-U, and columns of that.
_NUM_LOOKED_AT, _NUM_CONLLU = 10000, 10
# Instead of a word's number: lines for several words, 3-4, and for a word that
# is left out, 3.1.
SPAN_OF_WORDS = re.compile(r"\d+[-.]\d+$")


class Sentence(list):
  """The columns of each word.

  Attributes:
    lines: the line number of each word.
  """

  def __init__(self):
    super().__init__()
    self.lines = []

  def add(self, number: int, columns: List[str]) -> None:
    self.append(columns)
    self.lines.append(number)


def read_conll(path: str, num_columns: int = 1, *, is_logged: bool = True,
               is_test: bool = False
              ) -> Iterator[Tuple[int, Union[Sentence, UserError]]]:
  """Yields (line number of its first word, columns of each word) a sentence.

  A tab separates columns, in a line without one spaces do. Blank lines, and
  those that say -DOCSTART-, separate sentences. Instead of a sentence in which
  a line has less than num_columns, or another number of them than most lines
  of the file, a UserError is yielded. Of CoNLL-U, comments and the lines for
  several words or for none are left out.

  Args:
    path: of the file.
    num_columns: that a line must have.
    is_logged: whether lines that are no words are counted in the log.
    is_test: whether the log says what that means for test_predictions.txt.

  Raises:
    UserError: as read_lines does.
  """
  left_out, documents = [], []
  rows = ((number, _split_columns(line))
          for number, line in _words_of_conllu(path, left_out))
  usual, rows = usual_width(rows, lambda row: len(row[1]))
  words, error = Sentence(), None
  # The blank line ends the last sentence.
  for number, columns in itertools.chain(rows, [(0, [])]):
    if columns and columns[0] != _DOCUMENT:
      error = error or _check_word(
          columns, num_columns, usual, "%s:%d" % (path, number))
      words.add(number, columns)
      continue
    if columns:
      documents.append(number)
    if words:
      yield words.lines[0], error or words
      words, error = Sentence(), None
  if is_logged:
    _log(path, left_out, documents, is_test)


def _log(path, left_out, documents, is_test):
  if left_out:
    tf.logging.info(
        "%s: %d lines of CoNLL-U that are comments, or several words (3-4) or "
        "none (3.1) in one, are left out, the first at line %d", path,
        len(left_out), left_out[0])
  if documents:
    tf.logging.info(
        "%s: %d lines that say %s begin documents and are no words, the first "
        "at line %d%s", path, len(documents), _DOCUMENT, documents[0],
        "; test_predictions.txt has no lines for them, and one blank line "
        "after each sentence" if is_test else "")


def _words_of_conllu(path, left_out):
  """Yields (number, line); of CoNLL-U, numbers of lines that are not words are
  added to left_out instead."""
  lines = read_lines(path, keep_blank=True)
  first = list(itertools.islice(lines, _NUM_LOOKED_AT))
  is_conllu = _is_conllu([line for _, line in first])
  for number, line in itertools.chain(first, lines):
    if is_conllu and (line.startswith("#") or
                      SPAN_OF_WORDS.match(line.split("\t")[0])):
      left_out.append(number)
    else:
      yield number, line


def _is_conllu(lines):
  """Whether most lines, but for comments, have ten columns with tabs between
  them, of which the first numbers the words."""
  num_words = num_running = last = 0
  for line in lines:
    if not line.strip() or line.startswith("#"):
      continue
    num_words += 1
    columns = line.split("\t")
    if len(columns) != _NUM_CONLLU:
      continue
    if columns[0] in ("1", str(last + 1)):
      last = 1 if columns[0] == "1" else last + 1
      num_running += 1
    num_running += bool(SPAN_OF_WORDS.match(columns[0]))
  return 2 * num_running > num_words


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


def _split_columns(line):
  if not line.strip():
    return []
  if "\t" in line:
    return line.rstrip(" ").split("\t")
  # Other white space, as U+3000, may be a word.
  return [column for column in line.split(" ") if column]
