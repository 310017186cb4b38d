"""Files of questions that are broken: one line each, before any training."""
import json
import os

import pytest

import commands
import official_scorers
import run_squad
import tiny_squad

pytestmark = pytest.mark.usefixtures("plain_graphs")


def broken(change):
  """Returns the text of a file after a change of its document."""
  document = tiny_squad.document(4)
  changed = change(document)
  return json.dumps(document if changed is None else changed)


def question(document, number=1):
  return document["data"][0]["paragraphs"][0]["qas"][number]


def paragraph(document):
  return document["data"][0]["paragraphs"][1]


def put(where, key, value):
  return lambda document: where(document).__setitem__(key, value)


def drop(where, key):
  return lambda document: where(document).__delitem__(key)


def misplace(document):
  """Gives all questions an answer that is not there."""
  for each in document["data"][0]["paragraphs"]:
    for asked in each["qas"]:
      asked["answers"] = [{"text": "zz", "answer_start": 0}]


# Name -> (text of the training file, what is said of it).
MISTAKES = {
    "empty": ("", ["not JSON"]),
    "half": (broken(lambda _: None)[:90], ["not JSON", ":1: not JSON"]),
    "deep": ("[" * 100000, ["not JSON"]),
    "number": ("7", ["is 7", "object with 'data'"]),
    "text": ('"data"', ['is "data"']),
    "no_data": (broken(lambda document: {"version": "1.1"}), ["no 'data'"]),
    "data_object": (broken(lambda document: {"data": {}}),
                    ["'data' is {}", "a list"]),
    "no_questions": (broken(lambda document: {"data": []}),
                     ["has no questions"]),
    "article_text": (broken(lambda document: {"data": ["x"]}),
                     ["article 1", 'is "x"']),
    "no_context": (broken(drop(paragraph, "context")),
                   ["article 1, paragraph 2 has no 'context'"]),
    "context_list": (broken(put(paragraph, "context", ["a"])),
                     ["article 1, paragraph 2", '["a"]', "a text"]),
    "no_qas": (broken(drop(paragraph, "qas")), ["paragraph 2 has no 'qas'"]),
    "qas_text": (broken(put(paragraph, "qas", ["who ?"])),
                 ["paragraph 2, question 1", '"who ?"']),
    "no_id": (broken(drop(question, "id")),
              ["paragraph 1, question 2 has no 'id'"]),
    "id_list": (broken(put(question, "id", [7])),
                ["paragraph 1, question 2", "'id' is [7]"]),
    "no_question": (broken(drop(question, "question")),
                    ["question q01 has no 'question'"]),
    "question_null": (broken(put(question, "question", None)),
                      ["question q01", "'question' is null"]),
    "no_answers": (broken(drop(question, "answers")),
                   ["question q01 has no 'answers'"]),
    "none": (broken(put(question, "answers", [])),
             ["question q01 has 0 answers", "exactly one"]),
    "two": (broken(lambda document: question(document).__setitem__(
        "answers", question(document)["answers"] * 2)),
            ["question q01 has 2 answers"]),
    "answer_text": (broken(put(question, "answers", ["ferry"])),
                    ["question q01, answer 1", '"ferry"']),
    "no_start": (broken(put(question, "answers", [{"text": "a"}])),
                 ["question q01, answer 1 has no 'answer_start'"]),
    "start_text": (broken(put(question, "answers", [
        {"text": "a", "answer_start": "3"}])),
                   ["'answer_start' is \"3\"", "a whole number"]),
    "start_bool": (broken(put(question, "answers", [
        {"text": "a", "answer_start": True}])), ["'answer_start' is true"]),
    "blank": (broken(put(question, "answers", [
        {"text": " ", "answer_start": 0}])), ["question q01", "blank"]),
    "nowhere": (broken(misplace),
                ["no question of the training set has an answer"]),
    "cmrc_text": (broken(lambda document: ["x"]), ["paragraph 1", '"x"']),
    "cmrc_context": (broken(lambda document: [{"context_text": 3, "qas": []}]),
                     ["paragraph 1", "'context' is 3"]),
}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_broken_file_costs_one_line(name, tmp_path):
  text, fragments = MISTAKES[name]
  flags = tiny_squad.flags_of(tmp_path)
  commands.write(flags["train_file"], text)
  before = commands.snapshot(str(tmp_path))
  result = commands.run(flags, run_squad)
  assert result.code == 2, result.log
  last = result.log.rstrip("\n").split("\n")[-1]
  assert last.startswith("run_squad.py: error: ") and "Traceback" not in (
      result.log)
  assert name == "nowhere" or "--train_file=" in last
  for fragment in fragments:
    assert fragment in last
  assert commands.snapshot(str(tmp_path)) == before


