"""A predictor at a prompt and in a pipe."""

import queue
import threading
from typing import BinaryIO, List, TextIO

from bert.common.errors import UserError
from bert.serving import formats
from bert.serving.predictor import Predictor

_END = object()
# Lines that are read ahead.
_MAX_AHEAD = 1024


def prompt(predictor: Predictor) -> None:
  """Asks for a text and shows the answer, until Ctrl-D."""
  try:
    import readline  # pylint: disable=unused-import
  except ImportError:  # Only lines can't be edited then.
    pass
  print("A text, or text_a ||| text_b. Ctrl-D ends.")
  while True:
    try:
      line = input("> ")
    except EOFError:
      print()
      return
    if not line.strip():
      continue
    try:
      (answer,) = predictor.predict([formats.of_line(line)])
    except UserError as error:
      print("error: %s" % error)
      continue
    print(predictor.head.to_line(answer))


def run(predictor: Predictor, wanted, source: BinaryIO,
        target: TextIO) -> None:
  """Answers each line, in order, as soon as it has come.

  What has come meanwhile is read together. A line that is no question is
  answered with an error.

  Args:
    predictor: what answers.
    wanted: PredictorOptions.
    source: lines of UTF-8.
    target: where the answers go.
  """
  lines = queue.Queue(_MAX_AHEAD)

  def read():
    for line in source:
      lines.put(line)
    lines.put(_END)

  threading.Thread(target=read, daemon=True).start()
  is_open = True
  while is_open:
    batch = [lines.get()]
    while batch[-1] is not _END and len(batch) < wanted.batch_size:
      try:
        batch.append(lines.get_nowait())
      except queue.Empty:
        break
    if batch[-1] is _END:
      is_open = False
      batch.pop()
    for text in _answer(predictor, wanted, batch):
      target.write(text + "\n")
    target.flush()


def _answer(predictor, wanted, batch) -> List[str]:
  """Returns the lines that answer lines."""
  parse = (formats.of_json if wanted.input_format == "jsonl" else
           formats.of_line)
  asked = []
  for line in batch:
    try:
      text = line.decode("utf-8-sig").rstrip("\r\n")
      asked.append(parse(text))
    except (UnicodeDecodeError, UserError) as error:
      asked.append(UserError(str(error)))
  return [_show(answer, predictor.head, wanted)
          for answer in predictor.predict_each(asked)]


def _show(answer, head, wanted):
  is_json = wanted.output_format == "jsonl"
  if isinstance(answer, UserError):
    return formats.error_line(str(answer), is_json)
  return formats.to_json(answer, head) if is_json else head.to_line(answer)
