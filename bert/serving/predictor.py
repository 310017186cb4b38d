"""A trained model that is loaded once, for texts from Python."""

import typing
from typing import Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np

from bert.common.errors import UserError
from bert.common.errors import shortened
from bert.data import examples as examples_lib
from bert.data.examples import InputExample
from bert.data.examples import TextInput
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.heads.base import DEFAULT_SIGNATURE
from bert.heads.outputs import TextOutput
from bert.model import dataset_outputs
from bert.serving import exports


# Tokens of the shortest input that warms a model up.
_WARMUP_LENGTH = 16


class ModelError(UserError):
  """The outputs of a model are NaN or infinite: nothing that the one who asked
  could mend. Its line has no path, as clients of a server read it."""


class Record(typing.NamedTuple):
  """Ids that are one row of a batch.

  Attributes:
    inputs: name -> int32 [sequences, max_seq_length] of a text, or [...] of
      ids that came as such.
    length: tokens that are read, without padding.
    signature: what runs them.
    shape: of ids that came as such; None: a text's, padded with its batch.
  """
  inputs: Dict[str, np.ndarray]
  length: int
  signature: str
  shape: Optional[Tuple[int, ...]] = None

  @property
  def kind(self) -> Tuple:
    """What the records of a batch have in common."""
    return self.signature, self.shape


class Converted(typing.NamedTuple):
  """A text as an example, and its records: one, or one for each window."""
  example: InputExample
  records: List[Record]


