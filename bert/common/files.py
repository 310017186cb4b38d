"""Files, read with clear errors and replaced all or nothing."""

import contextlib
import hashlib
import os
import re
import uuid
from typing import Any, Iterable, Iterator, Optional

import tensorflow.compat.v1 as tf

from bert.common import json_text
from bert.common.errors import MissingError
from bert.common.errors import UserError

# Bytes that are read at once; large files need not fit into memory.
_BLOCK = 1 << 20
_PART = r"model\.ckpt-\d+\.(index|meta|data-\d{5}-of-\d{5})"
# The files of an output folder that replacing writes.
_REPLACED = (
    r"task\.json|run\.flags|graph\.pbtxt|(train|eval|predict)\.tf_record|"
    r"eval_(results|report)\.txt|eval_errors\.tsv|eval_predictions\.json|"
    r"eval_(confusion|precision_recall)\.png|test_results\.tsv|"
    r"test_predictions\.(tsv|txt)|(nbest_)?predictions\.json|null_odds\.json|"
    r"evaluations\.jsonl|trials\.txt|cross_validation\.txt|"
    r"out_of_fold_results\.tsv|fold\.npz|conditions\.json")
# Whole names of files and of folders that a run has not yet renamed, here and in
# TensorFlow.
_PARTIAL_FILE = re.compile(
    r"((%s)\.partial|%s\.(tempstate\d+|tmp[0-9a-f]{32})|"
    r"(checkpoint|graph\.pbtxt)\.tmp[0-9a-f]{32}|\.writable-[0-9a-f]{32})$" % (
        _REPLACED, _PART))
_PARTIAL_FOLDER = re.compile(r"model\.ckpt-\d+_temp(_[0-9a-f]+)?$")
_PARTIAL_EXPORT = re.compile(r"\.\d+\.(partial|assets)$")
_WEIGHTS = re.compile(r"(model\.ckpt-\d+)\.(meta|data-\d{5}-of-\d{5})$")


def read_text(path: str, flag: Optional[str] = None) -> str:
  """Returns a UTF-8 file's text without byte-order mark.

  Raises:
    UserError: no such file, not readable, or bytes that are not UTF-8; names
      the flag, if it is one's value.
  """
  return "".join(_read_blocks(path, flag))


def read_lines(path: str) -> Iterator[str]:
  """Yields a UTF-8 file's lines without their \\n, reading a part at a time.

  Raises:
    UserError: as read_text does.
  """
  for block in _read_blocks(path):
    lines = block.split("\n")
    if not lines[-1]:
      lines.pop()
    yield from lines


def _read_blocks(path, flag=None):
  """Yields a file's text in blocks of whole lines."""
  where = _name_of(path, flag)
  num_lines, rest = 0, []
  try:
    if not tf.gfile.Exists(path):
      raise MissingError("%s: no such file" % where)
    if tf.gfile.IsDirectory(path):
      raise UserError("%s: a folder, where a file is needed" % where)
    with tf.gfile.GFile(path, "rb") as reader:
      for content in iter(lambda: reader.read(_BLOCK), b""):
        end = content.rfind(b"\n") + 1
        if end:
          whole = b"".join(rest + [content[:end]])
          rest = []
          yield json_text.decode(whole, where, num_lines)
          num_lines += whole.count(b"\n")
        rest.append(content[end:])
  except tf.errors.OpError as error:
    raise UserError("%s: can't be read: %s" % (where, error.message))
  yield json_text.decode(b"".join(rest), where, num_lines)


def read_json(path: str, flag: Optional[str] = None, *,
              needed: Optional[str] = None, unique_keys: bool = False) -> Any:
  """Returns the value of a JSON file.

  Args:
    path, flag: as for read_text.
    needed, unique_keys: as for json_text.parse.

  Raises:
    UserError: as read_text and json_text.parse do.
  """
  return json_text.parse(read_text(path, flag), _name_of(path, flag),
                         needed=needed, unique_keys=unique_keys)


def _name_of(path, flag):
  """Returns what errors call a file."""
  return "%s=%s" % (flag, path) if flag else path


def make_folder(folder: str, flag: str = "--output_dir") -> None:
  """Makes a folder; raises UserError if it can't be written to."""
  # Several workers may try at once.
  probe = os.path.join(folder, ".writable-" + uuid.uuid4().hex)
  try:
    tf.gfile.MakeDirs(folder)
    with tf.gfile.GFile(probe, "w") as writer:
      writer.write("")
    with contextlib.suppress(tf.errors.NotFoundError):
      tf.gfile.Remove(probe)  # Another run may have cleaned up.
  except tf.errors.OpError as error:
    raise UserError("%s=%s can't be written to: %s" % (
        flag, folder, error.message))


def make_parent(path: str, flag: str) -> None:
  """Makes the folder that a file is to be in, as make_folder does."""
  make_folder(os.path.dirname(path) or ".", flag)


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
  """Yields a name beside path that becomes path if the block succeeds."""
  partial = path + ".partial"
  try:
    yield partial
    tf.gfile.Rename(partial, path, overwrite=True)
  except BaseException:
    with contextlib.suppress(tf.errors.OpError):
      tf.gfile.Remove(partial)
    raise


def write_text(path: str, lines: Iterable[str]) -> None:
  """Writes lines, each closed by a line end, all or nothing."""
  with replacing(path) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for line in lines:
        writer.write(line + "\n")


def sha256(path: str) -> str:
  """Returns the SHA-256 of a file's bytes, hexadecimal."""
  digest = hashlib.sha256()
  with tf.gfile.GFile(path, "rb") as reader:
    for block in iter(lambda: reader.read(_BLOCK), b""):
      digest.update(block)
  return digest.hexdigest()


def remove_partial(folder: str) -> None:
  """Removes what killed runs left unfinished in an output folder, which no
  other run may be using: files and exports before they were renamed,
  checkpoints without .index.

  All are known by their whole names; whatever else lies there stays.
  """
  for parent in (folder, os.path.join(folder, "best")):
    for path in _partial_in(parent):
      tf.gfile.Remove(path)
    _remove_folders(parent, _PARTIAL_FOLDER)
  _remove_folders(os.path.join(folder, "export"), _PARTIAL_EXPORT)


def _partial_in(folder):
  """Returns the paths of a folder's unfinished files."""
  names = _names_in(folder)
  partial = [name for name in names if _PARTIAL_FILE.match(name)]
  if "task.json" in names or "checkpoint" in names:  # It is a training's.
    partial += [name for name in names if _is_without_index(name, names)]
  return [path for path in (os.path.join(folder, name) for name in partial)
          if not tf.gfile.IsDirectory(path)]


def _is_without_index(name, names):
  """Whether a file is of a checkpoint that is not there, in either format."""
  match = _WEIGHTS.match(name)
  return bool(match) and not any(re.match(
      re.escape(match.group(1)) + r"(\.index|-\d{5}-of-\d{5})?$", each)
                                 for each in names)


def _remove_folders(parent, pattern):
  for name in _names_in(parent):
    path = os.path.join(parent, name)
    if pattern.match(name) and tf.gfile.IsDirectory(path):
      tf.gfile.DeleteRecursively(path)


def _names_in(folder):
  return sorted(tf.gfile.ListDirectory(folder)) if tf.gfile.IsDirectory(
      folder) else []
