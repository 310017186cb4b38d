"""The access log: a line of JSON for each request."""

import datetime
import json
import logging
import logging.handlers
import sys

from bert.common.errors import UserError


class AccessLog:
  """Writes requests to a file, which logrotate may move."""

  def __init__(self, path: str):
    """Opens the file to append to it; -: standard output.

    Raises:
      UserError: it can't be written.
    """
    try:
      handler = (logging.StreamHandler(sys.stdout) if path == "-" else
                 logging.handlers.WatchedFileHandler(path, encoding="utf-8"))
    except OSError as error:
      raise UserError("--access_log=%s: %s" % (path, error.strerror))
    handler.setFormatter(logging.Formatter("%(message)s"))
    # Without a name, so that no other handler writes it as well.
    self._logger = logging.Logger("access")
    self._logger.addHandler(handler)

  def write(self, **fields) -> None:
    """Writes a request's fields, after the time in UTC."""
    now = datetime.datetime.now(datetime.timezone.utc)
    self._logger.info(json.dumps(
        dict({"time": now.isoformat(timespec="milliseconds")}, **fields),
        ensure_ascii=False))
