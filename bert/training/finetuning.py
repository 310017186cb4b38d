"""Fine-tuning of a task in an output folder: trained, evaluated, predicted."""

import contextlib
import dataclasses
import functools
import re
import typing
from typing import Any, Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common.errors import UserError
from bert.common.sequences import LazySequence
from bert.data import records
from bert.data.tokenizers import vocabulary
from bert.data.examples import InputExample
from bert.data.examples import only_label
from bert.evaluation import metrics
from bert.evaluation import prediction_file
from bert.evaluation.eval_prediction import EvalPrediction
from bert.model import checkpoint_choice
from bert.model import checkpoints
from bert.model import dataset_outputs
from bert.model import digests
from bert.model import distribution
from bert.model import layerwise
from bert.model import model_function
from bert.model.estimator import Runtime
from bert.model.output_rows import ColumnRows
from bert.model.output_rows import OutputRows
from bert.training import eval_history
from bert.model import export
from bert.model import model_settings
from bert.options.finetuning import FineTuningFlags
from bert.training import training_record
from bert.training.datasets import Datasets
from bert.training.eval_listener import EvalListener
from bert.training.evaluator import Evaluator
from bert.training.output_folder import OutputFolder
from bert.training.output_folder import read_task
from bert.training.task import Task
from bert.training.trainer import Trainer
from bert.training.training_record import TrainingRecord

Examples = Sequence[InputExample]
Rows = Sequence[Dict[str, np.ndarray]]


