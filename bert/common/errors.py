"""A user's mistake, as against a bug, and how values are shown in errors."""

import difflib
import json
import re
from typing import Any, Callable, Iterable, Sequence

# Of a value in an error.
_MAX_CHARS = 40
# Of scheme://user:password@host, and of ...?password=...
_PASSWORDS = re.compile(
    r"(://[^\s/:@]*:)[^\s'\"]*(?=@)|"
    r"([?&][^\s=&]*(?:password|passwd|pwd|secret|token)[^\s=&]*=)[^\s&'\"]+",
    re.IGNORECASE)


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


def listed(values: Sequence, most: int, *, show: Callable[[Any], str] = str,
           separator: str = ", ", more: str = " and %d more") -> str:
  """Returns the first values, and how many there are beside them.

  Args:
    values: to list.
    most: how many are shown.
    show: value -> its text.
    separator: between two of them.
    more: what follows if there are more, with %d for their number.
  """
  num_more = len(values) - most
  return separator.join(map(show, values[:most])) + (
      more % num_more if num_more > 0 else "")


def without_passwords(text: str) -> str:
  """Returns a text with *** for the passwords of the URLs in it, which have no
  spaces."""
  return _PASSWORDS.sub(
      lambda match: (match.group(1) or match.group(2)) + "***", text)


def shortened(text: str) -> str:
  """Returns the beginning of a text."""
  return text if len(text) <= _MAX_CHARS else text[:_MAX_CHARS] + "..."


def quoted(value: Any) -> str:
  """Returns a value as JSON writes it, shortened."""
  return shortened(json.dumps(value, ensure_ascii=False))
