"""A wrong command line is answered before TensorFlow is imported."""
import os
import subprocess
import sys

import pytest

import commands
import make_flags_doc

ROOT = os.path.dirname(commands.SCRIPT)
FILES = ["%s.py" % name for name in make_flags_doc.COMMANDS] + [
    os.path.join("scripts", "%s.py" % name) for name in make_flags_doc.SCRIPTS]
REQUIRED = ["--%s=x" % name for name in (
    "task_name", "data_dir", "vocab_file", "bert_config_file", "output_dir")]
SLOW = ("tensorflow", "numpy", "sklearn", "tqdm")


def run(file, *arguments):
  """Runs a command -> (code, last line on stderr, packages imported)."""
  process = subprocess.run(
      [sys.executable, "-X", "importtime", os.path.join(ROOT, file)] +
      list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
      universal_newlines=True)
  lines = process.stderr.strip().split("\n")
  imported = {line.split("|")[-1].strip().split(".")[0] for line in lines
              if line.startswith("import time:")}
  others = [line for line in lines if not line.startswith("import time:")]
  return process.returncode, others[-1] if others else "", imported


def assert_fast(imported):
  assert "absl" in imported
  assert not imported & set(SLOW)


@pytest.mark.parametrize("file", FILES)
def test_help_needs_no_tensorflow(file):
  code, line, imported = run(file, "--help")
  assert (code, line) == (0, "")
  assert_fast(imported)


@pytest.mark.parametrize("file", FILES)
def test_unknown_and_missing_flags_need_no_tensorflow(file):
  code, line, imported = run(file, "--no_such_flag=1")
  assert code == 2 and "'no_such_flag'" in line
  assert_fast(imported)
  code, line, imported = run(file)
  assert code == 2 and " is required. See --help." in line
  assert_fast(imported)


@pytest.mark.parametrize("file, arguments, fragment", [
    ("run_classifier.py", REQUIRED, "nothing to do"),
    ("run_classifier.py", REQUIRED + ["--do_train", "--threshold=2"],
     "--threshold=2"),
    ("run_classifier.py", REQUIRED + ["--do_train", "--loss=f1",
                                      "--label_smoothing=0.1"], "--loss=f1"),
    ("run_classifier.py", REQUIRED + ["--do_train", "--num_seeds=2"],
     "--num_seeds=2"),
    ("run_classifier.py", REQUIRED + ["--do_eval", "--eval_every=often"],
     "--eval_every=often"),
    ("run_classifier.py", REQUIRED[:-1] + ["--do_eval", "--output_dir=a*"],
     "--output_dir=a*"),
    ("run_cross_validation.py", REQUIRED + ["--num_folds=1"], "--num_folds=1"),
    ("run_pretraining.py", ["--input_file=x", "--bert_config_file=x",
                            "--output_dir=x"], "nothing to do"),
    ("create_pretraining_data.py", [
        "--input_file=x", "--output_file=x", "--vocab_file=x", "--shards=1"],
     "--shards=1"),
    ("extract_features.py", [
        "--input_file=x", "--output_file=x", "--vocab_file=x",
        "--bert_config_file=x", "--init_checkpoint=x", "--use_tpu"],
     "--use_tpu"),
    ("run_predictor.py", ["--export_dir=x", "--http=port"], "--http=port")])
def test_values_and_rules_need_no_tensorflow(file, arguments, fragment):
  code, line, imported = run(file, *arguments)
  assert code == 2
  assert line.startswith(file + ": error: ") and fragment in line
  assert_fast(imported)
