"""scripts/setup_distributed.sh, with stand-ins for what it runs."""
import os
import shutil
import stat
import subprocess

import pytest

import commands

ROOT = os.path.dirname(commands.SCRIPT)
TOOLS = ("bash", "sh", "env", "grep", "sort", "cksum", "tr", "mkdir", "mv", "rm",
         "tail", "cat", "dirname", "touch")
# Notes what it is asked, and behaves as if pip did it.
PYTHON = """#!/usr/bin/env bash
echo "$*" >>"$(dirname "$0")/../asked"
case "$*" in
  *"import horovod"*) [[ -e $(dirname "$0")/../installed ]] ;;
  *"pip wheel"*)
    while [[ $1 != --wheel-dir ]]; do shift; done
    [[ -z ${FAILS:-} ]] || { echo "no room"; exit 1; }
    mkdir -p "$2" && touch "$2/horovod-0-x.whl" ;;
  *.whl) touch "$(dirname "$0")/../installed" ;;
  *version_info*) echo "3.7 1.15" ;;
esac
"""


@pytest.fixture
def house(tmp_path):
  """A copy of the script beside stand-ins; no compiler is on the path."""
  for name in ("scripts", "tools", "venv/bin"):
    os.makedirs(str(tmp_path / name))
  shutil.copy(os.path.join(ROOT, "scripts", "setup_distributed.sh"),
              str(tmp_path / "scripts"))
  shutil.copy(os.path.join(ROOT, "requirements-distributed.txt"), str(tmp_path))
  write_program(tmp_path / "scripts" / "setup.sh", "#!/usr/bin/env bash\n")
  write_program(tmp_path / "venv" / "bin" / "python", PYTHON)
  for tool in TOOLS:
    os.symlink(shutil.which(tool), str(tmp_path / "tools" / tool))
  return tmp_path


def write_program(path, content):
  path.write_text(content)
  path.chmod(path.stat().st_mode | stat.S_IEXEC)


def run(house, **environment):
  process = subprocess.run(
      ["bash", str(house / "scripts" / "setup_distributed.sh")],
      stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
      env=dict({"PATH": str(house / "tools"), "VENV": str(house / "venv"),
                "WHEELS": str(house / "wheels")}, **environment))
  return process.returncode, process.stdout.decode()


def asked(house):
  return (house / "venv" / "asked").read_text()


def add_compiler(house):
  for name in ("cmake", "g++"):
    write_program(house / "tools" / name, "")


@pytest.mark.parametrize("there, missing", [
    ((), "cmake"), (("cmake",), "g++"), (("g++",), "cmake")])
def test_missing_program_is_named_before_anything_is_installed(house, there,
                                                               missing):
  for name in there:
    write_program(house / "tools" / name, "")
  code, output = run(house)
  assert code == 2
  assert output == (
      "setup_distributed.sh: needs %s to build Horovod; on Debian and Ubuntu "
      "run: apt install cmake g++\n" % missing)
  assert "pip" not in asked(house)


def test_horovod_is_built_once_and_kept_for_other_environments(house):
  add_compiler(house)
  code, output = run(house)
  assert code == 0, output
  assert "Building Horovod" in output and "Set up Horovod" in output
  assert asked(house).count("pip wheel") == 1
  code, output = run(house)
  assert (code, "Nothing to build" in output) == (0, True)
  (house / "venv" / "installed").unlink()  # As another environment.
  code, output = run(house)
  assert code == 0, output
  assert "Building" not in output
  assert asked(house).count("pip wheel") == 1


def test_other_settings_are_another_build(house):
  add_compiler(house)
  run(house)
  (house / "venv" / "installed").unlink()
  code, output = run(house, HOROVOD_GPU_OPERATIONS="NCCL")
  assert code == 0, output
  assert asked(house).count("pip wheel") == 2


def test_failed_build_shows_why_and_leaves_no_wheel(house):
  add_compiler(house)
  code, output = run(house, FAILS="1")
  assert code == 1
  assert "no room" in output and "setup_distributed.log" in output
  assert asked(house).count("pip wheel") == 1
  code, output = run(house)
  assert code == 0, output
