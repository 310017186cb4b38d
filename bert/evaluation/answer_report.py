"""The report of answers to questions: by question word, length, and kind."""

import re
from typing import Iterator, Sequence

import numpy as np

from bert.common import tables
from bert.data import contexts
from bert.evaluation import answer_scores
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction

_QUESTION_WORD = re.compile(
    r"\b(?:how many|how much|how|what|when|where|which|whose|whom|who|why)\b|"
    "为什么|为什麼|为何|為什麼|什么|什麼|多少|几|幾|谁|誰|哪|怎么|怎麼|如何|何",
    re.IGNORECASE)
# Name of a band of lengths -> most words of an answer in it.
_LENGTHS = {"no answer": 0, "1": 1, "2": 2, "3 to 4": 4, "5 to 8": 8,
            "9 to 16": 16, "17 or more": 10**9}
_BANDS = list(_LENGTHS)


def lines(questions: Sequence[str],
          predictions: EvalPrediction) -> Iterator[str]:
  """Yields the lines of eval_report.txt.

  Args:
    questions: text of each.
    predictions: the answers.
  """
  rule = answer_scores.RULES[predictions.answer_rule]
  scores = np.array([rule(*pair) for pair in zip(
      predictions.predicted, predictions.labels)])
  yield "%d questions: exact match %.2f %%, F1 %.2f %%, by the rules of %s" % (
      (len(scores),) + tuple(100 * scores.mean(axis=0)) + (
          predictions.answer_rule,))
  yield ""
  words = [question_word(question) for question in questions]
  yield from _table("question word", words, scores, lambda word: (
      -words.count(word), word))
  yield ""
  yield from _table("words of the answer", [
      _length(answers) for answers in predictions.labels], scores, _BANDS.index)
  if all(predictions.labels) and all(predictions.predicted):
    return
  yield ""
  yield from tables.table(("", "answered", "not answered"), [
      (name,) + _answered(predictions, is_labelled)
      for name, is_labelled in (("has an answer", True),
                                ("has none", False))])


def errors(predictions: EvalPrediction) -> Iterator[reports.ErrorRow]:
  """Yields the answers that are no exact match; the score is the probability.
  """
  rule = answer_scores.RULES[predictions.answer_rule]
  for index, pair in enumerate(zip(predictions.predicted, predictions.labels)):
    if rule(*pair).exact < 1:
      yield reports.ErrorRow(
          index, " | ".join(dict.fromkeys(predictions.labels[index])),
          predictions.predicted[index], predictions.probabilities[index, 0])


def question_word(question: str) -> str:
  """Returns the first question word in a text, "other" if it has none."""
  match = _QUESTION_WORD.search(question)
  return match.group().lower() if match else "other"


def _length(references):
  """Returns the band of lengths that the shortest right answer is in."""
  count = min([len(contexts.split_characters(each).words)
               for each in references], default=0)
  return next(name for name, most in _LENGTHS.items() if count <= most)


def _table(heading, names, scores, order):
  """Returns the lines of a table: a row a name, in an order."""
  groups = {}
  for name, score in zip(names, scores):
    groups.setdefault(name, []).append(score)
  return tables.table((heading, "questions", "exact match %", "F1 %"), [
      (name, str(len(groups[name]))) + tuple(
          "%.2f" % value for value in 100 * np.mean(groups[name], axis=0))
      for name in sorted(groups, key=order)])


def _answered(predictions, is_labelled):
  """Returns the cells of how many questions were answered and not."""
  given = [bool(answer) for answer, references in zip(
      predictions.predicted, predictions.labels)
           if bool(references) == is_labelled]
  return str(sum(given)), str(len(given) - sum(given))
