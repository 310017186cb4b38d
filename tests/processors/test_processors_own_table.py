"""Tasks that table.json in data_dir describes."""
import json

import pytest

import commands
import processors  # pylint: disable=unused-import
from bad_input import assert_refused, task
from bert.data import label_types
from bert.heads import registry
from mistakes import message_of
from processors import base
from task_files import read_checked, sets_of, tuples_of, write_rows

ROWS = [["水", "好"], ["火", "坏"]]


def described(folder, files=(), **said):
  """Writes a table.json and other files -> the processor."""
  commands.write(folder / "table.json", json.dumps(said))
  write_rows(folder, dict(files))
  return base.create("table", str(folder))


def train_of(processor):
  return tuples_of(processor.get_train_examples(processor.data_dir))


def test_tsv_has_a_header_unless_told_otherwise(tmp_path):
  rows = [["label", "a", "b"], ["x", "水", "火"], ["y", "山", "土"]]
  test_rows = [["b", "a"], ["月", "日"]]
  processor = described(
      tmp_path, {"train.tsv": rows, "dev.tsv": rows, "test.tsv": test_rows},
      format="tsv", text_a="a", text_b="b", label="label")
  assert sets_of(processor, tmp_path) == {
      "train": [("train-1", "水", "火", "x"), ("train-2", "山", "土", "y")],
      "dev": [("dev-1", "水", "火", "x"), ("dev-2", "山", "土", "y")],
      "test": [("test-1", "日", "月", None)]}
  assert processor.get_labels() == ["x", "y"]
  assert processor.head == "classification"
  assert processor.metrics == ()


def test_columns_may_go_by_number(tmp_path):
  assert train_of(described(
      tmp_path, {"train.csv": ROWS}, format="csv", header=False, text_a=0,
      label=1)) == [("train-0", "水", None, "好"), ("train-1", "火", None, "坏")]
  assert train_of(described(
      tmp_path, {"train.csv": ROWS}, format="csv", text_a=0, label=1)) == [
          ("train-1", "火", None, "坏")]


def test_json_lines_have_keys(tmp_path):
  processor = described(
      tmp_path, {"train.jsonl": [{"id": 8, "q": "水", "a": "火", "y": 1},
                                 {"id": "z", "q": "山", "a": "土", "y": 0}],
                 "test.jsonl": [{"id": 9, "q": "日", "a": "月"}]},
      format="jsonl", text_a="q", text_b="a", label="y", guid="id")
  assert train_of(processor) == [("train-8", "水", "火", "1"),
                                 ("train-z", "山", "土", "0")]
  assert tuples_of(processor.get_test_examples(str(tmp_path))) == [
      ("test-9", "日", "月", None)]


def test_files_may_have_other_names(tmp_path):
  processor = described(
      tmp_path, {"a.txt": ROWS, "more/b.txt": ROWS[:1], "c.txt": ROWS[1:]},
      format="tsv", header=False, text_a=0, label=1, train="a.txt",
      dev="more/b.txt", test="c.txt")
  assert sets_of(processor, tmp_path) == {
      "train": [("train-0", "水", None, "好"), ("train-1", "火", None, "坏")],
      "dev": [("dev-0", "水", None, "好")],
      "test": [("test-0", "火", None, "坏")]}


def test_set_that_is_not_there_matters_when_it_is_asked_for(tmp_path):
  processor = described(tmp_path, {"train.tsv": ROWS}, format="tsv",
                        header=False, text_a=0, label=1, test="quiz.tsv")
  assert len(train_of(processor)) == 2
  assert "%s: no such file" % (tmp_path / "dev.tsv") in message_of(
      processor.get_dev_examples, str(tmp_path))
  assert "%s: no such file" % (tmp_path / "quiz.tsv") in message_of(
      processor.get_test_examples, str(tmp_path))


@pytest.mark.parametrize("labels, expected", [
    (["好", "坏", "无"], ["好", "坏", "无"]), ([1, "好", 0.5, "坏"],
                                    ["1", "好", "0.5", "坏"])])
def test_labels_may_be_listed_in_order(labels, expected, tmp_path):
  processor = described(tmp_path, {"train.tsv": ROWS}, format="tsv",
                        header=False, text_a=0, label=1, labels=labels)
  assert processor.get_labels() == expected
  assert [each[3] for each in train_of(processor)] == ["好", "坏"]


