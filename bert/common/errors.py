"""A user's mistake, as against a bug."""

import difflib
from typing import Iterable


class UserError(Exception):
  """Ends a command with exit code 2 and its one line, without a traceback.

  The line names the flag or file:line, what was found, what is allowed, and
  the way out.
  """


class MachineError(RuntimeError):
  """Ends a command with exit code 1 and its one line: what the machine did to a
  run, as against a mistake and a bug."""


class MissingError(UserError):
  """A file or a set that is needed is not there."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
  """Returns ", did you mean X?" if a known name is close, else ""."""
  close = difflib.get_close_matches(name, list(known), 1)
  return ", did you mean %s?" % close[0] if close else ""
