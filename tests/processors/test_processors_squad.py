"""Released files of questions, and the official scorers' rules for them."""
import json

import numpy as np
import pytest

import commands
import golden
import official_scorers
from bert.evaluation import metrics
from bert.heads import registry
from bert.options.finetuning import SpanOptions
from mistakes import message_of
from processors import squad

FERRY = "The ferry left at 50 past six; the ferry's captain slept."
CHINESE = "《渡轮》于1999年离开港口，票价39764.0元，船长李娜，英文名Lena Li。"


def squad_1():
  """SQuAD 1.1: three answers a question, the same question twice."""
  questions = [
      {"answers": [{"answer_start": FERRY.find(text), "text": text}
                   for text in texts], "question": "What left?",
       "id": "56be4db0acb8001400a502e%d" % number}
      for number, texts in enumerate([
          ("The ferry", "ferry", "ferry left"), ("at 50 past six", "50", "six"),
          ("the ferry's captain", "captain", "the ferry")])]
  return {"data": [{"title": "Super_Bowl_50", "paragraphs": [
      {"context": FERRY, "qas": questions}]}], "version": "1.1"}


def squad_2():
  """SQuAD 2.0: is_impossible, plausible answers."""
  document = squad_1()
  document["version"] = "v2.0"
  for each in document["data"][0]["paragraphs"][0]["qas"]:
    each["is_impossible"] = False
  document["data"].append({"title": "Normans", "paragraphs": [{
      "context": FERRY, "qas": [
          {"plausible_answers": [{"text": "six", "answer_start": 26}],
           "question": "Who sank?", "id": "5ad39d53604f3c001a3fe8d%d" % number,
           "answers": [], "is_impossible": True} for number in range(2)]}]})
  return document


def cmrc_own():
  """CMRC 2018's own form: answers are texts, or numbers."""
  return [{"context_id": "DEV_0", "context_text": CHINESE, "title": "渡轮",
           "qas": [{"query_id": "DEV_0_QUERY_0", "query_text": "票价多少？",
                    "answers": [39764.0, "39764.0元", "票价39764.0元"]},
                   {"query_id": 7, "query_text": "哪一年？",
                    "answers": [1999, "1999年", "于1999年"]},
                   {"query_id": "DEV_0_QUERY_2", "query_text": "船长？",
                    "answers": ["李娜", "李娜，英文名Lena Li", "Lena Li"]}]}]


def cmrc_as_squad():
  """CMRC 2018 in SQuAD's form, with ids everywhere and places that are -1."""
  return {"version": "v1.0", "data": [{"title": "渡轮", "id": "DEV_0",
      "paragraphs": [{"id": "DEV_0", "context": CHINESE, "qas": [
          {"question": each["query_text"], "id": each["query_id"], "answers": [
              {"text": text, "answer_start": CHINESE.find(str(text))}
              for text in each["answers"]]} for each in cmrc_own()[0]["qas"]]}]
  }]}


def drcd():
  """DRCD: ids of answers."""
  context = "渡輪於1999年離開港口，船長李娜。"
  return {"version": "1.3", "data": [{"title": "渡輪", "id": "1147", "paragraphs":
      [{"context": context, "id": "1147-5", "qas": [
          {"id": "1147-5-%d" % number, "question": "誰？", "answers": [
              {"id": "1", "text": text, "answer_start": context.find(text)}]}
          for number, text in enumerate(("李娜", "1999", "港口"))]}]}]}


CASES = {
    "squad_1": (squad_1, False, ["the Ferry!", "past six", "nothing"]),
    "squad_2": (squad_2, True, ["ferry", "", "captain slept", "", "six"]),
    "cmrc_own": (cmrc_own, False, ["39764.0", "于1999", "Lena 李娜"]),
    "cmrc_as_squad": (cmrc_as_squad, False, ["39764", "1999年", "文名Lena Li"]),
    "drcd": (drcd, False, ["李娜。", "於1999年", "港"])}


