"""Columns by name, JSON lines, several files a set, open sets of labels."""
import pytest

import commands
from mistakes import message_of
from processors import base
from processors import files
from task_files import read_checked, tuples_of, write_rows


class Notes(base.TableProcessor):
  """A table whose columns go by name."""
  labels = ("a", "b")
  train = base.Table("notes.tsv", text_a="text", label="label", guid="no")


class JsonNotes(Notes):
  train = Notes.train._replace(reader=files.read_jsonl)


class OpenNotes(base.TableProcessor):
  """An open set of labels, of files with or without a header."""
  labels = None
  train = (base.Table("notes.csv", text_a="text", label="label",
                      reader=files.read_csv),
           base.Table("notes.tsv", text_a=0, label=1, has_header=False))
  dev = train[1]._replace(path="dev.tsv")


class Scores(base.TableProcessor):
  head = "regression"
  train = base.Table("notes.tsv", text_a=0, label=1, has_header=False)


class Many(OpenNotes):
  """Several labels an example, in JSON."""
  head = "multi_label"
  train = base.Table("notes.json", text_a="text", label="labels",
                     reader=files.read_jsonl)
  label_aliases = {"c": "b"}


def read(kind, folder, content, name="notes.tsv"):
  """(guid, text_a, text_b, label) of each note in a file."""
  if isinstance(content, str):
    commands.write(folder / name, content)
  else:
    write_rows(folder, {name: content})
  processor = kind()
  processor.data_dir = str(folder)
  return tuples_of(processor.get_train_examples(str(folder)))


@pytest.mark.parametrize("header, row", [
    ("text\tlabel\tno", "x\ta\t7"), ("no\tlabel\ttext", "7\ta\tx"),
    (" text \tlabel\tno", "x\ta\t7"),
    ("label\tmore\ttext\tmore\tno", "a\t1\tx\t2\t7"),
    ("\ufefftext\tlabel\tno\r", "x\ta\t7\r")])
def test_named_columns_are_found_wherever_they_are(header, row, tmp_path):
  assert read(Notes, tmp_path, "%s\n%s\n" % (header, row)) == [
      ("train-7", "x", None, "a")]


def test_name_that_is_not_there_is_refused_with_those_that_are(tmp_path):
  message = message_of(read, Notes, tmp_path, "\nno\tTexts\tlabel\n7\tx\ta\n")
  assert "notes.tsv:2: " in message
  assert "'text'" in message
  assert "columns: 'no', 'Texts', 'label'" in message


def test_name_that_is_close_is_suggested(tmp_path):
  assert "'text', did you mean texts?" in message_of(
      read, Notes, tmp_path, "no\ttexts\tlabel\n")


def test_name_that_is_there_twice_is_refused(tmp_path):
  message = message_of(read, Notes, tmp_path, "no\ttext\tlabel\ttext\n")
  assert "notes.tsv:1: " in message
  assert "2 columns" in message and "'text'" in message


def test_long_text_in_place_of_a_header_is_cut_in_the_message(tmp_path):
  row = "\t".join(["\u6c34" * 5000] * 100)
  message = message_of(read, Notes, tmp_path, row + "\n")
  assert "notes.tsv:1: " in message
  assert "and 80 more" in message
  assert len(message) < 2000


def test_name_needs_a_header(tmp_path, monkeypatch):
  monkeypatch.setattr(Notes, "train", Notes.train._replace(has_header=False))
  message = message_of(read, Notes, tmp_path, "x\ta\t7\n")
  assert "'text'" in message and "no header" in message
  assert "number" in message


def test_row_that_is_shorter_than_its_header_is_refused(tmp_path):
  message = message_of(read, Notes, tmp_path, "no\ttext\tlabel\n\n7\tx\n")
  assert "notes.tsv:3: " in message
  assert " 2 columns" in message and "needs 3" in message


def test_rows_are_kept_by_the_text_of_a_named_column(tmp_path, monkeypatch):
  monkeypatch.setattr(Notes, "train", Notes.train._replace(only=("no", "7")))
  assert read(Notes, tmp_path, "no\ttext\tlabel\n6\tx\ta\n7\ty\tb\n") == [
      ("train-7", "y", None, "b")]


def test_rows_of_json_are_kept_by_a_number(tmp_path, monkeypatch):
  monkeypatch.setattr(JsonNotes, "train",
                      JsonNotes.train._replace(only=("no", "7")))
  rows = [{"no": 6, "text": "x", "label": "a"},
          {"no": 7, "text": "y", "label": "b"}]
  assert read(JsonNotes, tmp_path, rows) == [("train-7", "y", None, "b")]


def test_values_of_json_become_text(tmp_path):
  assert read(JsonNotes, tmp_path, [
      {"no": 1, "text": 2.5, "label": "a", "more": [None]},
      {"no": "x", "text": True, "label": "b"}]) == [
          ("train-1", "2.5", None, "a"), ("train-x", "true", None, "b")]


def test_half_of_a_surrogate_pair_is_taken_as_unknown(tmp_path):
  ((_, text, _, _),) = read(JsonNotes, tmp_path, (
      '{"no": 1, "text": "x\\ud83d", "label": "a"}\n'))
  assert text == "x?"


@pytest.mark.parametrize("row, fragments", [
    ({"text": "x", "label": "a"}, ["'no'", "columns: 'text', 'label'"]),
    ({"no": 1, "Text": "x", "label": "a"}, ["'text', did you mean Text?"]),
    ({"no": 1, "text": None, "label": "a"}, ["'text' is null", "text or"]),
    ({"no": 1, "text": ["x", "y"], "label": "a"}, ['\'text\' is ["x", "y"]']),
    ({"no": {}, "text": "x", "label": "a"}, ["'no' is {}"]),
    ({"no": 1, "text": "x", "label": None}, ["'label' is null"]),
    ({"no": 1, "text": "x", "label": [["a"]]}, ["'label' is [\"a\"]"]),
    ({"no": 1, "text": "x", "label": ["a"]}, ["list", "single"]),
    ({"no": 1, "text": "x", "label": 7}, ["'7'", "a b"])])
