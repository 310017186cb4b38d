"""Named entities, in Chinese and English."""

import re

from processors.base import Table
from processors.base import register
from processors.tagging import TaggingProcessor


def _tables(*paths):
  return tuple(Table(path, text_a=0, label=-1) for path in paths)


@register("weibo_ner")
class WeiboNer(TaggingProcessor):
  """People, places, organizations in Weibo posts, a character a line."""
  train = _tables("weiboNER_2nd_conll.train", "train.txt")
  dev = _tables("weiboNER_2nd_conll.dev", "dev.txt")
  test = _tables("weiboNER_2nd_conll.test", "test.txt")

  def read_word(self, text):
    # A character is followed by its index in its word, of two digits from the
    # eleventh on; the character may be a digit itself.
    return re.sub(r"(?s)(.)[0-9]+$", r"\1", text)


@register("conll")
class Conll(TaggingProcessor):
  """CoNLL-2003: people, places, organizations and others in news."""
  is_iob1 = True
  train = _tables("train.txt")
  dev = _tables("dev.txt", "valid.txt")
  test = _tables("test.txt")
