"""The places of answers: where the model means them, in the text as given."""
import numpy as np
import pytest

from bert import tokenization
from bert.data.tokenizers.char_tokenizer import CharTokenizer
from bert.data.examples import InputExample
from bert.data.span_reader import SpanReader, SpanSettings
from bert.evaluation import answer_files, answer_finder
from bert.options.finetuning import SpanOptions

VOCAB = ("[PAD] [UNK] [CLS] [SEP] [MASK] [unused1] who ferry left cafe 李 娜 b "
         "##an - , x").split()


@pytest.fixture(scope="module")
def vocab(tmp_path_factory):
  path = tmp_path_factory.mktemp("vocab") / "vocab.txt"
  path.write_text("\n".join(VOCAB), encoding="utf-8")
  return str(path)


def find(vocab, context, tokens, chosen, tokenizer=tokenization.FullTokenizer):
  """The answers of a model that chose the first and last of some pieces."""
  reader = SpanReader(tokenizer(vocab), SpanSettings(
      64, context_tokens=tokens))
  passage = reader.read("who", context)
  logits = np.zeros([2, 64], np.float32)
  logits[[0, 1], [passage.offset + place for place in chosen]] = 9.0
  return answer_finder.AnswerFinder(reader, SpanOptions(
      context_tokens=tokens)).find(InputExample("q", "who", context),
                                   [tuple(logits)] * len(
                                       passage.windows))


# Context, pieces that are chosen, what they are in it and where they begin.
PLACES = [
    ("  ferry\tleft  ferry ", (0, 0), "ferry", 2),
    ("  ferry\tleft  ferry ", (2, 2), "ferry", 14),
    ("\tferry \u202f ferry", (1, 1), "ferry", 9),
    ("Ferry-ferry", (0, 0), "Ferry", 0),
    ("Ferry-ferry", (2, 2), "ferry", 6),
    ("ferry-FERRY left", (2, 3), "FERRY left", 6),
    ("café-Café,CAFÉ", (2, 2), "Café", 5),
    ("café-Café,CAFÉ", (4, 4), "CAFÉ", 10),
    ("李娜,李娜", (3, 4), "李娜", 3),
    ("李娜李娜", (1, 2), "娜李", 1),
    ("李李李", (1, 2), "李李", 1),
    ("banan", (1, 1), "an", 1),
    ("banan", (2, 2), "an", 3),
    # What is unknown is one piece, however long it is.
    ("口李口李", (3, 3), "李", 3),
    ("xyz,李,李", (4, 4), "李", 6),
]


@pytest.mark.parametrize("tokens", ["whitespace", "character"])
@pytest.mark.parametrize("context, chosen, text, begin", PLACES)
def test_place_is_the_one_that_was_chosen(vocab, tokens, context, chosen, text,
                                          begin):
  found = find(vocab, context, tokens, chosen)
  (first, *_) = answer_finder.to_objects(found, context)
  assert (first["answer"], first["start"]) == (text, begin)
  assert first["end"] == begin + len(text)
  for each in answer_finder.to_objects(found, context):
    assert context[each["start"]:each["end"]] == each["answer"]


def test_text_is_the_references_and_its_place_that_of_the_text_as_given(vocab):
  context = " Ferry-ferry\t \tleft"
  found = find(vocab, context, "whitespace", (2, 3))
  # The reference release joins the words.
  assert found.best == "ferry left"
  (first, *_) = answer_finder.to_objects(found, context)
  assert (first["answer"], first["start"], first["end"]) == (
      "ferry\t \tleft", 7, 19)
  # And of one word that holds it twice, it takes the first.
  found = find(vocab, context, "whitespace", (2, 2))
  assert found.best == "Ferry"
  files = answer_files.lines_of([InputExample("q", "who", context)], [found])
  assert '    "q": "Ferry"' in files["predictions.json"]
  _, row = files["test_predictions.tsv"]
  assert row.split("\t")[1:2] + row.split("\t")[3:] == ["ferry", "7", "12"]


def test_character_words_give_the_text_that_stands_there(vocab):
  context = "Cafe-CAFÉ\u3000 left"
  found = find(vocab, context, "character", (2, 3))
  assert found.best == "CAFÉ\u3000 left"
  assert (found.all[0].begin, found.all[0].end) == (5, 15)


@pytest.mark.parametrize("tokens", ["whitespace", "character"])
def test_where_the_characters_differ_all_of_the_words_are_the_answer(vocab,
                                                                     tokens):
  # Lower-casing takes the accent of the second word off, a character.
  context = "  x ferry-cafe\u0301-ferry  x"
  found = find(vocab, context, tokens, (1, 5))
  (first, *_) = answer_finder.to_objects(found, context)
  assert (first["answer"], first["start"], first["end"]) == (
      "ferry-cafe\u0301-ferry", 4, 21)


@pytest.mark.parametrize("tokens", ["whitespace", "character"])
def test_characters_as_tokens_make_answers_of_several_words(vocab, tokens):
  context = " xb  xb  x"
  found = find(vocab, context, tokens, (1, 3), CharTokenizer)
  (first, *_) = answer_finder.to_objects(found, context)
  assert (first["answer"], first["start"], first["end"]) == ("b  xb", 2, 7)


def test_no_place_is_given_where_there_is_none(vocab):
  found = find(vocab, " ", "whitespace", (0, 0))
  assert answer_finder.to_objects(found, " ") == [
      {"answer": "empty", "score": 1.0, "start": None, "end": None}]
