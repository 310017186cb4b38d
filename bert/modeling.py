"""The BERT encoder, in functions that stand alone.

Shapes in the comments: B batch, L sequence length (F of the queries, T of the
keys), N heads, D size per head, H hidden = N * D, R rows that are real tokens.

Source: Devlin et al. 2018, https://arxiv.org/abs/1810.04805.
"""

import collections
import contextlib
import copy
import functools
import json
import numbers
import re
import threading

import numpy as np
import six
import tensorflow.compat.v1 as tf

_unknown_keys_warned = set()
_draws = threading.local()  # Threads may build graphs side by side.
# Name of a graph's attribute: {operation's name: its gradient function}.
_GRADIENTS = "_bert_gradients"


# The config: sizes and probabilities, as a bert_config.json holds them.
class BertConfig:
  """The size and shape of a BertModel; dropout and range are probabilities."""

  def __init__(self, vocab_size, hidden_size=768, num_hidden_layers=12,
               num_attention_heads=12, intermediate_size=3072,
               hidden_act="gelu", hidden_dropout_prob=0.1,
               attention_probs_dropout_prob=0.1, max_position_embeddings=512,
               type_vocab_size=16, initializer_range=0.02):
    # Each parameter is an attribute, and a key of bert_config.json.
    self.__dict__.update(locals())
    del self.self

  @classmethod
  def from_dict(cls, json_object):
    """Returns a config; unknown keys become attributes, with one warning."""
    config = cls(vocab_size=None)
    new = sorted(set(json_object) - set(config.__dict__) - _unknown_keys_warned)
    config.__dict__.update(json_object)
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


