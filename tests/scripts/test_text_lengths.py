"""scripts/text_lengths.py, in this process."""
import contextlib
import importlib.util
import io
import os
import subprocess
import sys
from unittest import mock

import numpy as np
import pytest

import commands
import forked
from bert.common import command
from processors import base

SCRIPT = os.path.join(os.path.dirname(commands.SCRIPT), "scripts",
                      "text_lengths.py")
SPEC = importlib.util.spec_from_file_location("text_lengths", SCRIPT)
text_lengths = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(text_lengths)

PAIRS = """
from bert.data.examples import InputExample
from processors.base import DataProcessor, register

class Lists(DataProcessor):
  def get_train_examples(self, data_dir):
    return [InputExample("train-1", *self.texts)]
  get_dev_examples = get_test_examples = get_train_examples

@register("pairs")
class Pairs(Lists):
  texts = ("one two", "Three")

@register("pieces")
class Pieces(Lists):
  texts = (["one", "two three", "##x"],)

@register("words")
class Words(Lists):
  head = "tagging"
  texts = (["one", "two three", "four"],)

@register("empty")
class Empty(Lists):
  def get_test_examples(self, data_dir):
    return []
  texts = ("one",)
"""
HEADER = ["set", "examples", "mean", "median", "90", "%", "95", "%", "99", "%",
          "longest", ">", "64", ">", "128", ">", "256", ">", "512"]


@pytest.fixture
def flags(tmp_path):
  """Training texts of 1 to 100 words and one of 700; dev 3 and 70; no test."""
  rows = [("label", "text")]
  commands.write_table(tmp_path / "data" / "train.tsv", rows + [
      ("消防管理", " ".join(["one"] * count)) for count in
      list(range(1, 101)) + [700]])
  commands.write_table(tmp_path / "data" / "dev.tsv", rows + [
      ("消防管理", "one two, three"), ("消防管理", "三" * 70)])
  return {"task_name": "domainc", "data_dir": str(tmp_path / "data"),
          "vocab_file": commands.write(
              tmp_path / "vocab.txt",
              "".join(token + "\n" for token in (
                  "[UNK]", "[CLS]", "[SEP]", "[MASK]", "one", "two", "three")))}


def run(flags, *arguments):
  """Runs the script -> code, its lines, what it says on standard error."""
  out, log = io.StringIO(), io.StringIO()
  known = mock.patch.dict(base._PROCESSORS)  # pylint: disable=protected-access
  with commands._own_log(), known:  # pylint: disable=protected-access
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(log):
      code = command.run(text_lengths.main, ["text_lengths.py"] +
                         commands.argv(flags) + list(arguments))
  return code, out.getvalue().split("\n")[:-1], log.getvalue()


def refused(flags, *arguments):
  """Runs the script, which has to find a mistake -> its one line."""
  code, lines, log = run(flags, *arguments)
  assert (code, lines) == (2, [])
  assert len(log.strip().split("\n")) == 1, log
  assert log.startswith("text_lengths.py: error: ")
  return log


def test_lengths_are_counted_with_special_tokens(flags):
  code, lines, _ = run(flags)
  assert code == 0
  assert lines[0] == "Tokens an example, task domainc"
  assert lines[1].split() == HEADER
  # 3 to 102 and 702: 58.93 on average; the 90th percentile is 90 steps up from
  # 3. Over 64 are 39 of 101.
  assert lines[3].split() == [
      "train", "101", "58.9", "53.0", "93.0", "98.0", "102.0", "702",
      "38.6", "%", "1.0", "%", "1.0", "%", "1.0", "%"]
  # 4 words and signs and 70 ideographs, and 2 each.
  assert lines[4].split() == [
      "dev", "2", "39.0", "39.0", "65.4", "68.7", "71.3", "72",
      "50.0", "%", "0.0", "%", "0.0", "%", "0.0", "%"]
  assert lines[5] == "No test set: %s: no such file" % os.path.join(
      flags["data_dir"], "test.tsv")
  # 98 up to a multiple of 8 is 104; the one of 702 tokens is cut.
  assert lines[6:] == ["Suggested: --max_seq_length=104, which cuts 1.0 % of "
                       "the training set"]


@pytest.mark.parametrize("lengths, expected", [
    ([16], 16), ([17], 24), ([511], 512), ([900], 512),
    ([8] * 99 + [400], 8), (list(range(1, 101)), 96)])
def test_suggestion_is_a_multiple_of_eight_up_to_512(lengths, expected):
  assert text_lengths.suggest(np.array(lengths)) == expected


def test_length_asked_for_is_a_limit_too(flags):
  _, lines, _ = run(flags, "--max_seq_length=32")
  assert lines[1].split()[11:15] == [">", "32", ">", "64"]
  # 71 of 101.
  assert lines[3].split()[8:10] == ["70.3", "%"]


