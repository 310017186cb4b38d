"""A part of a training set."""
import collections

import pytest

import commands
from bert.data.examples import InputExample
from bert.heads import registry
from bert.options.finetuning import HeadOptions
from bert.training import subset


def head_of(kind, labels):
  return registry.create(kind, labels, HeadOptions())


def examples_of(counts):
  """Examples of classes, mixed."""
  labels = [label for label, count in counts.items() for _ in range(count)]
  order = sorted(range(len(labels)), key=lambda index: index * 7 % len(labels))
  return [InputExample(str(number), "text", None, labels[index])
          for number, index in enumerate(order)]


def guids(examples):
  return [each.guid for each in examples]


def test_shares_of_classes_stay():
  examples = examples_of({"a": 60, "b": 30, "c": 10, "d": 1})
  head = head_of("classification", list("abcd"))
  found = subset.take(examples, 0.5, head, 3)
  assert collections.Counter(each.label for each in found) == {
      "a": 30, "b": 15, "c": 5, "d": 1}
  # In their order.
  assert guids(found) == sorted(guids(found), key=int)


def test_smaller_share_is_part_of_a_greater_one():
  examples = examples_of({"a": 40, "b": 17})
  head = head_of("classification", ["a", "b"])
  shares = [set(guids(subset.take(examples, fraction, head, 1)))
            for fraction in (0.1, 0.25, 0.5, 1.0)]
  assert all(one < other for one, other in zip(shares, shares[1:]))
  assert len(shares[-1]) == 57


def test_seed_draws():
  examples = examples_of({"a": 40, "b": 17})
  head = head_of("classification", ["a", "b"])
  one, again, other = [guids(subset.take(examples, 0.3, head, seed))
                       for seed in (1, 1, 2)]
  assert one == again != other


def test_task_without_classes_is_drawn_as_a_whole():
  examples = [InputExample(str(number), "text", None, float(number))
              for number in range(20)]
  found = subset.take(examples, 0.25, head_of("regression", []), 0)
  assert len(found) == 5 and len(found[1:3]) == 2


def test_command_trains_on_a_share(tmp_path):
  commands.write_domainc(tmp_path)
  rows = [("label", "text")] + [
      ("禁毒管理" if number % 2 else "消防管理", "办理%d" % number)
      for number in range(40)]
  commands.write_table(tmp_path / "data" / "train.tsv", rows)
  log = commands.finish(commands.tiny_flags(
      tmp_path, "domainc", do_train=True, train_fraction=0.3,
      train_batch_size=2))
  assert "--train_fraction=0.3: 12 of 40 examples" in log
  assert "Num examples = 12" in log
  assert "Num steps = 6" in log


@pytest.mark.parametrize("value", ["0", "1.5", "-1"])
def test_share_that_is_none_is_refused(value, tmp_path):
  result = commands.run(commands.tiny_flags(
      tmp_path, "domainc", do_train=True, train_fraction=value))
  assert result.code == 2 and "--train_fraction=" in result.log
