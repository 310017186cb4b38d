"""Tests of what is known by name."""

import pytest

from bert.common.errors import UserError
from bert.common.registry import Registry


@pytest.fixture
def colours():
  registry = Registry("colour")
  registry["green"] = 1
  registry["amber"] = 2
  return registry


def test_find_returns_the_value(colours):
  assert colours.find("amber") == 2


def test_unknown_name_lists_the_known_ones_and_the_nearest(colours):
  with pytest.raises(UserError) as caught:
    colours.find("gren")
  assert str(caught.value) == (
      "colour 'gren' is not known, did you mean green?; colours: amber green")


def test_error_names_the_flag_and_the_way_out(colours):
  with pytest.raises(UserError) as caught:
    colours.find("x", "--paint=x", "; others by --mix")
  assert str(caught.value) == (
      "--paint=x is not known; colours: amber green; others by --mix")


def test_values_may_be_given_at_once():
  assert dict(Registry("colour", red=1, blue=2)) == {"red": 1, "blue": 2}
