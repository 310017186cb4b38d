"""Tasks that label every word of a sentence, in files of CoNLL columns."""

import re
from typing import List

from bert.common.errors import UserError
from bert.data.examples import InputExample
from bert.data.examples import Source
from processors.base import TableProcessor
from processors.files import read_conll


class TaggingProcessor(TableProcessor):
  """A task whose sets are sentences, with a BIO label a word.

  Its examples have a list of words as text_a, and a list of as many labels.

  Attributes:
    labels: None, the default, is an open set: "O", then the others, sorted.
    train, dev, test: Tables; text_a is the column of the word, label that of
      the label. The reader is always that of CoNLL columns.
    is_iob1: whether an I-X that begins an entity is read as B-X.
  """
  head = "tagging"
  labels = None
  is_iob1 = False

  def read_word(self, text: str) -> str:
    """Returns the word that a column means."""
    return text

  def get_labels(self):
    labels = super().get_labels()
    return labels if "O" in labels else ["O"] + labels

  def sort_labels(self, labels):
    return ["O"] + sorted(label for label in labels if label != "O")

  def read_examples(self, path, table, set_name):
    # In a line of one column, the last would be the word.
    needed = max(table.num_columns(), 1 if table.label is None else 2)
    for index, (line, words) in enumerate(read_conll(path, needed)):
      labels = None
      if table.label is not None:
        labels = [columns[table.label] for columns in words]
        labels = iob1_to_bio(labels) if self.is_iob1 else labels
      yield InputExample(
          "%s-%d" % (set_name, index),
          [self.read_word(columns[table.text_a]) for columns in words],
          label=labels, source=Source(path, line))

  def names_in(self, example):
    path, line = example.source
    # The words of a sentence stand on lines that follow each other.
    for index, name in enumerate(example.label or ()):
      yield name, "%s:%d" % (path, line + index)

  def check_new_label(self, name, where):
    if not re.match(r"O$|[BI]-\S+$", name):
      raise UserError("%s: found label %r; O, B-TYPE or I-TYPE is needed" % (
          where, name))


def iob1_to_bio(labels: List[str]) -> List[str]:
  """Makes every I-X that begins an entity B-X.

  In IOB1, B-X begins an entity only where another X is right before it.
  """
  fixed, before = [], "O"
  for label in labels:
    begins = label.startswith("I-") and before[2:] != label[2:]
    fixed.append("B-" + label[2:] if begins else label)
    before = label
  return fixed
