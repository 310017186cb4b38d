"""The names that programs import from the reference release's run_squad.

The command of that name is one folder up.
"""

# pylint: disable=wrong-import-position
if __package__:
  from bert import old_imports
else:  # This folder is on the path, the one above it may not be.
  import old_imports
old_imports.prepare(__name__, __file__)

import collections
import contextlib
import itertools
import typing
from typing import List, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import optimization
from bert import tokenization
from bert.common import files
from bert.common.errors import UserError
from bert.data import answer_positions
from bert.data import contexts
from bert.data import input_fns
from bert.data import record_encoder
from bert.data import records
from bert.data.examples import InputExample
from bert.data.span_reader import SpanReader
from bert.data.span_reader import SpanSettings
from bert.encoders.bert import Bert
from bert.evaluation import answer_files
from bert.evaluation import answer_text
from bert.evaluation import answers as answers_lib
from bert.heads.graph_head import GraphHead
from bert.heads.span import SpanGraph
from bert.model.model_function import Model
from bert.model.model_function import TrainingSettings
from processors import squad

__all__ = [
    "FeatureWriter", "InputFeatures", "RawResult", "SquadExample",
    "_check_is_max_context", "_compute_softmax", "_get_best_indexes",
    "_improve_answer_span", "convert_examples_to_features", "create_model",
    "get_final_text", "input_fn_builder", "model_fn_builder", "modeling",
    "optimization", "read_squad_examples", "tokenization", "write_predictions"]

_LENGTH_FIELDS = ("input_ids", "input_mask", "segment_ids")
_LABEL_FIELDS = ("start_positions", "end_positions")


class SquadExample:
  """A question with its context in words.

  Attributes:
    qas_id: of the question.
    question_text: str.
    doc_tokens: list of str, the words.
    orig_answer_text: the annotated answer; "" where there is none; None where
      nothing is said of it, as in a file to predict.
    start_position, end_position: numbers of the answer's first and last word;
      -1 where there is none.
    is_impossible: whether the context has no answer.
  """

  def __init__(self, qas_id, question_text, doc_tokens, orig_answer_text=None,
               start_position=None, end_position=None, is_impossible=False):
    self.qas_id = qas_id
    self.question_text = question_text
    self.doc_tokens = doc_tokens
    self.orig_answer_text = orig_answer_text
    self.start_position = start_position
    self.end_position = end_position
    self.is_impossible = is_impossible

  def __repr__(self):
    return "SquadExample(%s)" % ", ".join(
        "%s=%r" % pair for pair in vars(self).items())


class InputFeatures:
  """A window of a context, with its question, as ids.

  Attributes:
    unique_id: of the window.
    example_index: number of the question.
    doc_span_index: number of the window in its context.
    tokens: list of str, padding left out.
    token_to_orig_map: position of a piece of the context -> number of its word.
    token_is_max_context: the same position -> whether it is scored by this
      window.
    input_ids, input_mask, segment_ids: max_seq_length numbers each.
    start_position, end_position: of the answer in tokens; 0 where this window
      does not have it; None in features to predict by.
    is_impossible: as of the example.
  """

  def __init__(self, unique_id, example_index, doc_span_index, tokens,
               token_to_orig_map, token_is_max_context, input_ids, input_mask,
               segment_ids, start_position=None, end_position=None,
               is_impossible=None):
    self.unique_id = unique_id
    self.example_index = example_index
    self.doc_span_index = doc_span_index
    self.tokens = tokens
    self.token_to_orig_map = token_to_orig_map
    self.token_is_max_context = token_is_max_context
    self.input_ids = input_ids
    self.input_mask = input_mask
    self.segment_ids = segment_ids
    self.start_position = start_position
    self.end_position = end_position
    self.is_impossible = is_impossible


class RawResult(typing.NamedTuple):
  """The logits of a window: unique_id of its features, a number a token each.
  """
  unique_id: int
  start_logits: List[float]
  end_logits: List[float]


def read_squad_examples(input_file, is_training,
                        version_2_with_negative: Optional[bool] = None):
  """Returns the SquadExamples of a JSON file.

  Args:
    input_file: its path.
    is_training: whether answers are read; questions whose answers are not found
      in their contexts are then left out, counted in the log.
    version_2_with_negative: whether is_impossible says that a question has no
      answer; None: by the program's own flag of that name, else not.

  Raises:
    UserError: it is no such file; names the question or the paragraph.
  """
  may_be_none = _setting("version_2_with_negative", version_2_with_negative,
                         False)
  reader = SpanReader(None, SpanSettings(0))
  if not is_training:
    return [SquadExample(each.guid, each.text_a,
                         reader.split(each.text_b).words)
            for each in squad.read_questions(input_file, "input_file",
                                             may_be_none)]
  return [_to_example(each, reader) for each in answer_positions.usable(
      squad.read_training(input_file, "input_file", may_be_none), reader)]


