"""Texts read a character at a time."""
import pytest

import golden
from bert.data.tokenizers import char_tokenizer
from bert.data import features
from bert.data.tokenizers import vocabulary
from bert.pretraining import corpus

ENTRIES = ["[PAD]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b",
           "A", "我", "们", "ab", "##b", ",", "é", "1"]


def load(folder, entries=tuple(ENTRIES), do_lower_case=True):
  path = folder / "vocab.txt"
  path.write_text("\n".join(entries) + "\n", encoding="utf-8")
  return vocabulary.load_tokenizer(str(path), do_lower_case, "char")


@pytest.mark.parametrize("text, cased, lowered", [
    ("ab 我们", ["a", "b", "[unused1]", "我", "们"], None),
    ("AbC", ["A", "b", "[UNK]"], ["a", "b", "[UNK]"]),
    # Nothing is joined, split, dropped or stripped of its accent.
    (" \t\n\u3000\u00a0\u2028", ["[unused1]"] * 6, None),
    ("\u200b\x00\ufffd\u0301", ["[UNK]"] * 4, None),
    ("éÉ,，11", ["é", "[UNK]", ",", "[UNK]", "1", "1"],
     ["é", "é", ",", "[UNK]", "1", "1"]),
    ("\U0001f600\U00020000a", ["[UNK]", "[UNK]", "a"], None),
    # Lower-casing makes two characters of the first.
    ("\u0130a", ["[UNK]", "a"], None),
    ("[CLS]", ["[UNK]"] * 5, None), ("##b", ["[UNK]", "[UNK]", "b"], None),
    ("", [], None), ("我们".encode("utf-8"), ["我", "们"], None)])
def test_each_character_is_a_token(tmp_path, text, cased, lowered):
  assert load(tmp_path, do_lower_case=False).tokenize(text) == cased
  assert load(tmp_path).tokenize(text) == (lowered or cased)


def test_white_space_is_unknown_where_the_vocabulary_lacks_its_token(
    tmp_path, warnings):
  tokenizer = load(tmp_path, [each for each in ENTRIES if "unused" not in each])
  assert tokenizer.tokenize("a b") == ["a", "[UNK]", "b"]
  assert sum("[unused1]" in each for each in warnings) == 1


def test_ids_are_those_of_the_vocabulary(tmp_path):
  tokenizer = load(tmp_path)
  assert tokenizer.convert_tokens_to_ids(tokenizer.tokenize("A 我x")) == [
      6, 1, 9, 2]
  assert tokenizer.convert_ids_to_tokens([9, 1]) == ["我", "[unused1]"]
  assert isinstance(tokenizer, char_tokenizer.CharTokenizer)
  assert vocabulary.kind_of(tokenizer) == "char"
  assert vocabulary.kind_of(vocabulary.load_tokenizer(
      golden.path("vocab.txt"), True)) == "wordpiece"


def test_first_character_of_a_word_is_its_start(tmp_path):
  encoder = features.TextEncoder(load(tmp_path), 10)
  encoded = encoder.encode_words(["ab", "我们", "x", "a b"])
  assert encoded.columns["input_ids"] == [3, 6, 7, 9, 10, 2, 6, 1, 7, 4]
  assert list(encoded.word_starts) == [1, 3, 5, 6]
  assert encoded.stats == (8, 0)


@pytest.mark.parametrize("words", [["我们", "ab", " ", "A"],
                                   ["我们", "ab", "A"]])
def test_characters_of_a_segmenters_word_go_together(tmp_path, words):
  tokenizer = load(tmp_path)
  path = tmp_path / "text.txt"
  path.write_text("我们ab A\n", encoding="utf-8")
  ((tokens,),) = corpus.read_documents(corpus.Corpus(
      [str(path)], tokenizer, lambda line: words, 32))
  assert tokens == [9, ~10, 6, ~7, 1, 6]
