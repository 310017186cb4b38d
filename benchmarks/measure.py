"""What every measured process shares: its shape, its clock, its line.

Needs the standard library alone, as the processes have no other in common.
"""

import argparse
import json
import resource
import statistics
import time
from typing import Callable, List


def shape_parser(about: str) -> argparse.ArgumentParser:
  """Returns a parser of what to run steps of, equal for all programs."""
  parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
  parser.add_argument("--mode", choices=("train", "predict"), default="train")
  parser.add_argument("--precision", choices=("float32", "bfloat16"),
                      default="float32")
  for name, value, text in (
      ("layers", 6, "encoder layers"), ("hidden", 384, "width of a layer"),
      ("heads", 12, "attention heads"), ("vocab", 30522, "word pieces"),
      ("batch", 32, "examples a step"), ("length", 128, "tokens, all real"),
      ("warmup", 3, "steps before the clock runs"),
      ("steps", 10, "measured steps")):
    parser.add_argument("--" + name, type=int, default=value, help=text)
  return parser


def time_steps(step: Callable[[], object], num_warmup: int,
               num_steps: int) -> List[float]:
  """Returns the seconds of each measured step."""
  for _ in range(num_warmup):
    step()
  seconds = []
  for _ in range(num_steps):
    start = time.perf_counter()
    step()
    seconds.append(time.perf_counter() - start)
  return seconds


def peak_memory() -> float:
  """Returns the most MiB that this process has had in memory."""
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def print_line(num_examples: int, seconds: List[float]) -> None:
  """Prints what was measured, for the driver: a line of JSON.

  Args:
    num_examples: of each measured step.
    seconds: of each step; the line's speed is that of their median.
  """
  median = statistics.median(seconds)
  print(json.dumps({
      "examples_per_second": num_examples / median,
      "seconds": [round(value, 6) for value in seconds],
      "peak_memory_mib": round(peak_memory(), 1)}), flush=True)


def records_parser(about: str) -> argparse.ArgumentParser:
  """Returns the flags of programs that turn a training set into ids."""
  parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
  for name in ("task", "data_dir", "vocab_file"):
    parser.add_argument("--" + name, required=True)
  parser.add_argument("--length", type=int, default=128)
  return parser
