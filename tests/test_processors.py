import hashlib
import inspect
import sys
import textwrap
import typing

import pytest
import tensorflow.compat.v1 as tf

import processors  # pylint: disable=unused-import
from bert.errors import UserError
from processors import base
from processors import files

NLI_LABELS = ["contradiction", "entailment", "neutral"]
# Of the 95 labels in their order, joined by line ends.
BAIDU_SHA256 = (
    "ce93d891efb201d5ee7dbde85a25b134fb0e2d36d1209fe0ae4da70df209c18f")


class Case(typing.NamedTuple):
  """A task's files and what they say.

  Attributes:
    labels: in order, or None.
    files: path below data_dir -> rows of columns.
    train, dev, test: (guid, text_a, text_b, label) of each example.
  """
  labels: list
  files: dict
  train: list
  dev: list
  test: list


def blank(count):
  return [""] * count


def mnli_row(number, texts, labels=()):
  """Columns of MNLI: 4 of where it is from, 4 parses, texts, labels."""
  return [number, "p", "q", "fiction"] + blank(4) + list(texts) + list(labels)


def pair_header(*names):
  return ["index"] + list(names)


MNLI_HEADER = mnli_row("index", ["sentence1", "sentence2"])
XNLI_HEADER = (["language", "gold_label"] + blank(4) +
               ["sentence1", "sentence2", "promptID"])


def xnli_row(language, label, text_a, text_b):
  return [language, label] + blank(4) + [text_a, text_b, "7"]


def index_pairs(labels, names=("sentence1", "sentence2")):
  """The layout that QNLI, RTE and WNLI share."""
  header = pair_header(*names)
  return Case(
      labels,
      {"train.tsv": [header + ["label"], ["5", "a b", "c", labels[1]],
                     ["6", "d", "e", labels[0]]],
       "dev.tsv": [header + ["label"], ["0", "f", "g", labels[0]]],
       "test.tsv": [header, ["3", "h", "i"]]},
      [("train-5", "a b", "c", labels[1]), ("train-6", "d", "e", labels[0])],
      [("dev-0", "f", "g", labels[0])],
      [("test-3", "h", "i", None)])


