"""The text of an answer in its context, against the reference's values."""
import pytest

import golden
from bert import tokenization
from bert.evaluation import answer_text

ROWS = golden.rows("squad", "final_text.jsonl")


@pytest.mark.parametrize("do_lower_case", [True, False])
def test_texts_are_the_references(do_lower_case):
  tokenizer = tokenization.BasicTokenizer(do_lower_case)
  rows = [row for row in ROWS if row["do_lower_case"] == do_lower_case]
  assert len(rows) > 20
  for row in rows:
    begin, end = answer_text.find(row["pred_text"], row["orig_text"],
                                  tokenizer).first
    assert row["orig_text"][begin:end] == row["final_text"], row


def test_pieces_make_words_again():
  assert answer_text.of_pieces(["the", "f", "##er", "##ry", "."]) == (
      "the ferry .")
  assert answer_text.of_pieces(["##er", "##ry"]) == "erry"


@pytest.mark.parametrize("normal, original, fragment", [
    ("x", "A b", "Unable to find"), ("e", "é\u00a0e\u0301", "Length not equal")])
def test_reason_is_told_where_the_text_is_not_found(normal, original, fragment):
  reasons = []
  found = answer_text.find(normal, original, tokenization.BasicTokenizer(True),
                           explain=reasons.append)
  assert found == ((0, len(original)), (0, len(original)))
  assert fragment in reasons[0]