class Predictor:
  """A trained model; several threads may use it at once.

  Attributes:
    folder: of the export.
    loaded: the export in its engine.
    task, head: task.json and head of the loaded model.
    batch_size: most texts that are run together.
  """

  def __init__(self, export_dir: str, batch_size: int = 32,
               precision: str = "float32", engine: str = "tensorflow"):
    """Loads an export.

    Args:
      export_dir: an export, or a folder with exports, of which the newest is
        used.
      batch_size: most texts that are run together.
      precision: as in run_classifier.py; for the engine onnx, float32 or int8.
      engine: tensorflow, or onnx, which needs an export with ONNX files.

    Raises:
      UserError: there is none, or engine or precision is not available.
    """
    self.folder = exports.find(export_dir)
    self.loaded = exports.load(self.folder, engine, precision)
    self.task = self.loaded.task
    self.head = self.loaded.head
    self.batch_size = batch_size

  def predict(self, texts: Sequence[TextInput]) -> List[TextOutput]:
    """Returns the output for each text.

    Args:
      texts: str; TextPair, or a tuple of two str; Words, or a list of str.

    Raises:
      UserError: a text is blank, or a pair where the task has single texts.
    """
    return self._predict([self.convert(each) for each in texts])

  def predict_each(self, texts: Sequence[Union[TextInput, UserError]]
                  ) -> List[Union[TextOutput, UserError]]:
    """Returns the output for each text, or its error.

    Args:
      texts: as in predict; an error is returned unchanged.
    """
    results = [self._converted_or_error(each) for each in texts]
    indices = [index for index, each in enumerate(results)
               if not isinstance(each, UserError)]
    outputs = self._predict([results[index] for index in indices])
    for index, output in zip(indices, outputs):
      results[index] = output
    return results

  def convert(self, text: TextInput) -> Converted:
    """Returns a text as ids, ready to be run; raises UserError as predict
    does."""
    example = self.to_example(text)
    return Converted(example, [
        Record(inputs, self._length(inputs), self.head.signature)
        for inputs in self.encode(example)])

  def run_records(self, records: Sequence[Record]
                 ) -> List[Union[Dict[str, np.ndarray], UserError]]:
    """Returns the outputs of records of one kind, which are run together; an
    error for one whose outputs are NaN or infinite."""
    signature, is_of_text = records[0].signature, records[0].shape is None
    outputs = self._run_unchecked(
        _batch_of_texts(records) if is_of_text else
        {name: np.stack([record.inputs[name] for record in records])
         for name in records[0].inputs}, signature)
    if is_of_text:
      outputs = self.head.rows_of(outputs)
    rows = [{name: values[index] for name, values in outputs.items()}
            for index in range(len(records))]
    if is_of_text:
      rows = [self.head.without_padding(row, record.length)
              for row, record in zip(rows, records)]
    if self._error_of(outputs):  # Others' records are not to blame.
      rows = [self._error_of(row) or row for row in rows]
    return rows

  def to_outputs(self, converted: Sequence[Converted],
                 rows: Sequence[Dict[str, np.ndarray]]) -> List[TextOutput]:
    """Returns the output for each text, of the outputs of all its records."""
    examples = [each.example for each in converted]
    merged = self.head.merge_rows(
        rows, examples, [len(each.records) for each in converted],
        self.loaded.encoder)
    return [self.head.text_output(row, example)
            for row, example in zip(merged, examples)]

  def to_example(self, text: TextInput) -> InputExample:
    """Returns a text as an example of the model's task."""
    if type(text) is tuple:
      text = TextPair(*text)
    elif isinstance(text, list):
      text = Words(text)
    return self.head.to_example(_whole(text))

  def run(self, inputs: Dict[str, np.ndarray],
          signature: str = DEFAULT_SIGNATURE) -> Dict[str, np.ndarray]:
    """Runs a signature on ids.

    Args:
      inputs: name -> int32 [batch, ...], as in the signature.
      signature: its name.

    Returns:
      Name -> array.

    Raises:
      UserError: the signature is unknown, or the inputs do not fit it.
      ModelError: an output is NaN or infinite.
    """
    self.check_names(inputs, signature)
    outputs = self._run_unchecked(inputs, signature)
    error = self._error_of(outputs)
    if error:
      raise error
    return outputs

  def check_names(self, names: Iterable[str], signature: str) -> None:
    """Raises UserError unless there is a signature of these inputs."""
    runs = self.loaded.engine.runs
    if signature not in runs:
      raise UserError("signature %r is not known; signatures: %s" % (
          shortened(signature), " ".join(sorted(runs))))
    expected, _ = runs[signature]
    if set(names) != set(expected):
      raise UserError("inputs %s; signature %s needs %s" % (
          shortened(" ".join(sorted(names))) or "are none", signature,
          " ".join(sorted(expected))))

  def num_values(self, signature: str, num_rows: int, length: int
                ) -> Dict[str, int]:
    """Returns for each output of a signature, how many numbers it has at most.

    Args:
      signature: its name.
      num_rows: of the batch.
      length: tokens of the longest row, padding included.
    """
    outputs = self.loaded.engine.signatures[signature].outputs
    # Sizes that are not known are of tokens.
    return {name: num_rows * int(np.prod(
        [dim.size if dim.size > 0 else length
         for dim in info.tensor_shape.dim[1:]], dtype=np.int64))
            for name, info in outputs.items()}

  def warm_up(self) -> None:
    """Runs every signature on short and long inputs, alone and in a batch, so
    that memory and kernels are ready for the first texts; raises ModelError if
    an output is NaN or infinite."""
    longest = self.task["max_seq_length"]
    for length in (min(_WARMUP_LENGTH, longest), longest):
      for size in (1, self.batch_size):
        for name in sorted(self.loaded.engine.runs):
          self._run_ones(name, size, length)

  def check_outputs(self) -> None:
    """Runs a short input; raises ModelError if an output is NaN or infinite."""
    self._run_ones(DEFAULT_SIGNATURE, 1, min(
        _WARMUP_LENGTH, self.task["max_seq_length"]))

  def close(self) -> None:
    """Releases the memory of the model, which can't be used after that."""
    self.loaded.engine.close()

  def encode(self, example: InputExample) -> List[Dict[str, np.ndarray]]:
    """Returns the inputs of a text, a dict name -> int32 [sequences, length]
    for each of its records."""
    encoder = self.loaded.encoder
    shape = (self.loaded.num_sequences, -1)
    return [{name: np.array(column, np.int32).reshape(shape)
             for name, column in columns.items()}
            for columns in self.head.serving_columns(example, encoder)]

  @property
  def width(self) -> int:
    """Size of the vectors of an encoder."""
    signature = self.loaded.engine.signatures[self.head.signature]
    return signature.outputs["vector"].tensor_shape.dim[-1].size

  def num_tokens(self, text: TextInput) -> int:
    """Returns the number of tokens of a text after truncation, special ones
    included."""
    return count_tokens(self.convert(text))

  def _run_ones(self, name, size, length):
    """Runs a signature on a batch of padding that counts as tokens."""
    inputs = self.loaded.engine.signatures[name].inputs
    self.run({key: np.full(_fill(info.tensor_shape, size, length),
                           int(key == "input_mask"), np.int32)
              for key, info in inputs.items()}, name)

  def _converted_or_error(self, text):
    if isinstance(text, UserError):
      return text
    try:
      return self.convert(text)
    except UserError as error:
      return error

  def _predict(self, converted):
    records = [record for each in converted for record in each.records]
    rows = [None] * len(records)
    # Batches of similar lengths need the least padding.
    order = sorted(range(len(records)),
                   key=lambda index: records[index].length)
    for start in range(0, len(order), self.batch_size):
      indices = order[start:start + self.batch_size]
      outputs = self.run_records([records[index] for index in indices])
      for index, row in zip(indices, outputs):
        if isinstance(row, UserError):
          raise row
        rows[index] = row
    return self.to_outputs(converted, rows)

  def _run_unchecked(self, inputs, signature):
    names, run = self.loaded.engine.runs[signature]
    return run(*[inputs[name] for name in names])

  def _error_of(self, outputs):
    """Returns the error of outputs that are NaN or infinite, else None."""
    try:
      dataset_outputs.check_finite(outputs, "version %s" % exports.version_of(
          self.folder))
    except UserError as error:
      return ModelError(str(error))
    return None

  def _length(self, inputs):
    """Returns the number of real tokens in a record's longest sequence."""
    if self.head.reads_padding:
      return inputs["input_mask"].shape[1]
    return int(inputs["input_mask"].sum(axis=1).max())


def count_tokens(converted: Converted) -> int:
  """Returns the number of tokens of a text after truncation, special ones
  included."""
  return sum(int(record.inputs["input_mask"].sum())
             for record in converted.records)


def _batch_of_texts(records):
  """Returns the inputs of texts' records, padded to the longest one."""
  longest = max(record.length for record in records)
  inputs = {}
  for name in records[0].inputs:
    batch = np.stack([record.inputs[name][:, :longest] for record in records])
    inputs[name] = batch if batch.shape[1] > 1 else batch[:, 0]
  return inputs


def _whole(text):
  """Returns an input whose texts could be in a file of UTF-8."""
  if isinstance(text, str):
    return examples_lib.whole(text)
  if isinstance(text, Words):
    return Words(map(_whole, text))
  if isinstance(text, (tuple, list)):
    parts = list(map(_whole, text))
    return type(text)(*parts) if isinstance(text, tuple) else parts
  return text


def _fill(shape, size, length):
  """Returns a signature's shape with its first and last size filled in."""
  sizes = [dim.size for dim in shape.dim]
  return [size] + sizes[1:-1] + [length]
