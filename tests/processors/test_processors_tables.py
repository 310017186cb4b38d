"""Tables as files hold them: separators, quotes, encodings, blank lines."""
import pytest

import commands
from mistakes import message_of
from processors import base
from processors import files


class Notes(base.TableProcessor):
  """A table whose first column of the first row counts."""
  labels = ("a", "b")
  train = base.Table("notes.tsv", text_a=1, label=0, has_header=False)


class HeadedNotes(Notes):
  train = Notes.train._replace(has_header=True)


class QuotedNotes(Notes):
  train = Notes.train._replace(reader=files.read_csv)


def read_notes(folder, content, kind=Notes):
  """(label, text) of each note in a file with this content."""
  commands.write(folder / "notes.tsv", content)
  return [(each.label, each.text_a)
          for each in kind().get_train_examples(str(folder))]


@pytest.mark.parametrize("kind", [Notes, QuotedNotes])
@pytest.mark.parametrize("content, expected", [
    ("\ufeffa\tx\nb\ty\n", [("a", "x"), ("b", "y")]),
    ("a\tx\r\nb\ty\r\n", [("a", "x"), ("b", "y")]),
    ("a\tx\nb\ty", [("a", "x"), ("b", "y")]),
    ("\n\na\tx\n \n\r\nb\ty\n\n", [("a", "x"), ("b", "y")]),
    ("a\tx\u2028y\x85z\x0bw\x1c\n", [("a", "x\u2028y\x85z\x0bw\x1c")]),
    ("a\t\nb\t \n", [("a", ""), ("b", " ")]),
    ("a\tx\tmore\tcolumns\n", [("a", "x")])],
                         ids=["byte-order mark", "CRLF", "no final newline",
                              "blank lines", "odd line ends", "no text",
                              "more columns"])
def test_oddities_of_a_file_are_taken_in_stride(kind, content, expected,
                                                tmp_path, monkeypatch):
  if kind is QuotedNotes:
    monkeypatch.setattr(QuotedNotes, "train", Notes.train._replace(
        reader=lambda path: files.read_csv(path, "\t")))
  assert read_notes(tmp_path, content, kind) == expected


@pytest.mark.parametrize("kind, separator", [(Notes, "\t"), (QuotedNotes, ",")])
def test_huge_field_and_control_characters_are_taken(kind, separator,
                                                     tmp_path):
  huge = "\u6c34" * 300000
  assert read_notes(tmp_path, "a%s%s\nb%sx\x01\x1f\n" % (
      separator, huge, separator), kind) == [("a", huge), ("b", "x\x01\x1f")]


@pytest.mark.parametrize("kind, separator", [(Notes, "\t"), (QuotedNotes, ",")])
def test_nul_hides_nothing_of_a_text(kind, separator, tmp_path):
  ((label, text),) = read_notes(tmp_path, "a%sx\0y\n" % separator, kind)
  assert (label, text.replace("\0", "")) == ("a", "xy")


@pytest.mark.parametrize("text", ['say "hi', '"', '"x" y', "it's", '""x""'])
def test_quotes_mean_nothing_in_a_tsv(text, tmp_path):
  assert read_notes(tmp_path, "a\t%s\nb\ty\n" % text) == [("a", text),
                                                          ("b", "y")]


def test_quoted_field_of_a_csv_may_hold_anything(tmp_path):
  content = 'a,"x,y"\r\nb,"say ""hi"""\r\n"a","two\r\nlines"\r\nb,last\r\n'
  read = read_notes(tmp_path, content, QuotedNotes)
  assert [(label, text.split()) for label, text in read] == [
      ("a", ["x,y"]), ("b", ["say", '"hi"']), ("a", ["two", "lines"]),
      ("b", ["last"])]


@pytest.mark.parametrize("line, expected", [
    ('b,"y', ["b", '"y']), ('b,"y" z', ["b", '"y" z']),
    ('b,y "z', ["b", 'y "z']), ('b,"y ""z"""', ["b", 'y "z"'])])
def test_quotes_that_do_not_add_up_are_text(line, expected, tmp_path):
  path = tmp_path / "quotes.csv"
  path.write_text("a,x\n%s\na,z\n" % line, encoding="utf-8")
  assert [columns for _, columns in files.read_csv(str(path))] == [
      ["a", "x"], expected, ["a", "z"]]


def test_line_after_a_field_of_two_lines_keeps_its_number(tmp_path):
  message = message_of(read_notes, tmp_path, 'a,"x\ny"\nc,z\n', QuotedNotes)
  assert "notes.tsv:3: " in message


def test_blank_lines_are_counted_in_the_log(tmp_path, log):
  read_notes(tmp_path, "a\tx\n\n \nb\ty\n\n")
  (line,) = [line for line in log if "blank" in line]
  assert str(tmp_path / "notes.tsv") in line
  assert ": 3 blank lines" in line


def test_file_without_blank_lines_is_read_in_silence(tmp_path, log):
  read_notes(tmp_path, "a\tx\nb\ty\n")
  assert not log


def test_blank_lines_keep_the_numbers_of_those_after(tmp_path):
  message = message_of(read_notes, tmp_path, "a\tx\n\n\nc\ty\n")
  assert "notes.tsv:4: " in message


@pytest.mark.parametrize("before", ["", "\ufeff", "\n", "\ufeff\r\n\n"])
def test_header_is_the_first_line_that_is_not_blank(before, tmp_path):
  assert read_notes(tmp_path, before + "label\ttext\na\tx\n",
                    HeadedNotes) == [("a", "x")]


def test_table_of_a_header_alone_holds_no_examples(tmp_path):
  assert read_notes(tmp_path, "label\ttext\n", HeadedNotes) == []


def test_header_with_too_few_columns_is_refused(tmp_path):
  message = message_of(read_notes, tmp_path, "label,text\na\tx\n", HeadedNotes)
  assert "notes.tsv:1: " in message


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\r\n \n"])
def test_empty_file_is_the_users_mistake(content, tmp_path):
  message = message_of(read_notes, tmp_path, content)
  assert str(tmp_path / "notes.tsv") in message
  assert "empty" in message


def test_folder_in_place_of_a_file_is_the_users_mistake(tmp_path):
  (tmp_path / "notes.tsv").mkdir()
  message = message_of(Notes().get_train_examples, str(tmp_path))
  assert str(tmp_path / "notes.tsv") in message
  assert "folder" in message


@pytest.mark.parametrize("kind, separator", [(Notes, b"\t"),
                                             (QuotedNotes, b",")])
@pytest.mark.parametrize("raw", ["户口".encode("gb18030"), b"\xff", b"\xe6\xb0"])
def test_bytes_that_are_not_utf_8_are_refused_by_line(kind, separator, raw,
                                                      tmp_path):
  content = b"\n".join([b"a" + separator + b"x",
                        b"b" + separator + b"y" + raw, b""])
  message = message_of(read_notes, tmp_path, content, kind)
  assert "notes.tsv:2: " in message
  assert "UTF-8" in message
  assert "0x%02x" % raw[0] in message


def test_table_needs_the_columns_that_it_reads():
  table = base.Table("x", text_a=1, text_b=4, label=-1, guid=0, only=(2, "zh"))
  assert table.num_columns() == 5
  assert base.Table("x", text_a=0).num_columns() == 1
  assert base.Table("x", text_a=0, only=(9, "zh")).num_columns() == 10
