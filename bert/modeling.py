"""The BERT encoder, in functions that stand alone.

Shapes in the comments: B batch, L sequence length (F of the queries, T of the
keys), N heads, D size per head, H hidden = N * D.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805.
"""

import collections
import copy
import json
import math
import re

import numpy as np
import six
import tensorflow.compat.v1 as tf

_unknown_keys_warned = set()


class BertConfig:
  """The size and shape of a BertModel; dropout and range are probabilities."""

  def __init__(self, vocab_size, hidden_size=768, num_hidden_layers=12,
               num_attention_heads=12, intermediate_size=3072,
               hidden_act="gelu", hidden_dropout_prob=0.1,
               attention_probs_dropout_prob=0.1, max_position_embeddings=512,
               type_vocab_size=16, initializer_range=0.02):
    self.vocab_size = vocab_size
    self.hidden_size = hidden_size
    self.num_hidden_layers = num_hidden_layers
    self.num_attention_heads = num_attention_heads
    self.intermediate_size = intermediate_size
    self.hidden_act = hidden_act
    self.hidden_dropout_prob = hidden_dropout_prob
    self.attention_probs_dropout_prob = attention_probs_dropout_prob
    self.max_position_embeddings = max_position_embeddings
    self.type_vocab_size = type_vocab_size
    self.initializer_range = initializer_range

  @classmethod
  def from_dict(cls, json_object):
    """Returns a config; unknown keys become attributes, with one warning."""
    config = cls(vocab_size=None)
    unknown = sorted(set(json_object) - set(config.__dict__))
    config.__dict__.update(json_object)
    new = [key for key in unknown if key not in _unknown_keys_warned]
    if new:
      _unknown_keys_warned.update(new)
      tf.logging.warning("The BERT config has keys that the model does not "
                         "use: %s", ", ".join(new))
    return config

  @classmethod
  def from_json_file(cls, json_file):
    """Returns the config in a JSON file; raises ValueError if not JSON."""
    with tf.gfile.GFile(json_file, "r") as reader:
      return cls.from_dict(json.loads(reader.read()))

  def to_dict(self):
    return copy.deepcopy(self.__dict__)

  def to_json_string(self):
    return json.dumps(self.to_dict(), indent=2, sort_keys=True) + "\n"


