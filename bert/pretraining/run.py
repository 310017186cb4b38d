"""A pre-training in an output folder: trained, evaluated."""

import typing
from typing import Dict, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert import modeling
from bert import options
from bert import pretraining_options
from bert.common import console
from bert.data import input_fns
from bert.data import records
from bert.pretraining import corpus
from bert.pretraining import instance_files
from bert.pretraining.head import PretrainingHead
from bert.training import checkpoints
from bert.training import estimator
from bert.training import model_function
from bert.training import output_folder


class Flags(typing.NamedTuple):
  """The command line, by group."""
  data: pretraining_options.RecordOptions
  model: options.ModelOptions
  run: options.RunOptions
  training: pretraining_options.ScheduleOptions
  speed: options.StepOptions
  tpu: options.TpuOptions


class Job:
  """A pre-training in an output folder."""

  def __init__(self, flags: Flags, config: modeling.BertConfig):
    """Takes the command line and the encoder's size; finds the files.

    Raises:
      UserError: there are none, or they are not for these flags.
    """
    data = flags.data
    self.folder = flags.run.output_dir
    self._flags = flags
    self._config = config
    self._head = PretrainingHead(config)
    self._spec = instance_files.feature_spec(data.max_seq_length,
                                        data.max_predictions_per_seq)
    self._paths = {"train": corpus.find_files(data.input_file, "--input_file")}
    self._paths["eval"] = (corpus.find_files(data.eval_file, "--eval_file")
                           if data.eval_file else self._paths["train"])

  def check(self, wanted: Sequence[str]) -> Optional[str]:
    """Returns the checkpoint to start from.

    Raises:
      UserError: files, folder or checkpoint do not fit.
    """
    for name in wanted:
      instance_files.check_files(self._paths[name], self._spec)
    checkpoints.check_task(self.folder, self._description())
    shapes = model_function.variable_shapes(
        self._config, self._head, lambda: records.placeholders(self._spec))
    return checkpoints.choose(
        self.folder, self._flags.model.init_checkpoint,
        sorted(shapes) if "train" in wanted else None, lambda: shapes)

  def train(self) -> None:
    """Trains up to the last step; goes on from the newest checkpoint."""
    run, training, tpu = (self._flags.run, self._flags.training,
                          self._flags.tpu)
    seed = output_folder.open_to_train(self.folder, self._description(),
                                 run.random_seed)
    done = checkpoints.step_of(checkpoints.latest(self.folder))
    if done >= training.num_train_steps:
      tf.logging.info("Training is complete: %s is at step %d of %d",
                      self.folder, done, training.num_train_steps)
      return
    checkpoints.remove_partial(self.folder, run.keep_checkpoint_max,
                               run.save_checkpoints_steps)
    tf.logging.info("***** Running training *****")
    tf.logging.info("  Batch size = %d", training.train_batch_size)
    if done:
      tf.logging.info("  Going on from step %d", done)
    input_fn = instance_files.make_input_fn(
        self._paths["train"], self._spec,
        input_fns.Shuffle(seed, done * training.train_batch_size), tpu.use_tpu)
    hook = console.ProgressHook(training.num_train_steps,
                                training.train_batch_size, run.log_steps,
                                tpu.use_tpu)
    with output_folder.telling_nan(training.learning_rate):
      self._estimator(self._training(done), seed).train(
          input_fn, max_steps=training.num_train_steps, hooks=[hook])

  def evaluate(self, checkpoint: str) -> Dict[str, float]:
    """Writes eval_results.txt, returns what it says."""
    training, tpu = self._flags.training, self._flags.tpu
    tf.logging.info("***** Running evaluation *****")
    tf.logging.info("  Batch size = %d", training.eval_batch_size)
    tf.logging.info("  Checkpoint = %s", checkpoint)
    results = self._estimator().evaluate(
        instance_files.make_input_fn(self._paths["eval"], self._spec,
                                is_static=tpu.use_tpu),
        steps=training.max_eval_steps, checkpoint_path=checkpoint,
        hooks=None if tpu.use_tpu else [console.StepsHook(
            training.max_eval_steps, "Evaluating")])
    output_folder.write_results(self.folder, results)
    return results

  def _description(self):
    return {"task": "pretraining",
            "max_seq_length": self._flags.data.max_seq_length}

  def _training(self, done):
    training, speed = self._flags.training, self._flags.speed
    return model_function.Training(
        training.learning_rate, training.num_train_steps,
        training.num_warmup_steps,
        None if done else self._flags.model.init_checkpoint,
        speed.gradient_accumulation_steps,
        is_loss_scaled=speed.precision == "float16",
        has_bias_correction=training.adam_bias_correction)

  def _estimator(self, training=None, seed=None):
    speed, sizes = self._flags.speed, self._flags.training
    model_fn = model_function.make_model_fn(
        self._config, self._head, training, self._flags.tpu.use_tpu,
        speed.cpu_replicas)
    return estimator.make_estimator(
        model_fn, self._flags.run, self._flags.tpu,
        {"train": sizes.train_batch_size, "eval": sizes.eval_batch_size,
         "predict": sizes.eval_batch_size},
        estimator.Session(speed.precision, seed, speed.cpu_replicas))


def run(job: Job, wanted: Sequence[str]) -> None:
  """Trains and evaluates, as wanted; checks all first."""
  checkpoint = job.check(wanted)
  if "train" in wanted:
    job.train()
    checkpoint = checkpoints.latest(job.folder)
  if "eval" in wanted:
    job.evaluate(checkpoint)