# The model: embeddings, transformer, pooler; a family may replace each.
class BertModel:
  """BERT, from ids to vectors.

  A family of encoders is a subclass: it overrides the attributes, _embed or
  _embed_words, _make_pooler and _pool where it differs.
  """
  default_scope = "bert"
  transformer_class = None  # Transformer, unless a family has its own.
  # False where attention knows the positions: nothing limits the length then.
  use_position_embeddings = True
  use_token_types = True
  _pooled_output = None  # Outputs are built when a getter first returns them.

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
      scope: the variable scope's name; default_scope when None.
      first_token_only: the last layer computes the first token's vector alone,
        which is all that the pooled output needs.
      drop_padding: skip positions whose mask is 0, except each text's first,
        in all but attention; outputs are 0 there, else meaningless. Shapes
        stay. Not on TPUs, which need fixed shapes inside, too.

    Raises:
      ValueError: input_ids is not of rank 2, is longer than
        max_position_embeddings, or the heads do not divide hidden_size.
    """
    self.config = config = copy.deepcopy(config)
    if not is_training:
      config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    shape = get_shape_list(input_ids, expected_rank=2)
    if self.use_position_embeddings:
      _check_length(shape[1], config.max_position_embeddings)
    self._shape = shape + [config.hidden_size]
    self._sequences = {}  # Name of a matrix -> its [B, L, H].
    self._first_token_only = first_token_only
    with tf.variable_scope(scope, default_name=self.default_scope
                          ) as self._scope:
      self._unpadding = position_ids = None
      if drop_padding and input_mask is not None and not _is_compiled():
        # From here on, the batch is one text of all real tokens.
        self._unpadding = _Unpadding(input_mask)
        input_ids, token_type_ids, position_ids = self._unpadding.unpad_ids(
            input_ids, token_type_ids)
      self._embeddings, self.embedding_table = self._embed(
          input_ids, token_type_ids, position_ids, use_one_hot_embeddings)
      self._layers = self._run_transformer(input_mask, is_training)
      self._make_pooler()

  def _embed(self, input_ids, token_type_ids, position_ids,
             use_one_hot_embeddings):
    """Three int32 [B, L] -> float32 [B * L, H], and the table of the words."""
    config = self.config
    with tf.variable_scope("embeddings"):
      vectors, table = self._embed_words(input_ids, use_one_hot_embeddings)
      return reshape_to_matrix(embedding_postprocessor(
          vectors, self.use_token_types, token_type_ids, config.type_vocab_size,
          use_position_embeddings=self.use_position_embeddings,
          initializer_range=config.initializer_range,
          max_position_embeddings=config.max_position_embeddings,
          dropout_prob=config.hidden_dropout_prob,
          position_ids=position_ids)), table

  def _embed_words(self, input_ids, use_one_hot_embeddings):
    """int32 [B, L] -> float32 [B, L, width], and the table of the words."""
    return embedding_lookup(
        input_ids, self.config.vocab_size, self.config.hidden_size,
        self.config.initializer_range,
        use_one_hot_embeddings=use_one_hot_embeddings)

  def _run_transformer(self, mask, is_training):
    """int32 [B, L] or None -> what Transformer.run returns."""
    sizes = self._shape[:2]
    if self._unpadding:
      mask, sizes = self._unpadding.trim_mask(mask)
    with tf.variable_scope("encoder"):
      if mask is not None:
        mask = tf.expand_dims(mask, 1)  # [B, 1, T]: the same for every query.
      make_transformer = self.transformer_class or Transformer
      return make_transformer(self.config, is_training, self._unpadding).run(
          self._embeddings, mask, sizes, self._first_token_only)

  def _make_pooler(self):
    """Makes the variables of _pool, which every graph of the model has."""
    with tf.variable_scope("pooler/dense"):
      self._pooler = _dense_variables(
          self.config.hidden_size, self.config.hidden_size,
          self.config.initializer_range)

  def _pool(self, first):
    """[B, H] of first tokens -> [B, H]; returns it where there's no pooler."""
    kernel, bias = self._pooler
    return tf.tanh(tf.nn.bias_add(tf.matmul(first, kernel), bias))

  def get_pooled_output(self):
    """Returns float32 [B, H]: tanh dense of the first token's vector."""
    if self._pooled_output is None:
      with self._naming("pooler"):
        self._pooled_output = self._pool(
            self._layers[-1] if self._first_token_only else
            tf.squeeze(self.get_sequence_output()[:, 0:1, :], axis=1))
    return self._pooled_output

  def get_sequence_output(self):
    """Returns float32 [B, L, H]: the last layer; not with first_token_only."""
    if self._first_token_only:
      raise ValueError("A model built with first_token_only has no sequence "
                       "output")
    return self._to_sequence(self._layers[-1])

  def get_all_encoder_layers(self):
    """Returns a list of float32 [B, L, H], first layer first; see above."""
    self.get_sequence_output()  # The first to be built.
    return [self._to_sequence(layer) for layer in self._layers]

  def get_embedding_output(self):
    """Returns float32 [B, L, H]: normalized sum of the embeddings."""
    return self._to_sequence(self._embeddings, "embeddings")

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
    """Gives ops that a getter builds on first use the model's name scope."""
    with self._embeddings.graph.as_default():
      with tf.name_scope(self._scope.original_name_scope + name + "/"):
        yield

  def _to_sequence(self, matrix, name="encoder"):
    if matrix.name not in self._sequences:
      with self._naming(name):
        self._sequences[matrix.name] = reshape_from_matrix(
            self._unpadding.rows.pad_with_zeros(matrix) if self._unpadding
            else matrix, self._shape)
    return self._sequences[matrix.name]


