"""Record files that are cut short, or hold what the model has not."""
import os

import pytest
import tensorflow.compat.v1 as tf

import commands
import record_files
from bert import modeling
from bert.common.errors import MachineError
from bert.common.errors import UserError
from bert.data import record_check
from bert.data import record_encoder
from bert.data import record_index
from bert.data import records
from bert.encoders.bert import Bert
from bert.pretraining import instance_files
from mistakes import message_of

CONFIG = modeling.BertConfig(vocab_size=10, type_vocab_size=2)
SPEC = instance_files.feature_spec(4, 2, Bert(CONFIG))
ROW = dict(input_ids=[9, 5, 6, 0], input_mask=[1, 1, 1, 0],
           segment_ids=[0, 1, 1, 0], masked_lm_positions=[1, 3],
           masked_lm_ids=[9, 0], masked_lm_weights=[1.0, 0.0],
           next_sentence_labels=[1])
# A number that the model has not, in each of the fields, and what is allowed.
BAD = [
    (dict(input_ids=[9, 10, 6, 0]), "input_ids 10", "0 to 9 (vocab_size"),
    (dict(input_ids=[9, -1, 6, 0]), "input_ids -1", "0 to 9 (vocab_size"),
    (dict(input_ids=[9, 2**32, 0, 0]), "input_ids 4294967296", "0 to 9"),
    (dict(input_mask=[1, 1, 2, 0]), "input_mask 2", "0 to 1"),
    (dict(segment_ids=[0, 2, 1, 0]), "segment_ids 2", "0 to 1 (type_vocab"),
    (dict(masked_lm_positions=[1, 4]), "masked_lm_positions 4",
     "0 to 3 (--max_seq_length"),
    (dict(masked_lm_ids=[10, 0]), "masked_lm_ids 10", "0 to 9 (vocab_size"),
    (dict(next_sentence_labels=[2]), "next_sentence_labels 2", "0 to 1")]


def write(path, rows):
  """Writes pre-training records -> path."""
  encoder = record_encoder.RecordEncoder(SPEC)
  records.write_records(str(path), (
      encoder.encode([row[name] for name in SPEC]) for row in rows))
  return str(path)


def cut(path, num_bytes):
  with open(path, "r+b") as stream:
    stream.truncate(os.path.getsize(path) - num_bytes)
  return path


def batches_of(path):
  """Reads a file as a training does."""
  with tf.Graph().as_default(), tf.Session() as session:
    batch = tf.data.make_one_shot_iterator(instance_files.evaluation_input_fn(
        [path], SPEC)({"batch_size": 3})).get_next()
    return [session.run(batch) for _ in range(2)]


def read(path):
  with record_check.explaining({path: SPEC}):
    return batches_of(path)


@pytest.mark.parametrize("changes, found, allowed", BAD)
@pytest.mark.parametrize("check", [
    lambda path: record_check.check_start([path], SPEC), read],
                         ids=["before", "while_read"])
def test_number_that_the_model_has_not_names_file_and_record(
    tmp_path, check, changes, found, allowed):
  path = write(tmp_path / "data", [ROW] * 4 + [dict(ROW, **changes)])
  message = message_of(check, path)
  assert "%s: record 5 has %s, which" % (path, found) in message
  assert allowed in message


@pytest.mark.parametrize("num_bytes", [1, 4, 20])
@pytest.mark.parametrize("check", [
    lambda path: record_check.check_start([path], SPEC), read],
                         ids=["before", "while_read"])
def test_cut_file_is_named(tmp_path, check, num_bytes):
  path = cut(write(tmp_path / "data", [ROW] * 5), num_bytes)
  message = message_of(check, path)
  assert message.startswith(path + ": ")
  assert "cut short" in message


def test_cut_behind_the_first_records_is_found_by_their_sizes(tmp_path,
                                                              monkeypatch):
  monkeypatch.setattr(record_check, "_NUM_LOOKED_AT", 2)
  path = cut(write(tmp_path / "data", [ROW] * 5), 3)
  assert message_of(record_check.check_start, [path], SPEC) == (
      path + ": the file is cut short after 4 records; copy or write it again")


@pytest.mark.parametrize("num_bytes", [1, 5, 11])
def test_file_of_a_few_bytes_is_cut_short(tmp_path, num_bytes):
  path = commands.write(tmp_path / "data", b"\x07" * num_bytes)
  assert message_of(record_check.check_start, [path], SPEC) == (
      path + ": the file is cut short after 0 records; copy or write it again")


def test_empty_file_has_no_records(tmp_path):
  path = commands.write(tmp_path / "data", b"")
  assert message_of(record_check.check_start, [path], SPEC) == (
      path + ": the file has no records")


def test_head_of_a_record_may_be_cut(tmp_path):
  path = write(tmp_path / "data", [ROW] * 3)
  size = os.path.getsize(path) // 3
  assert record_index.follow(path, 99) == (3, True)
  assert record_index.follow(path, 2) == (2, True)
  assert record_index.follow(cut(path, size - 5), 99) == (2, False)


def test_bad_file_is_found_among_several(tmp_path):
  paths = [write(tmp_path / name, [ROW] * 3) for name in "abc"]
  assert record_check.find(dict.fromkeys(paths, SPEC)) is None
  cut(paths[1], 2)
  assert record_check.find(dict.fromkeys(paths, SPEC)).startswith(paths[1])


def test_other_errors_stay_what_they_are(tmp_path):
  path = write(tmp_path / "data", [ROW] * 3)
  with pytest.raises(tf.errors.InvalidArgumentError):
    with record_check.explaining({path: SPEC}):
      raise tf.errors.InvalidArgumentError(None, None, "of a kernel")


def test_records_of_other_lengths_are_told(tmp_path):
  path = write(tmp_path / "data", [ROW] * 3)
  spec = dict(SPEC, input_ids=SPEC["input_ids"]._replace(shape=(5,)))
  assert "record 1 has 4 values of input_ids, this run has 5" in message_of(
      record_check.check_start, [path], spec)


def test_records_of_another_kind_are_told(tmp_path):
  path = str(tmp_path / "data")
  records.write_records(path, [b"\xff no message"])
  assert message_of(instance_files.check_files, [path], SPEC) == (
      path + ": record 1 is no tf.train.Example")


def test_without_a_config_nothing_is_limited():
  assert all(field.limit is None
             for field in instance_files.feature_spec(4, 2).values())


def test_index_of_a_cut_file_names_it(tmp_path):
  path = record_files.write(tmp_path / "set", [5] * 8)
  index = record_index.RecordIndex(path, 8)
  cut(path, 6)
  with pytest.raises(MachineError, match="set: the file was cut short"):
    record_index.RecordIndex(path, 8)
  with pytest.raises(ValueError, match="set: the file is cut short"):
    list(index.shuffled(1))


def test_files_of_the_program_are_no_mistake_of_the_users(tmp_path):
  path = cut(write(tmp_path / "data", [ROW] * 5), 2)
  with pytest.raises(MachineError, match="data: .*; way out"):
    with record_check.explaining({path: SPEC}, MachineError, "; way out"):
      batches_of(path)
  assert not issubclass(MachineError, UserError)
