"""The predictions of a dataset: computed, and written to their files."""

import contextlib
import re
import typing
from typing import Dict, Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common.sequences import LazySequence
from bert.data.examples import InputExample
from bert.data.examples import only_label
from bert.model import checkpoint_files
from bert.model import checkpoints
from bert.model import dataset_outputs
from bert.model import distribution
from bert.model.estimator import Runtime
from bert.model.output_rows import ColumnRows
from bert.model.output_rows import OutputRows
from bert.model.output_rows import Row
from bert.training import evaluations
from bert.training.datasets import Datasets
from bert.training.output_folder import OutputFolder
from bert.training.task import Task

Examples = Sequence[InputExample]
Rows = Sequence[Row]


class Predictions:
  """Predicts datasets of a task, and writes the files of an output folder."""

  def __init__(self, task: Task, folder: OutputFolder, datasets: Datasets,
               runtime: Runtime):
    """Takes the task, where files are written, and where graphs run."""
    self._task = task
    self._folder = folder
    self._datasets = datasets
    self._runtime = runtime
    self._evaluated = None  # type: Optional[_Evaluated]

  def keep(self, examples: Examples, checkpoint: str,
           columns: Dict[str, np.ndarray]) -> None:
    """Takes the outputs that an evaluation had, so that `predict` does not
    compute them again.

    Args:
      examples, checkpoint: what was evaluated.
      columns: name -> array of a row per example.
    """
    self._evaluated = _Evaluated(examples, checkpoint, columns)

  def predict(self, examples: Examples, checkpoint: str) -> Optional[Rows]:
    """Predicts the test set; writes its files, returns the head's outputs, on
    worker 0."""
    evaluated = self._evaluated
    if evaluated and evaluated.examples is examples and (
        evaluated.checkpoint == checkpoint):
      rows = ColumnRows(evaluated.columns)
    else:
      rows = self.outputs(examples, checkpoint)
    if rows is not None:
      self.write(examples, rows)
    return rows

  def outputs(self, examples: Examples, checkpoint: str) -> Optional[Rows]:
    """Returns the head's outputs for each example; None but on worker 0.

    Raises:
      UserError: an output is not a number.
    """
    input_fn, file = self._datasets.write_to_predict(examples)
    self._datasets.log("predict", file, checkpoint)
    workers, head = distribution.workers(), self._task.head
    # The Estimator restores no checkpoint without a step: the model does.
    has_step = not workers.is_first or checkpoints.has_step(checkpoint)
    model = self._runtime.make_model(
        self._task.encoder, head,
        init_checkpoint=None if has_step else checkpoint)
    batches = self._runtime.make_estimator(model.model_fn).predict(
        input_fn, hooks=workers.hooks(), yield_single_examples=False,
        checkpoint_path=checkpoint if has_step else None)
    num_steps = file.num_batches(self._runtime.batch_sizes["predict"])
    # The Estimator's graph is in use in it.
    with self._datasets.in_use(), contextlib.closing(
        batches), checkpoint_files.explaining(checkpoint):
      merged = console.bar(workers.merge(batches, num_steps), num_steps,
                           "Predicting")
      rows = OutputRows(dataset_outputs.in_input_order(
          _check_all(merged, checkpoint), file.num_records))
    return file.merge(head, rows) if workers.is_first else None

  def write(self, examples: Examples, rows: Rows) -> None:
    """Writes test_results.tsv and what else there is of predictions."""
    head = self._task.head
    predictions = _LazyPredictions(head, rows, examples)
    contents = dict(
        self._task.prediction_files(examples, predictions),
        **head.prediction_files(examples, predictions))
    contents.update(head.output_files(examples, rows))
    contents["test_results.tsv"] = map(head.result, rows, examples)
    for name, lines in contents.items():
      if name in head.file_titles:
        tf.logging.info("Writing %s to: %s", head.file_titles[name],
                        self._folder.join(name))
      self._folder.write_lines(name, lines)
    if not self._evaluated:  # Else they have just been scored.
      _log_test_scores(self._task, examples, rows)


def _log_test_scores(task, examples, rows):
  """Logs the scores on the test set, if it has labels.

  Labels that are all the same are taken for fillers.
  """
  if any(example.label is None for example in examples) or (
      only_label(examples) is not None):
    return
  _, results = evaluations.score_rows(task, examples, rows)
  tf.logging.info("***** Scores of the test set, by its labels *****")
  for key in sorted(results):
    tf.logging.info("  %s = %s", re.sub("^eval_", "test_", key), results[key])


def _check_all(batches, checkpoint):
  """Passes batches on; raises UserError for outputs that are no numbers."""
  for batch in batches:
    dataset_outputs.check_finite(batch, checkpoint)
    yield batch


class _Evaluated(typing.NamedTuple):
  """A dataset with a checkpoint's outputs for it, name -> array."""
  examples: Examples
  checkpoint: str
  columns: Dict[str, np.ndarray]


class _LazyPredictions(LazySequence):
  """A head's predictions for a dataset, each made when it is used."""

  def __init__(self, head, rows, examples):
    self._head = head
    self._rows = rows
    self._examples = examples

  def __len__(self):
    return len(self._rows)

  def __iter__(self):
    return map(self._head.prediction, self._rows, self._examples)

  def _at(self, index):
    return self._head.prediction(self._rows[index], self._examples[index])
