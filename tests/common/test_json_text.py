"""JSON: its values, and errors that name the place."""
import functools

import pytest

from bert.common import json_text
from mistakes import message_of

NEEDED = '{"a": 1}'


def refusal(text, where="x", **options):
  """What is said of a text."""
  return message_of(functools.partial(json_text.parse, **options), text, where)


def test_value_is_returned():
  assert json_text.parse('[{"a": 1}, null]', "x") == [{"a": 1}, None]


@pytest.mark.parametrize("text, expected", [
    ('{\n"a": 1,\n "b" 2}',
     "x:3: not JSON: Expecting ':' delimiter at column 6"),
    ("", "x:1: not JSON: Expecting value at column 1"),
    pytest.param("[" * 100000, "x: not JSON: ", id="deep")])
def test_what_is_not_json_is_refused_by_its_line(text, expected):
  message = refusal(text, needed=NEEDED)
  assert message.startswith(expected)
  assert message.endswith("; needed is " + NEEDED)


def test_line_of_json_lines_is_named_by_its_caller():
  assert refusal("{'a'}", "x:7", is_line=True).startswith(
      "x:7: not JSON: Expecting property name enclosed in double quotes at "
      "column 2")
  assert json_text.parse('"a\tb"', "x:7", is_line=True) == "a\tb"
  assert "not JSON" in refusal('"a\tb"')


@pytest.mark.parametrize("text, shown", [
    ("[1]", "[1]"), ('"é"', '"é"'), ("null", "null"),
    ('"%s"' % ("a" * 50), '"' + "a" * 39 + "...")])
def test_object_is_needed(text, shown):
  assert refusal(text, needed=NEEDED) == (
      "x: found %s; needed is %s" % (shown, NEEDED))


def test_key_that_is_there_twice_is_refused_where_keys_are_unique():
  text = '[{"b": {"a": 1, "a": 2}}]'
  assert json_text.parse(text, "x") == [{"b": {"a": 2}}]
  assert refusal(text, unique_keys=True) == (
      'x: "a" is there twice; leave one out')


def test_local_file_is_read_without_its_mark(tmp_path):
  path = tmp_path / "a.json"
  path.write_bytes(b'\xef\xbb\xbf{"a": "\xc3\xa9"}')
  assert json_text.read_local(str(path), "--x", NEEDED) == {"a": "é"}


@pytest.mark.parametrize("content, expected", [
    (b'{\n"a": "\xff"}', ":2: byte 0xff at column 7 is not UTF-8; convert"),
    (b"[]", ": found []; needed is " + NEEDED),
    (b'{"a": 1, "a": 1}', ': "a" is there twice'),
    (None, ": No such file or directory")])
def test_local_file_is_named_with_its_flag(content, expected, tmp_path):
  path = tmp_path / "a.json"
  if content is not None:
    path.write_bytes(content)
  message = message_of(json_text.read_local, str(path), "--x", NEEDED)
  assert message.startswith("--x=%s%s" % (path, expected))
