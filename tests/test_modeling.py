import json
import logging

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling

LAYER_VARIABLES = [
    "attention/self/query/kernel", "attention/self/query/bias",
    "attention/self/key/kernel", "attention/self/key/bias",
    "attention/self/value/kernel", "attention/self/value/bias",
    "attention/output/dense/kernel", "attention/output/dense/bias",
    "attention/output/LayerNorm/beta", "attention/output/LayerNorm/gamma",
    "intermediate/dense/kernel", "intermediate/dense/bias",
    "output/dense/kernel", "output/dense/bias",
    "output/LayerNorm/beta", "output/LayerNorm/gamma"]
OTHER_VARIABLES = [
    "embeddings/word_embeddings", "embeddings/token_type_embeddings",
    "embeddings/position_embeddings", "embeddings/LayerNorm/beta",
    "embeddings/LayerNorm/gamma", "pooler/dense/kernel", "pooler/dense/bias"]
GETTERS = ["get_pooled_output", "get_sequence_output",
           "get_all_encoder_layers", "get_embedding_output"]


def golden_config(**changes):
  return modeling.BertConfig.from_dict(
      dict(golden.document("bert_config.json"), **changes))


def tiny_config(**changes):
  sizes = dict(vocab_size=11, hidden_size=8, num_hidden_layers=2,
               num_attention_heads=2, intermediate_size=12,
               max_position_embeddings=16, type_vocab_size=2)
  return modeling.BertConfig(**dict(sizes, **changes))


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


def names_of(variables):
  return [each.op.name for each in variables]


def operations_behind(tensors):
  """Every operation that must run for the tensors, their own included."""
  waiting = [each.op for each in tensors]
  found = set()
  while waiting:
    operation = waiting.pop()
    if operation not in found:
      found.add(operation)
      waiting += [each.op for each in operation.inputs]
      waiting += operation.control_inputs
  return found


def softmax(scores):
  powers = np.exp(scores - scores.max(-1, keepdims=True))
  return powers / powers.sum(-1, keepdims=True)


def numpy_attention(queries, keys, weights, num_heads, mask=None):
  """Multi-head attention, one example and one head at a time, in float64."""
  outputs = []
  for example in range(len(queries)):
    q, k, v = [
        rows.astype(np.float64).dot(weights[name + "/kernel"]) +
        weights[name + "/bias"]
        for name, rows in (("query", queries[example]), ("key", keys[example]),
                           ("value", keys[example]))]
    size = q.shape[1] // num_heads
    heads = []
    for head in range(num_heads):
      part = slice(head * size, (head + 1) * size)
      scores = q[:, part].dot(k[:, part].T) / np.sqrt(size)
      if mask is not None:
        scores = np.where(mask[example] == 1, scores, scores - 10000.0)
      heads.append(softmax(scores).dot(v[:, part]))
    outputs.append(np.concatenate(heads, axis=1))
  return np.stack(outputs)


def test_config_defaults_and_parameter_order(assert_called_like):
  assert_called_like(
      modeling.BertConfig,
      lambda vocab_size, hidden_size=768, num_hidden_layers=12,
             num_attention_heads=12, intermediate_size=3072,
             hidden_act="gelu", hidden_dropout_prob=0.1,
             attention_probs_dropout_prob=0.1, max_position_embeddings=512,
             type_vocab_size=16, initializer_range=0.02: None)
  assert modeling.BertConfig(7).to_dict() == dict(
      vocab_size=7, hidden_size=768, num_hidden_layers=12,
      num_attention_heads=12, intermediate_size=3072, hidden_act="gelu",
      hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
      max_position_embeddings=512, type_vocab_size=16, initializer_range=0.02)


def test_config_file_is_read_and_written_unchanged():
  path = golden.path("bert_config.json")
  config = modeling.BertConfig.from_json_file(path)
  assert config.hidden_size == 32 and config.num_hidden_layers == 3
  assert config.to_dict() == golden.document("bert_config.json")
  assert config.to_json_string() == golden.text(
      "bert_config.json").rstrip("\n") + "\n"