# The transformer: its matrices have a row for each token.
class Transformer:
  """The layers of an encoder.

  A family of encoders is a subclass: it overrides the attributes, layer_scope,
  scores and average where it differs.
  """
  # Names of variable scopes in a layer, as a checkpoint has them.
  attention_scope = "attention/self"
  attention_output_scope = "attention/output"
  attention_norm_scope = "attention/output/LayerNorm"
  intermediate_scope = "intermediate"
  output_scope = "output"
  output_norm_scope = "output/LayerNorm"
  # Whether layers of the same layer_scope share their variables.
  shares_layers = False
  # Whether scores are products with plain keys. Where they depend on positions,
  # the keys of all tokens are computed for the first token's attention, too.
  can_fold_keys = True

  def __init__(self, config, is_training=False, unpadding=None):
    self.config = config
    self.is_training = is_training
    self.unpadding = unpadding  # With it matrices are [R, x], else [B * L, x].
    self._activation = get_activation(config.hidden_act)
    if config.hidden_size % config.num_attention_heads:
      raise ValueError("hidden_size %d is not a multiple of num_attention_heads "
                       "%d" % (config.hidden_size, config.num_attention_heads))
    self._head_size = config.hidden_size // config.num_attention_heads

  def run(self, matrix, mask, sizes, first_token_only=False):
    """[B * L, H] -> a list: that of each layer; of first tokens, [B, H], the
    last one with first_token_only. sizes is (B, L)."""
    layers = []
    last = self.config.num_hidden_layers - 1
    for index in range(last + 1):
      with tf.variable_scope(self.layer_scope(index), reuse=(
          tf.AUTO_REUSE if self.shares_layers else None)):
        matrix = self._layer(matrix, mask, sizes,
                             first_token_only and index == last)
      layers.append(matrix)
    return layers

  def layer_scope(self, index):
    """Returns the name of a layer's variable scope."""
    return "layer_%d" % index

  def _layer(self, matrix, mask, sizes, is_first_only):
    """[B * L, H] -> the same, or [B, H] of first tokens; sizes is (B, L)."""
    with tf.variable_scope(self.attention_scope):
      if is_first_only:
        matrix, context = self._attend_from_first(matrix, mask, sizes)
      else:
        context = self._attend_from_all(matrix, mask, sizes)
    with tf.variable_scope(self.attention_output_scope):
      branch = self._project(context, "dense")
      total = matrix + dropout(branch, self.config.hidden_dropout_prob)
    attended = layer_norm(total, self.attention_norm_scope)
    with tf.variable_scope(self.intermediate_scope):
      intermediate = dense(attended, self.config.intermediate_size, "dense",
                           self.config.initializer_range)
    with tf.variable_scope(self.output_scope):
      branch = dense(intermediate, self.config.hidden_size, "dense",
                     self.config.initializer_range, self._activation,
                     self.is_training)
      total = attended + dropout(branch, self.config.hidden_dropout_prob)
    return layer_norm(total, self.output_norm_scope)

  def _attend_from_all(self, matrix, mask, sizes):
    """[B * L, H] or [R, H] -> the same; sizes is (B, L)."""
    # Attention needs the texts apart, so it alone sees padding.
    queries, keys, values = [self._pad(self._project(matrix, name))
                             for name in ("query", "key", "value")]
    batch_size, length = sizes
    context = self.attend(queries, keys, values, mask,
                          (batch_size, length, length))
    if self.unpadding:
      return self.unpadding.trimmed_rows.unpad(context)
    return context

  def _attend_from_first(self, matrix, mask, sizes):
    """[B * L, H] or [R, H] -> [B, H] of the first tokens, and their context."""
    batch_size, length = sizes
    sequence = tf.reshape(self._pad(matrix),
                          [batch_size, length, self.config.hidden_size])
    first = tf.squeeze(sequence[:, 0:1, :], axis=1)
    if self.can_fold_keys:
      return first, self._first_token_attention(first, sequence, mask)
    queries = self._project(first, "query")
    keys, values = [self._pad(self._project(matrix, name))
                    for name in ("key", "value")]
    return first, self.attend(queries, keys, values, mask,
                              (batch_size, 1, length))

  def attend(self, queries, keys, values, mask, sizes):
    """[B * F, H] over two [B * T, H] -> [B * F, H]; sizes is (B, F, T)."""
    batch_size, from_length, to_length = sizes
    keys, values = [self._split_heads(matrix, batch_size, to_length)
                    for matrix in (keys, values)]
    # Scaling the queries costs F * D products a head; the scores, F * T.
    queries = self._split_heads(queries * (1.0 / np.sqrt(self._head_size)),
                                batch_size, from_length)
    scores = self.scores(queries, keys)
    if mask is not None:
      scores += mask_penalty(tf.expand_dims(mask, 1))
    context = self.average(tf.nn.softmax(scores), values)
    return tf.reshape(tf.transpose(context, [0, 2, 1, 3]),  # [B, F, N, D]
                      [-1, self.config.hidden_size])

  def scores(self, queries, keys):
    """Scaled [B, N, F, D], [B, N, T, D] -> [B, N, F, T], before masking.

    Position 0 of both axes is the first token, also where F is 1.
    """
    return tf.matmul(queries, keys, transpose_b=True)

  def average(self, weights, values):
    """[B, N, F, T], which dropout changes, and [B, N, T, D] -> [B, N, F, D]."""
    return _drop_and_average(weights, values,
                             self.config.attention_probs_dropout_prob)

  def _first_token_attention(self, first, sequence, mask):
    """Attention of one query a text [B, H] over [B, T, H] -> [B, H].

    With a single query it is cheaper to multiply the query by the key kernel,
    and the averaged vectors by the value kernel, than to project all positions.
    """
    size = self._head_size
    queries = tf.reshape(self._project(first, "query"), [
        -1, self.config.num_attention_heads, size]) * (1.0 / np.sqrt(size))
    key_kernel, key_bias = self._head_variables("key")
    value_kernel, value_bias = self._head_variables("value")
    # q * (K x + b) = (q * K) x + q * b; query_key is [B, N, H].
    query_key = _multiply_heads(queries, tf.transpose(key_kernel, [1, 2, 0]))
    scores = tf.matmul(query_key, sequence, transpose_b=True)  # [B, N, T]
    scores += tf.reduce_sum(queries * key_bias, axis=-1, keepdims=True)
    if mask is not None:
      scores += mask_penalty(mask)
    weights = dropout(tf.nn.softmax(scores),
                      self.config.attention_probs_dropout_prob)
    context = _multiply_heads(tf.matmul(weights, sequence),
                              tf.transpose(value_kernel, [1, 0, 2]))
    # After dropout, the weights of a query no longer add up to 1.
    context += value_bias * tf.reduce_sum(weights, axis=-1, keepdims=True)
    return tf.reshape(context, [-1, self.config.hidden_size])

  def _head_variables(self, name):
    """Returns the variables of a projection: kernel [H, N, D], bias [N, D]."""
    width = self.config.hidden_size
    heads = [self.config.num_attention_heads, self._head_size]
    with tf.variable_scope(name):
      kernel, bias = _dense_variables(width, width,
                                      self.config.initializer_range)
    return tf.reshape(kernel, [width] + heads), tf.reshape(bias, heads)

  def _split_heads(self, matrix, batch_size, length):
    """[B * length, H] -> [B, N, length, D]."""
    return tf.transpose(tf.reshape(matrix, [
        batch_size, length, self.config.num_attention_heads, self._head_size
    ]), [0, 2, 1, 3])

  def _project(self, matrix, name):
    """[rows, width] -> [rows, H]."""
    return dense(matrix, self.config.hidden_size, name,
                 self.config.initializer_range)

  def _pad(self, matrix):
    return self.unpadding.trimmed_rows.pad(matrix) if self.unpadding else matrix


