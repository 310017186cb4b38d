"""Compares the engines of run_predictor.py on an export of a task.

Usage: python -m benchmarks.engines --export_dir=DIR --task=mrpc --data_dir=DIR

The export needs --export_onnx. Rounds alternate between the
engines; a number is the median over the rounds.
"""

import argparse
import os
import statistics
import sys
import time
from typing import Sequence

# As commands do; TensorFlow reads it once.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

# pylint: disable=wrong-import-position
import numpy as np

from benchmarks import machine
from bert.evaluation import metrics
from bert.serving import predictor
from processors import base

ENGINES = (("tensorflow", "float32"), ("onnx", "float32"), ("onnx", "int8"))
# Runs of a short text in a round, of which the first are for warming up.
_NUM_RUNS, _NUM_WARMUP = 60, 10


def main(argv: Sequence[str]) -> None:
  """Measures; prints the lines of a Markdown table."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  for name in ("export_dir", "task", "data_dir"):
    parser.add_argument("--" + name, required=True)
  parser.add_argument("--rounds", type=int, default=5)
  args = parser.parse_args(argv)
  processor = base.create(args.task, args.data_dir)
  examples = processor.get_dev_examples(args.data_dir)
  texts = [each.text_a if each.text_b is None else (each.text_a, each.text_b)
           for each in examples]
  models = [predictor.Predictor(args.export_dir, engine=engine,
                                precision=precision)
            for engine, precision in ENGINES]
  measured = [[] for _ in models]
  for _ in range(args.rounds):
    for model, found in zip(models, measured):
      found.append(measure(model, texts))
  print("%s, task %s: %d texts; %d rounds" % (
      machine.describe(), args.task, len(texts), args.rounds))
  print("| engine | one short text, ms | texts/s in batches of 32 | scores |")
  print("| --- | ---: | ---: | --- |")
  for (engine, precision), model, found in zip(ENGINES, models, measured):
    milliseconds, rates = zip(*found)
    print("| %s, %s | %.2f | %.0f | %s |" % (
        engine, precision, statistics.median(milliseconds),
        statistics.median(rates), score(model, processor, examples, texts)))
  for (engine, precision), model in zip(ENGINES, models):
    print("%s, %s: probabilities of a text alone and in a batch of %d differ by "
          "up to %.4f, %.4f in the mean" % (
              (engine, precision, model.batch_size) +
              batch_effect(model, texts)))


def measure(model: predictor.Predictor, texts: list):
  """Returns the milliseconds of one short text, and texts a second."""
  shortest = min(texts, key=lambda each: len("".join(each)))
  seconds = []
  for _ in range(_NUM_RUNS):
    start = time.perf_counter()
    model.predict([shortest])
    seconds.append(time.perf_counter() - start)
  start = time.perf_counter()
  model.predict(texts)
  return (1000 * statistics.median(seconds[_NUM_WARMUP:]),
          len(texts) / (time.perf_counter() - start))


def batch_effect(model: predictor.Predictor, texts: list):
  """Returns the largest and the mean difference that other texts of its batch
  make to the probabilities of a text."""
  together = probabilities(model, texts)
  alone = np.concatenate([probabilities(model, [each]) for each in texts])
  differences = np.abs(together - alone)
  return differences.max(), differences.mean()


def probabilities(model: predictor.Predictor, texts: list) -> np.ndarray:
  """Returns the probabilities of texts, [texts, labels]."""
  return np.array([list(each.probabilities.values())
                   for each in model.predict(texts)])


def score(model: predictor.Predictor, processor, examples: list,
          texts: list) -> str:
  """Returns the scores of the labelled examples."""
  head = model.head
  rows = {"probabilities": probabilities(model, texts)}
  predictions = head.eval_prediction(dict(rows, **head.label_rows(examples)),
                                     examples)
  scores = dict(head.aggregate_metrics(predictions), **metrics.compute(
      tuple(head.metrics) + tuple(processor.metrics), predictions))
  return ", ".join("%s %.4f" % pair for pair in sorted(scores.items()))


if __name__ == "__main__":
  main(sys.argv[1:])