CASES = {
    "cola": Case(
        ["0", "1"],
        {"train.tsv": [["gj04", "1", "", "a b"], ["gj04", "0", "*", "c"]],
         "dev.tsv": [["gj04", "0", "*", "d"]],
         "test.tsv": [["index", "sentence"], ["0", "e"], ["1", "f"]]},
        [("train-0", "a b", None, "1"), ("train-1", "c", None, "0")],
        [("dev-0", "d", None, "0")],
        [("test-1", "e", None, None), ("test-2", "f", None, None)]),
    "mnli": Case(
        NLI_LABELS,
        {"train.tsv": [MNLI_HEADER + ["label1", "gold_label"],
                       mnli_row("31", ["a b", "c"], ["neutral", "entailment"])],
         "dev_matched.tsv": [
             MNLI_HEADER + ["label%d" % i for i in range(1, 6)] +
             ["gold_label"],
             mnli_row("8", ["d", "e"], ["entailment"] * 5 + ["neutral"])],
         "test_matched.tsv": [MNLI_HEADER, mnli_row("9", ["f", "g"])]},
        [("train-31", "a b", "c", "entailment")],
        [("dev_matched-8", "d", "e", "neutral")],
        [("test-9", "f", "g", None)]),
    "mrpc": Case(
        ["0", "1"],
        {"train.tsv": [["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"],
                       ["1", "702876", "702977", "a b", "c"]],
         "dev.tsv": [["Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"],
                     ["0", "1", "2", "d", "e"]],
         "test.tsv": [["index", "#1 ID", "#2 ID", "#1 String", "#2 String"],
                      ["0", "1089874", "1089925", "f", "g"]]},
        [("train-1", "a b", "c", "1")],
        [("dev-1", "d", "e", "0")],
        [("test-1", "f", "g", None)]),
    "sst-2": Case(
        ["0", "1"],
        {"train.tsv": [["sentence", "label"], ["a b ", "0"]],
         "dev.tsv": [["sentence", "label"], ["c", "1"]],
         "test.tsv": [["index", "sentence"], ["0", "d"]]},
        [("train-1", "a b ", None, "0")],
        [("dev-1", "c", None, "1")],
        [("test-1", "d", None, None)]),
    "qqp": Case(
        ["0", "1"],
        {"train.tsv": [["id", "qid1", "qid2", "question1", "question2",
                        "is_duplicate"],
                       ["133273", "213221", "213222", "a b", "c", "1"]],
         "dev.tsv": [["id", "qid1", "qid2", "question1", "question2",
                      "is_duplicate"], ["7", "8", "9", "d", "e", "0"]],
         "test.tsv": [["id", "question1", "question2"], ["4", "f", "g"]]},
        [("train-133273", "a b", "c", "1")],
        [("dev-7", "d", "e", "0")],
        [("test-4", "f", "g", None)]),
    "qnli": index_pairs(["entailment", "not_entailment"],
                        ("question", "sentence")),
    "rte": index_pairs(["entailment", "not_entailment"]),
    "wnli": index_pairs(["0", "1"]),
    "xnli": Case(
        NLI_LABELS,
        {"multinli/multinli.train.zh.tsv": [
            ["premise", "hypo", "label"], ["我 想", "你 好", "contradictory"],
            ["水", "火", "neutral"]],
         "xnli.dev.tsv": [
             XNLI_HEADER, xnli_row("en", "neutral", "a", "b"),
             xnli_row("zh", "contradiction", "水", "火"),
             xnli_row("zh", "entailment", "山", "土")],
         "xnli.test.tsv": [
             XNLI_HEADER, xnli_row("zh", "neutral", "日", "月"),
             xnli_row("ar", "neutral", "a", "b")]},
        [("train-1", "我 想", "你 好", "contradiction"),
         ("train-2", "水", "火", "neutral")],
        [("dev-2", "水", "火", "contradiction"),
         ("dev-3", "山", "土", "entailment")],
        [("test-1", "日", "月", None)]),
    "domainc": Case(
        ["上网服务管理", "出入境管理", "刑事案件管辖", "户政管理", "治安管理",
         "消防管理", "禁毒管理", "道路交通"],
        {"train.tsv": [["label", "text"], ["户政管理", "身份证丢了怎么办"]],
         "dev.tsv": [["label", "text"], ["道路交通", "换 驾照"]],
         "test.tsv": [["label", "text"], ["", "灭火器"], ["没有", "网吧"]]},
        [("train-1", "身份证丢了怎么办", None, "户政管理")],
        [("dev-1", "换 驾照", None, "道路交通")],
        [("test-1", "灭火器", None, None), ("test-2", "网吧", None, None)]),
    "baidu_95": Case(
        None,
        {"train.csv": [["高中 生物", "光合作用"], ["政治", '"价值,规律"']],
         "valid.csv": [["历史", '"他说""好"""']],
         "test.csv": [["地理", "季风"], ["没有", "洋流"], ["", "火山"]]},
        [("train-0", "光合作用", None, ["高中", "生物"]),
         ("train-1", "价值,规律", None, ["政治"])],
        [("dev-0", '他说"好"', None, ["历史"])],
        [("test-0", "季风", None, None), ("test-1", "洋流", None, None),
         ("test-2", "火山", None, None)]),
}

each_task = pytest.mark.parametrize("task", sorted(CASES))


class Notes(base.TableProcessor):
  """A table whose first column of the first row counts."""
  labels = ("a", "b")
  train = base.Table("notes.tsv", text_a=1, label=0, has_header=False)


class HeadedNotes(Notes):
  train = Notes.train._replace(has_header=True)


class QuotedNotes(Notes):
  train = Notes.train._replace(reader=files.read_csv)


@pytest.fixture
def log(monkeypatch):
  lines = []
  monkeypatch.setattr(tf.logging, "info",
                      lambda text, *args: lines.append(text % args))
  return lines


@pytest.fixture
def own_registry(monkeypatch, tmp_path):
  """Forgets the tasks, modules and import paths of the test; its folder."""
  monkeypatch.setattr(base, "_PROCESSORS", base.registered())
  monkeypatch.setattr(sys, "path", list(sys.path))
  monkeypatch.setattr(sys, "modules", dict(sys.modules))
  monkeypatch.chdir(tmp_path)
  return tmp_path


def write(path, content):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_bytes(content if isinstance(content, bytes) else
                   content.encode("utf-8"))


def write_rows(folder, tables):
  for name, rows in tables.items():
    separator = "," if name.endswith(".csv") else "\t"
    write(folder / name, "".join(separator.join(row) + "\n" for row in rows))


