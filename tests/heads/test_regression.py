"""The head that learns a number."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

from bert.heads import registry


@pytest.fixture
def head():
  return registry.create("regression", [])


def test_label_is_a_number_as_text_or_float(head):
  assert head.encode_label("3.8") == [3.8]
  assert head.encode_label(-2) == [-2.0]
  assert head.encode_label(None) == [0.0]
  field = head.label_fields(9)["label_ids"]
  assert (field.kind, field.shape, field.is_per_token) == (
      tf.float32, (1,), False)


@pytest.mark.parametrize("label", ["", "three", "nan", "inf"])
def test_label_that_is_no_finite_number_is_refused(head, label):
  with pytest.raises(ValueError, match=repr(label)):
    head.encode_label(label)


def test_loss_is_the_squared_error(head, session):
  logits, labels = tf.constant([[1.0], [3.0]]), tf.constant([[1.5], [1.0]])
  each, mean = session.run([head.example_losses(logits, labels),
                            head.training_loss(logits, labels)])
  np.testing.assert_allclose(each, [0.25, 4.0])
  np.testing.assert_allclose(mean, 2.125)


def test_score_is_the_prediction(head):
  row = {"probabilities": np.float32([2.5])}
  prediction = head.prediction(row, None)
  assert prediction.labels == ["2.5"] and prediction.scores == [2.5]
  assert head.result(row, None) == "2.5"
  assert head.streamed_keys == ("eval_loss",)


def test_outcome_is_a_number_an_example(head):
  eval_prediction = head.eval_prediction({"label_ids": np.float32([[1], [2]]),
                          "probabilities": np.float32([[1.5], [2.5]])}, [])
  assert eval_prediction.labels.tolist() == [1.0, 2.0]
  assert eval_prediction.predicted.tolist() == [1.5, 2.5]


def test_one_output_is_learnt(head):
  assert head.num_outputs == 1 and head.labels == []
