"""A run's datasets: written to record files, read again by input_fns."""

import array
import contextlib
import functools
import typing
from typing import Callable, ContextManager, Dict, List, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import workers
from bert.common.errors import MachineError
from bert.data import features
from bert.data import input_fns
from bert.data import record_check
from bert.data import record_encoder
from bert.data import records
from bert.data import truncation
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.heads.base import Head
from bert.model import distribution
from bert.model import model_settings
from bert.model.output_rows import Row
from bert.options.finetuning import FineTuningFlags
from bert.training.output_folder import OutputFolder
from bert.training.task import Task


class RecordFile(typing.NamedTuple):
  """A dataset as records.

  Attributes:
    path: of the file.
    examples: the dataset.
    encoder: what its texts were encoded with.
    counts: how many records each example has; a head may make several of an
      example, or one of several.
    num_padding: records without weight that follow them.
  """
  path: str
  examples: Sequence[InputExample]
  encoder: features.TextEncoder
  counts: Sequence[int]
  num_padding: int

  @property
  def num_records(self) -> int:
    """How many of them are of examples."""
    return sum(self.counts)

  def merge(self, head: Head, rows: Sequence[Row]) -> Sequence[Row]:
    """Returns a row per example of a head's outputs, one per record."""
    return head.merge_rows(rows, self.examples, self.counts, self.encoder)

  def num_batches(self, batch_size: int) -> int:
    """Returns how many batches all of it makes."""
    return -(-(self.num_records + self.num_padding) // batch_size)


class Datasets:
  """Writes the datasets of a task to a run's folder.

  Attributes:
    batch_sizes: examples a step, by train, eval and predict.
  """

  def __init__(self, flags: FineTuningFlags, task: Task, folder: OutputFolder):
    self._flags = flags
    self._task = task
    self._folder = folder
    self._encoder = features.TextEncoder(
        task.tokenizer, flags.data.max_seq_length,
        truncation.TruncationSettings.from_options(flags.data),
        task.encoder.layout)
    self._is_static = flags.tpu.use_tpu or task.head.reads_padding
    self.batch_sizes = {"train": flags.training.train_batch_size,
                        "eval": flags.training.eval_batch_size,
                        "predict": flags.training.predict_batch_size}
    # Path -> spec of what was written.
    self._written = {}  # type: Dict[str, Dict[str, records.Field]]

  def in_use(self) -> ContextManager[None]:
    """Raises MachineError where the block ends because a file is no longer as
    it was written."""
    return record_check.explaining(
        self._written, MachineError, "; it was changed while it was in use, "
        "give the same command again")

  def spec(self, is_labelled: bool = True) -> Dict[str, records.Field]:
    """Returns name -> Field of the records of datasets with or without labels.
    """
    data = self._flags.data
    return self._task.head.record_spec(data.max_seq_length, data.num_windows,
                                       is_labelled)

  def write_to_train(self, examples: Sequence[InputExample], done: int,
                     seed: int) -> Tuple[Callable, List[str]]:
    """Writes the training set; returns its input_fn, and lines on its size.

    Args:
      examples: the dataset.
      done: steps made before; the input_fn goes on from there.
      seed: of the order.
    """
    file = self.write("train", examples)
    shuffle = input_fns.Shuffle(
        seed, done * self.batch_sizes["train"],
        0 if self._flags.tpu.use_tpu else file.num_records,
        self._flags.speed.bucket_by_length)
    return input_fns.training_input_fn(
        file.path, self.spec(), shuffle, self._is_static
    ), self._task.head.size_lines(len(examples), file.num_records)

  def write_to_evaluate(self, examples: Sequence[InputExample]
                       ) -> Tuple[Callable, RecordFile]:
    """Writes the dev set; returns its input_fn and the file."""
    file = self.write("eval", examples)
    return self._ordered(file, self.spec()), file

  def write_to_predict(self, examples: Sequence[InputExample]
                      ) -> Tuple[Callable, RecordFile]:
    """Does the same for the test set, which is read by length."""
    file = self.write("predict", examples)
    spec = self.spec(is_labelled=False)
    if self._is_static:
      return self._ordered(file, spec), file
    return input_fns.by_length_input_fn(file.path, spec), file

  def _ordered(self, file, spec):
    return input_fns.ordered_input_fn(file.path, spec, self._is_static,
                                      drop_remainder=self._flags.tpu.use_tpu)

  def log(self, name: str, file: RecordFile, checkpoint: str) -> None:
    """Logs what is done with the dataset eval or predict."""
    head = self._task.head
    tf.logging.info(head.log_headings[name])
    for line in head.size_lines(len(file.counts), file.num_records,
                                file.num_padding):
      tf.logging.info("  %s", line)
    tf.logging.info("  Batch size = %d", self.batch_sizes[name])
    tf.logging.info("  Checkpoint = %s", checkpoint)

  def write(self, name: str, examples: Sequence[InputExample]) -> RecordFile:
    """Writes a dataset's record file, with a bar, once on each machine.

    On a TPU, which needs whole batches, padding fills the dev and test set up.
    """
    path, counts, num_padding = distribution.workers().of_machine(
        functools.partial(self._write, name, examples))
    self._written[path] = self.spec(is_labelled=name != "predict")
    return RecordFile(path, examples, self._encoder, counts, num_padding)

  def _write(self, name, examples):
    """Returns (path, records of each example, records of padding)."""
    head = self._task.head
    path = self._folder.record_path(head.record_names.get(name, name))
    head.log_examples(examples, self._encoder)
    counts = array.array("I")
    counter = truncation.TruncationCounter()
    with contextlib.closing(self._serialize(
        name, examples, counts, counter)) as serialized:
      num_all = records.write_records(path, head.number_records(serialized))
    counter.log(name, head.truncated_by,
                model_settings.find(self._flags, head.truncated_by))
    return path, counts, num_all - sum(counts)

  def _serialize(self, name, examples, counts, counter):
    """Yields the records of a dataset, and padding up to a whole batch.

    Args:
      name, examples: of the dataset.
      counts: how many records each example has is appended to it.
      counter: gets what was truncated.
    """
    to_records = RecordMaker(self._task.head, self._encoder,
                             self.spec(is_labelled=name != "predict"))
    with contextlib.closing(workers.map_ordered(
        to_records, examples, self._flags.speed.num_workers)) as converted:
      for serialized, stats in console.bar(converted, len(examples),
                                           "Writing %s records" % name):
        counter.add(stats)
        counts.append(len(serialized))
        yield from serialized
    if self._flags.tpu.use_tpu and name != "train":
      for _ in range(-sum(counts) % self.batch_sizes[name]):
        yield to_records.padding()


class RecordMaker:
  """Makes records of an example, in any process."""

  def __init__(self, head, encoder, spec):
    self._head = head
    self._encoder = encoder
    self._names = list(spec)
    self._record_encoder = record_encoder.RecordEncoder(spec)

  def __call__(self, example):
    """Returns (serialized records, TruncationStats)."""
    rows, stats = self._head.to_features(example, self._encoder)
    return [self._record_encoder.encode([row[name] for name in self._names])
            for row in rows], stats

  def padding(self):
    """Returns the record of a padding example."""
    (serialized,), _ = self(PaddingInputExample())
    return serialized
