"""What a training step drops: by the seed, the worker, the step, the part."""
import functools

import pytest
import tensorflow.compat.v1 as tf

from bert.model import distribution
from model_fns import TINY, TRAIN, batch, constants, fixed_values, make_model_fn

DROPPING = dict(TINY, hidden_dropout_prob=0.5, attention_probs_dropout_prob=0.5)
NUM_STEPS = 4


def losses_from(step, seed=7, **settings):
  """Losses of steps that change no weight, of which the first has a number."""
  with tf.Graph().as_default(), tf.Session() as session:
    tf.set_random_seed(seed)
    global_step = tf.train.get_or_create_global_step()
    texts = {name: values[[0, 1, 2, 1]]
             for name, values in batch("classification").items()}
    spec = make_model_fn(
        "classification", False, DROPPING, learning_rate=0.0,
        num_train_steps=100, num_warmup_steps=0, **settings)(
            constants(texts), None, TRAIN, {})
    values = fixed_values({each.op.name: each.shape.as_list()
                           for each in tf.trainable_variables()})
    session.run(tf.global_variables_initializer())
    session.run([tf.assign(each, values[each.op.name])
                 for each in tf.trainable_variables()])
    session.run(tf.assign(global_step, step))
    losses = [session.run([spec.loss, spec.train_op])[0]
              for _ in range(NUM_STEPS)]
    assert session.run(global_step) == step + NUM_STEPS
    return losses


@pytest.mark.parametrize("variable_kind, settings", [
    ("reference", dict()), ("reference", dict(cpu_replicas=2)),
    ("resource", dict(num_micro_batches=2))], indirect=["variable_kind"])
def test_steps_draw_by_their_number(variable_kind, settings):
  from_start, from_step_2 = losses_from(0, **settings), losses_from(
      2, **settings)
  assert from_start[2:] == from_step_2[:2]
  assert len(set(from_start + from_step_2[2:])) == 6


@functools.lru_cache(maxsize=None)
def first_losses():
  return losses_from(0)


def test_another_seed_draws_others():
  assert not set(first_losses()) & set(losses_from(0, seed=8))


def test_without_a_seed_each_run_draws_anew():
  assert not set(losses_from(0, seed=None)) & set(losses_from(0, seed=None))


def test_each_worker_draws_its_own(monkeypatch):
  first = first_losses()

  class Second(distribution.Workers):
    rank = 1

  monkeypatch.setattr(distribution, "_workers", Second())
  assert not set(losses_from(0)) & set(first)
