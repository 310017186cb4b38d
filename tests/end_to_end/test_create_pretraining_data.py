"""create_pretraining_data.py as a user runs it: shards, kills, mistakes."""
import os
import signal
import subprocess
import sys
import time

import pytest

import commands
import create_pretraining_data
from bert.pretraining import instance_files
from tiny_runs import pretraining_text

SCRIPT = os.path.abspath(create_pretraining_data.__file__)


def run(flags):
  return commands.run(flags, create_pretraining_data)


def finish(flags):
  result = run(flags)
  assert result.code == 0, result.log
  return result.log


def written(flags):
  folder = os.path.dirname(flags["output_file"])
  return {name: content for name, content in commands.snapshot(folder).items()
          if not name.endswith(".json")}


@pytest.fixture(scope="module")
def sharded(tmp_path_factory):
  flags = pretraining_text(tmp_path_factory.mktemp("sharded"), num_shards=4,
                     num_workers=1)
  finish(flags)
  return flags


def test_log_shows_files_and_first_instances(tmp_path):
  flags = pretraining_text(tmp_path)
  commands.assert_in_order(finish(flags), [
      "*** Reading from input files ***", flags["input_file"],
      "*** Writing to output files ***", flags["output_file"],
      "*** Example ***", "tokens: [CLS] ", "input_ids: ", "input_mask: ",
      "segment_ids: ", "masked_lm_positions: ", "masked_lm_ids: ",
      "masked_lm_weights: ", "next_sentence_labels: ", "total instances"])


def test_shards_are_named_and_hold_different_documents(sharded):
  files = written(sharded)
  assert sorted(files) == ["data-%05d-of-00004" % index for index in range(4)]
  assert len(set(files.values())) == 4
  for name in files:
    path = os.path.join(os.path.dirname(sharded["output_file"]), name)
    for record in commands.records(path):
      assert {name: len(values) for name, (_, values) in record.items()} == {
          "input_ids": 32, "input_mask": 32, "segment_ids": 32,
          "masked_lm_positions": 5, "masked_lm_ids": 5,
          "masked_lm_weights": 5, "next_sentence_labels": 1}


@pytest.mark.parametrize("num_workers", [2, 3])
def test_shards_are_the_same_whoever_makes_them(sharded, tmp_path,
                                                num_workers):
  flags = pretraining_text(tmp_path, num_shards=4, num_workers=num_workers)
  finish(flags)
  assert written(flags) == written(sharded)


def test_shards_can_be_made_by_several_runs(sharded, tmp_path):
  flags = pretraining_text(tmp_path, num_shards=4)
  finish(dict(flags, shards="1"))
  assert list(written(flags)) == ["data-00001-of-00004"]
  finish(dict(flags, shards="2-3"))
  assert "2 of 3 shards are there" not in finish(dict(flags, shards="0"))
  assert written(flags) == written(sharded)


def test_killed_run_makes_only_what_is_not_finished(sharded, tmp_path):
  flags = pretraining_text(tmp_path, num_shards=4, num_workers=1)
  folder = os.path.dirname(flags["output_file"])
  process = subprocess.Popen(
      [sys.executable, SCRIPT] + commands.argv(dict(flags, dupe_factor=3)),
      stderr=subprocess.DEVNULL)
  while not os.path.exists(os.path.join(folder, "data-00001-of-00004")):
    assert process.poll() is None
    time.sleep(0.005)
  process.send_signal(signal.SIGKILL)
  process.wait()
  times = {name: os.stat(os.path.join(folder, name)).st_mtime_ns
           for name in written(flags) if not name.endswith(".partial")}
  finish(flags)
  assert written(flags) == written(sharded)
  for name, then in times.items():
    assert os.stat(os.path.join(folder, name)).st_mtime_ns == then


@pytest.mark.parametrize("changes, fragments", [
    (dict(max_seq_length=64, max_predictions_per_seq=10),
     ["max_predictions_per_seq 5, this run has 10"]),
    (dict(random_seed=1), ["random_seed 12345, this run has 1"]),
    (dict(do_whole_word_mask=True), ["do_whole_word_mask False"])])
def test_shards_made_otherwise_are_not_mixed(sharded, tmp_path, changes,
                                             fragments):
  flags = dict(sharded, **changes)
  result = run(flags)
  assert result.code == 2
  for fragment in fragments + [sharded["output_file"] + ".json"]:
    assert fragment in result.log


def test_words_of_a_segmenter_are_logged_and_masked_together(tmp_path):
  plain = pretraining_text(tmp_path / "1")
  flags = pretraining_text(tmp_path / "2", segmenter="whitespace",
                     do_whole_word_mask=True)
  finish(dict(plain, do_whole_word_mask=True))
  assert "words: " in finish(flags)
  # Words with spaces between are what ## tells, too.
  assert list(written(flags).values()) == list(written(plain).values())


@pytest.mark.parametrize("changes, fragments", [
    (dict(input_file="none*"), ["--input_file=none*"]),
    (dict(input_file=None), ["--input_file", "required"]),
    (dict(vocab_file="none"), ["--vocab_file=none"]),
    (dict(max_predictions_per_seq=0), ["--max_predictions_per_seq=0"]),
    (dict(max_seq_length=512, max_predictions_per_seq=7),
     ["--max_predictions_per_seq=7", "masks 77"]),
    (dict(max_seq_length=4), ["--max_seq_length=4"]),
    (dict(masked_lm_prob=0), ["--masked_lm_prob=0"]),
    (dict(masked_lm_prob=1.5), ["--masked_lm_prob=1.5"]),
    (dict(dupe_factor=0), ["--dupe_factor=0"]),
    (dict(segmenter="whitespace"),
     ["--segmenter=whitespace", "--do_whole_word_mask"]),
    (dict(segmenter="none:cut", do_whole_word_mask=True), ["none"]),
    (dict(shards="0"), ["--shards=0", "--num_shards"]),
    (dict(num_shards=2, shards="2"), ["--shards=2", "0 to 1"]),
    (dict(num_shards=2, shards="a"), ["--shards=a"]),
    (dict(num_shards=2, output_file="a,b"), ["--output_file=a,b"]),
    (dict(num_shards=99), ["--num_shards=99", "12 documents"]),
    (dict(output_file="/dev/null/x"), ["--output_file=/dev/null"])])
def test_mistake_is_told_in_one_line(tmp_path, changes, fragments):
  flags = pretraining_text(tmp_path, **changes)
  result = run(flags)
  assert result.code == 2, result.log
  (line,) = [line for line in result.log.split("\n") if "error: " in line]
  for fragment in fragments:
    assert fragment in line


def test_text_without_documents_is_refused(tmp_path):
  flags = pretraining_text(tmp_path)
  commands.write(flags["input_file"], "\n \n\n")
  result = run(flags)
  assert result.code == 2 and "no documents" in result.log
  assert not written(flags)


def test_vocabulary_without_mask_is_refused(tmp_path):
  flags = pretraining_text(tmp_path, vocab_file=commands.write(
      tmp_path / "v.txt", "[UNK]\n[CLS]\n[SEP]\nthe\n"))
  result = run(flags)
  assert result.code == 2 and "[MASK]" in result.log


def test_rows_are_padded():
  instance = instance_files.instances.Instance([1, 7, 2, 8, 2], 3, [1], [6], True)
  masking = instance_files.instances.MaskingConfig(7, 3)
  assert instance_files.to_row(instance, masking) == [
      [1, 7, 2, 8, 2, 0, 0], [1, 1, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 0, 0],
      [1, 0, 0], [6, 0, 0], [1.0, 0, 0], [1]]
