#!/usr/bin/env python
"""Fine-tunes BERT on a task, evaluates on the dev set, predicts the test set.

Drop-in for the reference release's run_classifier.py: same flags, files and
checkpoints, on TensorFlow 1.15 and on 2.x up to 2.15.
"""

import contextlib
import os
import random
import sys
import typing
import warnings

# Before TensorFlow is imported: its C++ log, and what it makes NumPy say.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
warnings.simplefilter("ignore", FutureWarning)
warnings.simplefilter("ignore", DeprecationWarning)

# pylint: disable=wrong-import-position
import tensorflow.compat.v1 as tf

from bert import checkpoints
from bert import console
from bert import estimator
from bert import features
from bert import files
from bert import heads
from bert import metrics
from bert import modeling
from bert import options
from bert import records
from bert import session
from bert import tokenization
from bert import workers
from bert.errors import UserError
from processors import base

GROUPS = (options.TaskOptions, options.DataOptions, options.ModelOptions,
          options.RunOptions, options.TrainOptions, options.SpeedOptions,
          options.TpuOptions)


class Flags(typing.NamedTuple):
  """The command line, by group; in the order of GROUPS."""
  todo: options.TaskOptions
  data: options.DataOptions
  model: options.ModelOptions
  run: options.RunOptions
  training: options.TrainOptions
  speed: options.SpeedOptions
  tpu: options.TpuOptions


class Task(typing.NamedTuple):
  """What all sets and steps of a run have in common."""
  processor: base.DataProcessor
  head: heads.Head
  tokenizer: tokenization.FullTokenizer
  config: modeling.BertConfig


def main(argv):
  flags = Flags(*options.parse(argv, GROUPS, __doc__))
  if not any((flags.todo.do_train, flags.todo.do_eval, flags.todo.do_predict)):
    raise UserError("nothing to do: give --do_train, --do_eval or --do_predict")
  options.check_tpu(flags.tpu, {
      name: size for name, size in batch_sizes(flags).items()
      if getattr(flags.todo, "do_" + name)})
  options.check_speed(flags.speed, flags.training.train_batch_size,
                      flags.tpu.use_tpu)
  session.check_precision(flags.speed.precision)
  checkpoints.check_name(flags.run.output_dir)
  task = load_task(flags)
  description = describe(flags, task)
  checkpoints.check_task(flags.run.output_dir, description)
  checkpoint = checkpoints.choose(
      flags.run.output_dir, flags.model.init_checkpoint, flags.todo.do_train,
      lambda: estimator.variable_shapes(task.config, task.head))
  examples = read_examples(flags, task)
  num_steps = count_steps(flags, examples)

  checkpoints.make_folder(flags.run.output_dir)
  if flags.todo.do_train:
    seed = choose_seed(flags.run)
    checkpoints.write_task(flags.run.output_dir,
                           dict(description, random_seed=seed))
    train(flags, task, examples["train"], num_steps, seed)
    checkpoint = checkpoints.latest(flags.run.output_dir)
  elif not checkpoints.read_task(flags.run.output_dir):
    checkpoints.write_task(flags.run.output_dir, description)
  if flags.todo.do_eval:
    evaluate(flags, task, examples["eval"], checkpoint)
  if flags.todo.do_predict:
    predict(flags, task, examples["predict"], checkpoint)


def load_task(flags: Flags) -> Task:
  """Reads all but the examples; raises UserError for what does not fit."""
  if flags.data.processor_module:
    base.load_module(flags.data.processor_module)
  processor = base.create(flags.data.task_name, flags.data.data_dir)
  if not tf.gfile.IsDirectory(flags.data.data_dir):
    raise UserError("--data_dir=%s: no such folder" % flags.data.data_dir)
  tokenizer = features.load_tokenizer(flags.data.vocab_file,
                                      flags.data.do_lower_case)
  config = estimator.load_config(flags.model.bert_config_file,
                                 flags.data.max_seq_length,
                                 features.num_entries(tokenizer.vocab))
  try:
    tokenization.validate_case_matches_checkpoint(
        flags.data.do_lower_case, flags.model.init_checkpoint)
  except ValueError as error:
    raise UserError(str(error))
  head = heads.create(getattr(processor, "head", "classification"),
                      processor.get_labels(), flags.data.threshold)
  metrics.check(metric_names(head, processor), head.kind, len(head.labels))
  return Task(processor, head, tokenizer, config)


def metric_names(head: heads.Head, processor: base.DataProcessor) -> tuple:
  """Returns what a task is judged by, over the whole set."""
  return tuple(head.metrics) + tuple(getattr(processor, "metrics", ()))


