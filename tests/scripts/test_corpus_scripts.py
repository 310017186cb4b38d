"""scripts/prepare_corpus.py and train_vocabulary.py as a user runs them."""
import os

import pytest

import commands
import golden
from bert import tokenization
from bert.common import libraries

prepare_corpus = commands.load_script("prepare_corpus")
train_vocabulary = commands.load_script("train_vocabulary")

TEXT = ("Mr. Smith came\nhome. He sat down.\n\n今天天气\n很好。我们去\n公园。\n"
        "\n\nThe end\n")


def prepare(folder, text=TEXT, **changes):
  flags = dict({
      "input_file": commands.write(folder / "in.txt", text),
      "output_file": str(folder / "out.txt")}, **changes)
  return commands.run(flags, prepare_corpus), flags["output_file"]


@pytest.mark.parametrize("document, expected", [
    ("blank_line", ["Mr. Smith came home.", "He sat down.", "",
                    "今天天气很好。", "我们去公园。", "", "The end"]),
    ("file", ["Mr. Smith came home.", "He sat down.", "今天天气很好。",
              "我们去公园。", "The end"]),
    ("line", ["Mr. Smith came", "", "home.", "He sat down.", "", "今天天气", "",
              "很好。", "我们去", "", "公园。", "", "The end"])])
def test_sentences_stand_on_lines_of_their_own(tmp_path, document, expected):
  result, path = prepare(tmp_path, document=document)
  assert result.code == 0, result.log
  assert commands.lines(path) == expected


def test_long_sentences_are_cut(tmp_path):
  result, path = prepare(tmp_path, "one two three four five six", max_chars=10)
  assert result.code == 0, result.log
  assert commands.lines(path) == ["one two", "three", "four five", "six"]


@pytest.mark.parametrize("text, changes, fragment", [
    ("\n \n", {}, "there is no text"), ("a", dict(input_file="none*"), "none*"),
    ("a", dict(document="page"), "--document=page"),
    ("a", dict(max_chars=1), "--max_chars=1")])
def test_mistake_is_told_in_one_line(tmp_path, text, changes, fragment):
  result, path = prepare(tmp_path, text, **changes)
  assert result.code == 2 and fragment in result.log
  assert not os.path.exists(path)


def test_input_is_not_overwritten(tmp_path):
  path = commands.write(tmp_path / "in.txt", "text")
  result = commands.run({"input_file": path, "output_file": path},
                        prepare_corpus)
  assert result.code == 2 and "--output_file=" in result.log
  assert commands.content(path) == "text"


@pytest.mark.skipif(not libraries.is_installed("tokenizers"),
                    reason="requirements-pretraining.txt")
def test_vocabulary_is_one_that_reads_its_text(tmp_path):
  text = (golden.text("corpus_en.txt") + golden.text("corpus_zh.txt")) * 3
  flags = {"input_file": commands.write(tmp_path / "in.txt", text),
           "vocab_file": str(tmp_path / "vocab.txt"), "vocab_size": 600}
  result = commands.run(flags, train_vocabulary)
  assert result.code == 0, result.log
  entries = commands.lines(flags["vocab_file"])
  assert len(entries) <= 600 and len(set(entries)) == len(entries)
  assert entries[0] == "[PAD]" and entries[1] == "[unused1]"
  assert entries[100:104] == ["[UNK]", "[CLS]", "[SEP]", "[MASK]"]
  tokenizer = tokenization.FullTokenizer(flags["vocab_file"])
  tokens = tokenizer.tokenize(text)
  assert "[UNK]" not in tokens
  assert any(token.startswith("##") for token in tokens)
  # Ideographs stand alone.
  assert not [entry for entry in entries if len(entry) > 1 and any(
      "\u4e00" <= char <= "\u9fff" for char in entry)]


@pytest.mark.skipif(not libraries.is_installed("tokenizers"),
                    reason="requirements-pretraining.txt")
@pytest.mark.parametrize("changes, fragment", [
    (dict(input_file="none*"), "none*"), (dict(vocab_size=104), "vocab_size")])
def test_vocabulary_of_nothing_is_refused(tmp_path, changes, fragment):
  flags = dict({"input_file": commands.write(tmp_path / "in.txt", "a b"),
                "vocab_file": str(tmp_path / "vocab.txt")}, **changes)
  result = commands.run(flags, train_vocabulary)
  assert result.code == 2 and fragment in result.log
