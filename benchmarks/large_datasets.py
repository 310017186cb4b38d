"""Runs the command on datasets of many rows; prints its time and peak memory.

A tiny model trains for a few steps on that many rows of some 118 bytes,
evaluates on some and predicts as many.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from typing import Sequence

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_NUM_DEV = 1000
_CONFIG = {
    "attention_probs_dropout_prob": 0.1, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1, "hidden_size": 8, "initializer_range": 0.02,
    "intermediate_size": 8, "max_position_embeddings": 32,
    "num_attention_heads": 1, "num_hidden_layers": 1, "type_vocab_size": 2}


def main(argv: Sequence[str]) -> None:
  """Prints the line of JSON."""
  parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
  parser.add_argument("--rows", type=int, default=1000000)
  args = parser.parse_args(argv)
  with tempfile.TemporaryDirectory() as folder:
    write_task(folder, args.rows)
    start = time.perf_counter()
    subprocess.run([
        sys.executable, os.path.join(ROOT, "run_classifier.py"),
        "--task_name=sst-2", "--data_dir=" + folder,
        "--vocab_file=" + os.path.join(folder, "vocab.txt"),
        "--bert_config_file=" + os.path.join(folder, "bert_config.json"),
        "--output_dir=" + os.path.join(folder, "output"),
        "--max_seq_length=32", "--train_batch_size=32",
        "--predict_batch_size=256", "--num_train_epochs=%g" % (
            320 / args.rows),
        "--do_train", "--do_eval", "--do_predict"], check=True)
    seconds = time.perf_counter() - start
  peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
  print(json.dumps({"rows": args.rows, "seconds": round(seconds, 1),
                    "peak_memory_mib": round(peak, 1)}), flush=True)


def write_task(folder: str, num_rows: int) -> None:
  """Writes the sets, a vocabulary and a config."""
  words = ["".join(random.Random(number).choices("abcdefgh", k=6))
           for number in range(2000)]
  with open(os.path.join(folder, "vocab.txt"), "w") as stream:
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    stream.writelines(name + "\n" for name in dict.fromkeys(names + words))
    _CONFIG["vocab_size"] = len(set(names + words))
  with open(os.path.join(folder, "bert_config.json"), "w") as stream:
    json.dump(_CONFIG, stream)
  for name, count in (("train", num_rows), ("dev", _NUM_DEV),
                      ("test", num_rows)):
    drawn = random.Random(name)
    with open(os.path.join(folder, name + ".tsv"), "w") as stream:
      stream.write("index\tsentence\n" if name == "test" else
                   "sentence\tlabel\n")
      for number in range(count):
        text = " ".join(drawn.choices(words, k=16))
        stream.write("%07d\t%s\n" % (number, text) if name == "test" else
                     "%s\t%d\n" % (text, drawn.random() < 0.5))


if __name__ == "__main__":
  main(sys.argv[1:])
