"""The evaluations of a dataset, during training and after it, and its scores.
"""

import functools
from typing import Callable, Dict, Optional, Sequence, Tuple

import numpy as np

from bert.data.examples import InputExample
from bert.evaluation import metrics
from bert.evaluation import prediction_file
from bert.evaluation.eval_prediction import EvalPrediction
from bert.model.estimator import Runtime
from bert.model.output_rows import ColumnRows
from bert.model.output_rows import OutputRows
from bert.model.output_rows import Row
from bert.options.finetuning import FineTuningFlags
from bert.training import eval_history
from bert.training.datasets import Datasets
from bert.training.datasets import RecordFile
from bert.training.eval_listener import EvalListener
from bert.training.evaluator import Evaluator
from bert.training.output_folder import OutputFolder
from bert.training.task import Task

Examples = Sequence[InputExample]


class Evaluations:
  """Evaluates datasets of a task, and writes the files of an output folder."""

  def __init__(self, flags: FineTuningFlags, task: Task, folder: OutputFolder,
               datasets: Datasets, runtime: Runtime):
    """Takes the command line, the task, where files are written, and where
    graphs run."""
    self._flags = flags
    self._task = task
    self._folder = folder
    self._datasets = datasets
    self._runtime = runtime

  def early_stopping(self) -> eval_history.EarlyStoppingConfig:
    """Returns what evaluations decide; raises UserError for a metric that the
    task is not scored by."""
    evaluation = self._flags.evaluation
    return eval_history.EarlyStoppingConfig(
        metrics.key_of(evaluation.best_metric, self._task.metrics,
                       self._task.head.streamed_keys),
        evaluation.early_stopping_patience, evaluation.plateau_patience,
        evaluation.plateau_factor)

  def listener(self, examples: Examples, dev_set: str, num_steps: int,
               should_stop: Optional[Callable] = None) -> EvalListener:
    """Returns what evaluates a dataset while training goes on.

    Args:
      examples, dev_set: the dataset and its digest.
      num_steps: of the training.
      should_stop: as of EvalListener.
    """
    history = eval_history.EvalHistory(
        self._folder.path, self.early_stopping(), self._folder.last_step(),
        dev_set)
    return EvalListener(
        self._folder, history, functools.partial(self._dev_evaluator, examples),
        self._interval(num_steps), num_steps, should_stop=should_stop)

  def evaluate(self, examples: Examples, checkpoint: str,
               keep: Optional[Callable] = None) -> Dict[str, float]:
    """Scores the dev set; writes eval_results.txt, returns its content.

    Args:
      examples: the dataset.
      checkpoint: path.
      keep: Predictions.keep, if the same examples will be predicted.
    """
    input_fn, file = self._datasets.write_to_evaluate(examples)
    self._datasets.log("eval", file, checkpoint)
    scorer = Scorer(self._task, file, self._folder, keep is not None)
    evaluator = self._evaluator(input_fn, file, scorer)
    with self._datasets.in_use():
      results = evaluator.evaluate_checkpoint(checkpoint)
    if not self._runtime.use_tpu:  # There, the Estimator does it.
      self._folder.write_scalars(results["global_step"], results)
    self._folder.write_results(results)
    if scorer.columns is not None:
      keep(examples, checkpoint, scorer.columns)
    return results

  def _dev_evaluator(self, examples):
    """Writes a dataset; returns what evaluates it during training."""
    input_fn, file = self._datasets.write_to_evaluate(examples)
    return self._evaluator(input_fn, file, Scorer(self._task, file))

  def _evaluator(self, input_fn, file, scorer):
    model = self._runtime.make_model(self._task.encoder, self._task.head)
    num_steps = file.num_batches(self._runtime.batch_sizes["eval"])
    return Evaluator(model, self._runtime, input_fn, num_steps, scorer)

  def _interval(self, num_steps):
    """Returns the steps between two evaluations of a training."""
    if self._flags.evaluation.eval_every != "epoch":
      return int(self._flags.evaluation.eval_every)
    return max(1, int(num_steps / self._flags.training.num_train_epochs))


class Scorer:
  """Scores a dataset: what an Evaluator calls with the outputs for it.

  Attributes:
    columns: name -> array of a row per example, of the last evaluation; None
      unless they are kept, and on a TPU, where an evaluation returns no rows.
  """

  def __init__(self, task: Task, file: RecordFile,
               folder: Optional[OutputFolder] = None,
               keeps_columns: bool = False):
    """Takes what is scored.

    Args:
      task: has the head and the names of the metrics.
      file: the dataset.
      folder: gets the report, the errors and the predictions; None: nothing is
        written.
      keeps_columns: see the class.
    """
    self._task = task
    self._file = file
    self._folder = folder
    self._keeps_columns = keeps_columns
    self.columns = None  # type: Optional[Dict[str, np.ndarray]]

  def __call__(self, columns: Dict[str, np.ndarray],
               step: int) -> Dict[str, float]:
    """Returns the scores of outputs.

    Args:
      columns: name -> array of a row per record, labels among them.
      step: that the weights are of.
    """
    columns = self._merge(columns)
    if self._keeps_columns:
      self.columns = columns
    predictions = self._task.head.eval_prediction(columns, self._file.examples)
    if self._folder is not None:
      self._write(predictions, step)
    return metrics.compute(self._task.metrics, predictions)

  def _merge(self, columns):
    """Returns columns of a row per example, of those of a row per record."""
    rows = ColumnRows(columns)
    merged = self._file.merge(self._task.head, rows)
    return columns if merged is rows else OutputRows.of(merged).stacked()

  def _write(self, predictions, step):
    task, examples, folder = self._task, self._file.examples, self._folder.path
    task.head.write_evaluation(folder, examples, predictions, step)
    prediction_file.write(folder, prediction_file.Predictions(
        task.head.label_type, task.metrics,
        [example.guid for example in examples], predictions))


def score_rows(task: Task, examples: Examples,
               rows: Sequence[Row]) -> Tuple[EvalPrediction, Dict[str, float]]:
  """Returns labels and predictions of labelled examples, and their scores.

  Args:
    task: has the head and the names of the metrics.
    examples: the dataset.
    rows: the head's outputs for each, without labels.
  """
  head = task.head
  predictions = head.eval_prediction(
      dict(OutputRows.of(rows).stacked(), **head.label_rows(examples)),
      examples)
  results = metrics.compute(task.metrics, predictions)
  results.update(head.aggregate_metrics(predictions))
  return predictions, results
