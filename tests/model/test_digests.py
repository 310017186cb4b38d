"""What workers of a run must have in common."""
import dataclasses

import pytest

from bert.data.examples import InputExample
from bert.model import digests
from bert.options.shared import ModelOptions
from bert.options.shared import SpeedOptions


def test_equal_examples_have_equal_digests():
  def make():
    return [InputExample("train-%d" % number, "text", "\ud800", label)
            for number, label in enumerate(("x", ["y", "z"], None))]

  assert digests.of_examples(make()) == digests.of_examples(iter(make()))


@pytest.mark.parametrize("change", [
    dict(guid="other"), dict(text_a="other"), dict(text_b="other"),
    dict(text_b=None), dict(label="y"), dict(label=None)], ids=str)
def test_each_part_of_an_example_counts(change):
  example = dict(guid="a", text_a="b", text_b="c", label="x")
  assert digests.of_examples([InputExample(**example)]) != (
      digests.of_examples([InputExample(**dict(example, **change))]))


def test_order_and_borders_of_examples_count():
  def of(*texts):
    return digests.of_examples([InputExample("g", text) for text in texts])

  assert len({of("a", "b"), of("b", "a"), of("ab"), of("a"), of()}) == 5


def test_flags_count_but_paths_and_what_only_costs_time():
  model, speed = ModelOptions(init_checkpoint="a"), SpeedOptions()
  plain = digests.of_flags([model, (speed,)])
  for group, change, is_same in (
      (model, dict(init_checkpoint="b"), True),
      (model, dict(allow_missing_weights=True), False),
      (speed, dict(num_workers=3), True),
      (speed, dict(precision="bfloat16"), False)):
    groups = [dataclasses.replace(each, **change) if each is group else each
              for each in (model, speed)]
    assert (digests.of_flags(groups) == plain) == is_same, change


def test_files_count_by_size_and_beginning(tmp_path):
  def of(*contents):
    paths = []
    for number, content in enumerate(contents):
      paths.append(str(tmp_path / str(number)))
      (tmp_path / str(number)).write_bytes(content)
    return digests.of_files(paths)

  assert of(b"ab", b"c") == of(b"ab", b"c")
  assert len({of(b"ab"), of(b"ac"), of(b"abc"), of(b"ab", b""), of()}) == 5


def test_code_has_one_digest():
  assert digests.of_code() == digests.of_code() != digests.of_object("")