def test_label_that_is_not_listed_is_refused_by_line(tmp_path):
  processor = described(tmp_path, {"train.tsv": ROWS}, format="tsv",
                        header=False, text_a=0, label=1, labels=["好"])
  message = message_of(train_of, processor)
  assert "train.tsv:2: label '坏' is not one of: 好" in message


def test_labels_file_stands_in_for_a_list(tmp_path):
  processor = described(
      tmp_path, {"train.tsv": ROWS, "labels.txt": "无\n好\n坏\n"}, format="tsv",
      header=False, text_a=0, label=1)
  assert processor.get_labels() == ["无", "好", "坏"]


@pytest.mark.parametrize("said, cell, labels", [
    ({}, "x  y", ["x", "y"]), ({}, "", []), ({}, " y ", ["y"]),
    ({"label_separator": ";"}, "x y; z;", ["x y", "z"]),
    ({"label_separator": "||"}, "x||y", ["x", "y"]),
    ({"label_separator": " "}, "x  y", ["x", "y"])])
def test_several_labels_are_split_at_the_separator(said, cell, labels,
                                                   tmp_path):
  processor = described(
      tmp_path, {"train.tsv": [["水", cell], ["火", "x"]]}, format="tsv",
      header=False, text_a=0, label=1, head="multi_label", **said)
  assert [each[3] for each in train_of(processor)] == [labels, ["x"]]
  assert processor.get_labels() == sorted(set(labels) | {"x"})
  assert processor.head == "multi_label"


def test_several_labels_may_be_a_list_in_json(tmp_path):
  processor = described(
      tmp_path, {"train.jsonl": [{"t": "水", "y": ["x y", 3]},
                                 {"t": "火", "y": "3 z"}]},
      format="jsonl", text_a="t", label="y", head="multi_label")
  assert [each[3] for each in train_of(processor)] == [["x y", "3"],
                                                       ["3", "z"]]


def test_regression_has_scores_and_no_labels(tmp_path):
  processor = described(
      tmp_path, {"train.tsv": [["水", "2.5"]], "dev.tsv": [["火", "high"]]},
      format="tsv", header=False, text_a=0, label=1, head="regression")
  assert train_of(processor) == [("train-0", "水", None, "2.5")]
  assert processor.get_labels() == []
  assert processor.head == "regression"
  assert "dev.tsv:1: score 'high'" in message_of(
      read_checked, processor, processor.get_dev_examples)


@pytest.mark.parametrize("said", [{}, {"text_a": 0, "label": 3},
                                  {"head": "tagging"}])
def test_conll_is_tagging_with_the_word_first_and_the_label_last(said,
                                                                 tmp_path):
  processor = described(
      tmp_path, {"train.conll": "水 a b I-X\n火 a b O\n\n山 a b B-Y\n",
                 "test.conll": "日 a b c\n"}, format="conll", **said)
  assert processor.head == "tagging"
  assert processor.get_labels() == ["O", "B-X", "B-Y"]
  assert train_of(processor) == [
      ("train-0", ["水", "火"], None, ["B-X", "O"]),
      ("train-1", ["山"], None, ["B-Y"])]
  assert tuples_of(processor.get_test_examples(str(tmp_path))) == [
      ("test-0", ["日"], None, None)]


def test_conll_columns_are_counted_from_0(tmp_path):
  processor = described(
      tmp_path, {"train.txt": "B-X 水 a\nO 火 b\n"}, format="conll", text_a=1,
      label=0, train="train.txt", labels=["B-X", "I-X"])
  assert processor.get_labels() == ["O", "B-X", "I-X"]
  assert train_of(processor) == [("train-0", ["水", "火"], None, ["B-X", "O"])]


def test_metrics_are_those_that_are_said(tmp_path):
  processor = described(tmp_path, format="tsv", text_a="t", label="y",
                        metrics=["f1", "mcc"])
  assert processor.metrics == ("f1", "mcc")


GOOD = {"format": "tsv", "text_a": "t", "label": "y"}

