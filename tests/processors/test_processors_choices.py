"""C3: its files, its mistakes, and the file that CLUE takes."""
import json

import pytest

import commands
import official_scorers
import processors  # pylint: disable=unused-import
from bert.heads.outputs import Prediction
from mistakes import message_of
from processors import base
from task_files import read_checked, tuples_of

TEXT = [["男：你好。", "女：再见。"], [
    {"question": "谁？", "choice": ["男", "女", "他们"], "answer": "女"},
    {"question": "哪？", "choice": ["家", "店"], "answer": "家"}], "1-1"]
OTHER = [["一句。"], [{"question": "几？", "choice": ["一", "二"], "answer": "一"}],
         "2-1"]
CONTEXT = "男：你好。 女：再见。"


def processor_of(folder, **texts):
  for name, content in texts.items():
    commands.write(folder / (name.replace("_", "-") + ".json"),
                   json.dumps(content, ensure_ascii=False))
  return base.create("c3", str(folder))


@pytest.mark.parametrize("beginning", ["", "c3_"])
def test_texts_and_dialogues_are_read_together(tmp_path, beginning):
  processor = processor_of(tmp_path, **{
      beginning + "m_train": [OTHER], beginning + "d_train": [TEXT]})
  examples = read_checked(processor, processor.get_train_examples)
  assert tuples_of(examples) == [
      ("train-0", "一句。", ["几？ 一", "几？ 二"], "0"),
      ("train-1", CONTEXT, ["谁？ 男", "谁？ 女", "谁？ 他们"], "1"),
      ("train-2", CONTEXT, ["哪？ 家", "哪？ 店"], "0")]
  assert processor.get_labels() == ["0", "1", "2", "3"]


def test_dev_set_is_read(tmp_path):
  processor = processor_of(tmp_path, d_dev=[OTHER])
  (example,) = processor.get_dev_examples(str(tmp_path))
  assert (example.guid, example.label) == ("dev-0", "0")


def test_test_set_has_ids_for_the_file_that_clue_takes(tmp_path):
  asked = [["一句。"], [{"question": "几？", "choice": ["一", "二"], "id": 5}]]
  processor = processor_of(tmp_path, **{"test1.1": [asked]})
  examples = read_checked(processor, processor.get_test_examples)
  assert examples[0].label is None
  files = processor.prediction_files(examples, [Prediction(["1"], [0.9])])
  assert [json.loads(line) for line in files["c3_predict.json"]] == [
      {"id": 5, "label": 1}]
  release = processor_of(tmp_path / "release", m_test=[OTHER])
  assert not release.prediction_files(
      release.get_test_examples(str(tmp_path / "release")), [])


def changed(**changes):
  return [TEXT[0], [dict(TEXT[1][0], **changes)], "1"]


@pytest.mark.parametrize("content, fragments", [
    ({}, ["a list of"]), ([], ["a list of"]), (["x"], ["text 1"]),
    ([[["a"]]], ["text 1"]), ([TEXT, [["a"], "x"]], ["text 2"]),
    ([[[], []]], ["text 1", "sentences"]), ([[[3], []]], ["sentences"]),
    ([[["a"], ["who"]]], ["text 1, question 1"]),
    ([changed(question=None)], ["question 1", '"question"']),
    ([changed(choice=["男"])], ['"choice"', "2 to 4"]),
    ([changed(choice=["男"] * 5)], ['"choice"']),
    ([changed(choice=["男", " "])], ['"choice"']),
    ([changed(answer="她")], ['"answer" is "她"', "none of the choices"]),
    ([changed(answer=None)], ['"answer" is null'])])
def test_mistake_is_told_by_text_and_question(content, fragments, tmp_path):
  processor = processor_of(tmp_path, m_train=content)
  message = message_of(processor.get_train_examples, str(tmp_path))
  assert message.startswith(str(tmp_path / "m-train.json"))
  for fragment in fragments:
    assert fragment in message