def test_config_fills_missing_keys_with_defaults():
  config = modeling.BertConfig.from_dict({"vocab_size": 5, "hidden_size": 24})
  assert config.to_dict() == modeling.BertConfig(5, hidden_size=24).to_dict()


def test_changing_the_dict_of_a_config_leaves_the_config():
  config = tiny_config()
  config.to_dict()["hidden_size"] = 99
  assert config.hidden_size == 8


def test_unknown_config_keys_are_kept_and_warned_of_once(caplog, monkeypatch):
  monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
  extras = {"directionality_for_test": "bidi", "pooler_for_test": 3}
  with caplog.at_level(logging.WARNING):
    config = golden_config(**extras)
  assert config.directionality_for_test == "bidi"
  assert json.loads(config.to_json_string())["pooler_for_test"] == 3
  (warning,) = [each.getMessage() for each in caplog.records
                if each.levelno == logging.WARNING]
  assert "directionality_for_test" in warning and "pooler_for_test" in warning
  caplog.clear()
  golden_config(**extras)
  assert not caplog.records


def test_known_config_keys_are_not_warned_of(caplog, monkeypatch):
  monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
  with caplog.at_level(logging.WARNING):
    golden_config()
  assert not caplog.records


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
  used = operations_behind(outputs)
  # What TensorFlow adds to a variable for starting, saving and reading it.
  own = tuple(name + "/" for name in names_of(tf.global_variables()))
  variables = {each.op for each in tf.global_variables()}
  assert [each.name for each in session.graph.get_operations()
          if each not in used | variables and not each.name.startswith(own)
          ] == []


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


def test_gelu_is_the_tanh_approximation(session):
  x = np.linspace(-6, 6, 49)
  expected = 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) *
                                    (x + 0.044715 * x ** 3)))
  golden.assert_close(session.run(modeling.gelu(tf.constant(x, tf.float32))),
                      expected, 1e-6)


def test_activations_by_name(session):
  values = tf.constant([-2.0, 0.5])
  assert session.run(modeling.get_activation("relu")(values)).tolist() == [
      0.0, 0.5]
  golden.assert_close(session.run(modeling.get_activation("tanh")(values)),
                      np.tanh([-2.0, 0.5]))
  assert modeling.get_activation("gelu") is modeling.gelu
  assert modeling.get_activation("GELU") is modeling.gelu
  for name in ("linear", "", None):
    assert modeling.get_activation(name) is None
  assert modeling.get_activation(np.abs) is np.abs
  with pytest.raises(ValueError, match="swish"):
    modeling.get_activation("swish")


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


def test_dropout_scales_what_it_keeps(session):
  ones = tf.ones([100, 100])
  for probability in (None, 0.0):
    assert session.run(modeling.dropout(ones, probability)).min() == 1.0
  dropped = session.run(modeling.dropout(ones, 0.2))
  # 10000 draws: 0.02 is five standard deviations.
  assert abs(np.mean(dropped == 0.0) - 0.2) < 0.02
  golden.assert_close(dropped[dropped != 0.0].min(), 1.25)
  golden.assert_close(dropped.max(), 1.25)


def test_layer_norm_equals_numpy(session):
  random = np.random.RandomState(1)
  # In the last two, epsilon is all of the variance and half of it.
  x = np.concatenate([random.randn(2, 3, 8) * 5 + 3, np.zeros([1, 3, 8]),
                      random.randn(1, 3, 8) * 1e-6])
  output = modeling.layer_norm(tf.constant(x, tf.float32))
  beta, gamma = random.randn(8), random.randn(8)
  assert sorted(names_of(tf.trainable_variables())) == [
      "LayerNorm/beta", "LayerNorm/gamma"]
  session.run(tf.global_variables_initializer())
  for variable in tf.trainable_variables():
    session.run(tf.assign(
        variable, beta if variable.op.name.endswith("beta") else gamma))
  x = x.astype(np.float32).astype(np.float64)
  deviation = x - x.mean(-1, keepdims=True)
  expected = deviation / np.sqrt(
      np.mean(deviation ** 2, -1, keepdims=True) + 1e-12) * gamma + beta
  golden.assert_close(session.run(output), expected)