def dense(matrix, out_size, name, initializer_range=0.02, activation=None,
          is_training=False):
  """[rows, in_size] -> [rows, out_size]: activation(matrix) * kernel + bias."""
  with tf.variable_scope(name):
    kernel, bias = _dense_variables(matrix.shape.as_list()[-1], out_size,
                                    initializer_range)
    return tf.nn.bias_add(
        _activate_and_multiply(matrix, kernel, activation, is_training), bias)


def _dense_variables(in_size, out_size, initializer_range):
  return (tf.get_variable("kernel", [in_size, out_size],
                          initializer=create_initializer(initializer_range)),
          tf.get_variable("bias", [out_size],
                          initializer=tf.zeros_initializer()))


def _multiply_heads(vectors, matrices):
  """A matrix a head: [B, N, x], [N, x, y] -> [B, N, y]."""
  return tf.transpose(
      tf.matmul(tf.transpose(vectors, [1, 0, 2]), matrices), [1, 0, 2])


def mask_penalty(mask):
  """1 = may be seen -> what is added to scores: 0, or -10000 where masked."""
  return (1.0 - tf.cast(mask, tf.float32)) * -10000.0


def gelu(x):
  """Gaussian Error Linear Unit, tanh form; float tensor, any shape.

  Source: Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415.
  """
  # TensorFlow 2.x fuses these very steps with the product before them.
  inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x * x * x)
  return 0.5 * x * (1.0 + tf.tanh(inner))


