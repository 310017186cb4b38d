"""The machine of a measurement; run by an interpreter, prints its versions."""

import json
import os
import platform
import subprocess
from typing import Dict

# Those of the many flags of a CPU that decide how fast bfloat16 is.
CPU_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "amx_tile")
PACKAGES = ("tensorflow", "tensorflow-gpu", "torch", "transformers",
            "tokenizers", "accelerate", "numpy", "scikit-learn")


def describe() -> str:
  """Returns the machine in a line: CPU, cores, flags, memory."""
  names, flags, kib = "", "", 0
  if os.path.exists("/proc/cpuinfo"):
    with open("/proc/cpuinfo", encoding="utf-8") as stream:
      cpu = dict(_pairs(stream))
    with open("/proc/meminfo", encoding="utf-8") as stream:
      kib = int(dict(_pairs(stream))["MemTotal"].split()[0])
    names, flags = cpu.get("model name", ""), cpu.get("flags", "")
  found = [flag for flag in CPU_FLAGS if flag in flags.split()]
  return "%s, %d cores, %s, %.1f GiB" % (
      names or platform.processor() or platform.machine(), os.cpu_count() or 1,
      " ".join(found) or "none of " + " ".join(CPU_FLAGS), kib / 2**20)


def _pairs(lines):
  for line in lines:
    name, _, value = line.partition(":")
    yield name.strip(), value.strip()


def busy_seconds() -> float:
  """Returns how long all cores together have worked for anybody; 0: unknown."""
  if not os.path.exists("/proc/stat"):
    return 0.0
  with open("/proc/stat", encoding="utf-8") as stream:
    ticks = [int(number) for number in stream.readline().split()[1:]]
  # user nice system IDLE IOWAIT irq softirq steal
  return (sum(ticks[:3]) + sum(ticks[5:8])) / os.sysconf("SC_CLK_TCK")


def revision(folder: str) -> str:
  """Returns the commit of a folder, + where files differ from it."""
  try:
    name = _output(["git", "rev-parse", "--short", "HEAD"], folder)
    changes = _output(["git", "status", "--porcelain"], folder)
  except (OSError, subprocess.CalledProcessError):
    return "unknown"
  return name + ("+" if changes else "")


def _output(command, folder):
  return subprocess.run(
      command, cwd=folder, check=True, stdout=subprocess.PIPE,
      stderr=subprocess.DEVNULL, universal_newlines=True).stdout.strip()


def versions_of(python: str, folder: str) -> str:
  """Returns what an interpreter has installed, in a line.

  Args:
    python: the interpreter.
    folder: the project's.
  """
  found = json.loads(_output([python, "-m", "benchmarks.machine"], folder))
  return ", ".join("%s %s" % pair for pair in sorted(found.items()))


def versions() -> Dict[str, str]:
  """Returns name -> version of this interpreter and its PACKAGES."""
  try:
    from importlib import metadata  # pylint: disable=import-outside-toplevel
    installed = {each.metadata["Name"].lower(): each.version
                 for each in metadata.distributions()}
  except ImportError:  # Python 3.7
    import pkg_resources  # pylint: disable=import-outside-toplevel
    installed = {each.key: each.version for each in pkg_resources.working_set}
  found = {name: installed[name] for name in PACKAGES if name in installed}
  return dict(found, Python=platform.python_version())


if __name__ == "__main__":
  print(json.dumps(versions()))