class BertModel:
  """BERT, from ids to vectors.

  The last layer is computed when it is asked for: for the first token alone
  where only the pooled output is, for the whole sequence otherwise.
  """

  def __init__(self, config, is_training, input_ids, input_mask=None,
               token_type_ids=None, use_one_hot_embeddings=False, scope=None):
    """Builds the graph of the embeddings and of all layers but the last.

    Args:
      config: a BertConfig.
      is_training: bool; dropout is off when False.
      input_ids: int32 [B, L].
      input_mask: int32 [B, L]; 1 = real token. All real when None.
      token_type_ids: int32 [B, L]; all 0 when None.
      use_one_hot_embeddings: look words up by a matrix product, for TPUs.
      scope: the variable scope's name; "bert" when None.

    Raises:
      ValueError: input_ids is not of rank 2, is longer than
        max_position_embeddings, or the heads do not divide hidden_size.
    """
    config = copy.deepcopy(config)
    if not is_training:
      config.hidden_dropout_prob = 0.0
      config.attention_probs_dropout_prob = 0.0
    _size_per_head(config.hidden_size, config.num_attention_heads)
    self._config = config
    self._shape = get_shape_list(input_ids, expected_rank=2)
    self._sequence_output = None
    self._pooled_output = None

    with tf.variable_scope(scope, default_name="bert") as self._scope:
      with tf.variable_scope("embeddings"):
        vectors, self._embedding_table = embedding_lookup(
            input_ids, config.vocab_size, config.hidden_size,
            config.initializer_range,
            use_one_hot_embeddings=use_one_hot_embeddings)
        self._embedding_output = embedding_postprocessor(
            vectors, use_token_type=True, token_type_ids=token_type_ids,
            token_type_vocab_size=config.type_vocab_size,
            initializer_range=config.initializer_range,
            max_position_embeddings=config.max_position_embeddings,
            dropout_prob=config.hidden_dropout_prob)
      # [B, 1, T]: the same for every query.
      self._mask = None if input_mask is None else tf.expand_dims(input_mask, 1)
      self._layers = [reshape_to_matrix(self._embedding_output)]
      with tf.variable_scope("encoder"):
        for index in range(config.num_hidden_layers - 1):
          with tf.variable_scope("layer_%d" % index):
            self._layers.append(self._layer(self._layers[-1], self._shape[1]))
        with tf.variable_scope("layer_%d" % (config.num_hidden_layers - 1)):
          _declare_layer(config)
      with tf.variable_scope("pooler/dense"):
        _dense_variables(config.hidden_size, config.hidden_size,
                         create_initializer(config.initializer_range))

  def get_pooled_output(self):
    """Returns float32 [B, H]: tanh dense of the first token's vector."""
    if self._pooled_output is None:
      if self._sequence_output is None:
        first = self._last_layer(self._first_tokens(self._layers[-1]), 1)
      else:
        first = tf.squeeze(self._sequence_output[:, 0:1, :], axis=1)
      with tf.variable_scope(self._scope, reuse=True):
        with tf.variable_scope("pooler"):
          self._pooled_output = _dense(
              first, self._config.hidden_size, "dense",
              self._config.initializer_range, tf.tanh)
    return self._pooled_output

  def get_sequence_output(self):
    """Returns float32 [B, L, H]: the last layer."""
    if self._sequence_output is None:
      self._sequence_output = self._to_sequence(
          self._last_layer(self._layers[-1], self._shape[1]))
    return self._sequence_output

  def get_all_encoder_layers(self):
    """Returns a list of float32 [B, L, H], first layer first."""
    return ([self._to_sequence(layer) for layer in self._layers[1:]] +
            [self.get_sequence_output()])

  def get_embedding_output(self):
    """Returns float32 [B, L, H]: normalized sum of the embeddings."""
    return self._embedding_output

  def get_embedding_table(self):
    """Returns the variable float32 [vocab_size, H]."""
    return self._embedding_table

  def _to_sequence(self, matrix):
    return reshape_from_matrix(matrix, self._shape + [self._config.hidden_size])

  def _first_tokens(self, matrix):
    return tf.squeeze(self._to_sequence(matrix)[:, 0:1, :], axis=1)

  def _last_layer(self, queries, num_queries):
    """[B * num_queries, H] of the layer before last -> of the last."""
    last = self._config.num_hidden_layers - 1
    with tf.variable_scope(self._scope, reuse=True):
      with tf.variable_scope("encoder/layer_%d" % last):
        return self._layer(queries, num_queries)

  def _layer(self, queries, num_queries):
    config = self._config
    return _transformer_layer(
        queries, self._layers[-1], self._mask,
        (self._shape[0], num_queries, self._shape[1]), config,
        get_activation(config.hidden_act))


def gelu(x):
  """Gaussian Error Linear Unit, tanh form; float tensor, any shape.

  Source: Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
  """
  inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
  return 0.5 * x * (1.0 + tf.tanh(inner))


def get_activation(activation_string):
  """Returns the function of a name; None for "linear" or no name.

  Raises:
    ValueError: the name is none of linear, relu, gelu, tanh.
  """
  if not isinstance(activation_string, six.string_types):
    return activation_string
  functions = {"": None, "linear": None, "relu": tf.nn.relu, "gelu": gelu,
               "tanh": tf.tanh}
  if activation_string.lower() not in functions:
    raise ValueError("Unknown activation %r; known: linear, relu, gelu, tanh" %
                     activation_string)
  return functions[activation_string.lower()]