def gelu_exact(x):
  """gelu in its erf form, as Hugging Face's "gelu" is."""
  return 0.5 * x * (1.0 + tf.math.erf(x / np.sqrt(2.0)))


def get_activation(activation_string):
  """Returns the function of a name; None for "linear" or no name."""
  if not isinstance(activation_string, six.string_types):
    return activation_string
  functions = {"": None, "linear": None, "relu": tf.nn.relu, "gelu": gelu,
               "gelu_exact": gelu_exact, "tanh": tf.tanh}
  if activation_string.lower() not in functions:
    raise ValueError("Unknown activation %r; known: %s" % (
        activation_string, ", ".join(filter(None, functions))))
  return functions[activation_string.lower()]


def layer_norm(input_tensor, name=None):
  """Normalizes the last axis; epsilon 1e-12, of float16 1e-3. Shape stays.

  Source: Ba et al. 2016, https://arxiv.org/abs/1607.06450.
  """
  with tf.variable_scope(name, default_name="LayerNorm"):
    width = input_tensor.shape.as_list()[-1]
    kind = input_tensor.dtype.base_dtype
    beta = tf.get_variable("beta", [width], kind, tf.zeros_initializer())
    gamma = tf.get_variable("gamma", [width], kind, tf.ones_initializer())
    if kind not in (tf.float16, tf.bfloat16):
      return _normalize(input_tensor, gamma, beta)
    # Of 16 bits, means are coarse and squares overflow.
    epsilon = 1e-3 if kind == tf.float16 else 1e-12
    return tf.cast(_normalize(*[
        tf.cast(tensor, tf.float32) for tensor in (input_tensor, gamma, beta)
    ], epsilon=epsilon), kind)


def layer_norm_and_dropout(input_tensor, dropout_prob, name=None):
  return dropout(layer_norm(input_tensor, name), dropout_prob)


# The reference release's functions, which forks and notebooks call.
def get_assignment_map_from_checkpoint(tvars, init_checkpoint):
  """Pairs a list of variables with a checkpoint's of the same names.

  Returns:
    (assignment_map: OrderedDict name in the checkpoint -> name in the graph,
     initialized_variable_names: dict with the names, with and without ":0").
  """
  names = [re.sub(r":\d+$", "", variable.name) for variable in tvars]
  saved = {name for name, _ in tf.train.list_variables(init_checkpoint)}
  found = [name for name in names if name in saved]
  return (collections.OrderedDict((name, name) for name in found),
          dict.fromkeys(found + [name + ":0" for name in found], 1))


def create_initializer(initializer_range=0.02):
  """Returns a truncated normal initializer with that standard deviation."""
  return tf.truncated_normal_initializer(stddev=initializer_range)


def embedding_lookup(input_ids, vocab_size, embedding_size=128,
                     initializer_range=0.02,
                     word_embedding_name="word_embeddings",
                     use_one_hot_embeddings=False):
  """Looks words up in a table [vocab_size, embedding_size].

  Args:
    input_ids: int32 [B, L] or [B, L, number of ids a word].
    use_one_hot_embeddings: by a matrix product, which TPUs do faster.

  Returns:
    (float32 [B, L, embedding_size * ids a word], the table).
  """
  table = tf.get_variable(word_embedding_name, [vocab_size, embedding_size],
                          initializer=create_initializer(initializer_range))
  shape = get_shape_list(input_ids, expected_rank=[2, 3])
  flat_ids = tf.reshape(input_ids, [-1])
  vectors = (tf.matmul(tf.one_hot(flat_ids, depth=vocab_size), table)
             if use_one_hot_embeddings else tf.gather(table, flat_ids))
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
    token_type_ids: int32 [B, L]; all 0 when None.
    dropout_prob: probability in [0, 1); 0 when not training.
    position_ids: int32 [B, L]; 0 to L - 1 when None.

  Returns:
    float32 [B, L, H].
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


