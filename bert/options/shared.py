"""Groups of flags that several commands have, and their rules.

A group is a frozen dataclass whose docstring is its heading in --help; a
command names its groups, and bert.common.command_line reads them. Beside the groups of
each command are the rules between their flags, check_*. They need no
TensorFlow, whose import takes seconds: a command checks them first, so that a
mistake is reported at once.
"""

import dataclasses
from typing import Dict, List, Optional, Sequence

from bert.common.command_line import Path
from bert.common.command_line import describe
from bert.common.command_line import option
from bert.common.errors import UserError

_PRECISION = option("float32", "Type of the factors of matrix products: "
                    "float32; bfloat16, on CPUs with AVX512-BF16 or AMX and "
                    "TensorFlow 2.12 or later; float16, on GPUs. Weights are "
                    "always float32.",
                    choices=("float32", "bfloat16", "float16"))
_INIT_CHECKPOINT = option(None, "Checkpoint that the weights start from, "
                          "usually .../bert_model.ckpt, or a folder, of which "
                          "the best is used if its last training had "
                          "--eval_every, else the newest; random weights when "
                          "not given.")
VOCAB_FILE = option(None, "WordPiece vocabulary file: one token per line.",
                    required=True)
DO_LOWER_CASE = option(True, "Lower-case the text; true for uncased and "
                       "Chinese models.")
TOKENIZER = option("wordpiece", "Tokens of a text: wordpiece, the "
                   "vocabulary's pieces of words; or char, one per character, "
                   "white space included, as many Chinese recipes have it.",
                   choices=("wordpiece", "char"))
TEXT_LENGTH = option(128, "Maximum number of tokens per text or pair, [CLS] "
                     "and [SEP] included; longer texts are truncated.",
                     minimum=3)
BERT_CONFIG_FILE = option(None, "JSON file with the sizes of the model, "
                          "usually bert_config.json.", required=True)
DO_TRAIN = option(False, "Train the model.")
TRAIN_BATCH_SIZE = option(32, "Examples per training step.", minimum=1)
EVAL_BATCH_SIZE = option(8, "Examples per evaluation step.", minimum=1)
BATCH_SIZE = option(32, "Maximum number of texts per prediction step.",
                     minimum=1)
TRAIN_FRACTION = option(1.0, "Share of the training set that is used, drawn by "
                        "--random_seed with the same shares of all labels; a "
                        "smaller share is part of a greater one.", above=0.0,
                        maximum=1.0)
LEARNING_RATE = option(5e-5, "Peak learning rate of Adam.", above=0.0)
ADAM_BIAS_CORRECTION = option(False, "Correct Adam's moment estimates for "
                              "their start at 0, as in the paper; BERT "
                              "releases do not.")


@dataclasses.dataclass(frozen=True)
class ModelOptions:
  """Model"""
  bert_config_file: Path = BERT_CONFIG_FILE
  init_checkpoint: Path = _INIT_CHECKPOINT
  allow_missing_weights: bool = option(
      False, "Let variables of the encoder that --init_checkpoint lacks start "
      "from random values.")


@dataclasses.dataclass(frozen=True)
class RunOptions:
  """Run"""
  output_dir: Path = option(None, "Folder for checkpoints and results.",
                            required=True)
  random_seed: int = option(None, "Seed of weights, order and dropout; drawn "
                            "and logged when not given.", minimum=0,
                            maximum=2**31 - 1)
  log_steps: int = option(100, "Steps between two progress lines and "
                          "TensorBoard points.", minimum=1)
  save_checkpoints_steps: int = option(1000, "Steps between two checkpoints.",
                                       minimum=1)
  keep_checkpoint_max: int = option(5, "Number of newest checkpoints that are "
                                    "kept; 0 keeps all.", minimum=0)


