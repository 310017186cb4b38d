"""Cross-validation: each example is predicted by a model that never saw it."""

import io
import json
import os
import typing
import zipfile
from typing import Dict, Iterator, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert import options
from bert.common import files
from bert.common.errors import UserError
from bert.data import example_store
from bert.model import checkpoint_choice
from bert.model import distribution
from bert.model.output_rows import ColumnRows
from bert.model.output_rows import OutputRows
from bert.training import output_folder
from bert.training import trials
from bert.training.finetuning import FineTuning

Rows = Sequence[Dict[str, np.ndarray]]
# The results of a fold, in its folder.
_RESULT = "fold.npz"


class Fold(typing.NamedTuple):
  """The results of a fold's model.

  Attributes:
    results: the content of its eval_results.txt.
    rows: the head's outputs of the examples that it was not trained on.
    test_rows: of the test set; empty without one.
  """
  results: Dict[str, float]
  rows: Rows
  test_rows: Rows


def split(head, examples: Sequence, num_folds: int,
          seed: int) -> Iterator[Tuple[np.ndarray, np.ndarray]]:
  """Yields each fold's indices of training and of held out examples.

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


def run(finetuning: FineTuning, folding: options.FoldOptions,
        examples: Dict[str, list]) -> None:
  """Trains a model a fold, in output_dir/fold_1, fold_2, ...

  Writes cross_validation.txt, a table of all folds' scores with mean and
  standard deviation; eval_results.txt, the scores of all held out predictions
  together; out_of_fold_results.tsv with those predictions in the training set's
  order; and with a test set the mean of its predictions. A fold that is
  complete is not trained again.

  Args:
    finetuning: the task and its folder.
    folding: how many models, and what they start from.
    examples: train, and predict if the test set is to be predicted.

  Raises:
    UserError: the folder is another task's, or has other folds.
  """
  train, test = examples["train"], examples.get("predict", [])
  finetuning.check_training(train)
  finetuning.folder.check()
  workers = distribution.workers()
  if folding.init_folds and workers.is_first:
    _check_complete(folding)
    finetuning = finetuning.variant(
        random_seed=_earlier_seed(finetuning, folding))
  seed = workers.share(
      finetuning.folder.choose_seed(finetuning.flags.run.random_seed))
  finetuning = finetuning.variant(random_seed=seed)
  splits = list(split(finetuning.task.head, train, folding.num_folds, seed))
  models = [
      finetuning.variant(
          output_dir=_fold_folder(finetuning.folder.path, number),
          random_seed=seed + number,
          init_checkpoint=_start(finetuning, folding, number, len(held_out)))
      for number, (_, held_out) in enumerate(splits, 1)]
  for each in models:
    each.check_folder(True)
  with finetuning.folder.in_use():
    finetuning.folder.open_to_train(seed)
    _run_all(finetuning, models, splits, train, test)


def _run_all(finetuning, models, splits, train, test):
  # Of each example: the fold that it is held out in, and its place there.
  places = np.zeros((len(train), 2), np.int64)
  folds = []
  for number, (kept, held_out) in enumerate(splits):
    tf.logging.info("***** Fold %d of %d *****", number + 1, len(splits))
    fold = _run_fold(models[number], *[
        example_store.collect(train[index] for index in indices)
        for indices in (kept, held_out)], test)
    places[held_out, 0] = number
    places[held_out, 1] = np.arange(len(held_out))
    folds.append(fold)
  if not distribution.workers().is_first:
    return
  _write_summary(finetuning, folds, train, OutputRows(
      folds[number].rows[place] for number, place in places))
  if test:
    finetuning.write_predictions(test, OutputRows(
        map(lambda *rows: finetuning.task.head.average(rows),
            *[fold.test_rows for fold in folds])))


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


def _earlier_seed(finetuning, folding):
  """Returns the seed that the folds of --init_folds were drawn with.

  Other folds would show a model the examples that it is scored by.
  """
  seed = output_folder.read_task(folding.init_folds).get("random_seed")
  if seed is None:
    raise UserError("--init_folds=%s: no cross-validation was made there" %
                    folding.init_folds)
  random_seed = finetuning.flags.run.random_seed
  if random_seed not in (None, seed):
    raise UserError("--random_seed=%d: the folds of --init_folds=%s were drawn "
                    "with %d; leave it out" % (
                        random_seed, folding.init_folds, seed))
  return seed


def _start(finetuning, folding, number, num_rows):
  """Returns the checkpoint that a fold's model starts from."""
  if not folding.init_folds or not distribution.workers().is_first:
    return finetuning.flags.model.init_checkpoint
  folder = _fold_folder(folding.init_folds, number)
  path = os.path.join(folder, _RESULT)
  sizes = {len(values) for name, values in _read(path).items()
           if name.startswith("rows/")}
  if sizes != {num_rows}:
    raise UserError("--init_folds=%s: fold %d held out %s examples, here it "
                    "does %d; the training set is another" % (
                        folding.init_folds, number, sorted(sizes), num_rows))
  return checkpoint_choice.of_folder(folder)


def _run_fold(model, train, held_out, test) -> Fold:
  path = model.folder.join(_RESULT)
  workers = distribution.workers()
  if workers.share(tf.gfile.Exists(path)):
    if not workers.is_first:
      return None
    tf.logging.info("Complete: %s", path)
    return _load(path, len(held_out), len(test))
  model.expect({"train": train, "eval": held_out, "predict": test})
  with model.folder.in_use():
    has_eval_every = bool(model.flags.evaluation.eval_every)
    checkpoint = model.train(train, held_out if has_eval_every else None)
    fold = Fold(model.evaluate(held_out, checkpoint),
                model.outputs(held_out, checkpoint),
                model.outputs(test, checkpoint) if test else [])
    if workers.is_first:
      _save(path, fold)
  return fold


def _write_summary(finetuning, folds, train, rows):
  head, folder = finetuning.task.head, finetuning.folder
  predictions, results = finetuning.score(train, rows)
  head.write_evaluation(folder.path, train, predictions)
  folder.write_results(results, "***** Results of all folds together *****")
  folder.write_lines("out_of_fold_results.tsv", map(head.result, rows, train))
  folder.write_lines("cross_validation.txt", trials.table(
      range(1, 1 + len(folds)), [fold.results for fold in folds]))


def _save(path, fold):
  arrays = {"results": np.array(json.dumps(
      {name: float(value) for name, value in fold.results.items()}))}
  for prefix, rows in (("rows", fold.rows), ("test_rows", fold.test_rows)):
    arrays.update({"%s/%s" % (prefix, name): values
                   for name, values in OutputRows.of(rows).stacked().items()})
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
  expected = {"rows": num_rows, "test_rows": num_test_rows}
  rows = {}
  for prefix, count in expected.items():
    columns = {name[len(prefix) + 1:]: values
               for name, values in arrays.items()
               if name.startswith(prefix + "/")}
    actual = len(next(iter(columns.values()))) if columns else 0
    if actual != count:
      raise UserError("%s has predictions of %d examples, this run %d; give "
                      "another --output_dir" % (path, actual, count))
    rows[prefix] = ColumnRows(columns)
  return Fold(json.loads(str(arrays["results"])), rows["rows"],
              rows["test_rows"])
