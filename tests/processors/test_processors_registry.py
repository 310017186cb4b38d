"""How a task goes by its name, and how the user's own joins."""
import inspect
import sys
import textwrap
from unittest import mock

import pytest

import commands
from bert.common import plug_ins
from mistakes import message_of
from processors import base
from task_files import sets_of, write_rows


@pytest.fixture
def own_registry(monkeypatch, tmp_path):
  """Forgets the tasks, modules and import paths of the test; its folder."""
  monkeypatch.setattr(sys, "path", list(sys.path))
  monkeypatch.setattr(sys, "modules", dict(sys.modules))
  monkeypatch.chdir(tmp_path)
  with mock.patch.dict(base._PROCESSORS):  # pylint: disable=protected-access
    yield tmp_path


@pytest.mark.parametrize("name", ["MRPC", "mrpc", "MrPc"])
def test_task_goes_by_its_name_in_any_case(name):
  processor = base.create(name, "folder")
  assert type(processor) is base.registered()["mrpc"]
  assert processor.data_dir == "folder"


@pytest.mark.parametrize("wrong, right", [
    ("mrcp", "mrpc"), ("SST2", "sst-2"), ("baidu95", "baidu_95"),
    ("domain", "domainc")])
def test_wrong_task_suggests_the_right_one(wrong, right):
  message = message_of(base.create, wrong, "")
  assert "--task_name=%s" % wrong in message
  assert "did you mean %s?" % right in message
  assert "--processor_module" in message
  assert all(name in message for name in base.registered())


def test_task_like_no_other_gets_the_list_alone():
  message = message_of(base.create, "zzzzzz", "")
  assert "did you mean" not in message
  assert "mrpc" in message


# What a user of the reference has: four methods, a reader, keyword arguments.
REFERENCE_STYLE = '''
import os

from processors.base import DataProcessor, register
from bert.data.examples import InputExample


@register("Tickets")
class TicketsProcessor(DataProcessor):

  def get_train_examples(self, data_dir):
    return self._make(os.path.join(data_dir, "train.tsv"), "train")

  def get_dev_examples(self, data_dir):
    return self._make(os.path.join(data_dir, "dev.tsv"), "dev")

  def get_test_examples(self, data_dir):
    return self._make(os.path.join(data_dir, "test.tsv"), "test")

  def get_labels(self):
    return ["open", "closed"]

  def _make(self, path, set_type):
    examples = []
    for i, line in enumerate(self._read_tsv(path)):
      if i == 0:
        continue
      label = "open" if set_type == "test" else line[0]
      examples.append(InputExample(guid="%s-%d" % (set_type, i), text_a=line[1],
                                   text_b=line[2], label=label))
    return examples
'''


@pytest.mark.parametrize("by_name", [True, False])
def test_processor_of_the_reference_joins_by_its_module(by_name, own_registry):
  commands.write(own_registry / "my_own_tasks.py", REFERENCE_STYLE)
  plug_ins.load("my_own_tasks" if by_name else
                str(own_registry / "my_own_tasks.py"), "--processor_module")
  header = ["state", "title", "text"]
  write_rows(own_registry, {
      "train.tsv": [header, ["closed", 'say "hi', "x y"]],
      "dev.tsv": [header, ["open", "a", "b"]],
      "test.tsv": [header, ["", "c", "d"]]})
  processor = base.create("tickets", str(own_registry))
  assert processor.head == "classification"
  assert tuple(processor.metrics) == ()
  assert processor.get_labels() == ["open", "closed"]
  assert sets_of(processor, own_registry) == {
      "train": [("train-1", 'say "hi', "x y", "closed")],
      "dev": [("dev-1", "a", "b", "open")],
      "test": [("test-1", "c", "d", "open")]}


def test_reader_of_the_reference_takes_a_quote_character(tmp_path):
  commands.write(tmp_path / "x.tsv", 'a\t"b\tc"\nd\te\n')
  path = str(tmp_path / "x.tsv")
  read = base.DataProcessor._read_tsv  # what subclasses call
  assert read(path) == [["a", '"b', 'c"'], ["d", "e"]]
  assert read(path, quotechar='"') == [["a", "b\tc"], ["d", "e"]]


def test_table_of_the_docstring_works(own_registry):
  shown = inspect.getdoc(base).split("\n\n")
  code = textwrap.dedent("\n\n".join(
      part for part in shown if part.startswith("    ")))
  assert 6 <= len(code.strip().split("\n")) <= 12
  commands.write(
      own_registry / "reviews.py", "from processors.base import register\n"
      "from processors.base import Table, TableProcessor\n\n\n" + code)
  plug_ins.load("reviews.py", "--processor_module")
  write_rows(own_registry, {
      "train.tsv": [["label", "text"], ["good", "a b"], ["bad", "c"]],
      "dev.tsv": [["label", "text"], ["bad", "d"]],
      "test.tsv": [["label", "text"], ["", "e"]]})
  processor = base.create("reviews", str(own_registry))
  assert processor.get_labels() == ["bad", "good"]
  assert sets_of(processor, own_registry) == {
      "train": [("train-1", "a b", None, "good"),
                ("train-2", "c", None, "bad")],
      "dev": [("dev-1", "d", None, "bad")],
      "test": [("test-1", "e", None, None)]}


@pytest.mark.parametrize("name", ["none.py", "none", "no.such.module"])
def test_module_that_is_not_there_is_the_users_mistake(name, own_registry):
  message = message_of(plug_ins.load, name, "--processor_module")
  assert "--processor_module=%s" % name in message


@pytest.mark.parametrize("name", ["broken_tasks.py", "broken_tasks"])
def test_bug_in_a_module_shows_itself(name, own_registry):
  commands.write(own_registry / "broken_tasks.py", "1 / 0\n")
  with pytest.raises(ZeroDivisionError):
    plug_ins.load(name, "--processor_module")


def test_class_that_takes_arguments_is_the_users_mistake(own_registry):
  @base.register("told")
  class Told(base.DataProcessor):

    def __init__(self, labels):
      self.labels = labels

  message = message_of(base.create, "told", str(own_registry))
  assert "--task_name=told: Told" in message and "'labels'" in message
  del Told
