"""What only all examples of a dataset show: ids, and columns mistaken."""
import collections

import pytest

from bert.data import example_checks
from bert.data.example_store import StoredExamples
from bert.data.examples import InputExample
from bert.data.examples import Source
from mistakes import message_of

# A processor of the user's own may leave it out.
NO_FILE = ()
BY_ID = ("predictions.json",)


def examples_of(guids, path=None):
  return [InputExample(guid, "text", None, "x",
                       path and Source(path, line))
          for line, guid in enumerate(guids, 1)]


def check(examples, files=NO_FILE):
  ids = example_checks.IdCheck()
  for each in examples:
    ids.add(each.guid)
  example_checks.check_ids(ids, examples, "Dev", files)


@pytest.mark.parametrize("files", [NO_FILE, BY_ID])
@pytest.mark.parametrize("guids", [[], ["a"], ["a", "b", "1", "01"]])
def test_ids_that_are_there_once_pass(guids, files, warnings):
  check(examples_of(guids), files)
  assert not warnings


def test_ids_are_warned_of_with_places_and_counts(warnings):
  check(examples_of(["a", "b", "a", "c", "b", "a"], "dev.tsv"))
  (warning,) = warnings
  assert warning.startswith(
      "Dev set: 2 ids are those of several examples, of 5 together: "
      "'a' (dev.tsv:1, dev.tsv:3 and 1 more), 'b' (dev.tsv:2, dev.tsv:5); ")


def test_no_more_than_some_ids_are_listed(warnings):
  check(examples_of(list("abcde") * 2))
  (warning,) = warnings
  assert "5 ids" in warning and "of 10 together" in warning
  assert "'a' (example 1, example 6)" in warning and "and 2 more" in warning
  assert "'d'" not in warning


def test_ids_of_a_dataset_on_disk_are_checked(warnings):
  check(StoredExamples(examples_of(["a", "b", "b"])))
  assert "'b' (example 2, example 3)" in warnings[0]


def test_id_twice_is_refused_where_a_file_has_room_for_one():
  message = message_of(check, examples_of(["a", "b", "b", "a"], "x.tsv"), BY_ID)
  assert "Dev set: x.tsv:1 and x.tsv:4 have the same id 'a'" in message
  assert "those of 1 more ids" in message
  assert "predictions.json" in message and "an id of its own" in message


def warn(rows, **changes):
  """Checks (text, label) pairs as a training set."""
  columns = example_checks.ColumnCheck()
  for line, (text, label) in enumerate(rows, 1):
    columns.add(InputExample("train-%d" % line, text, label=label,
                             source=Source("train.tsv", line), **changes))
  columns.warn()
  columns.warn_of_placeholders()


def rows_of(count, text="text {}", label="{}"):
  return [(text.format(index), label.format(index % 2, index=index))
          for index in range(count)]


def test_columns_that_are_right_pass(warnings):
  warn(rows_of(40))
  warn([(text, [label, "z"]) for text, label in rows_of(40)])
  warn([(["1", "2"], ["O", "O"])] * 40)
  assert not warnings


Case = collections.namedtuple("Case", "rows fragments")
MISTAKES = {
    "swapped": Case([(label, text) for text, label in rows_of(40)], [
        "40 different labels in 40 examples",
        "only 2 different texts: text and label look swapped"]),
    "text_as_label": Case([(text, text) for text, _ in rows_of(40)], [
        "40 different labels in 40 examples"]),
    "running_label": Case(rows_of(40, label="{index}"), [
        "40 different labels in 40 examples"]),
    "almost_as_many": Case(rows_of(19, label="{index}") + rows_of(15), [
        "19 different labels in 34 examples"]),
    "label_sets_of_words": Case(
        [(label, text.split() + [text]) for text, label in rows_of(40)], [
            "81 different labels in 40 examples"]),
    "running_text": Case(rows_of(40, text="{}"), [
        "All 40 texts of the training set are running numbers, from '0'"]),
    "few_texts": Case([(label, label) for _, label in rows_of(40)], [
        "The 40 examples of the training set have only 2 different texts"]),
    "header": Case([("text", "label")] + rows_of(40), [
        "train.tsv:1: label 'label' is that of the first row alone"]),
    "dashes": Case(rows_of(40) + [("a", "-"), ("b", "-"), ("c", "None")], [
        "Of 43 labels", "'-' (2), 'None' (1)", "--bad_rows=skip"])}


@pytest.mark.parametrize("name", sorted(MISTAKES))
def test_column_that_looks_wrong_is_warned_of(name, warnings):
  case = MISTAKES[name]
  warn(case.rows)
  assert warnings
  for fragment in case.fragments:
    assert fragment in "\n".join(warnings)


def test_swapped_columns_have_one_label_too_many_only_if_labels_repeat(
    warnings):
  """19 of 38: two examples each."""
  warn(rows_of(19, label="{index}") * 2)
  assert not warnings


def test_small_sets_tell_nothing_of_columns(warnings):
  warn(rows_of(9, label="{index}"))
  assert not warnings
