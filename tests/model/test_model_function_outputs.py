"""What a model's predictions, streaming metrics and collectors hold."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from bert.heads import registry
from bert.model import dataset_outputs
from model_fns import (
    EVAL, LABEL_IDS, LABELS, PREDICT, batch, constants, fixed_values,
    make_model_fn)


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
    spec = make_model_fn(kind, False)(fed, None, EVAL, {})
    metric_fn, tensors = spec.eval_metrics
    results = metric_fn(**tensors)
    tensors = dict(tensors, probabilities=session.graph.get_tensor_by_name(
        "collected/probabilities:0"))
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
  seen = {name: np.concatenate([each[name] for each in seen])
          for name in seen[0]}
  for name in results:
    assert seen[name + "_weights"].tolist() == [1, 1, 1, 1, 0, 0]
  golden.assert_close(results["eval_loss"], seen["eval_loss"][:4].mean())
  head = registry.create(kind, LABELS)
  right = [head.prediction({"probabilities": row}, None).labels ==
           labels_of(kind, label_ids)
           for row, label_ids in zip(seen["probabilities"],
                                     LABEL_IDS[kind] * 2)]
  golden.assert_close(results["eval_accuracy"], np.mean(right[:4]))


def labels_of(kind, label_ids):
  if kind == "classification":
    return [LABELS[label_ids[0]]]
  return [label for label, is_so in zip(LABELS, label_ids) if is_so]


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_collector_keeps_the_whole_set_without_padding_examples(kind):
  batches = [batch(kind), batch(kind, [1, 0, 0])]
  with tf.Graph().as_default(), tf.Session() as session:
    fed = {name: tf.placeholder(value.dtype, value.shape)
           for name, value in batches[0].items()}
    spec = make_model_fn(kind, False)(fed, None, EVAL, {})
    fetches = dataset_outputs.EvaluationFetches.of(spec)
    session.run(tf.global_variables_initializer())
    fetched = []
    for each in batches:
      feed = {fed[name]: value for name, value in each.items()}
      fetched.append(session.run(fetches, feed))
    probabilities = session.run("collected/probabilities:0", feed)
  results, rows = dataset_outputs.whole_evaluation(fetched)
  assert set(results) == {"loss", "eval_loss", "eval_accuracy"}
  assert results["loss"] == pytest.approx(
      np.mean([each.loss for each in fetched]), rel=1e-6)
  eval_prediction = registry.create(kind, LABELS).eval_prediction(rows, [])
  expected = LABEL_IDS[kind] + LABEL_IDS[kind][:1]
  assert (np.reshape(eval_prediction.labels, [4, -1]) == expected).all()
  golden.assert_close(
      eval_prediction.probabilities,
      np.concatenate([probabilities, probabilities[:1]]))


@pytest.mark.parametrize("kind", sorted(LABEL_IDS))
def test_averages_are_those_of_tensorflows_metrics_to_the_last_bit(kind):
  batches = [batch(kind), batch(kind, [1, 0, 0])] * 5 + [batch(kind, [0, 1, 1])]
  with tf.Graph().as_default(), tf.Session() as session:
    tf.set_random_seed(1)
    fed = {name: tf.placeholder(value.dtype, value.shape)
           for name, value in batches[0].items()}
    spec = make_model_fn(kind, False)(fed, None, EVAL, {})
    metric_fn, tensors = spec.eval_metrics
    averages = metric_fn(**tensors)
    fetches = dataset_outputs.EvaluationFetches.of(spec)
    session.run([tf.global_variables_initializer(),
                 tf.local_variables_initializer()])
    fetched = [session.run([fetches] + [update for _, update in
                                        averages.values()],
                           {fed[name]: value for name, value in each.items()})[0]
               for each in batches]
    expected = session.run({name: value for name, (value, _) in
                            averages.items()})
  results, _ = dataset_outputs.whole_evaluation(fetched)
  assert {name: results[name] for name in expected} == expected
  assert all(value.dtype == np.float32 for value in results.values())
