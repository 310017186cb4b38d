"""Runs of which everything lies on S3."""
import signal

import pytest

import commands
import golden
import object_store
from golden_runs import golden_flags
from test_interruption import ACTIVE_TASK


@pytest.fixture(scope="module", name="store")
def store_fixture():
  with object_store.serving() as store:
    yield store


@pytest.fixture(scope="module", name="flags")
def flags_fixture(store, tmp_path_factory):
  """Flags of a golden task of which everything but its module is on S3."""
  module = commands.write(
      tmp_path_factory.mktemp("module") / "active.py", ACTIVE_TASK)
  return golden_flags(
      "mrpc", task_name="active", processor_module=module,
      data_dir=store.upload(golden.path("cli", "mrpc", "data"), "data"),
      vocab_file=store.upload(golden.path("vocab.txt"), "vocab.txt"),
      bert_config_file=store.upload(golden.path("bert_config.json"),
                                    "bert_config.json"),
      init_checkpoint=store.upload(golden.path("ckpt"), "ckpt") +
      "/bert_model.ckpt", do_train=True, do_eval=True, do_predict=True,
      train_batch_size=8, num_train_epochs=1, random_seed=5,
      save_checkpoints_steps=2)


def spawn(store, flags, **environment):
  return commands.spawn(flags, **dict(store.environment, **environment))


def test_killed_run_on_s3_goes_on_and_ends_as_one_on_a_disk(
    store, flags, tmp_path):
  killed = dict(flags, output_dir="s3://bucket/out")
  result = spawn(store, killed, ACT_AT_3="SIGKILL")
  assert result.code == -signal.SIGKILL, result.log
  assert "model.ckpt-2.index" in store.names("out")
  result = spawn(store, killed)
  assert result.code == 0, result.log
  assert "  Going on from step 2" in result.log
  local = dict(golden_flags("mrpc"), **{
      name: value for name, value in flags.items()
      if not str(value).startswith("s3:")})
  local.update(output_dir=str(tmp_path / "out"),
               init_checkpoint=golden.path("ckpt", "bert_model.ckpt"))
  commands.finish(local)
  assert {name for name in store.names("out") if "events.out" not in name} == (
      commands.names(tmp_path / "out"))
  for name in ("eval_results.txt", "test_results.tsv"):
    numbers = [[float(cell.split(" = ")[-1]) for cell in line.split("\t")]
               for text in (store.text("out/" + name),
                            commands.content(tmp_path, "out", name))
               for line in text.strip().split("\n")]
    half = len(numbers) // 2
    for there, here in zip(numbers[:half], numbers[half:]):
      assert there == pytest.approx(here, rel=1e-4)


def test_mistake_on_s3_is_one_line_with_code_2(store, flags):
  result = spawn(store, dict(flags, data_dir="s3://bucket/none",
                             output_dir="s3://bucket/new"))
  assert result.code == 2, result.log
  assert "--data_dir=s3://bucket/none: no such folder" in result.log
  assert "terminate called" not in result.log
  assert not store.names("new")


def test_endpoint_may_be_given_as_either_tensorflow_knows_it(store, flags):
  host = store.environment["S3_ENDPOINT"].replace("http://", "")
  result = spawn(store, dict(flags, data_dir="s3://bucket/none",
                             output_dir="s3://bucket/new"),
                 S3_ENDPOINT=host, S3_USE_HTTPS="0")
  assert "--data_dir=s3://bucket/none: no such folder" in result.log
