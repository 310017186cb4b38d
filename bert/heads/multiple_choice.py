"""Multiple choice: which of several texts continues a text or answers it.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805, section 4.4.
"""

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import tables
from bert.common.errors import UserError
from bert.data.examples import Choices
from bert.data.examples import InputExample
from bert.data.label_types import CHOICE
from bert.evaluation import reports
from bert.heads import encoding
from bert.heads.classification import ClassificationHead


class MultipleChoiceHead(ClassificationHead):
  """One of several choices, each scored by the vector of text and choice.

  Labels are the numbers of the choices, as the task writes them. An example may
  have fewer choices than there are labels: what is missing is padding.
  """
  kind = "multiple_choice"
  label_type = CHOICE
  hugging_face_class = "BertForMultipleChoice"
  hugging_face_problem = None
  losses = ("cross_entropy", "focal")
  num_outputs = 1
  input_names = ("text_a", "choices")

  def check(self):
    super().check()
    self.refuse_settings("pair_encoding", "class_weights", "label_smoothing")

  @property
  def num_sequences(self):
    return len(self.labels)

  def check_truncation(self, settings):
    flag = settings.changed_flag()
    if flag:
      raise UserError("%s is not for %s tasks; leave it out" % (
          flag, self.kind))

  def check_example(self, example, is_labelled):
    super().check_example(example, is_labelled)
    _check_choices(example.text_b, len(self.labels), example.locate())
    if example.label is not None and (
        self._label_id(example.label) >= len(example.text_b)):
      raise UserError("%s: label %r, and there are %d choices" % (
          example.locate(), example.label, len(example.text_b)))

  def encode_example(self, example, encoder):
    encoded = [encoder.encode_text(example.text_a, choice)
               for choice in example.text_b]
    missing = len(self.labels) - len(encoded)
    return encoding.join(encoded + [encoder.empty()] * missing)

  @staticmethod
  def num_tokens(example, tokenizer):
    """Returns the tokens of the text with its longest choice."""
    longest = max(len(tokenizer.tokenize(choice)) for choice in example.text_b)
    return 3 + len(tokenizer.tokenize(example.text_a)) + longest

  def logits(self, model, mask, is_training):
    scores = tf.reshape(
        self.project(self.vectors(model, mask), is_training),
        [-1, len(self.labels)])
    is_there = tf.cast(mask[:, :, 0], tf.float32)
    return scores * is_there + modeling.mask_penalty(is_there)

  def report(self, predictions):
    num_right = int((predictions.labels == predictions.predicted).sum())
    yield "%d examples, %d of them right: accuracy %.4f" % (
        len(predictions.labels), num_right,
        num_right / len(predictions.labels))
    yield ""
    # The probability of a missing choice is exactly 0.
    counts = (predictions.probabilities > 0).sum(axis=-1)
    is_right = predictions.labels == predictions.predicted
    yield from tables.table(("choices", "examples", "accuracy"), [
        (str(count), str((counts == count).sum()),
         "%.4f" % is_right[counts == count].mean())
        for count in sorted(set(counts))])
    yield ""
    yield from tables.table(
        ("#", "right choice") + reports.SCORES,
        reports.label_rows(self.labels, predictions, ()), 1)

  def drawings(self, predictions):
    """None: the positions of choices are no classes to be confused."""
    return {}

  def write_summaries(self, folder, step, predictions, pictures):
    """Writes nothing, as there are no drawings."""

  def needs_pairs(self):
    return True

  def to_example(self, text_input):
    if not isinstance(text_input, Choices):
      raise UserError('a text without "choices", of which the task has up to '
                      "%d" % len(self.labels))
    if not text_input.text_a.strip():
      raise UserError("the text is blank")
    _check_choices(text_input.choices, len(self.labels), '"choices"')
    return InputExample("text", text_input.text_a, list(text_input.choices))


def _check_choices(choices, most, where):
  """Raises UserError unless choices are a list of 2 texts or more."""
  if not isinstance(choices, list) or not 2 <= len(choices) <= most:
    raise UserError("%s: found %s choices; needed are 2 to %d" % (
        where, len(choices) if isinstance(choices, list) else "no", most))
  if not all(isinstance(choice, str) and choice.strip() for choice in choices):
    raise UserError("%s: a choice is blank" % where)
