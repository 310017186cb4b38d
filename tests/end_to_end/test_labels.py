"""Labels of all sorts, from the files to the scores."""
import json
import os
import re

import numpy as np
import pytest

import commands
from bad_input import Job, assert_refused, task

pytestmark = pytest.mark.usefixtures("plain_graphs")

TAGS = {"BMES": "B-X M-X E-X S-X O", "BIO": "B-X I-X I-X B-X O"}
WORDS = "the captain said two votes".split()


def sentence(scheme):
  return "".join("%s %s\n" % pair
                 for pair in zip(WORDS, TAGS[scheme].split())) + "\n"


def conll_flags(folder, scheme, **changes):
  for name in ("train.txt", "dev.txt", "test.txt"):
    commands.write(folder / "data" / name, 4 * sentence(scheme))
  return commands.tiny_flags(
      folder, "conll", do_train=True, do_eval=True, do_predict=True,
      num_train_epochs=30, learning_rate=3e-2, num_workers=1, **changes)


@pytest.mark.parametrize("scheme", ["BIO", "BMES"])
def test_entities_are_scored_in_the_scheme_of_the_labels(scheme, tmp_path):
  log = commands.finish(conll_flags(tmp_path, scheme))
  results = commands.results(tmp_path / "out")
  assert results["eval_f1"] == results["eval_token_accuracy"] == 1
  # Both entities of each of the four sentences.
  (row,) = [line.split() for line in
            commands.lines(tmp_path / "out", "eval_report.txt")
            if line.startswith("X ")]
  assert row == ["X", "1.0000", "1.0000", "1.0000", "8"]
  assert "  test_f1 = 1.0" in log
  columns = [line.split(" ") for line in
             commands.lines(tmp_path / "out", "test_predictions.txt")]
  assert columns[:5] == [[word, tag, tag] for word, tag in
                         zip(WORDS, TAGS[scheme].split())]


def test_other_prefix_of_a_label_list_is_refused_before_training(tmp_path):
  job = Job(tmp_path)
  task("conll", {"labels.txt": "O\nB-X\nQ-X\n", "train.txt": sentence("BIO"),
                 "dev.txt": sentence("BIO"), "test.txt": sentence("BIO")})(job)
  assert_refused(job, ["labels.txt:3: ", "'Q-X'"])


def test_other_prefix_of_table_json_is_refused_before_training(tmp_path):
  job = Job(tmp_path)
  task("table", {
      "table.json": '{"format": "conll", "labels": ["O", "B-X", "Q-X"]}',
      "train.conll": sentence("BIO"), "dev.conll": sentence("BIO"),
      "test.conll": sentence("BIO")})(job)
  assert_refused(job, ["table.json", "'Q-X'"])


def test_words_with_blanks_make_columns_with_tabs(tmp_path):
  flags = conll_flags(tmp_path, "BIO", max_seq_length=24)
  for name in ("train.txt", "dev.txt", "test.txt"):
    commands.write(tmp_path / "data" / name,
                   3 * "the captain\tB-X\nsaid\tO\n\n")
  commands.finish(dict(flags, num_train_epochs=2))
  columns = [line.split("\t") for line in
             commands.lines(tmp_path / "out", "test_predictions.txt")]
  assert [row[:2] for row in columns if row != [""]] == 3 * [
      ["the captain", "B-X"], ["said", "O"]]


def pair_flags(folder, labels):
  rows = [("t", "u", "label")]
  rows += [("the dough", "two votes", label) for label in labels]
  for name in ("train.tsv", "dev.tsv", "test.tsv"):
    commands.write_table(folder / "data" / name, rows)
  commands.write(folder / "data" / "table.json",
                 '{"format": "tsv", "text_a": "t", "text_b": "u", '
                 '"label": "label"}')
  return commands.tiny_flags(folder, "table", do_train=True, do_predict=True,
                             num_workers=1)


def test_scores_of_a_labelled_test_set_are_logged(tmp_path):
  log = commands.finish(pair_flags(tmp_path, ["yes", "yes", "yes", "no"]))
  predicted = [row[1] for row in commands.predictions(tmp_path / "out")]
  (accuracy,) = re.findall("  test_accuracy = (.*)", log)
  labels = ["yes", "yes", "yes", "no"]
  assert float(accuracy) == np.mean(
      np.array(predicted) == np.array(labels))


