"""Where special tokens are, worked out by hand."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.data import layouts
from bert.data.features import TextEncoder
from bert.data.span_reader import SpanReader
from bert.data.span_reader import SpanSettings


class Last(layouts.Layout):
  """A </s> B </s> <cls>: types 0, 1 and 2, the pooled token at the end."""
  classifier = "<cls>"
  separator = "</s>"
  text_start = 0

  def enclose(self, tokens_a, tokens_b=None):
    first = list(tokens_a) + [self.separator]
    second = [] if tokens_b is None else list(tokens_b) + [self.separator]
    return (first + second + [self.classifier],
            [0] * len(first) + [1] * len(second) + [2])

  def context_start(self, num_question):
    return num_question + 1

  def pooled_index(self, num_tokens):
    return num_tokens - 1


class Letters:
  """A tokenizer of letters, whose id is their code."""
  vocab = {}

  def tokenize(self, text):
    return list(text)

  def convert_tokens_to_ids(self, tokens):
    return [ord(token[1]) if len(token) > 1 else ord(token)
            for token in tokens]


@pytest.mark.parametrize("texts, tokens, types", [
    (["ab"], "[CLS] a b [SEP]", [0, 0, 0, 0]),
    (["ab", "c"], "[CLS] a b [SEP] c [SEP]", [0, 0, 0, 0, 1, 1]),
    (["a", ""], "[CLS] a [SEP] [SEP]", [0, 0, 0, 1])])
def test_bert_encloses_texts(texts, tokens, types):
  assert layouts.BERT.enclose(*texts) == (tokens.split(), types)
  assert layouts.BERT.num_special(len(texts) > 1) == (
      len(types) - len("".join(texts)))


def test_context_is_behind_the_question():
  tokens, _ = layouts.BERT.enclose("why", "so")
  assert tokens[layouts.BERT.context_start(3)] == "s"


def test_special_ids_are_the_vocabularys():
  assert layouts.BERT.special_ids({"[SEP]": 3, "a": 0, "[CLS]": 2}) == [2, 3]


def test_answers_are_in_the_context_or_at_the_first_token():
  mask = [[1, 1, 1, 1, 1, 1, 0], [1] * 7]
  types = [[0, 0, 0, 1, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1]]
  with tf.Graph().as_default(), tf.Session() as session:
    found = session.run(layouts.BERT.answer_mask(tf.constant(types),
                                                 tf.constant(mask)))
  np.testing.assert_array_equal(found, [[1, 0, 0, 1, 1, 0, 0],
                                        [1, 0, 0, 0, 1, 1, 0]])


def test_pooled_vector_is_the_first():
  sequence = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
  with tf.Graph().as_default(), tf.Session() as session:
    found = session.run(layouts.BERT.pooled_vectors(
        tf.constant(sequence), tf.ones([2, 3], tf.int32)))
  np.testing.assert_array_equal(found, [[0, 1], [6, 7]])


def codes(text):
  return [ord(letter) for letter in text]


def test_texts_are_encoded_by_the_layout_that_is_given():
  encoder = TextEncoder(Letters(), 7, layout=Last())
  columns = encoder.encode_text("ab", "d").columns
  assert columns["input_ids"] == codes("ab/d/c") + [0]
  assert columns["segment_ids"] == [0, 0, 0, 1, 1, 2, 0]
  assert encoder.encode_words(["ab", "d"]).word_starts == [0, 2]
  # Two special tokens leave room for five.
  assert encoder.encode_text("abcdefgh", None).columns["input_ids"] == codes(
      "abcde/c")


def test_questions_are_read_by_the_layout_that_is_given():
  reader = SpanReader(Letters(), SpanSettings(8), Last())
  passage = reader.read("ab", "xy z")
  ids, mask, types = reader.columns(passage, 0)
  assert ids == codes("ab/xyz/c") and mask == [1] * 8
  assert types == [0, 0, 0, 1, 1, 1, 1, 2]
  assert passage.offset == 3 and passage.no_answer(0) == 7
  assert passage.input_span(0, None) == (7, 7)
