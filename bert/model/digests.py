"""Digests of flags, code and data, to find workers or folders that differ."""

import dataclasses
import hashlib
import os
import sys
from typing import Any, Iterable

import tensorflow.compat.v1 as tf

from bert.common import command_line

# Bytes of a file that are read.
_BEGINNING = 1 << 16
_PACKAGES = ("bert", "processors")
# Flags that may differ from worker to worker.
_FREE = ("num_workers", "tpu_name", "master")


def of_flags(groups: Iterable) -> str:
  """Returns the digest of all flags except paths, which may differ between
  machines."""
  return _digest(
      (field.name, getattr(group, field.name))
      for group in command_line.flatten(groups)
      for field in dataclasses.fields(group)
      if field.type is not command_line.Path and field.name not in _FREE)


def of_code() -> str:
  """Returns the digest of the programs: this one, TensorFlow and Python."""
  return _digest(_sources())


def of_examples(examples: Iterable) -> str:
  """Returns the digest of a dataset."""
  return _digest((each.guid, each.text_a, each.text_b, each.label)
                 for each in examples)


def of_texts(examples: Iterable) -> str:
  """Returns the digest of a dataset's texts and labels, independent of the
  order and names of the examples."""
  total = 0
  for each in examples:
    content = repr((each.text_a, each.text_b, each.label))
    total += int.from_bytes(hashlib.sha256(content.encode(
        "utf-8", "backslashreplace")).digest()[:16], "big")
  return "%032x" % (total % 2**128)


def of_files(paths: Iterable[str]) -> str:
  """Returns the digest of the sizes and first bytes of files."""
  return _digest(each for path in paths for each in (
      tf.gfile.Stat(path).length, tf.gfile.GFile(path, "rb").read(_BEGINNING)))


def of_object(value: Any) -> str:
  """Returns the digest of a value's repr."""
  return _digest([value])


def _sources():
  yield tf.__version__, sys.version_info[:2]
  root = os.path.dirname(os.path.dirname(os.path.dirname(
      os.path.abspath(__file__))))
  for package in _PACKAGES:
    for folder, _, names in sorted(os.walk(os.path.join(root, package))):
      for name in sorted(names):
        if name.endswith(".py"):
          with open(os.path.join(folder, name), "rb") as stream:
            yield name, stream.read()


def _digest(values):
  digest = hashlib.sha256()
  for value in values:
    digest.update(repr(value).encode("utf-8", "backslashreplace"))
  return digest.hexdigest()
