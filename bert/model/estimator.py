"""The TPUEstimator, and the configuration of its sessions: device, precision,
threads."""

import ctypes
import os
import re
import sys
from typing import Callable, Dict, Optional

import tensorflow.compat.v1 as tf
from tensorflow.core.protobuf import rewriter_config_pb2

from bert.common import machine
from bert.common.errors import UserError
from bert.encoders.base import Encoder
from bert.heads.graph_head import GraphHead
from bert.model import distribution
from bert.model.model_function import Model
from bert.options.shared import check_parts
from bert.options.shared import RunOptions
from bert.options.shared import StepOptions
from bert.options.shared import TpuOptions

# glibc's mallopt: names, and values for TensorFlow 1.15's CPU.
_MALLOC_OPTIONS = ((-8, 1), (-3, 1 << 25), (-1, (1 << 31) - 1))
# Fewest batches for which a second replica is built.
_MIN_BATCHES = 100
_BFLOAT16_PASS = "auto_mixed_precision_onednn_bfloat16"


def check_precision(precision: str) -> None:
  """Raises UserError for a precision that is not available."""
  if precision == "float16" and not _has_gpu():
    raise UserError("--precision=float16: TensorFlow sees no GPU; leave the "
                    "flag out")
  if precision != "bfloat16":
    return
  reason = None
  if not hasattr(rewriter_config_pb2.RewriterConfig(), _BFLOAT16_PASS):
    reason = "TensorFlow %s has no such pass; 2.12 and later have" % (
        tf.__version__)
  elif os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
    reason = "the environment has TF_ENABLE_ONEDNN_OPTS=0, and oneDNN does it"
  elif not re.search(r"\b(avx512_bf16|amx_bf16)\b", _cpu_description()):
    reason = "this CPU has neither avx512_bf16 nor amx_bf16"
  if reason:
    raise UserError("--precision=bfloat16: %s; leave the flag out" % reason)


def session_config(precision: str,
                   cpu_replicas: int = 1) -> tf.ConfigProto:
  """Returns the Estimator's own session configuration, with these changes.

  From then on, the replicas share the cores of the whole process.
  """
  config = tf.ConfigProto(allow_soft_placement=True)
  rewrite = config.graph_options.rewrite_options
  rewrite.meta_optimizer_iterations = rewrite.ONE
  if cpu_replicas > 1 or distribution.workers().local_size > 1:
    config.inter_op_parallelism_threads = cpu_replicas
    config.intra_op_parallelism_threads = _num_cores(cpu_replicas)
    _share_cores(cpu_replicas)
  if precision == "bfloat16":
    setattr(rewrite, _BFLOAT16_PASS, rewrite.ON)
  elif precision == "float16":
    rewrite.auto_mixed_precision = rewrite.ON
  return config


def keep_freed_memory() -> bool:
  """Lets TensorFlow 1.15 reuse a step's memory in the next one; returns whether
  it does.

  It allocates memory for each tensor, and glibc returns freed memory to the
  system. One arena for all threads keeps the peak from growing.
  """
  if sys.platform != "linux" or not tf.__version__.startswith("1."):
    return False
  mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
  return mallopt is not None and all(
      [mallopt(*option) for option in _MALLOC_OPTIONS])