# Content of table.json, or what changes in a good one, and what is said of it.
MISTAKES = [
    ("", [": not JSON"]),
    ('{\n"format": "tsv",\n"text_a": "t"\n"label": "y"}',
     ["table.json:4: not JSON", "column 1"]),
    ("{'format': 'tsv'}", ["table.json:1: not JSON"]),
    pytest.param("[" * 100000, ["not JSON"], id="deep"),
    ('["tsv"]', ['["tsv"]', "object", '"format"']),
    ("null", ["null", "object"]),
    ('{"format": "tsv", "text_a": "t", "label": "y", "text_a": "u"}',
     ['"text_a" is there twice']),
    (b'{"format": "tsv", "text_a": "\xe9"}', ["table.json:1", "UTF-8"]),
    ({"lable": "y"}, ['"lable"', "did you mean label?", "text_a text_b"]),
    ({"columns": 3}, ['"columns"', "known: format header"]),
    ({"format": None}, ['no "format"', "tsv csv jsonl conll"]),
    ({"text_a": None}, ['no "text_a"', "column"]),
    ({"label": None}, ['no "label"', "column"]),
    ({"format": "tvs"}, ['"format" is "tvs"', "did you mean tsv?",
                         "tsv csv jsonl conll"]),
    ({"format": 3}, ['"format" is 3', "tsv csv jsonl conll"]),
    ({"head": "taging"}, ['"head" is "taging"', "did you mean tagging?",
                          "classification multi_label multiple_choice "
                          "regression span tagging"]),
    ({"head": ["tagging"]}, ['"head" is ["tagging"]', "name of a head"]),
    ({"header": "no"}, ['"header" is "no"', "true or false"]),
    ({"header": 1}, ['"header" is 1', "true or false"]),
    ({"text_a": -1}, ['"text_a" is -1', "number from 0"]),
    ({"text_a": 1.5}, ['"text_a" is 1.5', "number from 0"]),
    ({"text_a": ""}, ['"text_a" is ""', "name of a column"]),
    ({"text_b": True}, ['"text_b" is true', "number from 0"]),
    ({"label": ["y"]}, ['"label" is ["y"]', "name of a column"]),
    ({"guid": {}}, ['"guid" is {}', "name of a column"]),
    ({"labels": "a b"}, ['"labels" is "a b"', "list"]),
    ({"labels": []}, ['"labels" is []', "list"]),
    ({"labels": ["a", ""]}, ['"labels" is ["a", ""]', "list"]),
    ({"labels": ["a", "b", "a"]}, ['"labels" is ["a", "b", "a"]', "once"]),
    ({"labels": ["1", 1]}, ['"labels" is ["1", 1]', "once"]),
    ({"labels": [["a"]]}, ['"labels" is [["a"]]', "list"]),
    ({"metrics": "f1"}, ['"metrics" is "f1"', "list"]),
    ({"train": 3}, ['"train" is 3', "name of a file"]),
    ({"dev": ""}, ['"dev" is ""', "name of a file"]),
    ({"test": ["x"]}, ['"test" is ["x"]', "name of a file"]),
    ({"label_separator": ",", "head": "classification"},
     ['"label_separator"', "classification"]),
    ({"label_separator": "", "head": "multi_label"},
     ['"label_separator" is ""']),
    ({"labels": ["a"], "head": "regression"}, ['"labels"', "regression"]),
    ({"label_range": [5, 0], "head": "regression"},
     ['"label_range" is [5, 0]', "least and the greatest"]),
    ({"label_range": [0, 5], "head": "classification"},
     ['"label_range"', "classification"]),
    ({"choices": ["b", "c"], "head": "classification"},
     ['"choices"', "classification"]),
    ({"choices": ["b"], "head": "multiple_choice"}, ['"choices" is ["b"]']),
    ({"choices": "b", "head": "multiple_choice"}, ['no "labels"']),
    ({"head": "multiple_choice"}, ['no "choices"', "list of columns"]),
    ({"head": "span"}, ['no "text_b"', "span"]),
    ({"labels": ["a"], "head": "span", "text_b": "c"}, ['"labels"', "span"]),
    ({"head": "tagging"}, ['"tsv"', '"tagging"', "conll"]),
    ({"format": "conll", "head": "classification", "text_a": 0, "label": 1},
     ['"conll"', '"classification"', "tagging"]),
    ({"format": "conll"}, ['"text_a" is "t"', "number"]),
    ({"format": "conll", "text_a": 0, "label": 1, "header": True},
     ['"header"', "conll"]),
    ({"format": "conll", "text_a": 0, "label": 1, "text_b": 2},
     ['"text_b"', "conll"]),
    ({"format": "jsonl", "header": True}, ['"header"', "jsonl"]),
    ({"format": "jsonl", "label": 1}, ['"label" is 1', "name"]),
    ({"header": False}, ['"text_a" is "t"', "no header", "number"]),
    ({"header": False, "text_a": 0}, ['"label" is "y"', "number"]),
]


