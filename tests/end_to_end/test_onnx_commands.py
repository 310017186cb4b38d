"""ONNX from the command that exports to the one that answers."""
import contextlib
import io
import os
import sys
import tempfile
from unittest import mock

import pytest

import commands
import exported
import run_predictor
import tiny_runs
from bert.common import libraries


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  return exported.of_pairs(tmp_path_factory.mktemp("onnx"), export_onnx=True)


def ask(flags, *arguments):
  """Answers two lines of a pipe -> code, stdout, stderr."""
  with tempfile.TemporaryFile("w+") as lines:
    lines.write("two votes\nthe captain ||| said two\n")
    lines.seek(0)
    with mock.patch.object(sys, "stdin", lines), (
        contextlib.redirect_stdout(io.StringIO())) as out:
      code, log = commands.run(
          ["--export_dir=" + flags["output_dir"]] + list(arguments),
          run_predictor)
  return code, out.getvalue(), log


def test_a_pipe_is_answered_by_any_engine(flags):
  answers = []
  for arguments in ([], ["--engine=onnx"],
                    ["--engine=onnx", "--precision=int8"]):
    code, out, _ = ask(flags, *arguments)
    assert code == 0
    answers.append([line.split("\t") for line in out.split("\n")[:-1]])
  expected, plain, int8 = answers
  assert len(expected) == len(plain) == len(int8) == 2
  for one, other in zip(plain, expected):
    assert one[0] == other[0]
    assert float(one[1]) == pytest.approx(float(other[1]), abs=1e-4)
  assert {label for label, _ in int8} <= {"0", "1"}


def test_an_export_has_its_files(flags):
  folder = os.path.join(exported.folder_of(flags), "onnx")
  assert sorted(os.listdir(folder)) == ["serving_default.float32.onnx",
                                        "serving_default.int8.onnx"]


@pytest.mark.parametrize("arguments, fragments", [
    (["--precision=int8"], ["--precision=int8", "--engine=tensorflow"]),
    (["--engine=onnx", "--precision=bfloat16"],
     ["--precision=bfloat16", "--engine=onnx"]),
    (["--engine=tensorrt"], ["--engine=tensorrt", "tensorflow onnx"])])
def test_mistakes_cost_a_line(flags, arguments, fragments):
  code, out, log = ask(flags, *arguments)
  assert code == 2 and out == ""
  (line,) = log.strip().split("\n")
  for fragment in fragments:
    assert fragment in line


def refused(flags):
  result = commands.run(flags)
  assert result.code == 2
  assert not os.path.exists(flags["output_dir"])
  return result.log


def test_what_onnx_cannot_hold_is_refused_before_training(tmp_path):
  log = refused(tiny_runs.sentences(
      tmp_path, crf=True, do_export=True, export_onnx=True))
  assert "--crf" in log


def test_a_library_that_is_missing_is_named_before_training(tmp_path,
                                                            monkeypatch):
  monkeypatch.setattr(libraries, "is_installed", lambda _: False)
  log = refused(tiny_runs.single_texts(
      tmp_path, do_export=True, export_onnx=True))
  assert "pip install -r requirements-onnx.txt" in log


def test_trials_may_export(tmp_path):
  """What is exported is not read as a dataset; ONNX leaves the log on."""
  flags = tiny_runs.single_texts(tmp_path, num_seeds=2, do_export=True,
                                 export_onnx=True, do_predict=False)
  log = commands.finish(flags)
  commands.assert_in_order(log, ["Exported ", "Exported "])
  for number in (1, 2):
    assert os.path.isdir(os.path.join(flags["output_dir"],
                                      "trial_%d" % number, "export"))
