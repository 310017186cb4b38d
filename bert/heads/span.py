"""Span extraction: the position of an answer in the context of a question.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, sections 4.2, 4.3.
"""

import functools
import itertools
import random

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import workers
from bert.common.errors import UserError
from bert.data import answer_positions
from bert.data import layouts
from bert.data import record_encoder
from bert.data import records
from bert.data.answer_positions import annotations
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.label_types import ANSWERS
from bert.data.records import Field
from bert.data.span_reader import SpanReader
from bert.data.span_reader import SpanSettings
from bert.data.truncation import TruncationStats
from bert.evaluation import answer_files
from bert.evaluation import answer_finder
from bert.evaluation import answer_report
from bert.evaluation import reports
from bert.evaluation.answer_finder import decode
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads.base import Head
from bert.heads.graph_head import BatchEvaluation
from bert.heads.outputs import Prediction
from bert.options.finetuning import SpanOptions

# The seed of the order of training questions, as of the reference release.
_SEED = 12345
_ID = Field(tf.int64, (1,))
# From this many questions on, answers are found in several processes.
_MIN_QUESTIONS = 1000


class SpanGraph:
  """The graph half: two scores per token, as the start and as the end.

  All positions count, including padding, as in the reference release; with
  mask_outside_context, [CLS] and the context alone.
  """
  span = SpanOptions()
  layout = layouts.BERT
  first_token_only = False

  @property
  def reads_padding(self):
    return not self.span.mask_outside_context

  def forward(self, model, features):
    """Returns start_logits and end_logits, float32 [batch, length]; with
    mask_outside_context, they are logarithms of probabilities."""
    sequence = model.get_sequence_output()
    batch, length, width = modeling.get_shape_list(sequence, expected_rank=3)
    with tf.variable_scope("cls/squad"):
      weights = tf.get_variable("output_weights", [2, width],
                                initializer=modeling.create_initializer(0.02))
      bias = tf.get_variable("output_bias", [2],
                             initializer=tf.zeros_initializer())
    logits = tf.nn.bias_add(tf.matmul(tf.reshape(sequence, [-1, width]),
                                      weights, transpose_b=True), bias)
    start, end = tf.unstack(tf.reshape(logits, [batch, length, 2]), axis=2)
    if self.span.mask_outside_context:
      penalty = modeling.mask_penalty(self.layout.answer_mask(
          features["segment_ids"], features["input_mask"]))
      start, end = [tf.nn.log_softmax(logits + penalty)
                    for logits in (start, end)]
    return {"start_logits": start, "end_logits": end}

  def loss(self, model, features):
    return tf.reduce_mean(self._losses(self.forward(model, features), features))

  def predictions(self, outputs, features):
    del features
    return dict(outputs)

  def evaluation(self, outputs, features):
    losses = self._losses(outputs, features)
    is_real = tf.cast(features["input_mask"][:, 0], tf.float32)
    return BatchEvaluation(tf.reduce_mean(losses),
                           {"eval_loss": (losses, is_real)}, dict(outputs))

  def serving_outputs(self, outputs):
    return dict(outputs)

  @staticmethod
  def _losses(outputs, features):
    """Returns float32 [batch]: the mean of those of start and end."""
    losses = [tf.nn.sparse_softmax_cross_entropy_with_logits(
        labels=tf.reshape(features[name + "_positions"], [-1]),
        logits=outputs[name + "_logits"]) for name in ("start", "end")]
    return (losses[0] + losses[1]) / 2


