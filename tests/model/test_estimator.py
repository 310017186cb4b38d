"""How sessions run: what precision asks for, and where it can be had."""
import os
import subprocess
import sys
import types

import pytest
import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf import rewriter_config_pb2

import forked
from bert.model import distribution
from bert.model import estimator
from bert.options import shared
from mistakes import message_of

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PASS = "auto_mixed_precision_onednn_bfloat16"
CPU = "processor : 0\nflags\t\t: fpu %s\n"
SIZES = {"train": 4, "eval": 2, "predict": 1}

needs_pass = pytest.mark.skipif(
    not hasattr(rewriter_config_pb2.RewriterConfig(), PASS),
    reason="TensorFlow %s has no %s" % (tf.__version__, PASS))


@pytest.fixture
def machine(monkeypatch):
  """Pretends to be a machine that has, or lacks, what bfloat16 needs."""
  def pretend(passes=(PASS,), onednn=None, cpu=CPU % "avx512f avx512_bf16"):
    monkeypatch.setattr(estimator, "rewriter_config_pb2", types.SimpleNamespace(
        RewriterConfig=lambda: types.SimpleNamespace(
            **dict.fromkeys(passes, 0))))
    monkeypatch.setattr(estimator, "_cpu_description", lambda: cpu)
    if onednn is None:
      monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    else:
      monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", onednn)
  return pretend


@pytest.mark.parametrize("lacking, reasons", [
    (dict(passes=["auto_mixed_precision"]), [tf.__version__, "2.12"]),
    (dict(onednn="0"), ["TF_ENABLE_ONEDNN_OPTS=0"]),
    (dict(cpu=CPU % "avx2 avx512f"), ["avx512_bf16", "amx_bf16"]),
    (dict(cpu=CPU % "avx512_bf16x amx_bf16_no"), ["avx512_bf16", "amx_bf16"]),
    (dict(cpu=""), ["avx512_bf16", "amx_bf16"])],
                         ids=["pass", "onednn", "cpu", "like_named", "no_cpu"])
def test_bfloat16_is_refused_for_what_lacks(machine, lacking, reasons):
  machine(**lacking)
  message = message_of(estimator.check_precision, "bfloat16")
  assert message.startswith("--precision=bfloat16: ")
  assert message.endswith("; leave the flag out")
  for reason in reasons:
    assert reason in message
  estimator.check_precision("float32")


@pytest.mark.parametrize("present", [
    dict(), dict(onednn="1"), dict(cpu=CPU % "amx_bf16"),
    dict(cpu=CPU % "amx_bf16 avx512_bf16 avx2")])
def test_bfloat16_is_taken_where_all_is_there(machine, present):
  machine(**present)
  estimator.check_precision("bfloat16")


def test_machine_without_a_description_has_none(monkeypatch, tmp_path):
  def no_file(path):
    assert path == "/proc/cpuinfo"
    raise FileNotFoundError(path)
  monkeypatch.setattr("builtins.open", no_file)
  assert estimator._cpu_description() == ""


def rewriting(precision):
  return estimator.session_config(precision).graph_options.rewrite_options


@needs_pass
def test_pass_is_on_for_bfloat16_alone():
  on = rewriter_config_pb2.RewriterConfig.ON
  assert getattr(rewriting("bfloat16"), PASS) == on
  assert getattr(rewriting("float32"), PASS) not in (
      on, rewriter_config_pb2.RewriterConfig.AGGRESSIVE)


@needs_pass
def test_precision_changes_nothing_but_the_pass():
  config = estimator.session_config("bfloat16")
  config.graph_options.rewrite_options.ClearField(PASS)
  assert config == estimator.session_config("float32")


@pytest.mark.parametrize("has_gpu", [False, True])
def test_float16_needs_a_gpu(monkeypatch, has_gpu):
  monkeypatch.setattr(estimator, "_has_gpu", lambda: has_gpu)
  if has_gpu:
    estimator.check_precision("float16")
  else:
    assert message_of(estimator.check_precision, "float16") == (
        "--precision=float16: TensorFlow sees no GPU; leave the flag out")


def test_gpus_are_those_of_tensorflow(monkeypatch):
  for devices in ([], ["/physical_device:GPU:0"]):
    monkeypatch.setattr(
        tf.config.experimental, "list_physical_devices",
        lambda kind, devices=devices: devices if kind == "GPU" else ["CPU"])
    assert estimator._has_gpu() == bool(devices)


def test_float16_is_tensorflows_graph_rewrite_alone():
  config = estimator.session_config("float16")
  rewrite = config.graph_options.rewrite_options
  assert rewrite.auto_mixed_precision == rewrite.ON
  rewrite.ClearField("auto_mixed_precision")
  assert config == estimator.session_config("float32")


def test_float32_runs_as_estimators_do_by_themselves():
  plain = tf.estimator.Estimator(lambda features, labels, mode: None)
  assert estimator.session_config("float32") == plain._session_config


