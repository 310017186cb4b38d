"""Ends of sentences, in Chinese and in English."""
import pytest

from bert.pretraining import sentences


@pytest.mark.parametrize("text, expected", [
    ("你好。再见！真的？", ["你好。", "再见！", "真的？"]),
    ("他说：“你好。我走了。”然后离开。",
     ["他说：“你好。", "我走了。”", "然后离开。"]),
    ("真的？！走吧……我不知道。", ["真的？！", "走吧……我不知道。"]),
    ("他走了。\"我来了。\"她笑了。", ["他走了。", "\"我来了。\"", "她笑了。"]),
    ("价格是3.5元。", ["价格是3.5元。"]),
    ("（他走了。）她来了", ["（他走了。）", "她来了"]),
    ("I came. I saw.", ["I came.", "I saw."]),
    ("Mr. Smith paid $3.14 to J. R. Doe. He left.",
     ["Mr. Smith paid $3.14 to J. R. Doe.", "He left."]),
    ("\"Stop!\" she cried. \"I won't.\"", ["\"Stop!\" she cried.",
                                         "\"I won't.\""]),
    ("\"Why? I won't.\" He left.", ["\"Why?", "I won't.\"", "He left."]),
    ("See No. 5. No. Why not?", ["See No. 5.", "No.", "Why not?"]),
    ("He left... and came back.", ["He left... and came back."]),
    ("U.S. troops, e.g. here, left.", ["U.S. troops, e.g. here, left."]),
    ("Look at a.b.c?d=1 now", ["Look at a.b.c?d=1 now"]),
    ("", []), (" . ", ["."])])
def test_sentences_end_where_a_reader_says(text, expected):
  assert sentences.split(text) == expected


def test_nothing_of_a_text_is_lost():
  text = "他说：“好。”No. 5 is e.g. \"fine.\" Ok…… 完。"
  assert "".join("".join(sentences.split(text)).split()) == "".join(
      text.split())


@pytest.mark.parametrize("lines, expected", [
    (["今天天气", "很好。"], "今天天气很好。"), (["I am", " here"], "I am here"),
    (["用", "BERT"], "用 BERT"), ([], ""), (["", "a", ""], "a")])
def test_wrapped_lines_are_joined(lines, expected):
  assert sentences.join_lines(lines) == expected


def test_long_sentences_are_cut_after_a_comma_or_a_space():
  assert list(sentences.cut("一，二三四五六，七八九十", 6)) == [
      "一，", "二三四五六，", "七八九十"]
  assert list(sentences.cut("abcdefgh", 3)) == ["abc", "def", "gh"]
  assert list(sentences.cut("one two three", 20)) == ["one two three"]
