"""All kinds of heads: labels, losses, logits, settings."""
import os
import typing

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert.common.errors import UserError
from bert.data.examples import InputExample
from bert.heads import registry
from bert.options.finetuning import HeadOptions
from mistakes import message_of

LABELS = ["w", "x", "y", "z"]
# Rows: a clear answer, a wrong one, huge scores, equal scores.
LOGITS = np.float32([[2.0, -1.0, 0.5, -3.0], [-0.5, 1.5, -2.5, 1.0],
                     [90.0, -90.0, 0.25, 30.0], [0.0, 0.0, 0.0, 0.0]])


class Case(typing.NamedTuple):
  """What a kind of head makes of LOGITS, and of labels.

  Attributes:
    label_ids: the batch's labels as numbers.
    encoded: (label, its numbers) pairs.
    bad_labels: that it must refuse.
    probabilities: float64 logits -> the same shape.
    losses: float64 (logits, label_ids) -> [batch].
    is_correct: of each row.
    predicted: of each row, the indices of the chosen labels.
    eval_prediction: what metrics are told of labels and of predictions.
  """
  label_ids: list
  encoded: list
  bad_labels: list
  probabilities: typing.Callable
  losses: typing.Callable
  is_correct: list
  predicted: list
  eval_prediction: typing.Tuple[list, list]


def softmax(logits):
  exponents = np.exp(logits - logits.max(axis=-1, keepdims=True))
  return exponents / exponents.sum(axis=-1, keepdims=True)


def softmax_cross_entropy(logits, label_ids):
  shifted = logits - logits.max(axis=-1, keepdims=True)
  log_sums = np.log(np.exp(shifted).sum(axis=-1))
  rows = np.arange(len(logits))
  return log_sums - shifted[rows, np.reshape(label_ids, -1)]


def sigmoid(logits):
  return 1.0 / (1.0 + np.exp(-logits))


def sigmoid_cross_entropy(logits, label_ids):
  # -log of the probability of what is so: log(1 + e^-x) for 1, e^x for 0.
  signs = 1 - 2 * np.array(label_ids)
  return np.logaddexp(0.0, signs * logits).sum(axis=-1)


MULTI_HOT = [[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]]

CASES = {
    "classification": Case(
        label_ids=[[0], [3], [0], [1]],
        encoded=[("w", [0]), ("z", [3]), (None, [0])],
        bad_labels=["v", "", "W", "w x"],
        probabilities=softmax, losses=softmax_cross_entropy,
        is_correct=[1, 0, 1, 0],
        predicted=[[0], [1], [0], [0]],
        eval_prediction=([0, 3, 0, 1], [0, 1, 0, 0])),
    "multi_label": Case(
        label_ids=MULTI_HOT,
        encoded=[(["y", "w"], [1, 0, 1, 0]), ("z x", [0, 1, 0, 1]),
                 (["x", "x"], [0, 1, 0, 0]), ([], [0, 0, 0, 0]),
                 ("", [0, 0, 0, 0]), (None, [0, 0, 0, 0])],
        bad_labels=["v", ["w", "v"], "w,x", ["w x"]],
        probabilities=sigmoid, losses=sigmoid_cross_entropy,
        is_correct=[1, 0, 1, 1],
        predicted=[[0, 2], [1, 3], [0, 2, 3], [0, 1, 2, 3]],
        eval_prediction=(MULTI_HOT, [[1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 1],
                             [1, 1, 1, 1]])),
}

each_kind = pytest.mark.parametrize("kind", sorted(CASES))


def labels_as_fed(kind):
  return tf.constant(CASES[kind].label_ids, tf.int32)


def as_float32(case):
  """The probabilities that the graph gives, worked out in numpy."""
  return np.float32(case.probabilities(np.float64(LOGITS)))


# Heads without a score a label.
OTHERS = {"multiple_choice": "test_multiple_choice.py",
          "regression": "test_regression.py", "span": "test_span.py",
          "tagging": "test_tagging.py"}


def test_every_registered_head_has_a_case_or_a_file():
  assert set(CASES) | set(OTHERS) == set(registry.registered())
  folder = os.path.dirname(__file__)
  assert set(OTHERS.values()) <= set(os.listdir(folder))


