"""What to expect of many GPUs: the message of a step against its computation.

Usage: python -m benchmarks.scaling

Prints the tables of docs/distributed.md. Nothing here is measured by us: the
computation is NVIDIA's published throughput, the message a ring all-reduce over
the slowest link, which nothing hides.

Source: NVIDIA DeepLearningExamples, TensorFlow/LanguageModeling/BERT,
  "Pre-training training performance", DGX-1 32GB and DGX A100, 128 tokens, 64
  examples a GPU, mixed precision; data sheets of A100 and H100 (dense bfloat16);
  Patarasuk and Yuan 2009 (ring all-reduce).
"""

import sys
from typing import List, NamedTuple

from benchmarks import report

# Layers, hidden size; all have 30,522 word pieces.
MODELS = {"base": (12, 768), "large": (24, 1024)}
VOCAB = 30522
POSITIONS = 512
BATCH = 64
# Examples a second of BERT-large; of an H100, the A100's by the ratio of peaks.
LARGE_RATES = {"V100": 168.63, "H100": 356.845 * 989 / 312}
LINKS = (10, 25, 100)  # Gbit/s
WORKERS = (1, 2, 4, 8, 16, 32, 64)
SETTINGS = {"": (4, 1), "fp16 message": (2, 1), "4 micro-batches": (4, 4)}


class Case(NamedTuple):
  """A model on a GPU, over a link.

  Attributes:
    model, gpu: keys of MODELS and LARGE_RATES.
    gbits: of the slowest link, a second.
    num_bytes: of a gradient in the message.
    num_micro_batches: of BATCH examples, that a worker takes before a message.
  """
  model: str
  gpu: str
  gbits: float
  num_bytes: int = 4
  num_micro_batches: int = 1


def main() -> None:
  """Prints the tables."""
  print("\n".join(messages() + [""] + efficiencies()))


def num_weights(num_layers: int, hidden: int, vocab: int = VOCAB) -> int:
  """Returns the numbers in an encoder, pooler and embeddings included."""
  embeddings = (vocab + POSITIONS + 2 + 2) * hidden
  layer = 12 * hidden**2 + 13 * hidden
  return embeddings + num_layers * layer + hidden**2 + hidden


def step_seconds(case: Case) -> float:
  """Returns the seconds of a worker's computation between two messages.

  The base model is taken to be faster by the ratio of weights in layers.
  """
  layers = [depth * 12 * hidden**2 for depth, hidden in (
      MODELS[case.model], MODELS["large"])]
  rate = LARGE_RATES[case.gpu] * layers[1] / layers[0]
  return BATCH * case.num_micro_batches / rate


def message_seconds(case: Case, num_workers: int) -> float:
  """Returns the seconds of the ring all-reduce of a step."""
  num_bytes = case.num_bytes * num_weights(*MODELS[case.model])
  share = 2 * (num_workers - 1) / num_workers
  return share * num_bytes * 8 / (case.gbits * 1e9)


def efficiency(case: Case, num_workers: int) -> float:
  """Returns the speed, over that of as many workers without a message."""
  step = step_seconds(case)
  return step / (step + message_seconds(case, num_workers))


def messages() -> List[str]:
  """Returns the table of messages and steps."""
  rows = []
  for model in MODELS:
    size = 4 * num_weights(*MODELS[model])
    rows.append([model, "%.2f GB" % (size / 1e9)] + [
        "%.0f ms" % (1000 * message_seconds(Case(model, "V100", link), 64))
        for link in LINKS] + [
            "%.0f ms" % (1000 * step_seconds(Case(model, gpu, 1)))
            for gpu in LARGE_RATES])
  return report.table(
      ["model", "gradients"] + ["%d Gbit/s" % link for link in LINKS] +
      ["step, %s" % gpu for gpu in LARGE_RATES], rows)


def efficiencies() -> List[str]:
  """Returns the table of efficiencies."""
  rows = []
  for model in MODELS:
    for gpu in LARGE_RATES:
      for link in LINKS:
        for setting, (num_bytes, parts) in SETTINGS.items():
          case = Case(model, gpu, link, num_bytes, parts)
          rows.append(["%s, %s, %d Gbit/s%s" % (
              model, gpu, link, setting and ", " + setting)] + [
                  "%.0f %%" % (100 * efficiency(case, count))
                  for count in WORKERS])
  return report.table(["workers"] + [str(count) for count in WORKERS], rows)


if __name__ == "__main__":
  sys.exit(main())
