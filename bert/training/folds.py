"""Cross-validation: each example is judged by a model that never saw it."""

import io
import json
import os
import typing
import zipfile
from typing import Dict, Iterator, List, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert import options
from bert.common import files
from bert.common.errors import UserError
from bert.evaluation import metrics
from bert.training import checkpoints
from bert.training import model_function
from bert.training import output_folder
from bert.training import trials
from bert.training.job import Job

Rows = List[Dict[str, np.ndarray]]
# What a fold found, in its folder.
_RESULT = "fold.npz"


class Fold(typing.NamedTuple):
  """What the model of a fold found.

  Attributes:
    results: what its eval_results.txt says.
    rows: the head's outputs of the examples that it was not trained on.
    test_rows: of the test set; empty without one.
  """
  results: Dict[str, float]
  rows: Rows
  test_rows: Rows


def split(head, examples: Sequence, num_folds: int,
          seed: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
  """Yields each fold's places of training and of held out examples.

  With one label an example, each fold has the labels' shares of the whole.

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


def run(job: Job, folding: options.FoldOptions,
        examples: Dict[str, list]) -> None:
  """Trains a model a fold, in output_dir/fold_1, fold_2, ...

  Writes cross_validation.txt, a table of all folds' scores with mean and
  standard deviation; eval_results.txt, the scores of all held out predictions
  together; out_of_fold_results.tsv with those predictions in the training set's
  order; and with a test set the mean of its predictions. A fold that is
  complete is not trained again.

  Args:
    job: the task and its folder.
    folding: how many models, and what they start from.
    examples: train, and predict if the test set is to be predicted.

  Raises:
    UserError: the folder is another task's, or has other folds.
  """
  train, test = examples["train"], examples.get("predict", [])
  job.check_training(train)
  job.check_task()
  if folding.init_folds:
    _check_complete(folding)
    job = job.variant(random_seed=_earlier_seed(job, folding))
  seed = job.choose_seed()
  job = job.variant(random_seed=seed)
  splits = list(split(job.task.head, train, folding.num_folds, seed))
  jobs = [
      job.variant(output_dir=_fold_folder(job.folder, number),
                  random_seed=seed + number, init_checkpoint=_start(
                      job, folding, number, len(held_out)))
      for number, (_, held_out) in enumerate(splits, 1)]
  for each in jobs:
    each.check_folder(True)
  job.open_folder(True)
  rows = [None] * len(train)
  found = []
  for number, (kept, held_out) in enumerate(splits):
    tf.logging.info("***** Fold %d of %d *****", number + 1, len(splits))
    fold = _run_fold(jobs[number], [train[place] for place in kept],
                     [train[place] for place in held_out], test)
    for place, row in zip(held_out, fold.rows):
      rows[place] = row
    found.append(fold)
  _write_summary(job, found, train, rows)
  if test:
    job.write_predictions(test, [
        job.task.head.average(each) for each in zip(*[fold.test_rows for fold in found])])


def _fold_folder(folder, number):
  return os.path.join(folder, "fold_%d" % number)


def _check_complete(folding):
  count = 0
  while tf.gfile.Exists(os.path.join(
      _fold_folder(folding.init_folds, count + 1), _RESULT)):
    count += 1
  if count != folding.num_folds:
    raise UserError(
        "--init_folds=%s: %d folds are complete there, --num_folds=%d" % (
            folding.init_folds, count, folding.num_folds))


def _earlier_seed(job, folding):
  """Returns the seed that the folds of --init_folds were drawn with.

  Other folds would show a model the examples that it is judged by.
  """
  seed = checkpoints.read_task(folding.init_folds).get("random_seed")
  if seed is None:
    raise UserError("--init_folds=%s: no cross-validation was made there" %
                    folding.init_folds)
  if job.flags.run.random_seed not in (None, seed):
    raise UserError("--random_seed=%d: the folds of --init_folds=%s were drawn "
                    "with %d; leave it out" % (
                        job.flags.run.random_seed, folding.init_folds, seed))
  return seed


def _start(job, folding, number, num_rows):
  """Returns the checkpoint that a fold's model starts from."""
  if not folding.init_folds:
    return job.flags.model.init_checkpoint
  folder = _fold_folder(folding.init_folds, number)
  path = os.path.join(folder, _RESULT)
  sizes = {len(values) for name, values in _read(path).items()
           if name.startswith("rows/")}
  if sizes != {num_rows}:
    raise UserError("--init_folds=%s: fold %d held out %s examples, here it "
                    "does %d; the training set is another" % (
                        folding.init_folds, number, sorted(sizes), num_rows))
  return checkpoints.best_or_latest(folder)


def _run_fold(job, train, held_out, test) -> Fold:
  path = os.path.join(job.folder, _RESULT)
  if tf.gfile.Exists(path):
    tf.logging.info("Complete: %s", path)
    return _load(path, len(held_out), len(test))
  seed = job.open_folder(True)
  job.train(train, held_out if job.flags.watch.eval_every else None, seed)
  checkpoint = checkpoints.best_or_latest(job.folder)
  fold = Fold(job.evaluate(held_out, checkpoint),
              job.outputs(held_out, checkpoint),
              job.outputs(test, checkpoint) if test else [])
  _save(path, fold)
  return fold


def _write_summary(job, found, train, rows):
  head = job.task.head
  eval_prediction = head.eval_prediction(
      dict(_stack(rows), **head.label_rows(train)), train)
  results = metrics.compute(job.task.metrics, eval_prediction)
  results.update(head.aggregate_metrics(eval_prediction))
  head.write_evaluation(job.folder, train, eval_prediction)
  write = lambda name, text: files.write_text(os.path.join(job.folder, name),
                                              text)
  output_folder.write_results(job.folder, results,
                        "***** Results of all folds together *****")
  write("out_of_fold_results.tsv", map(head.result, rows, train))
  write("cross_validation.txt", trials.table(
      range(1, 1 + len(found)), [fold.results for fold in found]))


def _stack(rows: Rows) -> Dict[str, np.ndarray]:
  return {name: model_function.join([row[name][None] for row in rows])
          for name in (rows[0] if rows else ())}


def _save(path, fold):
  arrays = {"results": np.array(json.dumps(
      {name: float(value) for name, value in fold.results.items()}))}
  for prefix, rows in (("rows", fold.rows), ("test_rows", fold.test_rows)):
    arrays.update({"%s/%s" % (prefix, name): values
                   for name, values in _stack(rows).items()})
  content = io.BytesIO()
  np.savez(content, **arrays)
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "wb") as writer:
      writer.write(content.getvalue())


def _read(path) -> Dict[str, np.ndarray]:
  with tf.gfile.GFile(path, "rb") as reader:
    content = io.BytesIO(reader.read())
  try:
    return dict(np.load(content))
  except (ValueError, zipfile.BadZipFile):
    raise UserError("%s: not the program's own; remove it, and the fold is "
                    "trained again" % path)


def _load(path, num_rows, num_test_rows):
  arrays = _read(path)
  wanted = {"rows": num_rows, "test_rows": num_test_rows}
  rows = {}
  for prefix, count in wanted.items():
    columns = {name[len(prefix) + 1:]: values
               for name, values in arrays.items()
               if name.startswith(prefix + "/")}
    found = len(next(iter(columns.values()))) if columns else 0
    if found != count:
      raise UserError("%s has predictions of %d examples, this run %d; give "
                      "another --output_dir" % (path, found, count))
    rows[prefix] = [{name: values[index] for name, values in columns.items()}
                    for index in range(count)]
  return Fold(json.loads(str(arrays["results"])), rows["rows"],
              rows["test_rows"])