@each_kind
def test_label_becomes_its_numbers(kind):
  head = registry.create(kind, LABELS)
  for label, numbers in CASES[kind].encoded:
    assert head.encode_label(label) == numbers, label


@each_kind
def test_unknown_label_is_refused_with_the_list(kind):
  head = registry.create(kind, LABELS)
  for label in CASES[kind].bad_labels:
    with pytest.raises(ValueError, match="is not one of: w x y z"):
      head.encode_label(label)
  with pytest.raises(ValueError, match="'v'"):
    head.encode_label("v")


@each_kind
def test_long_list_of_labels_is_shortened_in_the_message(kind):
  head = registry.create(kind, ["label%d" % index for index in range(95)])
  with pytest.raises(ValueError) as caught:
    head.encode_label("v")
  assert "label0 label1 " in str(caught.value)
  assert "75 more" in str(caught.value)
  assert "label20" not in str(caught.value)


@each_kind
def test_label_field_has_the_shape_of_the_numbers(kind):
  head = registry.create(kind, LABELS)
  field = head.label_fields(9)["label_ids"]
  assert field.kind == tf.int64
  assert not field.is_per_token
  for label, _ in CASES[kind].encoded:
    assert field.shape == (len(head.encode_label(label)),)


@each_kind
def test_losses_are_those_of_numpy(kind, session):
  head = registry.create(kind, LABELS)
  losses = session.run(
      head.example_losses(tf.constant(LOGITS), labels_as_fed(kind)))
  golden.assert_close(losses, CASES[kind].losses(
      np.float64(LOGITS), CASES[kind].label_ids), name="losses")
  assert losses.dtype == np.float32


@each_kind
def test_losses_of_equal_scores_are_logarithms(kind, session):
  head = registry.create(kind, LABELS)
  losses = session.run(
      head.example_losses(tf.constant(LOGITS), labels_as_fed(kind)))
  # One of four labels; four times yes or no.
  expected = {"classification": np.log(4), "multi_label": 4 * np.log(2)}
  golden.assert_close(losses[3], expected[kind])


@each_kind
def test_probabilities_are_those_of_numpy(kind, session):
  head = registry.create(kind, LABELS)
  actual = session.run(head.probabilities(tf.constant(LOGITS)))
  golden.assert_close(actual, CASES[kind].probabilities(np.float64(LOGITS)))
  assert actual.dtype == np.float32


@each_kind
def test_answer_is_correct_when_all_of_it_is(kind, session):
  head = registry.create(kind, LABELS)
  probabilities = tf.constant(as_float32(CASES[kind]))
  actual = session.run(head.is_correct(probabilities, labels_as_fed(kind)))
  assert actual.tolist() == CASES[kind].is_correct
  assert actual.dtype == np.float32


@each_kind
def test_prediction_names_the_chosen_labels_and_their_scores(kind):
  head = registry.create(kind, LABELS)
  probabilities = as_float32(CASES[kind])
  for row, chosen in zip(probabilities, CASES[kind].predicted):
    prediction = head.prediction({"probabilities": row}, None)
    assert list(prediction.labels) == [LABELS[index] for index in chosen]
    assert list(prediction.scores) == [row[index] for index in chosen]


@each_kind
def test_outcome_is_what_metrics_take(kind):
  head = registry.create(kind, LABELS)
  probabilities = as_float32(CASES[kind])
  eval_prediction = head.eval_prediction({"label_ids": np.int32(CASES[kind].label_ids),
                          "probabilities": probabilities}, [])
  labels, predicted = CASES[kind].eval_prediction
  assert eval_prediction.labels.tolist() == labels
  assert eval_prediction.predicted.tolist() == predicted
  assert eval_prediction.predicted.dtype.kind == "i"
  np.testing.assert_array_equal(eval_prediction.probabilities, probabilities)


@pytest.mark.parametrize("threshold, chosen", [
    (0.0, [0, 1, 2, 3]), (0.3, [1, 2, 3]), (0.7, [2, 3]), (0.71, [3]),
    (1.0, [])])
