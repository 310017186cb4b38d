"""A task in an output folder: trained, evaluated, predicted."""

import contextlib
import dataclasses
import os
import random
import typing
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import checkpoints
from bert import console
from bert import depths
from bert import estimator
from bert import evaluation
from bert import features
from bert import files
from bert import heads
from bert import history
from bert import metrics
from bert import modeling
from bert import options
from bert import records
from bert import session
from bert import tokenization
from bert import workers
from bert.errors import UserError


class Flags(typing.NamedTuple):
  """The command line, by group."""
  data: options.DataOptions
  head: options.HeadOptions
  model: options.ModelOptions
  run: options.RunOptions
  training: options.TrainOptions
  watch: options.WatchOptions
  speed: options.SpeedOptions
  tpu: options.TpuOptions


GROUPS = tuple(Flags.__annotations__.values())


class Task(typing.NamedTuple):
  """What all sets and steps of a run have in common.

  Attributes:
    name: of the task.
    head, tokenizer, config: what it learns, how it reads, the encoder's size.
    metrics: names of what it is judged by.
    prediction_files: (examples, predictions) -> file name -> lines, of files
      beside test_results.tsv.
  """
  name: str
  head: heads.Head
  tokenizer: tokenization.FullTokenizer
  config: modeling.BertConfig
  metrics: Sequence[str]
  prediction_files: Callable = lambda examples, predictions: {}


