"""The answers of logits, against the reference's values."""
import collections

import numpy as np
import pytest

import golden
import span_golden
from bert.evaluation import answer_text
from bert.evaluation.answers import (
    AnswerSettings, Candidate, TextSpan, WindowLogits, choose)

ROWS = golden.rows("squad", "postprocess.jsonl")


def answers_of(row):
  """Id -> Answers of a golden row."""
  basic = span_golden.tokenizer(row["do_lower_case"]).basic_tokenizer
  settings = AnswerSettings(
      row["n_best_size"], row["max_answer_length"],
      row["version_2_with_negative"], row["null_score_diff_threshold"])
  logits = {each["unique_id"]: [np.float32(each[name]) / row[
      "logits_divided_by"] for name in ("start_logits", "end_logits")]
            for each in row["results"]}
  features = collections.defaultdict(list)
  for feature in row["features"]:
    features[feature["example_index"]].append(feature)
  found = {}
  for index, example in enumerate(row["examples"]):
    windows = features[index]

    def text_of(candidate, windows=windows, words=example["doc_tokens"]):
      window = windows[candidate.window]
      offset = window["doc_offset"]
      pieces = window["tokens"].split(" ")[candidate.start:candidate.end + 1]
      first, last = [window["token_to_orig_map"][place - offset]
                     for place in (candidate.start, candidate.end)]
      text = " ".join(words[first:last + 1])
      begin, end = answer_text.find(answer_text.of_pieces(pieces), text,
                                    basic).first
      return TextSpan(text[begin:end])

    found[example["qas_id"]] = choose(
        [WindowLogits(*logits[each["unique_id"]], each["doc_offset"],
                      [bit == "1" for bit in each["token_is_max_context"]])
         for each in windows], settings, text_of)
  return found


@pytest.mark.parametrize("row", [row for row in ROWS if "raises" not in row],
                         ids=lambda row: "n%d" % row["n_best_size"])
def test_answers_are_the_references(row):
  found = answers_of(row)
  assert {name: each.best for name, each in found.items()} == row["predictions"]
  for name, each in found.items():
    texts, probabilities, starts, ends = zip(*row["nbest"][name])
    assert [answer.text for answer in each.all] == list(texts), name
    golden.assert_close([answer.probability for answer in each.all],
                        probabilities, 1e-9)
    golden.assert_close([answer.start_logit for answer in each.all], starts)
    golden.assert_close([answer.end_logit for answer in each.all], ends)
  odds = {name: each.null_odds for name, each in found.items()}
  if row["null_odds"] is None:
    assert set(odds.values()) == {None}
  else:
    assert odds == pytest.approx(row["null_odds"], rel=1e-12)


def test_where_the_reference_crashes_there_is_no_answer():
  (row,) = [row for row in ROWS if "raises" in row]
  found = answers_of(row)
  assert set(found) == {each["qas_id"] for each in row["examples"]}
  empty = [each for each in found.values() if each.best == ""]
  assert empty and all(np.isfinite(each.null_odds) for each in found.values())


def window(start_logits, end_logits, first=1, is_best=None):
  is_best = [True] * (len(start_logits) - first) if is_best is None else is_best
  return WindowLogits(np.float32(start_logits), np.float32(end_logits), first,
                      is_best)


def text_of(candidate):
  return TextSpan("%d:%d-%d" % (candidate.window, candidate.start,
                                candidate.end), candidate.start,
                  candidate.end + 1)


def test_answer_has_its_place_and_the_probability_among_those_kept():
  found = choose([window([0, 3, 1], [0, 1, 2])], AnswerSettings(2), text_of)
  assert [each.text for each in found.all] == ["0:1-2", "0:1-1"]
  assert (found.all[0].begin, found.all[0].end) == (1, 3)
  # Logits of 5 and 4.
  assert found.probability == pytest.approx(1 / (1 + np.exp(-1)))


def test_answer_begins_in_its_best_window_and_is_not_too_long():
  first = window([0, 9, 9], [0, 9, 9], is_best=[False, True])
  second = window([0, 8, 0], [0, 0, 8])
  found = choose([first, second], AnswerSettings(5, 1), text_of)
  assert {each.text for each in found.all} == {
      "0:2-2", "1:1-1", "1:2-2"}


@pytest.mark.parametrize("may_be_none, text", [(False, "empty"), (True, "")])
def test_context_without_words_has_one_answer(may_be_none, text):
  found = choose([], AnswerSettings(may_be_none=may_be_none), text_of)
  assert [each.text for each in found.all] == [text] == [found.best]
  assert found.probability == 1.0
  assert found.all[0].begin == -1


def test_threshold_of_null_odds_decides():
  windows = [window([2, 1], [0, 0.5])]  # None: 2, the answer: 1.5.
  for threshold, best in ((0.4, ""), (0.6, "0:1-1")):
    found = choose(windows, AnswerSettings(
        may_be_none=True, null_threshold=threshold), text_of)
    assert found.null_odds == 0.5
    assert found.best == best
  assert Candidate(0, 1, 1, 1.0, 0.5).logit == 1.5
