"""Every registered task: its layout, its labels, its mistakes."""
import hashlib
import os
import re

import pytest

import commands
import processors  # pylint: disable=unused-import
import task_cases
import task_cases_more
from mistakes import message_of
from processors import base
from task_files import read_checked
from task_files import readers_of, replace_line, sets_of, write_rows

CASES = dict(task_cases.CASES, **task_cases_more.CASES)
# Tasks whose files have no lines.
OTHERS = {"c3": "test_processors_choices.py"}
# Of the 95 labels in their order, joined by line ends.
BAIDU_SHA256 = (
    "ce93d891efb201d5ee7dbde85a25b134fb0e2d36d1209fe0ae4da70df209c18f")

each_task = pytest.mark.parametrize("task", sorted(CASES))
each_first_task = pytest.mark.parametrize("task", sorted(task_cases.CASES))


def test_every_registered_task_has_a_case():
  assert set(CASES) | set(OTHERS) == set(base.registered())
  folder = os.path.dirname(__file__)
  assert set(OTHERS.values()) <= set(os.listdir(folder))
  assert len(CASES) == len(task_cases.CASES) + len(task_cases_more.CASES)
  assert all(case.mistakes for case in task_cases_more.CASES.values())


@each_task
def test_examples_are_read_from_the_tasks_layout(task, tmp_path):
  case = CASES[task]
  write_rows(tmp_path, case.files)
  actual = sets_of(base.create(task, str(tmp_path)), tmp_path)
  assert actual == {"train": case.train, "dev": case.dev, "test": case.test}


@each_task
def test_labels_are_in_order(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  labels = list(base.create(task, str(tmp_path)).get_labels())
  if CASES[task].labels is None:
    assert len(labels) == 95
    text = "\n".join(labels).encode("utf-8")
    assert hashlib.sha256(text).hexdigest() == BAIDU_SHA256
  else:
    assert labels == CASES[task].labels


@each_first_task
def test_labels_of_a_closed_set_need_no_files(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  assert (base.create(task, "").get_labels() ==
          base.create(task, str(tmp_path)).get_labels())


@each_task
def test_only_benchmarks_want_files_of_predictions(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  wanted = base.create(task, str(tmp_path)).prediction_files([], [])
  assert sorted(wanted) == {"tnews": ["tnews_predict.json"]}.get(task, [])
  assert all(not list(lines) for lines in wanted.values())


@each_first_task
def test_row_with_a_column_too_few_is_refused_by_line(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  name = sorted(each for each in CASES[task].files if "train" in each)[0]
  separator = b"," if name.endswith(".csv") else b"\t"
  path = tmp_path / name
  lines = path.read_bytes().split(b"\n")
  lines[1] = separator.join(lines[1].split(separator)[:1])
  path.write_bytes(b"\n".join(lines))
  processor = base.create(task, str(tmp_path))
  message = message_of(processor.get_train_examples, str(tmp_path))
  assert "%s:2: " % path in message
  assert " 1 columns" in message
  needed = {"cola": 4, "mnli": 10, "mrpc": 5, "sst-2": 2, "qqp": 6, "qnli": 4,
            "rte": 4, "wnli": 4, "xnli": 3, "domainc": 2, "baidu_95": 2}
  assert "needs %d" % needed[task] in message


@each_first_task
def test_unknown_label_is_refused_by_line_with_the_list(task, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  name = sorted(each for each in CASES[task].files if "dev" in each or
                "valid" in each)[0]
  path = tmp_path / name
  lines = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
  case = CASES[task]
  label = case.dev[-1][3]
  label = label[0] if isinstance(label, list) else label
  separator = "," if name.endswith(".csv") else "\t"
  columns = lines[-1].split(separator)
  where = max(i for i, column in enumerate(columns) if column == label)
  columns[where] = "5stars"
  commands.write(path, "\n".join(lines[:-1] + [separator.join(columns)]))
  processor = base.create(task, str(tmp_path))
  message = message_of(processor.get_dev_examples, str(tmp_path))
  assert "%s:%d: " % (path, len(lines)) in message
  assert "'5stars'" in message
  assert all(each in message for each in processor.get_labels())


@pytest.mark.parametrize("task, mistake", [
    pytest.param(task, mistake, id="%s-%d" % (task, index))
    for task, case in sorted(task_cases_more.CASES.items())
    for index, mistake in enumerate(case.mistakes)])
def test_mistake_in_a_line_is_refused_by_line(task, mistake, tmp_path):
  write_rows(tmp_path, CASES[task].files)
  replace_line(tmp_path / mistake.path, mistake.line, mistake.text)
  processor = base.create(task, str(tmp_path))
  (read,) = [read for name, read in readers_of(processor).items()
             if name in re.sub("^val(id)?[.]", "dev.", mistake.path)]
  message = message_of(read_checked, processor, read)
  assert "%s:%d: " % (tmp_path / mistake.path, mistake.line) in message
  for fragment in mistake.fragments:
    assert fragment in message


@each_task
def test_files_that_are_not_there_are_the_users_mistake(task, tmp_path):
  processor = base.create(task, str(tmp_path))
  for read in readers_of(processor).values():
    assert "no such file" in message_of(read, str(tmp_path))
