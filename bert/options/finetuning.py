"""Flags of run_classifier.py and run_cross_validation.py, and their rules."""

import dataclasses
import re
import typing
from typing import List, Sequence

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import shared


def _onnx_of_formats(text, _):
  """Returns what an earlier --export_formats means; raises UserError."""
  formats = set(text.split(","))
  if not {"saved_model"} <= formats <= {"saved_model", "onnx"}:
    raise UserError("--export_formats=%s: must be saved_model or "
                    "saved_model,onnx; --export_onnx replaces it" % text)
  return {"export_onnx": "onnx" in formats}


@dataclasses.dataclass(frozen=True)
class TaskOptions:
  """What to do"""
  do_train: bool = shared.DO_TRAIN
  do_eval: bool = option(
      False, "Evaluate on the dev set; writes eval_results.txt.")
  do_predict: bool = option(
      False, "Predict the test set; writes test_results.tsv and "
      "test_predictions.tsv.")
  do_export: bool = option(
      False, "Export the model to output_dir/export/ for run_predictor.py and "
      "TensorFlow Serving.")
  export_onnx: bool = option(
      False, "With --do_export, also write ONNX files, in float32 and int8, "
      "for run_predictor.py --engine=onnx.",
      aliases={"export_formats": _onnx_of_formats})
  num_seeds: int = option(
      1, "Number of trainings with different random seeds, in output_dir/"
      "trial_1, trial_2, ...; the results of the best one are copied to "
      "output_dir.", minimum=1, aliases={"num_trials": None})


@dataclasses.dataclass(frozen=True)
class FoldOptions:
  """Cross-validation"""
  num_folds: int = option(
      5, "Number of parts that the training set is split into; each is held "
      "out once.", minimum=2)
  do_predict: bool = option(
      False, "Predict the test set with the mean of the probabilities of all "
      "models.")
  init_folds: Path = option(
      None, "output_dir of an earlier cross-validation with the same folds: "
      "the model of each fold is initialized from the earlier model of that "
      "fold.")


@dataclasses.dataclass(frozen=True)
class DataOptions:
  """Task and data"""
  task_name: str = option(
      None, "Name of the task, in upper or lower case; an unknown name lists "
      "all tasks.", required=True)
  data_dir: Path = option(
      None, "Folder with the files of the task.", required=True)
  vocab_file: Path = shared.VOCAB_FILE
  do_lower_case: bool = shared.DO_LOWER_CASE
  tokenizer: str = shared.TOKENIZER
  max_seq_length: int = shared.TEXT_LENGTH
  processor_module: Path = option(
      None, "Python module, or path of a .py file, that registers your own "
      "tasks.")
  train_fraction: float = shared.TRAIN_FRACTION
  bad_rows: str = option(
      "error", "How to handle rows of the training and dev set with too few or "
      "too many cells or an unknown label: error (end with an error) or skip "
      "(leave them out and log their number).", choices=("error", "skip"))
  truncation: str = option(
      "head", "Part of a long single text that is kept: head (beginning), tail "
      "(end) or head_tail (both).", choices=("head", "tail", "head_tail"))
  head_tokens: int = option(
      128, "Number of tokens from the beginning of a text that "
      "--truncation=head_tail keeps.", minimum=1)
  num_windows: int = option(
      1, "Maximum number of windows of --max_seq_length tokens that a long "
      "single text is split into.", minimum=1)
  window_stride: int = option(
      None, "Number of tokens from the start of one window to the start of the "
      "next; windows do not overlap when not given.", minimum=1)


