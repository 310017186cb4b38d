"""The settings that a search tries: --search and --search_file, without
TensorFlow."""

import dataclasses
import itertools
import json
import typing
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

from bert.common import command_line
from bert.common import json_text
from bert.common.errors import UserError
from bert.common.errors import did_you_mean
from bert.options import finetuning
from bert.options.shared import ModelOptions

Value = Union[int, float, str]
# Groups whose flags may be searched.
_GROUPS = (finetuning.DataOptions, finetuning.HeadOptions, ModelOptions,
           finetuning.TrainOptions)
_FORMS = "log:LOW:HIGH, float:LOW:HIGH, int:LOW:HIGH[:STEP] or choice:A,B,..."
_FILE_FORM = '{"learning_rate": "log:1e-5:5e-5", "pooling": ["cls", "mean"]}'


class Dimension(typing.NamedTuple):
  """A flag, and the values that are tried.

  Attributes:
    flag: its name.
    kind: log, float, int or choice.
    low, high, step: of numbers, both ends included.
    choices: of choice, as the command line has them.
  """
  flag: str
  kind: str
  low: Optional[Value] = None
  high: Optional[Value] = None
  step: int = 1
  choices: Tuple[str, ...] = ()

  def ends(self) -> List[Value]:
    """Returns the values to check: a flag that accepts them accepts those
    between, too."""
    return list(self.choices) or [self.low, self.high]

  def all_values(self) -> List[Value]:
    """Returns all values; raises UserError for numbers of any size."""
    if self.kind == "choice":
      return list(self.choices)
    if self.kind == "int":
      return list(range(self.low, self.high + 1, self.step))
    raise UserError("--sampler=grid tries all values, and --search=%s=%s:... "
                    "has no end of them; give a choice" % (
                        self.flag, self.kind))


def read(search: Sequence[str], search_file: Optional[str]) -> List[Dimension]:
  """Returns the space of --search and of --search_file.

  Raises:
    UserError: there is none, a flag is unknown or given twice, a range is empty.
  """
  dimensions = [_of_text(text) for text in search or ()]
  if search_file:
    dimensions += _read_file(search_file)
  if not dimensions:
    raise UserError("--search or --search_file is required, such as "
                    "--search=learning_rate=log:1e-5:5e-5")
  names = [dimension.flag for dimension in dimensions]
  for name in names:
    if names.count(name) > 1:
      raise UserError("--search=%s=...: the flag is there twice" % name)
  return dimensions


def to_json(dimensions: Sequence[Dimension]) -> str:
  """Returns a space as text, by which spaces are compared."""
  return json.dumps(sorted(map(list, dimensions)))


def named_as(dimensions: Sequence[Dimension], stored: Optional[str]
            ) -> List[Dimension]:
  """Returns a space with the names of a stored one: a flag that was renamed
  since keeps its earlier name in the search that was begun with it.

  Args:
    dimensions: the space.
    stored: from to_json; None: nothing is stored.
  """
  names = {command_line.current_name(_GROUPS, name): name
           for name, *_ in json.loads(stored or "[]")}
  return [each._replace(flag=names.get(each.flag, each.flag))
          for each in dimensions]


def combinations(dimensions: Sequence[Dimension]
                ) -> Iterator[Dict[str, Value]]:
  """Yields all settings of a grid; raises UserError if they have no end."""
  names = [dimension.flag for dimension in dimensions]
  for values in itertools.product(*[dimension.all_values()
                                    for dimension in dimensions]):
    yield dict(zip(names, values))


def check(dimensions: Sequence[Dimension], check_settings) -> None:
  """Raises UserError for values that the flags do not take.

  Args:
    dimensions: the space.
    check_settings: raises UserError for flag -> value that can't be run.
  """
  first = {each.flag: each.ends()[0] for each in dimensions}
  for dimension in dimensions:
    for value in dimension.ends():
      try:
        check_settings(dict(first, **{dimension.flag: value}))
      except UserError as error:
        raise UserError("--search=%s=%s: %s" % (
            dimension.flag, value, error))


def as_flag(value: Value) -> str:
  """Returns a value as the command line has it."""
  return value if isinstance(value, str) else repr(value)


def _of_text(text):
  flag, separator, form = text.partition("=")
  if not separator:
    raise UserError("--search=%s: needed is FLAG=%s" % (text, _FORMS))
  return _dimension(flag, form, "--search=%s" % text)


def _read_file(path):
  where = "--search_file=%s" % path
  content = json_text.read_local(path, "--search_file", _FILE_FORM)
  if not content:
    raise UserError("%s: no flag is in it; needed is %s" % (where, _FILE_FORM))
  return [_of_entry(flag, form, "%s: %s" % (where, flag))
          for flag, form in content.items()]


def _of_entry(flag, form, where):
  if isinstance(form, list):
    choices = tuple(choice if isinstance(choice, str) else json.dumps(choice)
                    for choice in form)
    return _check_choices(Dimension(_check_flag(flag, where), "choice",
                                    choices=choices), where)
  if not isinstance(form, str):
    raise UserError("%s: needed is a list, or text as %s" % (where, _FORMS))
  return _dimension(flag, form, where)


def _dimension(flag, form, where):
  field = _check_flag(flag, where)
  kind, _, rest = form.partition(":")
  if kind == "choice":
    return _check_choices(Dimension(
        field, kind, choices=tuple(rest.split(","))), where)
  parse = {"log": float, "float": float, "int": int}.get(kind)
  parts = rest.split(":")
  if parse is None or len(parts) not in (2, 3) or (
      len(parts) == 3 and kind != "int"):
    raise UserError("%s: needed is %s" % (where, _FORMS))
  try:
    low, high, *step = map(parse, parts)
  except ValueError:
    raise UserError("%s: LOW and HIGH must be numbers, of int whole ones" %
                    where)
  step = step[0] if step else 1
  # Written so that NaN fails, too.
  if not low < high or step < 1 or high - low == float("inf"):
    raise UserError("%s: the range is empty; LOW must be less than HIGH" % where)
  if kind == "log" and low <= 0:
    raise UserError("%s: LOW of log must be over 0" % where)
  return Dimension(field, kind, low, high, step)


def _check_choices(dimension, where):
  choices = dimension.choices
  if not choices or "" in choices:
    raise UserError("%s: a choice is empty" % where)
  if len(set(choices)) < len(choices):
    raise UserError("%s: a choice is there twice" % where)
  return dimension


def _check_flag(flag, where):
  flag = command_line.current_name(_GROUPS, flag)
  known = [field.name for group in _GROUPS
           for field in dataclasses.fields(group)]
  if flag not in known:
    raise UserError("%s: %r is no flag that can be searched%s; those of data, "
                    "head, model and training can" % (
                        where, flag, did_you_mean(flag, known)))
  return flag
