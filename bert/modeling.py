"""The BERT encoder, in functions that stand alone.

Shapes in the comments: B batch, L sequence length (F of the queries, T of the
keys), N heads, D size per head, H hidden = N * D.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805.
"""

import collections
import contextlib
import copy
import json
import math
import numbers
import re
import threading

import numpy as np
import six
import tensorflow.compat.v1 as tf

_unknown_keys_warned = set()
_dropout_scope = threading.local()
_registered_gradients = set()
# Name of the attribute of a graph that holds gradients by operation.
_GRADIENTS = "_bert_gradients"


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
  """BERT, from ids to vectors."""

  def __init__(self, config, is_training, input_ids, input_mask=None,
               token_type_ids=None, use_one_hot_embeddings=False, scope=None,
               first_token_only=False, drop_padding=False):
    """Builds the graph.

    Args:
      config: a BertConfig.
      is_training: bool; dropout is off when False.
      input_ids: int32 [B, L].
      input_mask: int32 [B, L]; 1 = real token. All real when None.
      token_type_ids: int32 [B, L]; all 0 when None.
      use_one_hot_embeddings: look words up by a matrix product, for TPUs.
      scope: the variable scope's name; "bert" when None.
      first_token_only: the last layer computes the first token's vector alone,
        which is all that the pooled output needs.
      drop_padding: compute attention alone for positions whose mask is 0, the
        first of a text apart; all outputs are 0 there, where they else have
        values that mean nothing. Shapes stay. Not on TPUs, which need fixed
        shapes inside, too.

    Raises:
      ValueError: input_ids is not of rank 2, is longer than
        max_position_embeddings, or the heads do not divide hidden_size.
    """
    config = copy.deepcopy(config)
    if not is_training:
      config.hidden_dropout_prob = 0.0
      config.attention_probs_dropout_prob = 0.0
    _check_heads(config.hidden_size, config.num_attention_heads)
    shape = get_shape_list(input_ids, expected_rank=2)
    _check_length(shape[1], config.max_position_embeddings)
    with tf.variable_scope(scope, default_name="bert") as self._scope:
      self._packing = position_ids = None
      if drop_padding and input_mask is not None and not _is_compiled():
        # From here on, the batch is one text of all real tokens.
        self._packing = _Packing(input_mask)
        input_ids, token_type_ids, position_ids = self._packing.pack_ids(
            input_ids, token_type_ids)
      self._embeddings, self.embedding_table = _embed(
          config, input_ids, token_type_ids, position_ids,
          use_one_hot_embeddings)
      sizes = shape
      if self._packing:
        input_mask, sizes = self._packing.cut(input_mask)
      with tf.variable_scope("encoder"):
        # [B, 1, T]: the same for every query.
        mask = None if input_mask is None else tf.expand_dims(input_mask, 1)
        activation = get_activation(config.hidden_act)
        multiply = (_gelu_and_multiply_to_train
                    if is_training and activation is gelu else
                    _activate_and_multiply(activation))
        self._layers = _Encoder(config, multiply, self._packing).run(
            self._embeddings, mask, sizes, first_token_only)
      with tf.variable_scope("pooler/dense"):
        self._pooler = _dense_variables(config.hidden_size, config.hidden_size,
                                        config.initializer_range)
    self._shape = shape + [config.hidden_size]
    self._first_token_only = first_token_only
    self._all_layers = self._sequence_output = self._pooled_output = None
    self._embedding_output = None

  def get_pooled_output(self):
    """Returns float32 [B, H]: tanh dense of the first token's vector."""
    if self._pooled_output is None:
      with self._naming("pooler"):
        first = self._layers[-1]
        if not self._first_token_only:
          first = tf.squeeze(self.get_sequence_output()[:, 0:1, :], axis=1)
        kernel, bias = self._pooler
        self._pooled_output = tf.tanh(
            tf.nn.bias_add(tf.matmul(first, kernel), bias))
    return self._pooled_output

  def get_sequence_output(self):
    """Returns float32 [B, L, H]: the last layer.

    Raises:
      ValueError: the model was built with first_token_only.
    """
    if self._first_token_only:
      raise ValueError("A model built with first_token_only has no sequence "
                       "output")
    if self._sequence_output is None:
      self._sequence_output = self._to_sequence(self._layers[-1])
    return self._sequence_output

  def get_all_encoder_layers(self):
    """Returns a list of float32 [B, L, H], first layer first.

    Raises:
      ValueError: the model was built with first_token_only.
    """
    if self._all_layers is None:
      last = self.get_sequence_output()
      self._all_layers = [self._to_sequence(layer)
                          for layer in self._layers[:-1]] + [last]
    return list(self._all_layers)

  def get_embedding_output(self):
    """Returns float32 [B, L, H]: normalized sum of the embeddings."""
    if self._embedding_output is None:
      self._embedding_output = self._to_sequence(self._embeddings, "embeddings")
    return self._embedding_output

  def get_embedding_table(self):
    """Returns the variable float32 [vocab_size, H]."""
    return self.embedding_table

  # The names that forks of the reference read.
  pooled_output = property(get_pooled_output)
  sequence_output = property(get_sequence_output)
  all_encoder_layers = property(get_all_encoder_layers)
  embedding_output = property(get_embedding_output)

  @contextlib.contextmanager
  def _naming(self, name):
    """What is built when it is asked for goes where the model is."""
    with self._embeddings.graph.as_default():
      with tf.name_scope(self._scope.original_name_scope + name + "/"):
        yield

  def _to_sequence(self, matrix, name="encoder"):
    with self._naming(name):
      if self._packing:
        matrix = self._packing.unpack_to_zeros(matrix)
      return reshape_from_matrix(matrix, self._shape)


