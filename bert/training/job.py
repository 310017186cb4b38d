"""A task in an output folder: trained, evaluated, predicted."""

import dataclasses
import functools
import os
from typing import Callable, Dict, List, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import files
from bert.common.errors import UserError
from bert.data import input_fns
from bert.data import records
from bert.evaluation import metrics
from bert.training import checkpoints
from bert.training import datasets
from bert.training import estimator
from bert.training import eval_history
from bert.training import evaluator
from bert.training import export
from bert.training import layerwise
from bert.training import model_function
from bert.training import output_folder
from bert.training.task import Flags
from bert.training.task import Task


class Job:
  """A task in an output folder.

  Attributes:
    flags, task, sets: the command line, what is learnt, and from what.
    folder: path.
    shapes: returns name -> shape of all that the model has.
  """

  def __init__(self, flags: Flags, task: Task,
               shapes: Optional[Callable[[], checkpoints.Shapes]] = None):
    """Takes the command line, the task, and the shapes of a job like this."""
    self.flags = flags
    self.task = task
    self.folder = flags.run.output_dir
    self.sets = datasets.Sets(flags, task)
    # A graph is built for them, some seconds of a large model.
    self.shapes = shapes or functools.lru_cache(maxsize=None)(self._shapes)

  def variant(self, **changes) -> "Job":
    """Returns a job like this one but for some flags of model and run.

    A seed that is too large begins anew at 0.
    """
    if "random_seed" in changes:
      changes["random_seed"] %= 2**31
    groups = {}
    for name in ("model", "run"):
      group = getattr(self.flags, name)
      groups[name] = dataclasses.replace(group, **{
          key: value for key, value in changes.items() if hasattr(group, key)})
    return Job(self.flags._replace(**groups), self.task, self.shapes)

  def description(self) -> dict:
    """Returns what task.json says, and later runs on the folder must share."""
    data, head = self.flags.data, self.task.head
    described = {"task": self.task.name, "head": head.kind,
                 "labels": head.labels, "max_seq_length": data.max_seq_length,
                 "do_lower_case": data.do_lower_case,
                 "vocab_hash": checkpoints.vocab_hash(data.vocab_file)}
    described.update({name: getattr(group, name)
                      for group, names in _settings(self.flags)
                      for name in names})
    return described

  def check_task(self) -> None:
    """Raises UserError for a folder of another task."""
    checkpoints.check_task(self.folder, self.description(), {
        name: getattr(type(group), name)
        for group, names in _settings(self.flags) for name in names})

  def check_folder(self, is_training: bool) -> Optional[str]:
    """Returns the checkpoint to start from; raises UserError for a folder of
    another task and for a checkpoint that does not fit."""
    self.check_task()
    return checkpoints.choose(
        self.folder, self.flags.model.init_checkpoint,
        self.trainable_variables() if is_training else None, self.shapes)

  def open_folder(self, is_training: bool) -> Optional[int]:
    """Makes the folder with its task.json; returns the training's seed."""
    if is_training:
      return output_folder.open_to_train(self.folder, self.description(),
                                   self.flags.run.random_seed)
    files.make_folder(self.folder)
    if not checkpoints.read_task(self.folder):
      checkpoints.write_task(self.folder, self.description())
    return None

  def trainable_variables(self) -> List[str]:
    """Returns the variables that --trainable names."""
    chosen = layerwise.choose(
        sorted(self.shapes()), self.flags.training.trainable,
        self.task.config.num_hidden_layers)
    if self.task.head.first_token_only:
      return chosen
    # Nothing else reads the pooler, which so has no gradient.
    return [name for name in chosen if not name.startswith("bert/pooler/")]

  def check_training(self, examples: list) -> None:
    """Raises UserError for a training that would make no step, for weights of
    other labels, and for a metric that nobody will tell."""
    self.count_steps(len(examples))
    self.task.head.compute_class_weights(examples)
    self.policy()

  def count_steps(self, num_examples: int) -> int:
    """Returns the training's last step; raises UserError if it has none."""
    training = self.flags.training
    num_steps = int(num_examples / training.train_batch_size *
                    training.num_train_epochs)
    if num_steps < 1:
      raise UserError(
          "--num_train_epochs=%s of %d examples in batches of %d make no step; "
          "lower --train_batch_size or raise --num_train_epochs" % (
              training.num_train_epochs, num_examples,
              training.train_batch_size))
    return num_steps

  def policy(self) -> eval_history.Policy:
    """Returns what evaluations are for; raises UserError for a metric that the
    task is not judged by."""
    watch = self.flags.watch
    return eval_history.Policy(
        metrics.key_of(watch.best_metric, self.task.metrics,
                       self.task.head.streamed_keys),
        watch.early_stopping_patience, watch.plateau_patience,
        watch.plateau_factor)

  def choose_seed(self) -> int:
    """Returns --random_seed, else that of the run that goes on, else a new one.
    """
    return checkpoints.choose_seed(self.folder, self.flags.run.random_seed)

  def train(self, examples: list, dev_examples: Optional[list],
            seed: int) -> None:
    """Trains up to the last step; goes on from the newest checkpoint.

    Args:
      examples: the training set.
      dev_examples: what is evaluated meanwhile; None: nothing.
      seed: of order, weights and dropout.
    """
    num_steps = self.count_steps(len(examples))
    newest = checkpoints.latest(self.folder)
    done = checkpoints.step_of(newest)
    watch = past = None
    saving_steps = self.flags.run.save_checkpoints_steps
    if dev_examples:
      past = eval_history.History(self.folder, self.policy(), done)
      interval = self._eval_interval(num_steps)
      saving_steps = evaluator.saving_steps(interval, saving_steps)
      watch = self._watch(dev_examples, past, lambda step: step and (
          step % interval == 0 or step == num_steps))
      watch.catch_up(newest, done)
    if done >= num_steps or past and past.is_over():
      tf.logging.info("Training is complete: %s is at step %d of %d",
                      self.folder, done, num_steps)
      return
    checkpoints.remove_partial(self.folder, self.flags.run.keep_checkpoint_max,
                               saving_steps)
    input_fn = self.sets.write_to_train(examples, num_steps, done, seed)
    head = self.task.head.with_class_weights(
        self.task.head.compute_class_weights(examples))
    hooks = [console.ProgressHook(num_steps, self.sets.batch_sizes["train"],
                                  self.flags.run.log_steps,
                                  self.flags.tpu.use_tpu)]
    with output_folder.telling_nan(self.flags.training.learning_rate):
      self._estimator(
          self._training(num_steps, done), seed, saving_steps, head).train(
              input_fn, max_steps=num_steps,
              hooks=hooks + ([evaluator.RateHook(past)] if watch else []),
              saving_listeners=[watch] if watch else [])

  def evaluate(self, examples: list, checkpoint: str) -> Dict[str, float]:
    """Scores the dev set; writes eval_results.txt, returns what it says."""
    input_fn, num_steps = self.sets.write_to_read_once(
        "eval", examples, "***** Running evaluation *****", checkpoint)
    collector = model_function.OutputCollector()
    hooks = [console.StepsHook(num_steps, "Evaluating"), collector]
    results = self._estimator().evaluate(
        input_fn, steps=num_steps, checkpoint_path=checkpoint,
        hooks=None if self.flags.tpu.use_tpu else hooks)
    if not self.flags.tpu.use_tpu:
      results.update(self._score(examples, results["global_step"],
                                 collector.eval_prediction(self.task.head, examples)))
    output_folder.write_results(self.folder, results)
    return results

  def export(self, checkpoint: str) -> str:
    """Writes a folder that is enough to predict with; returns it."""
    task, config = self.task, self.task.config
    settings = self.flags.head
    described = dict(
        self.description(), **self.sets.truncation._asdict(),
        threshold=settings.threshold, vocab_size=config.vocab_size,
        max_positions=config.max_position_embeddings,
        num_segment_ids=config.type_vocab_size)
    return export.write(self.folder, export.ExportSpec(
        config, task.head, checkpoint, self.flags.data.vocab_file, described))

  def _score(self, examples, step, eval_prediction):
    """Returns the metrics; writes what people look at."""
    scores = metrics.compute(self.task.metrics, eval_prediction)
    model_function.write_scalars(os.path.join(self.folder, "eval"), step,
                                 scores)
    self.task.head.write_evaluation(self.folder, examples, eval_prediction,
                                    step)
    return scores

  def predict(self, examples: list,
              checkpoint: str) -> List[Dict[str, np.ndarray]]:
    """Predicts the test set; writes its files, returns the head's outputs."""
    rows = self.outputs(examples, checkpoint)
    self.write_predictions(examples, rows)
    return rows

  def outputs(self, examples: list,
              checkpoint: str) -> List[Dict[str, np.ndarray]]:
    """Returns the head's outputs of each example."""
    input_fn, num_steps = self.sets.write_to_read_once(
        "predict", examples, "***** Running prediction*****", checkpoint)
    batches = self._estimator().predict(
        input_fn, checkpoint_path=checkpoint, yield_single_examples=False)
    return list(model_function.in_input_order(
        console.bar(batches, num_steps, "Predicting"), len(examples)))

  def write_predictions(self, examples: list,
                        rows: List[Dict[str, np.ndarray]]) -> None:
    """Writes test_results.tsv and what else there is of predictions."""
    head = self.task.head
    predictions = [head.prediction(row, example)
                   for row, example in zip(rows, examples)]
    written = dict(
        self.task.prediction_files(examples, predictions),
        **head.prediction_files(examples, predictions))
    written["test_results.tsv"] = map(head.result, rows, examples)
    for name, lines in written.items():
      files.write_text(os.path.join(self.folder, name), lines)

  def _shapes(self):
    return model_function.variable_shapes(
        self.task.config, self.task.head,
        lambda: records.placeholders(self.sets.spec()))

  def _model_fn(self, training=None, head=None):
    return model_function.make_model_fn(self.task.config,
                                        head or self.task.head, training,
                                   self.flags.tpu.use_tpu,
                                   self.flags.speed.cpu_replicas)

  def _estimator(self, training=None, seed=None, saving_steps=None, head=None):
    run = self.flags.run
    if saving_steps:
      run = dataclasses.replace(run, save_checkpoints_steps=saving_steps)
    return estimator.make_estimator(
        self._model_fn(training, head), run, self.flags.tpu, self.sets.batch_sizes,
        estimator.Session(self.flags.speed.precision, seed,
                        self.flags.speed.cpu_replicas))

  def _training(self, num_steps, done):
    """Returns the settings of the optimizer."""
    training = self.flags.training
    head_rate = training.head_learning_rate or training.learning_rate
    return model_function.Training(
        training.learning_rate, num_steps,
        int(num_steps * training.warmup_proportion),
        None if done else self.flags.model.init_checkpoint,
        self.flags.speed.gradient_accumulation_steps,
        is_loss_scaled=self.flags.speed.precision == "float16",
        trainable_variables=(self.trainable_variables() if training.trainable != "all" else
                       None),
        lr_multiplier=layerwise.lr_multiplier(self.task.config.num_hidden_layers,
                                       head_rate / training.learning_rate,
                                       training.layerwise_lr_decay),
        has_bias_correction=training.adam_bias_correction,
        is_watched=bool(self.flags.watch.eval_every))

  def _eval_interval(self, num_steps):
    """Returns the steps between two evaluations of a training."""
    if self.flags.watch.eval_every != "epoch":
      return int(self.flags.watch.eval_every)
    return max(1, int(num_steps / self.flags.training.num_train_epochs))

  def _watch(self, examples, past, is_due):
    """Returns what evaluates a set while training goes on."""
    input_fn = input_fns.ordered_input_fn(
        self.sets.write("eval", examples), self.sets.spec(),
        self.flags.tpu.use_tpu)
    make_evaluator = lambda: evaluator.Evaluator(
        self._model_fn(), input_fn,
        {"batch_size": self.sets.batch_sizes["eval"]},
        estimator.session_config(self.flags.speed.precision,
                               self.flags.speed.cpu_replicas))
    return evaluator.Watch(
        self.folder, past, make_evaluator, evaluator.Scoring(
            self.task.head, self.task.metrics, examples), is_due)


def _settings(flags):
  """Yields groups with names of flags that make another model, or another text
  of the same file."""
  yield flags.head, ("pooling", "encoder_top", "window_pooling", "crf")
  yield flags.data, ("truncation", "num_windows")
