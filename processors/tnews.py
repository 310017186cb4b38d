"""TNEWS: the subject of a news title, https://github.com/CLUEbenchmark/CLUE."""

import json
import os

import tensorflow.compat.v1 as tf

from processors import columns
from processors.base import Table
from processors.base import TableProcessor
from processors.base import register
from processors.files import read_jsonl


def _tables(name):
  clue = Table(name + ".json", text_a="sentence", label="label",
               reader=read_jsonl)
  plain = Table(name + ".tsv", text_a=0, label=1, has_header=False)
  return clue, plain, plain._replace(path=name + ".txt")


@register("tnews")
class Tnews(TableProcessor):
  """Which of the 15 subjects, such as "100", a title has.

  Reads CLUE's JSON lines, or rows `text TAB label`. Of several test sets
  test.json is read, and the log names the others, as test1.1.json. Predicting
  also writes tnews_predict.json, the file that CLUE takes; a labels.json in
  data_dir adds the subject's name.
  """
  labels = None
  train = _tables("train")
  dev = _tables("dev")
  # CLUE's other sets, which are read where test.json is not there.
  test = _tables("test") + tuple(
      Table(name, text_a="sentence", label="label", reader=read_jsonl)
      for name in ("test1.1.json", "test1.0.json"))

  def __init__(self):
    # Guid -> id, where _id_in does not give it.
    self._ids = {}
    self._names = {}

  def get_test_examples(self, data_dir):
    # Read now, so that a mistake in it shows before the first step.
    self._names = _read_names(data_dir)
    return super().get_test_examples(data_dir)

  def make_example(self, set_name, line, cells):
    example = super().make_example(set_name, line, cells)
    name = line - 1
    if isinstance(cells.row, dict):
      name = cells.row.get("id", name)
    example.guid = "%s-%s" % (set_name, name)
    if set_name == "test" and _id_in(example.guid) != name:
      self._ids[example.guid] = name
    return example

  def prediction_files(self, examples, predictions):
    return {"tnews_predict.json": self._json_lines(examples, predictions)}

  def _json_lines(self, examples, predictions):
    for example, prediction in zip(examples, predictions):
      (label,) = prediction.labels
      name = self._ids.get(example.guid, _id_in(example.guid))
      row = {"id": name, "label": label}
      if label in self._names:
        row["label_desc"] = self._names[label]
      yield json.dumps(row, ensure_ascii=False)


def _id_in(guid):
  """Returns what most ids are in a guid: a number, if it looks like one."""
  name = guid.partition("-")[2]
  return int(name) if name.isdecimal() else name


def _read_names(data_dir):
  """Returns label -> name of labels.json; nothing if it is not there."""
  path = os.path.join(data_dir, "labels.json")
  if not tf.gfile.Exists(path):
    return {}
  table = Table(path, text_a="label_desc", guid="label", reader=read_jsonl)
  return {cells.guid: cells.text_a
          for _, cells in columns.read_rows(path, table, "Tnews")}
