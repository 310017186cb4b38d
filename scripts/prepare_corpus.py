#!/usr/bin/env python
"""Prepares running text for create_pretraining_data.py: one sentence per line, a
blank line between documents.
"""

import os
import sys
from typing import Iterable, Iterator, List

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# pylint: disable=wrong-import-position
from bert.common import command
from bert.common import command_line
from bert.common.errors import UserError
from bert.options.scripts import CorpusOptions
from bert.pretraining import sentences

GROUPS = (CorpusOptions,)


def main(argv):
  (options,) = command_line.parse(argv, GROUPS, __doc__)

  command.start_tensorflow(options)
  from bert.common import files
  from bert.pretraining import corpus
  paths = corpus.find_files(options.input_file, "--input_file")
  if options.output_file in paths:
    raise UserError("--output_file=%s: it is one of --input_file" %
                    options.output_file)
  files.make_parent(options.output_file, "--output_file")
  num_documents, num_sentences = write(paths, options)
  print("%d documents, %d sentences: %s" % (
      num_documents, num_sentences, options.output_file))


def write(paths, options):
  """Writes the sentences; returns the numbers of documents and sentences."""
  import tensorflow.compat.v1 as tf
  from bert.common import console
  from bert.common import files
  num_documents = num_sentences = 0
  with files.replacing(options.output_file) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for paragraphs in console.bar(
          read_documents(paths, options.document), len(paths), "Documents"):
        parts = [part for text in paragraphs
                 for sentence in sentences.split(text)
                 for part in sentences.cut(sentence, options.max_chars)]
        if not parts:
          continue
        writer.write("\n" * bool(num_documents) + "\n".join(parts) + "\n")
        num_documents += 1
        num_sentences += len(parts)
    if not num_sentences:
      raise UserError("--input_file=%s: there is no text" % options.input_file)
  return num_documents, num_sentences


def read_documents(paths: Iterable[str],
                   document: str) -> Iterator[List[str]]:
  """Yields the paragraphs of each document."""
  from bert.pretraining import corpus
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
  sys.exit(command.run(main, sys.argv))