def get_assignment_map_from_checkpoint(tvars, init_checkpoint):
  """Pairs a graph's variables with a checkpoint's of the same name.

  Args:
    tvars: list of variables.
    init_checkpoint: path of a checkpoint, without suffix.

  Returns:
    (assignment_map: OrderedDict name in the checkpoint -> name in the graph,
     initialized_variable_names: dict with the names, with and without ":0").
  """
  names = [re.sub(r":\d+$", "", variable.name) for variable in tvars]
  saved = {name for name, _ in tf.train.list_variables(init_checkpoint)}
  found = [name for name in names if name in saved]
  assignment_map = collections.OrderedDict((name, name) for name in found)
  initialized = dict.fromkeys(found, 1)
  initialized.update(dict.fromkeys((name + ":0" for name in found), 1))
  return assignment_map, initialized


def dropout(input_tensor, dropout_prob):
  """Drops with a probability in [0, 1); None and 0 leave the tensor as is."""
  if not dropout_prob:
    return input_tensor
  return tf.nn.dropout(input_tensor, rate=dropout_prob)


def layer_norm(input_tensor, name=None):
  """Normalizes the last axis; epsilon 1e-12. Shape stays.

  Source: Ba et al. 2016, https://arxiv.org/abs/1607.06450.
  """
  with tf.variable_scope(name, default_name="LayerNorm"):
    beta, gamma = _layer_norm_variables(get_shape_list(input_tensor)[-1])
    mean, variance = tf.nn.moments(input_tensor, axes=[-1], keepdims=True)
    scale = gamma * tf.rsqrt(variance + 1e-12)
    return input_tensor * scale + (beta - mean * scale)


def layer_norm_and_dropout(input_tensor, dropout_prob, name=None):
  return dropout(layer_norm(input_tensor, name), dropout_prob)


def create_initializer(initializer_range=0.02):
  """Returns a truncated normal initializer with that standard deviation."""
  return tf.truncated_normal_initializer(stddev=initializer_range)


def embedding_lookup(input_ids, vocab_size, embedding_size=128,
                     initializer_range=0.02,
                     word_embedding_name="word_embeddings",
                     use_one_hot_embeddings=False):
  """Looks words up.

  Args:
    input_ids: int32 [B, L] or [B, L, number of ids a word].
    vocab_size: rows of the table.
    embedding_size: columns of the table.
    initializer_range: standard deviation of the table's initial values.
    word_embedding_name: name of the table's variable.
    use_one_hot_embeddings: by a matrix product, which TPUs do faster.

  Returns:
    (float32 [B, L, embedding_size * ids a word], the table).
  """
  table = tf.get_variable(word_embedding_name, [vocab_size, embedding_size],
                          initializer=create_initializer(initializer_range))
  shape = get_shape_list(input_ids, expected_rank=[2, 3])
  flat_ids = tf.reshape(input_ids, [-1])
  if use_one_hot_embeddings:
    vectors = tf.matmul(tf.one_hot(flat_ids, depth=vocab_size), table)
  else:
    vectors = tf.gather(table, flat_ids)
  width = embedding_size * (shape[2] if len(shape) == 3 else 1)
  return tf.reshape(vectors, shape[:2] + [width]), table


