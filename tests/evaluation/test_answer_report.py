"""eval_report.txt and eval_errors.tsv of answers."""
import numpy as np
import pytest

import commands
from bert.data.examples import InputExample
from bert.evaluation import answer_report
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import registry


@pytest.mark.parametrize("question, word", [
    ("How many ferries are there?", "how many"), ("Who was there when?", "who"),
    ("In which year?", "which"), ("And how?", "how"), ("Name it.", "other"),
    ("WHY?", "why"), ("Somewhat odd", "other"),
    ("船长是谁？", "谁"), ("有多少人？", "多少"), ("为什么离开？", "为什么")])
def test_question_word_is_the_first_one(question, word):
  assert answer_report.question_word(question) == word


PREDICTIONS = EvalPrediction(
    [["Lena Ortiz"], ["1998"], [], ["the old ferry of the bay"]],
    ["Lena Ortiz", "1999", "", "ferry"],
    np.float32([[0.9], [0.6], [0.8], [0.7]]), answer_rule="squad_v2")
QUESTIONS = ["Who steers?", "When was it?", "Who knows?", "What leaves?"]


def rows(lines):
  return [line.split() for line in lines]


def test_report_tells_scores_by_word_and_length_and_kind():
  lines = list(answer_report.lines(QUESTIONS, PREDICTIONS))
  # F1 of the last: 1 of 1 and of 4 words but the articles: 2 * 1 / 4 / 1.25.
  assert lines[0] == ("4 questions: exact match 50.00 %, F1 60.00 %, by the "
                      "rules of squad_v2")
  cells = rows(lines)
  assert ["who", "2", "100.00", "100.00"] in cells
  assert ["when", "1", "0.00", "0.00"] in cells
  assert ["5", "to", "8", "1", "0.00", "40.00"] in cells
  assert ["no", "answer", "1", "100.00", "100.00"] in cells
  assert ["has", "an", "answer", "3", "0"] in cells
  assert ["has", "none", "0", "1"] in cells


def test_files_have_the_report_and_the_surest_errors_first(tmp_path):
  head = registry.create("span", [])
  examples = [InputExample("q%d" % index, question, "context")
              for index, question in enumerate(QUESTIONS)]
  head.write_report(str(tmp_path), examples, PREDICTIONS)
  assert "4 questions" in commands.lines(tmp_path, "eval_report.txt")[0]
  errors = [line.split("\t")
            for line in commands.lines(tmp_path, "eval_errors.tsv")]
  assert [row[0] for row in errors] == ["guid", "q3", "q1"]
  assert errors[1][1:3] == ["the old ferry of the bay", "ferry"]
