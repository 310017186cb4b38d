"""Oddities of a task's files that a run takes in stride."""
import re

import pytest

import commands
import golden
from bad_input import HEADER

pytestmark = pytest.mark.usefixtures("plain_graphs")


def with_crlf(content):
  return b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")[:-2]


def with_blank_lines(content):
  first, rest = content.split(b"\n", 1)
  return b"\n" + first + b"\n \n\n" + rest + b"\n\n"


def with_control_characters(content):
  # Of a kind that other readers take for line ends, too.
  return content.replace(b"the ", b"t\0he\x07 \x0b\x0c\x1c\xc2\x85").replace(
      b" was ", b" " * 200000 + b"was ")


@pytest.mark.parametrize(
    "change", [with_crlf, with_blank_lines, with_control_characters],
    ids=["byte_order_mark_and_crlf_and_no_final_line_end", "blank_lines",
         "control_characters_and_huge_fields"])
def test_odd_file_gives_the_same_records(tmp_path, change):
  data = golden.path("cli", "mrpc", "data")
  for name in ("dev.tsv", "test.tsv"):
    content = change(commands.content(data, name).encode("utf-8"))
    commands.write(tmp_path / "data" / name, content)
  log = commands.finish(commands.tiny_flags(
      tmp_path, "mrpc", max_seq_length=40, do_eval=True, do_predict=True,
      bert_config_file=golden.path("bert_config.json"),
      init_checkpoint=golden.path("cli", "mrpc", "output", "model.ckpt-20")))
  for name in ("eval.tf_record", "predict.tf_record"):
    assert (commands.records(tmp_path / "out" / name) ==
            commands.records(golden.path("cli", "mrpc", "expected_" + name)))
  if change is with_blank_lines:
    for name in ("dev.tsv", "test.tsv"):
      assert re.search(re.escape(name) + r".*\b5 blank lines", log)


TOKENS = {"[UNK]": 1, "[CLS]": 2, "[SEP]": 3, '"': 4, "a": 5, "b": 6, ",": 7}


def ids_of(path):
  """input_ids of every record, padding left out."""
  return [record["input_ids"][1][:sum(record["input_mask"][1])]
          for record in commands.records(path)]


def labels_of(path):
  return [record["label_ids"][1] for record in commands.records(path)]


def train_records(tmp_path, task_name, **files):
  """Writes files of a task, trains on them -> path of the records."""
  for name, content in files.items():
    commands.write(tmp_path / "data" / name, content)
  vocab_file = commands.write(tmp_path / "vocab.txt",
                              "\n".join(["[PAD]"] + list(TOKENS)))
  commands.finish(commands.tiny_flags(
      tmp_path, task_name, vocab_file=vocab_file, do_train=True,
      train_batch_size=1, num_train_epochs=1))
  return tmp_path / "out" / "train.tf_record"


def test_tsv_keeps_quotes_and_empty_texts(tmp_path):
  path = train_records(tmp_path, "mrpc", **{"train.tsv": HEADER + (
      '1\t1\t2\t"a b\t"b"\n'
      '0\t3\t4\ta"b"\t""a\n'
      "1\t1\t2\ta b\t\n"
      "0\t3\t4\ta\t  \n"
      "1\t5\t6\t\tb\n"
      "1\t5\t6\t\t\n")})
  assert ids_of(path) == [
      [2, 4, 5, 6, 3, 4, 6, 4, 3], [2, 5, 4, 6, 4, 3, 4, 4, 5, 3],
      [2, 5, 6, 3], [2, 5, 3], [2, 3, 6, 3], [2, 3]]
  segments = [record["segment_ids"][1] for record in commands.records(path)]
  assert [sum(each) for each in segments] == [4, 4, 0, 0, 2, 0]


def test_csv_keeps_quoted_commas_lines_quotes_and_texts_of_any_length(
    tmp_path):
  path = train_records(tmp_path, "baidu_95", **{
      "labels.txt": "x\ny\n",
      "train.csv": 'x,"a, b"\r\n'
                   'y x,"a\r\n\r\nb"\r\n'
                   ',"a ""b"""\r\n'
                   'x,a "b"\r\n'
                   "y,\r\n"
                   'x,%s\r\n'
                   'y,"%s"\r\n'
                   "x,%s\r\n"
                   '"y",a\0\x07' % ("a " * 200000, "b " * 200000,
                                    "a" * 200000)})
  assert ids_of(path) == [
      [2, 5, 7, 6, 3], [2, 5, 6, 3], [2, 5, 4, 6, 4, 3], [2, 5, 4, 6, 4, 3],
      [2, 3], [2] + [5] * 14 + [3], [2] + [6] * 14 + [3], [2, 1, 3], [2, 5, 3]]
  assert labels_of(path) == [
      [1, 0], [1, 1], [0, 0], [1, 0], [0, 1], [1, 0], [0, 1], [1, 0], [0, 1]]


def test_tokenized_text_without_labels_may_come_last(tmp_path):
  path = train_records(tmp_path, "baidu_95", **{
      "labels.txt": "x\ny\n", "train/token_in.txt": "a b\na\nb\n",
      "train/predicate_out.txt": "y x\n\n\n"})
  assert ids_of(path) == [[2, 5, 6, 3], [2, 5, 3], [2, 6, 3]]
  assert labels_of(path) == [[1, 1], [0, 0], [0, 0]]
