"""Tasks whose files come in several layouts, and what a benchmark wants."""
import json

import pytest

import commands
from bert.heads.outputs import Prediction
from mistakes import message_of
from processors import base
from processors import tagging
from task_files import sets_of, tuples_of, write_rows

PAIRS = {
    "txt": [["水", "火", "1"], ["山", "土", "0"]],
    "tsv": [["水", "火", "1"], ["山", "土", "0"]],
    "csv": [["label", "sentence2", "sentence1"], ["1", "火", '"水"'],
            ["0", "土", "山"]],
    "json": [{"id": 4, "sentence1": "水", "sentence2": "火", "label": "1"},
             {"id": 5, "sentence1": "山", "sentence2": "土", "label": 0}]}
PAIRS_TEST = {
    "txt": [["日", "月"]], "tsv": [["日", "月", "?"]],
    "csv": [["sentence1", "sentence2"], ["日", "月"]],
    "json": [{"sentence1": "日", "sentence2": "月"}]}
TITLES = {"train.json": [{"label": 100, "sentence": "从前"},
                         {"label": 104, "sentence": "股票"}],
          "test.json": [{"sentence": "银行", "id": "7"},
                        {"sentence": "山", "id": 3}]}
SUBJECTS = [{"label": "100", "label_desc": "news_story", "label_zh": "故事"},
            {"label": 104, "label_desc": "news_finance"}]


@pytest.mark.parametrize("task", ["afqmc", "lcqmc", "bq"])
@pytest.mark.parametrize("kind", sorted(PAIRS))
def test_pairs_are_the_same_in_all_layouts(task, kind, tmp_path):
  write_rows(tmp_path, {"train." + kind: PAIRS[kind], "dev." + kind:
                        PAIRS[kind], "test." + kind: PAIRS_TEST[kind]})
  # A header takes the first number.
  first = 1 if kind == "csv" else 0
  labelled = {name: [("%s-%d" % (name, first), "水", "火", "1"),
                     ("%s-%d" % (name, first + 1), "山", "土", "0")]
              for name in ("train", "dev")}
  assert sets_of(base.create(task, ""), tmp_path) == dict(
      labelled, test=[("test-%d" % first, "日", "月", None)])


@pytest.mark.parametrize("name", ["train.tsv", "train.txt"])
def test_titles_may_be_a_plain_table(name, tmp_path):
  write_rows(tmp_path, {name: [["股票", "104"], ["从前", "100"]],
                        "test.txt": [["银行"], ["山", "100"]]})
  processor = base.create("tnews", str(tmp_path))
  assert processor.get_labels() == ["100", "104"]
  assert tuples_of(processor.get_train_examples(str(tmp_path))) == [
      ("train-0", "股票", None, "104"), ("train-1", "从前", None, "100")]
  assert tuples_of(processor.get_test_examples(str(tmp_path))) == [
      ("test-0", "银行", None, None), ("test-1", "山", None, None)]


def test_other_test_sets_of_clue_are_named(tmp_path, warnings):
  lines = {"test": "一", "test1.0": "二", "test1.1": "三"}
  for name, text in lines.items():
    commands.write(tmp_path / (name + ".json"),
                   '{"id": 7, "sentence": "%s"}\n' % text)
  commands.write(tmp_path / "labels.txt", "100\n104\n")

  def read():
    del warnings[:]
    (example,) = base.create("tnews", str(tmp_path)).get_test_examples(
        str(tmp_path))
    return example.text_a, [each for each in warnings if "not read" in each]

  text, (warning,) = read()
  assert text == "一"
  assert str(tmp_path / "test.json") + " is read; not read" in warning
  assert "test1.1.json test1.0.json" in warning
  (tmp_path / "test.json").unlink()
  text, (warning,) = read()
  assert text == "三" and "test1.0.json" in warning


def test_first_layout_that_is_there_is_read(tmp_path):
  write_rows(tmp_path, {"train.txt": [["水", "火", "1"]],
                        "train.csv": PAIRS["csv"]})
  (example,) = base.create("bq", "").get_train_examples(str(tmp_path))
  assert (example.text_a, example.label) == ("水", "1")


def test_all_layouts_are_named_where_none_is_there(tmp_path):
  message = message_of(base.create("bq", "").get_dev_examples, str(tmp_path))
  assert str(tmp_path / "dev.txt") in message
  assert "dev.tsv dev.csv dev.json" in message


def answers(processor, examples, labels):
  """The objects of tnews_predict.json."""
  (lines,) = processor.prediction_files(
      examples, [Prediction([label], [0.5]) for label in labels]).values()
  return [json.loads(line) for line in lines]


def test_tnews_answers_as_the_benchmark_takes_them(tmp_path):
  write_rows(tmp_path, TITLES)
  processor = base.create("tnews", str(tmp_path))
  examples = processor.get_test_examples(str(tmp_path))
  assert answers(processor, examples, ["104", "100"]) == [
      {"id": "7", "label": "104"}, {"id": 3, "label": "100"}]