def _to_example(example, reader):
  """Returns the SquadExample of a question whose answer is in its context."""
  context = reader.split(example.text_b)
  if not example.label:
    return SquadExample(example.guid, example.text_a, context.words, "", -1, -1,
                        True)
  (annotation,) = example.label
  start = reader.locate(example.text_b, context, annotation)
  return SquadExample(
      example.guid, example.text_a, context.words, annotation.text,
      *contexts.find_answer(context, annotation.text, start))


def convert_examples_to_features(examples, tokenizer, max_seq_length,
                                 doc_stride, max_query_length, is_training,
                                 output_fn):
  """Gives the InputFeatures of each window of SquadExamples to output_fn.

  Args:
    examples: of read_squad_examples; the first are logged.
    tokenizer: a tokenization.FullTokenizer.
    max_seq_length: tokens of a question and a window, special ones included.
    doc_stride: tokens from one window's start to the next one's.
    max_query_length: tokens of a question that are read.
    is_training: whether the features say where the answers are.
    output_fn: a function of one InputFeatures.

  Raises:
    UserError: no token of a context would be read beside its question.
  """
  reader = SpanReader(tokenizer, SpanSettings(max_seq_length, doc_stride,
                                              max_query_length))
  ids = itertools.count(answer_positions.FIRST_ID)
  for index, example in enumerate(examples):
    passage = reader.read_words(example.question_text, example.doc_tokens)
    span = None
    if is_training and not example.is_impossible:
      span = contexts.piece_span(
          passage.pieces, contexts.Span(example.start_position,
                                        example.end_position),
          example.orig_answer_text, tokenizer.tokenize)
    for number in range(len(passage.windows)):
      place = passage.input_span(number, span) if is_training else None
      names = {"unique_id": next(ids), "example_index": index,
               "doc_span_index": number}
      if index < answer_positions.NUM_LOGGED:
        answer_positions.log_window(passage, number, reader, names)
        if place:
          answer_positions.log_answer(place, None if example.is_impossible else
                                   example.orig_answer_text)
      output_fn(_to_features(passage, reader, names, place,
                             example.is_impossible))


def _to_features(passage, reader, names, place, is_impossible):
  """Returns the InputFeatures of a window, whose number is among the names."""
  number = names["doc_span_index"]
  positions = range(passage.offset, passage.num_tokens(number) - 1)
  return InputFeatures(
      tokens=passage.tokens(number),
      token_to_orig_map=dict(zip(positions, passage.words_of(number))),
      token_is_max_context=dict(zip(positions, passage.is_best(number))),
      start_position=place and place.start, end_position=place and place.end,
      is_impossible=is_impossible, **dict(names, **dict(zip(
          _LENGTH_FIELDS, reader.columns(passage, number)))))


class FeatureWriter:
  """Writes InputFeatures as a TFRecord file, which is there once it is closed.

  Attributes:
    filename, is_training: as given.
    num_features: how many were written.
  """

  def __init__(self, filename, is_training):
    self.filename = filename
    self.is_training = is_training
    self.num_features = 0
    names = ("unique_ids",) + _LENGTH_FIELDS
    if is_training:
      names += _LABEL_FIELDS + ("is_impossible",)
    number = records.Field(tf.int64, (1,))
    self._encoder = record_encoder.RecordEncoder(
        collections.OrderedDict((name, number) for name in names))
    self._open = contextlib.ExitStack()
    self._writer = self._open.enter_context(tf.io.TFRecordWriter(
        self._open.enter_context(files.replacing(filename))))

  def process_feature(self, feature):
    """Writes one."""
    self.num_features += 1
    columns = [[feature.unique_id], feature.input_ids, feature.input_mask,
               feature.segment_ids]
    if self.is_training:
      columns += [[feature.start_position], [feature.end_position],
                  [int(bool(feature.is_impossible))]]
    self._writer.write(self._encoder.encode(columns))

  def close(self):
    """Ends the file."""
    self._open.close()