def embedding_postprocessor(input_tensor, use_token_type=False,
                            token_type_ids=None, token_type_vocab_size=16,
                            token_type_embedding_name="token_type_embeddings",
                            use_position_embeddings=True,
                            position_embedding_name="position_embeddings",
                            initializer_range=0.02,
                            max_position_embeddings=512, dropout_prob=0.1):
  """Adds token types and positions, normalizes, drops.

  Args:
    input_tensor: float32 [B, L, H].
    use_token_type: whether token types are added.
    token_type_ids: int32 [B, L]; all 0 when None.
    token_type_vocab_size: number of token types.
    token_type_embedding_name: name of their variable.
    use_position_embeddings: whether positions are added.
    position_embedding_name: name of their variable.
    initializer_range: standard deviation of the initial values.
    max_position_embeddings: positions in the table; at least L.
    dropout_prob: probability in [0, 1); 0 when not training.

  Returns:
    float32 [B, L, H].

  Raises:
    ValueError: L is known and over max_position_embeddings.
  """
  batch, length, width = get_shape_list(input_tensor, expected_rank=3)
  output = input_tensor
  if use_token_type:
    table = tf.get_variable(token_type_embedding_name,
                            [token_type_vocab_size, width],
                            initializer=create_initializer(initializer_range))
    if token_type_ids is None:
      output += table[0]
    else:
      # A product with a table of two rows beats a gather on every device.
      one_hot = tf.one_hot(tf.reshape(token_type_ids, [-1]),
                           depth=token_type_vocab_size)
      output += tf.reshape(tf.matmul(one_hot, table), [batch, length, width])
  if use_position_embeddings:
    if isinstance(length, int) and length > max_position_embeddings:
      raise ValueError("Sequence length %d is over max_position_embeddings %d"
                       % (length, max_position_embeddings))
    table = tf.get_variable(position_embedding_name,
                            [max_position_embeddings, width],
                            initializer=create_initializer(initializer_range))
    output += tf.slice(table, [0, 0], [length, -1])
  return layer_norm_and_dropout(output, dropout_prob)


def create_attention_mask_from_input_mask(from_tensor, to_mask):
  """Lets every position see every real one.

  Args:
    from_tensor: [B, F, ...].
    to_mask: int32 [B, T]; 1 = real token.

  Returns:
    float32 [B, F, T]; 1 = may be seen.
  """
  batch, from_length = get_shape_list(from_tensor, expected_rank=[2, 3])[:2]
  to_length = get_shape_list(to_mask, expected_rank=2)[1]
  mask = tf.cast(tf.reshape(to_mask, [batch, 1, to_length]), tf.float32)
  return tf.tile(mask, [1, from_length, 1])


def attention_layer(from_tensor, to_tensor, attention_mask=None,
                    num_attention_heads=1, size_per_head=512, query_act=None,
                    key_act=None, value_act=None,
                    attention_probs_dropout_prob=0.0, initializer_range=0.02,
                    do_return_2d_tensor=False, batch_size=None,
                    from_seq_length=None, to_seq_length=None):
  """Multi-head attention of from_tensor over to_tensor.

  Args:
    from_tensor: float32 [B, F, width] or [B * F, width].
    to_tensor: float32 [B, T, width] or [B * T, width].
    attention_mask: int32 or float32 [B, F or 1, T]; 1 = may be seen.
    num_attention_heads: N.
    size_per_head: D.
    query_act, key_act, value_act: activations, or None.
    attention_probs_dropout_prob: probability in [0, 1); 0 when not training.
    initializer_range: standard deviation of the initial kernels.
    do_return_2d_tensor: whether to return a matrix.
    batch_size, from_seq_length, to_seq_length: B, F, T; needed with matrices.

  Returns:
    float32 [B, F, N * D], or [B * F, N * D] with do_return_2d_tensor.

  Raises:
    ValueError: ranks differ, or a matrix comes without its sizes.

  Source: Vaswani et al. 2017, section 3.2, https://arxiv.org/abs/1706.03762.
  """
  from_shape = get_shape_list(from_tensor, expected_rank=[2, 3])
  to_shape = get_shape_list(to_tensor, expected_rank=[2, 3])
  if len(from_shape) != len(to_shape):
    raise ValueError("from_tensor has rank %d, to_tensor rank %d; they must be "
                     "equal" % (len(from_shape), len(to_shape)))
  if len(from_shape) == 3:
    batch_size, from_seq_length = from_shape[:2]
    to_seq_length = to_shape[1]
  elif batch_size is None or from_seq_length is None or to_seq_length is None:
    raise ValueError("Matrices need batch_size, from_seq_length and "
                     "to_seq_length")

  def heads(tensor, length, name, activation):
    projected = _dense(reshape_to_matrix(tensor),
                       num_attention_heads * size_per_head, name,
                       initializer_range, activation)
    return projected, [batch_size, length, num_attention_heads, size_per_head]

  def split(projected, shape):  # -> [B, N, length, D]
    return tf.transpose(tf.reshape(projected, shape), [0, 2, 1, 3])

  queries, from_heads = heads(from_tensor, from_seq_length, "query", query_act)
  keys, to_heads = heads(to_tensor, to_seq_length, "key", key_act)
  values, _ = heads(to_tensor, to_seq_length, "value", value_act)
  # Scaling the queries costs F * D products a head; the scores, F * T.
  queries = split(queries * (1.0 / math.sqrt(size_per_head)), from_heads)
  scores = tf.matmul(queries, split(keys, to_heads), transpose_b=True)
  if attention_mask is not None:
    hidden = 1.0 - tf.cast(tf.expand_dims(attention_mask, 1), tf.float32)
    scores += hidden * -10000.0
  weights = dropout(tf.nn.softmax(scores), attention_probs_dropout_prob)
  context = tf.matmul(weights, split(values, to_heads))  # [B, N, F, D]
  width = num_attention_heads * size_per_head
  shape = ([-1, width] if do_return_2d_tensor else
           [batch_size, from_seq_length, width])
  return tf.reshape(tf.transpose(context, [0, 2, 1, 3]), shape)


