"""Record files, against the reference, and their batches."""
import collections

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import golden
import processors  # pylint: disable=unused-import
from bert.data import features
from bert.data import input_fns
from bert.data import record_encoder
from bert.data import records
from bert.data.tokenizers import vocabulary
from bert.heads import registry
from processors import base
from record_files import make_input_fn
from record_files import read_batches

pytestmark = pytest.mark.smoke

GOLDEN_SETS = [(task, name) for task in ("cola", "mnli", "mrpc", "xnli")
               for name in ("train", "eval", "predict")
               if (task, name) != ("xnli", "predict")]

# Kind of head -> its labels, and (label, its numbers in a record) of examples.
ENCODED = {
    "regression": ([], [("1.5", [1.5]), (2, [2.0]), (None, [0.0])]),
    "tagging": (["O", "B-X"], [(["O"], [0, 1, 0, 0]),
                               (["B-X", "O"], [0, 2, 1, 0]), (None, [0] * 4)]),
    "classification": (["x", "y", "z"], [("z", [2]), ("x", [0]), (None, [0])]),
    "multi_label": (["x", "y", "z"],
                    [(["z", "x"], [1, 0, 1]), ([], [0, 0, 0]),
                     ("y", [0, 1, 0])]),
}


def raw_examples(path):
  """What a TFRecord file holds: dicts name -> (kind of list, values)."""
  parsed = []
  for serialized in tf.io.tf_record_iterator(str(path)):
    example = tf.train.Example.FromString(serialized)
    parsed.append({
        name: (feature.WhichOneof("kind"),
               list(getattr(feature, feature.WhichOneof("kind")).value))
        for name, feature in example.features.feature.items()})
  return parsed


def spec_of(length, kind="classification", labels=("x", "y")):
  return records.feature_spec(registry.create(kind, labels).label_fields(length),
                              length)


def row(first_id, num_tokens=2, length=2):
  """An example's values; its first id tells it from the others."""
  padding = [0] * (length - num_tokens)
  return ([first_id] + [9] * (num_tokens - 1) + padding,
          [1] * num_tokens + padding, [0] * length, [1], [1])


def write(path, rows, spec):
  return records.write_records(str(path),
                               map(record_encoder.RecordEncoder(spec).encode, rows))


def write_numbered(path, count):
  """Examples with the ids 0, 1, ... in the file's order."""
  write(path, [row(index) for index in range(count)], spec_of(2))


def read_numbers(path, batch_size, limit=None, **options):
  return [batch["input_ids"][:, 0].tolist()
          for batch in read_batches(path, spec_of(2), batch_size, limit,
                                    **options)]


def examples_of(task, name):
  processor = base.create(task, golden.path("cli", task, "data"))
  read = {"train": processor.get_train_examples,
          "eval": processor.get_dev_examples,
          "predict": processor.get_test_examples}[name]
  head = registry.create(processor.head, processor.get_labels())
  return read(processor.data_dir), head


@pytest.mark.parametrize("task, name", GOLDEN_SETS)
def test_records_are_those_of_the_reference(task, name, tmp_path):
  examples, head = examples_of(task, name)
  tokenizer = vocabulary.load_tokenizer(golden.path("vocab.txt"), True)
  path = tmp_path / "set.tf_record"
  encoder = features.TextEncoder(tokenizer, 40)
  rows = [row.values() for example in examples
          for row in head.to_features(example, encoder)[0]]
  count = write(path, rows, records.feature_spec(head.label_fields(40), 40))
  expected = raw_examples(
      golden.path("cli", task, "expected_%s.tf_record" % name))
  assert len(expected) == count > 0
  assert raw_examples(path) == expected


def test_every_registered_head_has_a_round_trip():
  # The others' records have more fields, or sequences, than these.
  assert set(ENCODED) | {"multiple_choice", "span"} == set(
      registry.registered())


