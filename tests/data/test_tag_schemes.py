"""Schemes of tags."""
import pytest

from bert.data import tag_schemes


@pytest.mark.parametrize("tags, scheme", [
    ("O B-X I-X", "BIO"), ("B-X", "BIO"), ("O", "BIO"),
    ("O B-X I-X E-X S-X", "BIOES"), ("B-X E-X", "BIOES"), ("S-X", "BIOES"),
    ("B-X M-X", "BMES"), ("O B-X M-X E-X S-X", "BMES")])
def test_scheme_is_told_by_the_prefixes(tags, scheme):
  assert tag_schemes.scheme_of(tags.split()) == scheme


@pytest.mark.parametrize("tags, fragment", [
    ("O X-LOC", "'X-LOC'"), ("U-LOC", "'U-LOC'"), ("LOC", "'LOC'"),
    ("B-", "'B-'"), ("B", "'B'"), ("B_LOC", "'B_LOC'"), ("o", "'o'"),
    ("B-X M-X I-X", "B I M")])
def test_other_prefixes_and_mixtures_are_refused(tags, fragment):
  with pytest.raises(ValueError) as caught:
    tag_schemes.scheme_of(tags.split())
  assert fragment in str(caught.value)


def test_tags_of_bmes_become_those_of_bioes():
  assert tag_schemes.to_bioes(["B-X", "M-X", "E-X", "S-M-Y", "O"], "BMES") == [
      "B-X", "I-X", "E-X", "S-M-Y", "O"]


@pytest.mark.parametrize("tags, count", [
    ("B-X I-X O B-Y", 0), ("O I-X I-X O I-X", 2), ("B-X I-Y I-Y", 1),
    ("B-X E-X S-X", 0), ("S-X E-X", 1), ("B-X M-X E-X E-X", 1), ("", 0)])
def test_stray_tags_go_on_with_what_is_not_open(tags, count):
  assert tag_schemes.num_stray(tags.split()) == count