def sets_of(processor, folder):
  """Set name -> (guid, text_a, text_b, label) of each example."""
  read = {"train": processor.get_train_examples,
          "dev": processor.get_dev_examples,
          "test": processor.get_test_examples}
  return {name: [(each.guid, each.text_a, each.text_b, each.label)
                 for each in get(str(folder))] for name, get in read.items()}


def read_notes(folder, content, kind=Notes):
  """(label, text) of each note in a file with this content."""
  write(folder / "notes.tsv", content)
  return [(each.label, each.text_a)
          for each in kind().get_train_examples(str(folder))]


def message_of(function, *args):
  """The one line of the mistake that a call finds."""
  with pytest.raises(UserError) as caught:
    function(*args)
  assert "\n" not in str(caught.value)
  return str(caught.value)


def test_every_registered_task_has_a_case():
  assert set(CASES) == set(base.registered())


@each_task
def test_examples_are_read_from_the_tasks_layout(task, tmp_path):
  case = CASES[task]
  write_rows(tmp_path, case.files)
  actual = sets_of(base.create(task, str(tmp_path)), tmp_path)
  assert actual == {"train": case.train, "dev": case.dev, "test": case.test}


@each_task
def test_labels_are_in_order(task, tmp_path):
  labels = list(base.create(task, str(tmp_path)).get_labels())
  if CASES[task].labels is None:
    assert len(labels) == 95
    text = "\n".join(labels).encode("utf-8")
    assert hashlib.sha256(text).hexdigest() == BAIDU_SHA256
  else:
    assert labels == CASES[task].labels


