"""A fold's model in its folder: trained, or read with its results."""

import typing
from typing import Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.cross_validation import fold_files
from bert.cross_validation.fold_files import Fold
from bert.data import example_store
from bert.model import distribution
from bert.training import conditions
from bert.training.finetuning import FineTuning

# Key of the held-out examples in the conditions of a fold.
HELD_OUT = "held out examples"


class Datasets(typing.NamedTuple):
  """The datasets of all folds.

  Attributes:
    train, test: examples; test is empty without a test set.
    test_conditions: the test set's digest, {} without one.
  """
  train: Sequence
  test: Sequence
  test_conditions: conditions.Conditions

  @classmethod
  def of(cls, train: Sequence, test: Sequence) -> "Datasets":
    return cls(train, test, conditions.of_examples("test set", test)
               if test else {})


class FoldTraining:
  """A fold's model in its folder.

  Attributes:
    kept, held_out: indices of the examples that it is trained and scored on.
    is_complete: whether it is trained and its results are stored.
  """

  def __init__(self, model: FineTuning, datasets: Datasets, kept: np.ndarray,
               held_out: np.ndarray):
    """Takes the fold's fine-tuning, all datasets and the indices."""
    self.kept = kept
    self.held_out = held_out
    self._model = model
    self._datasets = datasets
    self._path = model.folder.join(fold_files.NAME)
    self._conditions = None  # What the results of this run depend on.
    self._stored = None  # type: Optional[fold_files.Stored]

  @property
  def is_complete(self) -> bool:
    return self._stored is not None

  def last_step(self) -> int:
    """Returns the step that its model has been trained to, 0 without one."""
    return self._model.folder.last_step()

  def check(self) -> None:
    """Reads the stored results; raises UserError if they are of other examples
    or of another model."""
    model = self._model
    self._conditions = conditions.of_fine_tuning(model.flags, model.task, {
        "training set": self._examples(self.kept),
        HELD_OUT: self._examples(self.held_out)})
    stored = None
    if tf.gfile.Exists(self._path):
      stored = fold_files.read(self._path)
    old = (stored.conditions if stored else
           fold_files.read_conditions(model.folder.path))
    changed = conditions.changed(old, self._conditions)
    for name in changed:
      if not conditions.is_schedule(name):
        raise UserError("%s was trained with %s%s; give another --output_dir, or "
                        "the old data and settings" % (
                            model.folder.path,
                            conditions.describe(name, old, self._conditions),
                            ", or with its examples in another order" *
                            name.endswith(" set")))
    if stored:
      self._check_size(stored)
    model.check_folder(True)
    self._stored = stored
    self._check_checkpoint()
    if changed:
      self._use_schedule(", ".join(conditions.describe(
          name, old, self._conditions) for name in changed))

  def _check_checkpoint(self):
    if self._lacks_test() and self._checkpoint() is None:
      raise UserError("%s: its checkpoint is gone, so another test set can't be "
                      "predicted; remove the folder, and the fold is trained "
                      "again" % self._model.folder.path)

  def _checkpoint(self):
    return self._model.folder.chosen(self._model.flags.evaluation.checkpoint)

  def _lacks_test(self):
    """Whether the stored predictions are of another test set."""
    tests = self._datasets.test_conditions
    return bool(tests and self._stored and self._stored.test != tests)

  def _check_size(self, stored):
    if stored.num_rows != len(self.held_out):
      raise UserError("%s has predictions of %d examples, this run %d; give "
                      "another --output_dir" % (
                          self._path, stored.num_rows, len(self.held_out)))
    if not stored.conditions:
      tf.logging.warning("%s is of an earlier version, which does not say what "
                         "its predictions are of: their number alone was "
                         "compared", self._path)

  def _use_schedule(self, difference):
    """Trains the fold further, if other settings leave it steps."""
    folder = self._model.folder
    done, last = folder.last_step(), self._model.num_steps(len(self.kept))
    if last > done:
      self._stored = None
      end = "it resumes from step %d of %d" % (done, last)
    else:
      end = ("no step remains, and the model stays as it is; another "
             "--output_dir trains again")
    tf.logging.warning("%s was trained with %s: %s", folder.path, difference,
                       end)

  def _examples(self, indices):
    return (self._datasets.train[index] for index in indices)

  def run(self) -> Optional[Fold]:
    """Trains and predicts unless stored; returns the results on worker 0."""
    workers = distribution.workers()
    if not workers.share(self.is_complete):
      return self._train_and_predict()
    tf.logging.info("Complete: %s", self._path)
    if workers.share(self._lacks_test()):
      self._predict_test()
    return self._stored and self._stored.fold

  def _predict_test(self):
    model, workers = self._model, distribution.workers()
    tf.logging.info("Its predictions are not of this test set: they are made "
                    "again")
    model.prepare({"predict": self._datasets.test})
    with model.folder.in_use():
      rows = model.predictions.outputs(
          self._datasets.test,
          self._checkpoint() if workers.is_first else None)
      if workers.is_first:
        self._stored = self._stored._replace(
            fold=self._stored.fold._replace(test_rows=rows),
            test=self._datasets.test_conditions)
        fold_files.write(self._path, self._stored)

  def _train_and_predict(self):
    model, workers = self._model, distribution.workers()
    test = self._datasets.test
    train, held_out = [example_store.collect(self._examples(indices))
                       for indices in (self.kept, self.held_out)]
    model.prepare({"train": train, "eval": held_out, "predict": test})
    with model.folder.in_use():
      if workers.is_first:
        # Otherwise a run killed from here on would leave results of an earlier
        # step.
        fold_files.remove(self._path)
        fold_files.write_conditions(model.folder.path, self._conditions)
      has_eval_every = bool(model.flags.evaluation.eval_every)
      checkpoint = model.train(train, held_out if has_eval_every else None)
      fold = Fold(model.evaluations.evaluate(held_out, checkpoint),
                  model.predictions.outputs(held_out, checkpoint),
                  model.predictions.outputs(test, checkpoint) if test else [])
      if workers.is_first:
        fold_files.write(self._path, fold_files.Stored(
            fold, self._conditions, self._datasets.test_conditions))
    return fold
