"""Cross-validation: each example is predicted by a model that never saw it."""

import os
from typing import Dict, Iterator, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.cross_validation import fold_files
from bert.cross_validation.fold_training import Datasets
from bert.cross_validation.fold_training import FoldTraining
from bert.cross_validation.fold_training import HELD_OUT
from bert.model import checkpoint_choice
from bert.model import distribution
from bert.model.output_rows import OutputRows
from bert.options.finetuning import FoldOptions
from bert.training import conditions
from bert.training import evaluations
from bert.training import output_folder
from bert.training import training_record
from bert.training import trials
from bert.training.finetuning import FineTuning
from bert.training.training_record import TrainingRecord


def split(head, examples: Sequence, num_folds: int,
          seed: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
  """Yields each fold's indices of training and of held-out examples.

  With one label per example, folds are stratified by label.

  Raises:
    UserError: there are fewer examples than folds.
  """
  from sklearn import model_selection
  if num_folds > len(examples):
    raise UserError("--num_folds=%d: there are only %d examples" % (
        num_folds, len(examples)))
  classes = head.stratify_by(examples)
  if classes is None:
    return model_selection.KFold(
        num_folds, shuffle=True, random_state=seed).split(examples)
  return model_selection.StratifiedKFold(
      num_folds, shuffle=True, random_state=seed).split(classes, classes)


def with_seed(finetuning: FineTuning, folding: FoldOptions) -> FineTuning:
  """Returns the fine-tuning, whose flags have the seed of the folds.

  That is the seed of --init_folds or of the folder's folds, else the given one
  or a new one.

  Raises:
    UserError: another seed is given.
  """
  workers = distribution.workers()
  folder, random_seed = finetuning.folder, finetuning.flags.run.random_seed
  if workers.is_first:
    if folding.init_folds:
      _check_complete(folding)
      random_seed = _same_seed("--init_folds", folding.init_folds, random_seed)
    if "random_seed" in output_folder.read_task(folder.path):
      random_seed = _same_seed("--output_dir", folder.path, random_seed)
    random_seed = folder.choose_seed(random_seed)
  return finetuning.variant(random_seed=workers.share(random_seed))


def run(finetuning: FineTuning, folding: FoldOptions,
        examples: Dict[str, list]) -> None:
  """Trains a model per fold, in output_dir/fold_1, fold_2, ...

  Writes cross_validation.txt, a table of all folds' scores with mean and
  standard deviation; eval_results.txt, the scores of all held-out predictions
  together; out_of_fold_results.tsv with those predictions in the training set's
  order; and with a test set the mean of its predictions. A complete fold is not
  trained again.

  Args:
    finetuning: the task and its folder, from with_seed.
    folding: number of folds, and their initial checkpoints.
    examples: train, and predict if the test set is to be predicted.

  Raises:
    UserError: the folder is another task's, or its folds are of other examples
      or of another model.
  """
  train, test = examples["train"], examples.get("predict", [])
  finetuning.check_training(train, is_parent=True)
  finetuning.folder.check()
  workers = distribution.workers()
  seed = finetuning.flags.run.random_seed
  splits = list(split(finetuning.task.head, train, folding.num_folds, seed))
  datasets = Datasets.of(train, test)
  folds = [FoldTraining(finetuning.variant(
      output_dir=_fold_folder(finetuning.folder.path, number),
      random_seed=seed + number,
      init_checkpoint=_start(finetuning, folding, number, [
          train[index] for index in held_out])), datasets, kept, held_out)
           for number, (kept, held_out) in enumerate(splits, 1)]
  if workers.is_first:
    _check_number(finetuning.folder.path, folding.num_folds)
    for each in folds:
      each.check()
  record = TrainingRecord(
      finetuning.folder, [folding, finetuning.flags],
      **{training_record.TRAIN_SET: training_record.describe_set(train)})
  with finetuning.folder.in_use():
    if workers.is_first and not all(each.is_complete for each in folds):
      done = max(each.last_step() for each in folds)
      record.log_start(done)
      record.write(done, seed)
    _run_all(finetuning, folds, train, test)


def _run_all(finetuning, folds, train, test):
  # For each example: its fold, and its index among the fold's held-out
  # examples.
  places = np.zeros((len(train), 2), np.int64)
  results = []
  for number, fold in enumerate(folds):
    tf.logging.info("***** Fold %d of %d *****", number + 1, len(folds))
    results.append(fold.run())
    places[fold.held_out, 0] = number
    places[fold.held_out, 1] = np.arange(len(fold.held_out))
  if not distribution.workers().is_first:
    return
  _write_summary(finetuning, results, train, OutputRows(
      results[number].rows[place] for number, place in places))
  if test:
    finetuning.predictions.write(test, OutputRows(
        map(lambda *rows: finetuning.task.head.average(rows),
            *[each.test_rows for each in results])))


def _fold_folder(folder, number):
  return os.path.join(folder, "fold_%d" % number)


def _check_complete(folding):
  count = 0
  while tf.gfile.Exists(os.path.join(
      _fold_folder(folding.init_folds, count + 1), fold_files.NAME)):
    count += 1
  if count != folding.num_folds:
    raise UserError(
        "--init_folds=%s: %d folds are complete there, --num_folds=%d" % (
            folding.init_folds, count, folding.num_folds))


def _check_number(folder, num_folds):
  """Raises UserError for a folder with more folds than --num_folds; with fewer,
  a run may have been killed."""
  if tf.gfile.Exists(_fold_folder(folder, num_folds + 1)):
    raise UserError("--output_dir=%s has more than --num_folds=%d folds; give "
                    "another --output_dir, or the old number" % (
                        folder, num_folds))


def _same_seed(flag, folder, random_seed):
  """Returns the seed that a folder's folds were drawn with.

  With another seed, a model would be scored on examples that it was trained
  on.
  """
  seed = output_folder.read_task(folder).get("random_seed")
  if seed is None:
    raise UserError("%s=%s: no cross-validation was made there" % (
        flag, folder))
  if random_seed not in (None, seed):
    raise UserError("--random_seed=%d: the folds of %s=%s were drawn with %d; "
                    "leave it out" % (random_seed, flag, folder, seed))
  return seed


def _start(finetuning, folding, number, held_out):
  """Returns the initial checkpoint of a fold's model."""
  if not folding.init_folds or not distribution.workers().is_first:
    return finetuning.flags.model.init_checkpoint
  folder = _fold_folder(folding.init_folds, number)
  stored = fold_files.read(os.path.join(folder, fold_files.NAME))
  if stored.num_rows != len(held_out) or conditions.changed(
      stored.conditions, conditions.of_examples(HELD_OUT, held_out)):
    raise UserError("--init_folds=%s: fold %d held out other examples; the "
                    "training set is another" % (folding.init_folds, number))
  return checkpoint_choice.of_folder(folder)


def _write_summary(finetuning, folds, train, rows):
  head, folder = finetuning.task.head, finetuning.folder
  predictions, results = evaluations.score_rows(finetuning.task, train, rows)
  head.write_evaluation(folder.path, train, predictions)
  folder.write_results(results, "***** Results of all folds together *****")
  folder.write_lines("out_of_fold_results.tsv", map(head.result, rows, train))
  folder.write_lines("cross_validation.txt", trials.table(
      range(1, 1 + len(folds)), [fold.results for fold in folds]))
