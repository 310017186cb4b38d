"""Text to word pieces, exactly as BERT's released vocabularies were used."""

import collections
import itertools
import re
import unicodedata

import six
import tensorflow.compat.v1 as tf

# Word pieces that are remembered, of distinct chunks of text, about 100 MB at
# most, and how long a chunk (in characters) is worth it.
_CACHE_SIZE = 1 << 18
_CACHED_LENGTH = 64
# Longer words are decomposed character by character, as unicodedata takes
# quadratic time for many accents in a row.
_LONG_WORD = 200

_CJK = ("\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df"
        "\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b820-\U0002ceaf"
        "\uf900-\ufaff\U0002f800-\U0002fa1f")
_CJK_CHARACTER = re.compile("([%s])" % _CJK)
# An ideograph, or a run of anything else up to a space, tab or line end: what
# happens to such a chunk does not depend on its neighbours.
_CHUNK = re.compile("[%s]|[^%s \t\n\r]+" % (_CJK, _CJK))
# What BasicTokenizer does to ASCII, where accents and ideographs are not.
_ASCII_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_ASCII_WORD = re.compile("[0-9A-Za-z]+|[!-/:-@[-`{-~]")


def validate_case_matches_checkpoint(do_lower_case, init_checkpoint):
  """Raises ValueError if a released model's name tells of the other casing.

  Args:
    do_lower_case: bool.
    init_checkpoint: path; the folder's name is looked at. May be None.
  """
  match = re.match(r"^.*?([A-Za-z0-9_-]+)/bert_model\.ckpt",
                   init_checkpoint or "")
  if not match:
    return
  model = match.group(1)
  lower = ("uncased_L-24_H-1024_A-16", "uncased_L-12_H-768_A-12",
           "multilingual_L-12_H-768_A-12", "chinese_L-12_H-768_A-12")
  cased = ("cased_L-12_H-768_A-12", "cased_L-24_H-1024_A-16",
           "multi_cased_L-12_H-768_A-12")
  if model in lower and not do_lower_case or model in cased and do_lower_case:
    raise ValueError(
        "--do_lower_case=%s does not go with --init_checkpoint=%s: %s is %s; "
        "give --do_lower_case=%s" % (
            do_lower_case, init_checkpoint, model,
            "cased" if do_lower_case else "lower-cased", not do_lower_case))


def convert_to_unicode(text):
  """Returns str; bytes are read as UTF-8, undecodable ones dropped.

  Raises:
    ValueError: text is neither str nor bytes.
  """
  if isinstance(text, six.text_type):
    return text
  if isinstance(text, six.binary_type):
    return text.decode("utf-8", "ignore")
  raise ValueError("Unsupported string type: %s" % type(text))


def printable_text(text):
  """Returns what print and the log take: str."""
  return convert_to_unicode(text)


def load_vocab(vocab_file):
  """Returns an OrderedDict token -> id, the line's number from 0."""
  with tf.gfile.GFile(vocab_file, "rb") as reader:
    text = convert_to_unicode(reader.read())
  lines = (text[1:] if text.startswith("\ufeff") else text).split("\n")
  if not lines[-1]:
    lines.pop()
  return _Vocab((line.strip(), index) for index, line in enumerate(lines))


def convert_by_vocab(vocab, items):
  """Returns [vocab[item] for each item]; raises KeyError."""
  return [vocab[item] for item in items]


def convert_tokens_to_ids(vocab, tokens):
  return convert_by_vocab(vocab, tokens)


def convert_ids_to_tokens(inv_vocab, ids):
  return convert_by_vocab(inv_vocab, ids)


def whitespace_tokenize(text):
  """Returns the words between white space."""
  return text.split()


class _Vocab(collections.OrderedDict):
  """Counts its changes in `version`, as pieces are remembered.

  No token is longer than `longest` characters; one that was may be gone.
  """
  version = longest = 0

  def __setitem__(self, token, index):
    self.version += 1
    self.longest = max(self.longest, len(token))
    super().__setitem__(token, index)

  def __delitem__(self, token):
    self.version += 1
    super().__delitem__(token)

  def pop(self, *args, **kwargs):
    self.version += 1
    return super().pop(*args, **kwargs)

  def popitem(self, *args, **kwargs):
    self.version += 1
    return super().popitem(*args, **kwargs)

  def clear(self):
    self.version += 1
    super().clear()


