"""Lists of labels: read from a file, and checked for likely mistakes."""

import os
import unicodedata
from typing import Iterable, List, Optional

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from processors.files import read_lines


def read_labels(data_dir: Optional[str],
                name: str = "labels.txt") -> Optional[List[str]]:
  """Returns the labels in a file, a label a line; None if it is not there.

  Raises:
    UserError: the file is empty, or has a label twice.
  """
  path = os.path.join(data_dir or "", name)
  if not data_dir or not tf.gfile.Exists(path):
    return None
  labels = [line.strip() for _, line in read_lines(path)]
  if len(set(labels)) < len(labels):
    twice = next(label for label in labels if labels.count(label) > 1)
    raise UserError("%s: label %r is there twice" % (path, twice))
  return labels


def warn_of_alike(labels: Iterable[str]) -> None:
  """Warns of labels that are equal but for case, width, or ".0" at the end."""
  alike = {}
  for label in labels:
    alike.setdefault(_normalize(label), []).append(label)
  for group in alike.values():
    if len(group) > 1:
      tf.logging.warning("These labels look alike, and are different ones: %s",
                         " ".join(map(repr, group)))


def _normalize(label):
  label = unicodedata.normalize("NFKC", label).casefold()
  label = " ".join(label.split())
  return label[:-2] if label.endswith(".0") else label
