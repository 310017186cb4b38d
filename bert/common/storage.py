"""Paths on object stores and other file systems, as s3://bucket/folder.

TensorFlow 1.15 has S3 and HDFS built in; 2.x has them in tensorflow-io.

Source: https://github.com/tensorflow/io.
"""

import atexit
import logging
import os
import re
import sys
from typing import Iterable, Set

from bert.common import libraries
from bert.common.errors import UserError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
# What every TensorFlow has, what 1.15 adds, and what tensorflow-io adds.
_BUILT_IN = {"file", "gs", "ram"}
_OF_TENSORFLOW_1 = {"s3", "hdfs", "viewfs", "har"}
_OF_TENSORFLOW_IO = {"s3", "hdfs", "viewfs", "har", "az", "oss", "http", "https"}


def schemes_of(paths: Iterable[str]) -> Set[str]:
  """Returns the schemes of paths that need more than plain TensorFlow."""
  matches = [_SCHEME.match(path) for each in paths for path in each.split(",")]
  return {match.group(1).lower() for match in matches if match} - _BUILT_IN


def load_file_systems(paths: Iterable[str]) -> None:
  """Makes TensorFlow, which has been imported, read all of some paths.

  Raises:
    UserError: it can't read one of them, or tensorflow-io is not installed.
  """
  import tensorflow.compat.v1 as tf
  schemes = schemes_of(paths)
  if not schemes:
    return
  is_first = tf.__version__.startswith("1.")
  known = _OF_TENSORFLOW_1 if is_first else _OF_TENSORFLOW_IO
  for scheme in sorted(schemes - known):
    raise UserError("%s://: TensorFlow %s does not read such paths; it reads "
                    "%s, and plain ones" % (
                        scheme, tf.__version__, " ".join(
                            each + "://" for each in sorted(known | {"gs"}))))
  _set_endpoint(has_scheme=not is_first)
  if is_first:
    return
  scheme = sorted(schemes)[0]
  libraries.check_library(
      "tensorflow_io", "%s:// with TensorFlow %s" % (scheme, tf.__version__),
      "-r requirements-storage.txt")
  # Where a part of a file can't be had, parts come back empty, without an error.
  os.environ.setdefault("S3_DISABLE_MULTI_PART_DOWNLOAD", "1")
  import tensorflow_io  # pylint: disable=unused-import


def leave_at_once(code: int) -> None:
  """Makes the process end with a code where tensorflow-io has been loaded: its
  S3 client aborts processes that end as usual."""
  if "tensorflow_io" in sys.modules:
    atexit.register(_leave, code)


def _leave(code):
  logging.shutdown()
  sys.stdout.flush()
  sys.stderr.flush()
  os._exit(code)  # pylint: disable=protected-access


def _set_endpoint(has_scheme):
  """Gives S3_ENDPOINT the form that this TensorFlow knows, whichever it has:
  host:port with S3_USE_HTTPS=0, or http://host:port."""
  endpoint = os.environ.get("S3_ENDPOINT")
  if not endpoint:
    return
  scheme, _, host = endpoint.rpartition("://")
  if not scheme:
    scheme = "http" if os.environ.get("S3_USE_HTTPS") == "0" else "https"
  if has_scheme:
    os.environ["S3_ENDPOINT"] = "%s://%s" % (scheme, host)
    return
  os.environ["S3_ENDPOINT"] = host
  os.environ["S3_USE_HTTPS"] = "0" if scheme == "http" else "1"
