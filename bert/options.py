"""Every flag of the commands, declared once: a field with default and help.

A group is a frozen dataclass whose docstring is its heading in --help; a
command names its groups, and bert.common.command_line reads them. Flags that
several groups have stand above the groups. Nothing is checked here: which flags
exclude each other is in bert.flag_rules. The scripts' own flags are in
bert.script_options.
"""

import dataclasses
import typing

from bert.common import command_line
from bert.common.command_line import Path
from bert.common.command_line import Repeated
from bert.common.command_line import option

_VOCAB_FILE = option(None, "WordPiece vocabulary file: one token per line.",
                     required=True)
_DO_LOWER_CASE = option(True, "Lower-case the text; true for uncased and "
                        "Chinese models.")
_TOKENIZER = option("wordpiece", "Tokens of a text: wordpiece, the "
                    "vocabulary's pieces of words; or char, one per character, "
                    "white space included, as many Chinese recipes have it.",
                    choices=("wordpiece", "char"))
_BERT_CONFIG_FILE = option(None, "JSON file with the sizes of the model, "
                           "usually bert_config.json.", required=True)
_INIT_CHECKPOINT = option(None, "Checkpoint that the weights start from, "
                          "usually .../bert_model.ckpt, or a folder, of which "
                          "the best is used if its last training had "
                          "--eval_every, else the newest; random weights when "
                          "not given.")
_PRECISION = option("float32", "Type of the factors of matrix products: "
                    "float32; bfloat16, on CPUs with AVX512-BF16 or AMX and "
                    "TensorFlow 2.12 or later; float16, on GPUs. Weights are "
                    "always float32.",
                    choices=("float32", "bfloat16", "float16"))
_DO_TRAIN = option(False, "Train the model.")
_TRAIN_BATCH_SIZE = option(32, "Examples per training step.", minimum=1)
_EVAL_BATCH_SIZE = option(8, "Examples per evaluation step.", minimum=1)
BATCH_SIZE = option(32, "Maximum number of texts per prediction step.",
                     minimum=1)
_TRAIN_FRACTION = option(1.0, "Share of the training set that is used, drawn by "
                         "--random_seed with the same shares of all labels; a "
                         "smaller share is part of a greater one.", above=0.0,
                         maximum=1.0)
_LEARNING_RATE = option(5e-5, "Peak learning rate of Adam.", above=0.0)
_ADAM_BIAS_CORRECTION = option(False, "Correct Adam's moment estimates for "
                               "their start at 0, as in the paper; BERT "
                               "releases do not.")
_MAX_PREDICTIONS_PER_SEQ = option(20, "Maximum number of masked tokens per "
                                  "instance.", minimum=1)
_INSTANCE_LENGTH = option(128, "Tokens per instance, [CLS] and [SEP] included.",
                          minimum=5)
_TEXT_LENGTH = option(128, "Maximum number of tokens per text or pair, [CLS] "
                      "and [SEP] included; longer texts are truncated.",
                      minimum=3)


@dataclasses.dataclass(frozen=True)
class TaskOptions:
  """What to do"""
  do_train: bool = _DO_TRAIN
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
  vocab_file: Path = _VOCAB_FILE
  do_lower_case: bool = _DO_LOWER_CASE
  tokenizer: str = _TOKENIZER
  max_seq_length: int = _TEXT_LENGTH
  processor_module: Path = option(None, "Python module, or path of a .py file, "
                                  "that registers tasks of your own.")
  train_fraction: float = _TRAIN_FRACTION
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
class ModelOptions:
  """Model"""
  bert_config_file: Path = _BERT_CONFIG_FILE
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
class TrainOptions:
  """Training"""
  train_batch_size: int = _TRAIN_BATCH_SIZE
  eval_batch_size: int = _EVAL_BATCH_SIZE
  predict_batch_size: int = option(8, "Examples per prediction step.",
                                   minimum=1)
  learning_rate: float = _LEARNING_RATE
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
  adam_bias_correction: bool = _ADAM_BIAS_CORRECTION


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


class FineTuningFlags(typing.NamedTuple):
  """The groups of run_classifier.py and run_cross_validation.py."""
  data: DataOptions
  head: HeadOptions
  span: SpanOptions
  model: ModelOptions
  run: RunOptions
  training: TrainOptions
  evaluation: EvalOptions
  speed: SpeedOptions
  tpu: TpuOptions


