"""Times training steps with dropout drawn by seed and step, and with TensorFlow's
unseeded dropout.

One process runs both kinds in turns and prints the time of the first over that of
the second, by the clock and in processor time:

    python -m benchmarks.seeded_dropout --rounds=30

Other flags are those of steps_ours.
"""

import argparse
import json
import statistics
import sys
import time
from typing import Callable, Dict, List, Sequence

import tensorflow.compat.v1 as tf

from benchmarks import measure
from benchmarks import steps_ours


def main(argv: Sequence[str]) -> None:
  """Runs the steps; prints the line of JSON."""
  args = parse(argv)
  tf.disable_v2_behavior()
  tf.logging.set_verbosity(tf.logging.ERROR)
  # The same kind twice shows how exact the comparison is.
  steps = {name: make_step(args, seed) for name, seed in (
      ("seeded", 1), ("other", None), ("other_again", None))}
  print(json.dumps(compare(steps, args)), flush=True)


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line."""
  parser = steps_ours.make_parser(__doc__)
  parser.add_argument("--rounds", type=int, default=30,
                      help="each of --steps steps of every kind")
  parser.set_defaults(steps=2)
  return parser.parse_args(argv)


def make_step(args: argparse.Namespace, seed) -> Callable[[], object]:
  """Returns a function that makes a step, in a graph with a seed or None."""
  with tf.Graph().as_default():
    if seed is not None:
      tf.set_random_seed(seed)
    inputs = steps_ours.placeholders()
    fetches = steps_ours.build(inputs, args)
    running = tf.Session(config=steps_ours.session_config(args))
    running.run(tf.global_variables_initializer())
  feed = steps_ours.feed_of(measure.read_batches(args)[0], inputs, args.vocab)
  return lambda: running.run(fetches, feed)


def compare(steps: Dict[str, Callable[[], object]],
            args: argparse.Namespace) -> Dict[str, float]:
  """Returns medians over rounds, of seconds a step and of ratios to "other"."""
  for step in steps.values():
    for _ in range(args.warmup):
      step()
  rounds = []
  for number in range(args.rounds):
    names = sorted(steps, reverse=number % 2 == 1)
    rounds.append({name: _seconds(steps[name], args.steps) for name in names})
  results = {}
  for index, clock in enumerate(("wall", "cpu")):
    for name in steps:
      results["%s_%s_seconds" % (name, clock)] = _median(
          [each[name][index] / args.steps for each in rounds])
      results["%s_%s_ratio" % (name, clock)] = _median(
          [each[name][index] / each["other"][index] for each in rounds])
  return results


def _seconds(step, num_steps) -> List[float]:
  """Returns the seconds of some steps, by the clock and of processors."""
  start = time.perf_counter(), time.process_time()
  for _ in range(num_steps):
    step()
  return [time.perf_counter() - start[0], time.process_time() - start[1]]


def _median(values) -> float:
  return round(statistics.median(values), 5)


if __name__ == "__main__":
  main(sys.argv[1:])