@pytest.mark.parametrize("content, fragments", MISTAKES)
def test_mistake_in_table_json_is_told_with_what_is_needed(content, fragments,
                                                           tmp_path):
  if isinstance(content, dict):
    said = {key: value for key, value in dict(GOOD, **content).items()
            if value is not None}
    content = json.dumps(said)
  commands.write(tmp_path / "table.json", content)
  processor = base.create("table", str(tmp_path))
  for call in (processor.get_labels, lambda: processor.head,
               lambda: processor.metrics,
               lambda: processor.get_train_examples(str(tmp_path))):
    message = message_of(call)
    assert str(tmp_path / "table.json") in message
    assert len(message) < 500
    for fragment in fragments:
      assert fragment in message


def test_table_json_is_needed(tmp_path):
  message = message_of(base.create("table", str(tmp_path)).get_labels)
  assert str(tmp_path / "table.json") in message
  assert "no such file" in message and "--task_name=table" in message


def test_column_that_is_not_in_the_file_is_refused_by_line(tmp_path):
  processor = described(tmp_path, {"train.tsv": [["text", "y"], ["水", "a"]]},
                        **GOOD)
  message = message_of(train_of, processor)
  assert "%s:1: " % (tmp_path / "train.tsv") in message
  assert "'t'" in message and "columns: 'text', 'y'" in message


def test_column_over_the_last_is_refused_by_line(tmp_path):
  processor = described(tmp_path, {"train.tsv": ROWS}, format="tsv",
                        header=False, text_a=0, label=2)
  message = message_of(train_of, processor)
  assert "train.tsv:1: " in message
  assert " 2 columns" in message and "needs 3" in message


def test_rows_may_have_choices_of_unequal_number(tmp_path):
  processor = described(
      tmp_path, {"train.csv": [["t", "a", "b", "c", "y"],
                               ["he", "runs", "sits", "eats", "2"],
                               ["she", "runs", "sits", "", "0"]]},
      format="csv", text_a="t", label="y", choices=["a", "b", "c"],
      head="multiple_choice")
  assert processor.get_labels() == ["0", "1", "2"]
  examples = read_checked(processor, processor.get_train_examples)
  assert [each.text_b for each in examples] == [
      ["runs", "sits", "eats"], ["runs", "sits"]]
  commands.write(tmp_path / "train.csv", "t,a,b,c,y\nhe,runs,,eats,0\n")
  assert "choice 1 is blank" in message_of(processor.get_train_examples,
                                           str(tmp_path))


def test_choices_may_be_a_list_with_a_beginning(tmp_path):
  processor = described(
      tmp_path, {"train.jsonl": [{"t": "it rains", "s": "he", "y": 1,
                                  "c": ["runs", "sits"]}]},
      format="jsonl", text_a="t", text_b="s", label="y", choices="c",
      labels=["0", "1", "2"], head="multiple_choice")
  (example,) = read_checked(processor, processor.get_train_examples)
  assert (example.text_b, example.label) == (["he runs", "he sits"], "1")


def test_answers_are_texts_of_a_cell_or_a_list(tmp_path):
  processor = described(
      tmp_path, {"train.jsonl": [
          {"q": "who?", "c": "lena and tim", "y": ["lena", "tim"]},
          {"q": "who?", "c": "lena", "y": "lena"}]},
      format="jsonl", text_a="q", text_b="c", label="y", head="span")
  assert processor.get_labels() == []
  first, second = read_checked(processor, processor.get_train_examples)
  assert first.label == ["lena", "tim"]
  assert second.label == ["lena"]


def test_range_of_scores_is_that_of_the_file(tmp_path):
  processor = described(tmp_path, {}, format="tsv", text_a="t", text_b="u",
                        label="y", head="regression", label_range=[1, 7])
  assert processor.label_range == (1.0, 7.0)


