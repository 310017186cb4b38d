"""The matrix products of a step alone: a lower bound of its time."""

from typing import Callable, List, Tuple

import tensorflow.compat.v1 as tf

from benchmarks import measure


def time_products(batches: List[List[int]], args,
                  config: tf.ConfigProto) -> List[float]:
  """Returns the seconds of each measured step's products.

  Args:
    batches: of measure.read_batches.
    args: of measure.shape_parser.
    config: of the session.
  """
  # Grappler would compute equal products only once.
  options = config.graph_options
  options.rewrite_options.disable_meta_optimizer = True
  options.optimizer_options.opt_level = tf.OptimizerOptions.L0
  with tf.Graph().as_default():
    products, feed_of = build(args)
    with tf.Session(config=config) as running:
      running.run(tf.global_variables_initializer())
      return measure.time_steps(
          lambda batch: running.run(products, feed_of(batch)), batches, args)


def build(args) -> Tuple[tf.Operation, Callable[[List[int]], dict]]:
  """Adds the products of BertModel's steps to the default graph.

  Those of tokens are computed for real tokens only, those of attention for
  whole batches; the last layer reads the first token alone.

  Args:
    args: of measure.shape_parser.

  Returns:
    (op, function from the lengths of a batch to what is fed for it).
  """
  shape = tf.placeholder(tf.int32, [3])
  products = _Products(args, shape)
  for layer in range(args.layers):
    products.add_layer(is_last=layer == args.layers - 1)
  return tf.group(*products.made), lambda lengths: {
      shape: [sum(lengths), len(lengths), max(lengths)]}


class _Products:
  """Products of matrices cut from variables; their values mean nothing."""

  def __init__(self, args, shape):
    """Takes the model's sizes, and int32 [3]: tokens, texts, longest text."""
    self.made = []
    self._tokens, self._texts, self._longest = tf.unstack(shape)
    self._is_training = args.mode == "train"
    self._hidden, self._heads = args.hidden, args.heads
    most = args.batch * args.length
    self._rows = tf.get_variable("rows", [most, 4 * args.hidden])
    self._kernels = tf.get_variable("kernels", [4 * args.hidden**2])
    self._scores = tf.get_variable(
        "scores", [args.batch * args.heads * args.length**2])

  def add_layer(self, is_last):
    """Adds those of a layer."""
    hidden = self._hidden
    rows = self._texts if is_last else self._tokens
    # Query, key, value and output; of one token a text, key and value are
    # multiplied with the query and the average.
    for width_in, width_out in [(hidden, hidden)] * 4 + [
        (hidden, 4 * hidden), (4 * hidden, hidden)]:
      self._add_dense(rows, width_in, width_out)
    if is_last:
      self._add_attention(1, self._heads, hidden)
    else:
      self._add_attention(self._heads, self._longest, hidden // self._heads)

  def _add_dense(self, num_rows, width_in, width_out):
    inputs, outputs = [tf.reshape(
        tf.reshape(self._rows, [-1])[:num_rows * width], [num_rows, width])
                       for width in (width_in, width_out)]
    kernel = tf.reshape(self._kernels[:width_in * width_out],
                        [width_in, width_out])
    self.made.append(tf.matmul(inputs, kernel))
    if self._is_training:
      self.made += [tf.matmul(outputs, kernel, transpose_b=True),
                    tf.matmul(inputs, outputs, transpose_a=True)]

  def _add_attention(self, num_heads, num_queries, size):
    cells = tf.reshape(self._rows, [-1])

    def vectors(count):
      return tf.reshape(
          cells[:self._texts * num_heads * count * size],
          tf.stack([self._texts, num_heads, count, size]))

    queries, keys = vectors(num_queries), vectors(self._longest)
    num_scores = self._texts * num_heads * num_queries * self._longest
    scores = tf.reshape(self._scores[:num_scores], tf.stack(
        [self._texts, num_heads, num_queries, self._longest]))
    made = [tf.matmul(queries, keys, transpose_b=True),
            tf.matmul(scores, keys)]
    if self._is_training:
      made += [tf.matmul(queries, keys, transpose_b=True),
               tf.matmul(scores, keys),
               tf.matmul(scores, queries, transpose_a=True),
               tf.matmul(scores, queries, transpose_a=True)]
    self.made += made
