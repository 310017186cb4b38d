"""Pre-training in an output folder: trained, evaluated."""

import functools
from typing import Dict, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.data import input_fns
from bert.data import record_check
from bert.data import records
from bert.encoders import registry
from bert.encoders.base import Encoder
from bert.model import checkpoints
from bert.model import digests
from bert.model import distribution
from bert.model.estimator import Runtime
from bert.model.model_function import TrainingSettings
from bert.model.start import start
from bert.options.pretraining import PretrainingFlags
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining.head import PretrainingHead
from bert.training import training_record
from bert.training.evaluator import Evaluator
from bert.training.output_folder import CheckedFolder
from bert.training.output_folder import OutputFolder
from bert.training.trainer import Trainer
from bert.training.training_record import TrainingRecord


class Pretraining:
  """A pre-training in an output folder."""

  def __init__(self, flags: PretrainingFlags, encoder: Encoder):
    """Takes the command line and the encoder; finds the files.

    Raises:
      UserError: there are none, or they are not for these flags.
    """
    data, training = flags.data, flags.training
    self.folder = OutputFolder(flags.run.output_dir, {
        "task": "pretraining", "max_seq_length": data.max_seq_length,
        **encoder.facts()})
    self._flags = flags
    self._runtime = Runtime(flags.run, flags.tpu, flags.speed, {
        "train": training.train_batch_size, "eval": training.eval_batch_size,
        "predict": training.eval_batch_size})
    self._runtime.expect(training.num_train_steps)
    self._model = self._runtime.make_model(encoder,
                                           PretrainingHead(encoder.config))
    self._spec = instance_files.feature_spec(data.max_seq_length,
                                             data.max_predictions_per_seq,
                                             encoder)
    self._paths = _find_files(data)

  def check(self, actions: Sequence[str]) -> Optional[str]:
    """Returns the checkpoint to start from; on all workers that of worker 0.

    Raises:
      UserError: files, folder, checkpoint or batch do not fit.
    """
    workers = distribution.workers()
    if "train" in actions:
      self._runtime.check_training()
    for name in actions:
      instance_files.check_files(self._paths[name], self._spec)
    if not workers.is_first:
      return None
    self.folder.check()
    if "train" in actions and self.folder.last_step():
      training_record.check_same_set(self.folder.path, self._train_set())
    shapes = self._model.variable_shapes(
        lambda: records.placeholders(self._spec))
    return checkpoints.choose(
        self.folder.path, self._flags.model.init_checkpoint,
        sorted(shapes) if "train" in actions else None, lambda: shapes,
        self._model.encoder,
        allows_missing=self._flags.model.allow_missing_weights,
        choice=self._flags.data.checkpoint)

  def digests(self) -> Dict[str, str]:
    """Returns digests of what all workers must have."""
    return {"code": digests.of_code(),
            "flags": digests.of_flags(self._flags),
            "configuration": digests.of_object(
                self._model.encoder.config.to_json_string()),
            "record files": digests.of_files(dict.fromkeys(
                self._paths["train"] + self._paths["eval"]))}

  def _train_set(self):
    return {"files": len(self._paths["train"]), "digest": digests.of_object(
        sorted(digests.of_files([path]) for path in self._paths["train"]))}

  def train(self) -> None:
    """Trains up to the last step; resumes from the newest checkpoint."""
    training = self._flags.training
    settings = TrainingSettings.of(self._flags, training.num_train_steps,
                                   training.num_warmup_steps)
    with record_check.explaining(self._specs("train")):
      Trainer(self.folder, self._runtime, self._model).train(
          settings, self._read_to_train, TrainingRecord(
              self.folder, [self._flags], **{
                  training_record.TRAIN_SET: self._train_set()}))

  def _read_to_train(self, done, seed):
    """Returns the input_fn of a training, and no lines on its size."""
    shuffle = input_fns.Shuffle(
        seed, done * self._flags.training.train_batch_size)
    return instance_files.training_input_fn(
        self._paths["train"], self._spec, shuffle, self._runtime.use_tpu), []

  def _specs(self, name):
    return dict.fromkeys(self._paths[name], self._spec)

  def evaluate(self, checkpoint: str) -> Dict[str, float]:
    """Writes eval_results.txt, returns its content."""
    training = self._flags.training
    tf.logging.info("***** Running evaluation *****")
    tf.logging.info("  Batch size = %d", training.eval_batch_size)
    tf.logging.info("  Checkpoint = %s", checkpoint)
    input_fn = instance_files.evaluation_input_fn(
        self._paths["eval"], self._spec, self._runtime.use_tpu)
    evaluator = Evaluator(self._model, self._runtime, input_fn,
                          training.max_eval_steps)
    with record_check.explaining(self._specs("eval")):
      results = evaluator.evaluate_checkpoint(checkpoint)
    if not self._runtime.use_tpu:  # The Estimator evaluates on TPUs.
      self.folder.write_scalars(results["global_step"], results)
    self.folder.write_results(results)
    return results


def run(flags: PretrainingFlags, actions: Sequence[str]) -> None:
  """Trains and evaluates as the flags say, after all checks."""
  flags = start(flags)
  pretraining = Pretraining(flags, _read_encoder(flags))
  folder = CheckedFolder(pretraining.folder, functools.partial(
      pretraining.check, actions))
  distribution.workers().check_same(pretraining.digests)
  with folder.in_use() as checkpoint:
    if "train" in actions:
      pretraining.train()
      checkpoint = pretraining.folder.latest()
    if "eval" in actions:
      pretraining.evaluate(checkpoint)


def _read_encoder(flags):
  """Returns the encoder; raises UserError for one of a family whose
  pre-training this program does not have."""
  path = flags.model.bert_config_file
  encoder = registry.read(path)
  if not encoder.can_pretrain:
    raise UserError("--bert_config_file=%s: %s models can't be pre-trained by "
                    "this program; fine-tune a released one" % (
                        path, encoder.title))
  registry.check_sizes(encoder, path, flags.data.max_seq_length)
  return encoder


def _find_files(data) -> Dict[str, List[str]]:
  """Returns the record files of train and eval."""
  paths = {"train": corpus.find_files(data.input_file, "--input_file")}
  paths["eval"] = (corpus.find_files(data.eval_file, "--eval_file")
                   if data.eval_file else paths["train"])
  return paths
