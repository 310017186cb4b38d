"""Labels and examples of whatever types, handed over as the program has them.
"""
import types

import numpy as np
import pytest

from bert.common.errors import UserError
from bert.data.examples import InputExample
from bert.heads import registry
from mistakes import message_of
from processors import base
from processors.adapter import ProcessorAdapter


class Given(base.DataProcessor):
  """Hands over what it is given."""
  data_dir = "folder"

  def __init__(self, labels, examples=(), head="classification"):
    self.labels = labels
    self.examples = list(examples)
    self.head = head
    self.num_reads = 0

  def get_train_examples(self, data_dir):
    assert data_dir == "folder"
    self.num_reads += 1
    return self.examples

  def get_labels(self):
    return self.labels


def convert(label, head="classification"):
  processor = Given(["0", "1"], [InputExample("g", "text", None, label)], head)
  (example,) = ProcessorAdapter(processor).get_train_examples("folder")
  return example.label


@pytest.mark.parametrize("labels, expected", [
    ([0, 1], ["0", "1"]), (np.array([1, 0]), ["1", "0"]),
    ([np.int64(2), np.int32(1)], ["2", "1"]), (("b", "a"), ["b", "a"]),
    ([True, False], ["True", "False"]), ([np.bool_(True)], ["True"]),
    ([0.0, 1.5], ["0.0", "1.5"]), ([b"\xe6\x88\x91", "x "], ["我", "x"]),
    (np.array(["b", "a"]), ["b", "a"]), ({"b": 0, "a": 1}, ["b", "a"]),
    ({"b", "c", "a"}, ["a", "b", "c"]), (range(2), ["0", "1"])])
def test_labels_are_str_in_their_order(labels, expected):
  found = ProcessorAdapter(Given(labels)).get_labels()
  assert found == expected and {type(label) for label in found} == {str}


@pytest.mark.parametrize("labels, shown", [
    ([None, "a"], "None"), (["a", float("nan")], "nan"),
    ([np.float32("nan")], "nan"), (None, "None"), (3, "3"), ("01", "'01'")])
def test_labels_that_are_nothing_are_refused(labels, shown):
  message = message_of(ProcessorAdapter(Given(labels)).get_labels)
  assert "get_labels() of Given returned" in message and shown in message


@pytest.mark.parametrize("label, expected", [
    (0, "0"), (np.int64(1), "1"), ("a ", "a"), (b"a", "a"), (np.str_("a"), "a"),
    (True, "True"), (1.0, "1.0"), (np.array(3), "3"), (None, None),
    (float("nan"), None), (np.float64("nan"), None)])
def test_label_of_an_example_is_str_or_none(label, expected):
  assert convert(label) == expected
  assert convert(label) is None or type(convert(label)) is str


@pytest.mark.parametrize("label", [[0, 2], (0, 2), np.array([0, 2]), ["0", 2]])
@pytest.mark.parametrize("head", ["multi_label", "tagging"])
def test_labels_of_an_example_are_a_list_of_str(label, head):
  assert convert(label, head) == ["0", "2"]


def test_kinds_of_heads_are_known():
  """Which the tests below rely on."""
  assert {"regression", "multi_label", "tagging"} <= set(registry.registered())


@pytest.mark.parametrize("label, expected", [
    (1.5, 1.5), (np.float32(0.5), 0.5), ("2.5", "2.5"), (b"2.5", "2.5"),
    (None, None)])
def test_number_stays_a_number(label, expected):
  assert convert(label, "regression") == expected


def test_numbers_need_no_labels():
  for labels in (None, [], [None]):
    assert not ProcessorAdapter(
        Given(labels, head="regression")).get_labels()
  assert ProcessorAdapter(Given(["a"], head="regression")).get_labels() == ["a"]


