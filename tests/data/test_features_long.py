"""Texts longer than the model: what is kept, in how many windows, and words."""
import pytest

import golden
from bert.data import truncation
from bert.data.tokenizers import vocabulary
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.features import TextEncoder
from bert.data.truncation import TruncationSettings
from bert.data.truncation import TruncationStats
from bert.heads import registry
from mistakes import message_of
from bert.training import task

LETTERS = "abcdefghij"


@pytest.fixture(scope="module")
def tokenizer():
  return vocabulary.load_tokenizer(golden.path("vocab.txt"), True)


def example(text, label="no", text_b=None):
  return InputExample("g", text, text_b, label)


def encoded(tokenizer, text, length, **settings):
  """Tokens, features and stats of a text that is word pieces already."""
  encoder = TextEncoder(tokenizer, length, TruncationSettings(**settings))
  (features,), stats = registry.create("classification", [
      "no", "yes"]).to_features(example(text), encoder)
  return tokenizer.convert_ids_to_tokens(features["input_ids"]), features, stats


def encoded_words(head, words, length, tokenizer):
  """Features and stats of an example that is words."""
  (features,), stats = head.to_features(words, TextEncoder(tokenizer, length))
  return features, stats


def pieces(tokenizer, count):
  """Distinct word pieces of the vocabulary."""
  return [token for token in tokenizer.vocab
          if token.isalpha() and len(token) > 1][:count]


@pytest.mark.parametrize("settings, kept", [
    (dict(), [0, 1, 2, 3]), (dict(truncation="tail"), [6, 7, 8, 9]),
    (dict(truncation="head_tail", head_tokens=1), [0, 7, 8, 9]),
    (dict(truncation="head_tail", head_tokens=3), [0, 1, 2, 9]),
    (dict(truncation="head_tail", head_tokens=9), [0, 1, 2, 3])])
def test_part_that_is_asked_for_is_kept(tokenizer, settings, kept):
  text = pieces(tokenizer, 10)
  tokens, features, stats = encoded(tokenizer, text, 6, **settings)
  assert tokens == ["[CLS]"] + [text[place] for place in kept] + ["[SEP]"]
  assert features["input_mask"] == [1] * 6 and features["segment_ids"] == [0] * 6
  assert stats == TruncationStats(10, 6)


@pytest.mark.parametrize("truncation", ["head", "tail", "head_tail"])
def test_text_that_fits_stays_as_it_is(tokenizer, truncation):
  text = pieces(tokenizer, 4)
  tokens, features, stats = encoded(tokenizer, text, 8, truncation=truncation,
                                 head_tokens=1)
  assert tokens[:6] == ["[CLS]"] + text + ["[SEP]"]
  assert features["input_mask"] == [1] * 6 + [0, 0]
  assert stats == TruncationStats(4, 0)


@pytest.mark.parametrize("num_tokens, stride, windows, num_lost", [
    (3, None, [(0, 3)], 0), (4, None, [(0, 4)], 0),
    (5, None, [(0, 4), (4, 5)], 0), (8, None, [(0, 4), (4, 8)], 0),
    (12, None, [(0, 4), (4, 8), (8, 12)], 0),
    (14, None, [(0, 4), (4, 8), (8, 12)], 2),
    (5, 2, [(0, 4), (2, 5)], 0), (8, 2, [(0, 4), (2, 6), (4, 8)], 0),
    (9, 2, [(0, 4), (2, 6), (4, 8)], 1), (0, None, [(0, 0)], 0)])
def test_windows_slide_over_the_text(tokenizer, num_tokens, stride, windows,
                                     num_lost):
  text = pieces(tokenizer, num_tokens)
  tokens, features, stats = encoded(tokenizer, text, 6, num_windows=3,
                                 window_stride=stride)
  assert len(features["input_ids"]) == len(features["input_mask"]) == 18
  for place in range(3):
    row = slice(6 * place, 6 * place + 6)
    start, stop = windows[place] if place < len(windows) else (None, None)
    wanted = ["[CLS]"] + text[start:stop] + ["[SEP]"] if (
        place < len(windows)) else []
    assert tokens[row][:len(wanted)] == wanted
    assert features["input_mask"][row] == [1] * len(wanted) + [0] * (6 - len(wanted))
    assert features["input_ids"][row][len(wanted):] == [0] * (6 - len(wanted))
  assert stats == TruncationStats(num_tokens, num_lost)


def test_padding_example_has_all_windows_empty(tokenizer):
  encoder = TextEncoder(tokenizer, 6, TruncationSettings(num_windows=3))
  (features,), stats = registry.create("classification", ["no"]).to_features(
      PaddingInputExample(), encoder)
  assert features["input_ids"] == features["input_mask"] == [0] * 18
  assert features["is_real_example"] == [0] and stats == TruncationStats(0, 0)


@pytest.mark.parametrize("settings, flag", [
    (TruncationSettings(truncation="tail"), "--truncation=tail"),
    (TruncationSettings(num_windows=2), "--num_windows=2")])
def test_settings_of_single_texts_refuse_pairs_and_words(settings, flag):
  texts = registry.create("classification", ["no", "yes"])
  task.check_examples([example("a")], texts, settings, True)
  message = message_of(
      task.check_examples, [example("a"), example("a", text_b="b")], texts,
      settings, True)
  assert message.startswith(flag) and "pair" in message
  message = message_of(task.check_examples, [], registry.create(
      "tagging", ["O"]), settings, True)
  assert message.startswith(flag) and "tagging" in message


