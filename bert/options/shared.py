"""Groups of flags that several commands have, and their rules.

A group is a frozen dataclass whose docstring is its heading in --help; a
command names its groups, and bert.common.command_line reads them. Beside the
groups of each command are the rules between their flags, check_*. They need no
TensorFlow, whose import takes seconds: a command checks them first, so that a
mistake is reported at once.
"""

import dataclasses
from typing import Dict, List, Optional, Sequence

from bert.common.command_line import Path
from bert.common.command_line import describe
from bert.common.command_line import option
from bert.common.errors import UserError

_PRECISION = option(
    "float32", "Data type of matrix multiplications: float32; bfloat16, on "
    "CPUs with AVX512-BF16 or AMX and TensorFlow 2.12 or later; float16, on "
    "GPUs. Weights are always float32.",
    choices=("float32", "bfloat16", "float16"))
_INIT_CHECKPOINT = option(
    None, "Checkpoint to initialize the weights from, usually "
    ".../bert_model.ckpt. Of a folder, the best checkpoint is used if its last "
    "training had --eval_every, else the newest. Without this flag, weights "
    "are random.")
VOCAB_FILE = option(
    None, "WordPiece vocabulary file: one token per line.", required=True)
DO_LOWER_CASE = option(
    True, "Lower-case the text; true for uncased and Chinese models.")
TOKENIZER = option(
    "wordpiece", "How text is split into tokens: wordpiece (words, split into "
    "the pieces in the vocabulary) or char (one token per character, white "
    "space included, as many Chinese models expect).",
    choices=("wordpiece", "char"))
TEXT_LENGTH = option(
    128, "Maximum number of tokens per text or pair of texts, [CLS] and [SEP] "
    "included; longer texts are truncated.", minimum=3)
BERT_CONFIG_FILE = option(
    None, "JSON file with the sizes of the model, usually bert_config.json.",
    required=True)
DO_TRAIN = option(False, "Train the model.")
TRAIN_BATCH_SIZE = option(32, "Examples per training step.", minimum=1)
EVAL_BATCH_SIZE = option(8, "Examples per evaluation step.", minimum=1)
BATCH_SIZE = option(
    32, "Maximum number of texts per prediction step.", minimum=1)
TRAIN_FRACTION = option(
    1.0, "Fraction of the training set to train on, drawn by --random_seed "
    "with equal fractions of all labels; with the same seed, smaller subsets "
    "are contained in larger ones.", above=0.0, maximum=1.0)
LEARNING_RATE = option(5e-5, "Peak learning rate of Adam.", above=0.0)
ADAM_BIAS_CORRECTION = option(
    False, "Correct the bias of Adam's moment estimates, which start at 0, as "
    "in the paper on Adam; BERT releases do not.")


@dataclasses.dataclass(frozen=True)
class ModelOptions:
  """Model"""
  bert_config_file: Path = BERT_CONFIG_FILE
  init_checkpoint: Path = _INIT_CHECKPOINT
  allow_missing_weights: bool = option(
      False, "Initialize encoder variables that --init_checkpoint lacks with "
      "random values, instead of ending with an error.")


@dataclasses.dataclass(frozen=True)
class RunOptions:
  """Run"""
  output_dir: Path = option(
      None, "Folder for checkpoints and results.", required=True)
  random_seed: int = option(
      None, "Seed of the weights' initialization, the order of examples and "
      "dropout; when not given, it is drawn and logged.", minimum=0,
      maximum=2**31 - 1)
  log_steps: int = option(
      100, "Steps between two progress lines and TensorBoard points.",
      minimum=1)
  save_checkpoints_steps: int = option(
      1000, "Steps between two checkpoints.", minimum=1)
  keep_checkpoint_max: int = option(
      5, "Number of the newest checkpoints to keep; 0 keeps all.", minimum=0)


@dataclasses.dataclass(frozen=True)
class StepOptions:
  """Speed and memory"""
  precision: str = _PRECISION
  gradient_accumulation_steps: int = option(
      1, "Number of micro-batches that each training batch is split into, "
      "which are processed one after the other, to save memory; must divide "
      "--train_batch_size.", minimum=1)
  cpu_replicas: int = option(
      0, "Number of copies of the model that process parts of a batch in "
      "parallel, each on some of the CPU's cores; at most --train_batch_size. "
      "0 means 2 on a CPU if batches can be split and there are at least 100 "
      "batches, else 1.", minimum=0)
  use_horovod: bool = option(
      False, "Train with Horovod: run by horovodrun, mpirun or srun, which "
      "start several workers on one or more machines; --train_batch_size is "
      "the total over all workers.")
  fp16_allreduce: bool = option(
      False, "Send gradients between workers in float16: half the bytes, "
      "slightly less exact.")


