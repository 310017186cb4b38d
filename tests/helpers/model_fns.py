"""A tiny model's model_fn, a batch for it and values of its variables."""
import numpy as np
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.model import model_function

CONFIG = golden.document("bert_config.json")
LABELS = ["x", "y", "z"]
TINY = dict(CONFIG, num_hidden_layers=1, hidden_size=16, num_attention_heads=2,
            intermediate_size=24, hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0, vocab_size=40)

TRAIN = tf.estimator.ModeKeys.TRAIN
EVAL = tf.estimator.ModeKeys.EVAL
PREDICT = tf.estimator.ModeKeys.PREDICT

# Kind of head -> label_ids of a batch of three.
LABEL_IDS = {"classification": [[2], [0], [1]],
             "multi_label": [[1, 0, 1], [0, 0, 0], [1, 1, 1]]}


def make_model_fn(kind, use_tpu, values=None, cpu_replicas=1,
                  **training):
  """The model_fn for training, where its settings are given, and the rest."""
  model = model_function.Model(
      Bert(modeling.BertConfig.from_dict(values or TINY)),
      registry.create(kind, LABELS), use_tpu=use_tpu, cpu_replicas=cpu_replicas)
  if not training:
    return model.model_fn
  return model.whole_model_fn(model_function.TrainingSettings(**training))


def batch(kind, is_real=(1, 1, 1)):
  """A batch of three texts of 7, 4 and 2 tokens, every shape static.

  No word comes twice: to the norm that clips gradients, a word looked up twice
  is two words, one that came by a product is one.
  """
  mask = np.int32([[1] * 7 + [0], [1] * 4 + [0] * 4, [1] * 2 + [0] * 6])
  ids = 1 + np.random.RandomState(3).permutation(39)[:24].reshape(3, 8)
  return {"input_ids": np.int32(ids * mask),
          "input_mask": mask,
          "segment_ids": np.int32(mask * (np.arange(8) > 2)),
          "label_ids": np.int32(LABEL_IDS[kind]),
          "is_real_example": np.int32(is_real)[:, None]}


def constants(values):
  return {name: tf.constant(value) for name, value in values.items()}


def fixed_values(shapes):
  """Every variable's value, large enough for each to matter to the loss."""
  random = np.random.RandomState(7)
  return {name: np.float32(random.normal(size=shapes[name]) * 0.3 +
                           name.endswith("gamma"))
          for name in sorted(shapes)}
