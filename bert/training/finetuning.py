"""Fine-tuning of a task in an output folder: checked, trained, exported."""

import dataclasses
import functools
from typing import Any, Callable, Dict, List, Optional, Sequence

from bert.common.errors import UserError
from bert.data import records
from bert.data.examples import InputExample
from bert.model import checkpoint_choice
from bert.model import checkpoints
from bert.model import digests
from bert.model import distribution
from bert.model import export
from bert.model import layerwise
from bert.model.estimator import Runtime
from bert.model.model_function import TrainingSettings
from bert.options.finetuning import FineTuningFlags
from bert.training import conditions
from bert.training import training_record
from bert.training.datasets import Datasets
from bert.training.evaluations import Evaluations
from bert.training.output_folder import OutputFolder
from bert.training.output_folder import read_task
from bert.training.predictions import Predictions
from bert.training.task import Task
from bert.training.trainer import Trainer
from bert.training.training_record import TrainingRecord

Examples = Sequence[InputExample]


class FineTuning:
  """A task in an output folder.

  Attributes:
    flags, task: the command line, and what is learnt.
    folder: the OutputFolder.
    shapes: returns name -> shape of all that the model has.
    evaluations, predictions: evaluate and predict datasets.
  """

  def __init__(self, flags: FineTuningFlags, task: Task,
               shapes: Optional[Callable[[], checkpoints.Shapes]] = None,
               command_flags: Optional[Callable] = None):
    """Takes the command line and the task.

    Args:
      flags, task: see the class.
      shapes: of a model that has the same; None: a graph is built for them.
      command_flags: flags -> the groups of the command, as run.flags has them;
        None: they are these flags.
    """
    flags = flags._replace(data=task.encoder.with_tokenizer(flags.data))
    self.flags = flags
    self.task = task
    self.folder = OutputFolder(flags.run.output_dir, task.describe(flags))
    self._command_flags = command_flags
    self._train_set = None  # type: Optional[Dict]
    self._datasets = Datasets(flags, task, self.folder)
    self._runtime = Runtime(flags.run, flags.tpu, flags.speed,
                            self._datasets.batch_sizes,
                            can_split=flags.head.loss != "f1")
    self.evaluations = Evaluations(flags, task, self.folder, self._datasets,
                                   self._runtime)
    self.predictions = Predictions(task, self.folder, self._datasets,
                                   self._runtime)
    # A graph is built for them, some seconds of a large model.
    self.shapes = shapes or functools.lru_cache(maxsize=None)(
        self._variable_shapes)

  def _variable_shapes(self):
    return self._model(self.task.head).variable_shapes(
        lambda: records.placeholders(self._datasets.spec()))

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
    return FineTuning(self.flags._replace(**groups), self.task, self.shapes,
                      self._command_flags)

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
    self.evaluations.early_stopping()

  def prepare(self, examples: Dict[str, Examples]) -> None:
    """Takes the datasets that the run will work on, by name: before the first
    of them is trained on, evaluated or predicted.

    Raises:
      UserError: this worker's are not those of worker 0.
    """
    num_batches = sum(
        len(each) / self._runtime.batch_sizes[name] * (
            self.flags.training.num_train_epochs if name == "train" else 1)
        for name, each in examples.items())
    self._runtime.expect(int(num_batches))
    distribution.workers().check_same(functools.partial(
        conditions.of_worker, self.flags, self.task, examples))

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

  def train(self, examples: Examples, dev_examples: Optional[Examples],
            should_stop: Optional[Callable] = None) -> Optional[str]:
    """Trains up to the last step; resumes from the newest checkpoint.

    Args:
      examples: the training set, whose labels --class_weights counts.
      dev_examples: what is evaluated meanwhile; None: nothing.
      should_stop: what EvalListener asks after evaluations; None: nothing.

    Returns:
      The checkpoint that is to be used, by --checkpoint, which worker 0 knows.
    """
    num_steps = self.num_steps(len(examples))
    head = self.task.head.with_class_weights(
        self.task.head.compute_class_weights(examples))
    dev_set = digests.of_texts(dev_examples) if dev_examples else None
    groups = (self._command_flags(self.flags) if self._command_flags else
              self.flags)
    record = TrainingRecord(self.folder, groups, **{
        training_record.TRAIN_SET: (
            self._train_set or training_record.describe_set(examples)),
        training_record.DEV_SET: dev_set,
        checkpoint_choice.EVAL_EVERY: self.flags.evaluation.eval_every,
        **self.task.head.text_facts(examples)})
    listener = None
    if dev_examples:
      listener = self.evaluations.listener(dev_examples, dev_set, num_steps,
                                           should_stop)
    with self._datasets.in_use():
      Trainer(self.folder, self._runtime, self._model(head)).train(
          self._settings(num_steps),
          functools.partial(self._datasets.write_to_train, examples), record,
          listener)
    if not distribution.workers().is_first:
      return None
    return self.folder.chosen(self.flags.evaluation.checkpoint)

  def export(self, checkpoint: str, facts: Dict[str, Any],
             has_onnx: bool = False,
             samples: Examples = ()) -> str:
    """Writes a self-contained export; returns its folder.

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
    task = export.describe(self.task.encoder, head, dict(
        self.folder.description, **facts, label_range=head.label_range),
                           samples)
    return export.write(self.folder.path, export.ExportSpec(
        self.task.encoder, head, checkpoint, self.flags.data.vocab_file, task),
                        has_onnx)

  def _model(self, head):
    return self._runtime.make_model(self.task.encoder, head)

  def _settings(self, num_steps):
    """Returns the settings of the optimizer."""
    training = self.flags.training
    head_rate = training.head_learning_rate or training.learning_rate
    return TrainingSettings.of(
        self.flags, num_steps, int(num_steps * training.warmup_proportion),
        trainable_variables=(None if training.trainable == "all" else
                             self.trainable_variables()),
        lr_multiplier=layerwise.lr_multiplier(
            self.task.encoder, head_rate / training.learning_rate,
            training.layerwise_lr_decay),
        has_plateau_factor=bool(self.flags.evaluation.eval_every))
