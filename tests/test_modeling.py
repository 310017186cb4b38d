"""BertModel: its outputs, its variables and its graph."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from graphs import (
    LAYER_VARIABLES, golden_config, names_of, tiny_config, unused_operations)

pytestmark = pytest.mark.smoke

OTHER_VARIABLES = [
    "embeddings/word_embeddings", "embeddings/token_type_embeddings",
    "embeddings/position_embeddings", "embeddings/LayerNorm/beta",
    "embeddings/LayerNorm/gamma", "pooler/dense/kernel", "pooler/dense/bias"]
GETTERS = ["get_pooled_output", "get_sequence_output",
           "get_all_encoder_layers", "get_embedding_output"]


def tiny_ids(batch=2, length=5):
  return tf.constant(np.arange(batch * length).reshape(batch, length) % 11,
                     tf.int32)


def init_from_golden(session):
  tf.train.init_from_checkpoint(golden.checkpoint(), {"bert/": "bert/"})
  session.run(tf.global_variables_initializer())


def golden_inputs():
  arrays = golden.arrays("model.npz")
  return [arrays[name] for name in ("input_ids", "input_mask", "segment_ids")]


def constants(arrays):
  return [tf.constant(each, tf.int32) for each in arrays]


def graph_inputs(is_static):
  if is_static:
    return [tiny_ids(), tf.ones([2, 5], tf.int32), tf.zeros([2, 5], tf.int32)]
  return [tf.placeholder(tf.int32, [None, None]) for _ in range(3)]


@pytest.mark.parametrize("use_one_hot_embeddings", [False, True])
def test_outputs_equal_the_golden_ones(
    session, variable_kind, use_one_hot_embeddings):
  expected = golden.arrays("model.npz")
  model = modeling.BertModel(golden_config(), False,
                             *constants(golden_inputs()),
                             use_one_hot_embeddings=use_one_hot_embeddings)
  outputs = {"embedding_output": model.get_embedding_output(),
             "pooled_output": model.get_pooled_output(),
             "sequence_output": model.get_sequence_output()}
  layers = model.get_all_encoder_layers()
  assert len(layers) == 3
  outputs.update(("layer_%d" % i, layer) for i, layer in enumerate(layers))
  init_from_golden(session)
  for name, value in session.run(outputs).items():
    golden.assert_close(value, expected[name], name=name)


@pytest.mark.parametrize("getter", GETTERS)
def test_every_output_can_be_asked_for_alone(session, getter):
  feeds = graph_inputs(is_static=False)
  model = modeling.BertModel(golden_config(), False, *feeds)
  output = getattr(model, getter)()
  init_from_golden(session)
  expected = golden.arrays("model.npz")
  if getter == "get_all_encoder_layers":
    output = output[-1]
    name = "layer_2"
  else:
    name = getter[len("get_"):]
  value = session.run(output, dict(zip(feeds, golden_inputs())))
  golden.assert_close(value, expected[name], name=name)


def test_variable_names_are_the_checkpoint_contract(session, variable_kind):
  model = modeling.BertModel(tiny_config(), False, tiny_ids())
  expected = {"bert/" + name for name in OTHER_VARIABLES}
  expected.update("bert/encoder/layer_%d/%s" % (layer, name)
                  for layer in range(2) for name in LAYER_VARIABLES)
  assert len(tf.global_variables()) == len(expected)
  assert set(names_of(tf.trainable_variables())) == expected
  with tf.variable_scope("loss"):
    for getter in GETTERS:
      getattr(model, getter)()
  assert set(names_of(tf.global_variables())) == expected
  is_resource = tf.global_variables()[0].op.type == "VarHandleOp"
  assert is_resource == (variable_kind == "resource")


def test_variables_match_the_golden_checkpoint_in_name_and_shape(session):
  modeling.BertModel(golden_config(), False, *constants(golden_inputs()))
  saved = {name: shape
           for name, shape in tf.train.list_variables(golden.checkpoint())
           if name.startswith("bert/")}
  assert {each.op.name: each.shape.as_list()
          for each in tf.global_variables()} == saved


def test_scope_can_be_named_and_shared(session):
  config = tiny_config()
  first = modeling.BertModel(config, False, tiny_ids(), scope="teacher")
  names = names_of(tf.global_variables())
  assert len(names) == len(set(names)) == 39
  assert all(name.startswith("teacher/") for name in names)
  with tf.variable_scope(tf.get_variable_scope(), reuse=True):
    second = modeling.BertModel(config, False, tiny_ids(), scope="teacher")
  assert names_of(tf.global_variables()) == names
  session.run(tf.global_variables_initializer())
  one, two = session.run([first.get_pooled_output(),
                          second.get_pooled_output()])
  np.testing.assert_array_equal(one, two)


def test_second_model_has_variables_of_its_own(session):
  for _ in range(2):
    modeling.BertModel(tiny_config(), False, tiny_ids())
  assert {name.split("/")[0] for name in names_of(tf.global_variables())} == {
      "bert", "bert_1"}


def test_initial_values(session):
  model = modeling.BertModel(tiny_config(initializer_range=0.5), False,
                             tiny_ids())
  session.run(tf.global_variables_initializer())
  for variable in tf.global_variables():
    value, name = session.run(variable), variable.op.name
    if name.endswith(("/bias", "/beta")):
      assert np.all(value == 0.0), name
    elif name.endswith("/gamma"):
      assert np.all(value == 1.0), name
    else:
      assert 0.1 < np.std(value) and np.max(np.abs(value)) <= 1.0, name
  table = [each for each in tf.global_variables()
           if each.op.name == "bert/embeddings/word_embeddings"]
  np.testing.assert_array_equal(*session.run(
      [model.get_embedding_table(), table[0]]))


def test_outputs_have_static_shapes(session):
  model = modeling.BertModel(tiny_config(), False, tiny_ids())
  assert model.get_pooled_output().shape.as_list() == [2, 8]
  assert model.get_sequence_output().shape.as_list() == [2, 5, 8]
  assert model.get_embedding_output().shape.as_list() == [2, 5, 8]
  assert model.get_embedding_table().shape.as_list() == [11, 8]
  assert [layer.shape.as_list() for layer in model.get_all_encoder_layers()
          ] == [[2, 5, 8]] * 2


def test_missing_mask_and_types_mean_all_real_and_all_zero(session):
  ids = tiny_ids()
  short = modeling.BertModel(tiny_config(), False, ids)
  with tf.variable_scope(tf.get_variable_scope(), reuse=True):
    full = modeling.BertModel(tiny_config(), False, ids, tf.ones_like(ids),
                              tf.zeros_like(ids), scope="bert")
  session.run(tf.global_variables_initializer())
  actual, expected = session.run([short.get_sequence_output(),
                                  full.get_sequence_output()])
  golden.assert_close(actual, expected, 1e-6)


def test_padded_positions_change_nothing(session):
  ids, mask, segments = golden_inputs()
  wide = [np.pad(each, [(0, 0), (0, 16)], "constant")
          for each in (ids, mask, segments)]
  junk = np.random.RandomState(5).randint(0, 756, [6, 48])
  wide[0] = np.where(wide[1], wide[0], junk)
  model = modeling.BertModel(golden_config(), False, *constants(wide))
  outputs = [model.get_pooled_output(), model.get_sequence_output()]
  init_from_golden(session)
  pooled, sequence = session.run(outputs)
  expected = golden.arrays("model.npz")
  golden.assert_close(pooled, expected["pooled_output"])
  is_real = mask == 1
  assert 0 < is_real.sum() < is_real.size
  golden.assert_close(sequence[:, :32][is_real],
                      expected["sequence_output"][is_real])


@pytest.mark.parametrize("changes", [
    dict(hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.0),
    dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.5)])
def test_dropout_acts_in_training_alone(session, changes):
  config = tiny_config(initializer_range=0.5, **changes)
  before = config.to_dict()
  training = modeling.BertModel(config, True, tiny_ids())
  with tf.variable_scope(tf.get_variable_scope(), reuse=True):
    serving = modeling.BertModel(config, False, tiny_ids(), scope="bert")
  assert config.to_dict() == before
  outputs = [training.get_sequence_output(), serving.get_sequence_output()]
  session.run(tf.global_variables_initializer())
  trained, served = zip(*[session.run(outputs) for _ in range(2)])
  assert np.max(np.abs(trained[0] - trained[1])) > 1e-3
  np.testing.assert_array_equal(*served)


@pytest.mark.parametrize("is_pooled_first", [True, False])
def test_pooled_output_is_of_the_sequence_output_in_training_too(
    session, is_pooled_first):
  model = modeling.BertModel(tiny_config(initializer_range=0.5), True,
                             tiny_ids())
  if is_pooled_first:
    model.get_pooled_output()
  outputs = [model.get_sequence_output(), model.get_pooled_output()] + [
      each for each in tf.global_variables() if "/pooler/" in each.op.name]
  session.run(tf.global_variables_initializer())
  sequence, pooled, kernel, bias = session.run(outputs)
  golden.assert_close(pooled, np.tanh(sequence[:, 0].dot(kernel) + bias))


@pytest.mark.parametrize("is_static", [True, False])
@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize(
    "getters", [GETTERS, ["get_pooled_output"], ["get_sequence_output"]],
    ids=["all", "pooled", "sequence"])
def test_graph_holds_no_tensor_that_nothing_uses(
    session, is_static, is_training, getters):
  model = modeling.BertModel(tiny_config(), is_training,
                             *graph_inputs(is_static))
  outputs = []
  for getter in getters:
    output = getattr(model, getter)()
    outputs += output if isinstance(output, list) else [output]
  assert unused_operations(session.graph, outputs) == []


@pytest.mark.parametrize("getter", GETTERS)
def test_outputs_may_be_asked_for_outside_the_graph(getter):
  with tf.Graph().as_default() as graph:
    model = modeling.BertModel(tiny_config(), False, tiny_ids())
  output = getattr(model, getter)()
  assert (output[0] if isinstance(output, list) else output).graph is graph


@pytest.mark.parametrize("call", [
    lambda: modeling.BertModel(tiny_config(num_attention_heads=3), False,
                               tiny_ids()),
    lambda: modeling.transformer_model(tf.zeros([2, 5, 8]), hidden_size=8,
                                       num_attention_heads=3)])
def test_heads_must_divide_the_hidden_size(session, call):
  with pytest.raises(ValueError, match=r"8\b.*\b3\b"):
    call()


def test_input_ids_must_be_a_matrix(session):
  with pytest.raises(ValueError):
    modeling.BertModel(tiny_config(), False, tf.zeros([5], tf.int32))


def test_sequence_over_the_position_table_is_an_error(session):
  with pytest.raises((ValueError, tf.errors.InvalidArgumentError)):
    modeling.BertModel(tiny_config(), False, tiny_ids(length=17))


def test_assignment_map_pairs_equal_names(session):
  other = tf.get_variable("output_weights", [3, 32])
  modeling.BertModel(golden_config(), False, *constants(golden_inputs()))
  saved = tf.train.load_checkpoint(golden.checkpoint())
  expected = set(names_of(tf.global_variables())) - {other.op.name}
  assignment_map, names = modeling.get_assignment_map_from_checkpoint(
      tf.trainable_variables(), golden.checkpoint())
  assert set(assignment_map) == expected and len(expected) == 55
  assert set(names) == expected | {name + ":0" for name in expected}
  tf.train.init_from_checkpoint(golden.checkpoint(), assignment_map)
  session.run(tf.global_variables_initializer())
  for variable in tf.trainable_variables()[1:]:
    np.testing.assert_array_equal(session.run(variable),
                                  saved.get_tensor(variable.op.name))
