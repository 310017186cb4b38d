"""A fork's processor that reads with pandas: NumPy's labels, its own example.
"""
import os

import pandas as pd

from processors.base import register


class Example(object):

  def __init__(self, guid, text_a, text_b=None, label=None):
    self.guid = guid
    self.text_a = text_a
    self.text_b = text_b
    self.label = label


@register("pandas_table")
class TableProcessor(object):

  def _read(self, data_dir, name):
    frame = pd.read_csv(os.path.join(data_dir, name), sep="\t")
    return frame.apply(lambda row: Example(row["id"], row["text"], None,
                                           row["label"]), axis=1)

  def get_train_examples(self, data_dir):
    return self._read(data_dir, "train.tsv")

  def get_dev_examples(self, data_dir):
    return self._read(data_dir, "dev.tsv")

  def get_test_examples(self, data_dir):
    return self._read(data_dir, "test.tsv")

  def get_labels(self):
    return sorted(pd.read_csv(os.path.join(self.data_dir, "train.tsv"),
                              sep="\t")["label"].unique())