def test_threshold_chooses_labels_at_or_above_it(threshold, chosen, session):
  head = registry.create("multi_label", LABELS, HeadOptions(threshold=threshold))
  row = np.float32([0.2, 0.3, 0.7, 0.9])
  multi_hot = [int(index in chosen) for index in range(4)]
  assert head.prediction({"probabilities": row}, None).labels == [
      LABELS[index] for index in chosen]
  assert head.eval_prediction({"label_ids": np.int32([multi_hot]),
                       "probabilities": row[None]},
                      []).predicted.tolist() == [multi_hot]
  is_correct = head.is_correct(
      tf.constant(row[None]), tf.constant([multi_hot], tf.int32))
  assert session.run(is_correct).tolist() == [1.0]


def test_threshold_is_a_half_unless_given():
  row = {"probabilities": np.float32([0.5, 0.499, 0.501, 0.0])}
  assert registry.create("multi_label", LABELS).prediction(
      row, None).labels == ["w", "y"]


class PooledOutput:
  """Stands for an encoder."""

  def __init__(self, values):
    self._tensor = tf.constant(values, tf.float32)

  def get_pooled_output(self):
    return self._tensor


@each_kind
def test_logits_are_a_linear_layer_by_the_contracts_names(kind, session):
  pooled = np.float32([[1, 2, 3], [0, -1, 1]])
  logits = registry.create(kind, LABELS).logits(
      PooledOutput(pooled), tf.ones([2, 1], tf.int32), False)
  variables = {each.op.name: each for each in tf.trainable_variables()}
  assert {name: each.shape.as_list() for name, each in variables.items()} == {
      "output_weights": [4, 3], "output_bias": [4]}
  weights = np.arange(12, dtype=np.float32).reshape(4, 3)
  bias = np.float32([100, 200, 300, 400])
  session.run([variables["output_weights"].assign(weights),
               variables["output_bias"].assign(bias)])
  np.testing.assert_array_equal(session.run(logits),
                                pooled.dot(weights.T) + bias)


def test_new_weights_are_truncated_normal_and_the_bias_0(session):
  labels = ["label%d" % index for index in range(50)]
  registry.create("classification", labels).logits(
      PooledOutput(np.zeros([1, 200])), tf.ones([1, 1], tf.int32), False)
  session.run(tf.global_variables_initializer())
  values = {each.op.name: session.run(each)
            for each in tf.trainable_variables()}
  assert not values["output_bias"].any()
  # Cut at two deviations, which leaves 0.88 of the deviation.
  assert 0.038 < np.abs(values["output_weights"]).max() <= 0.04
  np.testing.assert_allclose(values["output_weights"].std(), 0.0176, rtol=0.03)


@pytest.mark.parametrize("is_training", [False, True])
def test_a_tenth_of_the_pooled_output_is_dropped_in_training(is_training,
                                                             session):
  tf.set_random_seed(1)
  logits = registry.create("classification", LABELS).logits(
      PooledOutput(np.ones([2000, 1])), tf.ones([2000, 1], tf.int32),
      is_training)
  weights, _ = tf.trainable_variables()
  session.run(tf.global_variables_initializer())
  session.run(weights.assign(np.ones([4, 1])))
  kept = (session.run(logits)[:, 0] > 0).mean()
  # Over 2000 rows the share strays by 0.007.
  assert abs(kept - (0.9 if is_training else 1.0)) < (
      0.03 if is_training else 1e-9)


def test_unknown_head_suggests_the_right_one():
  with pytest.raises(UserError, match="did you mean multi_label") as caught:
    registry.create("multilabel", LABELS)
  for kind in registry.registered():
    assert kind in str(caught.value)


@each_kind
@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_training_loss_is_the_mean_over_the_batch(kind, loss, session):
  head = registry.create(kind, LABELS, HeadOptions(loss=loss))
  label_ids = labels_as_fed(kind)
  found, each = session.run([
      head.training_loss(tf.constant(LOGITS), label_ids),
      [head.training_loss(tf.constant(LOGITS[row:row + 1]),
                          label_ids[row:row + 1]) for row in range(4)]])
  golden.assert_close(found, np.mean(each))
  plain = session.run(head.example_losses(tf.constant(LOGITS), label_ids))
  is_plain = abs(found - plain.mean()) < 1e-5
  assert is_plain == (loss == "cross_entropy")


