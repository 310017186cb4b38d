"""Post-processing of a head's outputs: scores, files, reports, responses.

The half of a head that needs no graph: it sees rows, a name -> array for each
example.
"""

import os
import typing
from typing import Any, Callable, Dict, Iterable, Iterator, List, Optional
from typing import Sequence, Union

import numpy as np

from bert.common.errors import UserError
from bert.data.examples import Choices
from bert.data.examples import InputExample
from bert.data.examples import TextInput
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.data.examples import is_text
from bert.data.features import TextEncoder
from bert.evaluation import plots
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction

Row = Dict[str, np.ndarray]


class Prediction(typing.NamedTuple):
  """The labels predicted for an example, as in test_predictions.tsv."""
  labels: List[str]
  scores: List[float]


class TextOutput(typing.NamedTuple):
  """The output of a trained model for a text.

  Attributes:
    labels, scores: what is predicted: one label for classification, any number
      for multi_label, one per word for tagging; for regression the number, as
      text and as number.
    probabilities: label -> probability of all labels; {} for regression and
      tagging.
    words: of tagging, those that the labels are for.
    line: the line of test_results.tsv.
    answers: of span, a JSON object for each answer, the best one first.
    vector: of an encoder, float32 [width].
  """
  labels: List[str]
  scores: List[float]
  probabilities: Dict[str, float]
  words: Optional[List[str]]
  line: str
  answers: Sequence[Dict[str, Any]] = ()
  vector: Optional[np.ndarray] = None


