"""Every flag, declared once: a field of a frozen group, default and help.

A command names its groups; parse() makes the flags, reads the command line
strictly and returns an instance of each group.
"""

import dataclasses
import math
import sys
import textwrap
from typing import Dict, List, Optional, Sequence

from absl import flags

from bert.errors import UserError


def option(default, help_text, **limits):
  """A flag: limits are minimum, maximum (both allowed), above, or required."""
  return dataclasses.field(default=default,
                           metadata=dict(limits, help=help_text))


@dataclasses.dataclass(frozen=True)
class DataOptions:
  """Task and data"""
  task_name: str = option(None, "Task, in any case; a wrong name lists them.",
                          required=True)
  data_dir: str = option(None, "Folder with the task's files.", required=True)
  vocab_file: str = option(None, "Vocabulary, a word piece a line.",
                           required=True)
  do_lower_case: bool = option(True, "Lower-case the text, as the vocabulary "
                               "of an uncased or Chinese model needs.")
  max_seq_length: int = option(128, "Tokens an example, [CLS] and [SEP] "
                               "included; longer texts are cut.", minimum=3)
  processor_module: str = option(None, "Tasks of your own: a module to import "
                                 "or a path to a .py file.")
  threshold: float = option(0.5, "Multi-label: a label is predicted from this "
                            "probability on.", minimum=0.0, maximum=1.0)


@dataclasses.dataclass(frozen=True)
class ModelOptions:
  """Model"""
  bert_config_file: str = option(None, "JSON file with the model's size.",
                                 required=True)
  init_checkpoint: str = option(None, "Checkpoint to start from: a pretrained "
                                "BERT, usually .../bert_model.ckpt.")


@dataclasses.dataclass(frozen=True)
class RunOptions:
  """Run"""
  output_dir: str = option(None, "Folder for checkpoints and results.",
                           required=True)
  random_seed: int = option(None, "Makes a run repeatable; drawn and logged "
                            "when not given.", minimum=0, maximum=2**31 - 1)
  log_steps: int = option(100, "Steps between two progress lines and "
                          "TensorBoard points.", minimum=1)
  save_checkpoints_steps: int = option(1000, "Steps between two checkpoints.",
                                       minimum=1)
  keep_checkpoint_max: int = option(5, "Newest checkpoints kept; 0 = all.",
                                    minimum=0)


@dataclasses.dataclass(frozen=True)
class TaskOptions:
  """What to do"""
  do_train: bool = option(False, "Fine-tune on the training set.")
  do_eval: bool = option(False, "Evaluate on the dev set: eval_results.txt.")
  do_predict: bool = option(False, "Predict the test set: test_results.tsv, "
                            "test_predictions.tsv.")


@dataclasses.dataclass(frozen=True)
class TrainOptions:
  """Training"""
  train_batch_size: int = option(32, "Examples a training step.", minimum=1)
  eval_batch_size: int = option(8, "Examples an evaluation step.", minimum=1)
  predict_batch_size: int = option(8, "Examples a prediction step.", minimum=1)
  learning_rate: float = option(5e-5, "Peak learning rate of Adam.", above=0.0)
  num_train_epochs: float = option(3.0, "Passes over the training set.",
                                   above=0.0)
  warmup_proportion: float = option(0.1, "Share of the steps in which the rate "
                                    "rises from 0.", minimum=0.0, maximum=1.0)
  adam_bias_correction: bool = option(False, "Correct Adam's averages for "
                                      "their start at 0, as its paper does.")


@dataclasses.dataclass(frozen=True)
class SpeedOptions:
  """Speed and memory"""
  precision: str = option("float32", "Numbers that products are made of: "
                          "float32, bfloat16 on CPUs that have it, with "
                          "TensorFlow 2.x, or float16 on GPUs. Weights stay "
                          "float32.",
                          choices=("float32", "bfloat16", "float16"))
  bucket_by_length: bool = option(False, "Train on batches of texts of similar "
                                  "length; each example still once an epoch.")
  gradient_accumulation_steps: int = option(
      1, "Parts that a training batch is worked off in, one after the other, "
      "to save memory; they must divide it.", minimum=1)
  num_parallel_parts: int = option(
      1, "Parts that a batch is worked off in side by side, each on its share "
      "of a CPU's cores; they must divide the training's.", minimum=1)
  num_workers: int = option(0, "Processes that turn text into records; 0 = one "
                            "a core for large sets.", minimum=0)


@dataclasses.dataclass(frozen=True)
class TpuOptions:
  """Cloud TPU"""
  use_tpu: bool = option(False, "Run on a TPU; all batch sizes are totals.")
  tpu_name: str = option(None, "The TPU's name, or a grpc:// address.")
  tpu_zone: str = option(None, "Its zone; found out when not given.")
  gcp_project: str = option(None, "Its project; found out when not given.")
  master: str = option(None, "Address of a TensorFlow master.")
  num_tpu_cores: int = option(8, "Its number of cores.", minimum=1)
  iterations_per_loop: int = option(1000, "Steps between two returns from the "
                                    "TPU.", minimum=1)


