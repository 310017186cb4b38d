"""Text to characters, a token each, as many Chinese models expect."""

import tensorflow.compat.v1 as tf

from bert import tokenization

SPACE = "[unused1]"
UNKNOWN = "[UNK]"


class CharTokenizer(tokenization.FullTokenizer):
  """A token for every character, so that tokens and characters stay in step.

  A character of the vocabulary is itself, other white space is [unused1], and
  all else is [UNK].
  """

  def __init__(self, vocab_file, do_lower_case=True):
    super().__init__(vocab_file, do_lower_case)
    if SPACE not in self.vocab:
      tf.logging.warning("%s: no line is %s, so that --tokenizer=char reads "
                         "white space as %s", vocab_file, SPACE, UNKNOWN)
    self.basic_tokenizer = Characters(do_lower_case)
    self.wordpiece_tokenizer = CharacterTokens(self.vocab)


class Characters:
  """Splits text into its characters; nothing is dropped."""

  def __init__(self, do_lower_case=True):
    self.do_lower_case = do_lower_case

  def tokenize(self, text):
    """Returns the characters of str or UTF-8 bytes, a list of str."""
    text = tokenization.convert_to_unicode(text)
    # Each by itself: lower-casing may make two of one.
    return [char.lower() for char in text] if self.do_lower_case else list(text)


class CharacterTokens:
  """Looks up the token of a character."""

  def __init__(self, vocab):
    self.vocab = vocab

  def tokenize(self, char):
    """Returns a list of one token, for a character from Characters."""
    if char in self.vocab:
      return [char]
    return [SPACE if char.isspace() and SPACE in self.vocab else UNKNOWN]
