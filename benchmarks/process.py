"""Runs a command as a process; reads its results."""

import json
import os
import shlex
import string
import subprocess
import sys
import time
from typing import Dict, Optional

from benchmarks import machine


def run_command(command: str, variables: Dict[str, str], folder: str,
                log: str, environment: Optional[Dict[str, str]] = None) -> dict:
  """Runs a command with its $NAMEs filled in.

  Args:
    command: words as a shell splits them.
    variables: value of each $NAME.
    folder: to run in.
    log: path without suffix, for the output in .out and .err.
    environment: variables that are set besides ours.

  Returns:
    The last line of JSON that it printed, if any, with process_seconds from
    its start to its end, process_memory_mib, its peak, and other_cores, how
    many cores worked for others meanwhile; or an error alone.
  """
  words = [string.Template(word).substitute(variables)
           for word in shlex.split(command)]
  with open(log + ".out", "wb") as output, open(log + ".err", "wb") as errors:
    busy, start = machine.busy_seconds(), time.perf_counter()
    process = subprocess.Popen(
        words, cwd=folder, stdout=output, stderr=errors,
        env=dict(os.environ, TF_CPP_MIN_LOG_LEVEL="2", **(environment or {})))
    try:
      # Unlike wait(), this returns the memory of this child alone.
      _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
      process.kill()  # Else it would outlive a driver that is ended.
      raise
    seconds = time.perf_counter() - start
    others = (machine.busy_seconds() - busy - usage.ru_utime -
              usage.ru_stime) / seconds
  process.returncode = status  # It is waited for already.
  if status:
    return {"error": _last_line(log + ".err") or "status %d" % status}
  return dict(_last_json(log + ".out"), process_seconds=round(seconds, 3),
              process_memory_mib=round(_mib(usage.ru_maxrss), 1),
              other_cores=round(max(others, 0.0), 2))


def _mib(max_rss):
  return max_rss / 2**20 if sys.platform == "darwin" else max_rss / 1024


def _last_line(path):
  with open(path, encoding="utf-8", errors="replace") as stream:
    lines = [line.strip() for line in stream if line.strip()]
  return lines[-1][:300] if lines else ""


def _last_json(path):
  with open(path, encoding="utf-8", errors="replace") as stream:
    # The Trainer prints dicts of Python's besides.
    lines = [line for line in stream if line.startswith('{"')]
  return json.loads(lines[-1]) if lines else {}


def read_results(folder: str) -> dict:
  """Returns {"results": metric -> number} of a fine-tuning's folder, or {}.

  Ours writes eval_results.txt, the peer's script results.json.
  """
  own = os.path.join(folder, "eval_results.txt")
  peer = os.path.join(folder, "results.json")
  if os.path.exists(own):
    with open(own, encoding="utf-8") as stream:
      pairs = [line.strip().split(" = ") for line in stream if " = " in line]
    values = {name.replace("eval_", ""): float(text) for name, text in pairs}
  elif os.path.exists(peer):
    with open(peer, encoding="utf-8") as stream:
      values = json.load(stream)
  else:
    return {}
  return {"results": {name: value for name, value in values.items()
                      if name in ("accuracy", "mcc", "f1")}}


def cut_tables(source: str, target: str, num_rows: int) -> None:
  """Copies the first rows of the train.tsv and dev.tsv of all tasks."""
  for task in sorted(os.listdir(source)):
    for name in ("train.tsv", "dev.tsv"):
      path = os.path.join(source, task, name)
      if os.path.isfile(path):
        os.makedirs(os.path.join(target, task), exist_ok=True)
        with open(path, "rb") as reader:
          lines = reader.readlines()[:num_rows + 1]
        with open(os.path.join(target, task, name), "wb") as writer:
          writer.writelines(lines)