def create_attention_mask_from_input_mask(from_tensor, to_mask):
  """[B, F, ...] and int32 [B, T] -> float32 [B, F, T]; 1 = may be seen."""
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
  width = num_attention_heads * size_per_head
  projected = []
  for tensor, name, activation in (
      (from_tensor, "query", query_act), (to_tensor, "key", key_act),
      (to_tensor, "value", value_act)):
    output = dense(reshape_to_matrix(tensor), width, name, initializer_range)
    projected.append(activation(output) if activation else output)
  config = BertConfig(
      None, width, num_attention_heads=num_attention_heads,
      attention_probs_dropout_prob=attention_probs_dropout_prob)
  context = Transformer(config).attend(
      *projected, attention_mask, (batch_size, from_seq_length, to_seq_length))
  if do_return_2d_tensor:
    return context
  return tf.reshape(context, [batch_size, from_seq_length, width])


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
  """
  shape = get_shape_list(input_tensor, expected_rank=3)
  if shape[2] != hidden_size:
    raise ValueError("The input's width is %s, hidden_size %d; they must be "
                     "equal" % (shape[2], hidden_size))
  config = BertConfig(
      None, hidden_size, num_hidden_layers, num_attention_heads,
      intermediate_size, intermediate_act_fn, hidden_dropout_prob,
      attention_probs_dropout_prob, initializer_range=initializer_range)
  layers = Transformer(config).run(reshape_to_matrix(input_tensor),
                                   attention_mask, shape[:2])
  if do_return_all_layers:
    return [reshape_from_matrix(layer, shape) for layer in layers]
  return reshape_from_matrix(layers[-1], shape)


# Dropout, which draws 16 bits an element.
def dropout(input_tensor, dropout_prob):
  """Drops with a probability in [0, 1); None and 0 leave the tensor as is.

  A number is rounded to a multiple of 2^-16, except on TPUs: numbers of 16 bits
  take half the time of floats to draw. A scalar tensor is taken as it is.
  Draws differ in each run of the graph, but see drawing_by.
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
def drawing_by(uniform):
  """Makes dropout within it draw by a function of tf.random.uniform's shape,
  minval, maxval and dtype; None: by TensorFlow's generators."""
  outer, _draws.uniform = drawn_by(), uniform
  try:
    yield
  finally:
    _draws.uniform = outer


def drawn_by():
  """Returns the function of the drawing_by around; None without one."""
  return getattr(_draws, "uniform", None)


def _drop_by_floats(tensor, rate):
  """tf.nn.dropout, but for drawing_by; the rate is a number or a tensor."""
  if not _is_known(rate):
    rate = tf.cast(tf.convert_to_tensor(rate), tensor.dtype)
  if not drawn_by():
    return tf.nn.dropout(tensor, rate=rate)
  is_kept = drawn_by()(tf.shape(tensor)) >= tf.cast(rate, tf.float32)
  return tensor * tf.cast(is_kept, tensor.dtype) / (1 - rate)


def _is_known(dropout_prob):
  """Whether it is a number or None, as against a tensor or variable."""
  return dropout_prob is None or isinstance(dropout_prob, numbers.Real)