def _embed(config, input_ids, token_type_ids, position_ids,
           use_one_hot_embeddings):
  """Three int32 [B, L] -> float32 [B * L, H], and the table of the words."""
  with tf.variable_scope("embeddings"):
    vectors, table = embedding_lookup(
        input_ids, config.vocab_size, config.hidden_size,
        config.initializer_range,
        use_one_hot_embeddings=use_one_hot_embeddings)
    return reshape_to_matrix(embedding_postprocessor(
        vectors, use_token_type=True, token_type_ids=token_type_ids,
        token_type_vocab_size=config.type_vocab_size,
        initializer_range=config.initializer_range,
        max_position_embeddings=config.max_position_embeddings,
        dropout_prob=config.hidden_dropout_prob,
        position_ids=position_ids)), table


class _Packing:
  """Which positions of a batch are computed, R of the B * L, and how to get
  from all of them to these and back.

  A text's first position always is: what is pooled stands there. Attention sees
  the S positions up to the last that is computed in any text.
  """

  def __init__(self, input_mask):
    """Takes int32 [B, L]; 1 = real token."""
    self._batch, self._length = get_shape_list(input_mask, expected_rank=2)
    positions = tf.range(self._length)
    is_kept = tf.logical_or(tf.cast(input_mask, tf.bool),
                            tf.equal(positions, 0))
    self._span = 1 + tf.reduce_max(tf.concat([[0], tf.reshape(
        tf.cast(is_kept, tf.int32) * positions, [-1])], axis=0))
    self._whole = _Places(is_kept)
    self._seen = _Places(is_kept[:, :self._span])

  def pack_ids(self, input_ids, token_type_ids):
    """Two int32 [B, L] -> three [1, R]; the third one is the position."""
    kept = tf.expand_dims(self._whole.kept, 0)
    ids, types = [None if each is None else
                  tf.gather(tf.reshape(each, [-1]), kept)
                  for each in (input_ids, token_type_ids)]
    return ids, types, tf.floormod(kept, self._length)

  def cut(self, input_mask):
    """int32 [B, L] -> [B, S], and (B, S)."""
    return input_mask[:, :self._span], (self._batch, self._span)

  def pack(self, matrix):
    """[B * S, x] -> [R, x]."""
    return _linear(matrix, self._seen.take, self._seen.spread)

  def unpack(self, matrix):
    """[R, x] -> [B * S, x]; what is left out, and must not be used, is the row
    before it."""
    return _linear(matrix, lambda each: tf.gather(each, self._seen.place),
                   self._seen.take)

  def unpack_to_zeros(self, matrix):
    """[R, x] -> [B * L, x], 0 where it is left out."""
    return _linear(matrix, self._whole.spread, self._whole.take)


