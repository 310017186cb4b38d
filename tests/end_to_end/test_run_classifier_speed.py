"""Runs with the flags of speed, against the same ones without them."""
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
from bert import modeling
from bert.common.errors import UserError
from bert.data import input_fns
from bert.encoders import registry as encoders
from bert.heads import registry
from bert.model import estimator
from bert.model import model_function
from tiny_runs import NUM_TEST, pairs

pytestmark = pytest.mark.usefixtures("plain_graphs")

LABELS = ["0", "1"]


@pytest.fixture
def without_dropout(monkeypatch):
  """Turns off the head's dropout, which no config reaches."""
  monkeypatch.setattr(modeling, "dropout", lambda tensor, probability: tensor)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
  """Flags of a run with none of the flags of speed, which has been made."""
  flags = pairs(tmp_path_factory.mktemp("plain"), num_workers=1)
  commands.finish(flags)
  return flags


def can_have_bfloat16():
  try:
    estimator.check_precision("bfloat16")
  except UserError:
    return False
  return True


SPEED = {
    "parallel_parts": dict(cpu_replicas=2),
    "all": dict(bucket_by_length=True, gradient_accumulation_steps=4,
                num_workers=2)}


@pytest.mark.parametrize("name", ["all", "parallel_parts"])
def test_run_with_flags_of_speed_leaves_the_files_of_one_without(
    plain, tmp_path, name):
  flags = pairs(tmp_path, **SPEED[name])
  log = commands.finish(flags)
  commands.assert_in_order(log, ["Running training", "Running evaluation",
                                 "Running prediction"])
  assert (commands.names(flags["output_dir"]) ==
          commands.names(plain["output_dir"]))
  for results in map(commands.results, (flags["output_dir"],
                                        plain["output_dir"])):
    assert results["global_step"] == 5  # 10 examples, 2 times, in fours.
    assert np.isfinite(list(results.values())).all()
  probabilities = commands.probabilities(flags["output_dir"])
  np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(NUM_TEST),
                             rtol=1e-5)
  # However many processes write it, and in whatever order it is read.
  for part in ("train", "eval", "predict"):
    paths = [os.path.join(each["output_dir"], part + ".tf_record")
             for each in (flags, plain)]
    with open(paths[0], "rb") as one, open(paths[1], "rb") as other:
      assert one.read() == other.read()


def checkpoint_of(flags):
  return tf.train.latest_checkpoint(str(flags["output_dir"]))


def one_at_a_time(flags):
  """Probabilities of the test set's records, each by itself, in their order."""
  model_fn = model_function.Model(
      encoders.read(flags["bert_config_file"]),
      registry.create("classification", LABELS)).model_fn
  path = os.path.join(str(flags["output_dir"]), "predict.tf_record")
  rows = []
  with tf.Graph().as_default(), tf.Session() as one:
    names = ("input_ids", "input_mask", "segment_ids", "label_ids")
    fed = {name: tf.placeholder(tf.int32, [1, None]) for name in names}
    output = model_fn(fed, None, tf.estimator.ModeKeys.PREDICT,
                      {}).predictions["probabilities"]
    tf.train.Saver().restore(one, checkpoint_of(flags))
    for record in commands.records(path):
      rows.append(one.run(output, {fed[name]: [record[name][1]]
                                   for name in names})[0])
  return np.array(rows)


@pytest.mark.parametrize("batch_size, window", [(3, 50), (2, 2), (8, 1)])
def test_predictions_are_in_the_files_order_whatever_is_read_first(
    plain, tmp_path, monkeypatch, batch_size, window):
  monkeypatch.setattr(input_fns, "WINDOW", window)
  expected = one_at_a_time(plain)
  # No two texts would be taken for each other by the tolerance below.
  assert np.min(np.diff(np.sort(expected[:, 0]))) > 3e-5
  folder = tmp_path / "out"
  shutil.copytree(plain["output_dir"], str(folder))
  os.remove(str(folder / "test_results.tsv"))
  commands.finish(dict(plain, output_dir=folder, do_train=False, do_eval=False,
                       predict_batch_size=batch_size))
  actual = commands.probabilities(folder)
  np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)
  assert [row[:2] for row in commands.predictions(folder)] == [
      ["test-%d" % (index + 1), LABELS[row.argmax()]]
      for index, row in enumerate(expected)]