@dataclasses.dataclass(frozen=True)
class SpanOptions:
  """Question answering"""
  context_tokens: str = option(
      "whitespace", "How a context is split into words: whitespace (at white "
      "space) or character (every Chinese character and punctuation mark is a "
      "word; for Chinese). Answers start and end at words.",
      choices=("whitespace", "character"))
  doc_stride: int = option(
      128, "Number of tokens from the start of one window of a long context to "
      "the start of the next.", minimum=1)
  max_query_length: int = option(
      64, "Maximum number of tokens of a question; longer questions are "
      "truncated.", minimum=1)
  n_best_size: int = option(
      20, "Number of answers to write per question, and of the best start and "
      "end positions to combine to answers.", minimum=1)
  max_answer_length: int = option(
      30, "Maximum number of tokens of an answer.", minimum=1)
  version_2_with_negative: bool = option(
      False, "Allow questions without an answer, as in SQuAD 2.0.")
  null_score_diff_threshold: float = option(
      0.0, "Predict \"no answer\" if the no-answer score is higher than the "
      "best answer's score by more than this value.")
  mask_outside_context: bool = option(
      False, "Exclude the question and padding from the softmax over start and "
      "end positions, as the baseline of CMRC 2018 does: faster, as padding is "
      "not computed, but scores differ from those of the reference release.")
  verbose_logging: bool = option(
      False, "Log why the text of an answer could not be found in its context.")


@dataclasses.dataclass(frozen=True)
class HeadOptions:
  """Head and loss"""
  threshold: float = option(
      0.5, "Multi-label tasks: minimum probability of a predicted label.",
      minimum=0.0, maximum=1.0)
  pooling: str = option(
      None, "How token vectors are combined to the vector of a text: cls "
      "(first token), mean, max, attention, or mean_max_attention (all three); "
      "when not given, mean with --pair_encoding=siamese, else cls.",
      choices=("cls", "mean", "max", "attention", "mean_max_attention"))
  pair_encoding: str = option(
      "cross", "How the two texts of a pair are encoded: cross (together) or "
      "siamese (separately, so that the vectors of texts can be compared by "
      "cosine similarity).", choices=("cross", "siamese"))
  encoder_top: str = option(
      "none", "Layers between the encoder and the pooling: none, cnn or "
      "bilstm.", choices=("none", "cnn", "bilstm"))
  window_pooling: str = option(
      "mean", "How the vectors of the windows of --num_windows are combined: "
      "mean, max or attention.", choices=("mean", "max", "attention"))
  crf: bool = option(
      False, "Tagging tasks: score the label sequence of a sentence with a "
      "conditional random field.")
  loss: str = option(
      "cross_entropy", "Training loss: cross_entropy, focal, or f1 (two labels "
      "or multi-label).", choices=("cross_entropy", "focal", "f1"))
  class_weights: str = option(
      None, "Weight of each label in the training loss: w1,w2,... in the order "
      "of the labels, or balanced (inversely proportional to label frequency); "
      "all 1 when not given.")
  label_smoothing: float = option(
      0.0, "Fraction of each target probability that is spread evenly over all "
      "labels.", minimum=0.0, maximum=0.5)

  def __post_init__(self):
    if self.pooling is None:
      object.__setattr__(self, "pooling", "mean" if (
          self.pair_encoding == "siamese") else "cls")


@dataclasses.dataclass(frozen=True)
class TrainOptions:
  """Training"""
  train_batch_size: int = shared.TRAIN_BATCH_SIZE
  eval_batch_size: int = shared.EVAL_BATCH_SIZE
  predict_batch_size: int = option(
      8, "Examples per prediction step.", minimum=1)
  learning_rate: float = shared.LEARNING_RATE
  num_train_epochs: float = option(
      3.0, "Number of passes over the training set.", above=0.0)
  warmup_proportion: float = option(
      0.1, "Fraction of the training steps in which the learning rate rises "
      "from 0.", minimum=0.0, maximum=1.0)
  trainable: str = option(
      "all", "Variables to train: all, head, top:N (the head and the N top "
      "layers), or a regular expression over variable names.")
  head_learning_rate: float = option(
      None, "Peak learning rate of the head; --learning_rate when not given.",
      above=0.0)
  layerwise_lr_decay: float = option(
      1.0, "Factor that the learning rate is multiplied by from each layer to "
      "the layer below.", above=0.0, maximum=1.0)
  adam_bias_correction: bool = shared.ADAM_BIAS_CORRECTION


