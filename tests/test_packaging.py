"""The wheel: what it holds and asks for, and its commands without a checkout."""
import glob
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

import commands
from bert.common import versions

ROOT = os.path.dirname(commands.SCRIPT)
EXTRAS = ("plots", "serving", "pretraining", "interchange", "distributed",
          "search", "storage", "onnx", "docs")
COMMANDS = (
    "bert-classifier", "bert-squad", "bert-pretraining",
    "bert-pretraining-data", "bert-features", "bert-predictor",
    "bert-cross-validation", "bert-search", "bert-convert")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
  """The path of a wheel of the project."""
  folder = tmp_path_factory.mktemp("wheel")
  source = folder / "source"  # As building leaves files behind.
  source.mkdir()
  for name in os.listdir(ROOT):
    path = os.path.join(ROOT, name)
    if name in ("bert", "processors", "scripts"):
      shutil.copytree(path, str(source / name))
    elif os.path.isfile(path) and not name.startswith("."):
      shutil.copy(path, str(source))
  process = subprocess.run(
      [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index",
       "--no-build-isolation", "--wheel-dir", str(folder), str(source)],
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
  assert process.returncode == 0, process.stdout.decode()
  (path,) = glob.glob(str(folder / "*.whl"))
  return path


def metadata(wheel):
  with zipfile.ZipFile(wheel) as archive:
    (name,) = [each for each in archive.namelist()
               if each.endswith(".dist-info/METADATA")]
    return archive.read(name).decode("utf-8")


def normal(requirement):
  """A requirement without what only looks different."""
  return re.sub(r"[\s()\"']", "", requirement).replace("_", "-").lower()


def required(name):
  """The lines of a requirements file."""
  with open(os.path.join(ROOT, name)) as reader:
    return {normal(line) for line in reader
            if line.strip() and not line.startswith(("#", "-r"))}


def test_requirements_are_those_of_the_files(wheel):
  found = {extra: set() for extra in EXTRAS + (None,)}
  for line in re.findall(r"^Requires-Dist: (.*)$", metadata(wheel), re.M):
    requirement, _, marker = line.partition(";")
    extra = re.search(r"extra == ['\"](\w+)['\"]", marker)
    marker = re.sub(r"\s*(and\s+)?extra == ['\"]\w+['\"]", "", marker)
    marker = marker.strip().strip("()")
    found[extra and extra.group(1)].add(normal(
        requirement + (";" + marker if marker else "")))
  assert found.pop(None) == required("requirements.txt")
  for extra, lines in found.items():
    assert lines == required("requirements-%s.txt" % extra), extra


def test_every_file_of_requirements_is_an_extra():
  files = {os.path.basename(path) for path in glob.glob(
      os.path.join(ROOT, "requirements-*.txt"))}
  assert files == {"requirements-%s.txt" % extra for extra in EXTRAS} | {
      "requirements-dev.txt"}


def test_wheel_is_whole(wheel):
  with zipfile.ZipFile(wheel) as archive:
    names = set(archive.namelist())
  for pattern in ("*.py", "bert/**/*.py", "bert/**/*.html", "processors/*.py"):
    for path in glob.glob(os.path.join(ROOT, pattern), recursive=True):
      assert os.path.relpath(path, ROOT).replace(os.sep, "/") in names
  assert "Version: %s\n" % versions.VERSION in metadata(wheel)
  assert "Requires-Python: " in metadata(wheel)
  # Nothing else is put beside other people's packages.
  assert {name.split("/")[0] for name in names if "/" in name and
          ".dist-info" not in name} == {"bert", "bert_scripts", "processors"}


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
  """The folder of an environment's programs, with the wheel in it. It borrows
  the libraries, as they were installed from the same files."""
  folder = str(tmp_path_factory.mktemp("environment"))
  subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder],
                 check=True)
  subprocess.run([sys.executable, "-m", "pip", "--python", folder, "install",
                  "--quiet", "--no-deps", "--no-index", wheel], check=True)
  (packages,) = glob.glob(os.path.join(folder, "lib", "python*",
                                       "site-packages"))
  with open(os.path.join(packages, "libraries.pth"), "w") as writer:
    writer.write(sysconfig.get_paths()["purelib"] + "\n")
  return os.path.join(folder, "bin")


def run(installed, name, flags, folder):
  process = subprocess.run(
      [os.path.join(installed, name)] + flags, stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT, cwd=str(folder),
      env=commands.environment({"PYTHONPATH": ""}))
  return commands.Result(process.returncode, process.stdout.decode("utf-8"))


@pytest.mark.parametrize("name", COMMANDS)
def test_command_tells_its_flags(name, installed, tmp_path):
  result = run(installed, name, ["--help"], tmp_path)
  assert result.code == 0 and "Usage: python " in result.log
  assert run(installed, name, ["--no_such_flag"], tmp_path).code == 2


def test_quick_start_runs_without_a_checkout(installed, tmp_path):
  samples = os.path.join(ROOT, "samples")
  out = str(tmp_path / "out")
  result = run(installed, "bert-classifier", [
      "--task_name=domainc", "--data_dir=" + os.path.join(samples, "domainc"),
      "--vocab_file=" + os.path.join(samples, "vocab.txt"),
      "--bert_config_file=" + os.path.join(samples, "bert_config.json"),
      "--output_dir=" + out, "--do_train", "--do_eval", "--do_predict",
      "--max_seq_length=64", "--train_batch_size=16", "--num_train_epochs=1",
      "--learning_rate=2e-4", "--random_seed=1"], tmp_path)
  assert result.code == 0, result.log
  assert commands.results(out)["global_step"] == 30
  assert len(commands.lines(out, "test_results.tsv")) > 10


def test_version_names_all_that_is_at_work(installed, tmp_path):
  result = run(installed, "bert-classifier", ["--version"], tmp_path)
  assert result.code == 0, result.log
  lines = result.log.strip().split("\n")[-5:]
  assert lines[0] == "BERT Estimator " + versions.VERSION
  assert [line.split()[0] for line in lines[1:]] == [
      "TensorFlow", "NumPy", "Python", "Devices:"]
  assert lines[3] == "Python %d.%d.%d" % sys.version_info[:3]
  assert "cpu" in lines[4].lower()
