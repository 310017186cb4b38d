"""Exports: which number a new one gets, and what its task.json says."""
import os

import pytest

from bert import modeling
from bert.data.examples import InputExample
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.model import export


@pytest.mark.parametrize("there, now, expected", [
    ([], 1000, 1000), (["900"], 1000, 1000), (["1000"], 1000, 1001),
    # The clock was set back: a server takes the highest number.
    (["2000", "900"], 1000, 2001), (["9", "10"], 5, 11),
    (["old", ".3000.partial"], 1000, 1000), (["0009", "\u00b2"], 5, 10),
    (["9" * 19, "9" * 200], 5, 5)])
def test_new_export_has_the_highest_number(there, now, expected, tmp_path,
                                           monkeypatch):
  for name in there:
    os.makedirs(str(tmp_path / name))
  monkeypatch.setattr(export.time, "time", lambda: now + 0.5)
  # pylint: disable=protected-access
  assert export._next_number(str(tmp_path)) == expected


@pytest.mark.parametrize("name, expected", [
    ("0", 0), ("007", 7), ("1700000000/", 1700000000),
    ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None),
    ("0" * 5000 + "1", 1), ("1" * 5000, None), ("", None), ("..", None),
    ("\u00b2", None), ("\u0663", None), ("-1", None), ("1\n", None),
    (" 1", None), ("1e3", None), ("1_0", None)])
def test_numbers_of_exports_are_ascii_digits_of_63_bits(name, expected):
  assert export.number_of(name) == expected


ENCODER = Bert(modeling.BertConfig(756, max_position_embeddings=64,
                                   type_vocab_size=2))
EXAMPLES = [InputExample("0", "the ferry", None, "a")]


@pytest.mark.parametrize("samples, expected", [
    (None, {}), ([], {"sample_inputs": []}),
    (EXAMPLES, {"sample_inputs": [{"text_a": "the ferry"}]})])
def test_task_says_the_sizes_of_the_model_and_some_samples(samples, expected):
  assert export.describe(
      ENCODER, registry.create("classification", ["a", "b"]),
      {"max_seq_length": 16}, samples) == dict(
          expected, max_seq_length=16, vocab_size=756, max_positions=64,
          num_segment_ids=2)
