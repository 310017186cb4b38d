"""Rows that would be misread: too many cells, labels that look alike."""
import pytest

import commands
from mistakes import message_of
from processors import base
from processors import files
from processors.base import Table
from processors.base import TableProcessor

OK = "便宜,neg\n很好,pos\n"


class Reviews(TableProcessor):
  """An open set of labels, with a header."""
  labels = None
  train = Table("train.csv", text_a="content", label="label",
                reader=files.read_csv)
  dev = train._replace(path="dev.csv")
  test = train._replace(path="test.csv")


class Notes(TableProcessor):
  """An open set of labels, without a header."""
  labels = None
  train = Table("train.tsv", text_a=0, label=1, has_header=False)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")


class Last(Notes):
  """The label is the last cell of a row."""
  train = Table("train.tsv", text_a=0, label=-1)


def processor_of(kind, folder, **contents):
  """A processor whose files have contents: train, dev, test."""
  processor = kind()
  processor.data_dir = str(folder)
  for name, content in contents.items():
    commands.write(folder / getattr(kind, name).path, content)
  return processor


def labels_of(examples):
  return [example.label for example in examples]


@pytest.mark.parametrize("row", [
    "价格便宜,但是服务差,neg", '"he said \\"hi, you\\" ok",x', "a,b,"",x"])
def test_csv_row_of_more_cells_than_the_header_is_refused(row, tmp_path):
  processor = processor_of(Reviews, tmp_path,
                           train="content,label\n" + OK + row + "\n")
  message = message_of(processor.get_labels)
  assert "train.csv:4: " in message
  assert "header has 2" in message and "put the text in quotes" in message
  assert "--bad_rows=skip" in message


def test_stray_tab_in_a_table_without_header_is_refused(tmp_path):
  processor = processor_of(Notes, tmp_path, train="a\tb\tneg\nx\tneg\ny\tpos\n")
  message = message_of(processor.get_labels)
  assert "train.tsv:1: the row has 3 columns, most rows have 2" in message


def test_blank_cells_behind_the_last_column_are_no_mistake(tmp_path):
  processor = processor_of(Notes, tmp_path, train="x\tneg\t\t\ny\tpos\n")
  assert labels_of(processor.get_train_examples(str(tmp_path))) == ["neg",
                                                                    "pos"]


@pytest.mark.parametrize("row", ["x\ty", "x\ty\tneg\tneg", "x\ty\tneg\t"])
def test_row_of_another_length_is_refused_where_the_label_is_the_last_cell(
    row, tmp_path):
  processor = processor_of(Last, tmp_path, train="t\tu\tl\na\tb\tpos\n%s\n" %
                           row)
  assert "train.tsv:3: the row has " in message_of(processor.get_labels)


def test_skipped_rows_are_named_and_counted(tmp_path, warnings):
  bad = "".join("a,b,%d\n" % number for number in range(7))
  processor = processor_of(Reviews, tmp_path,
                           train="content,label\n" + bad + OK)
  processor.bad_rows = "skip"
  assert processor.get_labels() == ["neg", "pos"]
  assert not warnings
  assert labels_of(processor.get_train_examples(str(tmp_path))) == ["neg",
                                                                    "pos"]
  assert ["train.csv:%d: " % line in warnings[line - 2] for line in range(2, 7)]
  assert len(warnings) == 6 and "train.csv: 7 rows skipped" in warnings[-1]


def test_row_of_an_unknown_label_is_a_bad_row(tmp_path):
  processor = processor_of(Reviews, tmp_path, train="content,label\n" + OK,
                           dev="content,label\nx,other\ny,pos\n")
  assert "dev.csv:2: label 'other'" in message_of(processor.get_dev_examples,
                                                  str(tmp_path))
  processor.bad_rows = "skip"
  assert labels_of(processor.get_dev_examples(str(tmp_path))) == ["pos"]


@pytest.mark.parametrize("row, fragment", [
    ('{"sentence": "x"', "not JSON"), ('{"sentence": "x"}', "no column is"),
    ('{"sentence": "x", "sentence": "y", "label": "1"}', "is there twice")])
def test_bad_line_of_json_is_refused_or_skipped(row, fragment, tmp_path):
  commands.write(tmp_path / "train.json",
                 '{"sentence": "a", "label": "1"}\n%s\n' % row)
  processor = base.create("tnews", str(tmp_path))
  message = message_of(processor.get_train_examples, str(tmp_path))
  assert "train.json:2: " in message and fragment in message
  processor = base.create("tnews", str(tmp_path))
  processor.bad_rows = "skip"
  assert labels_of(processor.get_train_examples(str(tmp_path))) == ["1"]