@dataclasses.dataclass(frozen=True)
class SearchOptions:
  """Search"""
  search: Repeated = option(None, "A flag of data, head, model or training, and "
                            "the values to try: FLAG=log:LOW:HIGH, "
                            "FLAG=float:LOW:HIGH, FLAG=int:LOW:HIGH or "
                            "FLAG=int:LOW:HIGH:STEP, HIGH included, or "
                            "FLAG=choice:A,B,...; may be given several times.")
  search_file: Path = option(None, "JSON file with more of them: {FLAG: "
                             "\"log:LOW:HIGH\", FLAG: [A, B, ...]}.")
  sampler: str = option("tpe", "How settings are chosen: grid, all combinations "
                        "of choice and int; random; or tpe, near those that "
                        "were good.", choices=("grid", "random", "tpe"))
  num_search_trials: int = option(None, "Number of trials; 20 when not given, "
                                  "of a grid all.", minimum=1)
  search_timeout: float = option(None, "Minutes after which no trial is begun.",
                                 above=0.0)
  pruner: str = option("none", "Which trials end at an evaluation of "
                       "--eval_every: none; median, those below the median of "
                       "others; or halving, the lower part of those as far.",
                       choices=("none", "median", "halving"))
  keep_trials: int = option(1, "Number of best trials that keep their "
                            "checkpoints.", minimum=1)
  search_storage: str = option(None, "URL of Optuna's storage that several "
                               "machines share, such as postgresql://...; a "
                               "SQLite file in --output_dir when not given.")
  do_predict: bool = option(False, "Predict the test set with the best trial.")
  do_export: bool = option(False, "Export the best trial for "
                           "run_predictor.py.")


@dataclasses.dataclass(frozen=True)
class SquadOptions(TaskOptions):
  """What to do"""
  do_eval: bool = option(False, "Score the answers to --eval_file: "
                         "eval_results.txt, eval_report.txt.")
  do_predict: bool = option(False, "Answer the questions of --predict_file: "
                            "predictions.json, nbest_predictions.json.")


@dataclasses.dataclass(frozen=True)
class QuestionOptions:
  """Questions"""
  train_file: Path = option(None, "JSON file of SQuAD or CMRC 2018 to train "
                            "on.")
  eval_file: Path = option(None, "JSON file with answers, for --do_eval and "
                           "--eval_every; --predict_file when not given.")
  predict_file: Path = option(None, "JSON file of questions, for --do_predict; "
                              "it need not have answers.")
  train_fraction: float = _TRAIN_FRACTION
  vocab_file: Path = _VOCAB_FILE
  do_lower_case: bool = _DO_LOWER_CASE
  max_seq_length: int = option(384, "Number of tokens of a question and a "
                               "window of its context, [CLS] and [SEP] "
                               "included.", minimum=5)


class SquadFlags(typing.NamedTuple):
  """The groups of run_squad.py."""
  questions: QuestionOptions
  span: SpanOptions
  model: ModelOptions
  run: RunOptions
  training: TrainOptions
  evaluation: EvalOptions
  speed: SpeedOptions
  tpu: TpuOptions

  def fine_tuning(self) -> FineTuningFlags:
    """Returns the groups that a fine-tuning takes."""
    questions = self.questions
    data = DataOptions(
        task_name="squad", data_dir=questions.train_file or (
            questions.predict_file or questions.eval_file),
        vocab_file=questions.vocab_file,
        do_lower_case=questions.do_lower_case,
        max_seq_length=questions.max_seq_length)
    command_line.with_given(data, [
        field.name for field in dataclasses.fields(questions)
        if command_line.is_given(questions, field.name)])
    return FineTuningFlags(data, HeadOptions(), *self[1:])

  def updated(self, flags: FineTuningFlags) -> "SquadFlags":
    """Returns these groups with what became of them in a fine-tuning."""
    questions = dataclasses.replace(
        self.questions, do_lower_case=flags.data.do_lower_case,
        max_seq_length=flags.data.max_seq_length)
    return SquadFlags(questions, *flags[2:])


@dataclasses.dataclass(frozen=True)
class TextOptions:
  """Text"""
  input_file: Path = option(None, "Text files: a comma-separated list of "
                            "globs.", required=True)
  vocab_file: Path = _VOCAB_FILE
  do_lower_case: bool = _DO_LOWER_CASE
  tokenizer: str = _TOKENIZER
  segmenter: str = option(None, "Word segmenter for --do_whole_word_mask: "
                          "jieba, whitespace, or module:function (text -> list "
                          "of words); when not given, a piece with ## "
                          "continues the word before it.")