class _Places:
  """Where rows of a matrix are kept, and where each comes to be.

  Attributes:
    kept: int32 [R], the rows that are kept.
    place: int32 [rows]; of one that is left out, that of the kept one before.
  """

  def __init__(self, is_kept):
    """Takes bool [B, length]."""
    self._is_kept = tf.reshape(is_kept, [-1])
    self.kept = tf.cast(tf.reshape(tf.where_v2(self._is_kept), [-1]), tf.int32)
    self.place = tf.cumsum(tf.cast(self._is_kept, tf.int32)) - 1

  def take(self, matrix):
    """[rows, x] -> [R, x]."""
    return tf.gather(matrix, self.kept)

  def spread(self, matrix):
    """[R, x] -> [rows, x], 0 where it is left out."""
    factors = tf.cast(tf.expand_dims(self._is_kept, 1), matrix.dtype)
    return tf.gather(matrix, self.place) * factors


def gelu(x):
  """Gaussian Error Linear Unit, tanh form; float tensor, any shape.

  Source: Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
  """
  # TensorFlow 2.x fuses these very steps with the product before them.
  inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
  return 0.5 * x * (1.0 + tf.tanh(inner))


def gelu_exact(x):
  """Gaussian Error Linear Unit, erf form, as Hugging Face's "gelu" is.

  Source: Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
  """
  return 0.5 * x * (1.0 + tf.math.erf(x / np.sqrt(2.0)))


def _activate_and_multiply(activation):
  """Returns the function of a matrix and a kernel; activation may be None."""
  if activation is None:
    return tf.matmul
  return lambda matrix, kernel: tf.matmul(activation(matrix), kernel)


def _gelu_and_multiply_to_train(x, kernel):
  """tf.matmul(gelu(x), kernel); its gradient reads and keeps less."""
  return _with_gradient(_gelu_and_multiply, x, kernel)


def _gelu_and_multiply(x, kernel):
  slope = 2 * np.sqrt(2 / np.pi)
  cubic = 0.044715 * slope

  def gate(x):
    # 0.5 * (1 + tanh(z)) is sigmoid(2 * z).
    return tf.sigmoid(x * (x * x * cubic + slope))

  def gradient(upstream):
    # Kept and not made again, gate and output would be a layer's largest.
    with tf.control_dependencies([upstream]):
      again = tf.identity(x)
    opened = gate(again)
    inner = again * again * (3 * cubic) + slope
    activated = tf.matmul(upstream, kernel, transpose_b=True)
    return (activated * opened + tf.raw_ops.SigmoidGrad(
        y=opened, dy=activated * again) * inner,
            tf.matmul(again * opened, upstream, transpose_a=True))

  return tf.matmul(x * gate(x), kernel), gradient


def _with_gradient(function, *inputs):
  """tf.custom_gradient, which would leave an operation that nothing uses.

  Args:
    function: of the inputs; returns the output, and a function of the output's
      gradient that returns a list or tuple of the inputs' gradients.
    inputs: tensors or variables.
  """
  if tf.executing_eagerly():
    return tf.custom_gradient(function)(*inputs)
  inputs = [tf.convert_to_tensor(each) for each in inputs]
  output, gradient = function(*inputs)
  graph = tf.get_default_graph()
  with graph.gradient_override_map({"IdentityN": _gradient_name()}):
    output = tf.identity_n([output] + inputs)[0]
  # The graph keeps it: in TensorFlow's registry it would outlive the graph, and
  # all of the graph with it.
  if not hasattr(graph, _GRADIENTS):
    setattr(graph, _GRADIENTS, {})
  getattr(graph, _GRADIENTS)[output.op.name] = gradient
  return output


