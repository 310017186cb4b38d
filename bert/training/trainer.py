"""Trains a model up to a last step in an output folder."""

import contextlib
from typing import Callable, Iterator, Optional, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.common import signals
from bert.common.errors import UserError
from bert.model import checkpoint_files
from bert.model import distribution
from bert.model import hooks as hooks_lib
from bert.model.estimator import Runtime
from bert.model.model_function import Model
from bert.model.model_function import TrainingSettings
from bert.training.eval_listener import EvalListener
from bert.training.eval_listener import PlateauHook
from bert.training.output_folder import OutputFolder
from bert.training.training_record import TrainingRecord


class Trainer:
  """Trains a model; goes on from the newest checkpoint of the folder."""

  def __init__(self, folder: OutputFolder, runtime: Runtime, model: Model):
    self._folder = folder
    self._runtime = runtime
    self._model = model

  def train(self, settings: TrainingSettings,
            make_input_fn: Callable[[int, int],
                                    Tuple[Callable, Sequence[str]]],
            record: TrainingRecord,
            listener: Optional[EvalListener] = None) -> None:
    """Trains up to settings.num_train_steps.

    Args:
      settings: of the optimizer.
      make_input_fn: steps done before, seed of the order -> (the input_fn that
        goes on from there, what the log says of the training set).
      record: writes down what is trained, once a step is to be made, and has
        the seed of order, weights and dropout.
      listener: evaluates on the way and may end the training; None: nothing.

    Raises:
      UserError: the loss is no longer a number.
      Interrupted: by a signal, after a checkpoint.
    """
    workers = distribution.workers()
    done = workers.share(self._folder.last_step())
    last = settings.num_train_steps
    run = self._runtime.run
    saving_steps = run.save_checkpoints_steps
    if listener:
      saving_steps = listener.saving_steps(saving_steps)
    self._folder.remove_partial(run.keep_checkpoint_max, saving_steps)
    if listener and workers.share(record.owes_evaluation()):
      listener.catch_up(self._folder.latest(), done)
    if done >= last or listener and listener.is_over():
      if workers.is_first:
        record.log_complete(done, last)
      return
    seed = self._begin(record, done)
    if listener:
      listener.catch_up(self._folder.latest(), done)
    input_fn, lines = make_input_fn(done, seed)
    batch_size = self._runtime.batch_sizes["train"]
    _log_start(list(lines) + ["Batch size = %d" % batch_size,
                              "Num steps = %d" % last] + (
                                  ["Going on from step %d" % done] * bool(done)))
    _warn_of_warmup(settings)
    hooks = self._hooks(last, saving_steps, (
        lambda: record.write(done, seed)) if done else None)
    checkpoint = settings.init_checkpoint
    if done:
      settings = settings._replace(init_checkpoint=None)
      checkpoint = self._folder.latest()
    estimator = self._runtime.make_estimator(
        self._model.whole_model_fn(settings), seed, saving_steps)
    if listener:
      hooks.append(PlateauHook(listener.history))
    with _explaining_nan(settings.learning_rate), checkpoint_files.explaining(
        checkpoint), signals.deferred() as request:
      hooks.append(hooks_lib.StopHook(request, workers))
      estimator.train(input_fn, max_steps=last, hooks=hooks,
                      saving_listeners=[listener] if listener else [])
    request.check(" at step %d of %d, checkpoint saved" % (
        workers.share(self._folder.last_step()), last))

  def _begin(self, record, done):
    """Returns the seed of a training that has steps left."""
    workers = distribution.workers()
    seed = workers.share(record.choose_seed() if workers.is_first else None)
    if workers.is_first:
      record.log_start(done)
      # A run that is killed before its first checkpoint leaves the folder what
      # it was; without any, its seed is needed to do the same again.
      if not done or self._runtime.use_tpu:
        record.write(done, seed)
    return seed

  def _hooks(self, last, saving_steps, before_progress):
    """Returns what is called at each step."""
    workers, run = distribution.workers(), self._runtime.run
    hooks = workers.hooks()
    if not workers.is_first:
      return hooks + [hooks_lib.FollowerHook(self._folder.path, saving_steps)]
    hooks.append(hooks_lib.ProgressHook(
        last, self._runtime.batch_sizes["train"], run.log_steps,
        self._runtime.use_tpu))
    if not self._runtime.use_tpu:
      hooks += [hooks_lib.SaverHook(self._folder.path, saving_steps,
                                    before_progress),
                hooks_lib.SummaryHook(self._folder.path, run.log_steps)]
    return hooks


def _log_start(lines: Sequence[str]) -> None:
  tf.logging.info("***** Running training *****")
  for line in lines:
    tf.logging.info("  %s", line)


def _warn_of_warmup(settings: TrainingSettings) -> None:
  """Warns of a rate that rises to the end of the training."""
  warmup, last = settings.num_warmup_steps or 0, settings.num_train_steps
  if warmup >= last:
    tf.logging.warning(
        "The warm-up has %d steps and the training %d: the learning rate ends "
        "at %.3g and never reaches %.3g; lower the warm-up "
        "(--num_warmup_steps, --warmup_proportion) below the training", warmup,
        last, settings.learning_rate * (last - 1) / warmup,
        settings.learning_rate)


@contextlib.contextmanager
def _explaining_nan(learning_rate: float) -> Iterator[None]:
  """Raises UserError where the block ends because the loss is no number."""
  try:
    yield
  except tf.estimator.NanLossDuringTrainingError:
    raise UserError(
        "--learning_rate=%s: the loss is no longer a number; lower the rate "
        "and begin anew" % learning_rate)
