"""Processors as forks of the reference release have them, by their modules."""
import json
import os
import shutil

import pytest

import commands
import exported
from bert.serving import predictor
from tiny_runs import WORDS

FORKS = os.path.join(os.path.dirname(os.path.dirname(commands.__file__)),
                     "forks")
LABELS = {"csv_reviews": ["0", "1"], "codecs_pairs": ["0", "1"],
          "pandas_table": ["3", "12"], "quoted_tsv": ["bad", "good"],
          "found_labels": ["体育", "财经"]}

# A pair, and labels that the data alone has.
EXPORTED = {"codecs_pairs": ("two votes", "两张票"), "found_labels": "two votes"}


def texts():
  return [" ".join(WORDS[index:index + 3]) for index in range(8)]


def rows_of(task):
  """Name of the files of a task, and their rows as text."""
  first, second = LABELS[task]
  pairs = [(first, second)[index % 2] for index in range(8)]
  if task == "csv_reviews":
    return "%s.csv", "label,text\n" + "".join(
        '%s,"%s, yes"\n' % each for each in zip(pairs, texts()))
  if task == "codecs_pairs":
    return "%s.txt", "".join("%s\t%s\t%s\n" % (text, "两张票", label)
                             for label, text in zip(pairs, texts()))
  if task == "pandas_table":
    return "%s.tsv", "id\ttext\tlabel\n" + "".join(
        "%d\t%s\t%s\n" % (index, text, label)
        for index, (label, text) in enumerate(zip(pairs, texts())))
  if task == "quoted_tsv":
    return "%s.tsv", "".join('"%s\twell"\t%s\n' % (text, label)
                             for label, text in zip(pairs, texts()))
  return "%s.txt", "".join("%s_!_%s\n" % each for each in zip(pairs, texts()))


def make_flags(folder, task):
  name, text = rows_of(task)
  for split in ("train", "dev", "test"):
    commands.write(folder / "data" / (name % split), text)
  # Not in the repository, as a user's is not.
  module = str(folder / (task + ".py"))
  shutil.copy(os.path.join(FORKS, task + ".py"), module)
  return commands.tiny_flags(
      folder, task, processor_module=module, do_train=True, do_eval=True,
      do_predict=True, do_export=task in EXPORTED)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
  """Returns a function: task -> flags of its run, which is complete."""
  runs = {}
  def finish(task):
    if task not in runs:
      runs[task] = make_flags(tmp_path_factory.mktemp(task), task)
      commands.finish(runs[task])
    return runs[task]
  return finish


def test_every_fork_has_its_case():
  assert {name[:-3] for name in os.listdir(FORKS)
          if name.endswith(".py")} == set(LABELS)


@pytest.mark.parametrize("task", sorted(LABELS))
def test_fork_trains_evaluates_and_predicts(finished, task):
  flags = finished(task)
  with open(os.path.join(flags["output_dir"], "task.json"),
            encoding="utf-8") as reader:
    assert json.load(reader)["labels"] == LABELS[task]
  assert {"eval_accuracy", "eval_loss"} <= set(
      commands.results(flags["output_dir"]))
  assert len(commands.probabilities(flags["output_dir"])) == 8
  predicted = [row[1] for row in commands.predictions(flags["output_dir"])]
  assert set(predicted) <= set(LABELS[task])


@pytest.mark.parametrize("task", sorted(EXPORTED))
def test_export_of_a_fork_predicts_its_labels(finished, task):
  model = predictor.Predictor(exported.folder_of(finished(task)))
  (output,) = model.predict([EXPORTED[task]])
  assert output.labels[0] in LABELS[task]


@pytest.mark.parametrize("task", ["pandas_table", "found_labels"])
def test_finished_run_of_a_fork_is_read_out_again(finished, task):
  flags = finished(task)
  before = commands.content(flags["output_dir"], "test_results.tsv")
  commands.finish(dict(flags, do_train=False, do_export=False))
  assert commands.content(flags["output_dir"], "test_results.tsv") == before


def test_mistake_in_a_forks_code_is_shown_before_any_training(tmp_path):
  flags = make_flags(tmp_path, "csv_reviews")
  commands.write(tmp_path / "data" / "train.csv", "label,text\nx,two votes\n")
  result = commands.run(flags)
  assert result.code == 2
  assert "--processor_module=%s: your own code" % (
      flags["processor_module"]) in result.log
  assert "ValueError: invalid literal for int() with base 10: 'x'" in result.log
  assert "label=int(row[0])" in result.log
  assert "bert/" not in result.log.split("your own code")[1]
  assert not os.path.exists(flags["output_dir"])


def test_empty_cell_that_pandas_read_is_refused(tmp_path):
  flags = make_flags(tmp_path, "pandas_table")
  commands.write(tmp_path / "data" / "train.tsv",
                 "id\ttext\tlabel\n1\t\t3\n2\ttwo\t12\n")
  result = commands.run(flags)
  assert result.code == 2
  assert "example 1: text_a is nan, of type float" in result.log
  assert not os.path.exists(flags["output_dir"])


def test_module_that_registers_nothing_is_told_how_to(tmp_path):
  flags = make_flags(tmp_path, "found_labels")
  path = flags["processor_module"]
  text = commands.content(path).replace('@register("found_labels")\n', "")
  commands.write(path, text)
  result = commands.run(flags)
  assert result.code == 2
  assert "--processor_module=%s: it registers no task" % path in result.log
  assert '@register("found_labels") above the class' in result.log
