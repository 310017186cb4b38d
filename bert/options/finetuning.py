"""Flags of run_classifier.py and run_cross_validation.py, and their rules."""

import dataclasses
import re
import typing
from typing import List, Sequence

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import shared


@dataclasses.dataclass(frozen=True)
class TaskOptions:
  """What to do"""
  do_train: bool = shared.DO_TRAIN
  do_eval: bool = option(False, "Evaluate on the dev set: eval_results.txt.")
  do_predict: bool = option(False, "Predict the test set: test_results.tsv, "
                            "test_predictions.tsv.")
  do_export: bool = option(False, "Export the model for run_predictor.py and "
                           "TensorFlow Serving: export/.")
  export_formats: str = option("saved_model", "Formats of --do_export, with "
                               "commas: saved_model; saved_model,onnx also "
                               "writes files for run_predictor.py "
                               "--engine=onnx, in float32 and int8.")
  num_trials: int = option(1, "Number of seeds to train with, each in a folder "
                           "of its own; the results of the best one go to "
                           "output_dir.", minimum=1)


@dataclasses.dataclass(frozen=True)
class FoldOptions:
  """Cross-validation"""
  num_folds: int = option(5, "Number of parts of the training set, each held "
                          "out once.", minimum=2)
  do_predict: bool = option(False, "Predict the test set with the mean of all "
                            "models' probabilities.")
  init_folds: Path = option(None, "output_dir of an earlier cross-validation "
                            "with the same folds: each model starts from the "
                            "one that was trained on the same examples.")


@dataclasses.dataclass(frozen=True)
class DataOptions:
  """Task and data"""
  task_name: str = option(None, "Name of the task, in any case; an unknown "
                          "name lists all tasks.", required=True)
  data_dir: Path = option(None, "Folder with the files of the task.",
                          required=True)
  vocab_file: Path = shared.VOCAB_FILE
  do_lower_case: bool = shared.DO_LOWER_CASE
  tokenizer: str = shared.TOKENIZER
  max_seq_length: int = shared.TEXT_LENGTH
  processor_module: Path = option(None, "Python module, or path of a .py file, "
                                  "that registers tasks of your own.")
  train_fraction: float = shared.TRAIN_FRACTION
  bad_rows: str = option("error", "What becomes of rows of the training and "
                         "dev set that have too few or too many cells, or a "
                         "label that is not the task's: error, or skip, which "
                         "counts them in the log.", choices=("error", "skip"))
  truncation: str = option("head", "Part of a long single text that is kept: "
                           "head, tail, or head_tail for both ends.",
                           choices=("head", "tail", "head_tail"))
  head_tokens: int = option(128, "Number of tokens of the head that "
                            "--truncation=head_tail keeps.", minimum=1)
  num_windows: int = option(1, "Maximum number of windows of --max_seq_length "
                            "tokens that a long single text is split into.",
                            minimum=1)
  window_stride: int = option(None, "Tokens from the start of one window to "
                              "the start of the next; windows do not overlap "
                              "when not given.", minimum=1)


@dataclasses.dataclass(frozen=True)
class SpanOptions:
  """Answers out of a context"""
  context_tokens: str = option(
      "whitespace", "Words of a context: whitespace, what stands between white "
      "space; or character, each Chinese character and mark by itself, so that "
      "answers are found where they are annotated and cut out of the text as "
      "it stands.", choices=("whitespace", "character"))
  doc_stride: int = option(128, "Tokens from the start of one window of a long "
                           "context to the start of the next.", minimum=1)
  max_query_length: int = option(64, "Maximum number of tokens of a question; "
                                 "the rest is not read.", minimum=1)
  n_best_size: int = option(20, "Number of answers per question that are kept, "
                            "and of starts and ends that are looked at.",
                            minimum=1)
  max_answer_length: int = option(30, "Maximum number of tokens of an answer.",
                                  minimum=1)
  version_2_with_negative: bool = option(False, "Questions may have no answer, "
                                         "as in SQuAD 2.0.")
  null_score_diff_threshold: float = option(
      0.0, "A question has no answer if the score of none exceeds that of the "
      "best answer by more than this.")
  mask_outside_context: bool = option(
      False, "Leave the question and padding out of the softmax over start and "
      "end, as the baseline of CMRC 2018 does; faster, as no work is done on "
      "padding, but other numbers than the reference release.")
  verbose_logging: bool = option(False, "Log why the text of an answer could "
                                 "not be found in its context.")


