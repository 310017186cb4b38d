"""Flags of create_pretraining_data.py and run_pretraining.py, their rules."""

import dataclasses
import math
import re
import typing
from typing import List, Sequence

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import shared

_MAX_PREDICTIONS_PER_SEQ = option(
    20, "Maximum number of masked tokens per instance.", minimum=1)
_INSTANCE_LENGTH = option(
    128, "Tokens per instance, [CLS] and [SEP] included.", minimum=5)


@dataclasses.dataclass(frozen=True)
class TextOptions:
  """Text"""
  input_file: Path = option(
      None, "Text files: a comma-separated list of globs.", required=True)
  vocab_file: Path = shared.VOCAB_FILE
  do_lower_case: bool = shared.DO_LOWER_CASE
  tokenizer: str = shared.TOKENIZER
  segmenter: str = option(
      None, "Word segmenter for --do_whole_word_mask: jieba, whitespace, or "
      "module:function (a function from text to a list of words); when not "
      "given, a word is a piece and the pieces with ## after it.")


@dataclasses.dataclass(frozen=True)
class InstanceOptions:
  """Instances"""
  output_file: Path = option(
      None, "Record files to write: a comma-separated list; instances are "
      "distributed over them in turn. With --num_shards, one name that the "
      "names of all shards begin with.", required=True)
  max_seq_length: int = _INSTANCE_LENGTH
  max_predictions_per_seq: int = _MAX_PREDICTIONS_PER_SEQ
  masked_lm_prob: float = option(
      0.15, "Fraction of the tokens to mask.", above=0.0, maximum=1.0)
  do_whole_word_mask: bool = option(
      False, "Mask all pieces of a word together.")
  short_seq_prob: float = option(
      0.1, "Fraction of the documents whose instances are made shorter than "
      "--max_seq_length.", minimum=0.0, maximum=1.0)
  dupe_factor: int = option(
      10, "Number of passes over the text, each with different masks.",
      minimum=1)
  random_seed: int = option(
      12345, "Seed of all random choices.", minimum=0)
  num_shards: int = option(
      0, "Number of parts that a large corpus is split into, each written to "
      "a file; 0 creates all instances in memory.", minimum=0)
  shards: str = option(
      None, "Shards that this run writes, such as 0-9 or 3; all when not "
      "given.")
  num_workers: int = option(
      0, "Number of processes that write shards; 0 means one per core.",
      minimum=0)


@dataclasses.dataclass(frozen=True)
class RecordOptions:
  """What to do"""
  do_train: bool = shared.DO_TRAIN
  do_eval: bool = option(False, "Evaluate; writes eval_results.txt.")
  input_file: Path = option(
      None, "Record files of create_pretraining_data.py: a comma-separated "
      "list of globs.", required=True)
  eval_file: Path = option(
      None, "Record files for --do_eval: a comma-separated list of globs; "
      "--input_file when not given.")
  checkpoint: Path = option(
      None, "Checkpoint to evaluate: newest, or a path; the newest of "
      "output_dir when not given.")
  max_seq_length: int = _INSTANCE_LENGTH
  max_predictions_per_seq: int = _MAX_PREDICTIONS_PER_SEQ


@dataclasses.dataclass(frozen=True)
class ScheduleOptions:
  """Training"""
  train_batch_size: int = shared.TRAIN_BATCH_SIZE
  eval_batch_size: int = shared.EVAL_BATCH_SIZE
  learning_rate: float = shared.LEARNING_RATE
  num_train_steps: int = option(
      100000, "Number of training steps.", minimum=1)
  num_warmup_steps: int = option(
      10000, "Number of steps in which the learning rate rises from 0.",
      minimum=0)
  max_eval_steps: int = option(
      100, "Number of evaluation steps; the files are read again from the "
      "start when they end before.", minimum=1)
  adam_bias_correction: bool = shared.ADAM_BIAS_CORRECTION


class PretrainingFlags(typing.NamedTuple):
  """The groups of run_pretraining.py."""
  data: RecordOptions
  model: shared.ModelOptions
  run: shared.RunOptions
  training: ScheduleOptions
  speed: shared.StepOptions
  tpu: shared.TpuOptions


def check_instances(text: TextOptions,
                    instances: InstanceOptions) -> None:
  """Raises UserError for flags that need another one, and for fewer than a
  tenth of the masked tokens that --masked_lm_prob asks for."""
  if text.segmenter and not instances.do_whole_word_mask:
    raise UserError("--segmenter=%s needs --do_whole_word_mask" %
                    text.segmenter)
  if instances.shards and not instances.num_shards:
    raise UserError("--shards=%s needs --num_shards" % instances.shards)
  most = instances.max_seq_length * instances.masked_lm_prob
  if instances.max_predictions_per_seq < most / 10:
    raise UserError(
        "--max_predictions_per_seq=%d: of --max_seq_length=%d tokens, "
        "--masked_lm_prob=%s masks %d; give as many" % (
            instances.max_predictions_per_seq, instances.max_seq_length,
            instances.masked_lm_prob, math.ceil(most)))


def output_files_of(instances: InstanceOptions) -> List[str]:
  """Returns the paths of --output_file; raises UserError."""
  paths = instances.output_file.split(",")
  if instances.num_shards and len(paths) > 1:
    raise UserError("--output_file=%s: with --num_shards, give one name, which "
                    "the names of all shards begin with" %
                    instances.output_file)
  return paths


def shards_of(instances: InstanceOptions) -> range:
  """Returns the numbers of the shards that a run makes; raises UserError."""
  match = re.match(r"(\d+)(?:-(\d+))?$", instances.shards or "0-%d" % (
      instances.num_shards - 1))
  first = int(match.group(1)) if match else 0
  last = int(match.group(2) or first) if match else -1
  if not first <= last < instances.num_shards:
    raise UserError("--shards=%s: must be a number, or FIRST-LAST, from 0 "
                    "to %d" % (instances.shards, instances.num_shards - 1))
  return range(first, last + 1)


def check_pretraining(flags: PretrainingFlags,
                      actions: Sequence[str]) -> None:
  """Raises UserError for flags of run_pretraining.py that do not fit."""
  shared.check_tpu(flags.tpu, {
      name: getattr(flags.training, name + "_batch_size") for name in actions})
  shared.check_speed(flags.speed, flags.training.train_batch_size,
                     flags.tpu.use_tpu)
  shared.check_checkpoint(flags.data.checkpoint, actions, False)
  if flags.data.checkpoint == "best":
    raise UserError("--checkpoint=best: run_pretraining.py keeps no best "
                    "checkpoint; give newest, or a path")
  shared.check_output_dir(flags.run.output_dir)