def test_layer_norm_and_dropout_without_dropout_is_layer_norm(session):
  output = modeling.layer_norm_and_dropout(
      tf.constant([[1.0, 3.0]]), 0.0, "my_norm")
  assert sorted(names_of(tf.trainable_variables())) == [
      "my_norm/beta", "my_norm/gamma"]
  session.run(tf.global_variables_initializer())
  golden.assert_close(session.run(output), [[-1.0, 1.0]])


def test_initializer_is_a_truncated_normal(session):
  values = session.run(modeling.create_initializer(0.5)([200, 200]))
  assert np.max(np.abs(values)) <= 1.0
  # Cut at two standard deviations, a normal keeps 0.8796 of its own.
  assert abs(np.std(values) - 0.5 * 0.8796) < 0.01


@pytest.mark.parametrize("use_one_hot_embeddings", [False, True])
def test_embedding_lookup_returns_rows_and_table(
    session, use_one_hot_embeddings):
  ids = np.array([[3, 0, 3], [6, 1, 2]])
  vectors, table = modeling.embedding_lookup(
      tf.constant(ids, tf.int32), vocab_size=7, embedding_size=4,
      word_embedding_name="words",
      use_one_hot_embeddings=use_one_hot_embeddings)
  assert table.op.name == "words"
  session.run(tf.global_variables_initializer())
  actual, rows = session.run([vectors, table])
  golden.assert_close(actual, rows[ids], 1e-6)


def test_embedding_postprocessor_adds_types_and_positions(session):
  random = np.random.RandomState(6)
  words, types = random.randn(2, 3, 4), np.array([[0, 1, 1], [0, 0, 1]])
  output = modeling.embedding_postprocessor(
      tf.constant(words, tf.float32), use_token_type=True,
      token_type_ids=tf.constant(types, tf.int32), token_type_vocab_size=2,
      initializer_range=1.0, max_position_embeddings=5, dropout_prob=0.0)
  session.run(tf.global_variables_initializer())
  tables = dict(zip(names_of(tf.global_variables()),
                    session.run(tf.global_variables())))
  total = (words + tables["token_type_embeddings"][types] +
           tables["position_embeddings"][:3])
  total -= total.mean(-1, keepdims=True)
  golden.assert_close(session.run(output), total / np.sqrt(
      np.mean(total ** 2, -1, keepdims=True)))


def test_attention_mask_lets_every_position_see_the_real_ones(session):
  mask = session.run(modeling.create_attention_mask_from_input_mask(
      tf.zeros([2, 3, 8]), tf.constant([[1, 1, 0, 0], [1, 1, 1, 1]])))
  assert mask.dtype == np.float32
  assert mask.tolist() == [[[1, 1, 0, 0]] * 3, [[1, 1, 1, 1]] * 3]


@pytest.mark.parametrize("is_masked", [False, True])
@pytest.mark.parametrize("is_matrix", [False, True])
def test_attention_equals_numpy(session, is_masked, is_matrix):
  random = np.random.RandomState(2)
  queries, keys = random.randn(2, 3, 6), random.randn(2, 5, 6)
  mask = np.array([[[1, 1, 0, 1, 0]] * 3,
                   [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]])
  shapes = ([-1, 6], [-1, 6]) if is_matrix else ([2, 3, 6], [2, 5, 6])
  output = modeling.attention_layer(
      tf.constant(queries.reshape(shapes[0]), tf.float32),
      tf.constant(keys.reshape(shapes[1]), tf.float32),
      tf.constant(mask, tf.int32) if is_masked else None,
      num_attention_heads=2, size_per_head=4, do_return_2d_tensor=is_matrix,
      batch_size=2, from_seq_length=3, to_seq_length=5)
  weights = {}
  for variable in tf.global_variables():
    weights[variable.op.name] = random.randn(*variable.shape.as_list())
    session.run(tf.assign(variable, weights[variable.op.name]))
  assert set(weights) == {name + part for name in ("query", "key", "value")
                          for part in ("/kernel", "/bias")}
  expected = numpy_attention(queries, keys, weights, 2,
                             mask if is_masked else None)
  golden.assert_close(session.run(output),
                      expected.reshape([6, 8] if is_matrix else [2, 3, 8]))