def transformer_model(input_tensor, attention_mask=None, hidden_size=768,
                      num_hidden_layers=12, num_attention_heads=12,
                      intermediate_size=3072, intermediate_act_fn=gelu,
                      hidden_dropout_prob=0.1,
                      attention_probs_dropout_prob=0.1, initializer_range=0.02,
                      do_return_all_layers=False):
  """The whole encoder; parameters as in BertConfig.

  Args:
    input_tensor: float32 [B, L, H].
    attention_mask: int32 or float32 [B, L or 1, L]; 1 = may be seen.

  Returns:
    float32 [B, L, H], or a list of them, one a layer.

  Raises:
    ValueError: the heads do not divide hidden_size, or H is another.
  """
  _size_per_head(hidden_size, num_attention_heads)
  shape = get_shape_list(input_tensor, expected_rank=3)
  if shape[2] != hidden_size:
    raise ValueError("The input's width is %s, hidden_size %d; they must be "
                     "equal" % (shape[2], hidden_size))
  config = BertConfig(
      None, hidden_size, num_hidden_layers, num_attention_heads,
      intermediate_size, hidden_dropout_prob=hidden_dropout_prob,
      attention_probs_dropout_prob=attention_probs_dropout_prob,
      initializer_range=initializer_range)
  layers = [reshape_to_matrix(input_tensor)]
  for index in range(num_hidden_layers):
    with tf.variable_scope("layer_%d" % index):
      layers.append(_transformer_layer(
          layers[-1], layers[-1], attention_mask,
          (shape[0], shape[1], shape[1]), config, intermediate_act_fn))
  if do_return_all_layers:
    return [reshape_from_matrix(layer, shape) for layer in layers[1:]]
  return reshape_from_matrix(layers[-1], shape)


def get_shape_list(tensor, expected_rank=None, name=None):
  """Returns the shape: ints where known, scalar int32 tensors elsewhere.

  Raises:
    ValueError: the rank is none of expected_rank (int or list of ints).
  """
  if expected_rank is not None:
    assert_rank(tensor, expected_rank, name)
  shape = tensor.shape.as_list()
  if None not in shape:
    return shape
  dynamic = tf.shape(tensor)
  return [dynamic[axis] if size is None else size
          for axis, size in enumerate(shape)]


def reshape_to_matrix(input_tensor):
  """Folds all axes but the last into one.

  Raises:
    ValueError: the rank is under 2.
  """
  if input_tensor.shape.ndims < 2:
    raise ValueError("Input must have at least rank 2; its shape is %s" %
                     input_tensor.shape)
  if input_tensor.shape.ndims == 2:
    return input_tensor
  return tf.reshape(input_tensor, [-1, get_shape_list(input_tensor)[-1]])


