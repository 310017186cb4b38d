"""The files of an export: whether all are there and whole, and whether they
have changed since."""

import os
import typing
from typing import Dict, List, Optional

import tensorflow.compat.v1 as tf

from bert.common import errors
from bert.common import files
from bert.common.errors import UserError
from bert.model import export

# Files up to this size are compared by digest, larger ones by size.
_MAX_DIGESTED = 16 << 20
_NEEDED = 'the object that --do_export writes, {"files": {NAME: ...}}'
_WAY_OUT = "it may still be copied: wait for its end, or copy the export again"
# Where files may be in an export without a list.
_KNOWN = ("saved_model.pb", "assets/task.json", "assets/labels.txt",
          "assets/vocab.txt")
_KNOWN_FOLDERS = ("variables", "onnx")


class _Listed(typing.NamedTuple):
  """A file as the list has it."""
  size: int
  sha256: str


class _Found(typing.NamedTuple):
  """A file as the file system has it."""
  size: int
  time: int
  is_folder: bool


def check(folder: str) -> bool:
  """Checks that the files of an export are those of its list.

  Files up to 16 MiB are compared by digest, larger ones by size; files that are
  not in the list are left alone.

  Args:
    folder: of the export.

  Returns:
    Whether it has a list; exports of earlier releases have none.

  Raises:
    UserError: a file is missing or another one, or the list is incomplete.
  """
  listed = _read_list(folder)
  if listed is None:
    tf.logging.info("%s: no %s, as in exports of earlier releases: its files "
                    "are not checked", folder, export.FILES)
    return False
  for name in sorted(listed):
    _check_size(folder, name, listed[name])
  # Sizes first: they show at once that a large folder is being copied.
  for name in sorted(listed):
    if listed[name].size <= _MAX_DIGESTED:
      _check_digest(folder, name, listed[name])
  return True


class Snapshot:
  """The files of an export at a moment.

  Files that are not in the list, such as a model card, do not belong to it.
  """

  def __init__(self, folder: str):
    self._folder = folder
    try:
      listed = _read_list(folder)
    except UserError:  # Half a list; check says so.
      listed = None
    self._listed = None if listed is None else sorted(listed)
    self._found = self._find()
    self._contents = self._read(self._found)

  def has_changed(self) -> bool:
    """Whether the files are others now; files that were only touched are not,
    if they are small enough to compare digests."""
    found = self._find()
    if found == self._found:
      return False
    if self._read(found) != self._contents:
      return True
    self._found = found
    return False

  def _find(self):
    names = _known_names(self._folder) if self._listed is None else self._listed
    return {name: _find(os.path.join(self._folder, name))
            for name in [export.FILES] + names}

  def _read(self, found):
    return {name: _content(os.path.join(self._folder, name), each)
            for name, each in found.items()}


def _read_list(folder: str) -> Optional[Dict[str, _Listed]]:
  """Returns the list of an export, None if there is none."""
  path = os.path.join(folder, export.FILES)
  if _find(path) is None:
    return None
  try:
    listed = files.read_json(path, needed=_NEEDED).get("files")
  except UserError as error:
    raise UserError("%s; %s" % (error, _WAY_OUT))
  if not isinstance(listed, dict) or not listed:
    raise UserError('%s: no "files"; needed is %s' % (path, _NEEDED))
  return {name: _to_listed(path, name, entry)
          for name, entry in listed.items()}


def _to_listed(path, name, entry):
  parts = name.split("/")
  if "\\" in name or not name.isprintable() or (
      not {"", ".", ".."}.isdisjoint(parts)):
    raise UserError("%s: %s is no file of an export" % (
        path, errors.quoted(name)))
  values = entry if isinstance(entry, dict) else {}
  size, sha256 = values.get("size"), values.get("sha256")
  if type(size) is not int or size < 0 or not isinstance(sha256, str):
    raise UserError('%s: %s has %s; needed are "size" and "sha256"' % (
        path, errors.quoted(name), errors.quoted(entry)))
  return _Listed(size, sha256)


def _check_size(folder, name, listed):
  path = os.path.join(folder, name)
  found = _find(path)
  if found is None:
    raise UserError("%s: no such file, where %s has one of %d bytes; %s" % (
        path, export.FILES, listed.size, _WAY_OUT))
  if found.is_folder:
    raise UserError("%s: a folder, where %s has a file of %d bytes" % (
        path, export.FILES, listed.size))
  if found.size != listed.size:
    raise UserError("%s: %d bytes, where %s has %d; %s" % (
        path, found.size, export.FILES, listed.size, _WAY_OUT))


def _check_digest(folder, name, listed):
  path = os.path.join(folder, name)
  sha256 = _digest(path)
  if sha256 != listed.sha256:
    raise UserError(
        "%s: the %d bytes that %s has, but other ones: their SHA-256 is %s, not "
        "%s; %s" % (path, listed.size, export.FILES, sha256,
                    errors.shortened(listed.sha256.encode(
                        "unicode_escape").decode("ascii")), _WAY_OUT))


def _digest(path):
  try:
    return files.sha256(path)
  except tf.errors.OpError as error:
    raise UserError("%s: can't be read: %s; %s" % (
        path, error.message.split("\n")[0], _WAY_OUT))


def _find(path: str) -> Optional[_Found]:
  """Returns what is at a path, None for nothing."""
  try:
    found = tf.gfile.Stat(path)
  # With a file where the path has a folder, the precondition fails.
  except (tf.errors.NotFoundError, tf.errors.FailedPreconditionError):
    return None
  except tf.errors.OpError as error:
    raise UserError("%s: can't be read: %s" % (
        path, error.message.split("\n")[0]))
  return _Found(found.length, found.mtime_nsec, found.is_directory)


def _content(path, found):
  """Returns what two states of a file are compared by."""
  if found is None or found.is_folder or found.size > _MAX_DIGESTED:
    return found
  try:
    return found.size, files.sha256(path)
  except tf.errors.OpError:  # Removed a moment ago, or it can't be read.
    return found


def _known_names(folder: str) -> List[str]:
  """Returns the files that an export without a list has."""
  names = list(_KNOWN)
  for each in _KNOWN_FOLDERS:
    parent = os.path.join(folder, each)
    try:
      inside = tf.gfile.ListDirectory(parent)
    except tf.errors.OpError:  # There is none.
      inside = []
    # Programs that copy begin the names of partial files with a dot.
    names += sorted("%s/%s" % (each, name) for name in inside
                    if not name.startswith("."))
  return names
