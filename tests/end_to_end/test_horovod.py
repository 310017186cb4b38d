"""Fine-tuning by several workers: what one process does, in every file."""
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
import horovod_runs
import tiny_runs
from bert.common.errors import UserError
from bert.model import distribution

pytestmark = horovod_runs.needs_horovod

# Number of workers, and flags.
CASES = {
    "watched, by length, accumulated": (2, dict(
        eval_every=5, plateau_patience=1, layerwise_lr_decay=0.9,
        adam_bias_correction=True, class_weights="balanced",
        bucket_by_length=True, gradient_accumulation_steps=3)),
    "from a checkpoint": (2, dict(init_checkpoint=golden.checkpoint(),
                                  cpu_replicas=2, trainable="top:1"))}


@pytest.fixture(scope="module", name="alone")
def alone_fixture(tmp_path_factory):
  """The flags of a run by one process."""
  flags = horovod_runs.make_flags(tmp_path_factory.mktemp("alone"))
  horovod_runs.run_alone(flags)
  return flags


def assert_same_end(folder, other):
  """Two runs have ended with the same files and weights."""
  assert commands.names(folder) == commands.names(other)
  assert_same_weights(folder, other)
  np.testing.assert_allclose(commands.probabilities(folder),
                             commands.probabilities(other), atol=1e-5)
  assert commands.results(folder) == pytest.approx(commands.results(other),
                                                   abs=1e-5)


def assert_same_weights(folder, other):
  """Two runs have ended at the same step, with the same weights."""
  checkpoints = [tf.train.latest_checkpoint(each) for each in (folder, other)]
  assert all(each.endswith("model.ckpt-15") for each in checkpoints)
  weights, expected = map(commands.variables, checkpoints)
  assert set(weights) == set(expected)
  for name, value in expected.items():
    np.testing.assert_allclose(weights[name], value, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CASES)
def test_workers_end_as_one_process_does(tmp_path, name):
  size, changes = CASES[name]
  temporary = tmp_path / "temporary"
  temporary.mkdir()
  folders = {}
  for kind in ("workers", "alone"):
    flags = horovod_runs.make_flags(tmp_path / kind, **changes)
    if "init_checkpoint" in changes:
      with open(golden.path("bert_config.json")) as stream:
        commands.write_config(tmp_path / kind, **dict(
            json.load(stream), hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0))
    folders[kind] = flags["output_dir"]
    if kind == "alone":
      horovod_runs.run_alone(flags)
      continue
    result = horovod_runs.run(size, flags, TMPDIR=str(temporary))
    assert result.code == 0, result.log
  assert_same_end(folders["workers"], folders["alone"])
  # The first worker alone writes and speaks.
  assert os.listdir(str(temporary)) == []
  assert horovod_runs.lines_of(result.log, 0, "Training: 15 of 15")
  for worker in range(1, size):
    assert not horovod_runs.lines_of(result.log, worker, "")


def test_gradients_in_float16_lead_to_about_the_same_weights(alone, tmp_path):
  flags = horovod_runs.make_flags(tmp_path, fp16_allreduce=True, do_eval=False,
                                  do_predict=False)
  result = horovod_runs.run(2, flags)
  assert result.code == 0, result.log
  weights, expected = [
      commands.variables(tf.train.latest_checkpoint(each["output_dir"]))
      for each in (flags, alone)]
  differences = [np.abs(weights[name] - value).max()
                 for name, value in expected.items() if "/adam_" not in name]
  assert 0 < max(differences) < 0.01


def test_evaluation_and_prediction_leave_the_same_bytes(alone, tmp_path):
  folder = tmp_path / "out"
  shutil.copytree(alone["output_dir"], str(folder))
  outputs = [name for name in os.listdir(str(folder))
             if name.startswith(("eval_", "test_"))]
  for name in outputs:
    (folder / name).unlink()
  result = horovod_runs.run(3, dict(alone, do_train=False,
                                    output_dir=str(folder)))
  assert result.code == 0, result.log
  for name in outputs:
    with open(os.path.join(alone["output_dir"], name), "rb") as stream:
      assert (folder / name).read_bytes() == stream.read(), name


