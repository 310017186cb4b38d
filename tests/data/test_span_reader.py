"""Questions with contexts as records' numbers, against the reference's."""
import pytest

import golden
import span_golden
from bert.data.examples import Annotation
from bert.data.span_reader import SpanReader, SpanSettings
from mistakes import message_of


def feature_groups():
  """(settings, windows) of each part of features.jsonl."""
  groups = []
  for row in golden.rows("squad", "features.jsonl"):
    if "tokens" not in row:
      groups.append((row, []))
    else:
      groups[-1][1].append(row)
  return groups


GROUPS = feature_groups()


@pytest.mark.parametrize("settings, rows", GROUPS, ids=[
    "%s-%d" % (settings["file"], number)
    for number, (settings, _) in enumerate(GROUPS)])
def test_windows_are_the_references(settings, rows):
  reader = span_golden.reader(settings)
  texts = span_golden.questions(settings["file"])
  for row in rows:
    passage = reader.read(*texts[row["qas_id"]])
    number = row["doc_span_index"]
    assert " ".join(passage.tokens(number)) == row["tokens"], row["qas_id"]
    assert passage.offset == row["doc_offset"]
    assert passage.num_tokens(number) == len(passage.tokens(number))
    assert passage.words_of(number) == row["token_to_orig_map"]
    assert "".join("01"[each] for each in passage.is_best(number)) == row[
        "token_is_max_context"]


def letters_reader(**settings):
  class Letters:
    """A token a letter."""

    def tokenize(self, text):
      return list(text)

    def convert_tokens_to_ids(self, tokens):
      return [ord(token[0]) for token in tokens]

  return SpanReader(Letters(), SpanSettings(**settings))


def test_answer_stands_in_the_windows_that_hold_all_of_it():
  reader = letters_reader(max_seq_length=8, doc_stride=2)
  passage = reader.read("q", "abcdefgh")
  assert passage.windows == [(0, 4), (2, 4), (4, 4)]
  span = reader.find_first(passage, [Annotation("cd", 2)])
  assert span == (2, 3)
  assert [passage.input_span(number, span) for number in range(3)] == [
      (5, 6), (3, 4), (0, 0)]
  assert passage.input_span(0, None) == (0, 0)
  assert passage.piece_at(1, 3) == 2


def test_window_is_padded_to_the_length():
  reader = letters_reader(max_seq_length=8)
  ids, mask, segments = reader.columns(reader.read("q", "ab"), 0)
  assert ids == [ord("["), ord("q"), ord("["), 97, 98, ord("["), 0, 0]
  assert mask == [1] * 6 + [0, 0]
  assert segments == [0, 0, 0, 1, 1, 1, 0, 0]


def test_question_is_truncated_and_that_is_counted():
  reader = letters_reader(max_seq_length=9, max_query_length=2)
  passage = reader.read("question", "ab")
  assert passage.question == ["q", "u"]
  assert passage.num_truncated == 6


def test_question_that_leaves_no_room_is_refused():
  reader = letters_reader(max_seq_length=8, max_query_length=5)
  message = message_of(reader.read, "quest", "a")
  assert "'quest'" in message and "--max_query_length" in message


@pytest.mark.parametrize("tokens, annotation, expected", [
    ("whitespace", ("b", 2), 2), ("whitespace", ("b", 3), 3),
    ("whitespace", ("d", 0), None), ("whitespace", ("d", -1), 6),
    ("whitespace", ("x", 0), None),
    ("character", ("b", 0), 2), ("character", ("d", 0), 6),
    ("character", ("x", 0), None), ("character", ("bc d", 2), 2)])
def test_answer_is_where_it_is_annotated_or_is_looked_for(
    tokens, annotation, expected):
  reader = letters_reader(max_seq_length=20, context_tokens=tokens)
  text = "a bc  d" if annotation[0] != "bc d" else "a bc d"
  assert reader.locate(text, reader.split(text),
                       Annotation(*annotation)) == expected


def test_context_of_questions_in_a_row_is_read_once():
  reader = letters_reader(max_seq_length=20)
  one, other = reader.read("q", "abc"), reader.read("r", "abc")
  assert one.pieces is other.pieces
  assert reader.read("q", "abd").pieces.tokens == ["a", "b", "d"]
