"""Recipes, and the scripts that fine-tune with them."""
import glob
import os
import shutil
import subprocess
from unittest import mock

from absl import flags as absl_flags
import pytest

import commands
from bert.training import run
from processors import base

ROOT = os.path.dirname(commands.SCRIPT)
RECIPES = sorted(glob.glob(os.path.join(ROOT, "recipes", "*.flags")))
# In place of an environment's Python: writes down what it is called with.
PYTHON = """#!/usr/bin/env bash
printf '%s\\n' "$@" END >>"$CALLS"
"""

PAIRS = {"max_seq_length": "128", "train_batch_size": "32",
         "learning_rate": "2e-5", "num_train_epochs": "3"}
SQUAD = {"max_seq_length": "384", "doc_stride": "128", "train_batch_size": "12",
         "learning_rate": "3e-5", "num_train_epochs": "2"}
# Script -> task and settings, as version 1.1 had them in it.
SCRIPTS = {
    "afqmc": ("afqmc", PAIRS), "bq": ("bq", PAIRS), "cola": ("cola", PAIRS),
    "lcqmc": ("lcqmc", PAIRS), "mnli": ("mnli", PAIRS), "mrpc": ("mrpc", PAIRS),
    "stsb": ("sts-b", PAIRS), "tnews": ("tnews", PAIRS),
    "baidu_95": ("baidu_95", dict(PAIRS, learning_rate="5e-5")),
    "domainc": ("domainc", dict(PAIRS, learning_rate="5e-5")),
    "conll": ("conll", dict(PAIRS, learning_rate="5e-5",
                            do_lower_case="false")),
    "xnli": ("xnli", dict(PAIRS, learning_rate="5e-5", num_train_epochs="2")),
    "chnsenticorp": ("chnsenticorp", dict(PAIRS, max_seq_length="256")),
    "swag": ("swag", dict(PAIRS, max_seq_length="80", train_batch_size="16")),
    "go_emotions": ("go_emotions", dict(
        PAIRS, max_seq_length="64", learning_rate="5e-5",
        num_train_epochs="4")),
    "weibo_ner": ("weibo_ner", dict(
        PAIRS, train_batch_size="16", learning_rate="5e-5",
        num_train_epochs="10")),
    "stsb_siamese": ("sts-b", dict(
        PAIRS, pair_encoding="siamese", train_batch_size="16",
        num_train_epochs="4"))}


