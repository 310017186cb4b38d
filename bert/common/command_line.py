"""A command line that is read strictly, into frozen groups of options.

A group is a dataclass with a default and a help text a field; its docstring is
the heading in --help.
"""

import dataclasses
import math
import os
import re
import sys
import textwrap
import warnings
from typing import (Any, Callable, Container, Dict, Iterable, Iterator, List,
                    Mapping, Optional, Sequence, Tuple)

from absl import flags

from bert.common.errors import UserError


class Path(str):
  """The type of a flag that is a path, or several with commas between them: in
  its value, which is a plain str, ~ and ~user are home folders."""


class Repeated(tuple):
  """The type of a flag that may be given several times; its values, a str
  each."""


def option(default, help_text, aliases: Optional[Mapping[str, Optional[
    Callable[[str, Container[str]], Dict[str, Any]]]]] = None, **limits):
  """A flag.

  Args:
    default: its value when not given.
    help_text: for --help and docs/flags.md.
    aliases: earlier names, which may still be given. Of a flag that had other
      values, a function: its text, and the current names of the flags that are
      given by these -> name -> value of the flags to use now; it may raise
      UserError.
    **limits: minimum, maximum (both allowed), above, choices, or required.
  """
  return dataclasses.field(default=default, metadata=dict(
      limits, help=help_text, aliases=dict(aliases or {})))


def parse(argv: Sequence[str], groups: Sequence[type], about: str) -> List:
  """Reads a command line strictly.

  Args:
    argv: the command's name and its arguments; --flagfile is followed.
    groups: option classes.
    about: what the command does, for --help.

  Returns:
    An instance of each group.

  Raises:
    UserError: unknown flag or argument, missing or impossible value.
    SystemExit: code 0, after --help or --version.
  """
  if any(arg.lstrip("-") in ("help", "helpfull", "helpshort", "h") and
         arg.startswith("-") for arg in argv[1:]):
    print(help_text(argv[0], groups, about))
    sys.exit(0)
  if any(arg.lstrip("-") == "version" and arg.startswith("-")
         for arg in argv[1:]):
    print_version()
    sys.exit(0)
  values = _define(groups)
  try:
    # Those of --flagfile, too.
    if any(re.match("--?undefok(=|$)", arg.strip()) for arg in
           values.read_flags_from_files(list(argv[1:]), force_gnu=False)):
      raise UserError("--undefok would let wrong flags pass; leave it out")
    rest = values(list(argv))[1:]
  except flags.Error as error:
    message = " ".join(str(error).split())
    raise UserError(_with_current_names(
        message.replace("ERROR:: ", ""), groups) + " See --help.")
  except (OSError, UnicodeDecodeError) as error:
    raise UserError("--flagfile: %s" % error)
  if rest:
    raise UserError("unexpected argument %r; a flag takes its value after =, "
                    "as in --do_train=false" % rest[0])
  given = _given(values, groups)
  options = [with_given(group(**{
      field.name: _value(field, given.get(field.name, field.default))
      for field in dataclasses.fields(group)}), [
          field.name for field in dataclasses.fields(group)
          if field.name in given]) for group in groups]
  for group in options:
    check(group)
  return options


def with_given(group, names: Iterable[str]):
  """Returns a group of options that knows which of them were given."""
  object.__setattr__(group, "_given", frozenset(names))
  return group


def replace(group, **changes):
  """Returns a group with other values of some options; whether these count as
  given does not change."""
  changed = dataclasses.replace(group, **changes)
  given = getattr(group, "_given", None)
  return changed if given is None else with_given(changed, given)


def is_given(group, name: str) -> bool:
  """Whether an option was given on the command line, its default included.

  Of a group that no command line was parsed for, it is if it has another value
  than its default.
  """
  given = getattr(group, "_given", None)
  if given is not None:
    return name in given
  return getattr(group, name) != getattr(type(group)(), name)


def print_version() -> None:
  """Prints the versions of the program and of what it runs on."""
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  warnings.simplefilter("ignore")
  from bert.common import versions
  for line in versions.lines():
    print(line)


def paths_of(groups) -> List[str]:
  """Returns the values of all flags that are paths.

  Args:
    groups: from parse, or tuples of them.
  """
  values = [getattr(group, field.name) for group in flatten(groups)
            for field in dataclasses.fields(group) if field.type is Path]
  return [value for value in values if value]


def flatten(groups) -> Iterator:
  """Yields groups, those of tuples of them too."""
  for group in groups:
    if isinstance(group, (tuple, list)):
      yield from flatten(group)
    else:
      yield group