def input_fn_builder(input_file, seq_length, is_training, drop_remainder):
  """Returns an input_fn of such a file.

  Args:
    input_file: its path.
    seq_length: max_seq_length of its features.
    is_training: whether they repeat and are shuffled, and have positions.
    drop_remainder: whether a last batch that is not full is left out.

  Returns:
    A function of params, which hold "batch_size", returning a tf.data.Dataset
    of dicts name -> int32: input_ids, input_mask, segment_ids
    [batch, seq_length]; unique_ids and, in training, start_positions and
    end_positions [batch].
  """
  spec = {name: records.Field(tf.int64, (seq_length,), is_per_token=True)
          for name in _LENGTH_FIELDS}
  for name in ("unique_ids",) + _LABEL_FIELDS * is_training:
    spec[name] = records.Field(tf.int64, ())
  if is_training:
    return input_fns.training_input_fn(input_file, spec, input_fns.Shuffle(),
                                       is_static=True)
  return input_fns.ordered_input_fn(input_file, spec, is_static=True,
                                    drop_remainder=drop_remainder)


class _NumberedAnswers(SpanGraph, GraphHead):
  """Logits of where answers begin and end, with the numbers of the windows."""

  def predictions(self, outputs, features):
    # A tensor that is fed can't be fetched where a model is served.
    return dict(outputs, unique_ids=tf.identity(features["unique_ids"]))

  def evaluation(self, outputs, features):
    raise ValueError("run_squad has a model for training and predictions alone")


def create_model(bert_config, is_training, input_ids, input_mask, segment_ids,
                 use_one_hot_embeddings):
  """Builds a model that finds answers.

  Args:
    bert_config: a modeling.BertConfig.
    is_training: whether dropout is on.
    input_ids, input_mask, segment_ids: int32 [batch, length].
    use_one_hot_embeddings: look words up by a matrix product, for TPUs.

  Returns:
    (start_logits, end_logits), float32 [batch, length].
  """
  model = modeling.BertModel(bert_config, is_training, input_ids, input_mask,
                             segment_ids, use_one_hot_embeddings)
  outputs = SpanGraph().forward(model, {"input_mask": input_mask,
                                        "segment_ids": segment_ids})
  return outputs["start_logits"], outputs["end_logits"]


def model_fn_builder(bert_config, init_checkpoint, learning_rate,
                     num_train_steps, num_warmup_steps, use_tpu,
                     use_one_hot_embeddings):
  """Returns the model_fn of such a model, for a TPUEstimator.

  Args:
    bert_config, use_one_hot_embeddings: as of create_model.
    init_checkpoint: what the weights start from where the Estimator has no
      checkpoint; None: random values.
    learning_rate, num_train_steps, num_warmup_steps: of the schedule.
    use_tpu: whether it runs on a TPU.
  """
  model = Model(Bert(bert_config), _NumberedAnswers(), use_tpu=use_tpu,
                use_one_hot_embeddings=use_one_hot_embeddings,
                init_checkpoint=init_checkpoint)
  return model.whole_model_fn(TrainingSettings(
      learning_rate, num_train_steps, num_warmup_steps, init_checkpoint))


def write_predictions(all_examples, all_features, all_results, n_best_size,
                      max_answer_length, do_lower_case, output_prediction_file,
                      output_nbest_file, output_null_log_odds_file, *,
                      version_2_with_negative: Optional[bool] = None,
                      null_score_diff_threshold: Optional[float] = None,
                      verbose_logging: Optional[bool] = None):
  """Writes the answers to questions.

  Args:
    all_examples: the SquadExamples.
    all_features: the InputFeatures of all their windows.
    all_results: a RawResult of each.
    n_best_size: answers that are kept, and starts and ends that are looked at.
    max_answer_length: most word pieces of an answer.
    do_lower_case: of the tokenizer.
    output_prediction_file, output_nbest_file: paths.
    output_null_log_odds_file: path; written where there may be no answer.
    version_2_with_negative: whether there may be none.
    null_score_diff_threshold: how much better than the best answer none has to
      be.
    verbose_logging: whether the log says which answers could not be cut out of
      their words. These three, if None, are taken from the program's own flags
      of these names; without them they are off and 0.

  Raises:
    UserError: a window has no result.
  """
  may_be_none = _setting("version_2_with_negative", version_2_with_negative,
                         False)
  finder = _AnswerFinder(
      all_features, all_results, answers_lib.AnswerSettings(
          n_best_size, max_answer_length, may_be_none, _setting(
              "null_score_diff_threshold", null_score_diff_threshold, 0.0)),
      tokenization.BasicTokenizer(do_lower_case), _explain(verbose_logging))
  lines = answer_files.lines_of(
      [InputExample(each.qas_id, each.question_text) for each in all_examples],
      [finder.find(*pair) for pair in enumerate(all_examples)])
  tf.logging.info("Writing predictions to: %s", output_prediction_file)
  tf.logging.info("Writing nbest to: %s", output_nbest_file)
  files.write_text(output_prediction_file, lines[answer_files.PREDICTIONS])
  files.write_text(output_nbest_file, lines[answer_files.NBEST])
  if may_be_none:
    files.write_text(output_null_log_odds_file, lines[answer_files.NULL_ODDS])