def test_parts_end_with_the_scores_of_whole_batches(
    without_dropout, plain, tmp_path):
  results = []
  for parts in (1, 4):
    folder = tmp_path / str(parts)
    # From equal weights, as initial ones are drawn anew for each graph.
    shutil.copytree(plain["output_dir"], str(folder))
    commands.finish(dict(plain, output_dir=folder, do_predict=False,
                         num_train_epochs=4, gradient_accumulation_steps=parts))
    results.append(commands.results(folder))
  assert results[0]["global_step"] == 10
  assert set(results[1]) == set(results[0])
  for name, expected in results[0].items():
    assert results[1][name] == pytest.approx(expected, rel=1e-5), name


def test_grouped_run_that_stopped_ends_where_an_undisturbed_one_does(
    without_dropout, tmp_path):
  flags = pairs(tmp_path, do_eval=False, do_predict=False, **SPEED["all"])
  commands.finish(flags)
  stopped = dict(flags, output_dir=tmp_path / "stopped")
  shutil.copytree(flags["output_dir"], str(stopped["output_dir"]))
  for each in commands.names(stopped["output_dir"]):
    if each.startswith(("model.ckpt-4", "model.ckpt-5", "checkpoint")):
      os.remove(os.path.join(str(stopped["output_dir"]), each))
  tf.train.update_checkpoint_state(
      str(stopped["output_dir"]),
      str(stopped["output_dir"] / "model.ckpt-2"))
  assert "from step 2" in commands.finish(stopped)
  actual, expected = [commands.variables(checkpoint_of(each))
                      for each in (stopped, flags)]
  start = commands.variables(os.path.join(flags["output_dir"], "model.ckpt-2"))
  assert actual["global_step"] == expected["global_step"] == 5
  assert set(actual) == set(expected)
  for each in expected:
    # A key's bias has no gradient but rounding, which Adam enlarges.
    np.testing.assert_allclose(actual[each], expected[each], rtol=1e-4,
                               atol=1e-4, err_msg=each)
  assert np.abs(expected["output_weights"] - start["output_weights"]
                ).max() > 1e-3


@pytest.mark.skipif(not can_have_bfloat16(), reason="no bfloat16 here")
def test_bfloat16_runs_and_predicts_nearly_as_float32_does(plain, tmp_path):
  folder = tmp_path / "out"
  shutil.copytree(plain["output_dir"], str(folder))
  commands.finish(dict(plain, output_dir=folder, num_train_epochs=2.5,
                       precision="bfloat16", do_predict=False))
  assert commands.results(folder)["global_step"] == 6
  shutil.rmtree(str(folder))
  shutil.copytree(plain["output_dir"], str(folder))
  commands.finish(dict(plain, output_dir=folder, precision="bfloat16",
                       do_train=False, do_eval=False))
  np.testing.assert_allclose(
      commands.probabilities(folder),
      commands.probabilities(plain["output_dir"]), rtol=0, atol=0.05)
  assert {value.dtype for name, value in
          commands.variables(checkpoint_of(plain)).items()
          if name != "global_step"} == {np.dtype(np.float32)}


@pytest.mark.skipif(can_have_bfloat16(), reason="bfloat16 can be had here")
def test_bfloat16_that_cannot_be_had_is_a_mistake_of_one_line(tmp_path):
  flags = pairs(tmp_path, precision="bfloat16")
  code, log = commands.run(flags)
  assert code == 2
  assert log.count("\n") == 1
  assert log.startswith("run_classifier.py: error: --precision=bfloat16: ")
  assert not os.path.exists(flags["output_dir"])