def test_words_carry_their_label_at_their_first_piece(tokenizer):
  head = registry.create("tagging", ["O", "B-X", "I-X"])
  split = next(first + second for first in pieces(tokenizer, 50)
               for second in pieces(tokenizer, 50)
               if 1 < len(tokenizer.tokenize(first + second)) < 5)
  words = ["the", split, "\u200b", "who"]
  num_pieces = len(tokenizer.tokenize(split))
  features, stats = encoded_words(
      head, example(words, ["O", "B-X", "I-X", "O"]), 12, tokenizer)
  tokens = tokenizer.convert_ids_to_tokens(features["input_ids"])
  assert tokens[:num_pieces + 5] == (
      ["[CLS]", "the"] + tokenizer.tokenize(split) + ["[UNK]", "who", "[SEP]"])
  expected = [0, 1, 2] + [0] * (num_pieces - 1) + [3, 1, 0]
  assert features["label_ids"] == expected + [0] * (12 - len(expected))
  assert stats == TruncationStats(num_pieces + 3, 0)


def test_words_beyond_the_length_have_no_place(tokenizer):
  head = registry.create("tagging", ["O", "B-X"])
  features, stats = encoded_words(
      head, example(["the"] * 5, ["B-X"] * 5), 5, tokenizer)
  assert features["label_ids"] == [0, 2, 2, 2, 0]
  assert stats == TruncationStats(5, 2)


def test_words_of_a_test_set_have_a_place_too(tokenizer):
  head = registry.create("tagging", ["B-X", "O"])
  features, _ = encoded_words(head, example(["the", "who"], None), 5, tokenizer)
  assert features["label_ids"] == [0, 2, 2, 0, 0]


def test_each_word_needs_a_label():
  head = registry.create("tagging", ["O", "B-X"])
  head.check_example(example(["a", "b"], ["O", "B-X"]), True)
  message = message_of(head.check_example, example(["a", "b"], ["O"]), True)
  assert "2 words and 1 labels" in message
  message = message_of(head.check_example,
                       example(["a", "b"], ["O", "I-X"]), True)
  assert "'I-X'" in message


@pytest.fixture
def lines(monkeypatch):
  logged = []
  monkeypatch.setattr(truncation.tf.logging, "info",
                      lambda text, *values: logged.append(text % values))
  return logged


def test_share_that_was_lost_is_told(lines):
  counter = truncation.TruncationCounter()
  for stats in ((10, 0), (30, 20), (40, 0)):
    counter.add(TruncationStats(*stats))
  counter.log("train", "max_seq_length", 128)
  assert lines == ["train set: 1 of 3 examples are longer than "
                   "--max_seq_length=128; 25.0 % of all tokens are not read"]


def test_nothing_is_told_where_nothing_was_lost(lines):
  counter = truncation.TruncationCounter()
  counter.add(TruncationStats(10, 0))
  counter.log("train", "max_seq_length", 128)
  assert lines == []


LONG, SHORT = "the captain said two votes before sunrise " * 5, "ferry left"
SETTINGS = [dict(), dict(truncation="tail"), dict(num_windows=3),
            dict(truncation="head_tail", head_tokens=3),
            dict(truncation="head_tail", head_tokens=99),
            dict(num_windows=3, window_stride=4)]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("length", [5, 8, 16, 60, 200])
def test_ids_are_the_same_without_what_is_not_read(tokenizer, settings, length):
  whole, part = [
      TextEncoder(tokenizer, length, TruncationSettings(**settings),
                  counts_all=counts_all) for counts_all in (True, False)]
  pieces_of_text = tokenizer.tokenize(LONG)
  for text in (LONG, SHORT, "two", " ", pieces_of_text):
    for other in (None, "", "\u0301", LONG, SHORT, "two", pieces_of_text):
      assert (part.encode_text(text, other).columns ==
              whole.encode_text(text, other).columns), (text, other)
  for words in (LONG.split(), SHORT.split(), [" ", "two"] * 50):
    assert part.encode_words(words)[::2] == whole.encode_words(words)[::2]


class Counting:
  """A tokenizer that notes how many pieces of a text it has been asked for."""

  def __init__(self, tokenizer):
    self.convert_tokens_to_ids = tokenizer.convert_tokens_to_ids
    self.tokenize_part = lambda text, **ends: self._note(
        tokenizer.tokenize_part(text, **ends))
    self.tokenize = lambda text: self._note(tokenizer.tokenize(text))
    self.num_pieces = 0

  def _note(self, pieces_of_text):
    self.num_pieces += len(pieces_of_text)
    return pieces_of_text


@pytest.mark.parametrize("settings, most", [
    (dict(), 6), (dict(truncation="tail"), 12), (dict(num_windows=3), 18),
    (dict(truncation="head_tail", head_tokens=3), 12)], ids=str)
def test_no_more_is_tokenized_than_is_read(tokenizer, settings, most):
  for pair, num_read in (((LONG, None), most), ((LONG, LONG), 2 * 5)):
    counting = Counting(tokenizer)
    TextEncoder(counting, 8, TruncationSettings(**settings),
                counts_all=False).encode_text(*pair)
    assert counting.num_pieces <= num_read
  counting = Counting(tokenizer)
  TextEncoder(counting, 8, counts_all=False).encode_words(LONG.split())
  assert counting.num_pieces < 6 + 10  # The last word may have a few more.
