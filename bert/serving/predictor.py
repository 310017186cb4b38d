"""Answers to texts, by a model that is loaded once and stays."""

import typing
from typing import Dict, List, Optional, Sequence, Tuple, Union

import numpy as np

from bert.common.errors import UserError
from bert.data import features
from bert.data.features import InputExample
from bert.training import estimator
from bert.training import export

Words = List[str]
# A text; a pair of texts; of tagging tasks, its words.
TextInput = Union[str, Tuple[str, str], Words]
_COLUMNS = export.INPUTS + ("word_starts",)


class Answer(typing.NamedTuple):
  """What the model says of a text.

  Attributes:
    labels, scores: those chosen, one for classification, any number for
      multi_label, one a word for tagging; of regression the number, as text
      and as number.
    probabilities: label -> probability of all labels; {} for regression and
      tagging.
    words: of tagging, what the labels are of.
    line: what test_results.tsv would say.
  """
  labels: List[str]
  scores: List[float]
  probabilities: Dict[str, float]
  words: Optional[Words]
  line: str


class Predictor:
  """A model that answers texts; several threads may ask it at once."""

  def __init__(self, export_dir: str, batch_size: int = 32,
               precision: str = "float32"):
    """Loads it.

    Args:
      export_dir: an export, or a folder with exports, of which the newest.
      batch_size: texts that are read together, at most.
      precision: as of run_classifier.py.

    Raises:
      UserError: there is none, or the precision can't be had.
    """
    estimator.check_precision(precision)
    self.folder = export.find(export_dir)
    self.loaded = export.load(self.folder, estimator.session_config(precision))
    self.task = self.loaded.task
    self.head = self.loaded.head
    self._batch_size = batch_size
    self._runs = {name: self._callable(signature) for name, signature in
                  self.loaded.signatures.items()}

  def predict(self, questions: Sequence[TextInput]) -> List[Answer]:
    """Returns an answer to each text.

    Raises:
      UserError: a text is none, or a pair where the task has single texts.
    """
    examples = [self._to_example(each) for each in questions]
    rows = [self._encode(example) for example in examples]
    # Texts of like length waste the least padding.
    order = sorted(range(len(rows)), key=lambda place: rows[place][0])
    answers = [None] * len(rows)
    for start in range(0, len(order), self._batch_size):
      places = order[start:start + self._batch_size]
      outputs = self._answer([rows[place] for place in places])
      for index, place in enumerate(places):
        answers[place] = self._decode(
            {name: values[index] for name, values in outputs.items()},
            examples[place])
    return answers

  def predict_each(self, questions: Sequence[Union[TextInput, UserError]]
                  ) -> List[Union[Answer, UserError]]:
    """Returns an answer to each text, or what is wrong with it.

    Args:
      questions: texts; an error is its own answer.
    """
    found = list(questions)
    good = []
    for place, question in enumerate(questions):
      if isinstance(question, UserError):
        continue
      try:
        self._to_example(question)
        good.append(place)
      except UserError as error:
        found[place] = error
    for place, answer in zip(good, self.predict(
        [questions[place] for place in good])):
      found[place] = answer
    return found

  def run(self, inputs: Dict[str, np.ndarray],
          signature: str = export.DEFAULT_SIGNATURE) -> Dict[str, np.ndarray]:
    """Runs a signature on ids.

    Args:
      inputs: name -> int32 [batch, ...], as the signature has them.
      signature: its name.

    Returns:
      Name -> array.

    Raises:
      UserError: the signature is unknown, or the inputs are not its own.
    """
    if signature not in self._runs:
      raise UserError("signature %r is not known; signatures: %s" % (
          signature, " ".join(sorted(self._runs))))
    names, run = self._runs[signature]
    if set(inputs) != set(names):
      raise UserError("inputs %s; signature %s needs %s" % (
          " ".join(sorted(inputs)) or "are none", signature,
          " ".join(sorted(names))))
    return run(*[inputs[name] for name in names])

  def _callable(self, signature):
    """Returns (names of the inputs, function of their values -> outputs)."""
    graph = self.loaded.session.graph
    names = sorted(signature.inputs)
    feeds = [graph.get_tensor_by_name(signature.inputs[name].name)
             for name in names]
    fetches = {name: graph.get_tensor_by_name(info.name)
               for name, info in signature.outputs.items()}
    return names, self.loaded.session.make_callable(fetches, feeds)

  def _to_example(self, question):
    if isinstance(question, tuple):
      text_a, text_b = question
    else:
      text_a, text_b = question, None
    if self.head.is_per_word:
      if text_b is not None:
        raise UserError("a pair of texts; the task labels the words of one")
      words = text_a if isinstance(text_a, list) else split_words(text_a)
      if not words:
        raise UserError("the text is blank")
      return InputExample("text", words)
    if not isinstance(text_a, str) or not text_a.strip():
      raise UserError("the text is blank")
    if text_b is not None and (not isinstance(text_b, str) or
                               not text_b.strip()):
      raise UserError("the second text is blank")
    return InputExample("text", text_a, text_b)

  def _encode(self, example):
    """Returns (length, columns of ids)."""
    loaded = self.loaded
    made = features.convert_example(
        example, self.head, self.task["max_seq_length"], loaded.tokenizer,
        loaded.reading)
    columns = [made.input_ids, made.input_mask, made.segment_ids]
    if self.head.is_per_word:
      columns.append(made.label_ids)
    shape = (loaded.reading.num_windows, -1)
    arrays = [np.array(column, np.int32).reshape(shape) for column in columns]
    return int(arrays[1].sum(axis=1).max()), arrays

  def _answer(self, rows):
    longest = max(length for length, _ in rows)
    inputs = {}
    for name, arrays in zip(_COLUMNS, zip(*[columns for _, columns in rows])):
      batch = np.stack(arrays)[:, :, :longest]
      inputs[name] = (batch if self.loaded.reading.num_windows > 1 else
                      batch[:, 0])
    if self.head.is_per_word:
      return self.run(inputs, export.WORDS_SIGNATURE)
    outputs = self.run(inputs)
    if "scores" in outputs:
      return {"probabilities": outputs["scores"][:, None]}
    return outputs

  def _decode(self, row, example):
    prediction = self.head.prediction(row, example)
    probabilities = {}
    if not self.head.is_per_word and self.head.labels:
      probabilities = dict(zip(self.head.labels,
                               map(float, row["probabilities"])))
    return Answer(
        list(prediction.labels), [float(score) for score in prediction.scores],
        probabilities, example.text_a if self.head.is_per_word else None,
        self.head.result(row, example))


def split_words(text: str) -> Words:
  """Returns a text's words; Chinese without spaces is read by the character."""
  words = text.split()
  if len(words) == 1 and any("\u3400" <= char <= "\u9fff" for char in text):
    return list(words[0])
  return words
