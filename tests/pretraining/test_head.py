"""The losses of pre-training, against the reference's and by NumPy."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.data import records
from bert.encoders.bert import Bert
from bert.model import model_function
from bert.pretraining import instance_files
from bert.pretraining.head import PretrainingHead

TRAIN = tf.estimator.ModeKeys.TRAIN
EVAL = tf.estimator.ModeKeys.EVAL
GOLDEN = golden.arrays("pretraining.npz")
FEATURES = {
    name[len("features."):]: np.float32(values) if "weights" in name else
    np.int32(values)
    for name, values in GOLDEN.items() if name.startswith("features.")}
VARIABLES = {name[len("variables."):]: values
             for name, values in GOLDEN.items()
             if name.startswith("variables.")}


def config():
  return modeling.BertConfig.from_dict(dict(
      golden.document("bert_config.json"), hidden_dropout_prob=0.0,
      attention_probs_dropout_prob=0.0))


def set_variables(session):
  reader = tf.train.load_checkpoint(golden.checkpoint())
  session.run(tf.global_variables_initializer())
  for each in tf.trainable_variables():
    value = VARIABLES.get(each.op.name)
    each.load(reader.get_tensor(each.op.name) if value is None else value,
              session)


def constants():
  return {name: tf.constant(value) for name, value in FEATURES.items()}


def test_losses_are_the_references(session, variable_kind):
  head = PretrainingHead(config())
  features = head.prepare(constants())
  model = modeling.BertModel(
      config(), False, features["input_ids"], features["input_mask"],
      features["segment_ids"], scope="bert")
  answers = head.forward(model, features)
  evaluation = head.evaluation(answers, features)
  names = {each.op.name for each in tf.trainable_variables()}
  assert {name for name in names if name.startswith("cls/")} == set(VARIABLES)
  set_variables(session)
  found, loss = session.run([answers, evaluation.loss])
  golden.assert_close(found["word_losses"].reshape(-1),
                      GOLDEN["masked_lm_example_loss"])
  golden.assert_close(found["next_losses"],
                      GOLDEN["next_sentence_example_loss"])
  golden.assert_close(loss, GOLDEN["masked_lm_loss"] +
                      GOLDEN["next_sentence_loss"])
  weights = FEATURES["masked_lm_weights"]
  golden.assert_close(
      (found["word_losses"] * weights).sum() / (weights.sum() + 1e-5),
      GOLDEN["masked_lm_loss"])
  golden.assert_close(found["next_losses"].mean(),
                      GOLDEN["next_sentence_loss"])


def make_spec(mode, cpu_replicas=1, **training):
  model = model_function.Model(Bert(config()), PretrainingHead(config()),
                               cpu_replicas=cpu_replicas)
  if mode == EVAL:
    return model.model_fn(constants(), None, mode, {})
  return model.train_spec(constants(), model_function.TrainingSettings(
      1e-3, 20, 0, **training))


@pytest.mark.parametrize("cpu_replicas", [1, 3])
def test_streamed_metrics_are_weighted_means(session, cpu_replicas):
  spec = make_spec(EVAL, cpu_replicas=cpu_replicas)
  metric_fn, tensors = spec.eval_metrics
  results = metric_fn(**tensors)
  set_variables(session)
  session.run(tf.local_variables_initializer())
  for _ in range(2):
    session.run([update for _, update in results.values()])
  found = session.run({name: value for name, (value, _) in results.items()})
  assert set(found) == {"masked_lm_accuracy", "masked_lm_loss",
                        "next_sentence_accuracy", "next_sentence_loss"}
  weights = FEATURES["masked_lm_weights"].reshape(-1)
  golden.assert_close(
      found["masked_lm_loss"], np.average(GOLDEN["masked_lm_example_loss"],
                                          weights=weights))
  golden.assert_close(found["next_sentence_loss"],
                      GOLDEN["next_sentence_example_loss"].mean())
  assert 0 <= found["masked_lm_accuracy"] < 0.5
  assert 0 <= found["next_sentence_accuracy"] <= 1


def trained(**parts):
  """The losses of three steps, and the variables after them."""
  with tf.Graph().as_default(), tf.Session() as session:
    spec = make_spec(TRAIN, **parts)
    set_variables(session)
    losses = [session.run([spec.loss, spec.train_op])[0] for _ in range(3)]
    return losses, session.run(
        {variable.op.name: variable for variable in tf.global_variables()})


@pytest.fixture(scope="module")
def whole():
  return trained()


@pytest.mark.parametrize("parts", [dict(num_micro_batches=4),
                                   dict(cpu_replicas=2)])
def test_steps_in_parts_are_those_of_the_whole_batch(parts, whole):
  """Though parts have different numbers of masked words."""
  weights = FEATURES["masked_lm_weights"]
  assert len(set(weights.reshape(4, -1).sum(axis=1))) > 1
  (expected_losses, expected), (losses, actual) = whole, trained(**parts)
  golden.assert_close(losses, expected_losses)
  assert set(actual) == set(expected)
  for name in expected:
    np.testing.assert_allclose(actual[name], expected[name], rtol=0,
                               atol=2e-5, err_msg=name)


def test_shapes_are_those_of_the_golden_variables():
  spec = instance_files.feature_spec(48, 7)
  model = model_function.Model(Bert(config()), PretrainingHead(config()))
  shapes = model.variable_shapes(lambda: records.placeholders(spec))
  assert {name: shape for name, shape in shapes.items()
          if name.startswith("cls/")} == {
              name: values.shape for name, values in VARIABLES.items()}
