"""A run's sets: written to record files, read again by its input_fns."""

import contextlib
import os
from typing import Callable, Dict, Optional, Tuple

import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import workers
from bert.data import features
from bert.data import records
from bert.training.task import Flags
from bert.training.task import Task


class Sets:
  """Writes the sets of a task to a run's folder.

  Attributes:
    reading: what of long texts is read.
    batch_sizes: examples a step, by train, eval and predict.
  """

  def __init__(self, flags: Flags, task: Task):
    """Takes what the run is told to do, and the task."""
    self._flags = flags
    self._task = task
    self.reading = features.Reading(
        flags.data.truncation, flags.data.head_tokens, flags.data.num_windows,
        flags.data.window_stride)
    self.batch_sizes = {"train": flags.training.train_batch_size,
                        "eval": flags.training.eval_batch_size,
                        "predict": flags.training.predict_batch_size}

  def spec(self) -> Dict[str, records.Field]:
    """Returns name -> Field of the sets' records."""
    length = self._flags.data.max_seq_length
    return records.feature_spec(self._task.head.label_field(length), length,
                                self.reading.num_windows)

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
    input_fn = self.write("train", examples, records.Shuffle(
        seed, done * batch_size,
        num_grouped=len(examples) if self._flags.speed.bucket_by_length else 0))
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
    padded = examples + [features.PaddingInputExample()] * missing
    input_fn = self.write(name, padded, records.BY_LENGTH if (
        name == "predict" and not use_tpu) else None)
    tf.logging.info(heading)
    tf.logging.info("  Num examples = %d (%d actual, %d padding)", len(padded),
                    len(examples), missing)
    tf.logging.info("  Batch size = %d", size)
    tf.logging.info("  Checkpoint = %s", checkpoint)
    return input_fn, -(-len(padded) // size)

  def write(self, name: str, examples: list,
            order: Optional[object] = None) -> Callable:
    """Writes a set's record file, with a bar; returns the input_fn over it.

    Args:
      name: of the set and the file.
      examples: the set.
      order: as of records.make_input_fn.
    """
    path = os.path.join(self._flags.run.output_dir, name + ".tf_record")
    head, tokenizer = self._task.head, self._task.tokenizer
    length = self._flags.data.max_seq_length
    spec = self.spec()
    serialize = records.make_serializer(spec)
    cuts = features.CutCount()

    def convert(example):
      converted, cut = features.convert(example, head, length, tokenizer,
                                        self.reading)
      return serialize(converted), cut

    features.log_examples(examples, head, length, tokenizer, self.reading)
    with contextlib.closing(workers.map_ordered(
        convert, examples, self._flags.speed.num_workers)) as converted:
      records.write_records(path, console.bar(
          map(cuts.count, converted), len(examples),
          "Writing %s records" % name))
    cuts.log(name, length)
    return records.make_input_fn(path, spec, order, self._flags.tpu.use_tpu)
