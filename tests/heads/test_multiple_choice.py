"""Multiple choice: records, scores and loss, against values in plain NumPy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert import tokenization
from bert.data import features
from bert.data.examples import Choices, InputExample, PaddingInputExample
from bert.encoders.bert import Bert
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import registry
from bert.model.model_function import Model
from bert.options.finetuning import HeadOptions
from mistakes import message_of

EXAMPLE = golden.document("multiple_choice_example.json")["head"]
LABELS = ["0", "1", "2", "3"]


def head_of(**settings):
  return registry.create("multiple_choice", LABELS, HeadOptions(**settings))


class Pooled:
  """Stands for an encoder, of [batch * choices] texts."""

  def __init__(self, vectors):
    self._vectors = tf.constant(np.float32(vectors).reshape(
        -1, len(vectors[0][0])))

  def get_pooled_output(self):
    return self._vectors


def numbers_of(session, head, vectors, mask, label_ids):
  """Logits, probabilities and loss, with the example's weights."""
  logits = head.logits(Pooled(vectors), tf.constant(mask, tf.int32), False)
  weights, bias = tf.trainable_variables()
  assert weights.shape.as_list() == [1, len(vectors[0][0])]
  session.run([weights.assign([EXAMPLE["output_weights"]]),
               bias.assign([EXAMPLE["output_bias"]])])
  return session.run([
      logits, head.probabilities(logits),
      head.training_loss(logits, tf.constant(label_ids))])


def test_scores_and_loss_are_those_of_numpy(session):
  logits, probabilities, loss = numbers_of(
      session, head_of(), EXAMPLE["pooled"], np.ones([2, 4, 1]),
      np.int32(EXAMPLE["labels"])[:, None])
  golden.assert_close(logits, EXAMPLE["logits"])
  golden.assert_close(probabilities, EXAMPLE["probabilities"])
  golden.assert_close(loss, EXAMPLE["loss"])


def test_choice_that_is_not_there_has_no_probability(session):
  mask = np.ones([2, 4, 1])
  mask[1, 2:] = 0
  _, probabilities, _ = numbers_of(session, head_of(), EXAMPLE["pooled"], mask,
                                   np.int32([[0], [0]]))
  logits = np.array(EXAMPLE["logits"][1][:2])
  expected = np.exp(logits) / np.exp(logits).sum()
  golden.assert_close(probabilities[1], list(expected) + [0, 0])


def test_layout_is_a_pair_for_each_choice(tmp_path):
  path = tmp_path / "vocab.txt"
  words = ("[PAD] [UNK] [CLS] [SEP] a man opens the door . he walks out eats "
           "and then whole house too").split()
  path.write_text("\n".join(words) + "\n", encoding="utf-8")
  encoder = features.TextEncoder(tokenization.FullTokenizer(str(path)), 16)
  example = InputExample("g", "a man opens the door .", [
      "he walks out .", "he eats the door and then the whole house too ."], "1")
  (row,), stats = head_of().to_features(example, encoder)
  ids = np.reshape(row["input_ids"], [4, 16])
  texts = [" ".join(words[token] for token in line if token) for line in ids]
  assert texts == [
      "[CLS] a man opens the door . [SEP] he walks out . [SEP]",
      "[CLS] a man opens the door . [SEP] he eats the door and then the [SEP]",
      "", ""]
  segments = np.reshape(row["segment_ids"], [4, 16])
  assert segments[0].tolist() == [0] * 8 + [1] * 5 + [0] * 3
  assert row["label_ids"] == [1]
  assert stats == (27, 4)
  spec = head_of().record_spec(16)
  assert list(spec) == list(row)
  assert spec["input_ids"].shape == (4, 16)
  (padding,), _ = head_of().to_features(PaddingInputExample(), encoder)
  assert len(padding["input_ids"]) == 64 and not any(padding["input_mask"])


def test_whole_model_scores_choices_by_themselves(session):
  config = modeling.BertConfig(
      vocab_size=30, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
      intermediate_size=8, max_position_embeddings=8)
  ids = np.random.RandomState(1).randint(1, 30, [2, 4, 6])
  ids[0, 3] = 0
  batch = {"input_ids": tf.constant(ids, tf.int32),
           "input_mask": tf.constant(ids > 0, tf.int32),
           "segment_ids": tf.zeros([2, 4, 6], tf.int32)}
  turned = {name: value[:, ::-1] for name, value in batch.items()}
  model = Model(Bert(config), head_of())
  with tf.variable_scope("", reuse=tf.AUTO_REUSE):
    outputs = [model.forward(each)["logits"] for each in (batch, turned)]
  session.run(tf.global_variables_initializer())
  one, other = session.run(outputs)
  assert one[0, 3] == -10000 and np.ptp(one[1]) > 0
  golden.assert_close(other[:, ::-1], one)


@pytest.mark.parametrize("choices, label, fragment", [
    (["a"], "0", "1 choices"), (["a"] * 5, "0", "5 choices"),
    (None, "0", "no choices"), ("ab", "0", "no choices"),
    (["a", " "], "0", "blank"), (["a", "b"], "2", "there are 2 choices"),
    (["a", "b"], "4", "'4' is not one of"), (["a", "b"], None, "no label")])
def test_example_that_does_not_hold_together_is_refused(choices, label,
                                                        fragment):
  message = message_of(head_of().check_example,
                       InputExample("g7", "text", choices, label), True)
  assert "g7" in message and fragment in message


@pytest.mark.parametrize("settings, fragment", [
    (dict(pair_encoding="siamese"), "--pair_encoding=siamese"),
    (dict(loss="f1"), "--loss=f1"), (dict(crf=True), "--crf"),
    (dict(class_weights="balanced"), "--class_weights=balanced"),
    (dict(label_smoothing=0.1), "--label_smoothing=0.1")])
def test_setting_without_meaning_is_refused(settings, fragment):
  assert fragment in message_of(lambda: head_of(**settings))


def test_report_tells_the_accuracy_by_number_of_choices():
  probabilities = np.float32([[0.7, 0.3, 0, 0], [0.4, 0.6, 0, 0],
                              [0.1, 0.2, 0.3, 0.4]])
  lines = list(head_of().report(EvalPrediction(
      np.int32([0, 0, 3]), probabilities.argmax(axis=1), probabilities)))
  assert lines[0] == "3 examples, 2 of them right: accuracy 0.6667"
  cells = [line.split() for line in lines]
  assert ["2", "2", "0.5000"] in cells and ["4", "1", "1.0000"] in cells


def test_trained_model_takes_a_text_with_choices():
  head = head_of()
  example = head.to_example(Choices("a", ["b", "c"]))
  assert (example.text_a, example.text_b) == ("a", ["b", "c"])
  for text, fragment in (("a", "choices"), (Choices("a", ["b"]), "1 choices"),
                         (Choices(" ", ["b", "c"]), "blank")):
    assert fragment in message_of(head.to_example, text)
  assert "choices" in message_of(
      registry.create("classification", LABELS).to_example,
      Choices("a", ["b", "c"]))
