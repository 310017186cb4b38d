"""Where sentences end, in Chinese and in English."""

import re
from typing import Iterable, Iterator, List

_STOP = re.compile("[。！？｡]+[.!?…。！？｡]*|[!?]+|[.]+|…+")
_ALWAYS = "。！？｡"
_CLOSERS = "”’」』）)]】》〉"
# These never end a sentence.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof rev hon st gen col capt lt sgt gov sen rep pres messrs "
    "mme mlle vs e.g i.e cf al approx dept est inc ltd co corp jr sr "
    "jan feb mar apr jun jul aug sep sept oct nov dec".split())
# These do not before a number.
_BEFORE_NUMBERS = frozenset(
    "no nos fig figs p pp vol vols art sec ch eq".split())
_INITIALS = re.compile(r"[A-Z]$|(\w\.)+\w$")
_LAST_WORD = re.compile(r"[\w.]*$")
# Ideographs and their punctuation, which have no spaces around them.
_CJK = re.compile("[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
                  "\uff00-\uffef]")


def split(text: str) -> List[str]:
  """Returns the sentences of a paragraph, without white space around them.

  A quote that closes right after the stop belongs to it. Abbreviations,
  initials and decimals do not end a sentence.
  """
  sentences, begin = [], 0
  for match in _STOP.finditer(text):
    if match.start() < begin:
      continue
    end = _after_closers(text, match.end())
    if _is_end(text, match, begin, end):
      sentences.append(text[begin:end].strip())
      begin = end
  sentences.append(text[begin:].strip())
  return [sentence for sentence in sentences if sentence]


def join_lines(lines: Iterable[str]) -> str:
  """Returns the text of lines that were wrapped, of a paragraph."""
  text = ""
  for line in lines:
    line = line.strip()
    is_tight = text and line and _CJK.match(text[-1]) and _CJK.match(line[0])
    text += line if is_tight or not text else " " + line
  return text.strip()


def cut(sentence: str, max_chars: int) -> Iterator[str]:
  """Yields parts of a sentence, none longer than max_chars.

  They end after a comma or a space, where there is one.
  """
  while len(sentence) > max_chars:
    ends = [match.end() for match in re.finditer(
        "[，、；：,;:]|\\s", sentence[:max_chars])]
    end = ends[-1] if ends else max_chars
    yield sentence[:end].strip()
    sentence = sentence[end:].strip()
  if sentence:
    yield sentence


def _after_closers(text, end):
  while end < len(text) and _is_closer(text, end):
    end += 1
  return end


def _is_closer(text, position):
  char = text[position]
  if char == '"':  # An odd one opened.
    return bool(text.count(char, 0, position) % 2)
  if char == "'":
    return not text[position + 1:position + 2].isalnum()
  return char in _CLOSERS


def _is_end(text, match, begin, end):
  stop, rest = match.group(), text[end:end + 80]
  after = rest.lstrip()
  if not after or stop[0] in _ALWAYS:
    return True
  is_apart = len(after) < len(rest) or bool(_CJK.match(rest))
  if stop[0] == "…":
    return end > match.end()
  if not is_apart:
    return False
  if stop[0] in "!?":
    return not after[0].islower()
  word = _LAST_WORD.search(text, begin, match.start()).group()
  if word.lower() in _ABBREVIATIONS or _INITIALS.match(word):
    return False
  if word.lower() in _BEFORE_NUMBERS and after[0].isdigit():
    return False
  return not after[0].islower()
