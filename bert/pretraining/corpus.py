"""Plain text, a sentence a line, as documents of word pieces."""

import itertools
import typing
from typing import Callable, Iterator, List, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.common.errors import UserError
from bert.pretraining.instances import Document
from bert.pretraining.instances import Tokens
from bert.pretraining.segmenters import Segmenter

# A line is read up to this many times the tokens of an instance.
_MAX_INSTANCES_A_LINE = 50
_NUM_LOGGED = 5


class Corpus(typing.NamedTuple):
  """Files, and how they are read.

  Attributes:
    paths: of the files, in order. A file's end does not end a document.
    tokenizer: a FullTokenizer.
    segmenter: finds words; None: pieces with ## continue a word.
    max_seq_length: of an instance.
  """
  paths: Sequence[str]
  tokenizer: tokenization.FullTokenizer
  segmenter: Optional[Segmenter]
  max_seq_length: int


def find_files(patterns: str, flag: str) -> List[str]:
  """Returns the files of a comma list of globs.

  Raises:
    UserError: one of them matches nothing.
  """
  paths = []
  for pattern in patterns.split(","):
    found = sorted(tf.gfile.Glob(pattern)) if pattern else []
    if not found:
      raise UserError("%s=%s: no file is named like %r" % (
          flag, patterns, pattern))
    paths += found
  return paths


def num_bytes(paths: Sequence[str]) -> int:
  """Returns the total size of files."""
  return sum(tf.gfile.Stat(path).length for path in paths)


def count_documents(corpus: Corpus, most: int) -> int:
  """Returns how many documents there are, or `most` if there are more; reads no
  further than it takes."""
  number = 0
  for number, _, _, _ in _read_numbered(corpus.paths):
    if number == most:
      break
  return number


def log_words(corpus: Corpus) -> None:
  """Logs the segmenter's words of the first lines."""
  lines = (line for _, _, line in _read_lines(corpus.paths) if line)
  for line in itertools.islice(lines, _NUM_LOGGED):
    tf.logging.info("words: %s", " | ".join(map(str, corpus.segmenter(line))))


def read_documents(corpus: Corpus, shard: int = 0, num_shards: int = 1,
                   show: Callable[[int], object] = lambda count: None
                  ) -> List[Document]:
  """Reads every num_shards-th document, from number `shard` on.

  Args:
    corpus: what is read.
    shard, num_shards: which documents; the text of others is passed over.
    show: is called with the number of bytes read.

  Raises:
    UserError: a line is not UTF-8, or no sentence; the segmenter's words are
      not the text.
  """
  convert = _make_converter(corpus)
  documents, last, count = [], None, 0
  for number, where, size, line in _read_numbered(corpus.paths):
    count += size
    show(count)
    if not line or (number - 1) % num_shards != shard:
      continue
    tokens = convert(line, where)
    if tokens and number != last:
      documents.append([])
      last = number
    if tokens:
      documents[-1].append(tokens)
  return documents


def read_lines(path: str) -> Iterator[str]:
  """Yields a file's lines without white space around them.

  Raises:
    UserError: a line is not UTF-8.
  """
  return (line for _, _, line in _read_lines([path]))


def _read_numbered(paths):
  """Yields the number of a line's document, from 1, and what _read_lines does;
  of a blank line, that of the one before."""
  number, is_open = 0, False
  for where, size, line in _read_lines(paths):
    number += bool(line) and not is_open
    is_open = bool(line)
    yield number, where, size, line


def _read_lines(paths) -> Iterator[Tuple[str, int, str]]:
  """Yields (path, line number), bytes, and the text of each line."""
  for path in paths:
    with tf.gfile.GFile(path, "rb") as reader:
      number = 0
      while True:
        line = reader.readline()
        if not line:
          break
        number += 1
        try:
          text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
          raise UserError(
              "%s:%d: byte 0x%02x at column %d is not UTF-8; convert the file "
              "to UTF-8" % (path, number, line[error.start], error.start + 1))
        yield (path, number), len(line), text.strip()


def _make_converter(corpus):
  """Returns (line, its position) -> tokens."""
  tokenizer = corpus.tokenizer
  # ~id marks a piece that continues the word of the one before it.
  code_of = {token: ~index if token.startswith("##") else index
             for token, index in tokenizer.vocab.items()}
  most = _MAX_INSTANCES_A_LINE * corpus.max_seq_length
  align = _Aligner(corpus, code_of) if corpus.segmenter else None

  def convert(line, where):
    if align:
      tokens = align(line, where)
    else:
      tokens = [code_of[token] for token in tokenizer.tokenize(line)]
    if len(tokens) > most:
      raise UserError(
          "%s:%d: a line of %d tokens; a line should be a sentence, and an "
          "instance holds --max_seq_length=%d of them: "
          "scripts/prepare_corpus.py makes lines of sentences" % (
              where + (len(tokens), corpus.max_seq_length)))
    return tokens

  return convert


class _Aligner:
  """Marks pieces of a line as continuations where they are of one word."""

  def __init__(self, corpus, code_of):
    self._corpus = corpus
    self._code_of = code_of
    self._num_left = {}  # Each character -> what tokenizing leaves of it.

  def __call__(self, line: str, where: Tuple[str, int]) -> Tokens:
    words = self._corpus.segmenter(line)
    owners = [index for index, word in enumerate(words) for char in word
              for _ in range(self._count(char))]
    basic = self._corpus.tokenizer.basic_tokenizer.tokenize(line)
    if sum(map(_num_chars, basic)) != len(owners):
      raise UserError("%s:%d: the words of --segmenter are not the text: %s" % (
          where + (" | ".join(map(str, words))[:200],)))
    tokens, position, before = [], 0, None
    for token in basic:
      pieces = self._corpus.tokenizer.wordpiece_tokenizer.tokenize(token)
      codes = [self._code_of[piece] for piece in pieces]
      num_chars = _num_chars(token)
      owner = owners[position] if num_chars else None
      if num_chars and owner == before and codes[0] >= 0:
        codes[0] = ~codes[0]
      tokens += codes
      position += num_chars
      before = owners[position - 1] if num_chars else None
    return tokens

  def _count(self, char):
    count = self._num_left.get(char)
    if count is None:
      count = sum(map(_num_chars, self._corpus.tokenizer.basic_tokenizer
                      .tokenize(char)))
      self._num_left[char] = count
    return count


def _num_chars(token):
  """Returns a token's characters; 0 of white space, which is a token where
  characters are, and which segmenters may leave out."""
  return 0 if token.isspace() else len(token)
