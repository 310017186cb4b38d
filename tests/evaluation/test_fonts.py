"""The font that has all characters of the labels."""
import collections

import pytest

import commands
from bert.evaluation import fonts

pytest.importorskip("matplotlib")
# pylint: disable=wrong-import-position
from matplotlib import font_manager

Font = collections.namedtuple("Font", "name fname style weight")


def test_default_font_is_kept_where_it_has_all_characters():
  default = font_manager.findfont(font_manager.FontProperties())
  assert fonts.find("a é") == default
  assert {ord("a"), ord("é")} <= fonts.codes_of(default)


def test_text_that_no_font_has_gets_none():
  # This code is never to be a character.
  assert fonts.find("a\U000fffff") is None


def test_first_choice_is_a_chinese_font_upright_and_of_usual_weight(
    monkeypatch):
  installed = [Font("LastResort", "boxes", "normal", 400),
               Font("DejaVu Serif", "serif", "normal", 400),
               Font("Noto Sans CJK SC", "bold", "normal", 700),
               Font("Noto Sans CJK SC", "italic", "italic", 400),
               Font("Noto Sans CJK SC", "usual", "normal", 400),
               Font("Noto Serif CJK SC", "latin", "normal", 400)]
  monkeypatch.setattr(font_manager.fontManager, "ttflist", installed)
  monkeypatch.setattr(
      fonts, "codes_of",
      lambda path: set() if path in ("latin", "serif") or "DejaVu" in path
      else {ord("一")})
  assert fonts.find("一 一") == "usual"
  del installed[2:5]
  assert fonts.find("一") is None


def test_file_that_is_no_font_has_no_characters(tmp_path):
  broken = commands.write(tmp_path / "broken.ttf", "no font")
  assert fonts.codes_of(broken) == set()
  assert fonts.codes_of(str(tmp_path / "none.ttf")) == set()
