"""A run's datasets: written to record files, read again by input_fns."""

import contextlib
from typing import Callable, Dict, Tuple

import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import workers
from bert.data import features
from bert.data import input_fns
from bert.data import record_encoder
from bert.data import records
from bert.data import truncation
from bert.data.examples import PaddingInputExample
from bert.options import FineTuningFlags
from bert.training.output_folder import OutputFolder
from bert.training.task import Task


class Datasets:
  """Writes the datasets of a task to a run's folder.

  Attributes:
    batch_sizes: examples a step, by train, eval and predict.
  """

  def __init__(self, flags: FineTuningFlags, task: Task, folder: OutputFolder):
    self._flags = flags
    self._task = task
    self._folder = folder
    self.batch_sizes = {"train": flags.training.train_batch_size,
                        "eval": flags.training.eval_batch_size,
                        "predict": flags.training.predict_batch_size}

  def spec(self) -> Dict[str, records.Field]:
    """Returns name -> Field of the datasets' records."""
    length = self._flags.data.max_seq_length
    return records.feature_spec(self._task.head.label_fields(length), length,
                                self._flags.data.num_windows)

  def write_to_train(self, examples: list, done: int, seed: int) -> Callable:
    """Writes the training set; returns its input_fn.

    Args:
      examples: the dataset.
      done: steps made before; the input_fn goes on from there.
      seed: of the order.
    """
    path = self.write("train", examples)
    num_grouped = len(examples) if self._flags.speed.bucket_by_length else 0
    shuffle = input_fns.Shuffle(seed, done * self.batch_sizes["train"],
                                num_grouped)
    return input_fns.training_input_fn(path, self.spec(), shuffle,
                                       self._flags.tpu.use_tpu)

  def write_to_evaluate(self, examples: list) -> Tuple[Callable, int]:
    """Writes the dev set; returns its input_fn and the number of batches."""
    path, num_steps = self._write_padded("eval", examples)
    return input_fns.ordered_input_fn(path, self.spec(),
                                      self._flags.tpu.use_tpu), num_steps

  def write_to_predict(self, examples: list) -> Tuple[Callable, int]:
    """Does the same for the test set, which is read by length."""
    path, num_steps = self._write_padded("predict", examples)
    if self._flags.tpu.use_tpu:
      return input_fns.ordered_input_fn(path, self.spec(), True), num_steps
    return input_fns.by_length_input_fn(path, self.spec()), num_steps

  def log(self, name: str, heading: str, num_examples: int,
          checkpoint: str) -> None:
    """Logs what is done with the dataset eval or predict."""
    missing = self._num_missing(name, num_examples)
    tf.logging.info(heading)
    tf.logging.info("  Num examples = %d (%d actual, %d padding)",
                    num_examples + missing, num_examples, missing)
    tf.logging.info("  Batch size = %d", self.batch_sizes[name])
    tf.logging.info("  Checkpoint = %s", checkpoint)

  def write(self, name: str, examples: list) -> str:
    """Writes a dataset's record file, with a bar; returns its path."""
    path = self._folder.record_path(name)
    data = self._flags.data
    encoder = features.TextEncoder(
        self._task.tokenizer, data.max_seq_length,
        truncation.TruncationSettings.from_options(data))
    to_records = _RecordMaker(self._task.head, encoder, self.spec())
    features.log_examples(examples, self._task.head, encoder)
    counter = truncation.TruncationCounter()
    with contextlib.closing(workers.map_ordered(
        to_records, examples, self._flags.speed.num_workers)) as converted:
      records.write_records(path, _count(console.bar(
          converted, len(examples), "Writing %s records" % name), counter))
    counter.log(name, data.max_seq_length)
    return path

  def _write_padded(self, name, examples):
    """On a TPU, which needs whole batches, padding fills the dataset up."""
    padded = examples + [PaddingInputExample()] * self._num_missing(
        name, len(examples))
    return self.write(name, padded), -(-len(padded) // self.batch_sizes[name])

  def _num_missing(self, name, num_examples):
    return (-num_examples % self.batch_sizes[name]
            if self._flags.tpu.use_tpu else 0)


class _RecordMaker:
  """Makes records of an example, in any process."""

  def __init__(self, head, encoder, spec):
    self._head = head
    self._encoder = encoder
    self._record_encoder = record_encoder.RecordEncoder(spec)

  def __call__(self, example):
    """Returns (serialized records, TruncationStats)."""
    rows, stats = self._head.to_features(example, self._encoder)
    return [self._record_encoder.encode(row.values()) for row in rows], stats


def _count(converted, counter):
  """Yields the records of pairs (records, TruncationStats)."""
  for serialized, stats in converted:
    counter.add(stats)
    yield from serialized