@dataclasses.dataclass(frozen=True)
class StepOptions:
  """Speed and memory"""
  precision: str = _PRECISION
  gradient_accumulation_steps: int = option(
      1, "Number of micro-batches that a training batch is split into, one "
      "after the other, to save memory; must divide --train_batch_size.",
      minimum=1)
  cpu_replicas: int = option(
      0, "Number of copies of the model that share a batch side by side, each "
      "on its part of the CPU's cores, at most --train_batch_size; 0 = 2 on a "
      "CPU, where the batch can be shared and there are 100 or more of them.",
      minimum=0)
  use_horovod: bool = option(False, "Be one of several workers, on one machine "
                             "or many, that horovodrun, mpirun or srun starts; "
                             "--train_batch_size is the total over all.")
  fp16_allreduce: bool = option(False, "Send gradients from worker to worker in "
                                "float16: half the bytes, a little less exact.")


@dataclasses.dataclass(frozen=True)
class SpeedOptions(StepOptions):
  """Speed and memory"""
  bucket_by_length: bool = option(False, "Train on batches of texts of similar "
                                  "length; each example still once per epoch.")
  num_workers: int = option(0, "Number of processes that turn text into "
                            "records; 0 = one per core for large datasets.",
                            minimum=0)


@dataclasses.dataclass(frozen=True)
class TpuOptions:
  """Cloud TPU"""
  use_tpu: bool = option(False, "Run on a TPU; batch sizes are totals over all "
                         "cores.")
  tpu_name: str = option(None, "Name or grpc:// address of the TPU.")
  tpu_zone: str = option(None, "TPU zone; found automatically when not given.")
  gcp_project: str = option(None, "Google Cloud project of the TPU; found "
                            "automatically when not given.")
  master: str = option(None, "Address of a TensorFlow master, instead of "
                       "--tpu_name.")
  num_tpu_cores: int = option(8, "Number of TPU cores.", minimum=1)
  iterations_per_loop: int = option(1000, "Training steps on the TPU between "
                                    "two returns to the host.", minimum=1)


def actions_of(group, names: Sequence[str]) -> List[str]:
  """Returns those of some actions that --do_<name> asks for.

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
    raise UserError("--checkpoint=%s: what is trained is evaluated; with "
                    "training, give best or newest" % checkpoint)
  if not has_evaluations:
    raise UserError("--checkpoint=best needs --eval_every, with training")


def check_output_dir(path: str) -> None:
  """Raises UserError for characters that hide checkpoints from TensorFlow."""
  if set(path) & set("*?[]\\"):
    raise UserError("--output_dir=%s: TensorFlow finds no checkpoint under a "
                    "path with any of * ? [ ] \\; give another" % path)


def check_tpu(tpu: TpuOptions, batch_sizes: Dict[str, int]) -> None:
  """Checks what the TPUEstimator would only look at later.

  Args:
    tpu: the flags.
    batch_sizes: total examples a step, by "train", "eval" and "predict", of
      what is to be done.

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
  """Raises UserError for parts that a batch does not have, or that are not for
  TPUs."""
  splits = ("gradient_accumulation_steps", "cpu_replicas")
  check_parts(speed, train_batch_size, "--train_batch_size=%d" %
              train_batch_size)
  if speed.fp16_allreduce and not speed.use_horovod:
    raise UserError("--fp16_allreduce needs --use_horovod")
  if all(getattr(speed, name) > 1 for name in splits):
    raise UserError("--%s=%d saves memory, --%s=%d time; leave one out" % (
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
  """Raises UserError for parts that examples can't be worked on in.

  Args:
    speed: with the number of parts.
    size: number of the examples.
    shown: what the error calls them.
  """
  if size % speed.gradient_accumulation_steps:
    raise UserError("--gradient_accumulation_steps=%d does not divide %s" % (
        speed.gradient_accumulation_steps, shown))
  if speed.cpu_replicas > size:
    raise UserError("--cpu_replicas=%d is greater than %s" % (
        speed.cpu_replicas, shown))