class _AnswerFinder:
  """Finds the answers to SquadExamples."""

  def __init__(self, features, results, settings, basic_tokenizer, explain):
    self._windows = collections.defaultdict(list)
    for each in features:
      self._windows[each.example_index].append(each)
    self._results = {each.unique_id: each for each in results}
    self._settings = settings
    self._basic_tokenizer = basic_tokenizer
    self._explain = explain

  def find(self, index, example):
    """Returns the Answers to an example, by its number."""
    windows = self._windows[index]
    return answers_lib.choose(
        list(map(self._to_logits, windows)), self._settings,
        lambda candidate: answers_lib.TextSpan(self._cut(
            example, windows[candidate.window], candidate)))

  def _to_logits(self, feature):
    if feature.unique_id not in self._results:
      raise UserError("all_results has no result of unique_id %s, a window of "
                      "question number %d; predict all features" % (
                          feature.unique_id, feature.example_index))
    result = self._results[feature.unique_id]
    places = feature.token_to_orig_map
    return answers_lib.WindowLogits(
        np.asarray(result.start_logits), np.asarray(result.end_logits),
        min(places), [feature.token_is_max_context.get(place, False)
                      for place in range(min(places), max(places) + 1)])

  def _cut(self, example, feature, candidate):
    """Returns the text of a candidate in a window, cut out of its words."""
    first, last = [feature.token_to_orig_map[place]
                   for place in (candidate.start, candidate.end)]
    words = " ".join(example.doc_tokens[first:last + 1])
    pieces = feature.tokens[candidate.start:candidate.end + 1]
    begin, end = answer_text.find(
        answer_text.of_pieces(pieces), words, self._basic_tokenizer,
        explain=self._explain).first
    return words[begin:end]


def get_final_text(pred_text, orig_text, do_lower_case,
                   verbose_logging: Optional[bool] = None):
  """Returns the part of a text that a prediction is, as the text has it.

  Args:
    pred_text: word pieces of the prediction, joined to words.
    orig_text: words of the context that it is in; all of them are returned
      where the prediction is not found.
    do_lower_case: of the tokenizer.
    verbose_logging: as of write_predictions.
  """
  begin, end = answer_text.find(
      pred_text, orig_text, tokenization.BasicTokenizer(do_lower_case),
      explain=_explain(verbose_logging)).first
  return orig_text[begin:end]


def _improve_answer_span(doc_tokens, input_start, input_end, tokenizer,
                         orig_answer_text):
  """Returns first and last piece of an answer among those of its words.

  Args:
    doc_tokens: word pieces of the context.
    input_start, input_end: first and last piece of the answer's words.
    tokenizer: that they were made by.
    orig_answer_text: text of the answer.
  """
  pieces = contexts.Pieces(doc_tokens, [], [input_start, input_end + 1])
  return tuple(contexts.piece_span(pieces, contexts.Span(0, 0),
                                   orig_answer_text, tokenizer.tokenize))


def _check_is_max_context(doc_spans, cur_span_index, position):
  """Returns whether a piece of a context is scored by a window.

  Args:
    doc_spans: windows, each with start and length.
    cur_span_index: number of the window.
    position: of the piece in the context.
  """
  windows = [contexts.Window(each.start, each.length) for each in doc_spans]
  return contexts.best_windows(
      windows, max(map(sum, windows)))[position] == cur_span_index


def _get_best_indexes(logits, n_best_size):
  """Returns the indexes of the highest logits, highest first."""
  return [index for index, _ in answers_lib.highest(logits, n_best_size)]


def _compute_softmax(scores):
  """Returns the probabilities of scores; [] of none."""
  return answers_lib.softmax(scores)


def _explain(verbose_logging):
  is_verbose = _setting("verbose_logging", verbose_logging, False)
  return tf.logging.info if is_verbose else None


def _setting(name, value, default):
  """Returns the value of an argument; of None, that of the program's flag."""
  return old_imports.flag(name, default) if value is None else value
