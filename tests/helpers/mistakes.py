"""Calls that find a user's mistake."""
import pytest

from bert.common.errors import UserError


def message_of(function, *args):
  """The one line of the mistake that a call finds."""
  with pytest.raises(UserError) as caught:
    function(*args)
  assert "\n" not in str(caught.value)
  return str(caught.value)