def name_of(path):
  return os.path.basename(path)[:-len(".flags")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
  """A folder with the scripts and recipes, but nothing to set up or to run."""
  folder = tmp_path_factory.mktemp("checkout")
  (folder / "scripts").mkdir()
  for path in glob.glob(os.path.join(ROOT, "scripts", "finetune*.sh")):
    shutil.copy(path, str(folder / "scripts"))
  shutil.copytree(os.path.join(ROOT, "recipes"), str(folder / "recipes"))
  write_program(folder / "scripts" / "setup.sh", "#!/usr/bin/env bash\n")
  (folder / "venv" / "bin").mkdir(parents=True)
  write_program(folder / "venv" / "bin" / "python", PYTHON)
  return folder


def write_program(path, content):
  path.write_text(content)
  path.chmod(0o755)


def start(checkout, script, *arguments, **variables):
  """Runs a script -> exit code, stderr, the command lines that it ran."""
  calls = checkout / "calls"
  calls.write_text("")
  process = subprocess.run(
      [str(checkout / "scripts" / script)] + list(arguments),
      env=dict({"PATH": os.environ["PATH"], "CALLS": str(calls),
                "VENV": str(checkout / "venv"), "BERT_BASE_DIR": "bert",
                "DATA_DIR": "data"}, **variables),
      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
  lines = [each.split("\n")[:-1]
           for each in calls.read_text().split("END\n")[:-1]]
  return process.returncode, process.stderr.decode(), lines


def read_flags(arguments):
  """Arguments -> the last value of each flag, those of a --flagfile too."""
  assert all(each.startswith("--") for each in arguments)
  flags = [each[2:].split("=", 1) for each in
           absl_flags.FlagValues().read_flags_from_files(arguments)]
  return {each[0]: each[1] if len(each) == 2 else "true" for each in flags}


def expected_flags(checkout, output, actions, **settings):
  """The flags of a task, with those that all scripts give."""
  return dict({each: "true" for each in actions}, **settings, **{
      "vocab_file": "bert/vocab.txt",
      "bert_config_file": "bert/bert_config.json",
      "output_dir": str(checkout / "output" / output)})


ACTIONS = ("do_train", "do_eval", "do_predict")
INIT = {"init_checkpoint": "bert/bert_model.ckpt"}


@pytest.mark.parametrize("script", sorted(SCRIPTS))
def test_script_has_the_command_line_that_it_had(script, checkout):
  task, settings = SCRIPTS[script]
  code, log, (line,) = start(checkout, "finetune_%s.sh" % script,
                             "--num_train_epochs=7", "--random_seed=1")
  assert (code, log) == (0, "")
  assert line[0] == str(checkout / "run_classifier.py")
  output = task if script == "stsb" else script
  assert read_flags(line[1:]) == expected_flags(
      checkout, output, ACTIONS, task_name=task, data_dir="data", **INIT,
      **dict(settings, num_train_epochs="7", random_seed="1"))


@pytest.mark.parametrize("script, files, settings", [
    ("squad", ("train-v1.1.json", "dev-v1.1.json"), SQUAD),
    ("squad2", ("train-v2.0.json", "dev-v2.0.json"),
     dict(SQUAD, version_2_with_negative="true")),
    ("cmrc", ("cmrc2018_train.json", "cmrc2018_dev.json"), dict(
        SQUAD, context_tokens="character", mask_outside_context="true",
        max_seq_length="512", train_batch_size="32"))])
def test_script_of_question_answering_has_its_command_line(
    script, files, settings, checkout):
  code, log, (line,) = start(checkout, "finetune_%s.sh" % script)
  assert (code, log) == (0, "")
  assert line[0] == str(checkout / "run_squad.py")
  train, dev = ("data/" + name for name in files)
  assert read_flags(line[1:]) == expected_flags(
      checkout, script, ACTIONS, train_file=train, eval_file=dev,
      predict_file=dev, **INIT, **settings)


def test_script_of_two_stages_has_its_command_lines(checkout):
  code, log, lines = start(checkout, "finetune_boyu.sh", "--num_folds=3")
  assert (code, log) == (0, "")
  assert [line[0] for line in lines] == [
      str(checkout / "run_cross_validation.py")] * 2
  settings = {"task_name": "boyu", "data_dir": "data", "num_folds": "3",
              "eval_every": "epoch", "max_seq_length": "64",
              "train_batch_size": "16", "num_train_epochs": "3"}
  assert read_flags(lines[0][1:]) == expected_flags(
      checkout, "boyu/stage_1", ["do_predict"], learning_rate="1e-5",
      **INIT, **settings)
  assert read_flags(lines[1][1:]) == expected_flags(
      checkout, "boyu/stage_2", ["do_predict"], learning_rate="1e-7",
      trainable="head", loss="f1",
      init_folds=str(checkout / "output" / "boyu" / "stage_1"), **settings)


def test_every_script_of_a_task_is_tested():
  scripts = {os.path.basename(path)[len("finetune_"):-len(".sh")] for path in
             glob.glob(os.path.join(ROOT, "scripts", "finetune_*.sh"))}
  assert scripts == set(SCRIPTS) | {"squad", "squad2", "cmrc", "boyu"}


@pytest.mark.parametrize("name", ["sts-b", "stsb", "STS-B"])
def test_recipe_is_found_by_each_name_of_its_task(name, checkout):
  code, _, (line,) = start(checkout, "finetune.sh", name)
  flags = read_flags(line[1:])
  assert (code, flags["task_name"]) == (0, "sts-b")
  assert flags["output_dir"] == str(checkout / "output" / name)


def test_output_dir_can_be_chosen(checkout):
  _, _, (line,) = start(checkout, "finetune_stsb_siamese.sh", OUTPUT_DIR="here")
  assert read_flags(line[1:])["output_dir"] == "here"


def test_task_of_the_users_own_needs_no_recipe(checkout):
  code, _, (line,) = start(checkout, "finetune.sh", "tickets",
                           "--processor_module=tickets.py")
  flags = read_flags(line[1:])
  assert (code, flags["task_name"]) == (0, "tickets")
  assert flags["processor_module"] == "tickets.py"


@pytest.mark.parametrize("arguments, fragments", [
    ([], ["first argument must be a task"]),
    (["--num_train_epochs=2"], ["first argument must be a task"]),
    (["mprc"], ['no recipe for "mprc" (did you mean mnli or mrpc?)']),
    (["*"], ['no recipe for "*"; ']),
    (["squad2"], ["scripts/finetune_squad2.sh"])])
def test_mistake_in_the_task_lists_all(arguments, fragments, checkout):
  code, log, calls = start(checkout, "finetune.sh", *arguments)
  assert (code, calls, log.count("\n")) == (2, [], 1)
  assert log.startswith("finetune.sh: error: ")
  for fragment in fragments:
    assert fragment in log
  assert log.rstrip("\n").split("; tasks: ")[1].split() == [
      name_of(path) for path in RECIPES]


def test_every_task_has_a_recipe():
  assert {task.replace("-", "") for task in base.registered()} <= {
      name_of(path) for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=name_of)
def test_recipe_passes_the_checks_of_flags(path, tmp_path):
  with mock.patch.object(run, "run") as trained:
    result = commands.run([
        "--flagfile=" + path, "--data_dir=data", "--vocab_file=vocab.txt",
        "--bert_config_file=bert_config.json", "--output_dir=%s" % tmp_path,
        "--init_checkpoint=bert_model.ckpt", "--do_train", "--do_eval",
        "--do_predict"])
  assert result.code == 0, result.log
  flags = trained.call_args[0][0]
  assert flags.data.task_name in base.registered()