def test_f1_loss_is_of_the_second_of_two_labels(session):
  head = registry.create("classification", ["no", "yes"], HeadOptions(loss="f1"))
  logits = np.float32([[0, 0], [np.log(3), 0], [0, np.log(9)]])
  # Probabilities of yes: a half, a quarter, nine tenths.
  found = session.run(head.training_loss(
      tf.constant(logits), tf.constant([[1], [0], [1]])))
  golden.assert_close(found, -2 * 1.4 / (2 + 1.65))


def test_f1_loss_is_of_all_decisions_of_a_multi_label_batch(session):
  head = registry.create("multi_label", ["a", "b"], HeadOptions(loss="f1"))
  found = session.run(head.training_loss(
      tf.zeros([2, 2]), tf.constant([[1, 0], [1, 1]])))
  golden.assert_close(found, -2 * 1.5 / (3 + 2))


def examples_of(labels):
  return [InputExample("g", "a", None, label) for label in labels]


@pytest.mark.parametrize("kind, text, labels, expected", [
    ("classification", "balanced", ["w", "w", "w", "x", "y", "y"],
     [6 / 9, 2.0, 1.0, 1.0]),
    ("multi_label", "balanced", [["w"], ["w", "x"], ["w"], []],
     [1 / 3, 3.0, 1.0, 1.0]),
    ("classification", "1,2,.5,0", [], [1.0, 2.0, 0.5, 0.0]),
    ("classification", None, ["w"], None)])
def test_weights_are_those_given_or_even_labels_out(kind, text, labels,
                                                    expected):
  head = registry.create(kind, LABELS, HeadOptions(class_weights=text))
  assert head.compute_class_weights(examples_of(labels)) == (
      expected and pytest.approx(expected))
  assert head.class_weights is None  # Counting changes nothing.


@each_kind
def test_weights_reach_the_training_loss_alone(kind, session):
  losses = []
  for text in (None, "3,3,3,3"):
    head = registry.create(kind, LABELS, HeadOptions(class_weights=text))
    head = head.with_class_weights(head.compute_class_weights([]))
    losses.append(session.run([
        head.training_loss(tf.constant(LOGITS), labels_as_fed(kind)),
        head.example_losses(tf.constant(LOGITS), labels_as_fed(kind))]))
  assert losses[1][0] > losses[0][0] * 1.5
  np.testing.assert_array_equal(losses[1][1], losses[0][1])


def test_weights_must_be_as_many_as_labels():
  head = registry.create("classification", LABELS, HeadOptions(
      class_weights="1,2"))
  message = message_of(head.compute_class_weights, [])
  assert "--class_weights=1,2: 2 weights" in message and "4 labels" in message


@pytest.mark.parametrize("kind, labels, settings, fragment", [
    ("classification", LABELS, dict(loss="f1"), "4 labels"),
    ("classification", LABELS, dict(crf=True), "--crf"),
    ("multi_label", LABELS, dict(crf=True), "--crf"),
    ("regression", [], dict(loss="focal"), "--loss=focal"),
    ("regression", [], dict(class_weights="balanced"),
     "--class_weights=balanced"),
    ("regression", [], dict(label_smoothing=0.1), "--label_smoothing=0.1"),
    ("regression", [], dict(crf=True), "--crf=true"),
    ("regression", ["a"], dict(), "no labels"),
    ("tagging", ["a"], dict(), "needs the label O"),
    ("tagging", ["O"], dict(loss="f1"), "--loss=f1"),
    ("tagging", ["O"], dict(pooling="mean"), "--pooling=mean"),
    ("tagging", ["O"], dict(window_pooling="max"), "--window_pooling=max"),
    ("tagging", ["O"], dict(crf=True, loss="focal"), "--loss=focal"),
    ("tagging", ["O"], dict(crf=True, class_weights="balanced"),
     "--class_weights=balanced"),
    ("tagging", ["O"], dict(crf=True, label_smoothing=0.1),
     "--label_smoothing=0.1")])
def test_setting_that_has_no_meaning_for_a_head_is_refused(
    kind, labels, settings, fragment):
  assert fragment in message_of(registry.create, kind, labels,
                                HeadOptions(**settings))
