"""A model that leaves padding out, against one that computes all of it."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from graphs import golden_config, run_init, tiny_config, unused_operations

# Texts of 5, 2, 1 and 4 tokens; a hole in the last; one that is all padding.
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0],
                 [1, 0, 1, 1, 0], [0, 0, 0, 0, 0]])
IDS = np.arange(25).reshape(5, 5) % 11
TYPES = (np.arange(25).reshape(5, 5) // 3) % 2
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
MASKS = {"mixed": MASK, "whole": np.ones_like(MASK),
         "empty": np.zeros_like(MASK)}


def build(config, is_training, mask, **settings):
  """The model of placeholders of unknown shape, with defaults."""
  tensors = [None if each is None else tf.placeholder_with_default(
      tf.constant(each, tf.int32), [None, None]) for each in (IDS, mask, TYPES)]
  return modeling.BertModel(config, is_training, *tensors, scope="bert",
                            **settings)


def both(config, is_training, mask, **settings):
  """The model that computes padding, and the one that does not."""
  models = []
  for drop_padding in (False, True):
    with tf.variable_scope("", reuse=drop_padding):
      models.append(build(config, is_training, mask, drop_padding=drop_padding,
                          **settings))
  return models


def outputs_of(model):
  return [model.get_embedding_output()] + model.get_all_encoder_layers()


def fill_variables(session):
  random = np.random.RandomState(9)
  session.run([tf.assign(variable, random.randn(*variable.shape.as_list()) * 0.4
                         + variable.op.name.endswith("gamma"))
               for variable in tf.trainable_variables()])


@pytest.mark.parametrize("name", sorted(MASKS))
@pytest.mark.parametrize("is_training", [False, True])
def test_real_tokens_have_the_same_vectors_and_others_zeros(
    session, variable_kind, is_training, name):
  del variable_kind
  mask = MASKS[name]
  models = both(tiny_config(**NO_DROPOUT), is_training, mask)
  fill_variables(session)
  expected, actual = session.run([outputs_of(each) for each in models])
  # The first position of a text always is computed.
  is_kept = mask.astype(bool)
  is_kept[:, 0] = True
  has_text = mask.any(axis=1)
  for one, other in zip(expected, actual):
    assert one.shape == other.shape == (5, 5, 8)
    golden.assert_close(other[mask == 1], one[mask == 1])
    assert not other[~is_kept].any() and np.isfinite(other).all()
  pooled = session.run([each.get_pooled_output() for each in models])
  golden.assert_close(pooled[1][has_text], pooled[0][has_text])


def test_golden_outputs_hold_at_real_tokens(session):
  expected = golden.arrays("model.npz")
  model = modeling.BertModel(
      golden_config(), False, *[tf.constant(expected[name], tf.int32) for name in
                                ("input_ids", "input_mask", "segment_ids")],
      drop_padding=True)
  tf.train.init_from_checkpoint(golden.checkpoint(), {"bert/": "bert/"})
  run_init(session)
  is_real = expected["input_mask"] == 1
  assert not is_real.all()
  layers = {"layer_%d" % index: layer for index, layer in
            enumerate(model.get_all_encoder_layers())}
  for name, value in session.run(dict(
      layers, embedding_output=model.get_embedding_output(),
      sequence_output=model.get_sequence_output())).items():
    golden.assert_close(value[is_real], expected[name][is_real], name=name)
  golden.assert_close(session.run(model.get_pooled_output()),
                      expected["pooled_output"])


@pytest.mark.parametrize("first_token_only", [False, True])
def test_gradients_and_their_norm_are_the_same(session, first_token_only):
  """The norm too: of rows that are gathered, TensorFlow adds up each."""
  mask = MASK[:4]
  models = both(tiny_config(**NO_DROPOUT), True, MASK,
                first_token_only=first_token_only)
  losses = []
  for model in models:
    loss = tf.reduce_sum(model.get_pooled_output()[:4] * np.arange(8.0))
    if not first_token_only:
      real = np.float32(mask)[:, :, None]
      loss += tf.reduce_sum(model.get_sequence_output()[:4] ** 3 * real)
    losses.append(loss)
  variables = tf.trainable_variables()
  fill_variables(session)
  gradients = [tf.gradients(loss, variables) for loss in losses]
  assert ([type(each) for each in gradients[0]] ==
          [type(each) for each in gradients[1]])
  norms = session.run([tf.global_norm(each) for each in gradients])
  golden.assert_close(norms[1], norms[0])
  expected, actual = session.run([
      [tf.convert_to_tensor(each) for each in those] for those in gradients])
  for variable, one, other in zip(variables, expected, actual):
    # Softmax does not see a key's bias.
    if not variable.op.name.endswith("key/bias"):
      golden.assert_close(other, one, name=variable.op.name)


def test_what_stands_at_padding_changes_nothing(session):
  models = both(tiny_config(**NO_DROPOUT), False, MASK)
  fill_variables(session)
  ids = models[1].get_sequence_output().graph.get_tensor_by_name(
      "PlaceholderWithDefault_3:0")
  before = session.run(models[1].get_sequence_output())
  after = session.run(models[1].get_sequence_output(),
                      {ids: np.where(MASK, IDS, 10 - IDS % 3)})
  np.testing.assert_array_equal(before[:4], after[:4])


def test_dropout_is_on_in_training(session):
  model = build(tiny_config(hidden_dropout_prob=0.5), True, MASK,
                drop_padding=True)
  fill_variables(session)
  one, other = [session.run(model.get_sequence_output()) for _ in range(2)]
  assert (one != other).any()
  assert not one[MASK == 0][[0, 1, 2]].any()


def test_without_a_mask_nothing_is_left_out(session):
  models = both(tiny_config(**NO_DROPOUT), False, None)
  fill_variables(session)
  expected, actual = session.run([outputs_of(each) for each in models])
  for one, other in zip(expected, actual):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("drop_padding", [False, True])
def test_graph_holds_nothing_that_nothing_uses(session, drop_padding):
  model = build(tiny_config(), True, MASK, drop_padding=drop_padding)
  outputs = outputs_of(model) + [model.get_sequence_output(),
                                 model.get_pooled_output()]
  assert unused_operations(session.graph, outputs) == []


def test_compiled_graph_keeps_its_shapes(session):
  """XLA, as on TPUs, needs shapes that are known."""
  config = tiny_config(**NO_DROPOUT)
  mask, ids, types = [tf.constant(each, tf.int32)
                      for each in (MASK, IDS, TYPES)]
  with tf.variable_scope("", use_resource=True):
    plain = modeling.BertModel(config, False, ids, mask, types, scope="bert")
    expected = plain.get_sequence_output()

  def computation():
    with tf.variable_scope("", use_resource=True, reuse=True):
      return [modeling.BertModel(config, False, ids, mask, types, scope="bert",
                                 drop_padding=True).get_sequence_output()]

  (output,) = tf.xla.experimental.compile(computation)
  fill_variables(session)
  # XLA of TensorFlow 1.15 computes tanh by another polynomial.
  golden.assert_close(*session.run([output, expected]), tolerance=1e-3)


def test_length_over_the_positions_is_refused():
  for drop_padding in (False, True):
    with tf.Graph().as_default(), pytest.raises(ValueError, match="Sequence"):
      ids = tf.zeros([2, 17], tf.int32)
      modeling.BertModel(tiny_config(), False, ids, tf.ones_like(ids),
                         drop_padding=drop_padding)
