"""Every flag of run_predictor.py."""

import dataclasses

from bert.common.command_line import option


@dataclasses.dataclass(frozen=True)
class PredictorOptions:
  """Predictor"""
  export_dir: str = option(None, "An export, or a folder with exports, of which "
                           "the newest: an output_dir will do.", required=True)
  batch_size: int = option(32, "Texts that are read together, at most.",
                           minimum=1)
  precision: str = option("float32", "Numbers that products are made of, as of "
                          "run_classifier.py.",
                          choices=("float32", "bfloat16", "float16"))
  input_format: str = option("text", "In a pipe: text, a line each, or jsonl: "
                             "an object a line with text_a, text_b, or words.",
                             choices=("text", "jsonl"))
  output_format: str = option("tsv", "In a pipe: tsv, labels and scores, or "
                              "jsonl, all probabilities too.",
                              choices=("tsv", "jsonl"))


@dataclasses.dataclass(frozen=True)
class ServerOptions:
  """HTTP"""
  http: str = option(None, "HOST:PORT to serve at, or PORT at this machine "
                     "alone.")
  model_name: str = option("bert", "The model's name in the paths.")
  max_batch: int = option(32, "Texts of several requests that are read "
                          "together, at most.", minimum=1)
  batch_wait_ms: float = option(2.0, "Milliseconds that a text waits for "
                                "others.", minimum=0.0, maximum=10000.0)
  max_queue: int = option(1024, "Texts that wait, at most; then 429.",
                          minimum=1)
  max_body_kb: int = option(1024, "Size of a request, at most; then 413.",
                            minimum=1)
  max_texts: int = option(256, "Texts of a request, at most; then 413.",
                          minimum=1)
  max_chars: int = option(20000, "Characters of a text, at most; then 413.",
                          minimum=1)
  timeout: float = option(30.0, "Seconds until a request is given up: 504.",
                          above=0.0)
  num_threads: int = option(64, "Requests that are answered at once.",
                            minimum=1)
