"""Reads tasks and weights for transformers; no TensorFlow."""

import os
import re
import typing
from typing import List, Optional, Tuple


class Columns(typing.NamedTuple):
  """Where a task's TSV files have what; text_b None: one text."""
  text_a: int
  text_b: Optional[int]
  label: int
  has_header: bool


class Rows(typing.NamedTuple):
  """A set of a task; texts_b is None where examples have one text."""
  texts_a: List[str]
  texts_b: Optional[List[str]]
  labels: List[int]


TASKS = {"cola": Columns(3, None, 1, False), "mrpc": Columns(3, 4, 0, True)}


def read_rows(task: str, data_dir: str, name: str) -> Rows:
  """Returns a set, "train" or "dev"; quotes mean nothing."""
  columns = TASKS[task]
  path = os.path.join(data_dir, name + ".tsv")
  with open(path, encoding="utf-8-sig", newline="\n") as stream:
    rows = [line.rstrip("\r\n").split("\t") for line in stream if line.strip()]
  rows = rows[columns.has_header:]
  texts_b = columns.text_b and [row[columns.text_b] for row in rows]
  return Rows([row[columns.text_a] for row in rows], texts_b,
              [int(row[columns.label]) for row in rows])


def torch_name(name: str) -> Tuple[str, bool]:
  """Returns a variable's name in transformers, and whether it is transposed.

  TensorFlow keeps a dense layer's kernel as [in, out], PyTorch as [out, in].
  """
  is_kernel = name.endswith("/kernel")
  name = re.sub(r"layer_(\d+)", r"layer/\1", name)
  name = re.sub(r"/(kernel|gamma)$", "/weight", name)
  name = re.sub(r"/beta$", "/bias", name)
  name = re.sub(r"_embeddings$", "_embeddings/weight", name)
  return name.replace("/", "."), is_kernel
