"""Small models and variables, and what the default graph holds of them."""
import numpy as np
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


def golden_config(**changes):
  return modeling.BertConfig.from_dict(
      dict(golden.document("bert_config.json"), **changes))


def tiny_config(**changes):
  sizes = dict(vocab_size=11, hidden_size=8, num_hidden_layers=2,
               num_attention_heads=2, intermediate_size=12,
               max_position_embeddings=16, type_vocab_size=2)
  return modeling.BertConfig(**dict(sizes, **changes))


def names_of(variables):
  return [each.op.name for each in variables]


def run_init(session):
  session.run(tf.global_variables_initializer())


def variable(name, value, **kwargs):
  return tf.get_variable(name, initializer=np.float32(value), **kwargs)


def value_of(session, name):
  """A variable's value by name; a resource's tensor is but its handle."""
  (found,) = [each for each in tf.global_variables() if each.op.name == name]
  return session.run(found)


def assert_slots_close(session, name, m, v):
  golden.assert_close(value_of(session, name + "/adam_m"), m, name="m")
  golden.assert_close(value_of(session, name + "/adam_v"), v, name="v")


def unused_operations(graph, tensors):
  """Names of a graph's operations that need not run for some tensors.

  What TensorFlow adds to a variable for starting, saving and reading it does
  not count.
  """
  waiting = [each.op for each in tensors]
  found = {each.op for each in tf.global_variables()}
  while waiting:
    operation = waiting.pop()
    if operation not in found:
      found.add(operation)
      waiting += [each.op for each in operation.inputs]
      waiting += operation.control_inputs
  own = tuple(each.op.name + "/" for each in tf.global_variables())
  return [each.name for each in graph.get_operations()
          if each not in found and not each.name.startswith(own)]
