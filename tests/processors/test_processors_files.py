"""Readers of JSON lines and of CoNLL columns."""
import pytest

import commands
from bert.common.errors import UserError
from mistakes import message_of
from processors import conll
from processors import files


def rows_of(reader, folder, content, *args):
  rows = list(reader(commands.write(folder / "rows", content), *args))
  for _, row in rows:
    if isinstance(row, UserError):  # In place of a row that can't be read.
      raise row
  return rows


@pytest.mark.parametrize("content, expected", [
    ('{"a": 1, "b": "x"}\n{"a": null}\n',
     [(1, {"a": 1, "b": "x"}), (2, {"a": None})]),
    ('\ufeff{"a": "水"}\r\n\r\n  {"a": "\\u706b"}  ',
     [(1, {"a": "水"}), (3, {"a": "火"})]),
    ('{"a": "x\u2028y\x85"}\n', [(1, {"a": "x\u2028y\x85"})]),
    ('{"a": "x\ty\x0b\x01"}\n', [(1, {"a": "x\ty\x0b\x01"})]),
    ("{}\n", [(1, {})])],
                         ids=["plain", "byte-order mark, CRLF and blank lines",
                              "odd line ends", "control characters", "no key"])
def test_json_lines_are_read_with_their_numbers(content, expected, tmp_path):
  assert rows_of(files.read_jsonl, tmp_path, content) == expected


@pytest.mark.parametrize("line, fragments", [
    ("{'a': 1}", ["not JSON", "column 2"]), ('{"a": 1', ["not JSON"]),
    ('{"a": 1} {"a": 2}', ["not JSON", "column 10"]), ("a\tb", ["not JSON"]),
    ('["a"]', ['["a"]', "object"]), ('"a"', ['"a"', "object"]),
    ("7", ["7", "object"]), ("null", ["null", "object"]),
    pytest.param("[" * 100000, ["not JSON"], id="deep")])
def test_line_that_is_no_json_object_is_refused(line, fragments, tmp_path):
  message = message_of(rows_of, files.read_jsonl, tmp_path,
                       '{"a": 1}\n\n%s\n' % line)
  assert "%s:3: " % (tmp_path / "rows") in message
  assert len(message) < 400
  for fragment in fragments:
    assert fragment in message


def test_json_array_over_lines_is_refused_in_its_first(tmp_path):
  message = message_of(rows_of, files.read_jsonl, tmp_path,
                       '[\n{"a": 1},\n{"a": 2}\n]\n')
  assert "rows:1: not JSON" in message
  assert "an object a line" in message


@pytest.mark.parametrize("content", [
    "水\tO\n火\tB-X\n\n山\tO\n", "水\tO\n火\tB-X\n\n\n \n山\tO",
    "\ufeff\n水\tO\r\n火\tB-X\r\n\r\n山\tO\r\n\r\n",
    "水 O\n火   B-X\n\n山 O\n", "水 O \n火\tB-X \n\t\n山 O\n",
    "-DOCSTART- O\n\n水 O\n火 B-X\n\n-DOCSTART- O\n\n山 O\n",
    "-DOCSTART-\tO\n水 O\n火 B-X\n-DOCSTART-\n山 O\n"])
def test_conll_sentences_are_the_same_however_they_are_set_apart(
    content, tmp_path):
  sentences = rows_of(conll.read_conll, tmp_path, content, 2)
  assert [words for _, words in sentences] == [
      [["水", "O"], ["火", "B-X"]], [["山", "O"]]]
  lines = content.replace("\r", "").lstrip("\ufeff").split("\n")
  for line, words in sentences:
    assert lines[line - 1].split() == words[0]


def test_lines_that_begin_documents_are_counted(tmp_path, log):
  rows_of(conll.read_conll, tmp_path,
          "水 O\n\n-DOCSTART- O\n\n山 O\n\n-DOCSTART- O\n", 2)
  (line,) = [each for each in log if "-DOCSTART-" in each]
  assert ": 2 lines" in line and "first at line 3" in line
  del log[:]
  rows_of(conll.read_conll, tmp_path, "水 O\n", 2)
  assert not log


def test_tab_of_a_line_makes_spaces_and_nothing_part_of_a_word(tmp_path):
  ((_, words),) = rows_of(conll.read_conll, tmp_path,
                          "New York\tO\n \tO\n\u3000 O\n\tO\na b\n")
  assert words == [["New York", "O"], [" ", "O"], ["\u3000", "O"], ["", "O"],
                   ["a", "b"]]


def test_conll_line_with_too_few_columns_is_refused(tmp_path):
  message = message_of(rows_of, conll.read_conll, tmp_path,
                       "水\tO\n\n火\tO\n山\n", 2)
  assert "%s:4: " % (tmp_path / "rows") in message
  assert " 1 columns" in message and "2 are needed" in message


@pytest.mark.parametrize("reader", [files.read_jsonl, conll.read_conll])
@pytest.mark.parametrize("content", ["", "\ufeff", "\n\r\n \n"])
def test_empty_file_is_refused(reader, content, tmp_path):
  message = message_of(rows_of, reader, tmp_path, content)
  assert str(tmp_path / "rows") in message
  assert "empty" in message


@pytest.mark.parametrize("reader", [files.read_jsonl, conll.read_conll])
def test_bytes_of_another_encoding_are_refused_by_line(reader, tmp_path):
  message = message_of(rows_of, reader, tmp_path,
                       b'{"a": 1}\n{"a": "\xbb\xa7"}\n')
  assert "rows:2: byte 0xbb" in message


def test_blank_lines_between_sentences_are_no_news(tmp_path, log):
  rows_of(conll.read_conll, tmp_path, "水\tO\n\n火\tO\n")
  assert not log


def test_quoted_fields_may_span_lines_anywhere_in_a_file(tmp_path, monkeypatch):
  """Not only in the lines that are held at once."""
  monkeypatch.setattr(files, "_MAX_QUOTED_LINES", 3)
  rows = ["a%d,b" % number for number in range(7)]
  rows[4] = '"a\n,\nc",b'
  rows[6] = '"unmatched,b'
  found = rows_of(files.read_csv, tmp_path, "\n".join(rows))
  assert found == [(1, ["a0", "b"]), (2, ["a1", "b"]), (3, ["a2", "b"]),
                   (4, ["a3", "b"]), (5, ["a\n,\nc", "b"]), (8, ["a5", "b"]),
                   (9, ['"unmatched', "b"])]


def test_the_first_rows_tell_the_usual_width(monkeypatch):
  monkeypatch.setattr(files, "_NUM_COUNTED", 3)
  rows = [[1, 2], [], [1, 2], [1], [1], [1]]
  width, again = files.usual_width(iter(rows))
  assert width == 2 and list(again) == rows
  assert files.usual_width([])[0] == 0
  # Of two that are as frequent, the smaller.
  assert files.usual_width([[1, 2, 3], [1, 2]])[0] == 2