class FullTokenizer:
  """Basic tokenization, then word pieces.

  basic_tokenizer and wordpiece_tokenizer may be replaced or changed: the first
  gets the whole text, the second a word at a time.
  """
  _cached_for = _cached_vocab = None

  def __init__(self, vocab_file, do_lower_case=True):
    self.vocab = load_vocab(vocab_file)
    self.inv_vocab = {index: token for token, index in self.vocab.items()}
    self.basic_tokenizer = BasicTokenizer(do_lower_case=do_lower_case)
    self.wordpiece_tokenizer = WordpieceTokenizer(vocab=self.vocab)

  def tokenize(self, text):
    """Returns the word pieces of str or UTF-8 bytes, a list of str."""
    return list(itertools.chain.from_iterable(self._split(text)))

  def tokenize_part(self, text, num_first=None, num_last=None):
    """Returns tokenize(text)[:num_first] or tokenize(text)[-num_last:], of
    which one is given, from 1; the rest of the text is not tokenized."""
    if (type(self).tokenize is not FullTokenizer.tokenize or
        "tokenize" in vars(self)):
      pieces = self.tokenize(text)
      return pieces[:num_first] if num_last is None else pieces[-num_last:]
    if num_last is None:
      return list(itertools.islice(
          itertools.chain.from_iterable(self._split(text)), num_first))
    pieces = itertools.chain.from_iterable(
        map(reversed, self._split(text, from_end=True)))
    return list(itertools.islice(pieces, num_last))[::-1]

  def _split(self, text, from_end=False):
    """Returns an iterator over the lists of pieces of the text's chunks."""
    basic, wordpiece = self.basic_tokenizer, self.wordpiece_tokenizer
    if not _is_original(basic) or not _is_original(wordpiece) or (
        type(wordpiece.vocab) is not _Vocab):
      pieces = map(wordpiece.tokenize, basic.tokenize(text))
      # Others' may depend on the words before.
      return reversed(list(pieces)) if from_end else pieces
    chunks = _chunks(convert_to_unicode(text))
    return map(self._cache_of(basic, wordpiece).__getitem__,
               reversed(chunks) if from_end else chunks)

  def _cache_of(self, basic, wordpiece):
    settings = (basic.do_lower_case, id(wordpiece.vocab),
                wordpiece.vocab.version, wordpiece.unk_token,
                wordpiece.max_input_chars_per_word)
    if settings != self._cached_for:
      self._cache = _Pieces(basic, wordpiece)
      self._cached_for, self._cached_vocab = settings, wordpiece.vocab
    return self._cache

  def convert_tokens_to_ids(self, tokens):
    """Returns list of int; raises KeyError for a token not in the vocabulary.
    """
    return convert_by_vocab(self.vocab, tokens)

  def convert_ids_to_tokens(self, ids):
    return convert_by_vocab(self.inv_vocab, ids)


class _Pieces(dict):
  """Chunk of text -> its word pieces, of tokenizers whose methods are their
  classes' own."""

  def __init__(self, basic, wordpiece):
    super().__init__()
    self._basic = basic
    self._wordpiece = wordpiece
    self._size = 0  # Chunks and pieces, by which memory is bounded.

  def __missing__(self, chunk):
    if not chunk.isascii():
      words = self._basic.tokenize(chunk)
    else:
      text = chunk.lower() if self._basic.do_lower_case else chunk
      words = [text] if text.isalnum() else _ascii_words(text)
    split = self._wordpiece._pieces  # pylint: disable=protected-access
    if len(words) == 1:
      pieces = split(words[0])
    else:
      pieces = [piece for word in words for piece in split(word)]
    if len(chunk) <= _CACHED_LENGTH:
      if self._size >= _CACHE_SIZE:
        self._size = 0
        self.clear()
      self._size += 1 + len(pieces)
      self[chunk] = pieces
    return pieces


def _ascii_words(text):
  return _ASCII_WORD.findall(_ASCII_CONTROL.sub("", text))


