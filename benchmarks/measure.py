"""Code shared by all measured programs: flags, timing, the line of JSON.

Needs only the standard library, as the programs have no other in common.
"""

import argparse
import itertools
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
      ("steps", 10, "measured steps; of --lengths, all batches are measured")):
    parser.add_argument("--" + name, type=int, default=value, help=text)
  parser.add_argument("--lengths", help="file of benchmarks.make_lengths, "
                                        "instead of --length")
  parser.add_argument("--by_length", action="store_true",
                      help="texts of similar lengths share a batch")
  return parser


def read_batches(args: argparse.Namespace) -> List[List[int]]:
  """Returns the batches of all steps: the number of tokens of each text."""
  if not args.lengths:
    return [[args.length] * args.batch]
  with open(args.lengths, encoding="utf-8") as stream:
    lengths = json.load(stream)
  if args.by_length:
    lengths.sort()
  return [lengths[start:start + args.batch]
          for start in range(0, len(lengths), args.batch)]


def time_steps(step: Callable[[object], object], batches: list,
               args: argparse.Namespace) -> List[float]:
  """Returns the seconds of each measured step.

  Args:
    step: is given a batch.
    batches: what the steps work on, in turn.
    args: of shape_parser.
  """
  for batch in itertools.islice(itertools.cycle(batches), args.warmup):
    step(batch)
  seconds = []
  num_steps = len(batches) if args.lengths else args.steps
  for batch in itertools.islice(itertools.cycle(batches), num_steps):
    start = time.perf_counter()
    step(batch)
    seconds.append(time.perf_counter() - start)
  return seconds


def peak_memory() -> float:
  """Returns the most MiB that this process has had in memory."""
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def print_line(num_examples: int, seconds: List[float], **more) -> None:
  """Prints what was measured, for the driver: a line of JSON.

  Args:
    num_examples: of each measured step.
    seconds: of each step; the line's speed is that of their median.
    **more: numbers that the line has besides.
  """
  _print(num_examples / statistics.median(seconds), seconds, more)


def print_steps(batches: List[List[int]], seconds: List[float],
                **more) -> None:
  """Prints the same of the steps of batches.

  Where those have several shapes, each was measured once, and the speed is that
  of all of them.
  """
  if len(batches) == 1:
    print_line(len(batches[0]), seconds, **more)
  else:
    _print(sum(map(len, batches)) / sum(seconds), seconds, more)


def _print(speed, seconds, more):
  print(json.dumps(dict(
      examples_per_second=speed,
      seconds=[round(value, 6) for value in seconds],
      peak_memory_mib=round(peak_memory(), 1), **more)), flush=True)


def records_parser(about: str) -> argparse.ArgumentParser:
  """Returns the flags of programs that turn a training set into ids."""
  parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
  for name in ("task", "data_dir", "vocab_file"):
    parser.add_argument("--" + name, required=True)
  parser.add_argument("--length", type=int, default=128)
  return parser