def describe(flags: Flags, task: Task) -> dict:
  """Returns what task.json says, and later runs on the folder must share."""
  return {"task": flags.data.task_name.lower(), "head": task.head.kind,
          "labels": task.head.labels,
          "max_seq_length": flags.data.max_seq_length,
          "do_lower_case": flags.data.do_lower_case,
          "vocab_hash": checkpoints.vocab_hash(flags.data.vocab_file)}


def choose_seed(run: options.RunOptions) -> int:
  """Returns --random_seed, else that of the run that goes on, else a new one.
  """
  seed = run.random_seed
  if seed is None:
    seed = checkpoints.read_task(run.output_dir).get("random_seed")
  if seed is None:
    seed = random.SystemRandom().randrange(2**31)
    tf.logging.info("Random seed: %d (--random_seed repeats it)", seed)
  return seed


def read_examples(flags: Flags, task: Task) -> dict:
  """Returns set name -> examples of the sets that the run needs, checked."""
  sets = (("train", flags.todo.do_train, task.processor.get_train_examples),
          ("eval", flags.todo.do_eval, task.processor.get_dev_examples),
          ("predict", flags.todo.do_predict, task.processor.get_test_examples))
  examples = {}
  for name, is_wanted, read in sets:
    if is_wanted:
      examples[name] = read(flags.data.data_dir)
      if not examples[name]:
        raise UserError("--data_dir=%s: the %s set of task %s has no examples" %
                        (flags.data.data_dir, name, flags.data.task_name))
      features.check_labels(examples[name], task.head,
                            is_labelled=name != "predict")
  return examples


def record_path(flags: Flags, name: str) -> str:
  return os.path.join(flags.run.output_dir, name + ".tf_record")


def record_spec(flags: Flags, task: Task) -> dict:
  length = flags.data.max_seq_length
  return records.feature_spec(task.head.label_field(length), length)


def write_set(flags: Flags, task: Task, name: str, examples: list,
              order=None):
  """Writes a set's record file, with a bar; returns the input_fn over it."""
  path = record_path(flags, name)
  spec = record_spec(flags, task)
  serialize = records.make_serializer(spec)

  def convert(example):
    return serialize(features.convert_example(
        example, task.head, flags.data.max_seq_length, task.tokenizer))

  features.log_examples(examples, task.head, flags.data.max_seq_length,
                        task.tokenizer)
  with contextlib.closing(workers.map_ordered(
      convert, examples, flags.speed.num_workers)) as serialized:
    records.write_records(path, console.bar(serialized, len(examples),
                                            "Writing %s records" % name))
  return records.make_input_fn(path, spec, order, flags.tpu.use_tpu)


def batch_sizes(flags: Flags) -> dict:
  return {"train": flags.training.train_batch_size,
          "eval": flags.training.eval_batch_size,
          "predict": flags.training.predict_batch_size}


def make_estimator(flags: Flags, task: Task, training=None, seed=None):
  speed = flags.speed
  model_fn = estimator.make_model_fn(task.config, task.head, training,
                                     flags.tpu.use_tpu,
                                     speed.num_parallel_parts)
  return session.make_estimator(
      model_fn, flags.run, flags.tpu, batch_sizes(flags),
      session.Session(speed.precision, seed, speed.num_parallel_parts))


def count_steps(flags: Flags, examples: dict) -> int:
  """Returns the training's last step; raises UserError if it has none."""
  if not flags.todo.do_train:
    return 0
  batch_size = flags.training.train_batch_size
  num_steps = int(len(examples["train"]) / batch_size *
                  flags.training.num_train_epochs)
  if num_steps < 1:
    raise UserError(
        "--num_train_epochs=%s of %d examples in batches of %d make no step; "
        "lower --train_batch_size or raise --num_train_epochs" % (
            flags.training.num_train_epochs, len(examples["train"]),
            batch_size))
  return num_steps


