"""A user's mistake, as against a bug."""


class UserError(Exception):
  """Ends a command with exit code 2 and its one line, without a traceback.

  The line names the flag or file:line, what was found, what is allowed, and
  the way out.
  """
