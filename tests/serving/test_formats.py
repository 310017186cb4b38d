"""Texts of a predictor, as lines and as JSON."""
import re

import pytest

from bert.data.examples import Choices, TextPair, Words
from bert.serving import formats
from mistakes import message_of

PAIR = ("text_a", "text_b")
QUESTION = ("question", "context")
CHOICES = ("text_a", "choices")


@pytest.mark.parametrize("line, names, expected", [
    (" a b ", PAIR, " a b "), (" \x0b ", PAIR, " \x0b "),
    ("a ||| b", PAIR, TextPair("a", "b")),
    (" a  ||| \tb ", PAIR, TextPair(" a ", "\tb ")),
    ("a|||b", PAIR, "a|||b"), ("a |||b", PAIR, "a |||b"),
    ("a ||| b ||| c", PAIR, TextPair("a ||| b", "c")),
    ("a ||| ", PAIR, TextPair("a", "")), ("a |||", PAIR, TextPair("a", "")),
    ("||| b", PAIR, "||| b"), ("|||", PAIR, "|||"),
    ("a ||| b ||| c", QUESTION, TextPair("a", "b ||| c")),
    ("a", CHOICES, "a"),
    ("a ||| b ||| c ", CHOICES, Choices("a", ["b", "c "]))])
def test_line_is_a_text_a_pair_or_choices(line, names, expected):
  found = formats.of_line(line, names)
  assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("text", [
    "a", "a ||| b", " a  |||  b ", "a ||| b ||| c", "a ||| ", "a |||", "||| b",
    " ||| ", "a\nb ||| c", "a ||| b\nc", "a|||b", "a ||| |||", "", " ",
    "\u3000a ||| b\u3000", "a ||| b\x1c"])
def test_pair_is_split_as_the_reference_release_splits_it(text):
  match = re.match(r"^(.*) \|\|\| (.*)$", text.strip())
  expected = match.groups() if match else (text.strip(), None)
  text_a, text_b = formats.split_pair(text)
  if text_b is None:  # Blanks at the ends are kept; it has none of them.
    assert (text_a.strip(), text_b) == expected and text_a == text
  else:
    assert (text_a.lstrip(), text_b.rstrip()) == (
        expected[0].lstrip(), expected[1].rstrip())
    assert text_a + " ||| " + text_b == text
  assert formats.of_line(text, has_empty=False) == (
      text if text_b is None else TextPair(text_a, text_b))


@pytest.mark.parametrize("text, expected", [
    ("a ||| b", TextPair("a", "b")), ("a ||| ", "a ||| "),
    (["a", "b"], Words(["a", "b"])), (["a", "|||", "b", "|||"], TextPair(
        Words(["a"]), Words(["b", "|||"]))),
    (["a|||", "b"], Words(["a|||", "b"])),
    (["a", "|||"], TextPair(Words(["a"]), Words()))])
def test_texts_of_bert_serving_may_be_pairs(text, expected):
  found = formats.of_bert_serving(text)
  assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("value, names, expected", [
    ({"text_a": "a"}, ("text_a", "text_b"), "a"),
    ({"text_a": "a", "text_b": "b"}, ("text_a", "text_b"), TextPair("a", "b")),
    ({"question": "a", "context": "b"}, QUESTION, TextPair("a", "b")),
    ({"text_a": "a", "context": "b"}, QUESTION, TextPair("a", "b")),
    ({"question": "a"}, QUESTION, "a"),
    ({"words": ["a", "b"]}, ("text_a", "text_b"), Words(["a", "b"])),
    ({"words": ["a", "\u3000"]}, PAIR, Words(["a", "\u3000"])),
    ({"text_a": " a ||| b "}, PAIR, " a ||| b "),
    ({"text_a": "a ||| b", "text_b": ""}, PAIR, TextPair("a ||| b", "")),
    ({"text_a": "a", "choices": ["b", "c"]}, CHOICES,
     Choices("a", ["b", "c"])),
    ({"text_a": "a", "text_b": "he", "choices": ["runs", "sits"]}, CHOICES,
     Choices("a", ["he runs", "he sits"]))])
def test_object_is_a_text_by_its_names(value, names, expected):
  found = formats.of_object(value, names)
  assert found == expected and type(found) is type(expected)


@pytest.mark.parametrize("value, names, fragment", [
    (3, QUESTION, '{"question": ..., "context": ...}'),
    ({"context": "b"}, QUESTION, "is needed"),
    ({"question": "a", "text_a": "b"}, QUESTION, "two names"),
    ({"question": "a", "context": "b"}, ("text_a", "text_b"), "is needed"),
    ({"question": "a", "context": 3}, QUESTION, "'text_b' must be text"),
    ({"text_a": "a", "choices": "b"}, CHOICES, '"choices" must be a list'),
    ({"text_a": "a", "choices": []}, CHOICES, '"choices" must be a list'),
    ({"text_a": "a", "choices": ["b", " "]}, CHOICES, "blank"),
    ({"text_a": "a", "text": "b"}, QUESTION, "'text' is not known"),
    ({"text_a": None}, ("text_a", "text_b"), "'text_a' must be text"),
    ({"words": [""]}, ("text_a", "text_b"), '"words" must be a list')])
def test_object_that_is_no_text_is_refused(value, names, fragment):
  assert fragment in message_of(formats.of_object, value, names)


@pytest.mark.parametrize("text, count", [
    ("abc", 3), (TextPair("ab", "c"), 3), (Words(["ab", "c"]), 3),
    (Choices("ab", ["c", "de"]), 5)])
def test_characters_of_all_texts_are_counted(text, count):
  assert formats.num_chars(text) == count
