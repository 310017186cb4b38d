"""Times training or prediction steps of this project's model_fn."""

import argparse
import sys
from typing import List, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from benchmarks import measure
from benchmarks import own_plain
from bert import modeling
from bert.heads import registry
from bert.model import estimator
from bert.model import model_function


def main(argv: Sequence[str]) -> None:
  """Runs the steps; prints the line of JSON."""
  args = parse(argv)
  own_plain.use_plain(args.without)
  tf.disable_v2_behavior()
  tf.logging.set_verbosity(tf.logging.ERROR)
  tf.set_random_seed(1)
  fetches = build(args)
  with tf.Session(config=session_config(args)) as running:
    running.run(tf.global_variables_initializer())
    seconds = measure.time_steps(lambda: running.run(fetches), args.warmup,
                                 args.steps)
  measure.print_line(args.batch, seconds)


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line."""
  parser = measure.shape_parser(__doc__)
  # 0 leaves the number of threads to TensorFlow.
  parser.add_argument("--inter", type=int, default=0)
  parser.add_argument("--intra", type=int, default=0)
  parser.add_argument("--without", nargs="*", default=[],
                      choices=["all"] + list(own_plain.PLAIN),
                      help="levers to leave out")
  parser.add_argument("--parts", type=int, default=1,
                      help="that a batch is worked off in")
  parser.add_argument("--parallel", type=int, default=1,
                      help="the same, side by side")
  return parser.parse_args(argv)


def session_config(args) -> tf.ConfigProto:
  """Returns what the command runs a precision with, and numbers of threads."""
  estimator.check_precision(args.precision)
  estimator.keep_freed_memory()
  config = estimator.session_config(args.precision, args.parallel)
  if args.inter or args.intra:
    config.inter_op_parallelism_threads = args.inter
    config.intra_op_parallelism_threads = args.intra
  return config


def build(args) -> List:
  """Returns what a step fetches."""
  config = modeling.BertConfig(
      args.vocab, args.hidden, args.layers, args.heads, 4 * args.hidden,
      max_position_embeddings=512, type_vocab_size=2)
  head = registry.create("classification", ["0", "1"])
  settings = model_function.TrainingSettings(5e-5, 1000, 100,
                                             num_micro_batches=args.parts)
  tf.train.get_or_create_global_step()
  model = model_function.Model(config, head, cpu_replicas=args.parallel)
  if args.mode == "train":
    spec = model.train_spec(batch(args), settings)
    return [spec.train_op, spec.loss]
  spec = model.model_fn(batch(args), None, tf.estimator.ModeKeys.PREDICT, {})
  return [spec.predictions["probabilities"]]


def batch(args) -> dict:
  """Returns name -> tensor; of unknown shape, as a record file gives them."""
  random = np.random.RandomState(0)
  tokens = (args.batch, args.length)
  values = {"input_ids": random.randint(0, args.vocab, tokens),
            "input_mask": np.ones(tokens), "segment_ids": np.zeros(tokens),
            "label_ids": random.randint(0, 2, (args.batch, 1)),
            "is_real_example": np.ones((args.batch, 1))}
  return {name: tf.placeholder_with_default(tf.constant(value, tf.int32),
                                            [None, None])
          for name, value in values.items()}


if __name__ == "__main__":
  main(sys.argv[1:])
