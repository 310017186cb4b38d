"""A run's datasets: written to record files, read again by input_fns."""

import array
import contextlib
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
from bert.model import distribution
from bert.model import model_settings
from bert.options.finetuning import FineTuningFlags
from bert.training.output_folder import OutputFolder
from bert.training.task import Task


class RecordFile(typing.NamedTuple):
  """A dataset as records.

  Attributes:
    path: of the file.
    num_records: real ones; a head may make several of an example, or one of
      several.
    num_padding: records without weight that follow them.
    counts: how many records each example has.
  """
  path: str
  num_records: int
  num_padding: int
  counts: Sequence[int] = ()

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

  def merging(self, examples: Sequence[InputExample],
              file: RecordFile) -> Tuple:
    """Returns what a head needs to make one of the outputs for the records of
    an example."""
    return examples, file.counts, self._encoder

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
    file = distribution.workers().of_machine(
        lambda: self._write(name, examples))
    self._written[file.path] = self.spec(is_labelled=name != "predict")
    return file

  def _write(self, name, examples):
    head = self._task.head
    path = self._folder.record_path(head.record_names.get(name, name))
    to_records = RecordMaker(head, self._encoder,
                             self.spec(is_labelled=name != "predict"))
    head.log_examples(examples, self._encoder)
    counter = truncation.TruncationCounter()
    with contextlib.closing(workers.map_ordered(
        to_records, examples, self._flags.speed.num_workers)) as converted:
      serialized = _Counted(console.bar(
          converted, len(examples), "Writing %s records" % name), counter)
      is_padded = self._flags.tpu.use_tpu and name != "train"
      num_all = records.write_records(path, head.number_records(
          serialized.padded(self.batch_sizes[name] if is_padded else 1,
                            to_records.padding())))
    counter.log(name, head.truncated_by,
                model_settings.find(self._flags, head.truncated_by))
    num_records = sum(serialized.counts)
    return RecordFile(path, num_records, num_all - num_records,
                      serialized.counts)


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


class _Counted:
  """Passes records on and counts them, and what was truncated."""

  def __init__(self, converted, counter):
    self._converted = converted
    self._counter = counter
    # How many records each example has.
    self.counts = array.array("I")

  def padded(self, batch_size, padding):
    """Yields the records, and padding up to a whole batch."""
    for serialized, stats in self._converted:
      self._counter.add(stats)
      self.counts.append(len(serialized))
      yield from serialized
    for _ in range(-sum(self.counts) % batch_size):
      yield padding
