"""A model of the first token alone, against one of the whole sequence."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from graphs import names_of, tiny_config

# Sizes that no transposition would mix up unnoticed: 3 texts of 5 tokens, two
# heads of 4.
IDS = np.array([[1, 4, 9, 4, 0], [1, 7, 0, 0, 0], [1, 2, 3, 5, 6]])
MASK = np.array([[1, 1, 1, 1, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]])
TYPES = np.array([[0, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 1, 1]])
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def inputs(is_static, is_masked):
  """Ids, mask and types as tensors, and what to feed."""
  arrays = [IDS, MASK if is_masked else None, TYPES]
  tensors, feed = [], {}
  for array in arrays:
    if array is None or is_static:
      tensors.append(None if array is None else tf.constant(array, tf.int32))
    else:
      tensors.append(tf.placeholder(tf.int32, [None, None]))
      feed[tensors[-1]] = array
  return tensors, feed


def pooled_outputs(config, is_training, tensors):
  """The full model's and the other's, which share their variables."""
  outputs = []
  for first_token_only in (False, True):
    with tf.variable_scope("", reuse=first_token_only):
      outputs.append(modeling.BertModel(
          config, is_training, *tensors, scope="bert",
          first_token_only=first_token_only).get_pooled_output())
  return outputs


def fill_variables(session):
  """Values that are large enough for every variable to matter."""
  random = np.random.RandomState(9)
  session.run([tf.assign(variable, random.randn(*variable.shape.as_list()) * 0.4
                         + variable.op.name.endswith("gamma"))
               for variable in tf.trainable_variables()])


def values_and_gradients(session, outputs, feed):
  """Each output's value and its gradients by name, made dense."""
  upstream = tf.constant(np.random.RandomState(2).randn(3, 8), tf.float32)
  variables = tf.trainable_variables()
  fill_variables(session)
  found = []
  for output in outputs:
    gradients = tf.gradients(output, variables, upstream)
    assert None not in gradients
    found.append([output, dict(zip(
        names_of(variables), map(tf.convert_to_tensor, gradients)))])
  return session.run(found, feed)


def assert_same(actual, expected):
  """Gradients agree to a share of the largest of all.

  That of a key's bias is 0 but for rounding.
  """
  golden.assert_close(actual[0], expected[0], name="pooled_output")
  largest = max(np.abs(each).max() for each in expected[1].values())
  assert set(actual[1]) == set(expected[1])
  for name, gradient in expected[1].items():
    np.testing.assert_allclose(actual[1][name], gradient, rtol=1e-5,
                               atol=1e-6 * largest, err_msg=name)


@pytest.mark.parametrize("is_masked, is_static, is_training", [
    (True, False, True), (False, True, True), (True, True, False)])
def test_first_tokens_model_has_the_output_and_gradients_of_the_full_one(
    session, variable_kind, is_masked, is_static, is_training):
  tensors, feed = inputs(is_static, is_masked)
  outputs = pooled_outputs(tiny_config(**NO_DROPOUT), is_training, tensors)
  assert outputs[1].shape.as_list() == outputs[0].shape.as_list()
  full, first = values_and_gradients(session, outputs, feed)
  assert_same(first, full)
  moved = [name for name, gradient in full[1].items()
           if np.abs(gradient).max() > 1e-4]
  assert len(moved) == len(full[1]) - 2  # Each layer's key bias.


def test_first_tokens_model_drops_where_the_full_one_does(
    session, monkeypatch):
  def draw(like, probability):
    assert probability == 0.5
    # By place in the last axis, as the tensors differ in all others.
    kept = tf.range(tf.shape(like)[-1]) % 3 > 0
    return lambda tensor: tensor * tf.cast(kept, tf.float32), 2.0

  monkeypatch.setattr(modeling, "_draw_dropout", draw)
  tensors, feed = inputs(False, True)
  outputs = pooled_outputs(
      tiny_config(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5),
      True, tensors)
  full, first = values_and_gradients(session, outputs, feed)
  assert_same(first, full)
  monkeypatch.setattr(modeling, "_draw_dropout", lambda *_: (tf.identity, 1.0))
  with tf.variable_scope("", reuse=True):
    without = modeling.BertModel(tiny_config(), True, *tensors, scope="bert",
                                 first_token_only=True).get_pooled_output()
  assert np.abs(session.run(without, feed) - full[0]).max() > 1e-2


@pytest.mark.parametrize("getter", ["get_sequence_output",
                                    "get_all_encoder_layers"])
def test_first_tokens_model_refuses_what_it_lacks(session, getter):
  model = modeling.BertModel(tiny_config(), False, tf.constant(IDS, tf.int32),
                             first_token_only=True)
  with pytest.raises(ValueError, match="first_token_only"):
    getattr(model, getter)()


def test_first_tokens_model_trains_with_dropout(session):
  tensors, _ = inputs(True, True)
  output = modeling.BertModel(tiny_config(), True, *tensors,
                              first_token_only=True).get_pooled_output()
  fill_variables(session)
  values = [session.run(output) for _ in range(2)]
  assert np.isfinite(values).all()
  assert np.abs(values[0] - values[1]).max() > 1e-3