def reshape_from_matrix(output_tensor, orig_shape_list):
  """Unfolds [rows, width] to orig_shape_list with its last axis = width."""
  if len(orig_shape_list) == 2:
    return output_tensor
  width = get_shape_list(output_tensor, expected_rank=2)[-1]
  return tf.reshape(output_tensor, list(orig_shape_list[:-1]) + [width])


def assert_rank(tensor, expected_rank, name=None):
  """Raises ValueError unless the rank is expected_rank, or one in the list."""
  ranks = ([expected_rank] if isinstance(expected_rank, six.integer_types)
           else list(expected_rank))
  if tensor.shape.ndims not in ranks:
    raise ValueError("Tensor %s has rank %s (shape %s), expected %s" % (
        name or tensor.name, tensor.shape.ndims, tensor.shape, expected_rank))


def _size_per_head(hidden_size, num_attention_heads):
  if hidden_size % num_attention_heads:
    raise ValueError("hidden_size %d is not a multiple of num_attention_heads "
                     "%d" % (hidden_size, num_attention_heads))
  return hidden_size // num_attention_heads


def _dense_variables(in_size, out_size, initializer):
  return (tf.get_variable("kernel", [in_size, out_size],
                          initializer=initializer),
          tf.get_variable("bias", [out_size],
                          initializer=tf.zeros_initializer()))


def _layer_norm_variables(width):
  return (tf.get_variable("beta", [width], initializer=tf.zeros_initializer()),
          tf.get_variable("gamma", [width], initializer=tf.ones_initializer()))


def _dense(matrix, out_size, name, initializer_range, activation=None):
  """[rows, in_size] -> [rows, out_size]."""
  with tf.variable_scope(name):
    kernel, bias = _dense_variables(get_shape_list(matrix)[-1], out_size,
                                    create_initializer(initializer_range))
    output = tf.nn.bias_add(tf.matmul(matrix, kernel), bias)
    return activation(output) if activation else output


def _transformer_layer(queries, keys, mask, sizes, config, activation):
  """Rows that ask [B * F, H], rows that may be seen [B * T, H] -> [B * F, H].

  sizes is (B, F, T).
  """
  with tf.variable_scope("attention"):
    with tf.variable_scope("self"):
      context = attention_layer(
          queries, keys, mask, config.num_attention_heads,
          config.hidden_size // config.num_attention_heads,
          attention_probs_dropout_prob=config.attention_probs_dropout_prob,
          initializer_range=config.initializer_range,
          do_return_2d_tensor=True, batch_size=sizes[0],
          from_seq_length=sizes[1], to_seq_length=sizes[2])
    with tf.variable_scope("output"):
      attended = _add_and_norm(queries, context, config)
  with tf.variable_scope("intermediate"):
    intermediate = _dense(attended, config.intermediate_size, "dense",
                          config.initializer_range, activation)
  with tf.variable_scope("output"):
    return _add_and_norm(attended, intermediate, config)


def _add_and_norm(residual, branch, config):
  branch = _dense(branch, config.hidden_size, "dense",
                  config.initializer_range)
  return layer_norm(residual + dropout(branch, config.hidden_dropout_prob))


def _declare_layer(config):
  """Makes a layer's variables, in the order in which a layer uses them."""
  hidden, inner = config.hidden_size, config.intermediate_size
  initializer = create_initializer(config.initializer_range)
  for name, in_size, out_size in (
      ("attention/self/query", hidden, hidden),
      ("attention/self/key", hidden, hidden),
      ("attention/self/value", hidden, hidden),
      ("attention/output/dense", hidden, hidden),
      ("attention/output/LayerNorm", None, hidden),
      ("intermediate/dense", hidden, inner),
      ("output/dense", inner, hidden),
      ("output/LayerNorm", None, hidden)):
    with tf.variable_scope(name):
      if in_size is None:
        _layer_norm_variables(out_size)
      else:
        _dense_variables(in_size, out_size, initializer)
