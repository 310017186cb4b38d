"""Unoptimized forms compute what the optimizations compute."""
import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
from benchmarks import steps_ours
from benchmarks import unoptimized


def arguments(mode):
  return steps_ours.parse(["--mode=" + mode, "--layers=2", "--hidden=8",
                          "--heads=2", "--vocab=50", "--batch=2",
                          "--length=6", "--parallel=1"])


def run_steps(session, mode, count):
  """Makes steps with set variables, on texts of 6 and 4 tokens."""
  inputs = steps_ours.placeholders()
  fetches = steps_ours.build(inputs, arguments(mode))
  session.run(tf.global_variables_initializer())
  set_variables(session)
  if mode == "train":
    session.run(tf.assign(tf.train.get_global_step(), 50))
  for _ in range(count):
    results = session.run(fetches, steps_ours.feed_of([6, 4], inputs, 50))
  return results


def set_variables(session):
  """Gives each variable values that depend on its name alone."""
  for variable in tf.trainable_variables():
    random = np.random.RandomState(sum(map(ord, variable.name)))
    session.run(tf.assign(variable, 0.5 * random.randn(
        *variable.shape.as_list())))


def predicted():
  """The outputs of a prediction step."""
  with tf.Graph().as_default(), tf.Session() as session:
    return run_steps(session, "predict", 1)


def trained():
  """What all variables are after two steps without dropout."""
  build_config = steps_ours.modeling.BertConfig
  with pytest.MonkeyPatch.context() as patch, tf.Graph().as_default():
    patch.setattr(
        steps_ours.modeling, "BertConfig",
        lambda *args, **options: build_config(
            *args, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
            **options))
    patch.setattr(steps_ours.registry.Head, "logits", without_dropout)
    with tf.Session() as session:
      run_steps(session, "train", 2)
      return session.run({each.name: each for each in tf.global_variables()})


_logits = steps_ours.registry.Head.logits


def without_dropout(head, model, mask, is_training):
  del is_training
  return _logits(head, model, mask, False)


@pytest.fixture(scope="module")
def expected():
  return predicted(), trained()


@pytest.mark.parametrize("name", sorted(unoptimized.FORMS))
def test_plain_form_trains_and_predicts_what_the_optimization_does(
    monkeypatch, name, expected):
  changed = set()
  for holder, attribute, plain in unoptimized.FORMS[name]:
    def called(*args, plain=plain, attribute=attribute, **options):
      changed.add(attribute)
      return plain(*args, **options)
    monkeypatch.setattr(holder, attribute, called)
  actual = predicted(), trained()
  assert changed == {attribute for _, attribute, _ in unoptimized.FORMS[name]}
  golden.assert_close(actual[0][0], expected[0][0], 1e-5, "probabilities")
  assert set(actual[1]) == set(expected[1])
  for variable, value in expected[1].items():
    # The gradient of a key's bias is 0 but for rounding. Sums are in another
    # order on each kind of CPU, which moves Adam's averages by up to 5.3e-5.
    if "key/bias" not in variable:
      golden.assert_close(actual[1][variable], value, 1e-4, variable)


def test_plain_dropout_drops_a_share_and_scales_the_rest():
  with tf.Graph().as_default(), tf.Session() as session:
    output = session.run(unoptimized.dropout(tf.ones([1000, 100]), 0.1))
  assert abs(np.mean(output == 0) - 0.1) < 0.01
  np.testing.assert_allclose(output[output != 0], 1 / 0.9, rtol=1e-6)


@pytest.mark.parametrize("names", [["gelu"], ["all"]])
def test_use_unoptimized_replaces_what_is_named(monkeypatch, names):
  every = [(holder, attribute) for each in unoptimized.FORMS.values()
           for holder, attribute, _ in each]
  before = {attribute: getattr(holder, attribute)
            for holder, attribute in every}
  for holder, attribute in every:  # Taken back at the test's end.
    monkeypatch.setattr(holder, attribute, before[attribute])
  unoptimized.use_unoptimized(names)
  changed = {attribute for holder, attribute in every
             if getattr(holder, attribute) is not before[attribute]}
  assert changed == {attribute for name, each in unoptimized.FORMS.items()
                     if name in names or names == ["all"]
                     for _, attribute, _ in each}