def test_answers_are_needed_to_score_and_is_impossible_with_version_2(tmp_path):
  flags = tiny_squad.flags_of(tmp_path)
  without = tiny_squad.document(4)
  del question(without)["answers"]
  commands.write(flags["predict_file"], json.dumps(without))
  result = commands.run(flags, run_squad)
  assert result.code == 2 and "q01: no answer" in result.log
  result = commands.run(dict(flags, version_2_with_negative=True), run_squad)
  assert result.code == 2
  assert "q00 has no 'is_impossible'" in result.log
  assert not os.path.exists(flags["output_dir"])


def test_file_that_is_not_utf8_is_refused(tmp_path):
  flags = tiny_squad.flags_of(tmp_path)
  commands.write(flags["train_file"], b'{"data": "\xff"}')
  result = commands.run(flags, run_squad)
  assert result.code == 2 and flags["train_file"] in result.log


def test_form_of_cmrc_is_read_as_well(tmp_path):
  flags = tiny_squad.flags_of(tmp_path, context_tokens="character")
  texts = [{"context_id": "c", "context_text": "李娜从港口离开，渡轮的船长是李娜。",
            "title": "t", "qas": [
                {"query_id": "z1", "query_text": "船长是谁？",
                 "answers": ["李娜", "李娜从"]},
                {"query_id": 22, "query_text": "从哪里离开？",
                 "answers": ["港口", 39764.0]}]}]
  for name in ("eval", "predict"):
    flags[name + "_file"] = commands.write(
        tmp_path / "cmrc.json", json.dumps(texts, ensure_ascii=False))
  log = tiny_squad.finish(flags)
  assert "1 ids and 1 answers are numbers" in log
  answers = json.loads(commands.content(flags["output_dir"],
                                        "predictions.json"))
  assert set(answers) == {"z1", "22"}
  assert all(answer in texts[0]["context_text"] for answer in answers.values())
  results = commands.results(flags["output_dir"])
  official = official_scorers.cmrc(texts, answers)
  assert 100 * results["eval_cmrc_f1"] == pytest.approx(official["F1"])
  assert 100 * results["eval_cmrc_exact_match"] == pytest.approx(official["EM"])


def test_paragraphs_of_chinese_are_advised_to_be_read_by_character(tmp_path):
  # Where accents are taken off, no part of a word can be cut out.
  context = "李娜从港口离开，渡轮的船长是李娜,e\u0301。"
  texts = [{"context_id": "c", "context_text": context, "title": "t", "qas": [
      {"query_id": "z%d" % number, "query_text": "船长是谁？",
       "answers": ["李娜"]} for number in range(2)]}]
  flags = tiny_squad.flags_of(tmp_path)
  for name in ("train", "eval", "predict"):
    flags[name + "_file"] = commands.write(
        tmp_path / (name + ".json"), json.dumps(texts, ensure_ascii=False))
  log = tiny_squad.finish(flags)
  # Training, evaluation and prediction.
  assert log.count("2 of 2 questions have a context of Chinese without blanks"
                  ) == 3
  assert log.count("2 of 2 answers are whole Chinese paragraphs") == 2
  assert "--context_tokens=character" in log


@pytest.mark.parametrize("name", ["eval", "predict"])
def test_id_of_two_questions_is_refused_with_both_places(tmp_path, name):
  flags = tiny_squad.flags_of(tmp_path)
  document = tiny_squad.document(4)
  paragraph(document)["qas"][1]["id"] = "q00"
  flags[name + "_file"] = commands.write(tmp_path / "twice.json",
                                         json.dumps(document))
  before = commands.snapshot(str(tmp_path))
  result = commands.run(flags, run_squad)
  assert result.code == 2, result.log
  assert ("--%s_file=%s: article 1, paragraph 1, question 1 and article 1, "
          "paragraph 2, question 2 have the same id 'q00'; predictions.json" % (
              name, flags[name + "_file"])) in result.log
  assert commands.snapshot(str(tmp_path)) == before


def test_ids_of_training_questions_may_repeat_and_are_named(tmp_path):
  """No file names anything by them."""
  flags = tiny_squad.flags_of(tmp_path, do_eval=False, do_predict=False)
  document = tiny_squad.document(4)
  paragraph(document)["qas"][1]["id"] = "q00"
  commands.write(flags["train_file"], json.dumps(document))
  log = tiny_squad.finish(flags)
  assert "Training set: 1 ids are those of several examples, of 2" in log
  assert "'q00' (example 1, example 4)" in log