@pytest.mark.parametrize("kind", sorted(ENCODED))
def test_what_is_written_is_read_back(kind, tmp_path):
  labels, encoded = ENCODED[kind]
  head = registry.create(kind, labels)
  spec = records.feature_spec(head.label_fields(4), 4)
  rows = [([7, index, 8, 0], [1, 1, 1, 0], [0, 1, 1, 0], numbers, [index % 2])
          for index, (_, numbers) in enumerate(encoded)]
  path = str(tmp_path / "set.tf_record")
  assert write(path, rows, spec) == 3

  (batch,) = read_batches(path, spec, 3, is_static=True)
  expected = {"input_ids": [[7, 0, 8, 0], [7, 1, 8, 0], [7, 2, 8, 0]],
              "input_mask": [[1, 1, 1, 0]] * 3,
              "segment_ids": [[0, 1, 1, 0]] * 3,
              "label_ids": [numbers for _, numbers in encoded],
              "is_real_example": [[0], [1], [0]]}
  assert set(batch) == set(expected)
  for name, values in expected.items():
    np.testing.assert_array_equal(batch[name], values, err_msg=name)
    is_whole = spec[name].kind == tf.int64
    assert batch[name].dtype == (np.int32 if is_whole else np.float32), name


def test_float_fields_are_written_and_read_as_float32(tmp_path):
  spec = records.feature_spec(
      {"label_ids": records.Field(tf.float32, (1,))}, 2)
  path = str(tmp_path / "set.tf_record")
  write(path, [([7, 8], [1, 1], [0, 0], [2.5], [1])], spec)
  assert raw_examples(path)[0]["label_ids"] == ("float_list", [2.5])
  (batch,) = read_batches(path, spec, 1)
  assert batch["label_ids"].dtype == np.float32
  assert batch["label_ids"].tolist() == [[2.5]]


def test_record_may_have_any_number_of_label_fields(tmp_path):
  number = records.Field(tf.int64, (1,))
  spec = records.feature_spec({"starts": number, "ends": number}, 2)
  assert list(spec) == ["input_ids", "input_mask", "segment_ids", "starts",
                        "ends", "is_real_example"]
  path = str(tmp_path / "set.tf_record")
  write(path, [([7, 8], [1, 1], [0, 0], [3], [5], [1])], spec)
  (batch,) = read_batches(path, spec, 1)
  assert (batch["starts"].tolist(), batch["ends"].tolist()) == ([[3]], [[5]])


@pytest.mark.parametrize("is_static, length", [(False, 5), (True, 8)])
def test_batch_ends_with_its_longest_text_unless_static(is_static, length,
                                                        tmp_path):
  spec = spec_of(8, "multi_label", ["label %d" % index for index in range(7)])
  multi_hot = [1, 0, 0, 0, 0, 0, 1]
  rows = [row(index, num_tokens, 8)[:3] + (multi_hot, [1])
          for index, num_tokens in enumerate([3, 5])]
  path = str(tmp_path / "set.tf_record")
  write(path, rows, spec)
  (batch,) = read_batches(path, spec, 2, is_static=is_static)
  for name, column in (("input_ids", 0), ("input_mask", 1), ("segment_ids", 2)):
    np.testing.assert_array_equal(
        batch[name], [each[column][:length] for each in rows], err_msg=name)
  assert batch["label_ids"].tolist() == [multi_hot] * 2
  assert batch["is_real_example"].tolist() == [[1], [1]]


@pytest.mark.parametrize("shuffle", [None, input_fns.Shuffle(seed=1)])
def test_static_batches_have_every_size_in_the_graph(shuffle, tmp_path,
                                                     session):
  del session  # its graph is the default one
  write_numbered(tmp_path / "set", 3)
  dataset = make_input_fn(
      str(tmp_path / "set"), spec_of(2), shuffle, is_static=True)(
          {"batch_size": 2})
  batch = tf.data.make_one_shot_iterator(dataset).get_next()
  assert {name: tensor.shape.as_list() for name, tensor in batch.items()} == {
      "input_ids": [2, 2], "input_mask": [2, 2], "segment_ids": [2, 2],
      "label_ids": [2, 1], "is_real_example": [2, 1]}