class HeadOutputs:
  """What a head makes of its outputs, without a graph.

  Attributes:
    input_names: names of an input's texts, in JSON and on the page.
    takes_lines: whether the page takes several texts, one per line.
    report_library: the library that eval_report.txt needs, with whatever that
      library installs; None: there is no report.
    takes_pairs: whether a text may be a pair of texts.
    is_of_pairs: whether the model is known to be trained on pairs.
    file_titles: name of a file of predictions -> what the log calls it.
    files_by_id: files that name results by the examples' guids, which must
      therefore be unique in a dev or test set.
    hugging_face_class, hugging_face_problem: Hugging Face's class of such a
      model, and how it names the loss; None: there is none.
  """
  labels = []  # type: List[str]
  files_by_id = ()  # type: Sequence[str]
  report_library = None  # type: Optional[str]
  takes_pairs = True
  is_of_pairs = False
  file_titles = {}  # type: Dict[str, str]
  input_names = ("text_a", "text_b")
  takes_lines = False
  hugging_face_class = None  # type: Optional[str]
  hugging_face_problem = None  # type: Optional[str]

  def eval_prediction(self, rows: Dict[str, np.ndarray],
                      examples: Sequence[InputExample]) -> EvalPrediction:
    """Returns what metrics take.

    Args:
      rows: of a whole dataset in its order: predictions and label fields.
      examples: the dataset.
    """
    raise NotImplementedError()

  def merge_rows(self, rows: Sequence[Row], examples: Sequence[InputExample],
                 counts: Sequence[int], encoder: TextEncoder) -> Sequence[Row]:
    """Returns a row per example.

    Args:
      rows: of all records of a dataset, in their order.
      examples: the dataset.
      counts: how many records each example has.
      encoder: that the records were made by.
    """
    del examples, counts, encoder
    return rows

  def prediction(self, row: Row, example: InputExample) -> Prediction:
    """Returns the labels predicted for an example, with their scores."""
    raise NotImplementedError()

  def result(self, row: Row, example: InputExample) -> str:
    """Returns an example's line of test_results.tsv."""
    del example
    return "\t".join(map(str, row["probabilities"]))

  def prediction_files(self, examples: Sequence[InputExample],
                       predictions: Sequence[Prediction]
                      ) -> Dict[str, Iterable[str]]:
    """Returns file name -> lines, of files beside test_results.tsv."""
    return {"test_predictions.tsv": _prediction_lines(examples, predictions)}

  def output_files(self, examples: Sequence[InputExample], rows: Sequence[Row]
                  ) -> Dict[str, Iterable[str]]:
    """Returns file name -> lines, of files with more of the outputs."""
    del examples, rows
    return {}

  def aggregate_metrics(self, predictions: EvalPrediction) -> Dict[str, float]:
    """Returns `eval_<key>` -> number of the metrics that batches report, for
    the mean predictions of several models."""
    del predictions
    return {}

  def write_evaluation(self, folder: str, examples: Sequence[InputExample],
                       predictions: EvalPrediction,
                       step: Optional[int] = None) -> None:
    """Writes the report, the list of errors and the pictures.

    Args:
      folder: path.
      examples: the dataset, in the order of the predictions.
      predictions: of the dataset.
      step: the checkpoint's, for TensorBoard's events in folder/eval; None: no
        events.
    """
    pictures = plots.write(folder, self.labels, self.drawings(predictions))
    if step is not None:
      self.write_summaries(os.path.join(folder, "eval"), step, predictions,
                           pictures)
    self.write_report(folder, examples, predictions)

  def write_report(self, folder: str, examples: Sequence[InputExample],
                   predictions: EvalPrediction) -> None:
    """Writes eval_report.txt and eval_errors.tsv; arguments as of
    write_evaluation."""
    if self.report_library and reports.can_write(self.report_library,
                                                 predictions):
      reports.write_report(folder, self.report(predictions))
      reports.write_errors(folder, examples, self.errors(predictions))

  def report(self, predictions: EvalPrediction) -> Iterator[str]:
    """Yields the lines of eval_report.txt."""
    raise NotImplementedError()

  def errors(self, predictions: EvalPrediction
            ) -> Iterator[reports.ErrorRow]:
    """Yields the examples that are predicted wrongly, in their order."""
    raise NotImplementedError()

  def drawings(self, predictions: EvalPrediction) -> Dict[str, Callable]:
    """Returns file name -> function of plots.Names that returns a figure."""
    del predictions
    return {}

  def write_summaries(self, folder: str, step: int, predictions: EvalPrediction,
                      pictures: Dict[str, bytes]) -> None:
    """Adds what TensorBoard can show to a folder's events."""
    del folder, step, predictions, pictures

  def stratify_by(self, examples: Sequence[InputExample]
                 ) -> Optional[Sequence[Any]]:
    """Returns a class per example, whose shares are the same in all folds;
    None: folds are drawn without regard to classes."""
    del examples
    return None

  def check_averaging(self) -> None:
    """Raises UserError if outputs of several models have no mean."""

  def average(self, rows: Sequence[Row]) -> Row:
    """Returns the mean of several models' outputs for one example."""
    return {name: np.mean([row[name] for row in rows], axis=0)
            for name in rows[0]}

  def needs_pairs(self) -> bool:
    """Whether a text must be a pair of texts."""
    return False

  def text_facts(self, examples: Iterable[InputExample]) -> Dict[str, Any]:
    """Returns what task.json records of the texts that a model is trained on,
    by name; None as value: unknown.

    Args:
      examples: of a dataset; they are iterated over once.
    """
    has_pairs = None
    for example in examples:
      has_pairs = example.text_b is not None
      if has_pairs:
        break
    return {"has_pairs": has_pairs}

  def to_example(self, text_input: TextInput) -> InputExample:
    """Returns the example for an input of a user; raises UserError.

    A second text may be blank, as it may be in a dataset.
    """
    if isinstance(text_input, Words):
      raise UserError('"words", which the task does not read; give the text as '
                      "a whole")
    if isinstance(text_input, Choices):
      raise UserError('"choices", which the task does not read')
    pair = text_input if isinstance(text_input, TextPair) else TextPair(
        text_input, None)
    if not is_text(pair.text_a):
      raise UserError("the text is blank")
    if pair.text_b is not None and not self.takes_pairs:
      raise UserError("a pair of texts; the model was trained on single ones")
    if pair.text_b is None and self.needs_pairs():
      raise UserError("a single text; the model was trained on pairs: %s and "
                      "%s" % self.input_names)
    # A training set of pairs may have single texts, so these are allowed; one
    # with the separator in it is a pair that was written wrongly.
    if pair.text_b is None and self.is_of_pairs and "|||" in pair.text_a:
      raise UserError(_SEPARATOR_IN_ONE % (2 * self.input_names))
    if not isinstance(pair.text_b, (str, type(None))):
      raise UserError("the second text is no text")
    return InputExample("text", *pair)

  def sample_input(self, example: InputExample
                   ) -> Optional[Dict[str, Union[str, List[str]]]]:
    """Returns an example in the form of a request; None where it has none, as
    with word pieces."""
    sample = dict(zip(self.input_names, (example.text_a, example.text_b)))
    if not isinstance(example.text_a, str):
      return None
    return {name: text for name, text in sample.items() if text is not None}

  def rows_of(self, outputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """Returns the predictions [batch, ...] in the outputs of an export's
    signature."""
    return outputs

  def without_padding(self, row: Row, num_tokens: int) -> Row:
    """Returns the outputs of a text's record, without those of the padding that
    it has in a batch; num_tokens are of the record's longest sequence."""
    del num_tokens
    return row

  def text_output(self, row: Row, example: InputExample) -> TextOutput:
    """Returns the output for one text."""
    prediction = self.prediction(row, example)
    return TextOutput(
        list(prediction.labels), [float(score) for score in prediction.scores],
        self.label_probabilities(row), None, self.result(row, example))

  def label_probabilities(self, row: Row) -> Dict[str, float]:
    """Returns label -> probability."""
    return dict(zip(self.labels, map(float, row["probabilities"])))

  def to_json(self, output: TextOutput) -> Dict[str, Any]:
    """Returns an output as a JSON object."""
    return {"probabilities": output.probabilities, "labels": output.labels,
            "scores": output.scores}

  def to_line(self, output: TextOutput) -> str:
    """Returns an output as `labels TAB scores`."""
    return "%s\t%s" % (" ".join(output.labels),
                       " ".join("%.6f" % score for score in output.scores))


# A line of text, for one text that holds the separator of two.
_SEPARATOR_IN_ONE = (
    "a single text with ||| in it; the model was trained on pairs: as a line "
    "%s ||| %s, with a blank on each side; as JSON {\"%s\": ..., "
    "\"%s\": ...}; in Python a tuple of two")


def _prediction_lines(examples, predictions):
  yield "guid\tprediction\tscore"
  for example, prediction in zip(examples, predictions):
    yield "%s\t%s\t%s" % (example.guid, " ".join(prediction.labels),
                          " ".join(map(str, prediction.scores)))
