"""Flags of run_squad.py, and their rules."""

import dataclasses
import typing
from typing import Sequence

from bert.common import command_line
from bert.common.command_line import Path
from bert.common.command_line import is_given
from bert.common.command_line import option
from bert.common.errors import UserError
from bert.options import finetuning
from bert.options import shared


@dataclasses.dataclass(frozen=True)
class SquadOptions(finetuning.TaskOptions):
  """What to do"""
  do_eval: bool = option(
      False, "Score the answers to the questions of --eval_file; writes "
      "eval_results.txt and eval_report.txt.")
  do_predict: bool = option(
      False, "Answer the questions of --predict_file; writes predictions.json "
      "and nbest_predictions.json.")


@dataclasses.dataclass(frozen=True)
class QuestionOptions:
  """Questions"""
  train_file: Path = option(
      None, "JSON file of SQuAD or CMRC 2018 to train on.")
  eval_file: Path = option(
      None, "JSON file of questions with answers, for --do_eval and "
      "--eval_every; --predict_file when not given.")
  predict_file: Path = option(
      None, "JSON file of questions for --do_predict, with or without answers.")
  train_fraction: float = shared.TRAIN_FRACTION
  vocab_file: Path = shared.VOCAB_FILE
  do_lower_case: bool = shared.DO_LOWER_CASE
  max_seq_length: int = option(
      384, "Number of tokens of a question and a window of its context, [CLS] "
      "and [SEP] included.", minimum=5)


class SquadFlags(typing.NamedTuple):
  """The groups of run_squad.py."""
  questions: QuestionOptions
  span: finetuning.SpanOptions
  model: shared.ModelOptions
  run: shared.RunOptions
  training: finetuning.TrainOptions
  evaluation: finetuning.EvalOptions
  speed: shared.SpeedOptions
  tpu: shared.TpuOptions

  def fine_tuning(self) -> finetuning.FineTuningFlags:
    """Returns the groups that a fine-tuning takes."""
    questions = self.questions
    data = finetuning.DataOptions(
        task_name="squad", data_dir=questions.train_file or (
            questions.predict_file or questions.eval_file),
        vocab_file=questions.vocab_file,
        do_lower_case=questions.do_lower_case,
        max_seq_length=questions.max_seq_length)
    command_line.with_given(data, [
        field.name for field in dataclasses.fields(questions)
        if command_line.is_given(questions, field.name)])
    return finetuning.FineTuningFlags(data, finetuning.HeadOptions(), *self[1:])

  def updated(self, flags: finetuning.FineTuningFlags) -> "SquadFlags":
    """Returns these groups with what became of them in a fine-tuning."""
    questions = dataclasses.replace(
        self.questions, do_lower_case=flags.data.do_lower_case,
        max_seq_length=flags.data.max_seq_length)
    return SquadFlags(questions, *flags[2:])


def check_questions(flags: SquadFlags, actions: Sequence[str]) -> None:
  """Raises UserError for flags of run_squad.py that do not fit.

  Args:
    flags: the command line.
    actions: any of train, eval, predict, export, onnx.
  """
  files = flags.questions
  for action, path in (("train", files.train_file),
                       ("predict", files.predict_file),
                       ("eval", files.eval_file or files.predict_file)):
    if action in actions and not path:
      raise UserError("--do_%s needs --%s_file" % (action, action))
  if flags.evaluation.eval_every and not (
      files.eval_file or files.predict_file):
    raise UserError("--eval_every=%s needs --eval_file" %
                    flags.evaluation.eval_every)
  # When not given, it may be the trained model's, which is not known yet.
  if is_given(flags.span, "max_query_length"):
    check_query_length(flags.fine_tuning())


def check_query_length(flags: finetuning.FineTuningFlags) -> None:
  """Raises UserError for questions that leave no room for their contexts."""
  if flags.data.max_seq_length <= flags.span.max_query_length + 3:
    raise UserError("--max_seq_length=%d must be greater than "
                    "--max_query_length=%d and 3 special tokens" % (
                        flags.data.max_seq_length, flags.span.max_query_length))