@dataclasses.dataclass(frozen=True)
class SpeedOptions(StepOptions):
  """Speed and memory"""
  bucket_by_length: bool = option(
      False, "Train on batches of texts of similar length; each example is "
      "still used once per epoch.")
  num_workers: int = option(
      0, "Number of processes that convert text to records; 0 means one per "
      "core for large datasets.", minimum=0)


@dataclasses.dataclass(frozen=True)
class TpuOptions:
  """Cloud TPU"""
  use_tpu: bool = option(
      False, "Run on a TPU; batch sizes are totals over all cores.")
  tpu_name: str = option(None, "Name or grpc:// address of the TPU.")
  tpu_zone: str = option(
      None, "Google Cloud zone of the TPU; found automatically when not given.")
  gcp_project: str = option(
      None, "Google Cloud project of the TPU; found automatically when not "
      "given.")
  master: str = option(
      None, "Address of a TensorFlow master, instead of --tpu_name.")
  num_tpu_cores: int = option(8, "Number of TPU cores.", minimum=1)
  iterations_per_loop: int = option(
      1000, "Training steps that the TPU runs before it returns to the host.",
      minimum=1)


def actions_of(group, names: Sequence[str]) -> List[str]:
  """Returns the actions whose flag --do_<name> is set.

  Raises:
    UserError: there are none.
  """
  actions = [name for name in names if getattr(group, "do_" + name)]
  if not actions:
    flags = ["--do_" + name for name in names]
    raise UserError("nothing to do: give %s or %s" % (
        ", ".join(flags[:-1]), flags[-1]))
  return actions


def check_checkpoint(checkpoint: Optional[str], actions: Sequence[str],
                     has_evaluations: bool) -> None:
  """Raises UserError for a --checkpoint that a training would not make.

  Args:
    checkpoint: the flag.
    actions: what is done.
    has_evaluations: whether a training evaluates, and so keeps a best one.
  """
  if "train" not in actions or checkpoint in (None, "newest"):
    return
  if checkpoint != "best":
    raise UserError("--checkpoint=%s: a run that trains evaluates its own "
                    "checkpoints; with --do_train, give best or newest" %
                    checkpoint)
  if not has_evaluations:
    raise UserError("--checkpoint=best with --do_train needs --eval_every")


def check_output_dir(path: str) -> None:
  """Raises UserError for characters that hide checkpoints from TensorFlow."""
  if set(path) & set("*?[]\\"):
    raise UserError("--output_dir=%s: TensorFlow finds no checkpoint under a "
                    "path with any of * ? [ ] \\; give another" % path)


def check_tpu(tpu: TpuOptions, batch_sizes: Dict[str, int]) -> None:
  """Checks what the TPUEstimator would find only when it has started.

  Args:
    tpu: the flags.
    batch_sizes: total examples a step, by "train", "eval" and "predict", for
      the actions of the run.

  Raises:
    UserError: no address or two, or a batch that the cores don't divide.
  """
  if not tpu.use_tpu:
    return
  if bool(tpu.tpu_name) == bool(tpu.master):
    raise UserError("--use_tpu: give either --tpu_name or --master")
  for name, size in sorted(batch_sizes.items()):
    if size % tpu.num_tpu_cores:
      raise UserError(
          "--%s_batch_size=%d is not a multiple of --num_tpu_cores=%d" % (
              name, size, tpu.num_tpu_cores))


def check_speed(speed: StepOptions, train_batch_size: int,
                use_tpu: bool) -> None:
  """Raises UserError for a batch that can't be split as the flags say, or flags
  that TPUs do not have."""
  splits = ("gradient_accumulation_steps", "cpu_replicas")
  check_parts(speed, train_batch_size, "--train_batch_size=%d" %
              train_batch_size)
  if speed.fp16_allreduce and not speed.use_horovod:
    raise UserError("--fp16_allreduce needs --use_horovod")
  if all(getattr(speed, name) > 1 for name in splits):
    raise UserError("--%s=%d saves memory, --%s=%d saves time; they can't be "
                    "combined: leave one out" % (
        splits[0], getattr(speed, splits[0]), splits[1],
        getattr(speed, splits[1])))
  if not use_tpu:
    return
  for name in ("precision", "bucket_by_length", "use_horovod") + splits:
    default = getattr(SpeedOptions(), name)
    value = getattr(speed, name, default)
    if value != default:
      raise UserError("--%s=%s does not go with --use_tpu; leave it out" % (
          name, describe(value)))


def check_parts(speed: StepOptions, size: int, shown: str) -> None:
  """Raises UserError for a batch that does not split into the micro-batches or
  replicas that are given.

  Args:
    speed: with their numbers.
    size: number of examples of the batch.
    shown: the batch, for the error.
  """
  if size % speed.gradient_accumulation_steps:
    raise UserError("--gradient_accumulation_steps=%d does not divide %s" % (
        speed.gradient_accumulation_steps, shown))
  if speed.cpu_replicas > size:
    raise UserError("--cpu_replicas=%d is greater than %s" % (
        speed.cpu_replicas, shown))