def read(tmp_path, document, may_be_none=False):
  path = commands.write(tmp_path / "dev.json", json.dumps(
      document, ensure_ascii=False))
  return squad.read_questions(path, "--eval_file", may_be_none)


def evaluation_of(examples, predicted, odds=None):
  """What run_squad.py scores of answers that are given."""
  span = SpanOptions(version_2_with_negative=odds is not None)
  head = registry.create("span", [], span=span)
  rows = {"answers": [np.frombuffer(json.dumps(
      [text, [], odd]).encode(), np.uint8)
      for text, odd in zip(predicted, odds or [None] * len(predicted))]}
  return head.eval_prediction(rows, examples)


@pytest.mark.parametrize("name", sorted(CASES))
def test_released_files_are_scored_as_by_the_official_scorer(name, tmp_path):
  make, may_be_none, predicted = CASES[name]
  document = make()
  examples = read(tmp_path, document, may_be_none)
  answers = dict(zip([each.guid for each in examples], predicted))
  assert len(answers) == len(predicted) == len(examples)
  if name == "squad_1":
    actual = metrics.squad(evaluation_of(examples, predicted))
    wanted = official_scorers.squad_1(document, answers)
  elif name == "squad_2":
    odds = [-5.0, 3.0, -2.0, 4.0, -3.0]
    actual = metrics.squad_v2(evaluation_of(examples, predicted, odds))
    wanted = official_scorers.squad_2(document, answers, dict(zip(
        answers, odds)))
  else:
    found = metrics.cmrc(evaluation_of(examples, predicted))
    actual = {"EM": found["cmrc_exact_match"], "F1": found["cmrc_f1"]}
    wanted = official_scorers.cmrc(document, answers)
  assert set(actual) == set(wanted)
  for key, value in wanted.items():
    scale = 1 if key.endswith("thresh") else 100
    assert scale * actual[key] == pytest.approx(value), key
  key = "EM" if "EM" in wanted else "exact_match" if (
      "exact_match" in wanted) else "exact"
  assert 0 < wanted[key] < 100


def test_scorers_of_the_tests_are_the_official_ones():
  said = golden.document("squad", "metrics.json")

  def predictions(*parts):
    return golden.document("squad", *parts)

  v1 = golden.document("squad", "dev_v1.json")
  for article in v1["data"]:
    for paragraph in article["paragraphs"]:
      paragraph["qas"] = [each for each in paragraph["qas"]
                          if each["answers"]]
  for run in ("v1", "v1_cased"):
    found = official_scorers.squad_1(
        v1, predictions("cli", run, "expected_predictions.json"))
    for key, value in found.items():
      assert value == pytest.approx(said[run][key])
  for run in ("v2", "v2_threshold"):
    found = official_scorers.squad_2(
        golden.document("squad", "dev_v2.json"),
        predictions("cli", run, "expected_predictions.json"),
        predictions("cli", run, "expected_null_odds.json"))
    for key, value in dict(said[run]["without_odds"],
                           **said[run]["best_with_odds"]).items():
      assert key.endswith("total") or found[key] == pytest.approx(value), key
  for run in ("cased", "uncased"):
    found = official_scorers.cmrc(
        golden.document("squad", "chinese", "dev.json"),
        predictions("chinese", "expected_%s_dev_predictions.json" % run))
    for key, value in found.items():
      assert "%.3f" % value == said["chinese_" + run][key]
  for row in golden.rows("squad", "metrics.jsonl"):
    document = {"data": [{"paragraphs": [{"qas": [{"id": "q", "answers": [
        {"text": each} for each in row["answers"]]}]}]}]}
    found = official_scorers.cmrc(document, {"q": row["prediction"]})
    assert found["F1"] == pytest.approx(100 * row["f1_cmrc"]), row


@pytest.mark.parametrize("make", [cmrc_own, cmrc_as_squad])
def test_numbers_are_text_as_the_official_scorer_takes_them(make, tmp_path,
                                                           log):
  examples = read(tmp_path, make())
  assert [each.guid for each in examples] == [
      "DEV_0_QUERY_0", "7", "DEV_0_QUERY_2"]
  assert examples[0].label[0] == ("39764.0", CHINESE.index("39764.0"))
  assert examples[1].label[0] == ("1999", CHINESE.index("1999"))
  assert any("1 ids and 2 answers are numbers" in line for line in log)