def test_attention_refuses_shapes_it_cannot_pair(session):
  with pytest.raises(ValueError):
    modeling.attention_layer(tf.zeros([2, 3, 8]), tf.zeros([6, 8]))
  with pytest.raises(ValueError):
    modeling.attention_layer(tf.zeros([6, 8]), tf.zeros([6, 8]))


def test_transformer_returns_all_layers_or_the_last(session):
  inputs = tf.constant(np.random.RandomState(8).randn(2, 5, 8), tf.float32)
  sizes = dict(hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
               intermediate_size=12, hidden_dropout_prob=0.0,
               attention_probs_dropout_prob=0.0)
  layers = modeling.transformer_model(inputs, do_return_all_layers=True,
                                      **sizes)
  with tf.variable_scope(tf.get_variable_scope(), reuse=True):
    last = modeling.transformer_model(inputs, tf.ones([2, 5, 5]), **sizes)
  assert [layer.shape.as_list() for layer in layers] == [[2, 5, 8]] * 2
  assert set(names_of(tf.global_variables())) == {
      "layer_%d/%s" % (layer, name) for layer in range(2)
      for name in LAYER_VARIABLES}
  session.run(tf.global_variables_initializer())
  golden.assert_close(*session.run([last, layers[-1]]))


def test_transformer_input_must_have_the_hidden_size(session):
  with pytest.raises(ValueError):
    modeling.transformer_model(tf.zeros([2, 5, 12]), hidden_size=8,
                               num_attention_heads=2)


def test_shape_list_holds_numbers_where_known_and_tensors_elsewhere(session):
  assert modeling.get_shape_list(tf.zeros([2, 3])) == [2, 3]
  fed = tf.placeholder(tf.float32, [None, 3, None])
  shape = modeling.get_shape_list(fed, expected_rank=3)
  assert shape[1] == 3
  assert session.run([shape[0], shape[2]], {fed: np.zeros([4, 3, 5])}) == [
      4, 5]


@pytest.mark.parametrize("function",
                         [modeling.get_shape_list, modeling.assert_rank])
def test_rank_must_be_an_expected_one(session, function):
  matrix = tf.zeros([2, 3], name="my_matrix")
  function(matrix, 2)
  function(matrix, [2, 3])
  for expected in (3, [1, 3]):
    with pytest.raises(ValueError, match="my_matrix"):
      function(matrix, expected)
    with pytest.raises(ValueError, match="other_name"):
      function(matrix, expected, "other_name")


def test_matrices_and_tensors_turn_into_each_other(session):
  values = np.arange(24.0).reshape(2, 3, 4)
  matrix = modeling.reshape_to_matrix(tf.constant(values))
  back = modeling.reshape_from_matrix(matrix, [2, 3, 4])
  narrow = modeling.reshape_from_matrix(tf.zeros([6, 2]), [2, 3, 4])
  assert narrow.shape.as_list() == [2, 3, 2]
  np.testing.assert_array_equal(session.run(matrix), values.reshape(6, 4))
  np.testing.assert_array_equal(session.run(back), values)
  assert modeling.reshape_to_matrix(matrix) is matrix
  assert modeling.reshape_from_matrix(matrix, [6, 4]) is matrix
  with pytest.raises(ValueError):
    modeling.reshape_to_matrix(tf.zeros([4]))


def test_parameters_are_the_published_ones(assert_called_like):
  assert_called_like(
      modeling.BertModel,
      lambda config, is_training, input_ids, input_mask=None,
             token_type_ids=None, use_one_hot_embeddings=False,
             scope=None: None)
  assert_called_like(modeling.get_assignment_map_from_checkpoint,
                     lambda tvars, init_checkpoint: None)
  assert_called_like(modeling.layer_norm,
                     lambda input_tensor, name=None: None)
  assert_called_like(modeling.create_attention_mask_from_input_mask,
                     lambda from_tensor, to_mask: None)
  assert_called_like(modeling.get_shape_list,
                     lambda tensor, expected_rank=None, name=None: None)


def test_module_stands_alone(packages_imported, side_effects_of_import):
  assert packages_imported("modeling") <= {"numpy", "six", "tensorflow"}
  assert side_effects_of_import("modeling") == ""