def test_example_of_another_class_becomes_one_of_ours():
  theirs = types.SimpleNamespace(guid=7, text_a=b"a \xe6\x88\x91", label=1)
  processor = Given([0, 1], [theirs])
  (example,) = ProcessorAdapter(processor).get_train_examples("folder")
  assert type(example) is InputExample
  assert (example.guid, example.text_a, example.text_b, example.label) == (
      "7", "a 我", None, "1")
  assert example.locate() == "example 7"


def test_words_may_be_a_tuple_or_an_array():
  for words in (("a", "b"), np.array(["a", "b"]), [b"a", "b"]):
    processor = Given(["O"], [InputExample("g", words, None, ["O", "O"])],
                      "tagging")
    (example,) = ProcessorAdapter(processor).get_train_examples("folder")
    assert example.text_a == ["a", "b"] and type(example.text_a) is list


@pytest.mark.parametrize("text_a, text_b, fragments", [
    (float("nan"), None, ["text_a is nan, of type float", "keep_default_na"]),
    ("a", float("nan"), ["text_b is nan"]), (None, "b", ["text_a is None"]),
    (12, None, ["text_a is 12, of type int"]), (["a", 3], None, ["is 3"])])
def test_text_that_is_none_is_refused(text_a, text_b, fragments):
  processor = Given(["0"], [InputExample("g", text_a, text_b, "0")])
  message = message_of(ProcessorAdapter(processor).get_train_examples, "folder")
  for fragment in ["example g: "] + fragments:
    assert fragment in message


@pytest.mark.parametrize("examples, fragment", [
    (None, "returned None; a list is needed"),
    (5, "returned 5; a list is needed"), ("ab", "returned 'ab'; a list"),
    ([("text", "0")], "('text', '0') is no InputExample")])
def test_what_is_no_set_of_examples_is_refused(examples, fragment):
  processor = Given(["0"])
  processor.examples = examples
  message = message_of(ProcessorAdapter(processor).get_train_examples, "folder")
  assert "get_train_examples() of Given" in message and fragment in message


def test_error_of_a_generator_is_its_own():
  def generate():
    yield InputExample("g", "a", None, 0)
    raise TypeError("theirs")

  processor = Given(["0"])
  processor.examples = generate()
  with pytest.raises(TypeError, match="theirs"):
    ProcessorAdapter(processor).get_train_examples("folder")


def test_examples_may_be_a_generator():
  processor = Given(["0"])
  processor.examples = (InputExample("g", "a", None, 0) for _ in range(3))
  assert len(ProcessorAdapter(processor).get_train_examples("folder")) == 3


def test_labels_may_be_found_while_reading():
  class Finding(Given):

    def get_train_examples(self, data_dir):
      examples = super().get_train_examples(data_dir)
      self.labels = sorted({example.label for example in examples})
      return examples

  processor = Finding([], [InputExample("g", "a", None, label)
                           for label in (1, 0)])
  adapter = ProcessorAdapter(processor)
  assert adapter.get_labels() == ["0", "1"]
  assert [each.label for each in adapter.get_train_examples("folder")] == [
      "1", "0"]
  assert processor.num_reads == 1


def test_class_that_is_no_data_processor_does():
  class Own:
    data_dir = "folder"

    def get_labels(self):
      return [0, 1]

  adapter = ProcessorAdapter(Own())
  assert (adapter.head, adapter.metrics, adapter.declared_in) == (
      "classification", (), None)
  assert adapter.get_labels() == ["0", "1"]
  assert not adapter.prediction_files([], [])
  assert "Own has no method get_test_examples" in message_of(
      adapter.get_test_examples, "folder")


@pytest.mark.parametrize("method", ["get_train_examples", "get_dev_examples",
                                    "get_test_examples", "get_labels"])
def test_method_that_a_subclass_lacks_is_the_users_mistake(method):
  adapter = ProcessorAdapter(base.DataProcessor())
  args = () if method == "get_labels" else ("folder",)
  with pytest.raises(UserError, match="DataProcessor has no method %s" % method):
    getattr(adapter, method)(*args)