@pytest.mark.parametrize("changes, expected", [
    (dict(), 2), (dict(cpu_replicas=3), 3), (dict(cpu_replicas=1), 1),
    (dict(gradient_accumulation_steps=2), 1), (dict(has_gpu=True), 1),
    (dict(has_gpu=True, cpu_replicas=2), 2), (dict(train=1), 1),
    (dict(can_split=False), 1), (dict(use_tpu=True), 1)], ids=str)
def test_a_batch_is_shared_on_a_cpu_where_it_can_be(monkeypatch, changes,
                                                    expected):
  changes = dict(changes)
  arguments = dict(can_split=changes.pop("can_split", True))
  tpu = shared.TpuOptions(use_tpu=changes.pop("use_tpu", False))
  sizes = dict(SIZES, train=changes.pop("train", 4))
  has_gpu = changes.pop("has_gpu", False)
  monkeypatch.setattr(estimator, "_has_gpu", lambda: has_gpu)
  runtime = estimator.Runtime(shared.RunOptions(output_dir="x"), tpu,
                              shared.StepOptions(**changes), sizes,
                              **arguments)
  assert runtime.cpu_replicas == expected


@pytest.mark.parametrize("num_batches, asked, expected", [
    (99, 0, 1), (100, 0, 2), (99, 2, 2)])
def test_few_batches_are_not_shared_unless_asked(monkeypatch, num_batches,
                                                 asked, expected):
  monkeypatch.setattr(estimator, "_has_gpu", lambda: False)
  runtime = estimator.Runtime(
      shared.RunOptions(output_dir="x"), shared.TpuOptions(),
      shared.StepOptions(cpu_replicas=asked), SIZES)
  runtime.expect(num_batches)
  assert runtime.cpu_replicas == expected


def test_model_runs_in_the_parts_of_its_runtime(monkeypatch):
  monkeypatch.setattr(estimator, "_has_gpu", lambda: False)
  monkeypatch.setattr(estimator, "Model", lambda *args, **flags: (args, flags))
  runtime = estimator.Runtime(
      shared.RunOptions(output_dir="x"), shared.TpuOptions(),
      shared.StepOptions(), SIZES)
  expected = dict(use_tpu=False, init_checkpoint="model.ckpt")
  assert runtime.make_model(1, 2, init_checkpoint="model.ckpt") == (
      (1, 2), dict(expected, cpu_replicas=2))
  runtime.expect(99)
  assert runtime.make_model(1, 2, init_checkpoint="model.ckpt") == (
      (1, 2), dict(expected, cpu_replicas=1))


def make_estimator(folder, seed=None, tpu=shared.TpuOptions(), **speed):
  runtime = estimator.Runtime(
      shared.RunOptions(output_dir=str(folder), log_steps=3,
                        save_checkpoints_steps=5, keep_checkpoint_max=0),
      tpu, shared.StepOptions(**speed), SIZES)
  return runtime.make_estimator(
      lambda features, labels, mode, params: None, seed)


def test_estimator_runs_as_asked(tmp_path):
  made = make_estimator(tmp_path, 11)
  config = made.config
  assert made._session_config == estimator.session_config("float32", 2)
  assert config.tf_random_seed == 11
  assert config.model_dir == str(tmp_path)
  assert config.save_summary_steps is None  # A hook writes them.
  assert config.save_checkpoints_steps == 5
  assert config.keep_checkpoint_max is None  # All.


def test_estimator_writes_summaries_on_a_tpu(tmp_path):
  made = make_estimator(tmp_path, tpu=shared.TpuOptions(
      use_tpu=True, master="grpc://10.0.0.1:8470", num_tpu_cores=2))
  assert made.config.save_summary_steps == 3


@needs_pass
def test_estimator_has_the_precision_asked_for(tmp_path):
  made = make_estimator(tmp_path, precision="bfloat16", cpu_replicas=1)
  assert made._session_config == estimator.session_config("bfloat16")


def test_estimator_runs_in_float32_unless_asked(tmp_path):
  made = make_estimator(tmp_path, cpu_replicas=1)
  assert made._session_config == estimator.session_config("float32")


@pytest.mark.parametrize("num_parts, num_cores, threads", [
    (1, 8, (0, 0)), (2, 2, (2, 1)), (2, 9, (2, 4)), (4, 2, (4, 1)),
    (2, None, (2, 1))])
def test_parallel_parts_share_the_cores(tmp_path, monkeypatch, num_parts,
                                        num_cores, threads):
  monkeypatch.setattr(estimator.os, "cpu_count", lambda: num_cores)
  monkeypatch.setattr(estimator.os, "sched_getaffinity",
                      lambda _: set(range(num_cores or 1)))
  config = make_estimator(tmp_path, cpu_replicas=num_parts)._session_config
  assert (config.inter_op_parallelism_threads,
          config.intra_op_parallelism_threads) == threads


