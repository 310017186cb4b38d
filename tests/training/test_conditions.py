"""What results are kept with: which changes make them those of another model."""
import dataclasses
import json

import numpy as np
import pytest

from bert.data.examples import InputExample
from bert.model import checkpoint_files
from bert.options.finetuning import FineTuningFlags
from bert.training import conditions

FLAGS = FineTuningFlags(*[group() for group in (
    FineTuningFlags.__annotations__.values())])


def changed(group, **values):
  """The conditions that another value of a flag changes."""
  other = FLAGS._replace(**{group: dataclasses.replace(
      getattr(FLAGS, group), **values)})
  # As they are read back from a file.
  old = json.loads(json.dumps(conditions.of_flags(FLAGS)))
  return conditions.changed(old, conditions.of_flags(other))


@pytest.mark.parametrize("group, name, value, is_schedule", [
    ("data", "max_seq_length", 64, False), ("data", "tokenizer", "char", False),
    ("data", "train_fraction", 0.5, False), ("head", "pooling", "mean", False),
    ("head", "threshold", 0.4, False), ("head", "crf", True, False),
    ("span", "doc_stride", 64, False), ("head", "loss", "focal", True),
    ("training", "learning_rate", 1e-3, True),
    ("training", "num_train_epochs", 4.0, True),
    ("training", "train_batch_size", 8, True),
    ("training", "trainable", "head", True),
    ("evaluation", "eval_every", "epoch", True),
    ("evaluation", "checkpoint", "newest", True),
    ("speed", "precision", "bfloat16", True)])
def test_flag_that_changes_results_is_a_condition(group, name, value,
                                                  is_schedule):
  assert changed(group, **{name: value}) == ["--" + name]
  assert conditions.is_schedule("--" + name) == is_schedule


@pytest.mark.parametrize("group, name, value", [
    ("run", "output_dir", "x"), ("run", "log_steps", 5),
    ("run", "save_checkpoints_steps", 5), ("data", "data_dir", "x"),
    ("data", "vocab_file", "x"), ("training", "eval_batch_size", 3),
    ("training", "predict_batch_size", 3), ("speed", "num_workers", 3),
    ("speed", "cpu_replicas", 1), ("speed", "gradient_accumulation_steps", 2)])
def test_flag_of_speed_or_of_a_path_is_none(group, name, value):
  assert not changed(group, **{name: value})


def test_examples_are_told_apart_by_text_label_and_place():
  examples = [InputExample("1", "a", "b", "0"), InputExample("2", "c", "d", "1")]
  others = [
      [InputExample("1", "a", "b", "1"), examples[1]],
      [InputExample("1", "a", "c", "0"), examples[1]],
      examples[::-1], examples[:1], []]
  old = conditions.of_examples("dev set", examples)
  assert not conditions.changed(old, conditions.of_examples(
      "dev set", iter(examples)))
  for each in others:
    assert conditions.changed(old, conditions.of_examples(
        "dev set", each)) == ["dev set"]


def test_weights_are_told_apart_by_content_not_by_path(tmp_path):
  paths = [str(tmp_path / name) for name in "abc"]
  for path, value in zip(paths, (1, 1, 2)):
    checkpoint_files.write(path, {"w": np.float32([value, 3])})
  first, same, other = map(conditions.of_weights, paths)
  assert first == same != other
  assert conditions.of_weights(None) not in (first, other)


def test_results_of_an_earlier_version_have_no_conditions():
  assert not conditions.changed({}, conditions.of_flags(FLAGS))


@pytest.mark.parametrize("name, text", [
    ("--learning_rate", "--learning_rate=0.1, this run has 0.2"),
    ("dev set", "another dev set"),
    ("initial weights", "other initial weights")])
def test_difference_is_described_with_both_values(name, text):
  assert conditions.describe(name, {name: 0.1}, {name: 0.2}) == text
