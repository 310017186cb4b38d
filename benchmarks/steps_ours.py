"""Times training or prediction steps of this project's model_fn."""

import argparse
import os
import sys
from typing import Dict, List, Sequence

# As commands do; TensorFlow reads it once.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# pylint: disable=wrong-import-position
import numpy as np
import tensorflow.compat.v1 as tf

from benchmarks import measure
from benchmarks import matrix_products
from benchmarks import unoptimized
from bert import modeling
from bert.encoders.bert import Bert
from bert.heads import registry
from bert.model import estimator
from bert.model import model_function


def main(argv: Sequence[str]) -> None:
  """Runs the steps; prints the line of JSON."""
  args = parse(argv)
  unoptimized.use_unoptimized(args.without)
  tf.disable_v2_behavior()
  tf.logging.set_verbosity(tf.logging.ERROR)
  tf.set_random_seed(1)
  batches = measure.read_batches(args)
  config = session_config(args)
  inputs = placeholders()
  fetches = build(inputs, args)
  with tf.Session(config=config) as running:
    running.run(tf.global_variables_initializer())
    seconds = measure.time_steps(
        lambda batch: running.run(fetches, batch),
        [feed_of(lengths, inputs, args.vocab) for lengths in batches], args)
  measure.print_steps(
      batches, seconds, product_seconds=sum(
          matrix_products.time_products(batches, args, config)))


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line."""
  return make_parser(__doc__).parse_args(argv)


def make_parser(about: str) -> argparse.ArgumentParser:
  """Returns the parser of programs that time such steps."""
  parser = measure.shape_parser(about)
  # 0 leaves the number of threads to TensorFlow.
  parser.add_argument("--inter", type=int, default=0)
  parser.add_argument("--intra", type=int, default=0)
  parser.add_argument("--without", nargs="*", default=[],
                      choices=["all"] + list(unoptimized.FORMS),
                      help="optimizations to leave out")
  parser.add_argument("--parts", type=int, default=1,
                      help="that a batch is worked off in")
  parser.add_argument("--parallel", type=int, default=2,
                      help="the same, side by side; 2 is the commands' default")
  return parser


def session_config(args) -> tf.ConfigProto:
  """Returns what the command runs a precision with, and numbers of threads."""
  estimator.check_precision(args.precision)
  estimator.keep_freed_memory()
  config = estimator.session_config(args.precision, num_replicas(args))
  if args.inter or args.intra:
    config.inter_op_parallelism_threads = args.inter
    config.intra_op_parallelism_threads = args.intra
  return config


def num_replicas(args) -> int:
  """Returns the copies of the model; 1 where a batch is worked off in parts."""
  return 1 if args.parts > 1 else args.parallel


def build(inputs: Dict[str, tf.Tensor], args) -> List:
  """Returns what a step on such inputs fetches."""
  config = modeling.BertConfig(
      args.vocab, args.hidden, args.layers, args.heads, 4 * args.hidden,
      max_position_embeddings=512, type_vocab_size=2)
  head = registry.create("classification", ["0", "1"])
  settings = model_function.TrainingSettings(5e-5, 1000, 100,
                                             num_micro_batches=args.parts)
  tf.train.get_or_create_global_step()
  model = model_function.Model(Bert(config), head,
                               cpu_replicas=num_replicas(args))
  if args.mode == "train":
    spec = model.train_spec(inputs, settings)
    return [spec.train_op, spec.loss]
  spec = model.model_fn(inputs, None, tf.estimator.ModeKeys.PREDICT, {})
  return [spec.predictions["probabilities"]]


def placeholders() -> Dict[str, tf.Tensor]:
  """Returns name -> placeholder, of unknown shape as in a record file."""
  return {name: tf.placeholder(tf.int32, [None, None], name)
          for name in ("input_ids", "input_mask", "segment_ids", "label_ids",
                       "is_real_example")}


def feed_of(lengths: List[int], inputs: Dict[str, tf.Tensor],
            vocab_size: int) -> Dict[tf.Tensor, np.ndarray]:
  """Returns what is fed for texts of some lengths, padded to the longest."""
  random = np.random.RandomState(0)
  shape = (len(lengths), max(lengths))
  mask = np.arange(shape[1]) < np.array(lengths)[:, None]
  values = {"input_ids": random.randint(0, vocab_size, shape) * mask,
            "input_mask": mask, "segment_ids": np.zeros(shape),
            "label_ids": random.randint(0, 2, (shape[0], 1)),
            "is_real_example": np.ones((shape[0], 1))}
  return {inputs[name]: value.astype(np.int32)
          for name, value in values.items()}


if __name__ == "__main__":
  main(sys.argv[1:])
