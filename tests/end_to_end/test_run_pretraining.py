"""run_pretraining.py as a user runs it."""
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import create_pretraining_data
import golden
import run_pretraining
from bert.data import input_fns
from bert.data import record_check
from bert.pretraining import instance_files
from tiny_runs import pretraining_text

pytestmark = pytest.mark.usefixtures("plain_graphs")

SCRIPT = os.path.abspath(run_pretraining.__file__)
KEYS = {"masked_lm_accuracy", "masked_lm_loss", "next_sentence_accuracy",
        "next_sentence_loss", "global_step", "loss"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
  """Four shards of instances -> what their names begin with."""
  flags = pretraining_text(tmp_path_factory.mktemp("data"), num_shards=4,
                     num_workers=1)
  assert commands.run(flags, create_pretraining_data).code == 0
  return flags["output_file"]


def make_flags(folder, data, **changes):
  return dict({
      "input_file": data + "-*", "output_dir": str(folder / "out"),
      "bert_config_file": commands.write_config(folder),
      "max_seq_length": 32, "max_predictions_per_seq": 5,
      "train_batch_size": 8, "learning_rate": 1e-2, "num_train_steps": 12,
      "num_warmup_steps": 2, "max_eval_steps": 6, "log_steps": 5,
      "save_checkpoints_steps": 6, "random_seed": 3, "do_train": True,
      "do_eval": True}, **changes)


def run(flags):
  return commands.run(flags, run_pretraining)


def finish(flags):
  result = run(flags)
  assert result.code == 0, result.log
  return result.log


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
  flags = make_flags(tmp_path_factory.mktemp("trained"), data)
  log = finish(flags)
  return flags, log


def test_run_leaves_checkpoints_results_and_curves(trained):
  flags, log = trained
  folder = flags["output_dir"]
  commands.assert_in_order(log, [
      "***** Running training *****", "Training: 12 of 12", "loss", "rate",
      "examples/s", "***** Running evaluation *****",
      "***** Eval results *****", "global_step = 12"])
  assert set(commands.results(folder)) == KEYS
  assert commands.results(folder)["global_step"] == 12
  names = set(commands.variables(tf.train.latest_checkpoint(folder)))
  assert {"cls/predictions/output_bias", "bert/embeddings/word_embeddings",
          "cls/seq_relationship/output_weights/adam_m"} <= names
  assert "loss" in commands.scalars(folder)


def test_loss_falls(trained, data, tmp_path):
  flags, _ = trained
  fresh = make_flags(tmp_path, data, num_train_steps=1, learning_rate=1e-9)
  finish(fresh)
  before, after = [commands.results(each["output_dir"])
                   for each in (fresh, flags)]
  assert after["masked_lm_loss"] < before["masked_lm_loss"] - 0.1


def test_evaluation_reads_its_own_file(trained, data, tmp_path):
  flags, _ = trained
  shutil.copytree(flags["output_dir"], str(tmp_path / "out"))
  flags = make_flags(tmp_path, data, do_train=False,
                     eval_file=data + "-00001-of-00004")
  finish(flags)
  other = commands.results(flags["output_dir"])
  finish(dict(flags, eval_file=None, input_file=data + "-00001-of-00004"))
  assert commands.results(flags["output_dir"]) == pytest.approx(other)


def test_killed_run_goes_on_as_if_it_had_not_been(trained, data, tmp_path):
  whole, _ = trained
  halved = make_flags(tmp_path, data, do_eval=False)
  folder = halved["output_dir"]
  shutil.copytree(whole["output_dir"], folder)
  for name in os.listdir(folder):
    if "ckpt-12" in name:
      os.remove(os.path.join(folder, name))
  with open(os.path.join(folder, "checkpoint"), "w") as stream:
    stream.write('model_checkpoint_path: "model.ckpt-6"\n'
                 'all_model_checkpoint_paths: "model.ckpt-6"\n')
  assert "Going on from step 6" in finish(halved)
  one, other = [commands.variables(os.path.join(
      each["output_dir"], "model.ckpt-12")) for each in (whole, halved)]
  for name in one:
    np.testing.assert_allclose(one[name], other[name], atol=1e-5, err_msg=name)


def test_complete_run_says_so(trained, data, tmp_path):
  flags, _ = trained
  shutil.copytree(flags["output_dir"], str(tmp_path / "out"))
  assert "Training is complete" in finish(make_flags(tmp_path, data))


@pytest.mark.parametrize("changes", [
    dict(gradient_accumulation_steps=2, adam_bias_correction=True),
    dict(cpu_replicas=2)])
def test_flags_of_training_are_taken(data, tmp_path, changes):
  flags = make_flags(tmp_path, data, num_train_steps=2, max_eval_steps=1,
                     **changes)
  finish(flags)
  assert np.isfinite(list(commands.results(flags["output_dir"]).values())).all()


def test_any_checkpoint_can_be_continued(trained, data, tmp_path):
  flags, _ = trained
  start = tf.train.latest_checkpoint(flags["output_dir"])
  changes = dict(num_train_steps=1, learning_rate=1e-30, init_checkpoint=start,
                 do_eval=False)
  more = make_flags(tmp_path, data, **changes)
  log = finish(more)
  assert ("cls/predictions/output_bias:0, shape = (756,), *INIT_FROM_CKPT*"
          in log)
  before, after = commands.variables(start), commands.variables(
      tf.train.latest_checkpoint(more["output_dir"]))
  np.testing.assert_allclose(after["cls/predictions/output_bias"],
                             before["cls/predictions/output_bias"], atol=1e-6)


def test_encoder_alone_starts_the_rest_from_random(data, tmp_path):
  flags = make_flags(tmp_path, data, num_train_steps=1, max_eval_steps=1,
                     bert_config_file=golden.path("bert_config.json"),
                     init_checkpoint=golden.checkpoint())
  log = finish(flags)
  assert "word_embeddings:0, shape = (756, 32), *INIT_FROM_CKPT*" in log
  assert "cls/predictions/output_bias:0, shape = (756,)\n" in log


def test_every_instance_is_read_before_any_comes_again(data):
  paths = ["%s-%05d-of-00004" % (data, index) for index in range(4)]
  spec = instance_files.feature_spec(32, 5)
  whole = [bytes(record) for path in paths
           for record in tf.python_io.tf_record_iterator(path)]
  orders = []
  for seed in (1, 2):
    with tf.Graph().as_default(), tf.Session() as session:
      batch = tf.data.make_one_shot_iterator(instance_files.training_input_fn(
          paths, spec, input_fns.Shuffle(seed))({
              "batch_size": 1})).get_next()
      seen = [session.run(batch)["masked_lm_ids"].tobytes()
              for _ in range(len(whole))]
    orders.append(seen)
  assert sorted(orders[0]) == sorted(orders[1])
  assert orders[0] != orders[1]


@pytest.mark.parametrize("changes, fragments", [
    (dict(do_train=False, do_eval=False), ["--do_train or --do_eval"]),
    (dict(input_file="none*"), ["--input_file=none*"]),
    (dict(eval_file="none*"), ["--eval_file=none*"]),
    (dict(max_seq_length=64), ["--max_seq_length=32", "64"]),
    (dict(max_predictions_per_seq=4), ["--max_predictions_per_seq=5", "4"]),
    (dict(max_seq_length=65), ["--max_seq_length=65", "64 positions"]),
    (dict(bert_config_file="none"), ["--bert_config_file=none"]),
    (dict(init_checkpoint="none"), ["--init_checkpoint=none"]),
    (dict(num_train_steps=0), ["--num_train_steps=0"]),
    (dict(max_eval_steps=0), ["--max_eval_steps=0"]),
    (dict(gradient_accumulation_steps=3), ["--gradient_accumulation_steps=3"]),
    (dict(do_train=False), ["--output_dir="]),
    (dict(bucket_by_length=True), ["bucket_by_length"])])
def test_mistake_is_told_in_one_line_before_anything_is_written(
    data, tmp_path, changes, fragments):
  flags = make_flags(tmp_path, data, **changes)
  result = run(flags)
  assert result.code == 2, result.log
  (line,) = [line for line in result.log.split("\n") if "error: " in line]
  for fragment in fragments:
    assert fragment in line
  assert not os.path.exists(flags["output_dir"])


@pytest.mark.parametrize("content, fragment", [
    (b"", "no records"), (b"text\n" * 20, "can't be read as records")])
def test_file_without_records_is_refused(data, tmp_path, content, fragment):
  path = commands.write(tmp_path / "bad", content)
  result = run(make_flags(tmp_path, data, input_file=path))
  assert result.code == 2 and fragment in result.log


def test_records_of_a_task_are_refused(data, tmp_path):
  path = golden.path("cli", "mrpc", "expected_eval.tf_record")
  result = run(make_flags(tmp_path, data, input_file=path))
  assert result.code == 2


def add_record(path, source, **changes):
  """Writes a file's records, then its first one with other numbers -> path."""
  found = list(tf.python_io.tf_record_iterator(source))
  example = tf.train.Example.FromString(found[0])
  for name, value in changes.items():
    example.features.feature[name].int64_list.value[0] = value
  with tf.io.TFRecordWriter(str(path)) as writer:
    for record in found + [example.SerializeToString()]:
      writer.write(record)
  return str(path)


def cut(path):
  with open(path, "r+b") as stream:
    stream.truncate(os.path.getsize(path) - 9)
  return path


def error_of(flags):
  result = run(flags)
  assert result.code == 2, result.log
  assert "Traceback" not in result.log
  (line,) = [line for line in result.log.split("\n") if "error: " in line]
  return line


BAD_FILES = {
    "ids": (lambda path: path, dict(input_ids=756), "record {} has input_ids "
            "756, which must be from 0 to 755 (vocab_size in --bert_config"),
    "positions": (lambda path: path, dict(masked_lm_positions=32),
                  "record {} has masked_lm_positions 32"),
    "cut": (cut, {}, "the file is cut short")}


@pytest.mark.parametrize("todo, name", [
    ("before", "ids"), ("before", "positions"), ("before", "cut"),
    ("train", "positions"), ("train", "cut"), ("eval", "ids"), ("eval", "cut")])
def test_bad_record_is_told_in_one_line(trained, data, tmp_path, monkeypatch,
                                        name, todo):
  change, changes, fragment = BAD_FILES[name]
  good = data + "-00000-of-00004"
  path = change(add_record(tmp_path / "bad", good, **changes))
  number = len(list(tf.python_io.tf_record_iterator(good))) + 1
  flags = make_flags(tmp_path, data, input_file=path)
  if todo != "before":  # What lies behind the part that is looked at first.
    monkeypatch.setattr(record_check, "_NUM_LOOKED_AT", 1)
    monkeypatch.setattr(record_check, "_NUM_FOLLOWED", 1)
  if todo == "eval":
    shutil.copytree(trained[0]["output_dir"], flags["output_dir"])
    flags = dict(flags, do_train=False, max_eval_steps=99)
  line = error_of(flags)
  assert path + ": " in line and fragment.format(number) in line
  if todo == "before":
    assert not os.path.exists(flags["output_dir"])


@pytest.mark.parametrize("changes, is_warned", [
    (dict(num_train_steps=2, num_warmup_steps=8), True),
    (dict(num_train_steps=2, num_warmup_steps=1), False)])
def test_warmup_that_lasts_to_the_end_is_warned_of(data, tmp_path, changes,
                                                   is_warned):
  log = finish(make_flags(tmp_path, data, do_eval=False, **changes))
  assert ("The warm-up has %(num_warmup_steps)d steps and the training "
          "%(num_train_steps)d:" % changes in log) == is_warned
  # The rate of step 1, of steps 0 and 1, is a share of the warm-up's steps.
  if changes["num_warmup_steps"] == 8:
    assert "ends at 0.00125 and never reaches 0.01" in log
