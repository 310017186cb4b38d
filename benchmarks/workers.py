"""Times training steps of several workers, and their message alone.

Starts more than one worker by horovodrun.
"""

import os
import subprocess
import sys
from typing import Callable, Sequence

from benchmarks import measure

_RANK = int(os.environ.get("HOROVOD_RANK", "0"))


def main(argv: Sequence[str]) -> None:
  """Runs the steps; the first worker prints the line of JSON."""
  parser = measure.shape_parser(__doc__)
  parser.add_argument("--workers", type=int, default=1)
  parser.add_argument("--cores", type=int, default=0,
                      help="of each worker; 0: all that there are")
  parser.add_argument("--what", choices=("steps", "message"), default="steps")
  args = parser.parse_args(argv)
  if args.workers > 1 and "HOROVOD_RANK" not in os.environ:
    launch(argv, args.workers)
    return
  if args.cores:  # Before TensorFlow is imported, which counts them.
    cores = sorted(os.sched_getaffinity(0))
    first = _RANK * args.cores % len(cores)
    os.sched_setaffinity(0, cores[first:first + args.cores])
  {"steps": time_steps, "message": time_message}[args.what](args)


def launch(argv: Sequence[str], num_workers: int) -> None:
  """Starts the workers; prints the line of the first one."""
  launcher = os.path.join(os.path.dirname(sys.executable), "horovodrun")
  output = subprocess.run(
      [launcher, "--gloo", "-np", str(num_workers), sys.executable, "-m",
       "benchmarks.workers"] + list(argv),
      stdout=subprocess.PIPE, check=True).stdout.decode("utf-8")
  for line in output.split("\n"):
    if line.startswith('[0]<stdout>:{"'):
      print(line.partition(":")[2], flush=True)


def time_steps(args) -> None:
  """Times training steps on equal shares of a batch."""
  tf, workers = join(args)
  from benchmarks import steps_ours
  options = steps_ours.parse([
      "--%s=%s" % (name, getattr(args, name)) for name in (
          "layers", "hidden", "heads", "vocab", "length", "warmup", "steps")] +
      ["--batch=%d" % (args.batch // args.workers),
       "--parallel=%d" % (1 if workers.size > 1 or args.cores == 1 else 2)])
  config = steps_ours.session_config(options)
  inputs = steps_ours.placeholders()
  fetches = steps_ours.build(inputs, options)
  copy = workers.copy_variables()
  lengths = [args.length] * options.batch
  with tf.Session(config=config) as session:
    session.run(tf.global_variables_initializer())
    if copy is not None:
      session.run(copy)
    batch = steps_ours.feed_of(lengths, inputs, options.vocab)
    report(args, args.batch, lambda _: session.run(fetches, batch))


def time_message(args) -> None:
  """Times the mean of as many numbers as the encoder has weights."""
  tf, workers = join(args)
  from benchmarks import scaling
  size = scaling.num_weights(args.layers, args.hidden, args.vocab)
  # Of a constant, the mean would be computed once, when the graph is made.
  numbers = tf.get_variable("numbers", initializer=tf.ones([size]))
  mean = workers.mean(numbers.value(), "numbers")
  with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    report(args, 1, lambda _: session.run(mean.op))


def join(args) -> tuple:
  """Imports TensorFlow -> it, and the workers."""
  import tensorflow.compat.v1 as tf
  from bert.model import distribution
  from bert.options.shared import StepOptions
  from bert.options.vectors import VectorFlags
  tf.disable_v2_behavior()
  tf.logging.set_verbosity(tf.logging.ERROR)
  distribution.join(VectorFlags(
      None, StepOptions(use_horovod=args.workers > 1), None))
  return tf, distribution.workers()


def report(args, num_examples: int, step: Callable[[object], object]) -> None:
  """Times a step again and again; prints the line on the first worker."""
  seconds = measure.time_steps(step, [None], args)
  if _RANK == 0:
    measure.print_line(num_examples, seconds)


if __name__ == "__main__":
  main(sys.argv[1:])