class BasicTokenizer:
  """Cleans text and splits it at white space, ideographs and punctuation."""

  def __init__(self, do_lower_case=True):
    self.do_lower_case = do_lower_case

  def tokenize(self, text):
    """Returns the words of str or UTF-8 bytes, a list of str."""
    text = convert_to_unicode(text)
    if text.isascii() and _is_original(self):
      return _ascii_words(text.lower() if self.do_lower_case else text)
    text = self._tokenize_chinese_chars(self._clean_text(text))
    tokens = []
    for word in text.split():
      if self.do_lower_case:
        word = self._run_strip_accents(word.lower())
      tokens += self._run_split_on_punc(word)
    # Splits where lower-casing or NFD made white space.
    return " ".join(tokens).split()

  # The names that forks of the reference call and override.

  def _clean_text(self, text):
    """Drops control characters; turns white space into spaces."""
    return "".join(" " if _is_whitespace(char) else char for char in text
                   if char not in "\0\ufffd" and not _is_control(char))

  def _tokenize_chinese_chars(self, text):
    """Puts spaces around every ideograph."""
    return _CJK_CHARACTER.sub(r" \1 ", text)

  def _is_chinese_char(self, cp):
    """Whether a code point is an ideograph's."""
    return bool(_CJK_CHARACTER.match(chr(cp)))

  def _run_strip_accents(self, text):
    return "".join(char for char in _decomposed(text)
                   if unicodedata.category(char) != "Mn")

  def _run_split_on_punc(self, text):
    """Returns the list of punctuation characters and what is between them."""
    tokens, start = [], 0
    for index, char in enumerate(text):
      if _is_punctuation(char):
        if start < index:
          tokens.append(text[start:index])
        tokens.append(char)
        start = index + 1
    if start < len(text):
      tokens.append(text[start:])
    return tokens


class WordpieceTokenizer:
  """Greedy longest match first."""

  def __init__(self, vocab, unk_token="[UNK]", max_input_chars_per_word=200):
    self.vocab = vocab
    self.unk_token = unk_token
    self.max_input_chars_per_word = max_input_chars_per_word

  def tokenize(self, text):
    """Splits words into pieces.

    Args:
      text: words separated by white space, from BasicTokenizer.

    Returns:
      List of str: a piece each, `##` before every one but a word's first; one
      unk_token for a word that is too long or has an unmatched part.
    """
    return [piece for word in convert_to_unicode(text).split()
            for piece in self._pieces(word)]

  def _pieces(self, word):
    if len(word) > self.max_input_chars_per_word:
      return [self.unk_token]
    if word in self.vocab:
      return [word]
    pieces = []
    prefix = ""
    longest = _longest(self.vocab, word)
    while len(word) > len(prefix):
      for end in range(min(len(word), longest), len(prefix), -1):
        piece = word[:end]
        if piece in self.vocab:
          break
      else:
        return [self.unk_token]
      pieces.append(piece)
      prefix = "##"
      word = prefix + word[end:]
    return pieces


# What the two classes are before anybody replaces a method.
_ORIGINAL = {each: dict(vars(each))
             for each in (BasicTokenizer, WordpieceTokenizer)}


def _is_original(tokenizer):
  """Whether no method of it is another, as of a subclass."""
  original = _ORIGINAL.get(type(tokenizer))
  return (original is not None and original == vars(type(tokenizer)) and
          original.keys().isdisjoint(vars(tokenizer)))


def _longest(vocab, word):
  """Returns a length that no entry of a vocabulary, of those that may be
  pieces of a word, is beyond."""
  if isinstance(vocab, _Vocab):
    return vocab.longest
  # Others may change unseen: they are looked through where that is less work
  # than to look up all parts of the word.
  if isinstance(vocab, dict) and len(vocab) < len(word) ** 2:
    return max(map(len, vocab), default=0)
  return len(word) + 2


def _decomposed(text):
  """Returns the NFD of a text."""
  if len(text) <= _LONG_WORD:
    return unicodedata.normalize("NFD", text)
  chars = itertools.chain.from_iterable(
      unicodedata.normalize("NFD", char) for char in text)
  # In a run of combining characters, their order is that of their classes.
  return "".join(
      char for is_mark, run in itertools.groupby(
          chars, lambda char: unicodedata.combining(char) > 0)
      for char in (sorted(run, key=unicodedata.combining) if is_mark else run))


def _chunks(text):
  # Printable ASCII has no white space but the space.
  if text.isascii() and text.isprintable():
    return text.split()
  return _CHUNK.findall(text)


def _is_whitespace(char):
  """Whether it is a space, tab, line end or of category Zs."""
  return char in " \t\n\r" or unicodedata.category(char) == "Zs"


def _is_control(char):
  """Whether it is of category Cc or Cf, but no tab or line end."""
  return char not in "\t\n\r" and unicodedata.category(char) in ("Cc", "Cf")


def _is_punctuation(char):
  """Whether it is an ASCII non-alphanumeric sign or of a category P*."""
  code = ord(char)
  return (33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or
          123 <= code <= 126 or unicodedata.category(char).startswith("P"))
