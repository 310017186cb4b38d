"""The functions that BertModel is made of."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from graphs import LAYER_VARIABLES, names_of


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


@pytest.mark.parametrize("kind", [tf.int32, tf.float32])
def test_mask_penalty_lowers_the_scores_of_what_is_masked(session, kind):
  penalty = session.run(modeling.mask_penalty(
      tf.constant([[1, 0], [0, 1]], kind)))
  assert penalty.dtype == np.float32
  assert penalty.tolist() == [[0, -10000], [-10000, 0]]


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