def _num_cores(cpu_replicas):
  """Returns the number of cores for each replica of a worker."""
  num_cores = machine.num_cores()
  # Otherwise workers are bound to separate cores.
  if num_cores == (os.cpu_count() or 1):
    num_cores //= distribution.workers().local_size
  return max(1, num_cores // cpu_replicas)


def _share_cores(cpu_replicas):
  """Sets the threads of all sessions of the process, which can be done only
  once.

  TensorFlow 2.x creates them with the first tf.data.Dataset, without any
  session's configuration.
  """
  threading = tf.config.threading
  try:
    threading.set_inter_op_parallelism_threads(cpu_replicas)
    threading.set_intra_op_parallelism_threads(_num_cores(cpu_replicas))
  except RuntimeError:  # The threads exist already: only speed suffers.
    pass


class Runtime:
  """How graphs run: the flags of run, TPU and speed.

  Attributes:
    use_tpu: as the flag.
    cpu_replicas: the flag's value, by default the best one.
    batch_sizes: total examples a step under train, eval and predict.
    run: RunOptions.
  """

  def __init__(self, run: RunOptions, tpu: TpuOptions,
               speed: StepOptions, batch_sizes: Dict[str, int],
               can_split: bool = True):
    """Takes the flags and batch sizes.

    Args:
      run, tpu, speed: as on the command line.
      batch_sizes: see the class.
      can_split: whether the loss of a batch is the mean of the losses of its
        parts.
    """
    self.run = run
    self.batch_sizes = batch_sizes
    self._tpu = tpu
    self._speed = speed
    self._workers = distribution.workers()
    self.cpu_replicas = speed.cpu_replicas
    if not speed.cpu_replicas:
      is_split = (
          can_split and not tpu.use_tpu and not _has_gpu() and
          speed.gradient_accumulation_steps == 1 and
          self._worker_sizes()["train"] > 1 and
          (self._workers.size == 1 or _num_cores(1) > 1))
      self.cpu_replicas = 2 if is_split else 1

  @property
  def use_tpu(self) -> bool:
    return self._tpu.use_tpu

  def check_training(self) -> None:
    """Raises UserError for a batch that can't be divided among the workers."""
    total, size = self.batch_sizes["train"], self._workers.size
    if total % size:
      raise UserError("--train_batch_size=%d is the total over all workers, "
                      "which %d of them don't divide" % (total, size))
    check_parts(
        self._speed, total // size, "the %d examples of --train_batch_size=%d "
        "that each of %d workers has" % (total // size, total, size))

  def expect(self, num_batches: int) -> None:
    """Sets the number of batches, before models are made.

    For few batches a single replica is used: building more would cost more than
    it saves.
    """
    if not self._speed.cpu_replicas and num_batches < _MIN_BATCHES:
      self.cpu_replicas = 1
    self._workers.configure(self.session_config())

  def session_config(self) -> tf.ConfigProto:
    """Returns the configuration of a session that is not on a TPU."""
    config = session_config(self._speed.precision, self.cpu_replicas)
    if self._workers.size > 1 and _has_gpu():
      config.gpu_options.visible_device_list = str(self._workers.local_rank)
    return config

  def make_model(self, encoder: Encoder, head: GraphHead,
                 **options) -> Model:
    """Returns a model that runs here.

    Args:
      encoder: of the model.
      head: what is learnt on it.
      **options: further ones of Model.
    """
    return Model(encoder, head, use_tpu=self.use_tpu,
                 cpu_replicas=self.cpu_replicas, **options)

  def make_estimator(self, model_fn: Callable, seed: Optional[int] = None,
                     save_checkpoints_steps: Optional[int] = None
                    ) -> tf.estimator.tpu.TPUEstimator:
    """Returns a TPUEstimator.

    Args:
      model_fn: from model_function.Model.
      seed: of weights and dropout.
      save_checkpoints_steps: None: the flag's value.
    """
    keep_freed_memory()
    if not self.use_tpu:
      _ignore_cluster()
    tpu, run, sizes = self._tpu, self.run, self._worker_sizes()
    cluster = None
    if tpu.use_tpu and tpu.tpu_name:
      cluster = tf.distribute.cluster_resolver.TPUClusterResolver(
          tpu.tpu_name, zone=tpu.tpu_zone, project=tpu.gcp_project)
    config = tf.estimator.tpu.RunConfig(
        cluster=cluster, master=tpu.master, model_dir=run.output_dir,
        tf_random_seed=seed,
        # Without a TPU, a hook writes them.
        save_summary_steps=run.log_steps if tpu.use_tpu else None,
        session_config=None if tpu.use_tpu else self.session_config(),
        save_checkpoints_steps=(save_checkpoints_steps or
                                run.save_checkpoints_steps),
        keep_checkpoint_max=run.keep_checkpoint_max or None,
        tpu_config=tf.estimator.tpu.TPUConfig(
            iterations_per_loop=tpu.iterations_per_loop,
            num_shards=tpu.num_tpu_cores,
            per_host_input_for_training=(
                tf.estimator.tpu.InputPipelineConfig.PER_HOST_V2)))
    return tf.estimator.tpu.TPUEstimator(
        model_fn, config=config, use_tpu=tpu.use_tpu,
        params=self._workers.input_params(),
        train_batch_size=sizes["train"], eval_batch_size=sizes["eval"],
        predict_batch_size=sizes["predict"])

  def _worker_sizes(self):
    """Returns the examples a step of one worker, by train, eval and predict."""
    return dict(self.batch_sizes, train=(
        self.batch_sizes["train"] // self._workers.size))


def _ignore_cluster():
  """Removes TF_CONFIG from the environment, where an earlier job may have left
  it: an Estimator would wait for the machines that it names."""
  if os.environ.pop("TF_CONFIG", None) is not None:
    tf.logging.warning("The environment variable TF_CONFIG is ignored: a run "
                       "without --use_tpu uses this machine alone")


def _has_gpu():
  return bool(tf.config.experimental.list_physical_devices("GPU"))


def _cpu_description():
  try:
    with open("/proc/cpuinfo") as reader:
      return reader.read()
  except OSError:
    return ""