class Job:
  """A task in an output folder."""

  def __init__(self, flags: Flags, task: Task):
    self.flags = flags
    self.task = task
    self.folder = flags.run.output_dir
    self.batch_sizes = {"train": flags.training.train_batch_size,
                        "eval": flags.training.eval_batch_size,
                        "predict": flags.training.predict_batch_size}
    self.reading = features.Reading(
        flags.data.truncation, flags.data.head_tokens, flags.data.num_segments,
        flags.data.segment_stride)

  def description(self) -> dict:
    """Returns what task.json says, and later runs on the folder must share."""
    data, head = self.flags.data, self.task.head
    described = {"task": self.task.name, "head": head.kind,
                 "labels": head.labels, "max_seq_length": data.max_seq_length,
                 "do_lower_case": data.do_lower_case,
                 "vocab_hash": checkpoints.vocab_hash(data.vocab_file)}
    for group, names in ((head.settings, ("pooling", "top", "segment_pooling",
                                          "crf")),
                         (data, ("truncation", "num_segments"))):
      # A folder made before there was a flag has its default.
      described.update({name: getattr(group, name) for name in names
                        if getattr(group, name) != getattr(type(group), name)})
    return described

  def check_folder(self, is_training: bool) -> Optional[str]:
    """Returns the checkpoint to start from; raises UserError for a folder of
    another task and for a checkpoint that does not fit."""
    checkpoints.check_task(self.folder, self.description())
    return checkpoints.choose(
        self.folder, self.flags.model.init_checkpoint,
        self.trained_names() if is_training else None, self.shapes)

  def open_folder(self, is_training: bool) -> Optional[int]:
    """Makes the folder with its task.json; returns the training's seed."""
    checkpoints.make_folder(self.folder)
    if is_training:
      seed = self.choose_seed()
      checkpoints.write_task(self.folder, dict(self.description(),
                                               random_seed=seed))
      return seed
    if not checkpoints.read_task(self.folder):
      checkpoints.write_task(self.folder, self.description())
    return None

  def shapes(self) -> checkpoints.Shapes:
    """Returns name -> shape of all that the model has."""
    return estimator.variable_shapes(self.task.config, self.task.head,
                                     self.reading.num_segments)

  def trained_names(self) -> List[str]:
    """Returns the variables that --trainable names."""
    chosen = depths.choose(
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
    self.task.head.weigh(examples)
    self._policy()

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

  def choose_seed(self) -> int:
    """Returns --random_seed, else that of the run that goes on, else a new one.
    """
    seed = self.flags.run.random_seed
    if seed is None:
      seed = checkpoints.read_task(self.folder).get("random_seed")
    if seed is None:
      seed = random.SystemRandom().randrange(2**31)
      tf.logging.info("Random seed: %d (--random_seed repeats it)", seed)
    return seed

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
      past = history.History(self.folder, self._policy(), done)
      interval = self._eval_interval(num_steps)
      saving_steps = evaluation.saving_steps(interval, saving_steps)
      watch = self._watch(dev_examples, past, lambda step: step and (
          step % interval == 0 or step == num_steps))
      watch.catch_up(newest, done)
    if done >= num_steps or past and past.is_over():
      tf.logging.info("Training is complete: %s is at step %d of %d",
                      self.folder, done, num_steps)
      return
    checkpoints.remove_partial(self.folder, self.flags.run.keep_checkpoint_max,
                               saving_steps)
    input_fn = self._write_training_set(examples, num_steps, done, seed)
    hooks = [console.ProgressHook(num_steps, self.batch_sizes["train"],
                                  self.flags.run.log_steps,
                                  self.flags.tpu.use_tpu)]
    try:
      self._estimator(
          self._training(num_steps, done), seed, saving_steps).train(
              input_fn, max_steps=num_steps,
              hooks=hooks + ([evaluation.RateHook(past)] if watch else []),
              saving_listeners=[watch] if watch else [])
    except tf.estimator.NanLossDuringTrainingError:
      raise UserError(
          "--learning_rate=%s: the loss is no longer a number; lower the rate "
          "and begin anew" % self.flags.training.learning_rate)

  def evaluate(self, examples: list, checkpoint: str) -> Dict[str, float]:
    """Scores the dev set; writes eval_results.txt, returns what it says."""
    input_fn, num_steps = self._write_and_announce(
        "***** Running evaluation *****", "eval", examples, checkpoint)
    collector = estimator.OutputCollector()
    hooks = [console.StepsHook(num_steps, "Evaluating"), collector]
    results = self._estimator().evaluate(
        input_fn, steps=num_steps, checkpoint_path=checkpoint,
        hooks=None if self.flags.tpu.use_tpu else hooks)
    if not self.flags.tpu.use_tpu:
      judged = metrics.compute(self.task.metrics, collector.outcome(
          self.task.head, examples))
      results.update(judged)
      estimator.write_scalars(os.path.join(self.folder, "eval"),
                              results["global_step"], judged)
    lines = ["%s = %s" % (key, results[key]) for key in sorted(results)]
    tf.logging.info("***** Eval results *****")
    for line in lines:
      tf.logging.info("  %s", line)
    files.write_text(os.path.join(self.folder, "eval_results.txt"), lines)
    return results

  def predict(self, examples: list,
              checkpoint: str) -> List[Dict[str, np.ndarray]]:
    """Predicts the test set; writes its files, returns the head's outputs."""
    rows = self.outputs(examples, checkpoint)
    self.write_predictions(examples, rows)
    return rows

  def outputs(self, examples: list,
              checkpoint: str) -> List[Dict[str, np.ndarray]]:
    """Returns the head's outputs of each example."""
    input_fn, num_steps = self._write_and_announce(
        "***** Running prediction*****", "predict", examples, checkpoint,
        None if self.flags.tpu.use_tpu else records.BY_LENGTH)
    batches = self._estimator().predict(
        input_fn, checkpoint_path=checkpoint, yield_single_examples=False)
    return estimator.in_input_order(
        console.bar(batches, num_steps, "Predicting"), len(examples))

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

  def _write_training_set(self, examples, num_steps, done, seed):
    """Writes the set, and says what is done with it; returns the input_fn."""
    batch_size = self.batch_sizes["train"]
    input_fn = self._write_set("train", examples, records.Shuffle(
        seed, done * batch_size,
        num_grouped=len(examples) if self.flags.speed.bucket_by_length else 0))
    tf.logging.info("***** Running training *****")
    tf.logging.info("  Num examples = %d", len(examples))
    tf.logging.info("  Batch size = %d", batch_size)
    tf.logging.info("  Num steps = %d", num_steps)
    if done:
      tf.logging.info("  Going on from step %d", done)
    return input_fn

  def _write_set(self, name: str, examples: list, order=None) -> Callable:
    """Writes a set's record file, with a bar; returns the input_fn over it."""
    path = os.path.join(self.folder, name + ".tf_record")
    head, tokenizer = self.task.head, self.task.tokenizer
    length = self.flags.data.max_seq_length
    spec = records.feature_spec(head.label_field(length), length,
                                self.reading.num_segments)
    serialize = records.make_serializer(spec)
    cuts = features.CutCount()

    def convert(example):
      converted, cut = features.convert(example, head, length, tokenizer,
                                        self.reading)
      return serialize(converted), cut

    features.log_examples(examples, head, length, tokenizer, self.reading)
    with contextlib.closing(workers.map_ordered(
        convert, examples, self.flags.speed.num_workers)) as converted:
      records.write_records(path, console.bar(
          map(cuts.count, converted), len(examples),
          "Writing %s records" % name))
    cuts.log(name, length)
    return records.make_input_fn(path, spec, order, self.flags.tpu.use_tpu)

  def _write_and_announce(self, heading, name, examples, checkpoint,
                          order=None):
    """Writes a set that is read once, and says so.

    On a TPU, which needs whole batches, it is filled up with padding.

    Returns:
      (input_fn, number of batches).
    """
    size = self.batch_sizes[name]
    missing = -len(examples) % size if self.flags.tpu.use_tpu else 0
    padded = examples + [features.PaddingInputExample()] * missing
    input_fn = self._write_set(name, padded, order)
    tf.logging.info(heading)
    tf.logging.info("  Num examples = %d (%d actual, %d padding)", len(padded),
                    len(examples), missing)
    tf.logging.info("  Batch size = %d", size)
    tf.logging.info("  Checkpoint = %s", checkpoint)
    return input_fn, -(-len(padded) // size)

  def _model_fn(self, training=None):
    return estimator.make_model_fn(self.task.config, self.task.head, training,
                                   self.flags.tpu.use_tpu)

  def _estimator(self, training=None, seed=None, saving_steps=None):
    run = self.flags.run
    if saving_steps:
      run = dataclasses.replace(run, save_checkpoints_steps=saving_steps)
    return session.make_estimator(
        self._model_fn(training), run, self.flags.tpu, self.batch_sizes,
        session.Session(self.flags.speed.precision, seed,
                        self.flags.speed.num_parallel_parts if training else 1))

  def _training(self, num_steps, done):
    """Returns the settings of the optimizer."""
    training = self.flags.training
    head_rate = training.head_learning_rate or training.learning_rate
    return estimator.Training(
        training.learning_rate, num_steps,
        int(num_steps * training.warmup_proportion),
        None if done else self.flags.model.init_checkpoint,
        max(self.flags.speed.gradient_accumulation_steps,
            self.flags.speed.num_parallel_parts),
        self.flags.speed.num_parallel_parts > 1,
        self.flags.speed.precision == "float16",
        self.trained_names() if training.trainable != "all" else None,
        depths.rate_factor(self.task.config.num_hidden_layers,
                           head_rate / training.learning_rate,
                           training.layerwise_lr_decay),
        training.adam_bias_correction,
        bool(self.flags.watch.eval_every))

  def _policy(self):
    watch = self.flags.watch
    return history.Policy(
        metrics.key_of(watch.best_metric, self.task.metrics,
                       self.task.head.kind),
        watch.early_stopping_patience, watch.plateau_patience,
        watch.plateau_factor)

  def _eval_interval(self, num_steps):
    """Returns the steps between two evaluations of a training."""
    if self.flags.watch.eval_every != "epoch":
      return int(self.flags.watch.eval_every)
    return max(1, int(num_steps / self.flags.training.num_train_epochs))

  def _watch(self, examples, past, is_due):
    """Returns what evaluates a set while training goes on."""
    input_fn = self._write_set("eval", examples)
    make_evaluator = lambda: evaluation.Evaluator(
        self._model_fn(), input_fn, {"batch_size": self.batch_sizes["eval"]},
        self.flags.speed.precision)
    return evaluation.Watch(
        self.folder, past, make_evaluator, evaluation.Scoring(
            self.task.head, self.task.metrics, examples), is_due)
