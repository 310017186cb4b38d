"""BERT's config, and the names that it has in checkpoints and task.json."""
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.encoders.bert import Bert
from graphs import names_of
from model_fns import CONFIG


def test_variables_are_those_of_the_reference_checkpoint():
  encoder = Bert.of_values(CONFIG)
  released = tf.train.load_checkpoint(
      golden.checkpoint()).get_variable_to_shape_map()
  with tf.Graph().as_default():
    ids = tf.zeros([2, 3], tf.int32)
    encoder.build(False, ids, tf.ones_like(ids), tf.zeros_like(ids))
    assert set(names_of(tf.trainable_variables())) == {
        name for name in released if encoder.owns(name)}


def test_folders_of_bert_say_nothing_of_its_family():
  encoder = Bert(modeling.BertConfig(7, num_attention_heads=4))
  assert encoder.facts() == {"num_attention_heads": 4, "hidden_act": "gelu"}
  assert Bert.family_facts() == {}


def test_bert_is_pre_trained_and_has_classes_of_hugging_faces():
  assert Bert.can_pretrain
  assert Bert.hugging_face.class_name("BertForMaskedLM") == "BertForMaskedLM"
