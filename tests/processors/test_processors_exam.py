"""Exam questions: the layout of folders, and labels of the user's own."""
import pytest

import commands
from mistakes import message_of
from processors import base
from task_files import sets_of


@pytest.fixture
def exam_folder(tmp_path):
  """The layout of folders, of texts that are word pieces already."""
  pieces = {"train": "[UNK] 光 合 ##ing\n \n价 值\n", "valid": "历 史\n",
            "test": "季 风\n洋 流\n"}
  labels = {"train": "高中 生物\n\n政治\n", "valid": "历史\n"}
  for name, text in pieces.items():
    commands.write(tmp_path / name / "token_in.txt", text)
  for name, text in labels.items():
    commands.write(tmp_path / name / "predicate_out.txt", text)
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
  commands.write(path, lines)
  message = message_of(base.create(
      "baidu_95", str(exam_folder)).get_train_examples, str(exam_folder))
  assert str(path) in message
  assert "token_in.txt" in message
  assert "3" in message and str(lines.count("\n")) in message


@pytest.mark.parametrize("labels", ["\n\n高中\n", "高中\n\n\n"])
def test_question_may_have_no_label(labels, exam_folder):
  commands.write(exam_folder / "train" / "predicate_out.txt", labels)
  read = base.create("baidu_95", str(exam_folder)).get_train_examples(
      str(exam_folder))
  assert [each.label for each in read] == [
      line.split() for line in labels.split("\n")[:3:2]]


def test_unknown_label_of_a_folder_is_refused_by_line(exam_folder):
  path = exam_folder / "train" / "predicate_out.txt"
  commands.write(path, "高中\n\n高中 物理\n")
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
  commands.write(tmp_path / "labels.txt", "\ufeff物理\r\n\r\n 化学 \r\n高中")
  commands.write(tmp_path / "train.csv", "化学 物理,火\n")
  processor = base.create("baidu_95", str(tmp_path))
  assert processor.get_labels() == ["物理", "化学", "高中"]
  (example,) = processor.get_train_examples(str(tmp_path))
  assert example.label == ["化学", "物理"]
  commands.write(tmp_path / "train.csv", "政治,火\n")
  message = message_of(base.create(
      "baidu_95", str(tmp_path)).get_train_examples, str(tmp_path))
  assert "'政治'" in message and "物理 化学 高中" in message


def test_own_labels_stand_there_once(tmp_path):
  commands.write(tmp_path / "labels.txt", "物理\n化学\n物理\n")
  message = message_of(base.create("baidu_95", str(tmp_path)).get_labels)
  assert str(tmp_path / "labels.txt") in message
  assert "'物理'" in message


def test_own_labels_are_not_none(tmp_path):
  commands.write(tmp_path / "labels.txt", "\n")
  assert "labels.txt" in message_of(
      base.create("baidu_95", str(tmp_path)).get_labels)