def help_text(command: str, groups: Sequence[type], about: str) -> str:
  """Returns what --help prints."""
  lines = [about.strip(), "", "Usage: python %s --flag=value ..." % command,
           "       --flagfile=FILE reads flags from a file, one a line.",
           "       --version prints the versions of the program and its libraries."]
  for group in groups:
    lines += ["", group.__doc__ + ":"]
    for field in dataclasses.fields(group):
      limits = field.metadata
      note = ("required" if limits.get("required") else
              "default: %s" % describe(field.default))
      lines.append("  --%s=%s (%s)" % (
          field.name, field.type.__name__.lower(), note))
      lines += textwrap.wrap(meaning(field), 78, initial_indent=" " * 6,
                             subsequent_indent=" " * 6)
  return "\n".join(lines)


def meaning(field: dataclasses.Field) -> str:
  """Returns a flag's help text, with its earlier names."""
  old_names = ", ".join("--" + old for old in field.metadata["aliases"])
  return field.metadata["help"] + (
      " Earlier name: %s." % old_names if old_names else "")


def current_name(groups, name: str) -> str:
  """Returns the name of today for a flag that only its name has changed of;
  any other name as it is.

  Args:
    groups: option classes, or their instances; tuples of them too.
    name: from a file of an earlier version, or from the user.
  """
  for field, old, convert in _aliases(flatten(groups)):
    if old == name and convert is None:
      return field.name
  return name


def describe(default) -> str:
  """Returns a default as the command line writes it."""
  if isinstance(default, bool):
    return str(default).lower()
  return "none" if default is None else str(default)


def _define(groups):
  values = flags.FlagValues()
  define = {bool: flags.DEFINE_bool, int: flags.DEFINE_integer,
            float: flags.DEFINE_float, str: flags.DEFINE_string,
            Path: flags.DEFINE_string, Repeated: flags.DEFINE_multi_string}
  for group in groups:
    for field in dataclasses.fields(group):
      define[field.type](field.name, field.default, field.metadata["help"],
                         flag_values=values)
  for field, old, convert in _aliases(groups):
    define[str if convert else field.type](
        old, None, meaning(field), flag_values=values)
  return values


def _aliases(groups) -> Iterator[Tuple[dataclasses.Field, str, Any]]:
  """Yields (flag, earlier name, conversion of values or None)."""
  for group in groups:
    for field in dataclasses.fields(group):
      for old, convert in field.metadata["aliases"].items():
        yield field, old, convert


def _given(values, groups):
  """Returns name -> value of the flags that were given, by their current names.

  Raises:
    UserError: a flag was given by its earlier name too, with another value.
  """
  given = {field.name: values[field.name].value for group in groups
           for field in dataclasses.fields(group) if values[field.name].present}
  present = frozenset(given)
  for field, old, convert in _aliases(groups):
    if values[old].present:
      value = values[old].value
      new = convert(value, present) if convert else {field.name: value}
      for name in new:
        if given.setdefault(name, new[name]) != new[name]:
          raise UserError(
              "--%s=%s is an earlier form of --%s=%s, but --%s=%s is given; "
              "leave --%s out" % (old, describe(value), name, describe(
                  new[name]), name, describe(given[name]), old))
  return given


def _with_current_names(message, groups):
  """Returns absl's error with the names that a user should give now."""
  problem, separator, suggestions = message.partition("Did you mean:")
  for field, old, _ in _aliases(groups):
    suggestions = re.sub(r"\b%s\b" % old, field.name, suggestions)
    if "--%s=" % old in problem:
      problem += " --%s is now --%s." % (old, field.name)
  return problem + separator + suggestions


def _value(field, value):
  """Returns a flag's value, the home folder instead of ~ in paths."""
  if field.type is Repeated:
    return Repeated(value) if value else None
  if field.type is not Path or not value:
    return value
  return ",".join(_expand(field.name, path) for path in value.split(","))


def _expand(flag, path):
  expanded = os.path.expanduser(path)
  if path.startswith("~") and expanded == path:
    raise UserError("--%s=%s: there is no user %s; for a file of that name, "
                    "give ./%s" % (flag, path, path[1:].split("/")[0], path))
  return expanded


def check(group) -> None:
  """Raises UserError for a value beyond an option's limits."""
  for field in dataclasses.fields(group):
    value = getattr(group, field.name)
    problem = _problem(value, field.metadata)
    if problem:
      raise UserError("--%s%s %s. See --help." % (
          field.name, "" if value is None else "=%s:" % value, problem))


def _problem(value, limits) -> Optional[str]:
  if value is None or value == "":
    return "is required" if limits.get("required") else None
  if isinstance(value, float) and not math.isfinite(value):
    return "must be finite"
  if "minimum" in limits and value < limits["minimum"]:
    return "must be at least %s" % limits["minimum"]
  if "maximum" in limits and value > limits["maximum"]:
    return "must be at most %s" % limits["maximum"]
  if "choices" in limits and value not in limits["choices"]:
    return "must be one of: %s" % " ".join(limits["choices"])
  if "above" in limits and value <= limits["above"]:
    return "must be over %s" % limits["above"]
  return None