@dataclasses.dataclass(frozen=True)
class InstanceOptions:
  """Instances"""
  output_file: Path = option(None, "Record files: a comma-separated list; "
                             "instances go to them in turn.", required=True)
  max_seq_length: int = _INSTANCE_LENGTH
  max_predictions_per_seq: int = _MAX_PREDICTIONS_PER_SEQ
  masked_lm_prob: float = option(0.15, "Share of the tokens that is masked.",
                                 above=0.0, maximum=1.0)
  do_whole_word_mask: bool = option(False, "Mask all pieces of a word "
                                    "together.")
  short_seq_prob: float = option(0.1, "Share of the documents whose instances "
                                 "are made shorter.", minimum=0.0, maximum=1.0)
  dupe_factor: int = option(10, "Number of passes over the text, each with "
                            "other masks.", minimum=1)
  random_seed: int = option(12345, "Seed of all random choices.", minimum=0)
  num_shards: int = option(0, "Number of parts that a large corpus is split "
                           "into, each written to a file of its own; 0 makes "
                           "all instances in memory.", minimum=0)
  shards: str = option(None, "Shards that this run writes, as in 0-9 or 3; all "
                       "when not given.")
  num_workers: int = option(0, "Number of processes that write shards; 0 = one "
                            "per core.", minimum=0)


@dataclasses.dataclass(frozen=True)
class RecordOptions:
  """What to do"""
  do_train: bool = _DO_TRAIN
  do_eval: bool = option(False, "Evaluate: eval_results.txt.")
  input_file: Path = option(None, "Record files of create_pretraining_data.py: "
                            "a comma-separated list of globs.", required=True)
  eval_file: Path = option(None, "Record files for --do_eval: a "
                           "comma-separated list of globs; --input_file when "
                           "not given.")
  checkpoint: Path = option(None, "Checkpoint that is evaluated: newest, or a "
                            "path; the newest of output_dir when not given.")
  max_seq_length: int = _INSTANCE_LENGTH
  max_predictions_per_seq: int = _MAX_PREDICTIONS_PER_SEQ


@dataclasses.dataclass(frozen=True)
class ScheduleOptions:
  """Training"""
  train_batch_size: int = _TRAIN_BATCH_SIZE
  eval_batch_size: int = _EVAL_BATCH_SIZE
  learning_rate: float = _LEARNING_RATE
  num_train_steps: int = option(100000, "Number of training steps.", minimum=1)
  num_warmup_steps: int = option(10000, "Number of steps in which the learning "
                                 "rate rises from 0.", minimum=0)
  max_eval_steps: int = option(100, "Number of evaluation steps; the files are "
                               "read again where they end.", minimum=1)
  adam_bias_correction: bool = _ADAM_BIAS_CORRECTION


class PretrainingFlags(typing.NamedTuple):
  """The groups of run_pretraining.py."""
  data: RecordOptions
  model: ModelOptions
  run: RunOptions
  training: ScheduleOptions
  speed: StepOptions
  tpu: TpuOptions


@dataclasses.dataclass(frozen=True)
class VectorOptions:
  """Vectors"""
  input_file: Path = option(None, "Text file: one text per line, or a pair as "
                            "`text_a ||| text_b`; with --do_export, texts to "
                            "try the encoder with on its page, if given.")
  output_file: Path = option(None, "Output file: JSON lines, or .npy with "
                             "--sentence_vectors.")
  do_export: bool = option(False, "Export an encoder with --sentence_vectors "
                           "for run_predictor.py, to export/ in --output_dir, "
                           "instead of reading texts.")
  output_dir: Path = option(None, "Folder for --do_export.")
  layers: str = option("-1,-2,-3,-4", "Layers whose token vectors are written; "
                       "-1 is the last.")
  sentence_vectors: str = option(
      None, "Write one vector per text instead of one per token: mean, max, "
      "mean_max, cls (the first token) or last of --vector_layer; mean_all and "
      "mean_max_all have [CLS] and [SEP] in the mean, and mean_all is what "
      "--pair_encoding=siamese compares; tokens, with --do_export alone, has a "
      "vector per token.",
      choices=("mean", "mean_all", "max", "mean_max", "mean_max_all", "cls",
               "last", "tokens"))
  vector_layer: str = option("-2", "Layers that --sentence_vectors are made of, "
                             "with commas between, joined; -1 is the last.")
  bert_config_file: Path = _BERT_CONFIG_FILE
  init_checkpoint: Path = option(None, "Checkpoint with the weights, or a "
                                 "folder, of which --checkpoint is used.",
                                 required=True)
  checkpoint: str = option(None, "Checkpoint of a folder that "
                           "--init_checkpoint names: best or newest; when not "
                           "given, the best if the last training there had "
                           "--eval_every, else the newest.",
                           choices=("best", "newest"))
  vocab_file: Path = _VOCAB_FILE
  do_lower_case: bool = _DO_LOWER_CASE
  tokenizer: str = _TOKENIZER
  max_seq_length: int = _TEXT_LENGTH
  batch_size: int = BATCH_SIZE
  use_one_hot_embeddings: bool = option(False, "Look embeddings up by a matrix "
                                        "product, which is faster on TPUs.")


class VectorFlags(typing.NamedTuple):
  """The groups of extract_features.py."""
  data: VectorOptions
  speed: StepOptions
  tpu: TpuOptions