@each_task
def test_row_with_a_column_too_few_is_refused_by_line(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  name = sorted(each for each in CASES[task].files if "train" in each)[0]
  separator = b"," if name.endswith(".csv") else b"\t"
  path = tmp_path / name
  lines = path.read_bytes().split(b"\n")
  lines[1] = separator.join(lines[1].split(separator)[:1])
  path.write_bytes(b"\n".join(lines))
  processor = base.create(task, str(tmp_path))
  message = message_of(processor.get_train_examples, str(tmp_path))
  assert "%s:2: " % path in message
  assert " 1 columns" in message
  needed = {"cola": 4, "mnli": 10, "mrpc": 5, "sst-2": 2, "qqp": 6, "qnli": 4,
            "rte": 4, "wnli": 4, "xnli": 3, "domainc": 2, "baidu_95": 2}
  assert "needs %d" % needed[task] in message


@each_task
def test_unknown_label_is_refused_by_line_with_the_list(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  name = sorted(each for each in CASES[task].files if "dev" in each or
                "valid" in each)[0]
  path = tmp_path / name
  lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
  case = CASES[task]
  label = case.dev[-1][3]
  label = label[0] if isinstance(label, list) else label
  separator = "," if name.endswith(".csv") else "\t"
  columns = lines[-1].split(separator)
  where = max(i for i, column in enumerate(columns) if column == label)
  columns[where] = "5stars"
  write(path, "\n".join(lines[:-1] + [separator.join(columns)]))
  processor = base.create(task, str(tmp_path))
  message = message_of(processor.get_dev_examples, str(tmp_path))
  assert "%s:%d: " % (path, len(lines)) in message
  assert "'5stars'" in message
  assert all(each in message for each in processor.get_labels())


@each_task
def test_files_that_are_not_there_are_the_users_mistake(task, tmp_path):
  processor = base.create(task, str(tmp_path))
  for read in (processor.get_train_examples, processor.get_dev_examples,
               processor.get_test_examples):
    assert "no such file" in message_of(read, str(tmp_path))


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


def test_quote_that_is_not_closed_is_the_users_mistake(tmp_path):
  message = message_of(read_notes, tmp_path, 'a,x\nb,"y\na,z\n', QuotedNotes)
  assert str(tmp_path / "notes.tsv") + ":" in message


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


@pytest.fixture
def exam_folder(tmp_path):
  """The layout of folders, of texts that are word pieces already."""
  pieces = {"train": "[UNK] 光 合 ##ing\n \n价 值\n", "valid": "历 史\n",
            "test": "季 风\n洋 流\n"}
  labels = {"train": "高中 生物\n\n政治\n", "valid": "历史\n"}
  for name, text in pieces.items():
    write(tmp_path / name / "token_in.txt", text)
  for name, text in labels.items():
    write(tmp_path / name / "predicate_out.txt", text)
  return tmp_path


def test_tokenized_exam_questions_are_only_split(exam_folder):
  sets = sets_of(base.create("baidu_95", str(exam_folder)), exam_folder)
  assert sets["train"] == [
      ("train-0", ["[UNK]", "光", "合", "##ing"], None, ["高中", "生物"]),
      ("train-2", ["价", "值"], None, ["政治"])]
  assert sets["dev"] == [("dev-0", ["历", "史"], None, ["历史"])]
  assert [(guid, text_a, text_b, label or None)
          for guid, text_a, text_b, label in sets["test"]] == [
              ("test-0", ["季", "风"], None, None),
              ("test-1", ["洋", "流"], None, None)]


@pytest.mark.parametrize("lines", ["历史\n历史\n", "历史\n历史\n历史\n历史\n"])
def test_labels_are_as_many_as_texts(lines, exam_folder):
  path = exam_folder / "train" / "predicate_out.txt"
  write(path, lines)
  message = message_of(base.create(
      "baidu_95", str(exam_folder)).get_train_examples, str(exam_folder))
  assert str(path) in message
  assert "token_in.txt" in message
  assert "3" in message and str(lines.count("\n")) in message


@pytest.mark.parametrize("labels", ["\n\n高中\n", "高中\n\n\n"])
def test_question_may_have_no_label(labels, exam_folder):
  write(exam_folder / "train" / "predicate_out.txt", labels)
  read = base.create("baidu_95", str(exam_folder)).get_train_examples(
      str(exam_folder))
  assert [each.label for each in read] == [
      line.split() for line in labels.split("\n")[:3:2]]


def test_unknown_label_of_a_folder_is_refused_by_line(exam_folder):
  path = exam_folder / "train" / "predicate_out.txt"
  write(path, "高中\n\n高中 物理\n")
  message = message_of(base.create(
      "baidu_95", str(exam_folder)).get_train_examples, str(exam_folder))
  assert "%s:3: " % path in message
  assert "'物理'" in message


@pytest.mark.parametrize("name", ["token_in.txt", "predicate_out.txt"])
def test_folder_lacks_neither_of_its_files(name, exam_folder):
  path = exam_folder / "train" / name
  path.unlink()
  message = message_of(base.create(
      "baidu_95", str(exam_folder)).get_train_examples, str(exam_folder))
  assert str(path) in message


def test_own_labels_take_the_place_of_the_95(tmp_path):
  write(tmp_path / "labels.txt", "\ufeff物理\r\n\r\n 化学 \r\n高中")
  write(tmp_path / "train.csv", "化学 物理,火\n")
  processor = base.create("baidu_95", str(tmp_path))
  assert processor.get_labels() == ["物理", "化学", "高中"]
  (example,) = processor.get_train_examples(str(tmp_path))
  assert example.label == ["化学", "物理"]
  write(tmp_path / "train.csv", "政治,火\n")
  message = message_of(base.create(
      "baidu_95", str(tmp_path)).get_train_examples, str(tmp_path))
  assert "'政治'" in message and "物理 化学 高中" in message


def test_own_labels_stand_there_once(tmp_path):
  write(tmp_path / "labels.txt", "物理\n化学\n物理\n")
  message = message_of(base.create("baidu_95", str(tmp_path)).get_labels)
  assert str(tmp_path / "labels.txt") in message
  assert "'物理'" in message


def test_own_labels_are_not_none(tmp_path):
  write(tmp_path / "labels.txt", "\n")
  assert "labels.txt" in message_of(
      base.create("baidu_95", str(tmp_path)).get_labels)


@pytest.mark.parametrize("name", ["MRPC", "mrpc", "MrPc"])
def test_task_goes_by_its_name_in_any_case(name):
  processor = base.create(name, "folder")
  assert type(processor) is base.registered()["mrpc"]
  assert processor.data_dir == "folder"


@pytest.mark.parametrize("wrong, right", [
    ("mrcp", "mrpc"), ("SST2", "sst-2"), ("baidu95", "baidu_95"),
    ("domain", "domainc")])
def test_wrong_task_suggests_the_right_one(wrong, right):
  message = message_of(base.create, wrong, "")
  assert "--task_name=%s" % wrong in message
  assert "did you mean %s?" % right in message
  assert "--processor_module" in message
  assert all(name in message for name in base.registered())


def test_task_like_no_other_gets_the_list_alone():
  message = message_of(base.create, "zzzzzz", "")
  assert "did you mean" not in message
  assert "mrpc" in message


# What a user of the reference has: four methods, a reader, keyword arguments.
REFERENCE_STYLE = '''
import os

from processors.base import DataProcessor, register
from bert.features import InputExample


@register("Tickets")
class TicketsProcessor(DataProcessor):

  def get_train_examples(self, data_dir):
    return self._make(os.path.join(data_dir, "train.tsv"), "train")

  def get_dev_examples(self, data_dir):
    return self._make(os.path.join(data_dir, "dev.tsv"), "dev")

  def get_test_examples(self, data_dir):
    return self._make(os.path.join(data_dir, "test.tsv"), "test")

  def get_labels(self):
    return ["open", "closed"]

  def _make(self, path, set_type):
    examples = []
    for i, line in enumerate(self._read_tsv(path)):
      if i == 0:
        continue
      label = "open" if set_type == "test" else line[0]
      examples.append(InputExample(guid="%s-%d" % (set_type, i), text_a=line[1],
                                   text_b=line[2], label=label))
    return examples
'''


@pytest.mark.parametrize("by_name", [True, False])
def test_processor_of_the_reference_joins_by_its_module(by_name, own_registry):
  write(own_registry / "my_own_tasks.py", REFERENCE_STYLE)
  base.load_module("my_own_tasks" if by_name else
                   str(own_registry / "my_own_tasks.py"))
  header = ["state", "title", "text"]
  write_rows(own_registry, {
      "train.tsv": [header, ["closed", 'say "hi', "x y"]],
      "dev.tsv": [header, ["open", "a", "b"]],
      "test.tsv": [header, ["", "c", "d"]]})
  processor = base.create("tickets", str(own_registry))
  assert processor.head == "classification"
  assert tuple(processor.metrics) == ()
  assert processor.get_labels() == ["open", "closed"]
  assert sets_of(processor, own_registry) == {
      "train": [("train-1", 'say "hi', "x y", "closed")],
      "dev": [("dev-1", "a", "b", "open")],
      "test": [("test-1", "c", "d", "open")]}


def test_reader_of_the_reference_takes_a_quote_character(tmp_path):
  write(tmp_path / "x.tsv", 'a\t"b\tc"\nd\te\n')
  path = str(tmp_path / "x.tsv")
  read = base.DataProcessor._read_tsv  # what subclasses call
  assert read(path) == [["a", '"b', 'c"'], ["d", "e"]]
  assert read(path, quotechar='"') == [["a", "b\tc"], ["d", "e"]]


def test_table_of_the_docstring_works(own_registry):
  shown = inspect.getdoc(base).split("\n\n")
  code = textwrap.dedent("\n\n".join(
      part for part in shown if part.startswith("    ")))
  assert 6 <= len(code.strip().split("\n")) <= 12
  write(own_registry / "reviews.py", "from processors.base import register\n"
        "from processors.base import Table, TableProcessor\n\n\n" + code)
  base.load_module("reviews.py")
  write_rows(own_registry, {
      "train.tsv": [["label", "text"], ["good", "a b"], ["bad", "c"]],
      "dev.tsv": [["label", "text"], ["bad", "d"]],
      "test.tsv": [["label", "text"], ["", "e"]]})
  processor = base.create("reviews", str(own_registry))
  assert processor.get_labels() == ["bad", "good"]
  assert sets_of(processor, own_registry) == {
      "train": [("train-1", "a b", None, "good"),
                ("train-2", "c", None, "bad")],
      "dev": [("dev-1", "d", None, "bad")],
      "test": [("test-1", "e", None, None)]}


@pytest.mark.parametrize("name", ["none.py", "none", "no.such.module"])
def test_module_that_is_not_there_is_the_users_mistake(name, own_registry):
  message = message_of(base.load_module, name)
  assert "--processor_module=%s" % name in message


@pytest.mark.parametrize("name", ["broken_tasks.py", "broken_tasks"])
def test_bug_in_a_module_shows_itself(name, own_registry):
  write(own_registry / "broken_tasks.py", "1 / 0\n")
  with pytest.raises(ZeroDivisionError):
    base.load_module(name)
