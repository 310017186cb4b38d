"""A clock that moves when it is told to."""


class Clock:
  """Stands for the module time; moves when it is told to."""

  def __init__(self):
    self.now = 1000.0

  def time(self):
    return self.now
