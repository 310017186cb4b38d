"""The rules of official scorers, from a file of questions and predictions.json.

Written from their descriptions, apart from bert.evaluation, and checked against
what the scorers themselves said (tests/fixtures/golden/squad/metrics.json).
"""
import collections
import re
import string

from nltk.tokenize import NLTKWordTokenizer

# What CMRC's scorer drops.
CHINESE_MARKS = set("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』")


def questions_of(document):
  """(id, texts of the answers) of a file of SQuAD's or of CMRC's own form."""
  if isinstance(document, list):
    return [(str(each["query_id"]), [str(text) for text in each["answers"]])
            for paragraph in document for each in paragraph["qas"]]
  return [(str(each["id"]), [str(answer["text"])
                             for answer in each["answers"]])
          for article in document["data"]
          for paragraph in article["paragraphs"] for each in paragraph["qas"]]


def english_words(text):
  kept = "".join(char for char in text.lower()
                 if char not in string.punctuation)
  return re.sub(r"\b(a|an|the)\b", " ", kept, flags=re.UNICODE).split()


def overlap(one, other, count):
  if count == 0:
    return 0.0
  precision, recall = count / len(one), count / len(other)
  return 2 * precision * recall / (precision + recall)


def common_words(one, other):
  left = collections.Counter(other)
  count = 0
  for word in one:
    if left[word]:
      left[word] -= 1
      count += 1
  return count


def squad_1(document, predictions):
  """Percentages, as evaluate-v1.1 prints them."""
  exact = f1 = 0
  rows = questions_of(document)
  for name, answers in rows:
    given = english_words(predictions[name])
    exact += any(given == english_words(each) for each in answers)
    f1 += max(overlap(given, words, common_words(given, words))
              for words in map(english_words, answers))
  return {"exact_match": 100 * exact / len(rows), "f1": 100 * f1 / len(rows)}


def squad_2(document, predictions, odds):
  """Percentages of evaluate-v2.0, of predictions as they are; its best
  thresholds by --na-prob-file."""
  scores = collections.OrderedDict()
  rows = questions_of(document)
  for name, answers in rows:
    given = english_words(predictions[name])
    wanted = [words for words in map(english_words, answers) if words] or [[]]
    scores[name] = (
        float(given in wanted),
        max(overlap(given, words, common_words(given, words))
            if given and words else float(given == words)
            for words in wanted))
  found = {}
  for index, key in enumerate(("exact", "f1")):
    groups = {"": [], "HasAns_": [], "NoAns_": []}
    for name, answers in rows:
      for group in ("", "HasAns_" if answers else "NoAns_"):
        groups[group].append(scores[name][index])
    for group, values in groups.items():
      if values:
        found[group + key] = 100 * sum(values) / len(values)
    found["best_" + key], found["best_%s_thresh" % key] = best(
        rows, predictions, {name: each[index] for name, each in scores.items()},
        odds)
  return found


def best(rows, predictions, scores, odds):
  has_answer = {name: bool(answers) for name, answers in rows}
  current = highest = sum(1 for each in has_answer.values() if not each)
  threshold = 0.0
  for name in sorted(odds, key=lambda each: odds[each]):
    if has_answer[name]:
      current += scores[name]
    elif predictions[name]:
      current -= 1
    if current > highest:
      highest, threshold = current, odds[name]
  return 100 * highest / len(rows), threshold


def chinese_units(text):
  units, run = [], ""
  for char in str(text).lower().strip():
    if char in CHINESE_MARKS:
      continue
    if re.match("[\u4e00-\u9fa5]", char):
      units += NLTKWordTokenizer().tokenize(run) + [char]
      run = ""
    else:
      run += char
  return units + NLTKWordTokenizer().tokenize(run)


def longest_run(one, other):
  """Units of the longest run that both have."""
  runs = {tuple(one[start:stop]) for start in range(len(one))
          for stop in range(start + 1, len(one) + 1)}
  return max([len(run) for run in runs if any(
      tuple(other[start:start + len(run)]) == run
      for start in range(len(other)))] or [0])


def cmrc(document, predictions):
  """Percentages of CMRC 2018's scorer, which DRCD has as well."""
  exact = f1 = 0
  rows = questions_of(document)

  def plain(text):
    return "".join(char for char in text.lower().strip()
                   if char not in CHINESE_MARKS)

  for name, answers in rows:
    given = predictions[name]
    exact += any(plain(given) == plain(each) for each in answers)
    f1 += max(overlap(chinese_units(given), units,
                      longest_run(chinese_units(given), units))
              for units in map(chinese_units, answers))
  return {"EM": 100 * exact / len(rows), "F1": 100 * f1 / len(rows)}


def c3(texts, predictions):
  """Accuracy of lines {"id": ..., "label": ...}, in percent.

  Args:
    texts: [[sentences, questions, id], ...].
    predictions: id -> number of a choice.
  """
  is_right = [str(each["choice"][predictions[each["id"]]]) == str(
      each["answer"]) for _, questions, _ in texts for each in questions]
  return 100 * sum(is_right) / len(is_right)
