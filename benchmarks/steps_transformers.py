"""Times training or prediction steps of transformers on PyTorch."""

import sys
from typing import Callable, List, Sequence

import torch
import transformers

from benchmarks import measure

# Implementations of AdamW; PyTorch's default on a CPU is the plain loop.
OPTIMIZERS = {"plain": {}, "foreach": {"foreach": True},
              "fused": {"fused": True}}


def main(argv: Sequence[str]) -> None:
  """Runs the steps; prints the line of JSON."""
  parser = measure.shape_parser(__doc__)
  parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
  parser.add_argument("--optimizer", choices=sorted(OPTIMIZERS),
                      default="fused")
  args = parser.parse_args(argv)
  transformers.logging.set_verbosity_error()
  torch.manual_seed(1)
  model = transformers.BertForSequenceClassification(
      transformers.BertConfig(
          vocab_size=args.vocab, hidden_size=args.hidden,
          num_hidden_layers=args.layers, num_attention_heads=args.heads,
          intermediate_size=4 * args.hidden,
          attn_implementation=args.attention))
  make = {"train": make_train_step, "predict": make_predict_step}[args.mode]
  batches = measure.read_batches(args)
  step = make(model, args)
  measure.print_steps(batches, measure.time_steps(
      step, [batch(lengths, args.vocab) for lengths in batches], args))


def batch(lengths: List[int], vocab_size: int) -> dict:
  """Returns name -> tensor of texts of some lengths, padded to the longest."""
  shape = (len(lengths), max(lengths))
  is_real = torch.arange(shape[1])[None, :] < torch.tensor(lengths)[:, None]
  return {"input_ids": torch.randint(0, vocab_size, shape) * is_real,
          "attention_mask": is_real.long(),
          "token_type_ids": torch.zeros(shape, dtype=torch.long),
          "labels": torch.randint(0, 2, shape[:1])}


def autocast(args):
  """Returns the context that a precision's forward pass runs in."""
  return torch.autocast("cpu", torch.bfloat16,
                        enabled=args.precision == "bfloat16")


def make_train_step(model, args) -> Callable[[dict], object]:
  """Returns a function that makes a step on a batch, with what ours does."""
  model.train()
  optimizer = torch.optim.AdamW(model.parameters(), 5e-5, eps=1e-6,
                                weight_decay=0.01,
                                **OPTIMIZERS[args.optimizer])

  def step(inputs):
    with autocast(args):
      loss = model(**inputs).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss.item()

  return step


def make_predict_step(model, args) -> Callable[[dict], object]:
  """Returns a function that turns a batch into probabilities."""
  model.eval()

  def step(inputs):
    inputs = {name: value for name, value in inputs.items()
              if name != "labels"}
    with torch.inference_mode(), autocast(args):
      return model(**inputs).logits.float().softmax(-1).numpy()

  return step


if __name__ == "__main__":
  main(sys.argv[1:])
