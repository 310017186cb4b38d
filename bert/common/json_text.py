"""JSON, and the UTF-8 that it is written in, with clear errors.

Imports no TensorFlow: files of flags are read before it is.
"""

import json
import math
import re
from typing import Any, Optional

from bert.common.errors import UserError
from bert.common.errors import quoted
from bert.common.errors import shortened

# Python converts whole numbers of many digits in quadratic time.
_MAX_DIGITS = 1000
_LONG_NUMBER = re.compile(r"(?<!\d)\d{%d}" % (_MAX_DIGITS + 1))


def of_client(text: str, is_line: bool = False) -> Any:
  """Returns the value of a JSON text that a client sent.

  Args:
    text: of the client.
    is_line: as of parse.

  Raises:
    ValueError: it is not JSON, which has no NaN and no infinite numbers, or it
      has a key twice, or a whole number of more than 1000 digits.
  """
  try:
    # A function is slower than None, and digits may be text.
    return json.loads(text, strict=not is_line, parse_constant=_refuse,
                      parse_float=_to_float, object_pairs_hook=_unique,
                      parse_int=_to_int if _LONG_NUMBER.search(text) else None)
  except RecursionError:
    raise ValueError("brackets in too many brackets")


def _refuse(name):
  raise ValueError("%s is no number" % name)


def _to_float(text):
  value = float(text)
  if math.isinf(value):
    raise ValueError("%s is too large a number" % shortened(text))
  return value


def _to_int(text):
  if len(text) > _MAX_DIGITS:
    raise ValueError("%s is too large a number" % shortened(text))
  return int(text)


def _unique(pairs):
  try:
    return _to_dict(pairs, "JSON")
  except UserError as error:
    raise ValueError(str(error))


def parse(text: str, where: str, *, needed: Optional[str] = None,
          unique_keys: bool = False, is_line: bool = False) -> Any:
  """Returns the value of a JSON text.

  Args:
    text: a file's, or one line of JSON lines.
    where: names the file, or file:line.
    needed: the object that it must be, for errors; None: any value will do.
    unique_keys: whether a key that an object has twice is an error; else the
      last one counts.
    is_line: whether the text is a line, in which tabs need no escapes.

  Raises:
    UserError: it is not JSON, not an object, or has a key twice.
  """
  hint = "; needed is %s" % needed if needed else ""

  def to_dict(pairs):
    return _to_dict(pairs, where)

  try:
    value = json.loads(text, strict=not is_line,
                       object_pairs_hook=to_dict if unique_keys else None)
  except json.JSONDecodeError as error:
    raise UserError("%s%s: not JSON: %s at column %d%s" % (
        where, "" if is_line else ":%d" % error.lineno, error.msg, error.colno,
        hint))
  # Numbers of very many digits, and brackets in brackets.
  except (ValueError, RecursionError) as error:
    raise UserError("%s: not JSON: %s%s" % (where, error, hint))
  if needed and not isinstance(value, dict):
    raise UserError("%s: found %s%s" % (where, quoted(value), hint))
  return value


def _to_dict(pairs, where):
  values = dict(pairs)
  if len(values) < len(pairs):
    last = {key: index for index, (key, _) in enumerate(pairs)}
    twice = next(key for index, (key, _) in enumerate(pairs)
                 if last[key] != index)
    raise UserError("%s: %s is there twice; leave one out" % (
        where, quoted(twice)))
  return values


def read_local(path: str, flag: str, needed: str) -> dict:
  """Returns the object in a file of this machine, whose keys are unique.

  Args:
    path: a flag's value.
    flag: its name.
    needed: the object, for errors.

  Raises:
    UserError: the file can't be read, or parse raises it.
  """
  where = "%s=%s" % (flag, path)
  try:
    with open(path, "rb") as reader:
      content = reader.read()
  except OSError as error:
    raise UserError("%s: %s" % (where, error.strerror))
  return parse(decode(content, where), where, needed=needed, unique_keys=True)


def decode(content: bytes, where: str, num_lines: int = 0) -> str:
  """Returns the text of UTF-8 without byte-order mark.

  Args:
    content: of a file, or a part of it.
    where: names the file.
    num_lines: how many lines of the file are before it.

  Raises:
    UserError: a byte is not UTF-8.
  """
  try:
    return content.decode("utf-8" if num_lines else "utf-8-sig")
  except UnicodeDecodeError as error:
    content = error.object  # Without the mark.
    before = content[:error.start]
    raise UserError(
        "%s:%d: byte 0x%02x at column %d is not UTF-8; convert the file to "
        "UTF-8" % (where, num_lines + before.count(b"\n") + 1,
                   content[error.start],
                   error.start - (before.rfind(b"\n") + 1) + 1))
