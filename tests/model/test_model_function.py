"""A model's variables and its graph, on a TPU as elsewhere."""
import functools
import types
import typing

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import modeling
from bert.options import finetuning
from bert.options import shared
from bert.data import records
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.model import model_function
from model_fns import (
    CONFIG, EVAL, LABEL_IDS, LABELS, TINY, TRAIN, batch, constants,
    fixed_values, make_model_fn)


def contract(num_layers, sizes, num_labels):
  """Name -> shape by the checkpoint contract; sizes are a config's."""
  hidden, inner = sizes["hidden_size"], sizes["intermediate_size"]

  def dense(name, width, depth):
    return {name + "/kernel": (width, depth), name + "/bias": (depth,)}

  def norm(name):
    return {name + "/LayerNorm/beta": (hidden,),
            name + "/LayerNorm/gamma": (hidden,)}

  shapes = {
      "bert/embeddings/word_embeddings": (sizes["vocab_size"], hidden),
      "bert/embeddings/token_type_embeddings": (
          sizes["type_vocab_size"], hidden),
      "bert/embeddings/position_embeddings": (
          sizes["max_position_embeddings"], hidden),
      "output_weights": (num_labels, hidden), "output_bias": (num_labels,)}
  shapes.update(norm("bert/embeddings"))
  for number in range(num_layers):
    layer = "bert/encoder/layer_%d/" % number
    for name in ("query", "key", "value"):
      shapes.update(dense(layer + "attention/self/" + name, hidden, hidden))
    shapes.update(dense(layer + "attention/output/dense", hidden, hidden))
    shapes.update(norm(layer + "attention/output"))
    shapes.update(dense(layer + "intermediate/dense", hidden, inner))
    shapes.update(dense(layer + "output/dense", inner, hidden))
    shapes.update(norm(layer + "output"))
  shapes.update(dense("bert/pooler/dense", hidden, hidden))
  return shapes


def variable_shapes(head):
  model = model_function.Model(
      Bert(modeling.BertConfig.from_dict(CONFIG)), head)
  return model.variable_shapes(
      lambda: records.placeholders(records.feature_spec(
          head.label_fields(16), 16)))


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_variables_are_those_of_the_contract(kind):
  assert variable_shapes(registry.create(kind, LABELS)) == contract(3, CONFIG, 3)


def test_variables_are_those_that_the_reference_trained():
  reader = tf.train.load_checkpoint(
      golden.path("cli", "cola", "output", "model.ckpt-20"))
  trained = {name: tuple(shape) for name, shape
             in reader.get_variable_to_shape_map().items()
             if "/adam_" not in name and name != "global_step"}
  assert variable_shapes(registry.create("classification", ["0", "1"])) == trained


class Computed(typing.NamedTuple):
  """What a computation returned and what its variables were afterwards."""
  outputs: list
  variables: dict


def run_computation(computation, is_compiled):
  """Runs a computation once, from fixed_values, by XLA or op by op."""
  with tf.Graph().as_default(), tf.variable_scope("", use_resource=True):
    outputs = (tf.xla.experimental.compile(computation) if is_compiled else
               computation())
    shapes = {each.op.name: each.shape.as_list()
              for each in tf.trainable_variables()}
    assert shapes
    values = fixed_values(shapes)
    initializers = [each.assign(values[each.op.name])
                    for each in tf.trainable_variables()]
    with tf.Session() as session:
      session.run(tf.global_variables_initializer())
      session.run(initializers)
      fetched = session.run(outputs)
      return Computed(fetched, {each.op.name: session.run(each)
                                for each in tf.global_variables()})


def training_step(kind, use_tpu, values=None):
  """One step at the peak rate -> its loss."""
  def computation():
    spec = make_model_fn(
        kind, use_tpu, values, learning_rate=0.01, num_train_steps=10,
        num_warmup_steps=0)(constants(batch(kind)), None, TRAIN, {})
    with tf.control_dependencies([spec.train_op]):
      return [tf.identity(spec.loss)]
  return computation


def evaluation_step(kind, use_tpu):
  """Loss and all that the streaming metrics are given."""
  def computation():
    spec = make_model_fn(kind, use_tpu)(
        constants(batch(kind, [1, 0, 1])), None, EVAL, {})
    return [tf.identity(each)
            for each in [spec.loss] + [
                value for _, value in sorted(spec.eval_metrics[1].items())]]
  return computation


@pytest.fixture
def one_core(monkeypatch):
  """Takes the sum over a TPU's cores away, whose kernel TPUs alone have.

  On one core the sum is the gradient itself. Returns the optimizers wrapped.
  """
  wrapped = []

  def cross_shard(optimizer):
    wrapped.append(optimizer)
    return optimizer

  monkeypatch.setattr(tf.tpu, "CrossShardOptimizer", cross_shard)
  return wrapped


@pytest.fixture
def without_dropout(monkeypatch):
  """Turns off the head's dropout, which no config reaches."""
  monkeypatch.setattr(modeling, "dropout", lambda tensor, probability: tensor)