def parse(argv: Sequence[str], groups: Sequence[type], about: str) -> List:
  """Reads a command line strictly.

  Args:
    argv: the command's name and its arguments; --flagfile is followed.
    groups: option classes.
    about: what the command does, for --help.

  Returns:
    An instance of each group.

  Raises:
    UserError: unknown flag or argument, missing or impossible value.
    SystemExit: code 0, after --help.
  """
  if any(arg.lstrip("-") in ("help", "helpfull", "helpshort", "h") and
         arg.startswith("-") for arg in argv[1:]):
    print(help_text(argv[0], groups, about))
    sys.exit(0)
  values = _define(groups)
  if any(arg.lstrip("-").startswith("undefok") for arg in argv[1:]):
    raise UserError("--undefok would let wrong flags pass; leave it out")
  try:
    rest = values(list(argv))[1:]
  except flags.Error as error:
    message = " ".join(str(error).split())
    raise UserError(message.replace("ERROR:: ", "") + " See --help.")
  except (OSError, UnicodeDecodeError) as error:
    raise UserError("--flagfile: %s" % error)
  if rest:
    raise UserError("unexpected argument %r; a flag takes its value after =, "
                    "as in --do_train=false" % rest[0])
  options = [group(**{field.name: values[field.name].value
                      for field in dataclasses.fields(group)})
             for group in groups]
  for group in options:
    _check(group)
  return options


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


def check_speed(speed: SpeedOptions, train_batch_size: int,
                use_tpu: bool) -> None:
  """Raises UserError for what does not divide, or is not for TPUs."""
  splits = ("gradient_accumulation_steps", "num_parallel_parts")
  for name in splits:
    if train_batch_size % getattr(speed, name):
      raise UserError("--%s=%d does not divide --train_batch_size=%d" % (
          name, getattr(speed, name), train_batch_size))
  if all(getattr(speed, name) > 1 for name in splits):
    raise UserError("--%s=%d saves memory, --%s=%d time; leave one out" % (
        splits[0], getattr(speed, splits[0]), splits[1],
        getattr(speed, splits[1])))
  if not use_tpu:
    return
  for name in ("precision", "bucket_by_length") + splits:
    value = getattr(speed, name)
    if value != getattr(SpeedOptions(), name):
      raise UserError("--%s=%s does not go with --use_tpu; leave it out" % (
          name, describe(value)))


def help_text(command: str, groups: Sequence[type], about: str) -> str:
  """Returns what --help prints."""
  lines = [about.strip(), "", "Usage: python %s --flag=value ..." % command,
           "       --flagfile=FILE reads flags from a file, one a line."]
  for group in groups:
    lines += ["", group.__doc__ + ":"]
    for field in dataclasses.fields(group):
      limits = field.metadata
      note = ("required" if limits.get("required") else
              "default: %s" % describe(field.default))
      lines.append("  --%s=%s (%s)" % (field.name, field.type.__name__, note))
      lines += textwrap.wrap(limits["help"], 78, initial_indent=" " * 6,
                             subsequent_indent=" " * 6)
  return "\n".join(lines)


def describe(default) -> str:
  """Returns a default as the command line writes it."""
  if isinstance(default, bool):
    return str(default).lower()
  return "none" if default is None else str(default)


def _define(groups):
  values = flags.FlagValues()
  define = {bool: flags.DEFINE_bool, int: flags.DEFINE_integer,
            float: flags.DEFINE_float, str: flags.DEFINE_string}
  for group in groups:
    for field in dataclasses.fields(group):
      define[field.type](field.name, field.default, field.metadata["help"],
                         flag_values=values)
  return values


def _check(group):
  for field in dataclasses.fields(group):
    value = getattr(group, field.name)
    problem = _problem(value, field.metadata)
    if problem:
      raise UserError("--%s%s %s. See --help." % (
          field.name, "" if value is None else "=%s:" % value, problem))


def _problem(value, limits) -> Optional[str]:
  if value is None or value == "":
    return "is required" if limits.get("required") else None
  if isinstance(value, float) and not math.isfinite(value):
    return "must be finite"
  if "minimum" in limits and value < limits["minimum"]:
    return "must be at least %s" % limits["minimum"]
  if "maximum" in limits and value > limits["maximum"]:
    return "must be at most %s" % limits["maximum"]
  if "choices" in limits and value not in limits["choices"]:
    return "must be one of: %s" % " ".join(limits["choices"])
  if "above" in limits and value <= limits["above"]:
    return "must be over %s" % limits["above"]
  return None