def test_tnews_answers_name_the_subject_where_labels_json_does(tmp_path):
  write_rows(tmp_path, dict(TITLES, **{"labels.json": SUBJECTS}))
  processor = base.create("tnews", str(tmp_path))
  examples = processor.get_test_examples(str(tmp_path))
  assert answers(processor, examples, ["104", "100"]) == [
      {"id": "7", "label": "104", "label_desc": "news_finance"},
      {"id": 3, "label": "100", "label_desc": "news_story"}]
  assert answers(processor, examples, ["116", "100"])[0] == {
      "id": "7", "label": "116"}


def test_tnews_answers_count_the_rows_of_a_plain_table(tmp_path):
  write_rows(tmp_path, {"test.txt": [["银行"], ["山"]]})
  processor = base.create("tnews", str(tmp_path))
  examples = processor.get_test_examples(str(tmp_path))
  assert answers(processor, examples, ["104", "100"]) == [
      {"id": 0, "label": "104"}, {"id": 1, "label": "100"}]


@pytest.mark.parametrize("line, fragment", [
    ("100: story", "JSON"), ('{"label": "100"}', "'label_desc'"),
    ('{"label": [100], "label_desc": "x"}', "'label'")])
def test_bad_names_of_subjects_are_found_before_the_first_step(
    line, fragment, tmp_path):
  write_rows(tmp_path, dict(TITLES, **{"labels.json": line}))
  message = message_of(base.create("tnews", str(tmp_path)).get_test_examples,
                       str(tmp_path))
  assert "%s:1: " % (tmp_path / "labels.json") in message
  assert fragment in message


@pytest.mark.parametrize("text, word", [
    ("科0", "科"), ("30", "3"), ("39", "3"), ("t10", "t"), ("110", "1"),
    ("\u30000", "\u3000"), ("科", "科"), ("3", "3"), ("\U0001f6001",
                                                   "\U0001f600")])
def test_place_behind_a_character_of_weibo_is_stripped(text, word, tmp_path):
  commands.write(tmp_path / "test.txt", text + "\tO\n")
  (example,) = base.create("weibo_ner", "").get_test_examples(str(tmp_path))
  assert example.text_a == [word]


def test_tagging_tasks_prefer_the_names_of_their_release(tmp_path):
  commands.write(tmp_path / "weiboNER_2nd_conll.train", "科0\tO\n")
  commands.write(tmp_path / "train.txt", "技0\tB-X\n")
  processor = base.create("weibo_ner", str(tmp_path))
  (example,) = processor.get_train_examples(str(tmp_path))
  assert example.text_a == ["科"]
  assert processor.get_labels() == ["O"]


@pytest.mark.parametrize("listed, labels", [
    ("B-X\nI-X\n", ["O", "B-X", "I-X"]),
    ("I-X\nO\nB-X\n", ["I-X", "O", "B-X"])])
def test_listed_tags_always_have_o(listed, labels, tmp_path):
  commands.write(tmp_path / "labels.txt", listed)
  assert base.create("conll", str(tmp_path)).get_labels() == labels


@pytest.mark.parametrize("iob1, bio", [
    ("O I-X I-X O", "O B-X I-X O"), ("I-X I-Y I-Y", "B-X B-Y I-Y"),
    ("I-X B-X I-X", "B-X B-X I-X"), ("B-X I-X O I-X", "B-X I-X O B-X"),
    ("B-X I-Y", "B-X B-Y"), ("", "")])
def test_iob1_is_read_as_bio(iob1, bio):
  assert tagging.iob1_to_bio(iob1.split()) == bio.split()


def test_weibo_labels_are_left_as_they_are(tmp_path):
  commands.write(tmp_path / "train.txt", "科0\tI-X\n技1\tI-Y\n")
  (example,) = base.create("weibo_ner", str(tmp_path)).get_train_examples(
      str(tmp_path))
  assert example.label == ["I-X", "I-Y"]


@pytest.mark.parametrize("name", ["emotions.txt", "labels.txt"])
def test_emotions_go_by_the_names_of_a_file(name, tmp_path):
  commands.write(tmp_path / name, "admiration\namusement\nanger\n")
  write_rows(tmp_path, {"train.tsv": [["wow", "2,0", "x1"], ["hm", "", "x2"]],
                        "dev.tsv": [["ok", "3", "x3"]]})
  processor = base.create("go_emotions", str(tmp_path))
  assert processor.get_labels() == ["admiration", "amusement", "anger"]
  assert tuples_of(processor.get_train_examples(str(tmp_path))) == [
      ("train-x1", "wow", None, ["anger", "admiration"]),
      ("train-x2", "hm", None, [])]
  message = message_of(processor.get_dev_examples, str(tmp_path))
  assert "dev.tsv:1: " in message
  assert "'3'" in message and "admiration amusement anger" in message
