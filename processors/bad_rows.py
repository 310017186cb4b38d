"""Rows that are not what a task needs: an error, or skipped and counted."""

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError

# Skipped rows that the log names.
_NUM_LOGGED = 5


class BadRows:
  """Handles the bad rows of a file, as --bad_rows says.

  Attributes:
    is_logged: whether the log says what a file's rows were read as.
    hint: the end of an error's line: that the flag leaves such rows out; "" of
      a test set, whose predictions have to stay in step with its rows.
  """

  def __init__(self, is_skipped: bool = False, is_logged: bool = True,
               hint: str = ""):
    """Sets how they are handled.

    Args:
      is_skipped: False raises the first error.
      is_logged: whether skipped rows are named and counted in the log.
      hint: see the class.
    """
    self._is_skipped = is_skipped
    self.is_logged = is_logged
    self.hint = hint
    self._count = 0

  def add(self, error: UserError) -> None:
    """Counts a bad row, or raises the error that says what is wrong."""
    if not self._is_skipped:
      raise error
    self._count += 1
    if self.is_logged and self._count <= _NUM_LOGGED:
      tf.logging.warning("Skipped: %s", error)

  def log(self, path: str) -> None:
    """Logs how many rows of a file were skipped."""
    if self._count and self.is_logged:
      tf.logging.warning("%s: %d rows skipped, as --bad_rows=skip says", path,
                         self._count)
