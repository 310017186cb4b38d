"""The steps that several workers share, as the benchmark measures them."""
import json
import os
import subprocess
import sys

import pytest

import commands
import horovod_runs

ROOT = os.path.dirname(commands.SCRIPT)
TINY = ["--layers=1", "--hidden=8", "--heads=2", "--batch=4", "--length=8",
        "--vocab=50", "--warmup=1", "--steps=2"]


@pytest.mark.parametrize("what, num_workers", [
    ("steps", 1),
    pytest.param("steps", 2, marks=horovod_runs.needs_horovod),
    pytest.param("message", 2, marks=horovod_runs.needs_horovod)])
def test_one_line_tells_the_speed_of_all(what, num_workers):
  output = subprocess.check_output(
      [sys.executable, "-m", "benchmarks.workers", "--what=" + what,
       "--workers=%d" % num_workers, "--cores=1"] + TINY, cwd=ROOT,
      stderr=subprocess.DEVNULL).decode()
  (line,) = [json.loads(line) for line in output.split("\n")
             if line.startswith("{")]
  assert len(line["seconds"]) == 2
  assert line["examples_per_second"] > 0
