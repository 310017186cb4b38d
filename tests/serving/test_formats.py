"""Texts of a predictor, as lines and as JSON."""
import pytest

from bert.data.examples import Choices, TextPair, Words
from bert.serving import formats
from mistakes import message_of

QUESTION = ("question", "context")
CHOICES = ("text_a", "choices")


@pytest.mark.parametrize("line, names, expected", [
    (" a b ", ("text_a", "text_b"), "a b"),
    ("a ||| b", ("text_a", "text_b"), TextPair("a", "b")),
    ("a ||| b ||| c", ("text_a", "text_b"), TextPair("a", "b ||| c")),
    ("a ||| b ||| c", QUESTION, TextPair("a", "b ||| c")),
    ("a", CHOICES, "a"), ("a ||| b ||| c", CHOICES, Choices("a", ["b", "c"]))])
def test_line_is_a_text_a_pair_or_choices(line, names, expected):
  assert formats.of_line(line, names) == expected


@pytest.mark.parametrize("value, names, expected", [
    ({"text_a": "a"}, ("text_a", "text_b"), "a"),
    ({"text_a": "a", "text_b": "b"}, ("text_a", "text_b"), TextPair("a", "b")),
    ({"question": "a", "context": "b"}, QUESTION, TextPair("a", "b")),
    ({"text_a": "a", "context": "b"}, QUESTION, TextPair("a", "b")),
    ({"question": "a"}, QUESTION, "a"),
    ({"words": ["a", "b"]}, ("text_a", "text_b"), Words(["a", "b"])),
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
    ({"words": [" "]}, ("text_a", "text_b"), '"words" must be a list')])
def test_object_that_is_no_text_is_refused(value, names, fragment):
  assert fragment in message_of(formats.of_object, value, names)


@pytest.mark.parametrize("text, count", [
    ("abc", 3), (TextPair("ab", "c"), 3), (Words(["ab", "c"]), 3),
    (Choices("ab", ["c", "de"]), 5)])
def test_characters_of_all_texts_are_counted(text, count):
  assert formats.num_chars(text) == count
