"""Fine-tunes and evaluates a task with the Trainer of transformers."""

import argparse
import json
import os
import sys
from typing import Callable, Dict, List, Sequence

import numpy as np
import sklearn.metrics
import torch
import transformers

from benchmarks import transformers_data

METRICS = {"cola": {"mcc": sklearn.metrics.matthews_corrcoef},
           "mrpc": {"f1": sklearn.metrics.f1_score}}


def main(argv: Sequence[str]) -> None:
  """Trains, evaluates and writes results.json into --output_dir."""
  args = parse(argv)
  transformers.logging.set_verbosity_error()
  transformers.set_seed(args.seed)
  tokenizer = load_tokenizer(args.vocab_file, args.length)
  trainer = transformers.Trainer(
      model=load_model(args), args=training_arguments(args),
      train_dataset=read_set(args, "train", tokenizer),
      eval_dataset=read_set(args, "dev", tokenizer),
      data_collator=transformers.DataCollatorWithPadding(tokenizer),
      processing_class=tokenizer, compute_metrics=make_metrics(args.task))
  trainer.train()
  results = trainer.evaluate()
  with open(os.path.join(args.output_dir, "results.json"), "w") as stream:
    json.dump({name.replace("eval_", ""): value
               for name, value in results.items()}, stream)


def parse(argv: Sequence[str]) -> argparse.Namespace:
  """Reads the command line; the defaults are those of the comparison."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  parser.add_argument("--task", choices=sorted(METRICS), required=True)
  for name in ("data_dir", "weights", "bert_config_file", "vocab_file",
               "output_dir"):
    parser.add_argument("--" + name, required=True)
  parser.add_argument("--precision", choices=("float32", "bfloat16"),
                      default="float32")
  parser.add_argument("--attention", choices=("sdpa", "eager"), default="sdpa")
  parser.add_argument("--sampling", choices=("random", "group_by_length"),
                      default="group_by_length")
  # The fast kernel of gelu_new, which is the function of our "gelu".
  parser.add_argument("--hidden_act", default="gelu_pytorch_tanh")
  for name, value in (("seed", 1), ("batch", 32), ("length", 128)):
    parser.add_argument("--" + name, type=int, default=value)
  for name, value in (("epochs", 3.0), ("learning_rate", 5e-5),
                      ("warmup", 0.1)):
    parser.add_argument("--" + name, type=float, default=value)
  return parser.parse_args(argv)


def training_arguments(args) -> transformers.TrainingArguments:
  """Returns our optimizer's settings, and nothing that costs time besides."""
  return transformers.TrainingArguments(
      output_dir=args.output_dir, seed=args.seed, use_cpu=True,
      bf16=args.precision == "bfloat16", num_train_epochs=args.epochs,
      per_device_train_batch_size=args.batch,
      per_device_eval_batch_size=args.batch,
      train_sampling_strategy=args.sampling,
      learning_rate=args.learning_rate, lr_scheduler_type="linear",
      warmup_steps=args.warmup, optim="adamw_torch_fused", weight_decay=0.01,
      adam_epsilon=1e-6, max_grad_norm=1.0, save_strategy="no",
      eval_strategy="no", logging_strategy="no", report_to="none",
      disable_tqdm=True, dataloader_pin_memory=False)


def load_tokenizer(vocab_file: str, length: int) -> transformers.BertTokenizer:
  """Returns the uncased tokenizer of a vocabulary."""
  with open(vocab_file, encoding="utf-8", newline="\n") as stream:
    vocab = {line.rstrip("\r\n"): index for index, line in enumerate(stream)}
  return transformers.BertTokenizer(vocab=vocab, do_lower_case=True,
                                    model_max_length=length)


def read_set(args, name: str, tokenizer) -> List[dict]:
  """Returns a set as the features of each example, unpadded."""
  rows = transformers_data.read_rows(args.task, args.data_dir, name)
  encoded = tokenizer(rows.texts_a, rows.texts_b, truncation=True)
  return [dict({key: values[index] for key, values in encoded.items()},
               labels=label) for index, label in enumerate(rows.labels)]


def load_model(args) -> transformers.BertForSequenceClassification:
  """Returns the model of a config with the weights of make_weights.py.

  Raises:
    ValueError: they are not the whole encoder's.
  """
  with open(args.bert_config_file, encoding="utf-8") as stream:
    values = dict(json.load(stream), hidden_act=args.hidden_act)
  model = transformers.BertForSequenceClassification(transformers.BertConfig(
      num_labels=2, attn_implementation=args.attention, **values))
  state = {}
  with np.load(args.weights) as arrays:
    for name in arrays.files:
      key, is_transposed = transformers_data.torch_name(name)
      array = arrays[name].T if is_transposed else arrays[name]
      state[key] = torch.from_numpy(np.ascontiguousarray(array))
  missing, unexpected = model.load_state_dict(state, strict=False)
  wrong = unexpected + [key for key in missing if key.startswith("bert.")]
  if wrong:
    raise ValueError("%s does not fit the model: %s" % (args.weights, wrong))
  return model


def make_metrics(task: str) -> Callable[..., Dict[str, float]]:
  """Returns the metrics of a whole dataset."""
  def compute(outputs):
    predicted = outputs.predictions.argmax(-1)
    metrics = dict(METRICS[task], accuracy=sklearn.metrics.accuracy_score)
    return {name: float(metric(outputs.label_ids, predicted))
            for name, metric in metrics.items()}
  return compute


if __name__ == "__main__":
  main(sys.argv[1:])
