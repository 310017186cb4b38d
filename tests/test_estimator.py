import functools
import json
import os
import typing

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert import estimator
from bert import heads
from bert import modeling
from bert.errors import UserError

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


@pytest.fixture
def log(monkeypatch):
  lines = []
  monkeypatch.setattr(tf.logging, "info",
                      lambda text, *args: lines.append(text % args))
  return lines


def message_of(function, *args):
  """The one line of the mistake that a call finds."""
  with pytest.raises(UserError) as caught:
    function(*args)
  assert "\n" not in str(caught.value)
  return str(caught.value)


def write_config(folder, content):
  path = folder / "bert_config.json"
  path.write_text(content if isinstance(content, str) else json.dumps(content),
                  encoding="utf-8")
  return str(path)


def load(path, max_seq_length=64, vocab_size=756):
  return estimator.load_config(path, max_seq_length, vocab_size)


def message_of_config(folder, content):
  path = write_config(folder, content)
  message = message_of(load, path)
  assert "--bert_config_file=%s" % path in message
  return message.replace(path, "")


def test_config_of_the_reference_is_read():
  config = load(golden.path("bert_config.json"))
  assert config.to_dict() == CONFIG


def test_extra_keys_of_released_configs_stay(tmp_path):
  path = write_config(tmp_path, dict(CONFIG, directionality="bidi"))
  assert load(path).directionality == "bidi"


def test_config_must_be_a_file(tmp_path):
  for path in (str(tmp_path / "none.json"), str(tmp_path)):
    message = message_of(load, path)
    assert "--bert_config_file=%s" % path in message
    assert "no such file" in message


@pytest.mark.parametrize("content", ["", "{", "vocab_size: 30522", "{'a': 1}"])
def test_config_must_be_json(content, tmp_path):
  assert "not JSON" in message_of_config(tmp_path, content)


@pytest.mark.parametrize("content", [
    "[]", "[[]]", "[{}]", "5", "null", "true", '"bert"',
    json.dumps(sorted(CONFIG))])
def test_config_must_be_an_object(content, tmp_path):
  message_of_config(tmp_path, content)


@pytest.mark.parametrize("key", sorted(CONFIG))
def test_missing_key_is_named(key, tmp_path):
  content = {name: CONFIG[name] for name in CONFIG if name != key}
  assert "lacks %s;" % key in message_of_config(tmp_path, content)


def test_heads_must_divide_the_hidden_size(tmp_path):
  message = message_of_config(tmp_path, dict(CONFIG, num_attention_heads=5))
  assert "hidden_size 32" in message
  assert "num_attention_heads 5" in message


def test_unknown_activation_is_refused_with_the_list(tmp_path):
  message = message_of_config(tmp_path, dict(CONFIG, hidden_act="swish"))
  assert "hidden_act" in message and "'swish'" in message
  assert "linear, relu, gelu, tanh" in message


