"""Texts longer than the model: what is kept, in how many windows, and words."""
import pytest

import golden
from bert.data import features
from bert.heads import registry
from mistakes import message_of

LETTERS = "abcdefghij"


@pytest.fixture(scope="module")
def tokenizer():
  return features.load_tokenizer(golden.path("vocab.txt"), True)


def example(text, label="no", text_b=None):
  return features.InputExample("g", text, text_b, label)


def converted(tokenizer, text, length, **reading):
  """Tokens, mask and segment ids of a text that is word pieces already."""
  found, cut = features.convert(
      example(text), registry.create("classification", ["no", "yes"]), length,
      tokenizer, features.Reading(**reading))
  tokens = tokenizer.convert_ids_to_tokens(found.input_ids)
  return tokens, found, cut


def pieces(tokenizer, count):
  """Distinct word pieces of the vocabulary."""
  return [token for token in tokenizer.vocab
          if token.isalpha() and len(token) > 1][:count]


@pytest.mark.parametrize("reading, kept", [
    (dict(), [0, 1, 2, 3]), (dict(truncation="tail"), [6, 7, 8, 9]),
    (dict(truncation="head_tail", head_tokens=1), [0, 7, 8, 9]),
    (dict(truncation="head_tail", head_tokens=3), [0, 1, 2, 9]),
    (dict(truncation="head_tail", head_tokens=9), [0, 1, 2, 3])])
def test_part_that_is_asked_for_is_kept(tokenizer, reading, kept):
  text = pieces(tokenizer, 10)
  tokens, found, cut = converted(tokenizer, text, 6, **reading)
  assert tokens == ["[CLS]"] + [text[place] for place in kept] + ["[SEP]"]
  assert found.input_mask == [1] * 6 and found.segment_ids == [0] * 6
  assert cut == features.Cut(10, 6)


@pytest.mark.parametrize("truncation", ["head", "tail", "head_tail"])
def test_text_that_fits_stays_as_it_is(tokenizer, truncation):
  text = pieces(tokenizer, 4)
  tokens, found, cut = converted(tokenizer, text, 8, truncation=truncation,
                                 head_tokens=1)
  assert tokens[:6] == ["[CLS]"] + text + ["[SEP]"]
  assert found.input_mask == [1] * 6 + [0, 0]
  assert cut == features.Cut(4, 0)


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
  tokens, found, cut = converted(tokenizer, text, 6, num_windows=3,
                                 window_stride=stride)
  assert len(found.input_ids) == len(found.input_mask) == 18
  for place in range(3):
    row = slice(6 * place, 6 * place + 6)
    start, stop = windows[place] if place < len(windows) else (None, None)
    wanted = ["[CLS]"] + text[start:stop] + ["[SEP]"] if (
        place < len(windows)) else []
    assert tokens[row][:len(wanted)] == wanted
    assert found.input_mask[row] == [1] * len(wanted) + [0] * (6 - len(wanted))
    assert found.input_ids[row][len(wanted):] == [0] * (6 - len(wanted))
  assert cut == features.Cut(num_tokens, num_lost)


def test_padding_example_has_all_windows_empty(tokenizer):
  found, cut = features.convert(
      features.PaddingInputExample(), registry.create("classification", ["no"]),
      6, tokenizer, features.Reading(num_windows=3))
  assert found.input_ids == found.input_mask == [0] * 18
  assert found.is_real_example == [0] and cut == features.Cut(0, 0)


@pytest.mark.parametrize("reading, flag", [
    (features.Reading(truncation="tail"), "--truncation=tail"),
    (features.Reading(num_windows=2), "--num_windows=2")])
def test_reading_of_single_texts_refuses_pairs_and_words(reading, flag):
  texts = registry.create("classification", ["no", "yes"])
  features.check_reading([example("a")], texts, reading)
  message = message_of(features.check_reading,
                       [example("a"), example("a", text_b="b")], texts, reading)
  assert message.startswith(flag) and "pair" in message
  message = message_of(features.check_reading, [], registry.create(
      "tagging", ["O"]), reading)
  assert message.startswith(flag) and "tagging" in message


def test_words_carry_their_label_at_their_first_piece(tokenizer):
  head = registry.create("tagging", ["O", "B-X", "I-X"])
  split = next(first + second for first in pieces(tokenizer, 50)
               for second in pieces(tokenizer, 50)
               if 1 < len(tokenizer.tokenize(first + second)) < 5)
  words = ["the", split, "\u200b", "who"]
  num_pieces = len(tokenizer.tokenize(split))
  found, cut = features.convert(
      example(words, ["O", "B-X", "I-X", "O"]), head, 12, tokenizer)
  tokens = tokenizer.convert_ids_to_tokens(found.input_ids)
  assert tokens[:num_pieces + 5] == (
      ["[CLS]", "the"] + tokenizer.tokenize(split) + ["[UNK]", "who", "[SEP]"])
  expected = [0, 1, 2] + [0] * (num_pieces - 1) + [3, 1, 0]
  assert found.label_ids == expected + [0] * (12 - len(expected))
  assert cut == features.Cut(num_pieces + 3, 0)


def test_words_beyond_the_length_have_no_place(tokenizer):
  head = registry.create("tagging", ["O", "B-X"])
  found, cut = features.convert(
      example(["the"] * 5, ["B-X"] * 5), head, 5, tokenizer)
  assert found.label_ids == [0, 2, 2, 2, 0]
  assert cut == features.Cut(5, 2)


def test_words_of_a_test_set_have_a_place_too(tokenizer):
  head = registry.create("tagging", ["B-X", "O"])
  found, _ = features.convert(example(["the", "who"], None), head, 5, tokenizer)
  assert found.label_ids == [0, 2, 2, 0, 0]


def test_each_word_needs_a_label():
  head = registry.create("tagging", ["O", "B-X"])
  features.check_labels([example(["a", "b"], ["O", "B-X"])], head, True)
  message = message_of(features.check_labels,
                       [example(["a", "b"], ["O"])], head, True)
  assert "2 words and 1 labels" in message
  message = message_of(features.check_labels,
                       [example(["a", "b"], ["O", "I-X"])], head, True)
  assert "'I-X'" in message


@pytest.fixture
def lines(monkeypatch):
  said = []
  monkeypatch.setattr(features.tf.logging, "info",
                      lambda text, *values: said.append(text % values))
  return said


def test_share_that_was_lost_is_told(lines):
  counted = features.CutCount()
  for cut in (features.Cut(10, 0), features.Cut(30, 20), features.Cut(40, 0)):
    assert counted.count(("converted", cut)) == "converted"
  counted.log("train", 128)
  assert lines == ["train set: 1 of 3 examples are longer than "
                   "--max_seq_length=128; 25.0 % of all tokens are not read"]


def test_nothing_is_told_where_nothing_was_lost(lines):
  counted = features.CutCount()
  counted.count((None, features.Cut(10, 0)))
  counted.log("train", 128)
  assert lines == []
