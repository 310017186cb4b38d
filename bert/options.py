"""Every flag, declared once: a field of a frozen group, default and help.

A command names its groups; bert.command_line reads them.
"""

import dataclasses
import re
from typing import Dict

from bert.common.command_line import describe
from bert.common.command_line import option
from bert.common.errors import UserError


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
  truncation: str = option("head", "Which part of a single text stays that is "
                           "too long: head, tail, or head_tail, both ends.",
                           choices=("head", "tail", "head_tail"))
  head_tokens: int = option(128, "Tokens of the head that head_tail keeps.",
                            minimum=1)
  num_windows: int = option(1, "Most windows of --max_seq_length tokens that a "
                            "long text is split into.", minimum=1)
  window_stride: int = option(None, "Tokens from one window's start to the "
                              "next; a window's whole text when not given.",
                              minimum=1)


@dataclasses.dataclass(frozen=True)
class HeadOptions:
  """Head and loss"""
  threshold: float = option(0.5, "Multi-label: a label is predicted from this "
                            "probability on.", minimum=0.0, maximum=1.0)
  pooling: str = option("cls", "What is read of a text: cls, the first token's "
                        "vector, mean, max or attention over all of its "
                        "tokens, or mean_max_attention, these three.", choices=(
                            "cls", "mean", "max", "attention",
                            "mean_max_attention"))
  encoder_top: str = option("none", "What stands between BERT and that: none, cnn or "
                    "bilstm.", choices=("none", "cnn", "bilstm"))
  window_pooling: str = option("mean", "How the vectors of --num_windows "
                                "windows become one: mean, max or attention.",
                                choices=("mean", "max", "attention"))
  crf: bool = option(False, "Tagging: weigh each sentence's labels as a whole, "
                     "in a conditional random field.")
  loss: str = option("cross_entropy", "What training makes small: "
                     "cross_entropy, focal, or f1, for two labels and "
                     "multi-label.", choices=("cross_entropy", "focal", "f1"))
  class_weights: str = option(None, "How much each label counts in training: "
                              "w1,w2,... in the labels' order, or balanced, "
                              "which evens out how often they occur.")
  label_smoothing: float = option(0.0, "Share of each target that goes to all "
                                  "labels alike.", minimum=0.0, maximum=0.5)


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
  do_export: bool = option(False, "Export the model for run_predictor.py and "
                           "TensorFlow Serving: export/.")
  num_trials: int = option(1, "Seeds to train with, each in a folder of its "
                           "own; the best one's results go to output_dir.",
                           minimum=1)


@dataclasses.dataclass(frozen=True)
class FoldOptions:
  """Cross-validation"""
  num_folds: int = option(5, "Parts of the training set, each held out once.",
                          minimum=2)
  do_predict: bool = option(False, "Predict the test set by the mean of all "
                            "models.")
  init_folds: str = option(None, "Folder of an earlier cross-validation of the "
                           "same folds: each model starts from the one there "
                           "that was trained on the same examples.")


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
  trainable: str = option("all", "What is trained: all, head, top:N, which is "
                          "the head with the N top layers, or a regular "
                          "expression over variable names.")
  head_learning_rate: float = option(None, "Peak rate of the head; "
                                     "--learning_rate when not given.",
                                     above=0.0)
  layerwise_lr_decay: float = option(1.0, "What the rate is multiplied with at "
                                     "each step from the head down.",
                                     above=0.0, maximum=1.0)
  adam_bias_correction: bool = option(False, "Correct Adam's averages for "
                                      "their start at 0, as its paper does.")


@dataclasses.dataclass(frozen=True)
class WatchOptions:
  """Evaluation during training"""
  eval_every: str = option(None, "Evaluate every so many steps, or every "
                           "epoch, and keep the best checkpoint in "
                           "output_dir/best for the final evaluation and "
                           "prediction.")
  best_metric: str = option(None, "What is best, by its name in "
                            "eval_results.txt; the task's own metric when not "
                            "given.")
  early_stopping_patience: int = option(None, "Evaluations without a new best "
                                        "after which training stops.",
                                        minimum=1)
  plateau_patience: int = option(None, "Evaluations without a new best after "
                                 "which the learning rate falls.", minimum=1)
  plateau_factor: float = option(0.5, "What it is multiplied with then.",
                                 above=0.0, maximum=1.0)