def test_evaluation_reads_every_example_once_in_the_files_order(tmp_path):
  write_numbered(tmp_path / "set", 5)
  assert read_numbers(tmp_path / "set", 2) == [[0, 1], [2, 3], [4]]


def test_static_evaluation_has_whole_batches_only(tmp_path):
  write_numbered(tmp_path / "set", 5)
  assert read_numbers(tmp_path / "set", 2, is_static=True) == [[0, 1], [2, 3]]


def training_batches(path, seed=1, skip=0, limit=9):
  return read_numbers(path, 4, limit, order=input_fns.Shuffle(seed, 4 * skip))


def epochs_of(batches, num_examples):
  numbers = sum(batches, [])
  return [numbers[start:start + num_examples]
          for start in range(0, len(numbers), num_examples)]


def test_each_epoch_reads_every_example_once_in_a_new_order(tmp_path):
  write_numbered(tmp_path / "set", 12)
  epochs = epochs_of(training_batches(tmp_path / "set"), 12)
  assert [sorted(epoch) for epoch in epochs] == [list(range(12))] * 3
  orders = epochs + [list(range(12))]
  assert len({tuple(order) for order in orders}) == 4


def test_seed_repeats_the_order_and_another_changes_it(tmp_path):
  write_numbered(tmp_path / "set", 12)
  batches = training_batches(tmp_path / "set", seed=1)
  assert training_batches(tmp_path / "set", seed=1) == batches
  assert training_batches(tmp_path / "set", seed=2) != batches


@pytest.mark.parametrize("skip", [1, 3, 4, 8])
def test_skipping_goes_on_where_an_undisturbed_run_would_be(skip, tmp_path):
  write_numbered(tmp_path / "set", 12)
  undisturbed = training_batches(tmp_path / "set")
  assert training_batches(tmp_path / "set", skip=skip,
                          limit=9 - skip) == undisturbed[skip:]


def test_training_batches_are_full_whatever_the_sets_size(tmp_path):
  write_numbered(tmp_path / "set", 7)
  batches = training_batches(tmp_path / "set", limit=7)
  assert [len(batch) for batch in batches] == [4] * 7
  assert collections.Counter(sum(batches, [])) == {
      number: 4 for number in range(7)}


def test_training_batches_have_their_size_in_the_graph(tmp_path, session):
  del session  # its graph is the default one
  write_numbered(tmp_path / "set", 3)
  dataset = make_input_fn(
      str(tmp_path / "set"), spec_of(2), input_fns.Shuffle(seed=1))(
          {"batch_size": 2})
  batch = tf.data.make_one_shot_iterator(dataset).get_next()
  assert batch["label_ids"].shape.as_list() == [2, 1]


def test_training_shuffles_over_the_whole_set(tmp_path):
  write_numbered(tmp_path / "set", 400)
  numbers = sum(training_batches(tmp_path / "set", limit=10), [])
  # A window of 100 records could not reach further than 140 by now.
  assert max(numbers) > 200


def test_interrupted_writing_leaves_the_old_file(tmp_path):
  path = tmp_path / "set.tf_record"
  write_numbered(path, 3)
  before = path.read_bytes()

  def rows():
    yield row(0)
    raise RuntimeError("interrupted")

  with pytest.raises(RuntimeError, match="interrupted"):
    write(path, rows(), spec_of(2))
  assert path.read_bytes() == before
  fresh = tmp_path / "fresh.tf_record"
  with pytest.raises(RuntimeError, match="interrupted"):
    write(fresh, rows(), spec_of(2))
  assert not fresh.exists()