def assert_line_each(result, worker, own, others):
  """A worker that fails has ended all, and each has said why in a line."""
  assert result.code != 0, result.log
  for each, expected in ((worker, own), (1 - worker, others)):
    lines = horovod_runs.lines_of(result.log, each, "failed: |Interrupted")
    assert len(lines) == (expected is not None), result.log
    for line in lines:
      # On a busy machine horovodrun's SIGTERM may come before the news.
      is_first = each != worker and "failed" in others and "Interrupted" in line
      assert expected in line or is_first
    assert not horovod_runs.lines_of(result.log, each, "Traceback"), result.log


def test_end_of_a_worker_ends_all_and_the_same_command_resumes(alone, tmp_path):
  """Four times after step 3: from the start, then from checkpoint 2."""
  flags = dict(horovod_runs.make_flags(tmp_path), save_checkpoints_steps=2)
  ended = "failed: another worker has ended"
  interrupted = "Interrupted at step 4 of 15, checkpoint saved"
  for start, (worker, act, own, others) in enumerate((
      (1, "SIGKILL", None, ended), (0, "SIGKILL", None, ended),
      (0, "FULL_DISK", "No space left on device; make room", ended),
      (1, "SIGTERM", interrupted, interrupted))):
    result = horovod_runs.run(2, flags, WORKER=str(worker), ACT_AT_3=act)
    assert_line_each(result, worker, own, others)
    assert bool(horovod_runs.lines_of(
        result.log, 0, "Going on from step 2")) == bool(start)
  result = horovod_runs.run(2, dict(flags, save_checkpoints_steps=5,
                                    do_eval=False, do_predict=False))
  assert result.code == 0, result.log
  assert horovod_runs.lines_of(result.log, 0, "Going on from step 4")
  assert_same_weights(flags["output_dir"], alone["output_dir"])


def test_worker_with_other_texts_is_found_at_the_start(tmp_path):
  flags = horovod_runs.make_flags(tmp_path)
  result = horovod_runs.run(2, flags, WORKER="1", OTHER_TEXT="!")
  assert result.code != 0, result.log
  (line,) = horovod_runs.lines_of(result.log, 1, "error: ")
  assert "worker 1 differs from worker 0 in its train set" in line
  assert "model.ckpt" not in " ".join(commands.names(flags["output_dir"]) if (
      os.path.exists(flags["output_dir"])) else ())


def digests_of(monkeypatch, flags):
  """What workers compare before a run starts."""
  compared = []

  def check(_, make_digests):
    compared.append(make_digests())
    raise UserError("compared")

  with monkeypatch.context() as patch:
    patch.setattr(distribution.Workers, "check_same", check)
    assert commands.run(flags).code == 2
  return compared[0]


def test_workers_compare_their_flags_and_vocabularies(monkeypatch, tmp_path):
  flags = tiny_runs.pairs(tmp_path)
  commands.write_config(tmp_path, vocab_size=800)
  plain = digests_of(monkeypatch, flags)
  with open(flags["vocab_file"], "rb") as stream:
    other_vocabulary = commands.write(tmp_path / "vocab.txt",
                                      stream.read() + b"more\n")
  for changes, name in ((dict(learning_rate=0.1), "flags"),
                        (dict(vocab_file=other_vocabulary), "vocabulary")):
    digests = digests_of(monkeypatch, dict(flags, **changes))
    assert [each for each in plain if digests[each] != plain[each]] == [name]


def test_batch_that_workers_do_not_divide_is_refused_first(monkeypatch,
                                                           tmp_path):
  monkeypatch.setattr(distribution.Workers, "size", 2)
  flags = tiny_runs.pairs(tmp_path, train_batch_size=5)
  result = commands.run(flags)
  assert result.code == 2
  assert "--train_batch_size=5 is the total over all workers" in result.log
  assert not os.path.exists(flags["output_dir"])
