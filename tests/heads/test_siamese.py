"""Pairs whose texts are encoded apart, against NumPy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.data import features
from bert.data.tokenizers import vocabulary
from bert.data.examples import InputExample
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.heads import siamese
from bert.model.model_function import Model
from bert.options.finetuning import HeadOptions
from mistakes import message_of

SIAMESE = HeadOptions(pair_encoding="siamese")
CONFIG = modeling.BertConfig(
    vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
    intermediate_size=8, max_position_embeddings=8, initializer_range=0.5)


def head_of(kind, labels=("no", "yes"), settings=SIAMESE, label_range=None):
  return registry.create(kind, labels, settings, label_range=label_range)


def scores_head():
  return head_of("regression", [], label_range=(1.0, 5.0))


def test_vectors_of_pairs_are_put_apart_and_compared(session):
  vectors = np.float32([[1, 0], [1, 1], [2, 0], [-1, 0], [0, 0], [1, 2]])
  pair = siamese.split(tf.constant(vectors))
  first, second = session.run(pair)
  np.testing.assert_array_equal(first, vectors[::2])
  np.testing.assert_array_equal(second, vectors[1::2])
  golden.assert_close(session.run(siamese.cosines(*pair)),
                      [np.sqrt(0.5), -1, 0])
  np.testing.assert_array_equal(
      session.run(siamese.compare(*pair))[0], [1, 0, 1, 1, 0, 1])


def test_cosine_of_nothing_has_a_gradient(session):
  first, second = tf.zeros([1, 2]), tf.ones([1, 2])
  gradient = tf.gradients(siamese.cosines(first, second), first)[0]
  assert np.isfinite(session.run(gradient)).all()


def batch_of(ids):
  return {"input_ids": tf.constant(ids, tf.int32),
          "input_mask": tf.constant(ids > 0, tf.int32),
          "segment_ids": tf.zeros(ids.shape, tf.int32)}


IDS = np.random.RandomState(2).randint(1, 30, [3, 2, 6])
IDS[0, 1, 3:] = 0


def test_vectors_are_means_of_the_encoders_own(session):
  outputs = Model(Bert(CONFIG), scores_head()).forward(batch_of(IDS))
  with tf.variable_scope("", reuse=True):
    encoder = modeling.BertModel(
        CONFIG, False, *[value[:, 1] for value in batch_of(IDS).values()],
        scope="bert")
  session.run(tf.global_variables_initializer())
  actual, sequence = session.run([outputs, encoder.get_sequence_output()])
  assert not any("output_" in each.op.name and "bert/" not in each.op.name
                 for each in tf.trainable_variables())
  mask = (IDS[:, 1] > 0)[:, :, None]
  second = (sequence * mask).sum(axis=1) / mask.sum(axis=1)
  assert second.shape == (3, 8)
  np.testing.assert_array_equal(actual["logits"][:, 0], actual["cosines"])
  swapped = Model(Bert(CONFIG), scores_head())
  with tf.variable_scope("", reuse=True):
    same = swapped.forward(batch_of(np.repeat(IDS[:, 1:], 2, axis=1)))
  golden.assert_close(session.run(same["cosines"]), np.ones(3))


def test_scores_are_cosines_in_the_labels_range(session):
  head = scores_head()
  logits = tf.constant([[1.0], [0.0], [-0.5]])
  probabilities, losses = session.run([
      head.probabilities(logits),
      head.example_losses(logits, tf.constant([[5.0], [5.0], [1.0]]))])
  golden.assert_close(probabilities[:, 0], [5, 1, -1])
  golden.assert_close(losses, [0, 1, 0.25])


def test_labels_are_told_by_both_vectors_and_their_difference(session):
  head = head_of("classification", ("a", "b", "c"))
  outputs = Model(Bert(CONFIG), head).forward(batch_of(IDS))
  weights = next(each for each in tf.trainable_variables()
                 if each.op.name == "output_weights")
  assert weights.shape.as_list() == [3, 24]
  session.run(tf.global_variables_initializer())
  actual = session.run(outputs)
  assert actual["logits"].shape == (3, 3) and actual["cosines"].shape == (3,)


def test_attention_pooling_has_one_set_of_weights(session):
  del session
  head = head_of("classification", settings=HeadOptions(
      pair_encoding="siamese", pooling="attention"))
  Model(Bert(CONFIG), head).forward(batch_of(IDS))
  names = [each.op.name for each in tf.trainable_variables()]
  assert names.count("attention_pooling/kernel") == 1


def test_record_has_each_text_alone():
  encoder = features.TextEncoder(
      vocabulary.load_tokenizer(golden.path("vocab.txt"), True), 8)
  head = head_of("classification")
  (row,), stats = head.to_features(
      InputExample("g", "the ferry", "the dough left", "yes"), encoder)
  alone = [encoder.encode_text(text, None).columns["input_ids"]
           for text in ("the ferry", "the dough left")]
  assert row["input_ids"] == alone[0] + alone[1]
  assert not any(row["segment_ids"])
  assert stats.num_truncated == 0
  assert head.record_spec(8)["input_ids"].shape == (2, 8)
  assert head.serving_columns(InputExample("g", "the", "dough"), encoder)[0][
      "input_ids"][8:] == encoder.encode_text("dough", None).columns[
          "input_ids"]


def test_pooling_is_the_mean_unless_it_is_said():
  assert SIAMESE.pooling == "mean"
  assert HeadOptions().pooling == "cls"
  assert HeadOptions(pair_encoding="siamese", pooling="cls").pooling == "cls"


@pytest.mark.parametrize("kind, labels, expected", [
    ("classification", ["a", "b"], ("cosine_spearman",)),
    ("classification", ["a", "b", "c"], ()),
    ("multi_label", ["a", "b"], ("multi_label",))])
def test_cosines_are_scored_where_labels_have_an_order(kind, labels, expected):
  assert tuple(head_of(kind, labels).metrics) == expected
  assert tuple(scores_head().metrics) == ("cosine_spearman",)
  assert not registry.create("regression", []).metrics


def test_single_texts_and_labels_out_of_range_are_refused():
  head = head_of("classification")
  message = message_of(head.check_example, InputExample("g7", "a", None, "no"),
                       True)
  assert "--pair_encoding=siamese" in message and "g7" in message
  assert "pairs" in message_of(head.to_example, "a")
  message = message_of(scores_head().check_example,
                       InputExample("g7", "a", "b", "5.5"), True)
  assert "5.5" in message and "from 1 to 5" in message
  assert "label_range" in message_of(head_of, "regression", [])
