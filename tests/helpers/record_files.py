"""Record files of numbered texts whose lengths are given, and their batches."""
import numpy as np
import tensorflow.compat.v1 as tf

from bert.data import input_fns
from bert.data import record_encoder
from bert.data import records
from bert.heads import registry

MAX_LENGTH = 40
BY_LENGTH = "by length"
SPEC = records.feature_spec(
    registry.create("classification", ["x", "y"]).label_fields(MAX_LENGTH),
    MAX_LENGTH)


def write(path, lengths):
  """Writes texts of so many tokens, the first of which is the text's number."""
  rows = []
  for number, length in enumerate(lengths):
    padding = [0] * (MAX_LENGTH - length)
    rows.append(([number] + [3] * (length - 1) + padding,
                 [1] * length + padding, [0] * MAX_LENGTH, [number % 2], [1]))
  records.write_records(str(path), map(
      record_encoder.RecordEncoder(SPEC).encode, rows))
  return str(path)


def make_input_fn(path, spec, order=None, is_static=False):
  """An input_fn: a Shuffle is for training, BY_LENGTH sorts by length."""
  if order == BY_LENGTH:
    return input_fns.by_length_input_fn(str(path), spec)
  if order:
    return input_fns.training_input_fn(str(path), spec, order, is_static)
  return input_fns.ordered_input_fn(str(path), spec, is_static)


def read_batches(path, spec, batch_size, limit=None, graph_seed=None,
                 params=None, **options):
  """The batches of an input_fn, at most `limit` of them."""
  input_fn = make_input_fn(path, spec, **options)
  batches = []
  with tf.Graph().as_default(), tf.Session() as session:
    tf.set_random_seed(graph_seed)
    dataset = input_fn(dict(params or {}, batch_size=batch_size))
    batch = tf.data.make_one_shot_iterator(dataset).get_next()
    while limit is None or len(batches) < limit:
      try:
        batches.append(session.run(batch))
      except tf.errors.OutOfRangeError:
        break
  return batches


def read(path, batch_size, order, limit=None, graph_seed=None, params=None):
  return read_batches(path, SPEC, batch_size, limit, graph_seed, params,
                      order=order)


def numbers(batch):
  return batch["input_ids"][:, 0].tolist()


def lengths(batch):
  return batch["input_mask"].sum(axis=1).tolist()


def padded_size(batches):
  return int(np.sum([batch["input_ids"].size for batch in batches]))
