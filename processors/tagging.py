"""Tasks that label every word of a sentence, in files of CoNLL columns."""

import itertools
import os
import re
from typing import List

from bert.common.errors import UserError
from bert.common.errors import shortened
from bert.data import tag_schemes
from bert.data.examples import InputExample
from bert.data.examples import Source
from processors.base import TableProcessor
from processors.conll import SPAN_OF_WORDS
from processors.conll import read_conll

# Chinese with a mark between its characters, or of more than words have.
_SENTENCE = re.compile("(?s).+[\u3002\uff0c\uff01\uff1f\uff1b].|"
                       ".*[\u3400-\u9fff]{16}")
# Sentences that show whether a column numbers their words.
_NUM_LOOKED_AT = 20
# Words of a sentence whose numbers show that a column numbers words.
_MIN_NUMBERED = 3


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
    sentences = _check_words(path, read_conll(
        path, needed, is_logged=bad_rows.is_logged,
        is_test=set_name == "test"), table.text_a)
    for index, (line, words) in enumerate(sentences):
      if isinstance(words, UserError):
        bad_rows.add(words)
        continue
      labels = None
      if len(words[0]) > 1:
        labels = [columns[table.label].strip() for columns in words]
        labels = iob1_to_bio(labels) if self.is_iob1 else labels
      example = InputExample(
          "%s-%d" % (set_name, index),
          [self.read_word(columns[table.text_a]) for columns in words],
          label=labels, source=Source(path, line))
      # Most words are on consecutive lines.
      if words.lines[-1] - line >= len(words):
        example.lines = words.lines
      yield example

  def names_in(self, example):
    for index, name in enumerate(example.label or ()):
      yield name, _locate(example, index)

  def check_new_label(self, name, where):
    try:
      tag_schemes.check_tag(name)
    except ValueError as error:
      raise UserError("%s: %s" % (where, error))

  def _check_header(self, path, table):
    """Does nothing: CoNLL files have no header."""

  def has_labels(self, examples):
    """Does so, and raises UserError for what looks like more than a word, and
    for labels that are no tags, unless all labels are the same one."""
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
        self._check_word(word, _locate(example, index))
    return has_labels

  def _all_names(self, examples):
    for example in examples:
      yield from self.names_in(example)

  def _check_word(self, word, where):
    rest, separator, last = re.match(r"(?s)(.*?)([,;|/]?)([^,;|/]*)$",
                                     word).groups()
    if rest and separator and last in self._label_set():
      raise UserError("%s: found %r; a tab or spaces separate word and label" %
                      (where, shortened(word)))
    if " " in word or _SENTENCE.match(word):
      raise UserError("%s: found %r, where a word a line is needed, or a "
                      "character; a blank line separates sentences" % (
                          where, shortened(word)))


def _locate(example, index):
  """Returns file:line of a word."""
  lines = getattr(example, "lines", None)
  return "%s:%d" % (example.source.path, lines[index] if lines else
                    example.source.line + index)


def _check_words(path, sentences, column):
  """Passes on what read_conll yields.

  Raises:
    UserError: the column of the words numbers them, as in files of CoNLL-X and
      CoNLL-U.
  """
  first = list(itertools.islice(sentences, _NUM_LOOKED_AT))
  read = [words for _, words in first if not isinstance(words, UserError)]
  # Sentences of a word or two may well be 1, or 0 and 1.
  words = next((words for words in read
                if len(_numbers(words, column)) >= _MIN_NUMBERED), None)
  if words and all(_is_numbered(each, column) for each in read):
    raise UserError("%s:%d: column %d numbers the words of each sentence, from "
                    "%s to %s here; %s" % (
                        path, words.lines[0], column, words[0][column],
                        words[-1][column], _way_out(read, column)))
  return itertools.chain(first, sentences)


def _numbers(words, column):
  """Returns a column of a sentence, without lines of several words or none."""
  return [columns[column] for columns in words
          if not SPAN_OF_WORDS.match(columns[column])]


def _is_numbered(words, column):
  """Whether a column of a sentence holds 1 2 3 and so on, or 0 1 2."""
  numbers = _numbers(words, column)
  return any(numbers == list(map(str, range(first, first + len(numbers))))
             for first in (0, 1))


def _way_out(sentences, column):
  """Returns which columns can be taken, of sentences with numbers in one."""
  width = len(sentences[0][0])
  text_a = next(
      (each for each in range(column + 1, width)
       if not all(_is_numbered(words, each) for words in sentences)), width)
  if text_a == width:
    return "a column of words is needed"
  text = "column %d has %r there" % (text_a, shortened(sentences[0][0][text_a]))
  label = next((each for each in reversed(range(width)) if each != text_a and
                _holds_tags(sentences, each)), None)
  if label is None:
    return text + (", and no column holds tags, O, B-TYPE and I-TYPE (or of "
                   "BIOES or BMES), which a tagger learns; add one")
  return ('%s, and column %d tags: for the task table, table.json with '
          '"format": "conll", "text_a": %d, "label": %d takes that' % (
              text, label, text_a, label))


def _holds_tags(sentences, column):
  try:
    tag_schemes.scheme_of({columns[column] for words in sentences
                           for columns in words})
  except ValueError:
    return False
  return True


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