class SpanHead(SpanGraph, Head):
  """An answer that is a part of a context; a record is a window of it."""
  kind = "span"
  label_type = ANSWERS
  streamed_keys = ("eval_loss",)
  record_names = {"eval": "dev", "predict": "eval"}
  files_by_id = (answer_files.PREDICTIONS, answer_files.NBEST)
  truncated_by = "max_query_length"
  input_names = ("question", "context")
  hugging_face_class = "BertForQuestionAnswering"
  file_titles = {answer_files.PREDICTIONS: "predictions",
                 answer_files.NBEST: "nbest"}
  log_headings = dict(Head.log_headings,
                      predict="***** Running predictions *****")

  @property
  def metrics(self):
    rules = ("squad_v2",) if self.span.version_2_with_negative else ()
    if self.span.context_tokens == "character":
      return rules + ("cmrc",)
    return rules or ("squad",)

  def check(self):
    if self.labels:
      raise UserError("a span task has no labels; get_labels() must return "
                      "none")
    self.refuse_settings("pair_encoding", "pooling", "encoder_top", "loss",
                         "class_weights", "label_smoothing", "crf")

  def check_truncation(self, settings):
    flag = settings.changed_flag()
    if flag:
      raise UserError("%s is not for span tasks; see --doc_stride" % flag)

  # Examples and records.

  def record_spec(self, max_seq_length, num_windows=1, is_labelled=True):
    spec = records.feature_spec({}, max_seq_length)
    del spec["is_real_example"]
    if is_labelled:
      spec.update(start_positions=_ID, end_positions=_ID, is_impossible=_ID)
    return spec

  def trainable_examples(self, examples):
    """Leaves out questions whose answer is not in the context; shuffles the
    rest, as the reference release does."""
    examples = answer_positions.usable(examples, self._reader(None))
    if not examples:
      raise UserError("no question of the training set has an answer that "
                      "stands in its context")
    random.Random(_SEED).shuffle(examples)
    return examples

  def check_example(self, example, is_labelled):
    if example.text_b is None:
      raise UserError("%s: no context" % example.locate())
    if is_labelled and not example.label and (
        example.label is None or not self.span.version_2_with_negative):
      raise UserError("%s: no answer%s" % (
          example.locate(), " (--version_2_with_negative allows that)" if
          example.label is not None else ""))
    for annotation in annotations(example.label):
      if not isinstance(annotation.text, str):
        raise UserError("%s: the answer is %r; it must be text" % (
            example.locate(), annotation.text))

  def to_features(self, example, encoder):
    if isinstance(example, PaddingInputExample):
      encoded = self.encode_padding(encoder)
      zero = dict.fromkeys(("start_positions", "end_positions",
                            "is_impossible"), [0])
      return [dict(encoded.columns, **zero)], encoded.stats
    reader = self._reader(encoder)
    passage = reader.read(example.text_a, example.text_b)
    span = reader.find_first(passage, annotations(example.label))
    rows = []
    for number in range(len(passage.windows)):
      row = dict(zip(("input_ids", "input_mask", "segment_ids"),
                     reader.columns(passage, number)))
      if example.label is not None:
        start, end = passage.input_span(number, span)
        row.update(start_positions=[start], end_positions=[end],
                   is_impossible=[int(not example.label)])
      rows.append(row)
    return rows, TruncationStats(
        len(passage.question) + passage.num_truncated, passage.num_truncated)

  def serving_columns(self, example, encoder):
    return self.to_features(InputExample(
        example.guid, example.text_a, example.text_b), encoder)[0]

  def number_records(self, serialized):
    """Adds unique_ids: two serialized messages, joined, are one message with
    the fields of both."""
    encoder = record_encoder.RecordEncoder({"unique_ids": _ID})
    numbers = itertools.count(answer_positions.FIRST_ID)
    for record, number in zip(serialized, numbers):
      yield record + encoder.encode([[number]])

  def log_examples(self, examples, encoder):
    answer_positions.log_examples(examples, self._reader(encoder))
    answer_positions.warn_of_paragraphs(examples, self._reader(encoder))

  def size_lines(self, num_examples, num_records, num_padding=None):
    return ["Num orig examples = %d" % num_examples,
            "Num split examples = %d" % num_records]

  @staticmethod
  def num_tokens(example, tokenizer):
    """Returns the tokens of the question with its whole context."""
    return 3 + sum(len(tokenizer.tokenize(text)) for text in (
        example.text_a, example.text_b))

  # Outputs.

  def merge_rows(self, rows, examples, counts, encoder):
    """Returns the answers to each question, as bytes of JSON."""
    ends = list(itertools.accumulate(counts))
    finder = answer_finder.AnswerFinder(self._reader(encoder), self.span)

    def find(index):
      windows = rows[ends[index] - counts[index]:ends[index]]
      return answer_finder.encode(finder.find(examples[index], [
          (window["start_logits"], window["end_logits"])
          for window in windows]))

    # In other processes, the lines of --verbose_logging would be lost.
    return [{"answers": np.frombuffer(answers, np.uint8)}
            for answers in workers.map_ordered(
                find, range(len(examples)), int(self.span.verbose_logging),
                min_items=_MIN_QUESTIONS)]

  def label_rows(self, examples):
    return {}

  def eval_prediction(self, rows, examples):
    found = list(map(decode, rows["answers"]))
    return EvalPrediction(
        [[annotation.text for annotation in annotations(example.label)]
         for example in examples],
        [answers.best for answers in found],
        np.array([[answers.probability] for answers in found], np.float32),
        null_odds=np.array([answers.null_odds for answers in found], np.float64)
        if self.span.version_2_with_negative else None,
        answer_rule=self.metrics[-1])

  def write_report(self, folder, examples, predictions):
    answer_finder.warn_of_paragraphs(predictions.predicted, self.span)
    reports.write_report(folder, answer_report.lines(
        [example.text_a for example in examples], predictions))
    reports.write_errors(folder, examples, answer_report.errors(predictions))

  def prediction(self, row, example):
    found = decode(row["answers"])
    return Prediction([found.best], [found.probability])

  def result(self, row, example):
    found = decode(row["answers"])
    return "%s\t%s" % (reports.cell(found.best), found.probability)

  def prediction_files(self, examples, predictions):
    return {}

  def output_files(self, examples, rows):
    found = [decode(row["answers"]) for row in rows]
    answer_finder.warn_of_paragraphs([answers.best for answers in found],
                                     self.span)
    return answer_files.lines_of(examples, found)

  def check_averaging(self):
    raise UserError("--do_predict takes the mean of scores, which span tasks "
                    "have not; leave it out")

  def label_probabilities(self, row):
    return {}

  def needs_pairs(self):
    return True

  def to_example(self, text_input):
    example = super().to_example(text_input)
    if not example.text_b.strip():
      raise UserError("the context is blank")
    return example

  def text_output(self, row, example):
    return super().text_output(row, example)._replace(
        answers=answer_finder.to_objects(decode(row["answers"]),
                                         example.text_b))

  def to_json(self, output):
    return dict(output.answers[0], answers=list(output.answers))

  def to_line(self, output):
    return output.line

  def _reader(self, encoder):
    """Returns a SpanReader; without an encoder, one that only finds answers."""
    span = self.span
    return _reader_of(encoder and encoder.tokenizer, SpanSettings(
        encoder.max_seq_length if encoder else 0, span.doc_stride,
        span.max_query_length, span.context_tokens), self.layout)


# A reader keeps its last context for the next question.
_reader_of = functools.lru_cache(maxsize=4)(SpanReader)
