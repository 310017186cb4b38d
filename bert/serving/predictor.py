"""A trained model that is loaded once, for texts from Python."""

from typing import Dict, List, Sequence, Union

import numpy as np

from bert.common.errors import UserError
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
    return self._predict([self.to_example(each) for each in texts])

  def predict_each(self, texts: Sequence[Union[TextInput, UserError]]
                  ) -> List[Union[TextOutput, UserError]]:
    """Returns the output for each text, or its error.

    Args:
      texts: as in predict; an error is returned unchanged.
    """
    results = [self._example_or_error(each) for each in texts]
    indices = [index for index, each in enumerate(results)
               if not isinstance(each, UserError)]
    outputs = self._predict([results[index] for index in indices])
    for index, output in zip(indices, outputs):
      results[index] = output
    return results

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
    runs = self.loaded.engine.runs
    if signature not in runs:
      raise UserError("signature %r is not known; signatures: %s" % (
          signature, " ".join(sorted(runs))))
    names, run = runs[signature]
    if set(inputs) != set(names):
      raise UserError("inputs %s; signature %s needs %s" % (
          " ".join(sorted(inputs)) or "are none", signature,
          " ".join(sorted(names))))
    outputs = run(*[inputs[name] for name in names])
    try:
      dataset_outputs.check_finite(outputs, "version %s" % exports.version_of(
          self.folder))
    except UserError as error:
      raise ModelError(str(error))
    return outputs

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
    return sum(int(row["input_mask"].sum())
               for row in self.encode(self.to_example(text)))

  def _run_ones(self, name, size, length):
    """Runs a signature on a batch of padding that counts as tokens."""
    inputs = self.loaded.engine.signatures[name].inputs
    self.run({key: np.full(_fill(info.tensor_shape, size, length),
                           int(key == "input_mask"), np.int32)
              for key, info in inputs.items()}, name)

  def _example_or_error(self, text):
    if isinstance(text, UserError):
      return text
    try:
      return self.to_example(text)
    except UserError as error:
      return error

  def _predict(self, examples):
    encoded = [self.encode(example) for example in examples]
    rows = [row for each in encoded for row in each]
    outputs = self.head.merge_rows(
        self._run_all(rows), examples, [len(each) for each in encoded],
        self.loaded.encoder)
    return [self.head.text_output(row, example)
            for row, example in zip(outputs, examples)]

  def _run_all(self, rows):
    """Returns the predictions of records, in their order."""
    lengths = [self._length(row) for row in rows]
    outputs = [None] * len(rows)
    # Batches of similar lengths need the least padding.
    order = sorted(range(len(rows)), key=lengths.__getitem__)
    for start in range(0, len(order), self.batch_size):
      indices = order[start:start + self.batch_size]
      batch = self._run_rows([rows[index] for index in indices],
                             lengths[indices[-1]])
      for number, index in enumerate(indices):
        outputs[index] = {name: values[number]
                          for name, values in batch.items()}
    return outputs

  def _run_rows(self, rows, longest):
    """Returns predictions of records that are run together."""
    inputs = {}
    for name in rows[0]:
      batch = np.stack([row[name] for row in rows])[:, :, :longest]
      inputs[name] = batch if batch.shape[1] > 1 else batch[:, 0]
    return self.head.rows_of(self.run(inputs, self.head.signature))

  def _length(self, row):
    """Returns the number of real tokens in a record's longest sequence."""
    if self.head.reads_padding:
      return row["input_mask"].shape[1]
    return int(row["input_mask"].sum(axis=1).max())


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