def test_parallel_parts_share_the_cores_that_datasets_are_given():
  """In a process of its own, as threads are made once."""
  script = """
import sys
import tensorflow.compat.v1 as tf
from bert.model import distribution
from bert.model import estimator
from bert.options import shared
estimator.Runtime(
    shared.RunOptions(output_dir=sys.argv[1]), shared.TpuOptions(),
    shared.StepOptions(cpu_replicas=2), dict(train=2, eval=2, predict=2)
).make_estimator(lambda features, mode, params: None)
threading = tf.config.threading
print(threading.get_inter_op_parallelism_threads(),
      threading.get_intra_op_parallelism_threads())
"""
  shown = subprocess.check_output(forked.python() + ["-c", script, "folder"],
                                  stderr=subprocess.DEVNULL, cwd=ROOT)
  cores = max(1, (os.cpu_count() or 1) // 2)
  assert shown.decode().split() == ["2", str(cores)]


def test_precision_is_without_effect_on_tpus(tmp_path):
  made = make_estimator(
      tmp_path, tpu=shared.TpuOptions(use_tpu=True,
                                      master="grpc://127.0.0.1:1"),
      precision="bfloat16")
  assert made._session_config == estimator.session_config("float32")


@pytest.mark.parametrize("version, platform, is_kept", [
    ("1.15.5", "linux", True), ("2.15.1", "linux", False),
    ("1.15.5", "win32", False)])
def test_freed_memory_is_kept_by_tensorflow_1_on_linux(
    monkeypatch, version, platform, is_kept):
  set_options = []
  monkeypatch.setattr(estimator.ctypes, "CDLL", lambda _: types.SimpleNamespace(
      mallopt=lambda *option: set_options.append(option) or 1))
  monkeypatch.setattr(estimator.sys, "platform", platform)
  monkeypatch.setattr(estimator.tf, "__version__", version)
  assert estimator.keep_freed_memory() == is_kept
  # From malloc.h: M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.
  assert [name for name, _ in set_options] == ([-8, -3, -1] if is_kept else [])


def test_freed_memory_is_given_back_where_malloc_is_another(monkeypatch):
  monkeypatch.setattr(estimator.sys, "platform", "linux")
  monkeypatch.setattr(estimator.tf, "__version__", "1.15.5")
  monkeypatch.setattr(estimator.ctypes, "CDLL",
                      lambda _: types.SimpleNamespace())
  assert not estimator.keep_freed_memory()


class Pair(distribution.Workers):
  """Worker 1 of two, both on this machine."""
  rank = local_rank = 1
  size = local_size = 2


@pytest.fixture
def one_of_two(monkeypatch):
  monkeypatch.setattr(distribution, "_workers", Pair())


@pytest.mark.parametrize("total, flags, fragment", [
    (7, {}, "--train_batch_size=7 is the total over all workers, which 2 of "
            "them don't divide"),
    (6, dict(gradient_accumulation_steps=2),
     "--gradient_accumulation_steps=2 does not divide the 3 examples of "
     "--train_batch_size=6 that each of 2 workers has"),
    (6, dict(cpu_replicas=4),
     "--cpu_replicas=4 is greater than the 3 examples of --train_batch_size=6"),
    (6, dict(gradient_accumulation_steps=3, cpu_replicas=1), None)])
def test_batch_is_shared_out_evenly_or_refused(one_of_two, total, flags,
                                               fragment):
  runtime = estimator.Runtime(
      shared.RunOptions(output_dir="x"), shared.TpuOptions(),
      shared.StepOptions(**flags), dict(SIZES, train=total))
  if fragment is None:
    runtime.check_training()
  else:
    assert fragment in message_of(runtime.check_training)


def test_worker_trains_on_its_part_and_evaluates_whole_batches(one_of_two,
                                                               tmp_path):
  made = make_estimator(tmp_path)
  params = made.params
  assert (params["num_workers"], params["worker"]) == (2, 1)
  sizes = made._ctx
  assert [sizes._train_batch_size, sizes._eval_batch_size,
          sizes._predict_batch_size] == [
              SIZES["train"] // 2, SIZES["eval"], SIZES["predict"]]


@pytest.mark.parametrize("has_gpu, devices", [(True, "1"), (False, "")])
def test_worker_has_a_gpu_to_itself(one_of_two, monkeypatch, has_gpu, devices):
  monkeypatch.setattr(estimator, "_has_gpu", lambda: has_gpu)
  runtime = estimator.Runtime(
      shared.RunOptions(output_dir="x"), shared.TpuOptions(),
      shared.StepOptions(cpu_replicas=1), SIZES)
  assert runtime.session_config().gpu_options.visible_device_list == devices


@pytest.mark.parametrize("num_cores, pinned, threads, replicas", [
    (8, 8, 2, 2), (8, 4, 2, 2), (8, 2, 1, 2), (2, 2, 1, 1), (2, 1, 1, 1)])
def test_workers_of_a_machine_share_its_cores(
    one_of_two, monkeypatch, num_cores, pinned, threads, replicas):
  monkeypatch.setattr(estimator, "_has_gpu", lambda: False)
  monkeypatch.setattr(os, "cpu_count", lambda: num_cores)
  monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(pinned)))
  runtime = estimator.Runtime(
      shared.RunOptions(output_dir="x"), shared.TpuOptions(),
      shared.StepOptions(), SIZES)
  config = runtime.session_config()
  assert runtime.cpu_replicas == replicas
  assert config.intra_op_parallelism_threads == threads
  assert config.inter_op_parallelism_threads == replicas