def test_missing_and_broken_files_are_told(tmp_path):
  processor = base.create("c3", str(tmp_path))
  for read in (processor.get_train_examples, processor.get_dev_examples,
               processor.get_test_examples):
    assert "no such file" in message_of(read, str(tmp_path))
  commands.write(tmp_path / "m-train.json", "[")
  assert "not JSON" in message_of(processor.get_train_examples, str(tmp_path))


def test_choices_and_ids_may_be_numbers_or_text(tmp_path, log):
  numbers = [["票价39764.0元。"], [
      {"question": "多少？", "choice": [39764.0, 5, "五"], "answer": 39764.0,
       "id": "0"},
      {"question": "几？", "choice": [39764.0, 5], "answer": "5", "id": 1}],
             "1-1"]
  processor = processor_of(tmp_path, m_dev=[numbers], **{"test1.1": [numbers]})
  examples = read_checked(processor, processor.get_dev_examples)
  assert [(each.text_b, each.label) for each in examples] == [
      (["多少？ 39764.0", "多少？ 5", "多少？ 五"], "0"),
      (["几？ 39764.0", "几？ 5"], "1")]
  assert any("4 choices are numbers" in line for line in log)
  # Ids are written as the file has them.
  files = processor.prediction_files(
      processor.get_test_examples(str(tmp_path)),
      [Prediction(["2"], [0.9]), Prediction(["1"], [0.9])])
  lines = [json.loads(line) for line in files["c3_predict.json"]]
  assert lines == [{"id": "0", "label": 2}, {"id": 1, "label": 1}]
  assert official_scorers.c3([numbers], {
      each["id"]: each["label"] for each in lines}) == 50


@pytest.mark.parametrize("value", [True, None, ["男"]])
def test_choice_that_is_neither_text_nor_number_is_refused(value, tmp_path):
  processor = processor_of(tmp_path, m_train=[changed(choice=["女", value])])
  assert '"choice"' in message_of(processor.get_train_examples, str(tmp_path))
def asked(*ids):
  return [["一句。"], [{"question": "几？", "choice": ["一", "二"], "id": each}
                    for each in ids]]


def read_test(processor, folder):
  examples = processor.get_test_examples(str(folder))
  files = processor.prediction_files(examples, [
      Prediction(["0"], [1.0])] * len(examples))
  return [json.loads(line)["id"] for line in files["c3_predict.json"]]


def test_newest_of_several_test_sets_is_read_and_the_others_named(tmp_path,
                                                                  warnings):
  processor = processor_of(tmp_path, **{
      "test1.1": [asked(0, 1)], "test1.0": [asked(0, 1, 2)],
      "m_test": [OTHER], "d_test": [TEXT]})
  assert read_test(processor, tmp_path) == [0, 1]
  (warning,) = warnings
  assert str(tmp_path / "test1.1.json") + " is read; not read" in warning
  for name in ("test1.0.json", "m-test.json", "d-test.json"):
    assert name in warning


def test_older_test_set_is_read_where_it_is_alone(tmp_path, warnings):
  processor = processor_of(tmp_path, **{"test1.0": [asked(7)]})
  assert read_test(processor, tmp_path) == [7]
  assert not warnings


def test_file_under_both_of_its_names_is_read_once(tmp_path, warnings):
  processor = processor_of(tmp_path, m_train=[OTHER], c3_m_train=[OTHER],
                           d_train=[TEXT])
  assert len(processor.get_train_examples(str(tmp_path))) == 3
  (warning,) = warnings
  assert warning.endswith(": c3-m-train.json")


def test_ids_for_clue_that_are_there_twice_are_named(tmp_path, warnings):
  processor = processor_of(tmp_path, **{"test1.1": [asked(4, 5), asked(4)]})
  assert read_test(processor, tmp_path) == [4, 5, 4]
  (warning,) = warnings
  assert "c3_predict.json: 1 ids" in warning
  assert "4 (example 1, example 3)" in warning