class FineTuning:
  """A task in an output folder.

  Attributes:
    flags, task: the command line, and what is learnt.
    command_flags: flags -> the groups of the command, as run.flags has them.
    folder: the OutputFolder.
    shapes: returns name -> shape of all that the model has.
    judge: what EvalListener asks whether the training is to end; None: nothing.
  """
  judge = None  # type: Optional[Callable]
  command_flags = staticmethod(lambda flags: [flags])

  def __init__(self, flags: FineTuningFlags, task: Task,
               shapes: Optional[Callable[[], checkpoints.Shapes]] = None):
    """Takes the command line, the task, and the shapes of such a model."""
    flags = flags._replace(data=task.encoder.with_tokenizer(flags.data))
    self.flags = flags
    self.task = task
    self.folder = OutputFolder(flags.run.output_dir, _describe(flags, task))
    self._evaluated = None  # type: Optional[_Evaluated]
    self._train_set = None  # type: Optional[Dict]
    self._datasets = Datasets(flags, task, self.folder)
    self._runtime = Runtime(flags.run, flags.tpu, flags.speed,
                            self._datasets.batch_sizes,
                            can_split=flags.head.loss != "f1")
    # A graph is built for them, some seconds of a large model.
    self.shapes = shapes or functools.lru_cache(maxsize=None)(
        lambda: self._model(task.head).variable_shapes(
            lambda: records.placeholders(self._datasets.spec())))

  def variant(self, **changes) -> "FineTuning":
    """Returns one like this but for some flags of model and run.

    A seed that is too large begins anew at 0.
    """
    if "random_seed" in changes:
      changes["random_seed"] %= 2**31
    groups = {}
    for name in ("model", "run"):
      group = getattr(self.flags, name)
      groups[name] = dataclasses.replace(group, **{
          key: value for key, value in changes.items() if hasattr(group, key)})
    variant = FineTuning(self.flags._replace(**groups), self.task, self.shapes)
    variant.command_flags = self.command_flags
    return variant

  def check_folder(self, is_training: bool) -> Optional[str]:
    """Returns the checkpoint to start from, which worker 0 knows; raises
    UserError for a folder of another task and for a checkpoint that does not
    fit."""
    if not distribution.workers().is_first:
      return None
    if self.folder.latest():  # Else nothing is there that could not fit.
      self.folder.check()
    return checkpoints.choose(
        self.folder.path, self.flags.model.init_checkpoint,
        self.trainable_variables() if is_training else None, self.shapes,
        self.task.encoder,
        allows_missing=self.flags.model.allow_missing_weights,
        choice=self.flags.evaluation.checkpoint)

  def check_training(self, examples: Examples,
                     is_parent: bool = False) -> None:
    """Raises UserError for a training that would make no step, for weights of
    other labels, for a metric that no evaluation has, and for a folder that was
    trained on other examples.

    Args:
      examples: the training set.
      is_parent: whether the folder has the folders of several models, instead
        of checkpoints.
    """
    self._train_set = training_record.describe_set(examples)
    if is_parent or self.folder.last_step():
      training_record.check_same_set(self.folder.path, self._train_set)
    self._runtime.check_training()
    self.num_steps(len(examples))
    self.task.head.compute_class_weights(examples)
    self.early_stopping()

  def expect(self, examples: Dict[str, Examples]) -> None:
    """Takes the datasets that the run will work on, by name.

    Raises:
      UserError: this worker's are not those of worker 0.
    """
    num_batches = sum(
        len(each) / self._runtime.batch_sizes[name] * (
            self.flags.training.num_train_epochs if name == "train" else 1)
        for name, each in examples.items())
    self._runtime.expect(int(num_batches))
    distribution.workers().check_same(lambda: self._digests(examples))

  def _digests(self, examples):
    return dict(
        {"%s set" % name: digests.of_examples(each)
         for name, each in examples.items()},
        code=digests.of_code(), flags=digests.of_flags(self.flags),
        vocabulary=digests.of_object(list(self.task.tokenizer.vocab)),
        configuration=digests.of_object(
            self.task.encoder.config.to_json_string()))

  def num_steps(self, num_examples: int) -> int:
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

  def trainable_variables(self) -> List[str]:
    """Returns the names of the variables that --trainable chooses."""
    names = layerwise.choose(
        sorted(self.shapes()), self.flags.training.trainable,
        self.task.encoder)
    if self.task.head.first_token_only:
      return names
    # Nothing else reads the pooler, which so has no gradient.
    return [name for name in names if not self.task.encoder.is_pooler(name)]

  def early_stopping(self) -> eval_history.EarlyStoppingConfig:
    """Returns what evaluations decide; raises UserError for a metric that the
    task is not scored by."""
    evaluation = self.flags.evaluation
    return eval_history.EarlyStoppingConfig(
        metrics.key_of(evaluation.best_metric, self.task.metrics,
                       self.task.head.streamed_keys),
        evaluation.early_stopping_patience, evaluation.plateau_patience,
        evaluation.plateau_factor)

  def train(self, examples: Examples,
            dev_examples: Optional[Examples]) -> Optional[str]:
    """Trains up to the last step; resumes from the newest checkpoint.

    Args:
      examples: the training set, whose labels --class_weights counts.
      dev_examples: what is evaluated meanwhile; None: nothing.

    Returns:
      The checkpoint that is to be used, by --checkpoint, which worker 0 knows.
    """
    num_steps = self.num_steps(len(examples))
    head = self.task.head.with_class_weights(
        self.task.head.compute_class_weights(examples))
    dev_set = digests.of_texts(dev_examples) if dev_examples else None
    record = TrainingRecord(self.folder, self.command_flags(self.flags), **{
        training_record.TRAIN_SET: (
            self._train_set or training_record.describe_set(examples)),
        training_record.DEV_SET: dev_set,
        checkpoint_choice.EVAL_EVERY: self.flags.evaluation.eval_every,
        **self.task.head.text_facts(examples)})
    listener = (self._listener(dev_examples, num_steps, dev_set)
                if dev_examples else None)
    with self._datasets.in_use():
      Trainer(self.folder, self._runtime, self._model(head)).train(
          self._settings(num_steps),
          lambda done, seed: self._datasets.write_to_train(examples, done,
                                                           seed),
          record, listener)
    if not distribution.workers().is_first:
      return None
    return self.folder.chosen(self.flags.evaluation.checkpoint)

  def evaluate(self, examples: Examples, checkpoint: str,
               keeps_outputs: bool = False) -> Dict[str, float]:
    """Scores the dev set; writes eval_results.txt, returns its content.

    Args:
      examples: the dataset.
      checkpoint: path.
      keeps_outputs: whether the same examples will be predicted.
    """
    input_fn, file = self._datasets.write_to_evaluate(examples)
    self._datasets.log("eval", file, checkpoint)

    def score(columns, step):
      columns = self._merge(columns, examples, file)
      if keeps_outputs:
        self._evaluated = _Evaluated(examples, checkpoint, columns)
      predictions = self.task.head.eval_prediction(columns, examples)
      self.task.head.write_evaluation(self.folder.path, examples, predictions,
                                      step)
      prediction_file.write(self.folder.path, prediction_file.Predictions(
          self.task.head.label_type, self.task.metrics,
          [each.guid for each in examples], predictions))
      return metrics.compute(self.task.metrics, predictions)

    evaluator = self._evaluator(input_fn, file, score)
    with self._datasets.in_use():
      results = evaluator.evaluate_checkpoint(checkpoint)
    if not self._runtime.use_tpu:  # There, the Estimator does it.
      self.folder.write_scalars(results["global_step"], results)
    self.folder.write_results(results)
    return results

  def predict(self, examples: Examples, checkpoint: str) -> Optional[Rows]:
    """Predicts the test set; writes its files, returns the head's outputs, on
    worker 0."""
    evaluated = self._evaluated
    if evaluated and evaluated.examples is examples and (
        evaluated.checkpoint == checkpoint):
      rows = ColumnRows(evaluated.columns)  # Nothing is computed twice.
    else:
      rows = self.outputs(examples, checkpoint)
    if rows is not None:
      self.write_predictions(examples, rows)
    return rows

  def score(self, examples: Examples, rows: Rows
           ) -> Tuple[EvalPrediction, Dict[str, float]]:
    """Returns labels and predictions of labelled examples, and their scores.

    Args:
      examples: the dataset.
      rows: the head's outputs for each.
    """
    head = self.task.head
    predictions = head.eval_prediction(
        dict(OutputRows.of(rows).stacked(), **head.label_rows(examples)),
        examples)
    results = metrics.compute(self.task.metrics, predictions)
    results.update(head.aggregate_metrics(predictions))
    return predictions, results

  def outputs(self, examples: Examples, checkpoint: str) -> Optional[Rows]:
    """Returns the head's outputs for each example; None but on worker 0.

    Raises:
      UserError: an output is not a number.
    """
    input_fn, file = self._datasets.write_to_predict(examples)
    self._datasets.log("predict", file, checkpoint)
    workers = distribution.workers()
    # The Estimator restores no checkpoint without a step: the model does.
    has_step = not workers.is_first or checkpoints.has_step(checkpoint)
    estimator = self._runtime.make_estimator(self._model(
        self.task.head, None if has_step else checkpoint).model_fn)
    batches = estimator.predict(
        input_fn, hooks=workers.hooks(), yield_single_examples=False,
        checkpoint_path=checkpoint if has_step else None)
    num_steps = file.num_batches(self._runtime.batch_sizes["predict"])
    # The Estimator's graph is in use in it.
    with self._datasets.in_use(), contextlib.closing(batches):
      merged = console.bar(workers.merge(batches, num_steps), num_steps,
                           "Predicting")
      rows = OutputRows(dataset_outputs.in_input_order(
          _check_all(merged, checkpoint), file.num_records))
    if not workers.is_first:
      return None
    return self.task.head.merge_rows(
        rows, *self._datasets.merging(examples, file))

  def write_predictions(self, examples: Examples, rows: Rows) -> None:
    """Writes test_results.tsv and what else there is of predictions."""
    head = self.task.head
    predictions = _Predictions(head, rows, examples)
    contents = dict(
        self.task.prediction_files(examples, predictions),
        **head.prediction_files(examples, predictions))
    contents.update(head.output_files(examples, rows))
    contents["test_results.tsv"] = map(head.result, rows, examples)
    for name, lines in contents.items():
      if name in head.file_titles:
        tf.logging.info("Writing %s to: %s", head.file_titles[name],
                        self.folder.join(name))
      self.folder.write_lines(name, lines)
    if not self._evaluated:  # Else they have just been scored.
      self._log_test_scores(examples, rows)

  def _log_test_scores(self, examples, rows):
    """Logs how the test set's labels are met, if it has any.

    Labels that are all the same are taken for fillers.
    """
    if any(example.label is None for example in examples) or (
        only_label(examples) is not None):
      return
    _, results = self.score(examples, rows)
    tf.logging.info("***** Scores of the test set, by its labels *****")
    for key in sorted(results):
      tf.logging.info("  %s = %s", re.sub("^eval_", "test_", key), results[key])

  def export(self, checkpoint: str, facts: Dict[str, Any],
             has_onnx: bool = False,
             samples: Examples = ()) -> str:
    """Writes a folder that is enough to predict with; returns it.

    Args:
      checkpoint: path.
      facts: head.text_facts of the task's texts, for what task.json of the
        folder does not say.
      has_onnx: whether it is to have ONNX files, too.
      samples: examples, of which a few are kept to try the model with.
    """
    stored = read_task(self.folder.path)
    facts = {name: stored.get(name, value) for name, value in facts.items()}
    head = self.task.head.with_text_facts(facts)
    task = dict(
        self.folder.description, **facts,
        label_range=head.label_range, **self.task.encoder.limits(),
        **{export.SAMPLES: export.sample_inputs(head, samples)})
    return export.write(self.folder.path, export.ExportSpec(
        self.task.encoder, head, checkpoint, self.flags.data.vocab_file, task),
                        has_onnx)

  def _model(self, head, init_checkpoint=None):
    return model_function.Model(
        self.task.encoder, head, use_tpu=self._runtime.use_tpu,
        cpu_replicas=self._runtime.cpu_replicas,
        init_checkpoint=init_checkpoint)

  def _settings(self, num_steps):
    """Returns the settings of the optimizer."""
    training = self.flags.training
    head_rate = training.head_learning_rate or training.learning_rate
    return model_function.TrainingSettings(
        training.learning_rate, num_steps,
        int(num_steps * training.warmup_proportion),
        self.flags.model.init_checkpoint,
        self.flags.speed.gradient_accumulation_steps,
        is_loss_scaled=self.flags.speed.precision == "float16",
        trainable_variables=(None if training.trainable == "all" else
                             self.trainable_variables()),
        lr_multiplier=layerwise.lr_multiplier(
            self.task.encoder, head_rate / training.learning_rate,
            training.layerwise_lr_decay),
        has_bias_correction=training.adam_bias_correction,
        has_plateau_factor=bool(self.flags.evaluation.eval_every),
        has_fp16_allreduce=self.flags.speed.fp16_allreduce)

  def _listener(self, examples, num_steps, dev_set):
    """Returns what evaluates a dataset while training goes on."""
    def make_evaluator():
      input_fn, file = self._datasets.write_to_evaluate(examples)

      def score(columns, step):
        del step
        return metrics.compute(
            self.task.metrics, self.task.head.eval_prediction(
                self._merge(columns, examples, file), examples))

      return self._evaluator(input_fn, file, score)

    history = eval_history.EvalHistory(
        self.folder.path, self.early_stopping(), self.folder.last_step(),
        dev_set)
    history.entries = distribution.workers().share(history.entries)
    listener = EvalListener(self.folder, history, make_evaluator,
                            self._eval_interval(num_steps), num_steps)
    listener.judge = self.judge
    return listener

  def _merge(self, columns, examples, file):
    """Returns name -> array of a row per example, of one per record."""
    rows = ColumnRows(columns)
    merged = self.task.head.merge_rows(
        rows, *self._datasets.merging(examples, file))
    return columns if merged is rows else OutputRows.of(merged).stacked()

  def _evaluator(self, input_fn, file, score):
    num_steps = file.num_batches(self._runtime.batch_sizes["eval"])
    return Evaluator(self._model(self.task.head), self._runtime, input_fn,
                     num_steps, score)

  def _eval_interval(self, num_steps):
    """Returns the steps between two evaluations of a training."""
    if self.flags.evaluation.eval_every != "epoch":
      return int(self.flags.evaluation.eval_every)
    return max(1, int(num_steps / self.flags.training.num_train_epochs))


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


class _Predictions(LazySequence):
  """A head's predictions for a dataset, each made when it is asked for."""

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


def _describe(flags, task):
  """Returns what later runs on the folder must share."""
  data, head = flags.data, task.head
  return dict(
      model_settings.of_flags(flags), task=task.name, head=head.kind,
      labels=head.labels, vocab_hash=vocabulary.sha256(data.vocab_file),
      **task.encoder.facts())
