"""Tagging: a label for each word of a text, with or without a CRF."""

import re
from typing import Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import command_line
from bert.common import tables
from bert.common.errors import UserError
from bert.data import features as features_lib
from bert.data import tag_schemes
from bert.data import word_splits
from bert.data.examples import InputExample
from bert.data.examples import PaddingInputExample
from bert.data.examples import TextPair
from bert.data.examples import Words
from bert.data.label_types import TAGS
from bert.data.records import Field
from bert.data.tag_schemes import OUTSIDE
from bert.evaluation import entities
from bert.evaluation import reports
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import crf
from bert.heads import losses
from bert.heads import pooling
from bert.heads.base import Head
from bert.heads.outputs import Prediction
from bert.options.finetuning import HeadOptions

# The default signature has outputs per token, this one per word: it also takes
# the position of each word's first piece.
WORDS_SIGNATURE = "words"


class TaggingHead(Head):
  """One label per word, which the word's first piece carries.

  A record's label field has, at each first piece, the label's number from 1,
  and 0 elsewhere. Predictions have words alone, moved to the front: [batch,
  words, ...].
  """
  kind = "tagging"
  label_type = TAGS
  # The last one decides which model is best.
  metrics = ("entity_f1_conlleval", "entities")
  streamed_keys = ("eval_loss",)
  losses = ("cross_entropy", "focal")
  signature = WORDS_SIGNATURE
  first_token_only = False
  report_library = "seqeval"
  takes_pairs = False
  hugging_face_class = "BertForTokenClassification"

  @property
  def word_split(self) -> Optional[str]:
    """How a text is split into words, by name of bert.data.word_splits; None:
    unknown."""
    return self.spec.text_facts.get("word_split")

  def check(self):
    super().check()
    if OUTSIDE not in self.labels:
      raise UserError("a tagging task needs the label %s; get_labels() has %s" %
                      (OUTSIDE, " ".join(self.labels[:20])))
    try:
      tag_schemes.scheme_of(self.labels)
    except ValueError as error:
      raise UserError("the labels of the task: %s" % error)
    if not self.settings.crf:
      return
    for name in ("loss", "class_weights", "label_smoothing"):
      value = getattr(self.settings, name)
      if value != getattr(HeadOptions, name):
        raise UserError("--%s=%s does not go with --crf, which scores whole "
                        "sentences; leave one out" % (
                            name, command_line.describe(value)))

  def check_pooling(self):
    self.check_span()
    for name in ("pair_encoding", "pooling", "window_pooling"):
      value = getattr(self.settings, name)
      if value != getattr(HeadOptions(), name):
        raise UserError("--%s=%s is not for %s tasks, which read the vector of "
                        "each word; leave it out" % (name, value, self.kind))

  def check_truncation(self, settings):
    flag = settings.changed_flag()
    if flag:
      raise UserError("%s is not for tagging tasks; leave it out" % flag)

  def label_fields(self, max_seq_length):
    return {"label_ids": Field(tf.int64, (max_seq_length,), is_per_token=True)}

  def encode_label(self, label):
    """Returns the number of each word's label."""
    return [self._label_id(name) for name in label or ()]

  def to_features(self, example, encoder):
    is_real = not isinstance(example, PaddingInputExample)
    encoded = (encoder.encode_words(example.text_a) if is_real else
               encoder.empty())
    label_ids = [0] * encoder.max_seq_length
    numbers = self.encoded(example) if is_real else []
    if is_real and example.label is None:
      numbers = [self._label_id(OUTSIDE)] * len(encoded.word_starts)
    for start, number in zip(encoded.word_starts, numbers):
      label_ids[start] = 1 + number
    labels = {"label_ids": label_ids}
    return [features_lib.to_features(encoded, labels, is_real)], encoded.stats

  def check_example(self, example, is_labelled):
    super().check_example(example, is_labelled)
    if example.label is not None and len(example.label) != len(example.text_a):
      raise UserError("example %s has %d words and %d labels" % (
          example.guid, len(example.text_a), len(example.label)))

  @staticmethod
  def num_tokens(example, tokenizer):
    return features_lib.num_word_tokens(example, tokenizer)

  def logits(self, model, mask, is_training):
    """Returns float32 [batch, length, num_labels], of each token."""
    vectors = pooling.token_vectors(model, mask, self.settings.encoder_top)
    shape = modeling.get_shape_list(vectors)
    if self.settings.crf:
      # Here, so that the variables are in the scope of the others.
      self._crf_params()
    return tf.reshape(
        self.project(modeling.reshape_to_matrix(vectors), is_training),
        shape[:2] + [len(self.labels)])

  def probabilities(self, logits):
    return tf.nn.softmax(logits)

  def example_losses(self, logits, label_ids):
    return self._sentence_losses(logits, label_ids, losses.Loss())

  def training_loss(self, logits, label_ids):
    return tf.reduce_mean(self._sentence_losses(logits, label_ids,
                                                self._loss_settings()))

  def predictions(self, outputs, features):
    """Returns the words' labels and their probabilities, both [batch, words],
    and num_words [batch]."""
    return self._decode(outputs["logits"], features["label_ids"])

  def serving_signatures(self, inputs, outputs):
    words = dict(inputs, word_starts=tf.placeholder(
        tf.int32, [None, None], "word_starts"))
    decoded = self._decode(outputs["logits"], words["word_starts"])
    # `chosen` is their earlier name, which clients of exports read.
    decoded["label_ids"] = decoded["chosen"]
    return dict(super().serving_signatures(inputs, outputs),
                **{WORDS_SIGNATURE: (words, decoded)})

  def serving_columns(self, example, encoder):
    (features,), _ = self.to_features(example, encoder)
    return [{"input_ids": features["input_ids"],
             "input_mask": features["input_mask"],
             "segment_ids": features["segment_ids"],
             "word_starts": features["label_ids"]}]

  def label_rows(self, examples):
    return {}

  def eval_prediction(self, rows, examples):
    predicted = [
        self._labels({name: rows[name][index] for name in rows}, example)[0]
        for index, example in enumerate(examples)]
    return EvalPrediction([list(example.label) for example in examples],
                          predicted, None, tag_schemes.scheme_of(self.labels))

  def prediction(self, row, example):
    return Prediction(*self._labels(row, example))

  def result(self, row, example):
    return " ".join(self._labels(row, example)[0])

  def prediction_files(self, examples, predictions):
    """test_predictions.txt: CoNLL columns word, label, where there is one, and
    prediction."""
    return {"test_predictions.txt": _conll_lines(examples, predictions)}

  def report(self, predictions):
    from seqeval.metrics import classification_report
    from seqeval.metrics.v1 import unique_labels
    tags = entities.to_seqeval(predictions)
    yield "%d examples; begin, end and type of an entity must be right" % len(
        predictions.labels)
    stray = [sum(map(tag_schemes.num_stray, sentences))
             for sentences in (predictions.labels, predictions.predicted)]
    if any(stray):
      yield ("Not counted: %d entities of the labels and %d of the predictions "
             "that do not begin with" % tuple(stray))
      yield "B-, as conlleval counts them; see eval_entity_f1_conlleval."
    yield ""
    if not unique_labels(*tags):
      yield "There are no entities, and none was predicted."
      return
    scores = classification_report(
        tags.labels, tags.predicted, mode="strict", scheme=tags.scheme,
        output_dict=True, zero_division=0)
    yield from tables.table(("entity",) + reports.SCORES, [
        (re.sub(" avg$", " average", name),) + reports.score_cells((
            row["precision"], row["recall"], row["f1-score"],
            row["support"])) for name, row in scores.items()])

  def errors(self, predictions):
    """Yields ErrorRows; the score counts entities missed or made up."""
    tags = entities.to_seqeval(predictions)
    for index, (labelled, predicted) in enumerate(zip(
        entities.entities_of(tags.labels, tags.scheme),
        entities.entities_of(tags.predicted, tags.scheme))):
      wrong = labelled ^ predicted
      if wrong:
        yield reports.ErrorRow(index, " ".join(predictions.labels[index]),
                               " ".join(predictions.predicted[index]),
                               len(wrong))

  def check_averaging(self):
    raise UserError("--do_predict takes the mean of scores, which tagging "
                    "tasks have not; leave it out")

  def to_example(self, text_input):
    if isinstance(text_input, TextPair):
      raise UserError("a pair of texts; the task labels the words of one")
    words = (text_input if isinstance(text_input, Words) else
             self._split(text_input))
    if not any(word.strip() for word in words):
      raise UserError("the text is blank")
    return InputExample("text", words)

  def _split(self, text):
    """Returns a text's words; raises UserError for a sentence in one piece that
    the model would take for a word."""
    words = word_splits.split(text, self.word_split)
    if self.word_split == word_splits.SPACES and (
        word_splits.looks_unsplit(words)):
      raise UserError("a Chinese text without spaces; the model was trained on "
                      "words of several characters: put spaces between the "
                      'words, or give them as {"words": [...]}')
    return words

  def text_facts(self, examples):
    return {"has_pairs": False, "word_split": word_splits.detect(
        example.text_a for example in examples)}

  def with_text_facts(self, facts):
    head = super().with_text_facts(facts)
    if not head.word_split:
      tf.logging.warning(
          "task.json does not say how the sentences that the model was trained "
          "on were split into words: texts are split by white space, and "
          'Chinese by character. {"words": [...]} are taken as they are; an '
          "export by a run that reads the data, as with --do_eval, says it")
    return head

  def sample_input(self, example):
    """Returns the words as the text that is split into them again."""
    for separator in ("", " "):
      text = separator.join(example.text_a)
      if word_splits.split(text, self.word_split) == example.text_a:
        return {self.input_names[0]: text}
    return None

  def text_output(self, row, example):
    return super().text_output(row, example)._replace(words=example.text_a)

  def label_probabilities(self, row):
    return {}

  def to_json(self, output):
    return {"words": output.words, "labels": output.labels,
            "scores": output.scores}

  def to_line(self, output):
    """Returns `word/label ...`."""
    return " ".join("%s/%s" % pair
                    for pair in zip(output.words, output.labels))

  def _crf_params(self):
    return crf.crf_params(len(self.labels))

  def _decode(self, logits, label_ids):
    logits, _, mask = _words_first(logits, label_ids)
    if self.settings.crf:
      params = self._crf_params()
      chosen = crf.decode(logits, mask, params)
      probabilities = crf.marginals(logits, mask, params)
    else:
      chosen = tf.argmax(logits, axis=-1, output_type=tf.int32)
      probabilities = tf.nn.softmax(logits)
    one_hot = tf.one_hot(chosen, len(self.labels))
    return {"chosen": chosen,
            "scores": tf.reduce_sum(probabilities * one_hot, axis=-1),
            "num_words": tf.reduce_sum(mask, axis=1)}

  def _labels(self, row, example):
    """Returns each word's label and score; truncated words are outside."""
    count = int(row["num_words"])
    num_truncated = len(example.text_a) - count
    names = [self.labels[index] for index in row["chosen"][:count]]
    return (names + [OUTSIDE] * num_truncated,
            list(row["scores"][:count]) + [np.float32(1.0)] * num_truncated)

  def _sentence_losses(self, logits, label_ids, loss):
    """float32 [batch]: sums over the words."""
    logits, label_ids, mask = _words_first(logits, label_ids)
    if self.settings.crf:
      return crf.losses(logits, label_ids, mask, self._crf_params())
    return tf.reduce_sum(losses.of_classes(logits, label_ids, loss) *
                         tf.cast(mask, tf.float32), axis=1)


def _conll_lines(examples, predictions):
  # Spaces between columns, unless a word holds one.
  has_spaces = any(" " in word for example in examples
                   for word in example.text_a)
  separator = "\t" if has_spaces else " "
  for example, prediction in zip(examples, predictions):
    columns = [example.text_a, prediction.labels]
    if example.label is not None:
      columns.insert(1, example.label)
    for row in zip(*columns):
      yield separator.join(row)
    yield ""


def _words_first(logits, label_ids):
  """Moves the words to the front.

  Args:
    logits: float32 [batch, length, num_labels].
    label_ids: int32 [batch, length], from 1 at a word's first piece, else 0.

  Returns:
    (logits and label_ids from 0, their words first; int32 mask [batch, length],
    1 = a word).
  """
  mask = tf.cast(label_ids > 0, tf.int32)
  order = tf.argsort(1 - mask, axis=1, stable=True)
  label_ids = tf.gather(label_ids, order, batch_dims=1)
  return (tf.gather(logits, order, batch_dims=1),
          tf.maximum(label_ids - 1, 0),
          tf.gather(mask, order, batch_dims=1))
