"""Which installed font matplotlib can write a text with."""

import re
from typing import Optional, Set

# Names of fonts that may have Chinese characters; these are tried first.
_CJK = re.compile("CJK|Source Han|WenQuanYi|Hei|PingFang|Song|Hiragino|AR PL|"
                  "Fallback|Arial Unicode")


def find(text: str) -> Optional[str]:
  """Returns the path of a font that has all characters of a text, or None.

  matplotlib's default comes first, then upright fonts of usual weight, those
  without serifs before others.
  """
  from matplotlib import font_manager

  def rank(font):
    return (not _CJK.search(font.name), font.style != "normal",
            font.weight not in (400, "normal"), "Serif" in font.name)

  # LastResort has every character, as a box with the name of its script.
  fonts = [font for font in font_manager.fontManager.ttflist
           if not font.name.replace(" ", "").startswith("LastResort")]
  default = font_manager.findfont(font_manager.FontProperties())
  needed = {ord(char) for char in text if char != " "}
  for path in [default] + [font.fname for font in sorted(fonts, key=rank)]:
    if needed <= codes_of(path):
      return path
  return None


def codes_of(path: str) -> Set[int]:
  """Returns a font's characters, none if its file can't be read."""
  from matplotlib import ft2font
  try:
    return set(ft2font.FT2Font(path).get_charmap())
  except (OSError, RuntimeError):
    return set()
