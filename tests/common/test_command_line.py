"""Flags that were renamed: their earlier names are read wherever flags are."""
import dataclasses

import pytest

from bert.common import command_line
from bert.common.command_line import Repeated
from bert.common.command_line import option
from bert.common.errors import UserError
from mistakes import message_of


def _unit_of(text, given):
  del given
  if text not in ("short", "long"):
    raise UserError("--old_unit=%s: must be short or long" % text)
  return {"minutes": text == "long", "rows": 1 if text == "short" else 9}


@dataclasses.dataclass(frozen=True)
class Renamed:
  """Renamed"""
  rows: int = option(2, "Number of rows.", minimum=1,
                     aliases={"lines": None, "num_lines": None})
  minutes: bool = option(False, "Whether it takes minutes.",
                         aliases={"old_unit": _unit_of, "slow": None})
  words: Repeated = option(None, "Words.", aliases={"word": None})
  name: str = option(None, "Its name.", required=True,
                     aliases={"title": None})


def parse(*arguments):
  (group,) = command_line.parse(["x.py"] + list(arguments), [Renamed], "")
  return group


@pytest.mark.parametrize("arguments, expected", [
    (["--lines=3"], {"rows": 3}), (["-lines", "3"], {"rows": 3}),
    (["--num_lines=3"], {"rows": 3}), (["--slow"], {"minutes": True}),
    (["--noslow"], {"minutes": False}), (["-slow=true"], {"minutes": True}),
    (["--slow=false"], {"minutes": False}),
    (["--word=a", "--word=b"], {"words": ("a", "b")}),
    (["--old_unit=long"], {"minutes": True, "rows": 9}),
    (["--old_unit=short"], {"minutes": False, "rows": 1})])
def test_earlier_name_is_read(arguments, expected):
  group = parse("--name=x", *arguments)
  assert group == Renamed(**dict(
      {"rows": 2, "minutes": False, "words": None, "name": "x"}, **expected))
  given = {name for name in ("rows", "minutes", "words")
           if command_line.is_given(group, name)}
  assert given == set(expected)


def test_required_flag_may_have_its_earlier_name():
  assert parse("--title=x").name == "x"
  assert message_of(parse).startswith("--name is required")


def test_flagfile_may_have_earlier_names(tmp_path):
  path = tmp_path / "flags"
  path.write_text("--title=x\n--lines=5\n--slow\n", encoding="utf-8")
  assert parse("--flagfile=%s" % path) == Renamed(5, True, None, "x")


@pytest.mark.parametrize("arguments", [
    ["--rows=3", "--lines=3"], ["--rows=9", "--old_unit=long"],
    ["--lines=3", "--num_lines=3"]])
def test_both_names_may_be_given_with_one_value(arguments):
  assert parse("--name=x", *arguments).rows in (3, 9)


@pytest.mark.parametrize("arguments, expected", [
    (["--rows=3", "--lines=4"], "--lines=4 is an earlier form of --rows=4, but "
     "--rows=3 is given; leave --lines out"),
    (["--rows=3", "--old_unit=long"], "--old_unit=long is an earlier form of "
     "--rows=9, but --rows=3 is given; leave --old_unit out"),
    (["--nominutes", "--slow"], "--slow=true is an earlier form of "
     "--minutes=true, but --minutes=false is given; leave --slow out")])
def test_both_names_with_other_values_are_refused(arguments, expected):
  assert message_of(parse, "--name=x", *arguments) == expected


@pytest.mark.parametrize("arguments, fragment", [
    (["--lines=0"], "--rows=0: must be at least 1"),
    (["--lines=many"], "--lines is now --rows."),
    (["--old_unit=wide"], "--old_unit=wide: must be short or long"),
    (["--titel=x"], "Did you mean: name "), (["--row=1"], "Did you mean: rows ")])
def test_errors_name_the_flag_to_use(arguments, fragment):
  assert fragment in message_of(parse, *arguments)


def test_help_shows_a_flag_once_and_its_earlier_names():
  shown = command_line.help_text("x.py", [Renamed], "")
  assert shown.count("--rows=int") == 1
  assert "--lines=" not in shown
  assert "Number of rows. Earlier name: --lines, --num_lines." in shown


def test_current_name_is_that_of_today():
  groups = [(Renamed(), Renamed)]
  assert [command_line.current_name(groups, name) for name in (
      "lines", "rows", "slow", "other")] == ["rows", "rows", "minutes", "other"]
  # Its values have changed, so that its name alone says nothing.
  assert command_line.current_name(groups, "old_unit") == "old_unit"