@dataclasses.dataclass(frozen=True)
class HeadOptions:
  """Head and loss"""
  threshold: float = option(0.5, "Multi-label tasks: probability from which a "
                            "label is predicted.", minimum=0.0, maximum=1.0)
  pooling: str = option(None, "How token vectors become the vector of a text: "
                        "cls (first token), mean, max, attention, or "
                        "mean_max_attention (all three); when not given, mean "
                        "with --pair_encoding=siamese, else cls.", choices=(
                            "cls", "mean", "max", "attention",
                            "mean_max_attention"))
  pair_encoding: str = option(
      "cross", "How the texts of a pair are read: cross, together; or siamese, "
      "each by itself, so that the vectors of texts can be compared by their "
      "cosine.", choices=("cross", "siamese"))
  encoder_top: str = option("none", "Layers between the encoder and the "
                            "pooling: none, cnn or bilstm.",
                            choices=("none", "cnn", "bilstm"))
  window_pooling: str = option("mean", "How the vectors of --num_windows "
                               "windows become one: mean, max or attention.",
                               choices=("mean", "max", "attention"))
  crf: bool = option(False, "Tagging tasks: score the labels of a sentence "
                     "together, by a conditional random field.")
  loss: str = option("cross_entropy", "Training loss: cross_entropy, focal, or "
                     "f1 (two labels, or multi-label).",
                     choices=("cross_entropy", "focal", "f1"))
  class_weights: str = option(None, "Weight of each label in the training "
                              "loss: w1,w2,... in label order, or balanced for "
                              "weights inverse to the labels' frequency; 1 "
                              "when not given.")
  label_smoothing: float = option(0.0, "Share of each target that is spread "
                                  "over all labels.", minimum=0.0, maximum=0.5)

  def __post_init__(self):
    if self.pooling is None:
      object.__setattr__(self, "pooling", "mean" if (
          self.pair_encoding == "siamese") else "cls")


@dataclasses.dataclass(frozen=True)
class TrainOptions:
  """Training"""
  train_batch_size: int = shared.TRAIN_BATCH_SIZE
  eval_batch_size: int = shared.EVAL_BATCH_SIZE
  predict_batch_size: int = option(8, "Examples per prediction step.",
                                   minimum=1)
  learning_rate: float = shared.LEARNING_RATE
  num_train_epochs: float = option(3.0, "Number of passes over the training "
                                   "set.", above=0.0)
  warmup_proportion: float = option(0.1, "Share of the training steps in which "
                                    "the learning rate rises from 0.",
                                    minimum=0.0, maximum=1.0)
  trainable: str = option("all", "Variables to train: all, head, top:N (the "
                          "head and the N top layers), or a regular expression "
                          "over variable names.")
  head_learning_rate: float = option(None, "Peak learning rate of the head; "
                                     "--learning_rate when not given.",
                                     above=0.0)
  layerwise_lr_decay: float = option(1.0, "Factor of the learning rate from "
                                     "each layer to the one below it.",
                                     above=0.0, maximum=1.0)
  adam_bias_correction: bool = shared.ADAM_BIAS_CORRECTION


@dataclasses.dataclass(frozen=True)
class EvalOptions:
  """Evaluation during training"""
  eval_every: str = option(None, "Evaluate every so many steps, or every "
                           "epoch; the best checkpoint is kept in "
                           "output_dir/best and used for evaluation and "
                           "prediction afterwards.")
  checkpoint: Path = option(None, "Checkpoint that is evaluated, predicted "
                            "with and exported: best, newest, or a path; when "
                            "not given, the best of output_dir if the last "
                            "training there had --eval_every, else the newest.")
  best_metric: str = option(None, "Key of eval_results.txt that decides which "
                            "checkpoint or trial is best; the main metric of "
                            "the task when not given.")
  early_stopping_patience: int = option(None, "Number of evaluations without a "
                                        "new best after which training stops.",
                                        minimum=1)
  plateau_patience: int = option(None, "Number of evaluations without a new "
                                 "best after which the learning rate is "
                                 "lowered.", minimum=1)
  plateau_factor: float = option(0.5, "Factor of the learning rate when it is "
                                 "lowered by --plateau_patience.", above=0.0,
                                 maximum=1.0)


class FineTuningFlags(typing.NamedTuple):
  """The groups of run_classifier.py and run_cross_validation.py."""
  data: DataOptions
  head: HeadOptions
  span: SpanOptions
  model: shared.ModelOptions
  run: shared.RunOptions
  training: TrainOptions
  evaluation: EvalOptions
  speed: shared.SpeedOptions
  tpu: shared.TpuOptions


def actions_to_do(todo: TaskOptions) -> List[str]:
  """Returns what a fine-tuning is to do: any of train, eval, predict, export,
  and onnx with export; raises UserError if that is nothing."""
  actions = shared.actions_of(todo, ("train", "eval", "predict", "export"))
  return actions + [each for each in export_formats(todo)
                    if each == "onnx" and "export" in actions]