def _compute_gradient(operation, upstream, *unused):
  """The gradient of an operation of _with_gradient, as TensorFlow asks for it.
  """
  del unused  # Those of the inputs, which are passed on for the graph alone.
  gradient = getattr(operation.graph, _GRADIENTS)[operation.name]
  return [None] + list(gradient(upstream))


def _gradient_name():
  """Returns what the registry calls _compute_gradient; registers it once."""
  name = "BertGradient-%d" % id(_compute_gradient)
  if name not in _registered_gradients:
    tf.RegisterGradient(name)(_compute_gradient)
    _registered_gradients.add(name)
  return name


def _linear(tensor, function, transposed):
  """function(tensor), whose gradient is `transposed` of the output's."""
  return _with_gradient(lambda each: (function(each), lambda upstream: [
      transposed(upstream)]), tensor)


def get_activation(activation_string):
  """Returns the function of a name; None for "linear" or no name.

  Raises:
    ValueError: the name is none of linear, relu, gelu, gelu_exact, tanh.
  """
  if not isinstance(activation_string, six.string_types):
    return activation_string
  functions = {"": None, "linear": None, "relu": tf.nn.relu, "gelu": gelu,
               "gelu_exact": gelu_exact, "tanh": tf.tanh}
  if activation_string.lower() not in functions:
    raise ValueError("Unknown activation %r; known: linear, relu, gelu, "
                     "gelu_exact, tanh" % activation_string)
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
  """Drops with a probability in [0, 1); None and 0 leave the tensor as is.

  A number is rounded to a multiple of 2^-16, except on TPUs: numbers of 16 bits
  take half the time of floats to draw. A scalar tensor is taken as it is.
  Draws differ in each run of the graph, but see dropout_key.
  """
  if _is_known(dropout_prob) and not dropout_prob:
    return input_tensor
  if not _is_known(dropout_prob) or _is_compiled():
    return _drop_by_floats(input_tensor, dropout_prob)
  keep, scale = _draw_dropout(input_tensor, dropout_prob)

  def drop(tensor):
    return keep(tensor) * scale

  # What is dropped of the output is dropped of the gradient.
  return _linear(input_tensor, drop, drop)


@contextlib.contextmanager
def dropout_key(key):
  """Makes dropout within it draw from the key and the number of the call alone,
  so that a run of the graph with an equal key draws the same again.

  Args:
    key: int32 [2], such as a seed and a step; None: draws as without this.
  """
  outer = getattr(_dropout_scope, "key", None)
  _dropout_scope.key = None if key is None else _DropoutKey(key)
  try:
    yield
  finally:
    _dropout_scope.key = outer


def dropout_part(number):
  """A dropout_key of its own for each number, int or int32 scalar, of a part of
  the batch; without effect where no dropout_key is around it."""
  outer = getattr(_dropout_scope, "key", None)
  return dropout_key(None if outer is None else outer.of_part(number))


class _DropoutKey:
  """Seeds of dropout's calls, none of which is another's for a near key."""

  def __init__(self, key):
    # Not near any more: a seed and the next one have nothing in common.
    self._key = tf.random.stateless_uniform([2], key, -2**31, 2**31 - 1,
                                            tf.int32)
    self._num_calls = 0

  def next_seed(self):
    self._num_calls += 1
    return self._key + tf.constant([self._num_calls, 0])

  def of_part(self, number):
    return self._key + tf.stack([0, 1 + number])


def _draw(shape, *bounds_and_type):
  """tf.random.uniform, within a dropout_key from the next call's seed."""
  key = getattr(_dropout_scope, "key", None)
  if key is None:
    return tf.random.uniform(shape, *bounds_and_type)
  return tf.random.stateless_uniform(shape, key.next_seed(), *bounds_and_type)


