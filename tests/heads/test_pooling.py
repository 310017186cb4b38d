"""From vectors of tokens to one: padding counts for nothing."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.heads import pooling
from bert.options.finetuning import HeadOptions
from graphs import run_init, tiny_config

RANDOM = np.random.RandomState(5)
SEQUENCE = np.float32(RANDOM.randn(3, 6, 4))
LENGTHS = [6, 3, 1]
MASK = np.int32(np.arange(6) < np.array(LENGTHS)[:, None])
POOLINGS = HeadOptions.__dataclass_fields__["pooling"].metadata[
    "choices"]
TOPS = HeadOptions.__dataclass_fields__["encoder_top"].metadata["choices"]


def softmax(scores):
  weights = np.exp(scores - scores.max())
  return weights / weights.sum()


def numpy_attention(rows, kernel, bias, query):
  weights = softmax(np.tanh(rows.dot(kernel) + bias).dot(query)[:, 0])
  return weights.dot(rows)


def values_of_variables(session):
  run_init(session)
  for each in tf.trainable_variables():
    random = np.random.RandomState(len(each.op.name))
    session.run(tf.assign(each, random.randn(*each.shape.as_list())))
  return {each.op.name.split("/")[-1]: session.run(each)
          for each in tf.trainable_variables()}


def expected_rows(pooling_name, variables):
  """What each text's real tokens come to."""
  functions = {
      "cls": lambda rows: rows[0], "mean": lambda rows: rows.mean(axis=0),
      "max": lambda rows: rows.max(axis=0),
      "attention": lambda rows: numpy_attention(
          rows, *[variables[name] for name in ("kernel", "bias", "query")])}
  if pooling_name == "mean_max_attention":
    return [np.concatenate([functions[name](rows[:length])
                            for name in ("mean", "max", "attention")])
            for rows, length in zip(SEQUENCE, LENGTHS)]
  return [functions[pooling_name](rows[:length])
          for rows, length in zip(SEQUENCE, LENGTHS)]


@pytest.mark.parametrize("name", POOLINGS)
def test_pooling_is_numpys_over_real_tokens(session, name):
  output = pooling.pool(tf.constant(SEQUENCE), tf.constant(MASK), name)
  variables = values_of_variables(session)
  golden.assert_close(session.run(output), expected_rows(name, variables))


@pytest.mark.parametrize("name", POOLINGS[1:])
def test_what_stands_in_padding_changes_nothing(session, name):
  changed = np.where(MASK[..., None], SEQUENCE, 7.0)
  outputs = [pooling.pool(tf.constant(np.float32(values)), tf.constant(MASK),
                          name) for values in (SEQUENCE,)]
  with tf.variable_scope("", reuse=True):
    outputs.append(pooling.pool(tf.constant(np.float32(changed)),
                                tf.constant(MASK), name))
  values_of_variables(session)
  first, second = session.run(outputs)
  golden.assert_close(second, first, 1e-6)


@pytest.mark.parametrize("name", POOLINGS[1:])
def test_nothing_pools_to_zeros(session, name):
  output = pooling.pool(tf.constant(SEQUENCE), tf.zeros([3, 6], tf.int32), name)
  values_of_variables(session)
  np.testing.assert_array_equal(session.run(output), 0 * session.run(output))


def model_outputs(session, top, pooling_name, lengths):
  """What texts of random words come to, padded to each length."""
  ids = np.random.RandomState(2).randint(1, 11, [2, 5])
  mask = np.int32(np.arange(5) < np.array([[5], [3]]))
  outputs = []
  for length in lengths:
    padding = [(0, 0), (0, length - 5)]
    padded = [tf.constant(np.int32(np.pad(each, padding, "constant")))
              for each in (ids * mask, mask)]
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
      model = modeling.BertModel(
          tiny_config(), False, *padded, scope="bert",
          first_token_only=top == "none" and pooling_name == "cls")
      outputs.append(pooling.sentence_vectors(model, padded[1], pooling_name,
                                              top))
  values_of_variables(session)
  return session.run(outputs)


@pytest.mark.parametrize("top", TOPS)
@pytest.mark.parametrize("name", ["max", "mean_max_attention"])
def test_top_is_blind_to_how_long_a_batch_is(session, top, name):
  short, long = model_outputs(session, top, name, [5, 9])
  golden.assert_close(long, short, 1e-4)
  assert np.abs(short[0] - short[1]).max() > 1e-2


def test_first_tokens_vector_without_a_top_is_the_pooled_output(session):
  (output,) = model_outputs(session, "none", "cls", [5])
  assert output.shape == (2, 8) and np.abs(output).max() <= 1.0  # A tanh.


def test_cnn_is_numpys_convolution(session):
  with tf.variable_scope("top"):
    output = pooling._convolve(tf.constant(SEQUENCE), tf.constant(MASK))
  run_init(session)
  variables = {each.op.name: session.run(each)
               for each in tf.trainable_variables()}
  found = session.run(output)
  assert found.shape == (3, 6, 3 * 128)
  rows = np.pad(SEQUENCE * MASK[..., None], [(0, 0), (1, 3), (0, 0)],
                "constant")
  # Of an even width, the place in the middle is the left one of two.
  for index, size in enumerate((2, 3, 4)):
    kernel = variables["top/cnn_%d/kernel" % size]
    first = 1 - (size - 1) // 2
    starts = range(first, first + 6)
    expected = [[np.einsum("lw,lwf->f", text[start:start + size], kernel)
                 for start in starts] for text in rows]
    golden.assert_close(found[..., 128 * index:128 * (index + 1)],
                        np.maximum(expected, 0), 1e-5, "width %d" % size)


def test_bilstm_reads_both_ways_from_each_end(session):
  output = pooling._run_both_ways(tf.constant(SEQUENCE), tf.constant(MASK))
  run_init(session)
  found = session.run(output)
  assert found.shape == (3, 6, 512)
  assert not found[1, 3:].any() and found[1, :3].all()
  # A single token: both directions read it from their own start.
  changed = SEQUENCE.copy()
  changed[0, 5] += 1.0
  again = session.run(output, {})
  np.testing.assert_array_equal(again, found)


@pytest.mark.parametrize("top", ["cnn", "bilstm"])
def test_gradient_reaches_all_of_a_top(session, top):
  run = {"cnn": pooling._convolve, "bilstm": pooling._run_both_ways}[top]
  output = run(tf.constant(SEQUENCE), tf.constant(MASK))
  gradients = tf.gradients(tf.reduce_sum(tf.square(output)),
                           tf.trainable_variables())
  run_init(session)
  assert all(np.abs(each).max() > 0 for each in session.run(gradients))


def test_windows_fold_into_rows_and_rows_stay():
  tensor = tf.zeros([2, 3, 5], tf.int32)
  assert pooling.fold(tensor).shape.as_list() == [6, 5]
  rows = tf.zeros([2, 5], tf.int32)
  assert pooling.fold(rows) is rows
