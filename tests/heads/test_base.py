"""The base of all heads: what a kind must have, and how a head is made."""
import dataclasses
import importlib
import os
import re

import pytest

import commands
from bert.common.errors import UserError
from bert.heads import registry
from bert.heads.base import Head
from bert.heads.task_spec import TaskSpec
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions

_DOC = os.path.join(os.path.dirname(__file__), "..", "..", "docs",
                    "architecture.md")


def listed_methods():
  """The methods in the list of docs/architecture.md."""
  with open(_DOC, encoding="utf-8") as stream:
    text = stream.read()
  section = text.split("\n## What a kind of head must have\n")[1]
  bullets = section.split("\n\n")[1]
  return set(re.findall(r"`(\w+)`: ", bullets))


def has_no_body(method):
  """Whether a function is `raise NotImplementedError()`."""
  code = getattr(method, "__code__", None)
  return code is not None and "NotImplementedError" in code.co_names


def test_list_of_what_a_kind_must_have_is_that_of_the_base_class():
  assert listed_methods() == {
      name for name in dir(Head) if has_no_body(getattr(Head, name))}


def test_example_of_an_own_head_has_all_of_the_list_and_no_more():
  with commands.forgetting_own_tasks():
    ordinal_task = importlib.import_module("ordinal_task")
  own = {name for name, value in vars(ordinal_task.OrdinalHead).items()
         if callable(value)}
  assert own == listed_methods()


def test_head_has_what_its_spec_says():
  spec = TaskSpec(["a", "b"], HeadOptions(threshold=0.25),
                  SpanOptions(doc_stride=7), (1.0, 5.0), [1.0, 2.0])
  head = registry.class_of("multi_label")(spec)
  assert head.spec is spec
  assert (head.labels, head.threshold, head.settings, head.span.doc_stride,
          head.label_range, head.class_weights) == (
              ["a", "b"], 0.25, spec.settings, 7, (1.0, 5.0), [1.0, 2.0])
  with pytest.raises(dataclasses.FrozenInstanceError):
    spec.labels = []


@pytest.mark.parametrize("kind, facts, takes_pairs, is_of_pairs", [
    ("classification", {}, True, False),
    ("classification", {"has_pairs": None}, True, False),
    ("classification", {"has_pairs": True}, True, True),
    ("classification", {"has_pairs": False}, False, False),
    ("tagging", {"has_pairs": False}, False, False),
    ("tagging", {}, False, False)])
def test_head_takes_the_texts_that_were_trained_on(kind, facts, takes_pairs,
                                                   is_of_pairs):
  head = registry.create(kind, ["O"], HeadOptions())
  before = vars(head).copy()
  other = head.with_text_facts(dict(facts, task="more of task.json"))
  assert (other.takes_pairs, other.is_of_pairs) == (takes_pairs, is_of_pairs)
  assert vars(head) == before and other is not head


def test_changes_of_a_spec_add_up():
  head = registry.create("classification", ["a", "b"]).with_text_facts(
      {"has_pairs": True}).with_class_weights([1.0, 3.0])
  assert head.is_of_pairs and head.class_weights == [1.0, 3.0]
  assert type(head) is registry.class_of("classification")


@pytest.mark.parametrize("kind, settings, expected", [
    ("classification", dict(pair_encoding="siamese"), True),
    ("classification", {}, False), ("tagging", {}, False)])
def test_texts_are_encoded_apart_where_the_settings_say_so(kind, settings,
                                                           expected):
  assert registry.create(kind, ["O"], HeadOptions(
      **settings)).encodes_apart is expected


def old_head(**members):
  return type("OldHead", (Head,), dict(members, kind="old"))


@pytest.mark.parametrize("members, fragments", [
    ({"read_as": lambda self, facts: None}, ["read_as", "with_text_facts"]),
    ({"usable": lambda self, examples: examples},
     ["usable", "trainable_examples"]),
    ({"finish": lambda self, serialized: serialized},
     ["finish", "number_records"]),
    ({"sizes": lambda self, *counts: []}, ["sizes", "size_lines"]),
    ({"headings": {}}, ["headings", "log_headings"]),
    ({"__init__": lambda self, labels, settings=None: None},
     ["__init__", "spec"]),
    ({"__init__": lambda self, names, *args: None}, ["__init__", "spec"])])
def test_own_head_of_an_earlier_version_is_refused_when_registered(members,
                                                                   fragments):
  before = registry.registered()
  with pytest.raises(UserError) as caught:
    registry.register(old_head(**members))
  for fragment in ["head 'old'"] + fragments:
    assert fragment in str(caught.value)
  assert registry.registered() == before


def test_earlier_name_of_outputs_has_what_heads_import():
  from bert.heads import outputs
  from bert.heads import readout
  assert readout.Prediction is outputs.Prediction
  assert readout.TextOutput is outputs.TextOutput
  assert readout.Readout is outputs.HeadOutputs
