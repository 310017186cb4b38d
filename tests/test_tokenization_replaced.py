"""Tokenizers whose parts a user has replaced or changed."""
import copy
import pickle

import pytest

from bert import tokenization

TOKENS = ["[UNK]", "un", "##aff", "##able", "unaff", "deep", "##er", "A", "a",
          "我", "们", "我们", ",", "café", "cafe", "the"]


@pytest.fixture(name="tokenizer")
def fixture_tokenizer(tmp_path):
  path = tmp_path / "vocab.txt"
  path.write_text("\n".join(TOKENS) + "\n", encoding="utf-8")
  tokenizer = tokenization.FullTokenizer(str(path))
  # Fills the cache with what is to change.
  assert tokenizer.tokenize("unaffable A 我们") == [
      "unaff", "##able", "a", "我", "们"]
  return tokenizer


class Recorder:
  """A sub-tokenizer that splits at spaces and keeps what it was given."""

  def __init__(self):
    self.texts = []

  def tokenize(self, text):
    self.texts.append(text)
    return text.split()


class NoIdeographs(tokenization.BasicTokenizer):
  """Leaves ideographs where they stand."""

  def _tokenize_chinese_chars(self, text):
    return text


def test_replaced_basic_tokenizer_gets_the_whole_text(tokenizer):
  tokenizer.basic_tokenizer = Recorder()
  assert tokenizer.tokenize("我们 unaffable,\t我们") == [
      "我们", "[UNK]", "我们"]
  assert tokenizer.tokenize("我们 unaffable") == ["我们", "unaff", "##able"]
  assert tokenizer.basic_tokenizer.texts == ["我们 unaffable,\t我们",
                                             "我们 unaffable"]


def test_replaced_wordpiece_tokenizer_gets_a_word_a_call(tokenizer):
  tokenizer.wordpiece_tokenizer = Recorder()
  assert tokenizer.tokenize("Deeper, 我们") == ["deeper", ",", "我", "们"]
  assert tokenizer.wordpiece_tokenizer.texts == ["deeper", ",", "我", "们"]


def test_subclass_of_the_basic_tokenizer_is_obeyed(tokenizer):
  tokenizer.basic_tokenizer = NoIdeographs(do_lower_case=True)
  assert tokenizer.tokenize("我们 A") == ["我们", "a"]


def test_method_replaced_on_the_object_is_obeyed(tokenizer):
  tokenizer.basic_tokenizer._run_split_on_punc = lambda text: [text + "er"]
  assert tokenizer.tokenize("deep") == ["deep", "##er"]
  tokenizer.wordpiece_tokenizer.tokenize = lambda text: ["<%s>" % text]
  assert tokenizer.tokenize("deep") == ["<deeper>"]


@pytest.mark.parametrize("text", ["我们", "Deep 我们"])
def test_method_replaced_on_the_class_is_obeyed(tokenizer, monkeypatch, text):
  monkeypatch.setattr(tokenization.BasicTokenizer, "_tokenize_chinese_chars",
                      lambda self, text: text)
  assert tokenizer.tokenize(text)[-1] == "我们"
  monkeypatch.undo()
  assert tokenizer.tokenize(text)[-1] == "们"


CHANGES = {
    "added": lambda vocab: vocab.update(unaffable=99),
    "set": lambda vocab: vocab.__setitem__("unaffable", 99),
    "default": lambda vocab: vocab.setdefault("unaffable", 99),
    "renamed": lambda vocab: vocab.update(unaffable=vocab.pop("the")),
    "taken": lambda vocab: vocab.pop("unaff"),
    "deleted": lambda vocab: vocab.__delitem__("unaff"),
    "cleared": lambda vocab: vocab.clear(),
}
AFTER = {"taken": ["un", "##aff", "##able"], "deleted": ["un", "##aff", "##able"],
         "cleared": ["[UNK]"]}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_change_of_the_vocabulary_has_effect(tokenizer, name):
  CHANGES[name](tokenizer.vocab)
  assert tokenizer.tokenize("unaffable") == AFTER.get(name, ["unaffable"])


def test_popped_last_entry_has_effect(tokenizer):
  assert tokenizer.tokenize("the") == ["the"]
  assert tokenizer.vocab.popitem() == ("the", len(TOKENS) - 1)
  assert tokenizer.tokenize("the") == ["[UNK]"]


@pytest.mark.parametrize("make", [dict, copy.copy, copy.deepcopy])
def test_another_vocabulary_has_effect_at_once_and_after_changes(
    tokenizer, make):
  vocab = make(tokenizer.vocab)
  tokenizer.wordpiece_tokenizer.vocab = vocab
  assert tokenizer.tokenize("unaffable") == ["unaff", "##able"]
  vocab["unaffable"] = vocab.pop("the")
  assert tokenizer.tokenize("unaffable") == ["unaffable"]
  assert "unaffable" not in tokenizer.vocab


def test_change_of_casing_has_effect(tokenizer):
  tokenizer.basic_tokenizer.do_lower_case = False
  assert tokenizer.tokenize("A café") == ["A", "café"]
  tokenizer.basic_tokenizer.do_lower_case = True
  assert tokenizer.tokenize("A café") == ["a", "cafe"]


def test_change_of_limit_and_unknown_token_has_effect(tokenizer):
  tokenizer.wordpiece_tokenizer.max_input_chars_per_word = 8
  assert tokenizer.tokenize("unaffable") == ["[UNK]"]
  tokenizer.wordpiece_tokenizer.unk_token = "?"
  assert tokenizer.tokenize("unaffable") == ["?"]


def test_subclass_that_makes_its_own_parts_works(tokenizer):
  class Own(tokenization.FullTokenizer):

    def __init__(self):  # pylint: disable=super-init-not-called
      self.vocab = tokenizer.vocab
      self.basic_tokenizer = tokenization.BasicTokenizer()
      self.wordpiece_tokenizer = tokenization.WordpieceTokenizer(self.vocab)

  assert Own().tokenize("unaffable") == ["unaff", "##able"]


def test_copies_of_a_tokenizer_tokenize(tokenizer):
  for other in (copy.deepcopy(tokenizer),
                pickle.loads(pickle.dumps(tokenizer))):
    assert other.tokenize("unaffable 我") == ["unaff", "##able", "我"]
    other.vocab["unaffable"] = 99
    other.wordpiece_tokenizer.vocab["unaffable"] = 99
    assert other.tokenize("unaffable") == ["unaffable"]


def test_helpers_that_forks_call():
  basic = tokenization.BasicTokenizer()
  assert basic._clean_text("a\x00\ufffd\u200bb\u00a0c\td") == "ab c d"
  assert basic._run_strip_accents("Éçà") == "Eca"
  assert basic._run_split_on_punc("a,b.") == ["a", ",", "b", "."]
  assert basic._run_split_on_punc("") == []
  assert basic._tokenize_chinese_chars("a我b") == "a 我 b"
  assert [basic._is_chinese_char(ord(char)) for char in "我a、あ한豈"] == [
      True, False, False, False, False, True]
  assert basic._is_chinese_char(0x20000) is True
