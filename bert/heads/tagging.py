"""The head of tagging tasks: a label for each word of a text."""

from typing import List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert import modeling
from bert import options
from bert.common import command_line
from bert.common.errors import UserError
from bert.data.records import Field
from bert.evaluation.metrics import EvalPrediction
from bert.heads import crf
from bert.heads import losses
from bert.heads import pooling
from bert.heads.base import Head
from bert.heads.base import Prediction

# What a word has that the length cut off.
OUTSIDE = "O"


class TaggingHead(Head):
  """One label a word, which the word's first piece carries.

  A record's label field has, at each first piece, the label's number from 1,
  and 0 elsewhere. Words are moved to the front before anything is said of them,
  so that what follows knows words alone: [batch, words, ...].
  """
  kind = "tagging"
  metrics = ("entities",)
  is_per_word = True
  losses = ("cross_entropy", "focal")
  is_pooled = False
  first_token_only = False

  def check(self):
    super().check()
    if OUTSIDE not in self.labels:
      raise UserError("a tagging task needs the label %s; get_labels() has %s" %
                      (OUTSIDE, " ".join(self.labels[:20])))
    if not self.settings.crf:
      return
    for name in ("loss", "class_weights", "label_smoothing"):
      value = getattr(self.settings, name)
      if value != getattr(options.HeadOptions, name):
        raise UserError("--%s=%s does not go with --crf, which weighs whole "
                        "sentences; leave one out" % (
                            name, command_line.describe(value)))

  def label_field(self, max_seq_length):
    return Field(tf.int64, (max_seq_length,), is_per_token=True)

  def encode_label(self, label, max_seq_length):
    """Returns zeros; raises ValueError for a label that is not the task's."""
    for name in label or ():
      self._label_id(name)
    return [0] * max_seq_length

  def encode_words(self, label: Sequence[str], starts: Sequence[int],
                   max_seq_length: int) -> List[int]:
    """Returns a record's label field.

    Args:
      label: a label a word, or None.
      starts: places of the words' first pieces; of cut off words, none.
      max_seq_length: of the field.
    """
    values = [0] * max_seq_length
    for start, name in zip(starts, label or [OUTSIDE] * len(starts)):
      values[start] = 1 + self._label_id(name)
    return values

  def logits(self, model, mask, is_training):
    """Returns float32 [batch, length, num_labels], of each token."""
    vectors = pooling.token_vectors(model, mask, self.settings.encoder_top)
    shape = modeling.get_shape_list(vectors)
    if self.settings.crf:
      self._chain = crf.create_chain(len(self.labels))
    return tf.reshape(
        self._project(modeling.reshape_to_matrix(vectors), is_training),
        shape[:2] + [len(self.labels)])

  def probabilities(self, logits):
    return tf.nn.softmax(logits)

  def example_losses(self, logits, label_ids):
    return self._sentence_losses(logits, label_ids, losses.Loss())

  def training_loss(self, logits, label_ids):
    return tf.reduce_mean(self._sentence_losses(logits, label_ids,
                                                self._loss()))

  def is_correct(self, probabilities, label_ids):
    return None

  def outputs(self, logits, label_ids):
    """Returns the words' labels and their probabilities, both [batch, words],
    and num_words [batch]."""
    logits, _, mask = _words_first(logits, label_ids)
    if self.settings.crf:
      chosen = crf.decode(logits, mask, self._chain)
      probabilities = crf.marginals(logits, mask, self._chain)
    else:
      chosen = tf.argmax(logits, axis=-1, output_type=tf.int32)
      probabilities = tf.nn.softmax(logits)
    one_hot = tf.one_hot(chosen, len(self.labels))
    return {"chosen": chosen,
            "scores": tf.reduce_sum(probabilities * one_hot, axis=-1),
            "num_words": tf.reduce_sum(mask, axis=1)}

  def eval_prediction(self, rows, examples):
    predicted = [
        self._labels({name: rows[name][index] for name in rows}, example)[0]
        for index, example in enumerate(examples)]
    return EvalPrediction([list(example.label) for example in examples], predicted,
                   None)

  def prediction(self, row, example):
    return Prediction(*self._labels(row, example))

  def result(self, row, example):
    return " ".join(self._labels(row, example)[0])

  def prediction_files(self, examples, predictions):
    """test_predictions.txt: CoNLL columns word, label, where there is one, and
    prediction."""
    def lines():
      for example, prediction in zip(examples, predictions):
        columns = [example.text_a, prediction.labels]
        if example.label is not None:
          columns.insert(1, example.label)
        for row in zip(*columns):
          yield " ".join(row)
        yield ""
    return {"test_predictions.txt": lines()}

  def _labels(self, row, example):
    """Returns each word's label and score; cut off words are outside."""
    count = int(row["num_words"])
    num_cut = len(example.text_a) - count
    names = [self.labels[index] for index in row["chosen"][:count]]
    return (names + [OUTSIDE] * num_cut,
            list(row["scores"][:count]) + [np.float32(1.0)] * num_cut)

  def _sentence_losses(self, logits, label_ids, loss):
    """float32 [batch]: sums over the words."""
    logits, label_ids, mask = _words_first(logits, label_ids)
    if self.settings.crf:
      return crf.losses(logits, label_ids, mask, self._chain)
    return tf.reduce_sum(losses.of_classes(logits, label_ids, loss) *
                         tf.cast(mask, tf.float32), axis=1)


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
  places = tf.argsort(1 - mask, axis=1, stable=True)
  label_ids = tf.gather(label_ids, places, batch_dims=1)
  return (tf.gather(logits, places, batch_dims=1),
          tf.maximum(label_ids - 1, 0),
          tf.gather(mask, places, batch_dims=1))
