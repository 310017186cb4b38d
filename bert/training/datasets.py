"""A run's sets: written to record files, read again by its input_fns."""

import contextlib
import os
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
from bert.training.task import Flags
from bert.training.task import Task


class Sets:
  """Writes the sets of a task to a run's folder.

  Attributes:
    truncation: how long texts are read.
    batch_sizes: examples a step, by train, eval and predict.
  """

  def __init__(self, flags: Flags, task: Task):
    """Takes what the run is told to do, and the task."""
    self._flags = flags
    self._task = task
    self.truncation = truncation.TruncationSettings(
        flags.data.truncation, flags.data.head_tokens, flags.data.num_windows,
        flags.data.window_stride)
    self.batch_sizes = {"train": flags.training.train_batch_size,
                        "eval": flags.training.eval_batch_size,
                        "predict": flags.training.predict_batch_size}

  def spec(self) -> Dict[str, records.Field]:
    """Returns name -> Field of the sets' records."""
    length = self._flags.data.max_seq_length
    return records.feature_spec(self._task.head.label_fields(length), length,
                                self.truncation.num_windows)

  def write_to_train(self, examples: list, num_steps: int, done: int,
                     seed: int) -> Callable:
    """Writes the training set, and says what is done with it.

    Args:
      examples: the set.
      num_steps: the training's last step.
      done: steps made before.
      seed: of the order.

    Returns:
      The input_fn, which begins where the steps before ended.
    """
    batch_size = self.batch_sizes["train"]
    path = self.write("train", examples)
    input_fn = input_fns.training_input_fn(path, self.spec(), input_fns.Shuffle(
        seed, done * batch_size,
        num_grouped=len(examples) if self._flags.speed.bucket_by_length else 0),
                                           self._flags.tpu.use_tpu)
    tf.logging.info("***** Running training *****")
    tf.logging.info("  Num examples = %d", len(examples))
    tf.logging.info("  Batch size = %d", batch_size)
    tf.logging.info("  Num steps = %d", num_steps)
    if done:
      tf.logging.info("  Going on from step %d", done)
    return input_fn

  def write_to_read_once(self, name: str, examples: list, heading: str,
                         checkpoint: str) -> Tuple[Callable, int]:
    """Writes the set eval or predict, and says what is done with it.

    On a TPU, which needs whole batches, it is filled up with padding; else
    predictions are made in the order of lengths.

    Args:
      name: of the set.
      examples: the set.
      heading: of what is said.
      checkpoint: that reads it.

    Returns:
      (input_fn, number of batches).
    """
    size = self.batch_sizes[name]
    use_tpu = self._flags.tpu.use_tpu
    missing = -len(examples) % size if use_tpu else 0
    padded = examples + [PaddingInputExample()] * missing
    path = self.write(name, padded)
    if name == "predict" and not use_tpu:
      input_fn = input_fns.by_length_input_fn(path, self.spec())
    else:
      input_fn = input_fns.ordered_input_fn(path, self.spec(), use_tpu)
    tf.logging.info(heading)
    tf.logging.info("  Num examples = %d (%d actual, %d padding)", len(padded),
                    len(examples), missing)
    tf.logging.info("  Batch size = %d", size)
    tf.logging.info("  Checkpoint = %s", checkpoint)
    return input_fn, -(-len(padded) // size)

  def write(self, name: str, examples: list) -> str:
    """Writes a dataset's record file, with a bar; returns its path."""
    path = os.path.join(self._flags.run.output_dir, name + ".tf_record")
    length = self._flags.data.max_seq_length
    encoder = features.TextEncoder(self._task.tokenizer, length,
                                   self.truncation)
    to_records = _RecordMaker(self._task.head, encoder, self.spec())
    features.log_examples(examples, self._task.head, encoder)
    counter = truncation.TruncationCounter()
    with contextlib.closing(workers.map_ordered(
        to_records, examples, self._flags.speed.num_workers)) as converted:
      records.write_records(path, _count(console.bar(
          converted, len(examples), "Writing %s records" % name), counter))
    counter.log(name, length)
    return path


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
