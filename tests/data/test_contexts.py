"""Contexts in words, pieces and windows, against the reference's values."""
import pytest

import golden
from bert.data import contexts
from bert.data.contexts import Span, Window


def squad_text(path):
  """Id of each question of a golden file -> (context, first answer)."""
  found = {}
  for article in golden.document("squad", path)["data"]:
    for paragraph in article["paragraphs"]:
      for question in paragraph["qas"]:
        answers = question.get("answers")
        found[question["id"]] = (paragraph["context"], answers and answers[0])
  return found


EXAMPLES = [row for row in golden.rows("squad", "examples.jsonl")
            if "qas_id" in row]


@pytest.mark.parametrize("path", sorted({row["file"] for row in EXAMPLES}))
def test_words_and_answers_are_the_references(path):
  texts = squad_text(path)
  num_answers = 0
  for row in EXAMPLES:
    if row["file"] != path:
      continue
    text, answer = texts[row["qas_id"]]
    context = contexts.split(text)
    assert context.words == row["doc_tokens"], row["qas_id"]
    for word, start in zip(context.words, context.starts):
      assert text[start:start + len(word)] == word
    if row.get("start_position") not in (None, -1):
      num_answers += 1
      span = contexts.find_answer(context, answer["text"],
                                  answer["answer_start"])
      assert span == (row["start_position"], row["end_position"])
      assert contexts.holds(context.words, span, answer["text"])
  assert num_answers or path.startswith("dev")


def test_white_space_of_five_kinds_alone_ends_words():
  context = contexts.split(" a\tb\rc\nd\u202fe\u00a0f\u3000g\u2009h  ")
  assert context.words == ["a", "b", "c", "d", "e\u00a0f\u3000g\u2009h"]
  assert contexts.split(" \n").words == contexts.split("").words == []


def test_character_is_in_a_word_or_behind_one():
  context = contexts.split(" ab  c")
  assert [context.word_at(place) for place in range(6)] == [-1, 0, 0, 0, 0, 1]


@pytest.mark.parametrize("text, words", [
    ("李娜从1998年起，住P30 Pro。", ["李", "娜", "从", "1998", "年", "起", "，", "住",
                                "P30", "Pro", "。"]),
    ("it's 7.5%", ["it", "'", "s", "7", ".", "5", "%"]),
    ("ß café\u3000İ", ["ß", "café", "İ"]), ("\u3000 ", [])])
def test_ideographs_and_marks_are_words_of_their_own(text, words):
  context = contexts.split_characters(text)
  assert context.words == words
  assert [text[start:start + len(word)] for word, start in zip(
      words, context.starts)] == words


def test_place_in_joined_words_is_that_in_the_text():
  text = "one \t two\n\nthree"
  context = contexts.split(text)
  joined = " ".join(context.words[1:])
  for offset, char in enumerate(joined):
    if char != " ":
      assert text[context.position_of(1, offset)] == char
  assert context.end_of(1) == text.index("two") + 3


@pytest.mark.parametrize("start, place", [
    (-1, 2), (0, 2), (2, 2), (3, 2), (5, 7), (7, 7), (99, 7)])
def test_answer_is_looked_for_near_the_place_that_is_said(start, place):
  assert contexts.nearest("..ab...ab.", "ab", start) == place


def test_answer_that_is_not_there_is_not_found():
  assert contexts.nearest("abc", "d", 1) is None
  assert contexts.nearest("abc", "", 0) is None
  assert contexts.nearest("abc", "d", -1) is None


def letters(word):
  return list(word.strip("-"))


def test_pieces_know_their_words():
  pieces = contexts.to_pieces(["ab", "-", "c"], letters)
  assert pieces.tokens == ["a", "b", "c"]
  assert pieces.words == [0, 0, 2]
  assert pieces.first == [0, 2, 2]


@pytest.mark.parametrize("answer, span", [
    ("bc", (1, 2)), ("abc", (0, 2)), ("xy", (0, 5)), ("b", (1, 1)),
    ("", (0, 5))])
def test_answer_is_the_first_pieces_that_are_its_own(answer, span):
  pieces = contexts.to_pieces(["abc", "abc", "d"], letters)
  assert contexts.piece_span(pieces, Span(0, 1), answer, letters) == span


WINDOWS = golden.rows("squad", "windows.jsonl")


def test_windows_are_the_references():
  for row in WINDOWS:
    actual = contexts.windows(row["num_tokens"], row["room"],
                              row["doc_stride"])
    assert [list(each) for each in actual] == row["spans"], row


def test_best_windows_are_the_references():
  for row in WINDOWS:
    best = contexts.best_windows([Window(*each) for each in row["spans"]],
                                 row["num_tokens"])
    changes = [[place, number] for place, number in enumerate(best)
               if not place or best[place - 1] != number]
    assert changes == [list(each) for each in row["first_of_best"]], row


def test_context_without_pieces_has_no_window():
  assert contexts.windows(0, 10, 3) == []
  assert contexts.best_windows([], 0) == []