@dataclasses.dataclass(frozen=True)
class EvalOptions:
  """Evaluation during training"""
  eval_every: str = option(
      None, "Evaluate during training: every this many steps, or epoch for "
      "every epoch. The best checkpoint is kept in output_dir/best and used "
      "for evaluation and prediction after the training.")
  checkpoint: Path = option(
      None, "Checkpoint to evaluate, predict with and export: best, newest, or "
      "a path; when not given, the best of output_dir if the last training "
      "there had --eval_every, else the newest.")
  best_metric: str = option(
      None, "Metric that decides which checkpoint or trial is best, by its name "
      "in eval_results.txt; the task's main metric when not given.")
  early_stopping_patience: int = option(
      None, "Stop training after this many evaluations without a new best.",
      minimum=1)
  plateau_patience: int = option(
      None, "Lower the learning rate after this many evaluations without a new "
      "best.", minimum=1)
  plateau_factor: float = option(
      0.5, "Factor that --plateau_patience multiplies the learning rate by.",
      above=0.0, maximum=1.0)


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
  """Returns the actions of a fine-tuning: any of train, eval, predict, export,
  and onnx with export; raises UserError if there is none."""
  actions = shared.actions_of(todo, ("train", "eval", "predict", "export"))
  return actions + ["onnx"] * (todo.export_onnx and "export" in actions)


def check_fine_tuning(flags: FineTuningFlags, actions: Sequence[str]) -> None:
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
    raise UserError("--export_onnx does not go with --crf, whose decoding ONNX "
                    "files can't hold; leave one out")


def check_seeds(num_seeds: int, actions: Sequence[str]) -> None:
  """Raises UserError for --num_seeds without an evaluation to choose by."""
  if num_seeds > 1 and not {"train", "eval"} <= set(actions):
    raise UserError("--num_seeds=%d needs --do_train and --do_eval" %
                    num_seeds)


def check_head(head: HeadOptions, data: DataOptions,
               speed: shared.SpeedOptions) -> None:
  """Raises UserError for flags that do not go together."""
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
        raise UserError("--loss=f1 is computed over a whole batch; leave out "
                        "--%s" % name)
  if head.class_weights and head.class_weights != "balanced" and not re.match(
      r"\d*\.?\d+(,\d*\.?\d+)*$", head.class_weights):
    raise UserError("--class_weights=%s: must be balanced, or a "
                    "comma-separated list with a number from 0 for each label" %
                    head.class_weights)
  capacity = data.max_seq_length - 2
  if data.window_stride and data.window_stride > capacity:
    raise UserError("--window_stride=%d would skip tokens: a window of "
                    "--max_seq_length=%d has %d" % (
                        data.window_stride, data.max_seq_length, capacity))
  if head.pair_encoding == "siamese" and data.num_windows > 1:
    raise UserError("--num_windows=%d is for single texts and does not go "
                    "with --pair_encoding=siamese" % data.num_windows)
  if data.num_windows == 1:
    for name, value in (("window_stride", data.window_stride),
                        ("window_pooling", head.window_pooling)):
      if value not in (None, HeadOptions.window_pooling):
        raise UserError("--%s=%s needs --num_windows of at least 2" % (
            name, value))
  elif data.truncation != "head":
    raise UserError("--truncation=%s does not go with --num_windows=%d; leave "
                    "one out" % (data.truncation, data.num_windows))


def check_evaluation(evaluation: EvalOptions, use_tpu: bool) -> None:
  """Raises UserError for an --eval_every that is neither a number nor epoch, or
  on a TPU, and for flags that need it."""
  if not evaluation.eval_every:
    for field in dataclasses.fields(evaluation):
      # Without --eval_every, these choose the best trial, and a checkpoint.
      if field.name not in ("best_metric", "checkpoint") and (
          getattr(evaluation, field.name) != field.default):
        raise UserError("--%s=%s needs --eval_every" % (
            field.name, getattr(evaluation, field.name)))
    return
  if not re.match("(epoch|[1-9][0-9]*)$", evaluation.eval_every):
    raise UserError("--eval_every=%s: must be a number of steps, or epoch" %
                    evaluation.eval_every)
  if use_tpu:
    raise UserError("--eval_every=%s does not go with --use_tpu; leave it out" %
                    evaluation.eval_every)