def _drop_by_floats(tensor, rate):
  """tf.nn.dropout, which has no seed of a step; rate is a number or a tensor."""
  if not _is_known(rate):
    rate = tf.cast(tf.convert_to_tensor(rate), tensor.dtype)
  if getattr(_dropout_scope, "key", None) is None:
    return tf.nn.dropout(tensor, rate=rate)
  is_kept = _draw(tf.shape(tensor)) >= tf.cast(rate, tf.float32)
  return tensor * tf.cast(is_kept, tensor.dtype) / (1 - rate)


def _is_known(dropout_prob):
  """Whether it is a number or None, as against a tensor or variable."""
  return dropout_prob is None or isinstance(dropout_prob, numbers.Real)


def _draw_dropout(like, dropout_prob):
  """Draws what to keep; returns a function that sets the rest of a tensor to 0,
  and the factor that then gives it its mean again."""
  num_dropped = min(int(round(dropout_prob * 2**16)), 2**16 - 1)
  size = tf.size(like)
  bits = tf.bitcast(_draw([(size + 3) // 4], -2**63, 2**63 - 1, tf.int64),
                    tf.int16)
  is_kept = tf.reshape(tf.reshape(bits, [-1])[:size] >= tf.constant(
      num_dropped - 2**15, tf.int16), tf.shape(like))

  def keep(tensor):
    # Cast only now: kept, floats would take the memory of four bools each.
    with tf.control_dependencies([tensor]):
      return tensor * tf.cast(tf.identity(is_kept), tensor.dtype)

  return keep, 1.0 / (1.0 - num_dropped / 2**16)


def _is_compiled():
  """Whether XLA gets what is built now; TensorFlow 1.15's has no bitcast."""
  context = tf.get_default_graph()._get_control_flow_context()  # pylint: disable=protected-access
  while context is not None and not context.IsXLAContext():
    context = context.outer_context
  return context is not None


def layer_norm(input_tensor, name=None):
  """Normalizes the last axis; epsilon 1e-12, of float16 1e-3. Shape stays.

  Source: Ba et al. 2016, https://arxiv.org/abs/1607.06450.
  """
  with tf.variable_scope(name, default_name="LayerNorm"):
    width = _width(input_tensor)
    kind = input_tensor.dtype.base_dtype
    beta = tf.get_variable("beta", [width], kind, tf.zeros_initializer())
    gamma = tf.get_variable("gamma", [width], kind, tf.ones_initializer())
    if kind not in (tf.float16, tf.bfloat16):
      return _normalize(input_tensor, gamma, beta)
    # Of 16 bits, means are coarse and squares overflow.
    tensors = [tf.cast(each, tf.float32)
               for each in (input_tensor, gamma, beta)]
    epsilon = 1e-3 if kind == tf.float16 else 1e-12
    return tf.cast(_normalize(*tensors, epsilon=epsilon), kind)


def _normalize(x, gamma, beta, epsilon=1e-12):
  """Layer normalization and its gradient, each in as few passes as possible."""

  def normalize(x, gamma, beta):
    centred = x - tf.reduce_mean(x, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    inverse = tf.rsqrt(variance + epsilon)
    normal = centred * inverse

    def gradient(upstream):
      rows = reshape_to_matrix(upstream * normal)
      scaled = upstream * gamma
      along = tf.reduce_mean(scaled * normal, axis=-1, keepdims=True)
      mean = tf.reduce_mean(scaled, axis=-1, keepdims=True)
      # A bias's gradient is a sum over rows, and faster than reduce_sum.
      return ((scaled - mean - normal * along) * inverse,
              tf.raw_ops.BiasAddGrad(out_backprop=rows),
              tf.raw_ops.BiasAddGrad(out_backprop=reshape_to_matrix(upstream)))

    return normal * gamma + beta, gradient

  return _with_gradient(normalize, x, gamma, beta)


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
                            max_position_embeddings=512, dropout_prob=0.1,
                            position_ids=None):
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
    position_ids: int32 [B, L]; 0 to L - 1 when None.

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
    if position_ids is None:
      _check_length(length, max_position_embeddings)
    table = tf.get_variable(position_embedding_name,
                            [max_position_embeddings, width],
                            initializer=create_initializer(initializer_range))
    output += (tf.slice(table, [0, 0], [length, -1]) if position_ids is None
               else _gather_dense(table, position_ids))
  return layer_norm_and_dropout(output, dropout_prob)


def _gather_dense(table, ids):
  """tf.gather whose gradient is a tensor: where clipping adds up squares, that
  of a slice, which the reference takes, counts each row once."""
  num_rows = table.shape.as_list()[0]
  return _linear(table, lambda each: tf.gather(each, ids),
                 lambda upstream: tf.math.unsorted_segment_sum(upstream, ids,
                                                               num_rows))


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
    num_attention_heads, size_per_head: N, D.
    query_act, key_act, value_act: activations, or None.
    attention_probs_dropout_prob: probability in [0, 1); 0 when not training.
    initializer_range: standard deviation of the initial kernels.
    do_return_2d_tensor: whether to return a matrix.
    batch_size, from_seq_length, to_seq_length: B, F, T, for matrices.

  Returns:
    float32 [B, F, N * D], or [B * F, N * D] with do_return_2d_tensor.

  Raises:
    ValueError: ranks differ, or a matrix comes without its sizes.

  Source: Vaswani et al. 2017, section 3.2.
  """
  assert_rank(from_tensor, [2, 3])
  assert_rank(to_tensor, from_tensor.shape.ndims)
  if from_tensor.shape.ndims == 3:
    batch_size, from_seq_length, _ = get_shape_list(from_tensor)
    to_seq_length = get_shape_list(to_tensor)[1]
  elif None in (batch_size, from_seq_length, to_seq_length):
    raise ValueError("Matrices need batch_size, from_seq_length, to_seq_length")

  def project(tensor, name, activation):  # -> [B * length, N * D]
    output = _dense(reshape_to_matrix(tensor), width, name, initializer_range)
    return activation(output) if activation else output

  width = num_attention_heads * size_per_head
  queries = project(from_tensor, "query", query_act)
  keys = project(to_tensor, "key", key_act)
  values = project(to_tensor, "value", value_act)
  context = _attend(
      queries, (keys, values), attention_mask,
      (batch_size, from_seq_length, to_seq_length, num_attention_heads,
       size_per_head), attention_probs_dropout_prob)
  if do_return_2d_tensor:
    return context
  return tf.reshape(context, [batch_size, from_seq_length, width])


def _attend(queries, keys_and_values, mask, sizes, dropout_prob):
  """[B * F, N * D] over two [B * T, N * D] -> [B * F, N * D]; sizes is (B, F,
  T, N, D)."""
  batch_size, from_length, to_length, num_heads, size = sizes

  def split(matrix, length):  # -> [B, N, length, D]
    return tf.transpose(tf.reshape(matrix, [batch_size, length, num_heads,
                                            size]), [0, 2, 1, 3])

  keys, values = [split(each, to_length) for each in keys_and_values]
  # Scaling the queries costs F * D products a head; the scores, F * T.
  queries = split(queries * (1.0 / math.sqrt(size)), from_length)
  scores = tf.matmul(queries, keys, transpose_b=True)
  if mask is not None:
    scores += mask_penalty(tf.expand_dims(mask, 1))
  context = _average(tf.nn.softmax(scores), values, dropout_prob)
  return tf.reshape(tf.transpose(context, [0, 2, 1, 3]),  # [B, F, N, D]
                    [-1, num_heads * size])


def _average(weights, values, dropout_prob):
  """Drops of the weights [B, N, F, T], and averages [B, N, T, D] with them."""
  if not _is_known(dropout_prob) or not dropout_prob or _is_compiled():
    return tf.matmul(dropout(weights, dropout_prob), values)
  keep, scale = _draw_dropout(weights, dropout_prob)

  def average(weights, values):
    def gradient(upstream):
      # What dropping left is made again: kept, it would be another [F, T].
      with tf.control_dependencies([upstream]):
        kept = keep(tf.identity(weights))
      return (keep(tf.matmul(upstream, values, transpose_b=True)),
              tf.matmul(kept, upstream, transpose_a=True))

    return tf.matmul(keep(weights), values), gradient

  # Values are fewer than weights.
  return _with_gradient(average, weights, values * scale)


def mask_penalty(mask):
  """Returns what is added to scores before a softmax: 0, or -10000 if masked.

  Args:
    mask: of any shape and type; 1 = may be seen.

  Returns:
    float32, of the mask's shape.
  """
  return (1.0 - tf.cast(mask, tf.float32)) * -10000.0


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
  _check_heads(hidden_size, num_attention_heads)
  shape = get_shape_list(input_tensor, expected_rank=3)
  if shape[2] != hidden_size:
    raise ValueError("The input's width is %s, hidden_size %d; they must be "
                     "equal" % (shape[2], hidden_size))
  config = BertConfig(
      None, hidden_size, num_hidden_layers, num_attention_heads,
      intermediate_size, hidden_dropout_prob=hidden_dropout_prob,
      attention_probs_dropout_prob=attention_probs_dropout_prob,
      initializer_range=initializer_range)
  encoder = _Encoder(config, _activate_and_multiply(intermediate_act_fn))
  layers = encoder.run(reshape_to_matrix(input_tensor), attention_mask, shape)
  if do_return_all_layers:
    return [reshape_from_matrix(layer, shape) for layer in layers]
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
  return tf.reshape(input_tensor, [-1, _width(input_tensor)])


def reshape_from_matrix(output_tensor, orig_shape_list):
  """Unfolds [rows, width] to orig_shape_list with its last axis = width."""
  if len(orig_shape_list) == 2:
    return output_tensor
  assert_rank(output_tensor, 2)
  return tf.reshape(output_tensor,
                    list(orig_shape_list[:-1]) + [_width(output_tensor)])


def assert_rank(tensor, expected_rank, name=None):
  """Raises ValueError unless the rank is expected_rank, or one in the list."""
  ranks = ([expected_rank] if isinstance(expected_rank, six.integer_types)
           else list(expected_rank))
  if tensor.shape.ndims not in ranks:
    raise ValueError("Tensor %s has rank %s (shape %s), expected %s" % (
        name or tensor.name, tensor.shape.ndims, tensor.shape, expected_rank))


def _check_length(length, max_position_embeddings):
  if isinstance(length, int) and length > max_position_embeddings:
    raise ValueError("Sequence length %d is over max_position_embeddings %d"
                     % (length, max_position_embeddings))


def _check_heads(hidden_size, num_attention_heads):
  if hidden_size % num_attention_heads:
    raise ValueError("hidden_size %d is not a multiple of num_attention_heads "
                     "%d" % (hidden_size, num_attention_heads))


def _width(tensor):
  return tensor.shape.as_list()[-1]


def _dense_variables(in_size, out_size, initializer_range):
  return (tf.get_variable("kernel", [in_size, out_size],
                          initializer=create_initializer(initializer_range)),
          tf.get_variable("bias", [out_size],
                          initializer=tf.zeros_initializer()))


def _dense(matrix, out_size, name, initializer_range, multiply=tf.matmul):
  """[rows, in_size] -> [rows, out_size]."""
  with tf.variable_scope(name):
    kernel, bias = _dense_variables(_width(matrix), out_size,
                                    initializer_range)
    return tf.nn.bias_add(multiply(matrix, kernel), bias)


class _Encoder:
  """The layers of a transformer.

  Attributes:
    config: BertConfig.
    multiply: (intermediate matrix before its activation, kernel) -> product.
    packing: a _Packing, by which matrices are [R, ...]; None: [B * L, ...].
  """

  def __init__(self, config, multiply, packing=None):
    self.config = config
    self.multiply = multiply
    self.packing = packing

  def run(self, matrix, mask, shape, first_token_only=False):
    """[B * L, H] -> a list of them, one a layer; shape is [B, L, ...].

    With first_token_only the last one is [B, H].
    """
    layers = []
    num_layers = self.config.num_hidden_layers
    for index in range(num_layers):
      is_first_only = first_token_only and index == num_layers - 1
      with tf.variable_scope("layer_%d" % index):
        matrix = self._layer(matrix, mask, shape[:2], is_first_only)
      layers.append(matrix)
    return layers

  def _layer(self, matrix, mask, sizes, is_first_only):
    """[B * L, H] -> the same, or [B, H] of first tokens; sizes is (B, L)."""
    config = self.config
    with tf.variable_scope("attention"):
      with tf.variable_scope("self"):
        if is_first_only:
          sequence = tf.reshape(self._unpack(matrix),
                                list(sizes) + [config.hidden_size])
          matrix = tf.squeeze(sequence[:, 0:1, :], axis=1)
          context = _attend_once(matrix, sequence, mask, config)
        else:
          context = self._attend_all(matrix, mask, sizes)
      with tf.variable_scope("output"):
        attended = _add_and_norm(matrix, context, config)
    with tf.variable_scope("intermediate"):
      intermediate = _dense(attended, config.intermediate_size, "dense",
                            config.initializer_range)
    with tf.variable_scope("output"):
      return _add_and_norm(attended, intermediate, config, self.multiply)


  def _attend_all(self, matrix, mask, sizes):
    """[B * L, H] or [R, H] -> the same; sizes is (B, L)."""
    config = self.config
    queries, keys, values = [
        self._unpack(_dense(matrix, config.hidden_size, name,
                            config.initializer_range))
        for name in ("query", "key", "value")]
    num_heads = config.num_attention_heads
    batch_size, length = sizes
    context = _attend(
        queries, (keys, values), mask, (batch_size, length, length, num_heads,
                                        config.hidden_size // num_heads),
        config.attention_probs_dropout_prob)
    return self.packing.pack(context) if self.packing else context

  def _unpack(self, matrix):
    return self.packing.unpack(matrix) if self.packing else matrix


def _attend_once(rows, sequence, mask, config):
  """Attention of one position an example [B, H] over [B, T, H] -> [B, H].

  As one query alone asks, its product with the key kernel, and the values'
  kernel with the average, cost less than keys and values of all positions.
  """
  heads = config.num_attention_heads
  width = config.hidden_size
  size = width // heads

  def variables(name):  # -> kernel [H, N, D], bias [N, D]
    with tf.variable_scope(name):
      kernel, bias = _dense_variables(width, width, config.initializer_range)
    return tf.reshape(kernel, [width, heads, size]), tf.reshape(
        bias, [heads, size])

  def per_head(vectors, matrices):  # [B, N, x], [N, x, y] -> [B, N, y]
    return tf.transpose(
        tf.matmul(tf.transpose(vectors, [1, 0, 2]), matrices), [1, 0, 2])

  queries = tf.reshape(_dense(rows, width, "query", config.initializer_range),
                       [-1, heads, size]) * (1.0 / math.sqrt(size))
  key_kernel, key_bias = variables("key")
  value_kernel, value_bias = variables("value")
  asked = per_head(queries, tf.transpose(key_kernel, [1, 2, 0]))  # [B, N, H]
  scores = tf.matmul(asked, sequence, transpose_b=True)  # [B, N, T]
  scores += tf.reduce_sum(queries * key_bias, axis=-1, keepdims=True)
  if mask is not None:
    scores += mask_penalty(mask)
  weights = dropout(tf.nn.softmax(scores), config.attention_probs_dropout_prob)
  context = per_head(tf.matmul(weights, sequence),
                     tf.transpose(value_kernel, [1, 0, 2]))
  context += value_bias * tf.reduce_sum(weights, axis=-1, keepdims=True)
  return tf.reshape(context, [-1, width])


def _add_and_norm(residual, branch, config, multiply=tf.matmul):
  branch = _dense(branch, config.hidden_size, "dense",
                  config.initializer_range, multiply)
  return layer_norm(residual + dropout(branch, config.hidden_dropout_prob))
