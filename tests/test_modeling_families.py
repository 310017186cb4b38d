"""What a family of encoders overrides of BertModel and Transformer."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from graphs import names_of, tiny_config

# Texts of 5, 2 and 18 tokens, which is over the 16 positions of the config.
LENGTHS = [5, 2, 18]
IDS = 1 + np.arange(54).reshape(3, 18) % 10
MASK = np.int32(np.arange(18) < np.array(LENGTHS)[:, None])
NO_DROPOUT = dict(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


class SharedTransformer(modeling.Transformer):
  """One set of variables; scores fall by a half for each token of distance."""
  attention_scope = "attention_1/self"
  attention_output_scope = "attention_1/output"
  attention_norm_scope = "LayerNorm"
  intermediate_scope = "ffn_1/intermediate"
  output_scope = "ffn_1/intermediate/output"
  output_norm_scope = "LayerNorm_1"
  shares_layers = True
  can_fold_keys = False

  def layer_scope(self, index):
    return "transformer/group_0"

  def scores(self, queries, keys):
    from_index, to_index = [tf.cast(tf.range(tf.shape(each)[2]), tf.float32)
                            for each in (queries, keys)]
    return super().scores(queries, keys) - 0.5 * tf.abs(
        from_index[:, None] - to_index)


class SharedModel(modeling.BertModel):
  default_scope = "shared"
  transformer_class = SharedTransformer
  use_position_embeddings = False
  use_token_types = False

  def _embed_words(self, input_ids, use_one_hot_embeddings):
    vectors, table = modeling.embedding_lookup(
        input_ids, self.config.vocab_size, 4,
        use_one_hot_embeddings=use_one_hot_embeddings)
    shape = modeling.get_shape_list(vectors)
    return tf.reshape(modeling.dense(modeling.reshape_to_matrix(vectors), 8,
                                     "project"), shape[:2] + [8]), table

  def _make_pooler(self):
    pass

  def _pool(self, first):
    return first


VARIABLES = [
    "embeddings/LayerNorm/beta", "embeddings/LayerNorm/gamma",
    "embeddings/project/bias", "embeddings/project/kernel",
    "embeddings/word_embeddings"] + [
        "encoder/transformer/group_0/" + name for name in (
            "LayerNorm/beta", "LayerNorm/gamma", "LayerNorm_1/beta",
            "LayerNorm_1/gamma", "attention_1/output/dense/bias",
            "attention_1/output/dense/kernel", "attention_1/self/key/bias",
            "attention_1/self/key/kernel", "attention_1/self/query/bias",
            "attention_1/self/query/kernel", "attention_1/self/value/bias",
            "attention_1/self/value/kernel",
            "ffn_1/intermediate/dense/bias", "ffn_1/intermediate/dense/kernel",
            "ffn_1/intermediate/output/dense/bias",
            "ffn_1/intermediate/output/dense/kernel")]


def build(model_class, is_training=False, **options):
  return model_class(tiny_config(**NO_DROPOUT), is_training,
                     tf.constant(IDS, tf.int32), tf.constant(MASK), **options)


def fill_variables(session):
  random = np.random.RandomState(9)
  session.run([tf.assign(variable, random.randn(*variable.shape.as_list()) * 0.4
                         + variable.op.name.endswith("gamma"))
               for variable in tf.trainable_variables()])


def test_scopes_and_shared_layers_name_the_variables(session):
  build(SharedModel)
  assert sorted(names_of(tf.global_variables())) == [
      "shared/" + name for name in VARIABLES]


def test_model_without_pooler_returns_the_first_tokens_vector(session):
  model = build(SharedModel)
  fill_variables(session)
  sequence, pooled = session.run([model.get_sequence_output(),
                                  model.get_pooled_output()])
  np.testing.assert_array_equal(pooled, sequence[:, 0])


@pytest.mark.parametrize("is_training", [False, True])
@pytest.mark.parametrize("drop_padding", [False, True])
def test_first_token_and_unpadding_hold_where_positions_change_keys(
    session, is_training, drop_padding):
  outputs = [build(SharedModel, is_training, scope="a").get_pooled_output()]
  with tf.variable_scope("", reuse=True):
    outputs.append(build(
        SharedModel, is_training, scope="a", first_token_only=True,
        drop_padding=drop_padding).get_pooled_output())
  fill_variables(session)
  golden.assert_close(*session.run(outputs))
  gradients = [[tf.convert_to_tensor(each) for each in tf.gradients(
      tf.reduce_sum(output ** 3), tf.trainable_variables())]
               for output in outputs]
  for variable, one, other in zip(tf.trainable_variables(),
                                  *session.run(gradients)):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4 * max(
        1, np.abs(one).max()), err_msg=variable.op.name)


def test_scores_of_a_family_are_used(session):
  """Position embeddings apart, BERT does not know the order of words."""
  outputs = [build(SharedModel, scope="a").get_pooled_output()]
  swapped = IDS[:, [0, 2, 1] + list(range(3, 18))]
  with tf.variable_scope("", reuse=True):
    outputs.append(SharedModel(
        tiny_config(**NO_DROPOUT), False, tf.constant(swapped, tf.int32),
        tf.constant(MASK), scope="a").get_pooled_output())
  fill_variables(session)
  one, other = session.run(outputs)
  assert np.abs(one - other)[2].max() > 1e-3


def test_length_is_limited_by_position_embeddings_alone(session):
  class OwnScope(modeling.BertModel):
    default_scope = "own"
    use_position_embeddings = False

  build(OwnScope)
  assert {name.split("/")[0] for name in names_of(tf.global_variables())} == {
      "own"}
  with pytest.raises(ValueError, match="18.*16"):
    build(modeling.BertModel)
