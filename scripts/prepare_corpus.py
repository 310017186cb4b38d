#!/usr/bin/env python
"""Makes of running text what create_pretraining_data.py reads: a sentence a
line, and a blank line between documents.
"""

import dataclasses
import os
import sys
from typing import Iterable, Iterator, List

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import import_logging  # First; pylint: disable=unused-import
import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.common import console
from bert.common import files
from bert.common.errors import UserError
from bert.pretraining import corpus
from bert.pretraining import sentences


@dataclasses.dataclass(frozen=True)
class TextOptions:
  """Text"""
  input_file: str = command_line.option(
      None, "Files of text, a comma list of globs.", required=True)
  output_file: str = command_line.option(
      None, "What is written: a sentence a line.", required=True)
  document: str = command_line.option(
      "blank_line", "What ends a document: blank_line, line or file. Other "
      "lines are joined, as a text that was wrapped; of a file, blank lines end "
      "its paragraphs.", choices=("blank_line", "line", "file"))
  max_chars: int = command_line.option(
      1000, "Longer sentences are cut, after a comma or a space where there is "
      "one.", minimum=10)


def main(argv):
  (wanted,) = command_line.parse(argv, (TextOptions,), __doc__)
  paths = corpus.find_files(wanted.input_file, "--input_file")
  if wanted.output_file in paths:
    raise UserError("--output_file=%s: it is one of --input_file" %
                    wanted.output_file)
  files.make_parent(wanted.output_file, "--output_file")
  num_documents = num_sentences = 0
  with files.replacing(wanted.output_file) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for paragraphs in console.bar(
          read_documents(paths, wanted.document), len(paths), "Documents"):
        made = [part for text in paragraphs for sentence in
                sentences.split(text)
                for part in sentences.cut(sentence, wanted.max_chars)]
        if not made:
          continue
        writer.write("\n" * bool(num_documents) + "\n".join(made) + "\n")
        num_documents += 1
        num_sentences += len(made)
    if not num_sentences:
      raise UserError("--input_file=%s: there is no text" % wanted.input_file)
  print("%d documents, %d sentences: %s" % (
      num_documents, num_sentences, wanted.output_file))


def read_documents(paths: Iterable[str],
                   document: str) -> Iterator[List[str]]:
  """Yields the paragraphs of each document."""
  for path in paths:
    lines = corpus.read_lines(path)
    if document == "line":
      yield from ([line] for line in lines if line)
    elif document == "blank_line":
      yield from ([text] for text in join_paragraphs(lines))
    else:
      yield list(join_paragraphs(lines))


def join_paragraphs(lines: Iterable[str]) -> Iterator[str]:
  """Yields the text between blank lines."""
  paragraph = []
  for line in lines:
    if line:
      paragraph.append(line)
    elif paragraph:
      yield sentences.join_lines(paragraph)
      paragraph = []
  if paragraph:
    yield sentences.join_lines(paragraph)


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
