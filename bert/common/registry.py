"""What is known by name: kinds of heads, tasks, metrics, encoders."""

from typing import Any, Optional

from bert.common.errors import UserError
from bert.common.errors import did_you_mean


class Registry(dict):
  """A dict by name, with an error for a name that nothing has.

  Attributes:
    noun: what the values are, as "head"; its plural has an s.
  """

  def __init__(self, noun: str, **values):
    super().__init__(**values)
    self.noun = noun

  def find(self, name: str, where: Optional[str] = None, hint: str = "") -> Any:
    """Returns what is registered by a name.

    Args:
      name: what the user gave.
      where: how the error names it, as a flag; None: by the noun.
      hint: the way out, which follows the names that are known.

    Raises:
      UserError: nothing has that name.
    """
    if name not in self:
      raise UserError("%s is not known%s; %ss: %s%s" % (
          where or "%s %r" % (self.noun, name), did_you_mean(name, self),
          self.noun, " ".join(sorted(self)), hint))
    return self[name]