@pytest.mark.parametrize("task, expected", [
    ("pairs", 6),  # [CLS] one two [SEP] three [SEP]
    ("pieces", 5),  # They are taken as they are.
    ("words", 6)])  # "two three" becomes two.
def test_pairs_pieces_and_words_are_counted(task, expected, flags, tmp_path):
  module = commands.write(tmp_path / "tasks.py", PAIRS)
  code, lines, log = run(dict(flags, task_name=task, processor_module=module))
  assert code == 0, log
  assert [line.split()[:3] for line in lines[3:6]] == [
      [name, "1", "%d.0" % expected] for name in ("train", "dev", "test")]


def test_case_matters_where_it_is_asked_for(flags):
  with open(flags["vocab_file"], "a") as stream:
    stream.write("##e\non\nO\n##n\n")
  commands.write(os.path.join(flags["data_dir"], "train.tsv"),
                 "label\ttext\n消防管理\tOne\n")
  _, lines, _ = run(flags)
  assert lines[3].split()[2] == "3.0"  # one
  _, lines, _ = run(flags, "--do_lower_case=false")
  assert lines[3].split()[2] == "5.0"  # O ##n ##e


def test_task_that_has_no_such_set_says_so(flags, tmp_path):
  module = commands.write(tmp_path / "tasks.py", """
from processors.base import register, Table, TableProcessor

@register("untested")
class Untested(TableProcessor):
  labels = ("消防管理",)
  train = Table("train.tsv", text_a=1, label=0)
  dev = Table("dev.tsv", text_a=1, label=0)
""")
  code, lines, log = run(dict(flags, task_name="untested",
                              processor_module=module))
  assert code == 0, log
  assert lines[5] == "No test set: task Untested has no test set"


def test_set_that_is_broken_is_the_users_mistake(flags):
  path = commands.write(os.path.join(flags["data_dir"], "dev.tsv"),
                        "label\ttext\nno tab\n")
  assert "%s:2: the row has 1 columns" % path in refused(flags)


def test_folder_without_any_set_is_the_users_mistake(flags, tmp_path):
  (tmp_path / "none").mkdir()
  message = refused(dict(flags, data_dir=str(tmp_path / "none")))
  assert "No train set: " in message and "No test set: " in message


def test_empty_set_is_the_users_mistake(flags, tmp_path):
  module = commands.write(tmp_path / "tasks.py", PAIRS)
  assert "the test set has no examples" in refused(
      dict(flags, task_name="empty", processor_module=module))


@pytest.mark.parametrize("name, value, expected", [
    ("task_name", "domain", "did you mean domainc"),
    ("data_dir", "/none", "--data_dir=/none: no such folder"),
    ("vocab_file", "/none", "--vocab_file=/none: no such file"),
    ("vocab_file", None, "--vocab_file is required"),
    ("vocab", "/none", "vocab"),
    ("output_png", "/none/a.png", "--output_png")])
def test_mistake_ends_with_one_line(name, value, expected, flags):
  assert expected in refused(dict(flags, **{name: value}))


def test_picture_without_matplotlib_is_refused_at_once(flags, monkeypatch):
  find_spec = importlib.util.find_spec
  monkeypatch.setattr(
      importlib.util, "find_spec",
      lambda name: None if name == "matplotlib" else find_spec(name))
  assert "--output_png needs matplotlib: pip install -r" in refused(
      flags, "--output_png=lengths.png")


def test_histogram_is_drawn(flags, tmp_path):
  pytest.importorskip("matplotlib")
  path = tmp_path / "lengths.png"
  code, lines, _ = run(flags, "--output_png=%s" % path)
  assert code == 0
  assert lines[-1] == "Histogram: %s" % path
  assert path.read_bytes().startswith(b"\x89PNG")
  assert "a folder" in refused(flags, "--output_png=%s" % tmp_path)
  assert "no folder" in refused(flags, "--output_png=%s" % (
      tmp_path / "none" / "lengths.png"))


def test_script_runs_from_any_folder(flags, tmp_path):
  process = subprocess.run(
      forked.python() + [SCRIPT] + commands.argv(flags), cwd=str(tmp_path),
      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
  assert process.returncode == 0, process.stderr
  assert process.stdout.decode("utf-8").startswith("Tokens an example")


def test_characters_are_counted_where_they_are_the_tokens(flags):
  commands.write(os.path.join(flags["data_dir"], "train.tsv"),
                 "label\ttext\n消防管理\tOne two\n")
  _, lines, _ = run(flags, "--tokenizer=char")
  assert lines[3].split()[2] == "9.0"
