"""How values are shown in errors."""
import pytest

from bert.common import errors


@pytest.mark.parametrize("values, most, expected", [
    ([], 2, ""), (["a", "b"], 2, "a, b"),
    (["a", "b", "c"], 2, "a, b and 1 more"),
    (("a", "b", "c"), 1, "a and 2 more")])
def test_first_values_are_listed(values, most, expected):
  assert errors.listed(values, most) == expected


def test_list_has_the_form_that_is_given():
  assert errors.listed([1, 2, 3, 4], 2, show=lambda value: "<%d>" % value,
                       separator=" ", more=" ... and %d more") == (
                           "<1> <2> ... and 2 more")


@pytest.mark.parametrize("length, expected", [
    (39, "a" * 39), (40, "a" * 40), (41, "a" * 40 + "...")])
def test_text_is_shortened_to_40_characters(length, expected):
  assert errors.shortened("a" * length) == expected


@pytest.mark.parametrize("value, expected", [
    (None, "null"), ("é", '"é"'), ({"a": True}, '{"a": true}'),
    ("a" * 50, '"' + "a" * 39 + "...")])
def test_value_is_quoted_as_json(value, expected):
  assert errors.quoted(value) == expected


def test_nearest_name_is_offered():
  assert errors.did_you_mean("pooing", ["pooling", "loss"]) == (
      ", did you mean pooling?")
  assert errors.did_you_mean("x", ["pooling", "loss"]) == ""


@pytest.mark.parametrize("text, expected", [
    ("--x=postgresql://me:s3cret@host:5432/db: no",
     "--x=postgresql://me:***@host:5432/db: no"),
    ("mysql+pymysql://me:a:b/c@d@host/db", "mysql+pymysql://me:***@host/db"),
    ("'redis://:s3cret@host', twice", "'redis://:***@host', twice"),
    ("x://h/db?user=me&password=s3cret&a=1", "x://h/db?user=me&password=***&a=1"),
    ("x://h/o?X-Amz-Security-Token=s3cret", "x://h/o?X-Amz-Security-Token=***"),
    ("s3://bucket/a@b", "s3://bucket/a@b"),
    ("http://host:8501/v1: no", "http://host:8501/v1: no"),
    ("me@host: no://", "me@host: no://")])
def test_passwords_of_urls_are_not_shown(text, expected):
  assert errors.without_passwords(text) == expected