def export_formats(group: TaskOptions) -> List[str]:
  """Returns what --export_formats names; raises UserError for what it can't."""
  formats = group.export_formats.split(",")
  unknown = [each for each in formats if each not in ("saved_model", "onnx")]
  if unknown:
    raise UserError("--export_formats=%s: %r is not known; formats: "
                    "saved_model onnx" % (group.export_formats, unknown[0]))
  if "saved_model" not in formats:
    raise UserError("--export_formats=%s: onnx comes with the files of "
                    "saved_model; give saved_model,onnx" %
                    group.export_formats)
  return formats


def check_fine_tuning(flags: FineTuningFlags,
                      actions: Sequence[str]) -> None:
  """Raises UserError for flags of run_classifier.py that do not fit.

  Args:
    flags: the command line.
    actions: any of train, eval, predict, export, onnx.
  """
  shared.check_tpu(flags.tpu, {
      name: getattr(flags.training, name + "_batch_size") for name in actions
      if name not in ("export", "onnx")})
  shared.check_speed(flags.speed, flags.training.train_batch_size,
                     flags.tpu.use_tpu)
  check_head(flags.head, flags.data, flags.speed)
  check_evaluation(flags.evaluation, flags.tpu.use_tpu)
  shared.check_checkpoint(flags.evaluation.checkpoint, actions,
                   bool(flags.evaluation.eval_every))
  shared.check_output_dir(flags.run.output_dir)
  if "onnx" in actions and flags.head.crf:
    raise UserError("--export_formats with onnx does not go with --crf, whose "
                    "search ONNX files can't hold; leave one out")


def check_trials(num_trials: int, actions: Sequence[str]) -> None:
  """Raises UserError for --num_trials without an evaluation to choose by."""
  if num_trials > 1 and not {"train", "eval"} <= set(actions):
    raise UserError("--num_trials=%d needs --do_train and --do_eval" %
                    num_trials)


def check_head(head: HeadOptions, data: DataOptions,
               speed: shared.SpeedOptions) -> None:
  """Raises UserError for flags of which one leaves another without effect."""
  if head.loss == "f1":
    for name in ("class_weights", "label_smoothing"):
      if getattr(head, name):
        raise UserError("--%s=%s does not go with --loss=f1; leave one out" % (
            name, getattr(head, name)))
    for name, is_split in (
        ("gradient_accumulation_steps", speed.gradient_accumulation_steps > 1),
        ("cpu_replicas", speed.cpu_replicas > 1),
        ("use_horovod", speed.use_horovod)):
      if is_split:
        raise UserError("--loss=f1 is of a whole batch; leave out --%s" % name)
  if head.class_weights and head.class_weights != "balanced" and not re.match(
      r"\d*\.?\d+(,\d*\.?\d+)*$", head.class_weights):
    raise UserError("--class_weights=%s: needed is balanced, or a number from "
                    "0 for each label, with commas between" %
                    head.class_weights)
  capacity = data.max_seq_length - 2
  if data.window_stride and data.window_stride > capacity:
    raise UserError("--window_stride=%d would leave tokens out: a window of "
                    "--max_seq_length=%d has %d" % (
                        data.window_stride, data.max_seq_length, capacity))
  if head.pair_encoding == "siamese" and data.num_windows > 1:
    raise UserError("--num_windows=%d is for single texts, and does not go with "
                    "--pair_encoding=siamese" % data.num_windows)
  if data.num_windows == 1:
    for name, value in (("window_stride", data.window_stride),
                        ("window_pooling", head.window_pooling)):
      if value not in (None, HeadOptions.window_pooling):
        raise UserError("--%s=%s is for --num_windows from 2" % (name, value))
  elif data.truncation != "head":
    raise UserError("--truncation=%s does not go with --num_windows=%d; leave "
                    "one out" % (data.truncation, data.num_windows))


def check_evaluation(evaluation: EvalOptions,
                     use_tpu: bool) -> None:
  """Raises UserError for --eval_every that is neither steps nor epoch, for
  flags that need it, and on TPUs."""
  if not evaluation.eval_every:
    for field in dataclasses.fields(evaluation):
      # Trials have a best as well.
      if field.name not in ("best_metric", "checkpoint") and (
          getattr(evaluation, field.name) != field.default):
        raise UserError("--%s=%s needs --eval_every" % (
            field.name, getattr(evaluation, field.name)))
    return
  if not re.match("(epoch|[1-9][0-9]*)$", evaluation.eval_every):
    raise UserError("--eval_every=%s: needed is a number of steps, or epoch" %
                    evaluation.eval_every)
  if use_tpu:
    raise UserError("--eval_every=%s does not go with --use_tpu; leave it out" %
                    evaluation.eval_every)
