"""Trains sentence vectors on STS-B with sentence-transformers, with the settings
and from the same weights as --pair_encoding=siamese.

--model is a folder of scripts/convert_checkpoint.py --to=hugging_face.
"""

import argparse
import csv
import os
import sys
from typing import List, Sequence, Tuple

import numpy as np
import sentence_transformers
import torch
from scipy import stats
from sentence_transformers import losses
from sentence_transformers import models
from torch.utils.data import DataLoader

_HIGHEST = 5.0


def main(argv: Sequence[str]) -> None:
  """Trains with each seed; prints the Spearman correlation of dev cosines."""
  args = parse(argv)
  scores = [train(args, seed) for seed in range(1, args.num_seeds + 1)]
  for seed, score in enumerate(scores, 1):
    print("seed %d\t%.4f" % (seed, score))
  print("mean\t%.4f\nstandard deviation\t%.4f" % (
      np.mean(scores), np.std(scores, ddof=1)))


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line; the defaults are those of the comparison."""
  parser = argparse.ArgumentParser(description=__doc__)
  for name in ("model", "data_dir"):
    parser.add_argument("--" + name, required=True)
  for name, value in (("num_seeds", 3), ("batch", 16), ("length", 128),
                      ("epochs", 1)):
    parser.add_argument("--" + name, type=int, default=value)
  parser.add_argument("--learning_rate", type=float, default=2e-5)
  return parser.parse_args(argv)


def train(args: argparse.Namespace, seed: int) -> float:
  """Trains with a seed; returns the correlation on the dev set."""
  torch.manual_seed(seed)
  encoder = models.Transformer(args.model, max_seq_length=args.length)
  model = sentence_transformers.SentenceTransformer(modules=[
      encoder, models.Pooling(encoder.get_word_embedding_dimension())],
                                                    device="cpu")
  examples = [sentence_transformers.InputExample(
      texts=list(texts), label=score / _HIGHEST)
              for texts, score in read(args.data_dir, "train")]
  batches = DataLoader(examples, shuffle=True, batch_size=args.batch,
                       drop_last=True)
  num_steps = int(len(examples) / args.batch * args.epochs)
  model.fit([(batches, losses.CosineSimilarityLoss(model))],
            epochs=args.epochs, warmup_steps=num_steps // 10,
            optimizer_params={"lr": args.learning_rate, "eps": 1e-6},
            weight_decay=0.01, show_progress_bar=False)
  pairs = read(args.data_dir, "dev")
  first, second = [model.encode([texts[side] for texts, _ in pairs],
                                normalize_embeddings=True) for side in (0, 1)]
  return stats.spearmanr((first * second).sum(axis=1),
                         [score for _, score in pairs])[0]


def read(data_dir: str, name: str) -> List[Tuple[Tuple[str, str], float]]:
  """Returns pairs of sentences with their scores."""
  with open(os.path.join(data_dir, name + ".tsv"), encoding="utf-8",
            newline="") as stream:
    rows = csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [((row["sentence1"], row["sentence2"]), float(row["score"]))
            for row in rows]


if __name__ == "__main__":
  main(sys.argv[1:])