@pytest.mark.parametrize("key", [
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "intermediate_size", "max_position_embeddings", "type_vocab_size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "12", None, [12]])
def test_size_must_be_a_whole_number(key, value, tmp_path):
  message = message_of_config(tmp_path, dict(CONFIG, **{key: value}))
  assert key in message
  assert repr(value) in message


def test_text_must_fit_the_positions():
  path = golden.path("bert_config.json")
  assert load(path, max_seq_length=64).max_position_embeddings == 64
  message = message_of(load, path, 65)
  assert "--max_seq_length=65" in message
  assert "64" in message.replace(path, "")
  assert path in message


def test_vocabulary_must_fit_the_words():
  path = golden.path("bert_config.json")
  assert load(path, vocab_size=756).vocab_size == 756
  message = message_of(load, path, 64, 757)
  assert "--vocab_file" in message
  assert "757" in message and "756" in message
  assert path in message


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


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_variables_are_those_of_the_contract(kind):
  actual = estimator.variable_shapes(modeling.BertConfig.from_dict(CONFIG),
                                     heads.create(kind, LABELS))
  assert actual == contract(3, CONFIG, 3)


def test_variables_are_those_that_the_reference_trained():
  reader = tf.train.load_checkpoint(
      golden.path("cli", "cola", "output", "model.ckpt-20"))
  trained = {name: tuple(shape) for name, shape
             in reader.get_variable_to_shape_map().items()
             if "/adam_" not in name and name != "global_step"}
  assert estimator.variable_shapes(
      modeling.BertConfig.from_dict(CONFIG),
      heads.create("classification", ["0", "1"])) == trained


def make_model_fn(kind, use_tpu, values=None, **training):
  return estimator.make_model_fn(
      modeling.BertConfig.from_dict(values or TINY), heads.create(kind, LABELS),
      estimator.Training(**training) if training else None, use_tpu)


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


class Outcome(typing.NamedTuple):
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
      return Outcome(fetched, {each.op.name: session.run(each)
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
            for each in [spec.loss] + list(spec.eval_metrics[1])]
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


def test_predictions_are_probabilities(session):
  spec = make_model_fn("classification", False)(
      constants(batch("classification")), None, PREDICT, {})
  session.run(tf.global_variables_initializer())
  assert set(spec.predictions) == {"probabilities"}
  probabilities = session.run(spec.predictions["probabilities"])
  np.testing.assert_allclose(probabilities.sum(axis=1), np.ones(3), rtol=1e-6)


def streamed(kind, batches):
  """Accuracy and loss of the streaming metrics over batches."""
  with tf.Graph().as_default(), tf.Session() as session:
    fed = {name: tf.placeholder(value.dtype, value.shape)
           for name, value in batches[0].items()}
    spec = make_model_fn(kind, True)(fed, None, EVAL, {})
    metric_fn, tensors = spec.eval_metrics
    results = metric_fn(*tensors)
    session.run(tf.local_variables_initializer())
    session.run(tf.global_variables_initializer())
    values = fixed_values({each.op.name: each.shape.as_list()
                           for each in tf.trainable_variables()})
    session.run([each.assign(values[each.op.name])
                 for each in tf.trainable_variables()])
    seen = []
    for each in batches:
      feed = {fed[name]: value for name, value in each.items()}
      session.run([update for _, update in results.values()], feed)
      seen.append(session.run(tensors, feed))
    return {name: session.run(value)
            for name, (value, _) in results.items()}, seen


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_padding_examples_carry_no_weight_in_streaming_metrics(kind):
  batches = [batch(kind), batch(kind, [1, 0, 0])]
  results, seen = streamed(kind, batches)
  assert set(results) == {"eval_accuracy", "eval_loss"}
  losses, _, _, is_real = [np.concatenate(each) for each in zip(*seen)]
  assert is_real.tolist() == [1, 1, 1, 1, 0, 0]
  golden.assert_close(results["eval_loss"], losses[:4].mean())
  head = heads.create(kind, LABELS)
  right = [head.prediction(row).labels == labels_of(kind, label_ids)
           for row, label_ids in zip(np.concatenate([each[2] for each in seen]),
                                     LABEL_IDS[kind] * 2)]
  golden.assert_close(results["eval_accuracy"], np.mean(right[:4]))


def labels_of(kind, label_ids):
  if kind == "classification":
    return [LABELS[label_ids[0]]]
  return [label for label, is_so in zip(LABELS, label_ids) if is_so]


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_collector_keeps_the_whole_set_without_padding_examples(kind):
  batches = [batch(kind), batch(kind, [1, 0, 0])]
  collector = estimator.OutputCollector()
  with tf.Graph().as_default():
    tf.train.get_or_create_global_step()
    fed = {name: tf.placeholder(value.dtype, value.shape)
           for name, value in batches[0].items()}
    spec = make_model_fn(kind, False)(fed, None, EVAL, {})
    with tf.train.MonitoredSession(hooks=[collector]) as session:
      for each in batches:
        feed = {fed[name]: value for name, value in each.items()}
        session.run(spec.loss, feed)
      probabilities = session.run(spec.eval_metrics[1][2], feed)
  # The last fetch went through the hook as well.
  outcome = collector.outcome(heads.create(kind, LABELS))
  expected = LABEL_IDS[kind] + LABEL_IDS[kind][:1] * 2
  assert (np.reshape(outcome.labels, [5, -1]) == expected).all()
  golden.assert_close(
      outcome.probabilities,
      np.concatenate([probabilities, probabilities[:1], probabilities[:1]]))


def test_scalars_reach_tensorboard(tmp_path):
  estimator.write_scalars(str(tmp_path / "eval"), 20,
                          {"eval_mcc": np.float32(0.25), "eval_f1": 0.5})
  (name,) = os.listdir(str(tmp_path / "eval"))
  found = [(event.step, value.tag, value.simple_value)
           for event in tf.train.summary_iterator(str(tmp_path / "eval" / name))
           for value in event.summary.value]
  assert found == [(20, "eval_f1", 0.5), (20, "eval_mcc", 0.25)]
