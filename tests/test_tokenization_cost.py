"""What tokenizing costs: work is counted, not timed."""
import unicodedata

import pytest

import golden
from bert import tokenization
from bert.data import contexts

pytestmark = pytest.mark.smoke


class CountingVocab(tokenization._Vocab):  # pylint: disable=protected-access
  """Counts the candidates that are looked up."""
  num_lookups = 0

  def __contains__(self, token):
    self.num_lookups += 1
    return super().__contains__(token)


class CountingDict(dict):
  """The same, of a program's own vocabulary."""
  num_lookups = 0

  def __contains__(self, token):
    self.num_lookups += 1
    return super().__contains__(token)


# Letter by letter, with a longest entry of four characters, ## included.
ENTRIES = ["q", "##q", "##ab", "[UNK]"]


@pytest.mark.parametrize("kind", [CountingVocab, CountingDict])
def test_candidates_are_no_longer_than_the_longest_entry(kind):
  vocab = kind((token, index) for index, token in enumerate(ENTRIES[:3]))
  tokenizer = tokenization.WordpieceTokenizer(vocab)
  assert tokenizer.tokenize("q" * 200) == ["q"] + ["##q"] * 199
  # All of it; then, for each letter, two with ## (or four at the word's start).
  assert vocab.num_lookups <= 1 + 4 + 2 * 199


@pytest.mark.parametrize("kind", [CountingVocab, dict])
def test_longer_entry_counts_as_soon_as_it_is_there(kind):
  vocab = kind((token, index) for index, token in enumerate(ENTRIES))
  tokenizer = tokenization.WordpieceTokenizer(vocab)
  assert tokenizer.tokenize("q" * 9) == ["q"] + ["##q"] * 8
  vocab["##" + "q" * 7] = 4
  assert tokenizer.tokenize("q" * 9) == ["q", "##" + "q" * 7, "##q"]
  del vocab["##" + "q" * 7]
  vocab.update({"q" * 8: 4})
  assert tokenizer.tokenize("q" * 9) == ["q" * 8, "##q"]
  tokenizer.vocab = kind([("q" * 9 + "a", 0), ("qqqqqqqqq", 1)])
  assert tokenizer.tokenize("q" * 9) == ["q" * 9]
  assert tokenizer.tokenize("q" * 9 + "a") == ["q" * 9 + "a"]


def test_vocabulary_of_whatever_has_contains_is_enough():
  class Tree:
    def __contains__(self, token):
      return token in ("a", "##b")

  assert tokenization.WordpieceTokenizer(Tree()).tokenize("ab") == ["a", "##b"]


@pytest.fixture
def tokenizer():
  return tokenization.FullTokenizer(golden.path("vocab.txt"))


TEXTS = [row["text"] for row in golden.rows("tokenization.jsonl")] + ["a" * 300]


class Fork(tokenization.FullTokenizer):
  def tokenize(self, text):
    return [piece.upper() for piece in super().tokenize(text)]


class OwnWords(tokenization.BasicTokenizer):
  def tokenize(self, text):
    return super().tokenize(text)[::2]


@pytest.mark.parametrize("change", [
    lambda tokenizer: None,
    lambda tokenizer: setattr(tokenizer, "__class__", Fork),
    lambda tokenizer: setattr(tokenizer, "basic_tokenizer", OwnWords()),
    lambda tokenizer: setattr(tokenizer, "tokenize", list)],
                         ids=["original", "subclass", "basic", "instance"])
def test_parts_are_those_of_the_whole(tokenizer, change):
  change(tokenizer)
  for text in TEXTS:
    whole = tokenizer.tokenize(text)
    for count in (1, 3, len(whole) or 1, len(whole) + 1):
      assert tokenizer.tokenize_part(text, num_first=count) == whole[:count]
      assert tokenizer.tokenize_part(text, num_last=count) == whole[-count:]


@pytest.mark.parametrize("end", ["num_first", "num_last"])
def test_rest_of_a_text_is_not_looked_up(tokenizer, end):
  words = ["word%d" % number for number in range(1000)]
  tokenizer.tokenize_part(" ".join(words), **{end: 10})
  # pylint: disable=protected-access
  assert 0 < len(tokenizer._cache) <= 10


def test_remembered_pieces_are_bounded(tokenizer, monkeypatch):
  monkeypatch.setattr(tokenization, "_CACHE_SIZE", 100)
  for number in range(200):
    tokenizer.tokenize("x%dzqzqzqzq" % number)
    # pylint: disable=protected-access
    remembered = tokenizer._cache.values()
    # The limit may be passed by one chunk.
    assert sum(1 + len(pieces) for pieces in remembered) < 100 + 20


# Marks of two classes, and one that is no Mn and has a class.
MARKS = "\u0301\u0316\u302e\U0001d165"


@pytest.mark.parametrize("text", [
    "a" + MARKS * 100, MARKS * 100, "\u1e69\u0323" * 150, "\ud55c\uad6d" * 150,
    ("a\u0301\u0316" * 4 + "\u302e\u0316\U0001d165\u0344") * 40])
def test_long_word_is_decomposed_as_unicode_says(text):
  assert len(text) > 200
  # pylint: disable=protected-access
  assert tokenization._decomposed(text) == unicodedata.normalize("NFD", text)


def test_word_of_many_accents_is_decomposed_by_character(monkeypatch):
  lengths = []

  class Counting:
    """unicodedata, whose normalize notes what it is given."""
    category = staticmethod(unicodedata.category)
    combining = staticmethod(unicodedata.combining)

    @staticmethod
    def normalize(form, text):
      lengths.append(len(text))
      return unicodedata.normalize(form, text)

  monkeypatch.setattr(tokenization, "unicodedata", Counting)
  word = "a" + "\u0301\u0316" * 1000
  assert tokenization.BasicTokenizer().tokenize(word) == ["a"]
  assert max(lengths) <= 200


@pytest.mark.parametrize("text, words", [
    ("ab,c d", ["ab", ",", "c", "d"]), ("  a", ["a"]), (",,", [",", ","]),
    ("ab\u6211cd \u6211", ["ab", "\u6211", "cd", "\u6211"]), ("", [])])
def test_characters_are_joined_to_words_with_their_positions(text, words):
  context = contexts.split_characters(text)
  assert context.words == words
  for start, word in zip(context.starts, words):
    assert text.startswith(word, start)
