"""A predictor at a prompt and in a pipe."""

import codecs
import queue
import threading
from typing import BinaryIO, List, TextIO

from bert.common.errors import UserError
from bert.serving import encoder
from bert.serving import formats
from bert.serving.predictor import Predictor

_END = object()
# Number of lines that are read ahead.
_MAX_AHEAD = 1024


def prompt(predictor: Predictor) -> None:
  """Reads a text and shows the output, until Ctrl-D."""
  try:
    import readline  # pylint: disable=unused-import
  except ImportError:  # Without it, only editing of lines is missing.
    pass
  names = predictor.head.input_names
  print("%s ||| %s. Ctrl-D ends." % names if predictor.head.needs_pairs() else
        "A text, or %s ||| %s. Ctrl-D ends." % names)
  while True:
    try:
      line = input("> ")
    except EOFError:
      print()
      return
    if not line.strip():
      continue
    try:
      (output,) = predictor.predict([_of_line(line, predictor)])
    except UserError as error:
      print("error: %s" % error)
      continue
    print(predictor.head.to_line(output))


def run(predictor: Predictor, options, source: BinaryIO,
        target: TextIO) -> None:
  """Writes the output for each line, in order, as soon as it is read.

  Lines that are available are run together. For an invalid line, an error is
  written.

  Args:
    predictor: the model.
    options: PredictorOptions.
    source: lines of UTF-8.
    target: of the outputs.

  Raises:
    UserError: the lines can't be read; outputs of those before are written.
  """
  reader = _Reader(source)
  while not reader.is_over:
    for text in _outputs(predictor, options,
                         reader.next_lines(options.batch_size)):
      target.write(text + "\n")
    target.flush()
  reader.check()


class _Reader:
  """Lines that a thread reads ahead.

  Attributes:
    is_over: whether there are no more.
  """

  def __init__(self, source: BinaryIO):
    self.is_over = False
    self._error = None
    self._lines = queue.Queue(_MAX_AHEAD)
    threading.Thread(target=self._read, args=(source,), daemon=True).start()

  def next_lines(self, most: int) -> List[bytes]:
    """Returns the lines that are there, at most so many; waits for one."""
    batch = [self._lines.get()]
    while batch[-1] is not _END and len(batch) < most:
      try:
        batch.append(self._lines.get_nowait())
      except queue.Empty:
        break
    if batch[-1] is _END:
      self.is_over = True
      batch.pop()
    return batch

  def check(self) -> None:
    """Raises UserError where the lines ended with an error."""
    if self._error is not None:
      raise UserError("standard input can't be read: %s" % self._error)

  def _read(self, source):
    try:
      for number, line in enumerate(source):
        is_marked = not number and line.startswith(codecs.BOM_UTF8)
        self._lines.put(line[len(codecs.BOM_UTF8):] if is_marked else line)
    except OSError as error:  # As of a folder, `< data`.
      self._error = error.strerror or error
    self._lines.put(_END)


def _outputs(predictor, options, batch) -> List[str]:
  """Returns the lines of output for lines of input."""
  names = predictor.head.input_names
  texts = []
  for line in batch:
    try:
      text = line.decode("utf-8").rstrip("\r\n")
      texts.append(formats.of_json(text, names) if (
          options.input_format == "jsonl") else _of_line(text, predictor))
    except (UnicodeDecodeError, UserError) as error:
      texts.append(UserError(str(error)))
  return [_show(output, predictor.head, options)
          for output in predictor.predict_each(texts)]


def _of_line(line, predictor):
  # An encoder reads lines like extract_features.py.
  return formats.of_line(line, predictor.head.input_names,
                         not encoder.is_encoder(predictor))


def _show(output, head, options):
  is_json = options.output_format == "jsonl"
  if isinstance(output, UserError):
    return formats.error_line(str(output), is_json)
  return formats.to_json(output, head) if is_json else head.to_line(output)
