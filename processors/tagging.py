"""Tasks that label every word of a sentence, in files of CoNLL columns."""

import itertools
import os
import re
from typing import List

from bert.common.errors import UserError
from bert.data import tag_schemes
from bert.data.examples import InputExample
from bert.data.examples import Source
from processors.base import TableProcessor
from processors.files import read_conll
from processors.files import shorten

# Chinese with a mark between its characters, or of more than words have.
_SENTENCE = re.compile("(?s).+[\u3002\uff0c\uff01\uff1f\uff1b].|"
                       ".*[\u3400-\u9fff]{16}")
# Sentences that show whether a column numbers their words.
_NUM_LOOKED_AT = 20
_SPAN_OF_WORDS = re.compile(r"\d+[-.]\d+$")


class TaggingProcessor(TableProcessor):
  """A task whose sets are sentences, with a label a word.

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

  def listed_labels(self):
    labels = super().listed_labels()
    for line, name in enumerate(labels or (), 1):
      self.check_new_label(name, "%s:%d" % (
          os.path.join(self.data_dir, "labels.txt"), line))
    return labels

  def get_labels(self):
    labels = super().get_labels()
    return labels if "O" in labels else ["O"] + labels

  def sort_labels(self, labels):
    return ["O"] + sorted(label for label in labels if label != "O")

  def read_examples(self, path, table, set_name, bad_rows):
    # In a line of one column, the last would be the word; a test set may have
    # no labels.
    needed = max(table.num_columns(), 1 if set_name == "test" else 2)
    sentences = _check_words(path, read_conll(path, needed), table.text_a)
    for index, (line, words) in enumerate(sentences):
      if isinstance(words, UserError):
        bad_rows.add(words)
        continue
      labels = None
      if len(words[0]) > 1:
        labels = [columns[table.label].strip() for columns in words]
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
    try:
      tag_schemes.check_tag(name)
    except ValueError as error:
      raise UserError("%s: %s" % (where, error))

  def _check_header(self, path, table):
    """Does nothing: a header is there nowhere."""

  def has_labels(self, examples):
    """Does so, and raises UserError for what looks like more than a word, and
    for labels that are no tags, unless one stands for all."""
    names = set()
    for name, where in self._all_names(examples):
      names.add(name)
      if " " in name:
        raise UserError("%s: found label %r; a word a line has one label" % (
            where, name))
    if len(names) > 1:
      for name, where in self._all_names(examples):
        self.check_new_label(name, where)
    has_labels = super().has_labels(examples)
    for example in () if has_labels else examples:
      for index, word in enumerate(example.text_a):
        self._check_word(word, "%s:%d" % (example.source.path,
                                          example.source.line + index))
    return has_labels

  def _all_names(self, examples):
    for example in examples:
      yield from self.names_in(example)

  def _check_word(self, word, where):
    rest, separator, last = re.match(r"(?s)(.*?)([,;|/]?)([^,;|/]*)$",
                                     word).groups()
    if rest and separator and last in self._label_set():
      raise UserError("%s: found %r; a tab or spaces separate word and label" %
                      (where, shorten(word)))
    if " " in word or _SENTENCE.match(word):
      raise UserError("%s: found %r, where a word a line is needed, or a "
                      "character; a blank line separates sentences" % (
                          where, shorten(word)))


def _check_words(path, sentences, column):
  """Passes on what read_conll yields.

  Raises:
    UserError: the column of the words numbers them, as in files of CoNLL-X and
      CoNLL-U.
  """
  first = list(itertools.islice(sentences, _NUM_LOOKED_AT))
  read = [words for _, words in first if not isinstance(words, UserError)]
  if read and sum(map(len, read)) > len(read) + 1 and all(
      _is_numbered(words, column) for words in read):
    line = next(line for line, words in first if words is read[0])
    words = next(column for column in itertools.count(column + 1)
                 if column >= len(read[0][0]) or
                 not all(_is_numbered(each, column) for each in read))
    raise UserError("%s:%d: column %d numbers the words of each sentence, from "
                    "%s to %s here; %s" % (
                        path, line, column, read[0][0][column],
                        read[0][-1][column], _way_out(read[0][0], words)))
  return itertools.chain(first, sentences)


def _is_numbered(words, column):
  """Whether a column of a sentence holds 1 2 3 and so on, or 0 1 2."""
  numbers = [columns[column] for columns in words]
  # CoNLL-U has lines for several words, 3-4, and for words left out, 3.1.
  numbers = [each for each in numbers if not _SPAN_OF_WORDS.match(each)]
  return any(numbers == list(map(str, range(first, first + len(numbers))))
             for first in (0, 1))


def _way_out(columns, column):
  if column >= len(columns):
    return "a column of words is needed"
  return ("column %d has %r there: for the task table, table.json with "
          '"format": "conll", "text_a": %d and the number of the labels\' '
          'column as "label" takes that' % (column, shorten(columns[column]), column))


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