def train(flags: Flags, task: Task, examples: list, num_steps: int,
          seed: int) -> None:
  """Trains up to the last step; goes on from the newest checkpoint."""
  batch_size = flags.training.train_batch_size
  done = checkpoints.step_of(checkpoints.latest(flags.run.output_dir))
  if done >= num_steps:
    tf.logging.info("Training is complete: %s is at step %d of %d",
                    flags.run.output_dir, done, num_steps)
    return
  checkpoints.remove_partial(flags.run.output_dir,
                             flags.run.keep_checkpoint_max,
                             flags.run.save_checkpoints_steps)
  order = records.Shuffle(
      seed, done * batch_size,
      num_grouped=len(examples) if flags.speed.bucket_by_length else 0)
  input_fn = write_set(flags, task, "train", examples, order)
  tf.logging.info("***** Running training *****")
  tf.logging.info("  Num examples = %d", len(examples))
  tf.logging.info("  Batch size = %d", batch_size)
  tf.logging.info("  Num steps = %d", num_steps)
  if done:
    tf.logging.info("  Going on from step %d", done)
  training = estimator.Training(
      flags.training.learning_rate, num_steps,
      int(num_steps * flags.training.warmup_proportion),
      None if done else flags.model.init_checkpoint,
      flags.speed.gradient_accumulation_steps,
      is_loss_scaled=flags.speed.precision == "float16",
      has_bias_correction=flags.training.adam_bias_correction)
  hook = console.ProgressHook(num_steps, batch_size, flags.run.log_steps,
                              flags.tpu.use_tpu)
  try:
    make_estimator(flags, task, training, seed).train(
        input_fn, max_steps=num_steps, hooks=[hook])
  except tf.estimator.NanLossDuringTrainingError:
    raise UserError("--learning_rate=%s: the loss is no longer a number; lower "
                    "the rate and begin anew" % flags.training.learning_rate)


def write_and_announce(flags: Flags, task: Task, heading: str, name: str,
                       examples: list, checkpoint: str, order=None):
  """Writes a set that is read once, and says so.

  On a TPU, which needs whole batches, it is filled up with padding.

  Returns:
    (input_fn, number of batches).
  """
  sizes = batch_sizes(flags)
  missing = -len(examples) % sizes[name] if flags.tpu.use_tpu else 0
  padded = examples + [features.PaddingInputExample()] * missing
  input_fn = write_set(flags, task, name, padded, order)
  tf.logging.info(heading)
  tf.logging.info("  Num examples = %d (%d actual, %d padding)", len(padded),
                  len(examples), missing)
  tf.logging.info("  Batch size = %d", sizes[name])
  tf.logging.info("  Checkpoint = %s", checkpoint)
  return input_fn, -(-len(padded) // sizes[name])


def evaluate(flags: Flags, task: Task, examples: list, checkpoint: str) -> None:
  """Scores the dev set; writes eval_results.txt."""
  input_fn, num_steps = write_and_announce(
      flags, task, "***** Running evaluation *****", "eval", examples,
      checkpoint)
  collector = estimator.OutputCollector()
  hooks = [console.StepsHook(num_steps, "Evaluating"), collector]
  results = make_estimator(flags, task).evaluate(
      input_fn, steps=num_steps, checkpoint_path=checkpoint,
      hooks=None if flags.tpu.use_tpu else hooks)
  if not flags.tpu.use_tpu:
    judged = metrics.compute(metric_names(task.head, task.processor),
                             collector.outcome(task.head))
    results.update(judged)
    estimator.write_scalars(os.path.join(flags.run.output_dir, "eval"),
                            results["global_step"], judged)
  lines = ["%s = %s" % (key, results[key]) for key in sorted(results)]
  tf.logging.info("***** Eval results *****")
  for line in lines:
    tf.logging.info("  %s", line)
  files.write_text(os.path.join(flags.run.output_dir, "eval_results.txt"),
                   lines)


def predict(flags: Flags, task: Task, examples: list, checkpoint: str) -> None:
  """Predicts the test set; writes test_results.tsv, test_predictions.tsv."""
  input_fn, num_steps = write_and_announce(
      flags, task, "***** Running prediction*****", "predict", examples,
      checkpoint, None if flags.tpu.use_tpu else records.BY_LENGTH)
  batches = make_estimator(flags, task).predict(
      input_fn, checkpoint_path=checkpoint, yield_single_examples=False)
  probabilities = estimator.in_input_order(
      console.bar(batches, num_steps, "Predicting"), len(examples))
  folder = flags.run.output_dir
  files.write_text(
      os.path.join(folder, "test_predictions.tsv"),
      prediction_lines(task.head, examples, probabilities))
  files.write_text(os.path.join(folder, "test_results.tsv"),
                   ("\t".join(map(str, row)) for row in probabilities))


def prediction_lines(head: heads.Head, examples: list, probabilities):
  """Yields the lines of test_predictions.tsv."""
  yield "guid\tprediction\tscore"
  for example, row in zip(examples, probabilities):
    prediction = head.prediction(row)
    yield "%s\t%s\t%s" % (example.guid, " ".join(prediction.labels),
                          " ".join(map(str, prediction.scores)))


if __name__ == "__main__":
  sys.exit(console.run(main, sys.argv))