def assert_same_variables(actual, expected):
  """Slots agree as gradients do, variables to a thousandth of a step.

  Adam divides a gradient by its own size, and the last digits of tiny ones are
  chance.
  """
  assert set(actual) == set(expected)
  for slot in ("adam_m", "adam_v"):
    names = [name for name in expected if name.endswith(slot)]
    largest = max(np.abs(expected[name]).max() for name in names)
    for name in names:
      np.testing.assert_allclose(actual[name], expected[name], rtol=1e-5,
                                 atol=1e-5 * largest, err_msg=name)
  step = 0.01 * 0.1 / np.sqrt(0.001)
  for name in expected:
    np.testing.assert_allclose(actual[name], expected[name], rtol=1e-5,
                               atol=1e-3 * step, err_msg=name)


def test_xla_trains_the_tpu_graph_as_the_plain_one(one_core, without_dropout):
  plain = run_computation(training_step("classification", False), False)
  assert not one_core
  compiled = run_computation(training_step("classification", True), True)
  assert len(one_core) == 1
  golden.assert_close(compiled.outputs[0], plain.outputs[0])
  assert_same_variables(compiled.variables, plain.variables)
  assert plain.variables["global_step"] == 1


def test_xla_trains_with_dropout_too(one_core):
  plain = run_computation(evaluation_step("multi_label", False), False)
  compiled = run_computation(training_step("multi_label", True, dict(
      TINY, hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1)), True)
  assert len(one_core) == 1
  assert np.isfinite(compiled.outputs[0])
  assert abs(compiled.outputs[0] / plain.outputs[0] - 1.0) > 1e-4


def test_training_step_moves_every_variable(without_dropout):
  after = run_computation(training_step("classification", False), False)
  names = [name for name in after.variables
           if name + "/adam_m" in after.variables]
  before = fixed_values({name: after.variables[name].shape for name in names})
  still = [name for name in names
           if np.abs(after.variables[name] - before[name]).max() < 1e-3]
  # A key's bias shifts all scores of a query alike, which softmax ignores.
  assert all(name.endswith("key/bias") for name in still), still


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_xla_evaluates_the_tpu_graph_as_the_plain_one(kind):
  plain = run_computation(evaluation_step(kind, use_tpu=False), False)
  compiled = run_computation(evaluation_step(kind, use_tpu=True), True)
  assert len(plain.outputs) == len(compiled.outputs) == 5
  for actual, expected in zip(compiled.outputs, plain.outputs):
    golden.assert_close(actual, expected)


@functools.lru_cache(maxsize=None)
def operations(use_tpu, mode=TRAIN):
  """Types of the operations in a model's graph."""
  with tf.Graph().as_default() as graph:
    make_model_fn("classification", use_tpu, learning_rate=0.01,
                  num_train_steps=10, num_warmup_steps=1)(
                      constants(batch("classification")), None, mode, {})
    return {operation.type for operation in graph.get_operations()}


def test_words_are_looked_up_by_products_on_a_tpu_alone():
  assert not {"Gather", "GatherV2", "ResourceGather"} & operations(True, EVAL)
  assert {"Gather", "GatherV2", "ResourceGather"} & operations(False, EVAL)


def test_gradients_are_summed_over_cores_on_a_tpu_alone():
  assert "CrossReplicaSum" in operations(True)
  assert "CrossReplicaSum" not in operations(False)


def test_summaries_are_left_out_on_a_tpu():
  assert "ScalarSummary" in operations(False)
  assert "ScalarSummary" not in operations(True)


@pytest.mark.parametrize("use_tpu", [False, True])
def test_weights_come_from_the_checkpoint_and_the_log_says_which(
    use_tpu, log, one_core, session):
  del one_core  # taken for its effect
  features = constants(batch("classification"))
  spec = make_model_fn(
      "classification", use_tpu, dict(CONFIG, num_hidden_layers=1),
      learning_rate=0.01, num_train_steps=10, num_warmup_steps=1,
      init_checkpoint=golden.checkpoint())(features, None, TRAIN, {})
  if use_tpu:
    spec.scaffold_fn()
  session.run(tf.global_variables_initializer())

  reader = tf.train.load_checkpoint(golden.checkpoint())
  lines = [line for line in log if line.startswith("  name = ") and
           ":0, shape = " in line]
  assert len(lines) == len(tf.trainable_variables())
  for variable, line in zip(tf.trainable_variables(), lines):
    assert variable.name in line
    is_filled = not variable.name.startswith("output_")
    assert line.endswith(", *INIT_FROM_CKPT*") == is_filled
    if is_filled:
      np.testing.assert_array_equal(session.run(variable),
                                    reader.get_tensor(variable.op.name))


def test_settings_are_those_of_the_flags():
  flags = types.SimpleNamespace(
      training=finetuning.TrainOptions(learning_rate=3e-5,
                                    adam_bias_correction=True),
      model=types.SimpleNamespace(init_checkpoint="model.ckpt"),
      speed=shared.StepOptions(gradient_accumulation_steps=4,
                                precision="float16", fp16_allreduce=True))
  made = model_function.TrainingSettings.of(flags, 100, 10,
                                            trainable_variables=["a"])
  assert made == model_function.TrainingSettings(
      3e-5, 100, 10, "model.ckpt", num_micro_batches=4, is_loss_scaled=True,
      trainable_variables=["a"], has_bias_correction=True,
      has_fp16_allreduce=True)
  flags.speed = shared.StepOptions()
  assert not model_function.TrainingSettings.of(flags, 100, 10).is_loss_scaled