def test_bad_row_of_a_test_set_is_never_skipped(tmp_path):
  processor = processor_of(Reviews, tmp_path, train="content,label\n" + OK,
                           test="content,label\na,b,neg\n")
  processor.bad_rows = "skip"
  message = message_of(processor.get_test_examples, str(tmp_path))
  assert "test.csv:2: " in message and "--bad_rows" not in message


def test_row_of_separators_is_an_example_with_empty_text(tmp_path):
  processor = processor_of(Notes, tmp_path, train="x\tneg\ny\tpos\n",
                           test="a\tneg\n\t\n\n  \nb\tpos\n")
  examples = processor.get_test_examples(str(tmp_path))
  assert [example.text_a for example in examples] == ["a", "", "b"]


def test_log_says_that_results_have_no_lines_for_blank_lines(tmp_path, log):
  processor = processor_of(Notes, tmp_path, train="x\tneg\ny\tpos\n",
                           test="a\n\nb\n\n")
  assert len(processor.get_test_examples(str(tmp_path))) == 2
  (line,) = [line for line in log if "test.tsv" in line]
  assert ": 2 blank lines skipped, the first at line 2" in line
  assert "have no lines for them" in line


def test_blank_line_within_quotes_is_part_of_the_text(tmp_path, log):
  processor = processor_of(Reviews, tmp_path,
                           train='content,label\n"a\n\nb",neg\nc,pos\n')
  first, _ = processor.get_train_examples(str(tmp_path))
  assert first.text_a == "a\n\nb"
  assert not [line for line in log if "blank" in line]


def test_rows_with_quotes_that_do_not_match_are_counted(tmp_path, log):
  processor = processor_of(Reviews, tmp_path,
                           train='content,label\n"a" b,neg\nc,pos\n')
  processor.get_train_examples(str(tmp_path))
  assert [line for line in log if "1 rows with quotes" in line]


def test_white_space_around_a_label_means_nothing(tmp_path):
  processor = processor_of(Notes, tmp_path, train="a\tx\nb\tx \nc\t y\n")
  assert processor.get_labels() == ["x", "y"]
  assert labels_of(processor.get_train_examples(str(tmp_path))) == [
      "x", "x", "y"]


@pytest.mark.parametrize("labels", [
    ["Pos", "pos"], ["１", "1"], ["1", "1.0"], ["a b", "a  b"]])
def test_labels_that_look_alike_are_named(labels, tmp_path, warnings):
  processor = processor_of(Notes, tmp_path, train="".join(
      "t\t%s\n" % label for label in labels + ["other"]))
  processor.get_labels()
  (line,) = [line for line in warnings if "look alike" in line]
  assert all(repr(label) in line for label in labels)
  assert "other" not in line


def test_labels_of_a_test_set_are_read_if_all_are_the_tasks(tmp_path, warnings):
  processor = processor_of(Notes, tmp_path, train="x\tneg\ny\tpos\n",
                           test="a\tneg \nb\tpos\n")
  assert labels_of(processor.get_test_examples(str(tmp_path))) == ["neg", "pos"]
  commands.write(tmp_path / "test.tsv", "a\tneg\nb\t?\n")
  assert labels_of(processor.get_test_examples(str(tmp_path))) == [None, None]
  assert [line for line in warnings if "test.tsv:2: label '?'" in line]


def test_rows_of_other_languages_are_counted(tmp_path, log):
  header = "\t".join("language gold_label 2 3 4 5 s1 s2".split())
  commands.write(tmp_path / "xnli.dev.tsv", "\n".join([header] + [
      "\t".join([language, "neutral", "", "", "", "", "a", "b"])
      for language in ("de", "zh", "fr")]) + "\n")
  processor = base.create("xnli", str(tmp_path))
  assert len(processor.get_dev_examples(str(tmp_path))) == 1
  assert [line for line in log if "2 of 3 rows left out" in line]


def test_training_set_of_bad_rows_alone_has_no_labels(tmp_path):
  processor = processor_of(Reviews, tmp_path, train="content,label\na,b,c\n")
  processor.bad_rows = "skip"
  assert "train.csv: no row has a label" in message_of(processor.get_labels)
