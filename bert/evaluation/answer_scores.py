"""Exact match and F1 of answers, by the rules of SQuAD 1.1, 2.0 and CMRC.

Source: Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250, and 2018,
  https://arxiv.org/abs/1806.03822; Cui et al. 2019,
  https://arxiv.org/abs/1810.07366.
"""

import collections
import re
import string
import typing
from typing import Sequence

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_ASCII_MARKS = str.maketrans("", "", string.punctuation)
_CHINESE_MARKS = str.maketrans(
    "", "", "-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")
_UNIT = re.compile("[\u4e00-\u9fa5]|[^\u4e00-\u9fa5]+")


class Score(typing.NamedTuple):
  """Of one answer, or the mean of many: 1 is best."""
  exact: float
  f1: float


def score_v1(answer: str, references: Sequence[str]) -> Score:
  """Returns the best score of an answer by the rule of SQuAD 1.1.

  Of a question without references, as 1.1 and CMRC have none, no answer is
  right by all rules, and any other wrong.
  """
  return _best(answer, references, normalize,
               lambda one, other: _word_f1(one.split(), other.split()))


def score_v2(answer: str, references: Sequence[str]) -> Score:
  """Does the same by the rule of 2.0; a question without references has no
  answer."""
  def f1(one, other):
    if not one or not other:
      return float(one == other)
    return _word_f1(one.split(), other.split())

  kept = [each for each in references if normalize(each)] or [""]
  return _best(answer, kept, normalize, f1)


def score_cmrc(answer: str, references: Sequence[str]) -> Score:
  """Does the same by the rule of CMRC 2018 and DRCD."""
  return _best(answer, references, _normalize_chinese,
               lambda one, other: _run_f1(_units(one), _units(other)))


def normalize(text: str) -> str:
  """Returns a text in lower case, without ASCII marks and English articles."""
  text = text.lower().translate(_ASCII_MARKS)
  return " ".join(_ARTICLE.sub(" ", text).split())


# Name of a metric -> its rule.
RULES = {"squad": score_v1, "squad_v2": score_v2, "cmrc": score_cmrc}


class Threshold(typing.NamedTuple):
  """Where answers are best taken for none: the mean score above it, and it."""
  score: float
  threshold: float


def best_threshold(scores: Sequence[float], has_answer: Sequence[bool],
                   is_empty: Sequence[bool],
                   null_odds: Sequence[float]) -> Threshold:
  """Finds the best threshold of null odds, by the rule of SQuAD 2.0.

  Args:
    scores: of the answers.
    has_answer: whether each question has one.
    is_empty: whether none was given.
    null_odds: how much better no answer is.

  Returns:
    The best mean score and its threshold: with it, questions of higher odds
    have no answer.
  """
  total = best = sum(not each for each in has_answer)
  threshold = 0.0
  for index in sorted(range(len(scores)), key=lambda each: null_odds[each]):
    if has_answer[index]:
      total += scores[index]
    elif not is_empty[index]:
      total -= 1
    if total > best:
      best, threshold = total, null_odds[index]
  return Threshold(best / len(scores), threshold)


def _best(answer, references, normal_form, f1):
  if not references:
    is_right = float(not normal_form(answer))
    return Score(is_right, is_right)
  forms = normal_form(answer), [normal_form(each) for each in references]
  return Score(float(forms[0] in forms[1]),
               max(f1(forms[0], each) for each in forms[1]))


def _word_f1(words, others):
  common = collections.Counter(words) & collections.Counter(others)
  return _f1(sum(common.values()), len(words), len(others))


def _run_f1(units, others):
  """Returns F1 by the longest run of units that both have."""
  longest = 0
  lengths = [0] * (len(others) + 1)
  for unit in units:
    lengths = [0] + [
        before + 1 if unit == other else 0
        for before, other in zip(lengths, others)]
    longest = max(longest, *lengths)
  return _f1(longest, len(units), len(others))


def _f1(num_common, num_predicted, num_right):
  if not num_common:
    return 0.0
  precision, recall = num_common / num_predicted, num_common / num_right
  return 2 * precision * recall / (precision + recall)


def _normalize_chinese(text):
  return text.lower().strip().translate(_CHINESE_MARKS)


def _units(text):
  """Returns ideographs, and the words between them."""
  from nltk.tokenize import NLTKWordTokenizer
  units = []
  for part in _UNIT.findall(text):
    units += [part] if len(part) == 1 and "\u4e00" <= part <= "\u9fa5" else (
        NLTKWordTokenizer().tokenize(part))
  return units