def test_json_that_says_something_else_is_refused(row, fragments, tmp_path):
  good = {"no": 1, "text": "x", "label": "a"}
  write_rows(tmp_path, {"notes.tsv": [good, row]})
  processor = JsonNotes()
  processor.data_dir = str(tmp_path)
  message = message_of(read_checked, processor, processor.get_train_examples)
  assert "notes.tsv:2: " in message
  for fragment in fragments:
    assert fragment in message


def test_list_of_json_is_several_labels(tmp_path):
  assert read(Many, tmp_path, [
      {"text": "x", "labels": ["a", 7, "c"]}, {"text": "y", "labels": []}],
              "notes.json") == [("train-0", "x", None, ["a", "7", "b"]),
                                ("train-1", "y", None, [])]


@pytest.mark.parametrize("content", ["x\tb\ny\tc\nz\tb\nw\ta\n",
                                     "x\ta\ny\tb\nz\tc\n"])
def test_open_set_is_the_labels_of_training_sorted(content, tmp_path):
  read(OpenNotes, tmp_path, content)
  processor = OpenNotes()
  processor.data_dir = str(tmp_path)
  assert processor.get_labels() == ["a", "b", "c"]


def test_open_set_is_that_of_the_file_that_is_read(tmp_path):
  commands.write(tmp_path / "notes.csv", 'label,text\n"x,y",t\n')
  assert read(OpenNotes, tmp_path, "x\ta\n") == [("train-1", "t", None, "x,y")]


def test_labels_file_comes_before_the_training_set(tmp_path):
  commands.write(tmp_path / "labels.txt", "\ufeffb\r\n\r\n a \r\nz\r\n")
  read(OpenNotes, tmp_path, "x\ta\n")
  processor = OpenNotes()
  processor.data_dir = str(tmp_path)
  assert processor.get_labels() == ["b", "a", "z"]
  message = message_of(read, OpenNotes, tmp_path, "x\ta\ny\tc\n")
  assert "notes.tsv:2: " in message
  assert "'c'" in message and "b a z" in message


def test_labels_file_names_a_label_once(tmp_path):
  commands.write(tmp_path / "labels.txt", "b\na\nb\n")
  message = message_of(read, OpenNotes, tmp_path, "x\ta\n")
  assert str(tmp_path / "labels.txt") in message and "'b'" in message


def test_label_that_training_lacks_is_refused_with_the_way_out(tmp_path):
  commands.write(tmp_path / "notes.tsv", "x\ta\n")
  commands.write(tmp_path / "dev.tsv", "x\ta\ny\tb\n")
  processor = OpenNotes()
  processor.data_dir = str(tmp_path)
  message = message_of(processor.get_dev_examples, str(tmp_path))
  assert "dev.tsv:2: label 'b' is not one of: a;" in message
  assert "labels.txt" in message


@pytest.mark.parametrize("label", ["", " ", "\x0b"])
def test_blank_label_makes_no_open_set(label, tmp_path):
  message = message_of(read, OpenNotes, tmp_path, "x\ta\ny\t%s\n" % label)
  assert "notes.tsv:2: " in message and "blank" in message


def test_label_over_two_lines_makes_no_open_set(tmp_path):
  message = message_of(read, OpenNotes, tmp_path, 'label,text\n"a\nb",x\n',
                       "notes.csv")
  assert "notes.csv:2: " in message and "line end" in message


def test_text_in_place_of_labels_makes_no_open_set(tmp_path):
  message = message_of(read, OpenNotes, tmp_path, "".join(
      "x\ttext %d\n" % number for number in range(5001)))
  assert "notes.tsv:5001: over 5000 labels" in message
  assert "labels.txt" in message


def test_neither_labels_nor_a_training_set_is_the_users_mistake(tmp_path):
  processor = OpenNotes()
  processor.data_dir = str(tmp_path)
  message = message_of(processor.get_labels)
  assert str(tmp_path / "labels.txt") in message
  assert "no such file" in message
  assert "notes.csv notes.tsv" in message


def test_many_labels_are_not_all_shown(tmp_path):
  commands.write(tmp_path / "labels.txt",
                 "".join("l%03d\n" % number for number in range(150)))
  message = message_of(read, OpenNotes, tmp_path, "x\tl150\n")
  assert "l000 l001" in message and "l099 ... and 50 more" in message
  assert "l100" not in message


@pytest.mark.parametrize("score", ["5", "-0.5", "3.800", " 1e-3 ", "3.4e38"])
def test_score_stays_as_it_is(score, tmp_path):
  assert read(Scores, tmp_path, "x\t%s\n" % score) == [
      ("train-0", "x", None, score.strip())]


@pytest.mark.parametrize("score", ["", "good", "nan", "inf", "-1e39", "1,5"])
def test_score_that_is_no_number_is_refused(score, tmp_path):
  commands.write(tmp_path / "notes.tsv", "x\t1\ny\t%s\n" % score)
  processor = Scores()
  processor.data_dir = str(tmp_path)
  message = message_of(read_checked, processor, processor.get_train_examples)
  assert "notes.tsv:2: " in message
  assert repr(score) in message and "number" in message


def test_scores_need_no_labels():
  assert Scores().get_labels() == []


def test_set_that_a_task_lacks_is_the_users_mistake(tmp_path):
  assert "Notes has no dev set" in message_of(Notes().get_dev_examples,
                                              str(tmp_path))