@dataclasses.dataclass(frozen=True)
class StepOptions:
  """Speed and memory"""
  precision: str = option("float32", "Numbers that products are made of: "
                          "float32, bfloat16 on CPUs that have it, with "
                          "TensorFlow 2.x, or float16 on GPUs. Weights stay "
                          "float32.",
                          choices=("float32", "bfloat16", "float16"))
  gradient_accumulation_steps: int = option(
      1, "Parts that a training batch is worked off in, one after the other, "
      "to save memory; they must divide it.", minimum=1)
  cpu_replicas: int = option(
      1, "Parts that a batch is worked off in side by side, each on its share "
      "of a CPU's cores; they must divide the training's.", minimum=1)


@dataclasses.dataclass(frozen=True)
class SpeedOptions(StepOptions):
  """Speed and memory"""
  bucket_by_length: bool = option(False, "Train on batches of texts of similar "
                                  "length; each example still once an epoch.")
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
  """Raises UserError for what does not divide, or is not for TPUs."""
  splits = ("gradient_accumulation_steps", "cpu_replicas")
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
    default = getattr(SpeedOptions(), name)
    value = getattr(speed, name, default)
    if value != default:
      raise UserError("--%s=%s does not go with --use_tpu; leave it out" % (
          name, describe(value)))


def check_head(head: HeadOptions, data: DataOptions, speed: SpeedOptions):
  """Raises UserError for flags of which one leaves another without effect."""
  if head.loss == "f1":
    for name in ("class_weights", "label_smoothing"):
      if getattr(head, name):
        raise UserError("--%s=%s does not go with --loss=f1; leave one out" % (
            name, getattr(head, name)))
    for name in ("gradient_accumulation_steps", "cpu_replicas"):
      if getattr(speed, name) > 1:
        raise UserError("--loss=f1 is of a whole batch; leave out --%s" % name)
  if head.class_weights and head.class_weights != "balanced" and not re.match(
      r"\d*\.?\d+(,\d*\.?\d+)*$", head.class_weights):
    raise UserError("--class_weights=%s: needed is balanced, or a number from "
                    "0 for each label, with commas between" %
                    head.class_weights)
  room = data.max_seq_length - 2
  if data.window_stride and data.window_stride > room:
    raise UserError("--window_stride=%d would leave tokens out: a window of "
                    "--max_seq_length=%d has %d" % (
                        data.window_stride, data.max_seq_length, room))
  if data.num_windows == 1:
    for name, value in (("window_stride", data.window_stride),
                        ("window_pooling", head.window_pooling)):
      if value not in (None, HeadOptions.window_pooling):
        raise UserError("--%s=%s is for --num_windows from 2" % (name, value))
  elif data.truncation != "head":
    raise UserError("--truncation=%s does not go with --num_windows=%d; leave "
                    "one out" % (data.truncation, data.num_windows))


def check_watch(watch: WatchOptions, use_tpu: bool) -> None:
  """Raises UserError for --eval_every that is neither steps nor epoch, for
  flags that need it, and on TPUs."""
  if not watch.eval_every:
    for field in dataclasses.fields(watch):
      if field.name != "best_metric" and (  # Trials have a best as well.
          getattr(watch, field.name) != field.default):
        raise UserError("--%s=%s needs --eval_every" % (
            field.name, getattr(watch, field.name)))
    return
  if not re.match("(epoch|[1-9][0-9]*)$", watch.eval_every):
    raise UserError("--eval_every=%s: needed is a number of steps, or epoch" %
                    watch.eval_every)
  if use_tpu:
    raise UserError("--eval_every=%s does not go with --use_tpu; leave it out" %
                    watch.eval_every)