def _draw_dropout(like, dropout_prob):
  """Draws what to keep; returns a function that sets the rest of a tensor to 0,
  and the factor that restores the mean."""
  num_dropped = min(int(round(dropout_prob * 2**16)), 2**16 - 1)
  size = tf.size(like)
  bits = tf.bitcast((drawn_by() or tf.random.uniform)(
      [(size + 3) // 4], -2**63, 2**63 - 1, tf.int64), tf.int16)
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


# Leaving padding out: all but attention is computed on real tokens alone.
class _Unpadding:
  """Leaves padding rows out of matrices, and puts them back.

  Of B * L rows, R stay: real tokens, and each text's first, which is pooled.
  Attention sees the S positions up to the last that stays in any text: rows is
  the _RowIndex of all B * L positions, trimmed_rows that of B * S.
  """

  def __init__(self, input_mask):
    """Takes int32 [B, L]; 1 = real token."""
    self._batch, self._length = get_shape_list(input_mask, expected_rank=2)
    positions = tf.range(self._length)
    is_kept = tf.logical_or(tf.cast(input_mask, tf.bool),
                            tf.equal(positions, 0))
    self._trimmed_length = 1 + tf.reduce_max(tf.concat([[0], tf.reshape(
        tf.cast(is_kept, tf.int32) * positions, [-1])], axis=0))
    self.rows = _RowIndex(is_kept)
    self.trimmed_rows = _RowIndex(is_kept[:, :self._trimmed_length])

  def unpad_ids(self, input_ids, token_type_ids):
    """Two int32 [B, L] -> three [1, R]; the third one is the position."""
    kept = tf.expand_dims(self.rows.kept, 0)
    ids, types = [None if tensor is None else
                  tf.gather(tf.reshape(tensor, [-1]), kept)
                  for tensor in (input_ids, token_type_ids)]
    return ids, types, tf.floormod(kept, self._length)

  def trim_mask(self, input_mask):
    """int32 [B, L] -> [B, S], and (B, S)."""
    return input_mask[:, :self._trimmed_length], (self._batch,
                                                  self._trimmed_length)


class _RowIndex:
  """Which rows of a matrix are kept: kept, int32 [R], are their indices."""

  def __init__(self, is_kept):  # bool [B, length].
    self._is_kept = tf.reshape(is_kept, [-1])
    self.kept = tf.cast(tf.reshape(tf.where_v2(self._is_kept), [-1]), tf.int32)
    # int32 [rows]: for a row that is left out, the kept row before it.
    self._source = tf.cumsum(tf.cast(self._is_kept, tf.int32)) - 1

  def unpad(self, matrix):
    """[rows, x] -> [R, x]."""
    return _linear(matrix, self._gather, self._scatter)

  def pad(self, matrix):
    """[R, x] -> [rows, x]; rows that were left out must not be used."""
    return _linear(matrix, lambda kept: tf.gather(kept, self._source),
                   self._gather)

  def pad_with_zeros(self, matrix):
    """[R, x] -> [rows, x], 0 where rows were left out."""
    return _linear(matrix, self._scatter, self._gather)

  def _gather(self, matrix):
    return tf.gather(matrix, self.kept)

  def _scatter(self, matrix):
    factors = tf.cast(tf.expand_dims(self._is_kept, 1), matrix.dtype)
    return tf.gather(matrix, self._source) * factors


# Gradients by hand, which keep and read less than those of TensorFlow.
def _with_gradient(function, *inputs):
  """tf.custom_gradient, which would leave an operation that nothing uses.

  The function returns the output, and a function of the output's gradient that
  returns a list or tuple of the inputs' gradients.
  """
  if tf.executing_eagerly():
    return tf.custom_gradient(function)(*inputs)
  inputs = [tf.convert_to_tensor(each) for each in inputs]
  output, gradient = function(*inputs)
  graph = tf.get_default_graph()
  with graph.gradient_override_map({"IdentityN": _gradient_name()}):
    output = tf.identity_n([output] + inputs)[0]
  # In TensorFlow's registry it would outlive the graph, and keep all of it.
  gradients = getattr(graph, _GRADIENTS, {})
  gradients[output.op.name] = gradient
  setattr(graph, _GRADIENTS, gradients)
  return output


def _compute_gradient(operation, upstream, *unused):
  """The registered gradient of the operations that _with_gradient makes."""
  del unused  # Those of the inputs, which are passed on for the graph alone.
  gradient = getattr(operation.graph, _GRADIENTS)[operation.name]
  return [None] + list(gradient(upstream))


@functools.lru_cache(maxsize=None)
def _gradient_name():
  """Registers _compute_gradient once; returns its name in the registry."""
  # Another copy of the module, as `modeling` beside bert.modeling, has its own.
  name = "BertGradient-%d" % id(_compute_gradient)
  tf.RegisterGradient(name)(_compute_gradient)
  return name


def _linear(tensor, function, transposed):
  """function(tensor), whose gradient is `transposed` of the output's."""
  return _with_gradient(lambda each: (function(each), lambda upstream: [
      transposed(upstream)]), tensor)


def _gather_dense(table, ids):
  """tf.gather whose gradient is a tensor: where clipping adds up squares, that
  of a slice, which the reference takes, counts each row once."""
  num_rows = table.shape.as_list()[0]
  return _linear(table, lambda each: tf.gather(each, ids),
                 lambda upstream: tf.math.unsorted_segment_sum(upstream, ids,
                                                               num_rows))


def _activate_and_multiply(x, kernel, activation, is_training):
  """tf.matmul(activation(x), kernel); of gelu, its gradient keeps x alone."""
  if is_training and activation is gelu:
    return _with_gradient(_gelu_and_multiply, x, kernel)
  return tf.matmul(activation(x) if activation else x, kernel)


def _gelu_and_multiply(x, kernel):
  linear_factor = 2 * np.sqrt(2 / np.pi)
  cubic_factor = 0.044715 * linear_factor

  def gate(x):
    # 0.5 * (1 + tanh(z)) is sigmoid(2 * z).
    return tf.sigmoid(x * (x * x * cubic_factor + linear_factor))

  def gradient(upstream):
    # Recomputed in the backward pass, to save a layer's largest tensors.
    with tf.control_dependencies([upstream]):
      recomputed_x = tf.identity(x)
    gate_value = gate(recomputed_x)
    inner_slope = (recomputed_x * recomputed_x * (3 * cubic_factor) +
                   linear_factor)
    product = tf.matmul(upstream, kernel, transpose_b=True)
    return (product * gate_value + tf.raw_ops.SigmoidGrad(
        y=gate_value, dy=product * recomputed_x) * inner_slope,
            tf.matmul(recomputed_x * gate_value, upstream, transpose_a=True))

  return tf.matmul(x * gate(x), kernel), gradient


def _drop_and_average(weights, values, dropout_prob):
  """Averages [B, N, T, D] with weights [B, N, F, T] after their dropout."""
  if not _is_known(dropout_prob) or not dropout_prob or _is_compiled():
    return tf.matmul(dropout(weights, dropout_prob), values)
  keep, scale = _draw_dropout(weights, dropout_prob)

  def average(weights, values):
    def gradient(upstream):
      # Recomputed in the backward pass, to save a [F, T] tensor.
      with tf.control_dependencies([upstream]):
        kept = keep(tf.identity(weights))
      return (keep(tf.matmul(upstream, values, transpose_b=True)),
              tf.matmul(kept, upstream, transpose_a=True))

    return tf.matmul(keep(weights), values), gradient

  # The scale goes to the values, which are fewer than the weights.
  return _with_gradient(average, weights, values * scale)


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


def get_shape_list(tensor, expected_rank=None, name=None):
  """Returns the shape: ints where known, scalar int32 tensors elsewhere."""
  if expected_rank is not None:
    assert_rank(tensor, expected_rank, name)
  shape = tensor.shape.as_list()
  if None not in shape:
    return shape  # Without operations that nothing would use.
  dynamic = tf.shape(tensor)
  return [dynamic[axis] if size is None else size
          for axis, size in enumerate(shape)]


def reshape_to_matrix(input_tensor):
  """Folds all axes but the last into one; the rank must be 2 at least."""
  if input_tensor.shape.ndims < 2:
    raise ValueError("Input must have at least rank 2; its shape is %s" %
                     input_tensor.shape)
  if input_tensor.shape.ndims == 2:
    return input_tensor
  return tf.reshape(input_tensor, [-1, input_tensor.shape.as_list()[-1]])


def reshape_from_matrix(output_tensor, orig_shape_list):
  """Unfolds [rows, width] to orig_shape_list with its last axis = width."""
  if len(orig_shape_list) == 2:
    return output_tensor
  assert_rank(output_tensor, 2)
  width = output_tensor.shape.as_list()[-1]
  return tf.reshape(output_tensor, list(orig_shape_list[:-1]) + [width])


def assert_rank(tensor, expected_rank, name=None):
  """Raises ValueError unless the rank is expected_rank, or one in the list."""
  if tensor.shape.ndims not in np.ravel(expected_rank):
    raise ValueError("Tensor %s has rank %s (shape %s), expected %s" % (
        name or tensor.name, tensor.shape.ndims, tensor.shape, expected_rank))


def _check_length(length, max_position_embeddings):
  if isinstance(length, int) and length > max_position_embeddings:
    raise ValueError("Sequence length %d is over max_position_embeddings %d"
                     % (length, max_position_embeddings))