def test_numbers_are_trained_on(tmp_path, log):
  document = cmrc_own()
  for each in document[0]["qas"]:
    each["answers"] = each["answers"][:1]
  path = commands.write(tmp_path / "train.json", json.dumps(document))
  examples = squad.read_training(path, "--train_file", False)
  assert [each.label[0].text for each in examples] == [
      "39764.0", "1999", "李娜"]
  assert any("--train_file=" in line and "1 ids and 2 answers" in line
             for line in log)


def asked(answers):
  """A question about FERRY."""
  return {"data": [{"paragraphs": [{"context": FERRY, "qas": [
      {"id": "q", "question": "What left?", "is_impossible": False,
       "answers": answers}]}]}]}


@pytest.mark.parametrize("answers, expected", [
    ([{"text": "ferry"}], [("ferry", -1)]),
    ([{"text": "ferry", "answer_start": None}], [("ferry", -1)]),
    ([{"text": "ferry", "answer_start": 4.0}], [("ferry", 4)]),
    (None, None)])
@pytest.mark.parametrize("may_be_none", [False, True])
def test_place_of_an_answer_is_not_needed_to_predict(answers, expected,
                                                     may_be_none, tmp_path):
  (example,) = read(tmp_path, asked(answers), may_be_none)
  assert example.label == expected


def train_on(tmp_path, start):
  path = commands.write(tmp_path / "train.json", json.dumps(
      asked([dict({"text": "ferry"}, **start)])))
  return squad.read_training(path, "--train_file", False)


def test_whole_float_is_a_place_to_train_on(tmp_path):
  (example,) = train_on(tmp_path, {"answer_start": 4.0})
  assert example.label == [("ferry", 4)]
  assert isinstance(example.label[0].start, int)


@pytest.mark.parametrize("start, fragment", [
    ({}, "has no 'answer_start'"), ({"answer_start": None}, "is null"),
    ({"answer_start": 4.5}, "is 4.5; needed is a whole number"),
    ({"answer_start": float("inf")}, "needed is a whole number")])
def test_place_of_an_answer_is_needed_to_train(start, fragment, tmp_path):
  message = message_of(train_on, tmp_path, start)
  assert "question q, answer 1" in message and fragment in message


def test_place_to_predict_is_a_whole_number_or_none(tmp_path):
  for start in (4.5, "4", True, [4]):
    assert "needed is a whole number" in message_of(read, tmp_path, asked(
        [{"text": "ferry", "answer_start": start}]))


@pytest.mark.parametrize("value", [True, None, ["a"], float("nan"),
                                   float("inf")])
def test_what_is_neither_text_nor_number_is_refused(value, tmp_path):
  for key in ("query_id", "answers"):
    document = cmrc_own()
    document[0]["qas"][1][key] = [value] if key == "answers" else value
    message = message_of(read, tmp_path, document)
    assert "question" in message and "needed is" in message


def test_nothing_is_logged_of_texts(tmp_path, log):
  read(tmp_path, squad_1())
  assert not log


def test_half_of_a_surrogate_pair_is_a_character_that_files_can_hold(tmp_path,
                                                                     log):
  document = squad_1()
  paragraph = document["data"][0]["paragraphs"][0]
  paragraph["context"] = "the \ud83d ferry \U0001f600"
  for each in paragraph["qas"]:
    each.update(question="\ude00?", answers=[
        {"text": "\ud83d ferry", "answer_start": 4}])
  path = commands.write(tmp_path / "dev.json", json.dumps(document))
  for example in squad.read_questions(path, "--eval_file", False):
    assert (example.text_a, example.text_b) == ("??", "the ? ferry \U0001f600")
    assert example.label == [("? ferry", 4)]
  assert any("7 texts hold half" in line for line in log)
