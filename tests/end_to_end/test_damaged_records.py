"""Record files of the program's own that are cut while a run uses them."""
import os
from unittest import mock

import pytest

import commands
from bert.data import input_fns
from bert.data import records
from tiny_runs import pairs


def cutting(name):
  """Cuts off the end of the record file of a name when it has been written."""
  write = records.write_records

  def write_and_cut(path, serialized):
    count = write(path, serialized)
    if os.path.basename(path) == name:
      with open(path, "r+b") as stream:
        stream.truncate(os.path.getsize(path) - 9)
    return count

  return mock.patch.object(records, "write_records", write_and_cut)


def assert_named(result, path):
  assert result.code == 1, result.log
  assert "Traceback" not in result.log
  (line,) = [line for line in result.log.split("\n") if "failed: " in line]
  assert "%s: the file " % path in line and "cut short" in line
  assert "give the same command again" in line


@pytest.mark.parametrize("name", ["train", "eval", "predict"])
def test_run_classifier_names_the_file(tmp_path, name):
  flags = pairs(tmp_path, num_train_epochs=1)
  with cutting(name + ".tf_record"):
    result = commands.run(flags)
  assert_named(result, os.path.join(flags["output_dir"], name + ".tf_record"))
  assert commands.run(flags).code == 0


def test_large_set_names_the_file(tmp_path, monkeypatch):
  monkeypatch.setattr(input_fns, "SHUFFLE_BUFFER", 3)
  flags = pairs(tmp_path, num_train_epochs=1, do_eval=False, do_predict=False)
  with cutting("train.tf_record"):
    result = commands.run(flags)
  assert_named(result, os.path.join(flags["output_dir"], "train.tf_record"))


def test_set_of_evaluations_on_the_way_is_named(tmp_path):
  flags = pairs(tmp_path, num_train_epochs=1, eval_every=1, do_eval=False,
                do_predict=False)
  with cutting("eval.tf_record"):
    result = commands.run(flags)
  assert_named(result, os.path.join(flags["output_dir"], "eval.tf_record"))