def test_every_head_may_be_said():
  assert set(registry.registered()) == set(label_types.kinds())


@pytest.mark.parametrize("settings, fragments", [
    (dict(metrics=["f1", "mc"]), ["'mc'", "did you mean mcc?", "f1"]),
    (dict(metrics=["entities"]), ["'entities'", "a label per word"])])
def test_metric_that_does_not_fit_is_told_with_its_file(settings, fragments,
                                                        tmp_path):
  processor = described(tmp_path, {"train.tsv": [["t", "y"], ["水", "a"],
                                                 ["火", "b"]]},
                        **dict(GOOD, **settings))
  message = message_of(read_checked, processor, processor.get_train_examples)
  assert message.startswith(str(tmp_path / "table.json"))
  for fragment in fragments:
    assert fragment in message


def test_table_is_trained_scored_and_predicted(tmp_path):
  rows = [["text", "y"]] + [["the ferry", "no"], ["the dough", "yes"]] * 2
  described(tmp_path / "data", {
      "train.tsv": rows, "dev.tsv": rows, "test.tsv": [["text"], ["the"]]},
            format="tsv", text_a="text", label="y", metrics=["mcc"])
  commands.finish(commands.tiny_flags(
      tmp_path, "table", do_train=True, do_eval=True, do_predict=True))
  assert "eval_mcc" in commands.results(tmp_path / "out")
  ((guid, label, _),) = commands.predictions(tmp_path / "out")
  assert guid == "test-1" and label in ("no", "yes")


@pytest.mark.parametrize("files, fragments", [
    ({"table.json": '{"format": "tsv"}'}, ["{data}/table.json", "text_a"]),
    ({}, ["{data}/table.json", "no such file"]),
    ({"table.json": json.dumps(GOOD), "train.tsv": "t\tz\n"},
     ["{data}/train.tsv:1", "'y'", "'t', 'z'"]),
    ({"table.json": json.dumps(dict(GOOD, metrics=["f1"])),
      "labels.txt": "a\nb\nc\n"}, ["'f1' is for 2 labels, the task has 3"])])
def test_mistake_ends_the_run_before_anything_is_written(job, files,
                                                         fragments):
  # The other file makes sure that there is a folder.
  task("table", dict({"notes.txt": "mine"}, **files))(job)
  assert_refused(job, fragments)


def test_white_space_around_a_listed_label_means_nothing(tmp_path):
  processor = described(tmp_path, {"train.tsv": ROWS}, format="tsv",
                        header=False, text_a=0, label=1, labels=[" 好", "坏 "])
  assert processor.get_labels() == ["好", "坏"]
  assert len(train_of(processor)) == 2


@pytest.mark.parametrize("said, first, is_warned", [
    (dict(head="classification"), "好", True),
    (dict(head="classification"), "标签", False),
    (dict(head="classification", labels=["好", "坏"]), "坏", True),
    (dict(head="classification", header=False), "好", False),
    (dict(head="regression"), "1.5", True),
    (dict(head="regression"), "score", False),
    (dict(head="multi_label"), "好 坏", True),
    (dict(head="multi_label"), "好 标签", False)])
def test_example_in_place_of_a_header_is_warned_of(said, first, is_warned,
                                                   tmp_path, warnings):
  labels = ["2", "1"] if said["head"] == "regression" else ["好", "坏"]
  processor = described(
      tmp_path, {"train.tsv": [["土", first]] + [
          ["水", label] for label in labels]},
      format="tsv", text_a=0, label=1, **said)
  assert len(train_of(processor)) == 2 + (said.get("header") is False)
  assert len(warnings) == is_warned
  if is_warned:
    assert "%s: the first row" % (tmp_path / "train.tsv") in warnings[0]
    assert '"header": false' in warnings[0]


def test_file_of_a_set_that_is_not_read_is_named(tmp_path, warnings):
  rows = [["火", "坏"]]
  write_rows(tmp_path, {"train.tsv": rows, "train.txt": rows * 2})
  processor = base.create("tnews", str(tmp_path))
  assert len(processor.get_train_examples(str(tmp_path))) == 1
  assert any(each.endswith("train.tsv is read; not read, as it would be the "
                           "same set: train.txt") for each in warnings)