def test_labels_that_are_all_the_same_are_no_labels_to_score(tmp_path):
  flags = pair_flags(tmp_path, ["yes", "yes", "yes", "no"])
  text = commands.content(tmp_path, "data", "test.tsv").replace("no\n", "yes\n")
  commands.write(os.path.join(flags["data_dir"], "test.tsv"), text)
  assert "test_accuracy" not in commands.finish(flags)


def test_training_set_of_one_label_is_warned_of(tmp_path):
  flags = dict(pair_flags(tmp_path, ["yes", "yes", "yes", "yes"]),
               do_predict=False)
  log = commands.finish(flags)
  assert "All 4 examples of the training set have the same label 'yes'" in log


def test_row_of_separators_has_its_line_of_results(tmp_path):
  flags = pair_flags(tmp_path, ["yes", "no", "yes", "no"])
  commands.write(os.path.join(flags["data_dir"], "test.tsv"),
                 "t\tu\tlabel\na\tb\tyes\n\t\t\nc\td\tno\n\n")
  log = commands.finish(flags)
  assert len(commands.lines(tmp_path / "out", "test_results.tsv")) == 3
  assert "test.tsv: 1 blank lines skipped, the first at line 5" in log


def table_flags(folder, rows, said, **changes):
  """A task of a table of its own, with the same rows in each set."""
  for name in ("train.tsv", "dev.tsv", "test.tsv"):
    commands.write_table(folder / "data" / name, rows)
  commands.write(folder / "data" / "table.json",
                 json.dumps(dict(said, format="tsv", header=False)))
  return commands.tiny_flags(folder, "table", **dict(dict(
      do_train=True, do_eval=True, do_predict=True, num_workers=1), **changes))


def test_swapped_columns_are_warned_of_before_the_first_step(tmp_path):
  rows = [("the vote %d" % index, "ab"[index % 2]) for index in range(40)]
  log = commands.finish(table_flags(tmp_path, rows,
                                    {"text_a": 1, "label": 0}, do_eval=False,
                                    do_predict=False))
  commands.assert_in_order(log, [
      "The training set has 40 different labels in 40 examples",
      "only 2 different texts: text and label look swapped",
      "***** Running training *****"])


def test_label_that_stands_for_none_is_named_with_its_count(tmp_path):
  rows = [("the vote %d" % index, "ab-"[index % 3]) for index in range(12)]
  flags = table_flags(tmp_path, rows, {"text_a": 0, "label": 1},
                      do_eval=False, do_predict=False)
  assert "and are learnt like the others: '-' (4); to leave" in (
      commands.finish(flags))
  # The way out that the line names.
  commands.write(tmp_path / "data" / "labels.txt", "a\nb\n")
  log = commands.finish(dict(flags, bad_rows="skip",
                             output_dir=str(tmp_path / "other")))
  assert "4 rows skipped" in log and "'-' (" not in log


def test_ids_that_repeat_are_named_and_each_row_has_its_line(tmp_path):
  rows = [("the vote %d" % (index % 3), "ab"[index % 2], "x%d" % (index // 2))
          for index in range(6)]
  log = commands.finish(table_flags(
      tmp_path, rows, {"text_a": 0, "label": 1, "guid": 2}))
  for which, name in (("Training", "train"), ("Dev", "dev"), ("Test", "test")):
    path = str(tmp_path / "data" / (name + ".tsv"))
    assert ("%s set: 3 ids are those of several examples, of 6 together: "
            "'%s-x0' (%s:1, %s:2)" % (which, name, path, path)) in log
  assert [row[0] for row in commands.predictions(tmp_path / "out")] == [
      "test-x0", "test-x0", "test-x1", "test-x1", "test-x2", "test-x2"]


def test_id_of_two_questions_of_a_table_is_refused(tmp_path):
  rows = [("who", "the vote passed", "vote", "x"),
          ("what", "the captain said", "captain", "x")]
  flags = table_flags(tmp_path, rows, {
      "head": "span", "text_a": 0, "text_b": 1, "label": 2, "guid": 3})
  result = commands.run(flags)
  assert result.code == 2, result.log
  path = str(tmp_path / "data" / "dev.tsv")
  assert "Dev set: %s:1 and %s:2 have the same id 'dev-x'" % (path, path) in (
      result.log)
  assert not os.path.exists(flags["output_dir"])


def test_pairs_are_warned_of_where_the_model_has_one_segment(tmp_path):
  flags = dict(pair_flags(tmp_path, ["yes", "no"] * 2), do_predict=False)
  commands.write_config(tmp_path, type_vocab_size=1)
  assert ("Training set: 4 examples have a second text, and the model knows "
          "one segment" in commands.finish(flags))
