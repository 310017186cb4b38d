"""Flags of run_predictor.py."""

import dataclasses

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.options import shared


@dataclasses.dataclass(frozen=True)
class PredictorOptions:
  """Predictor"""
  export_dir: Path = option(None, "Folder of an export; or an output_dir, of "
                            "which the newest export is used.")
  processor_module: Path = option(None, "Python module, or path of a .py file, "
                                  "that registers a head of your own.")
  batch_size: int = shared.BATCH_SIZE
  engine: str = option("tensorflow", "What runs the model: tensorflow; or "
                       "onnx, ONNX Runtime, which needs an export with "
                       "--export_formats=saved_model,onnx.",
                       choices=("tensorflow", "onnx"))
  precision: str = option("float32", "Type of the factors of matrix products: "
                          "float32; of --engine=tensorflow bfloat16, on CPUs "
                          "with AVX512-BF16 or AMX and TensorFlow 2.12 or "
                          "later, or float16, on GPUs; of --engine=onnx int8.",
                          choices=("float32", "bfloat16", "float16", "int8"))
  input_format: str = option("text", "Format of a pipe's input: text, one per "
                             "line, or jsonl, objects with text_a, text_b or "
                             "words.", choices=("text", "jsonl"))
  output_format: str = option("tsv", "Format of a pipe's output: tsv, labels "
                              "and scores, or jsonl, with all probabilities.",
                              choices=("tsv", "jsonl"))


@dataclasses.dataclass(frozen=True)
class ServerOptions:
  """Server"""
  http: str = option(None, "Address of an HTTP server: HOST:PORT, or PORT for "
                     "this machine alone; no server when not given.")
  bert_serving: str = option(None, "Ports for the clients of bert-as-service "
                             "1.10 (bert-serving-client), which ask an encoder "
                             "for vectors: PORT,PORT_OUT, usually 5555,5556, "
                             "at the host of --http or this machine alone.")
  grpc: str = option(None, "Address of a gRPC server for the stubs of "
                     "TensorFlow Serving: HOST:PORT, or PORT for this machine "
                     "alone; no server when not given.")
  config: Path = option(None, "JSON file with several models, instead of "
                        "--export_dir: {\"models\": [{\"name\": ..., "
                        "\"export_dir\": ...}, ...]}, engine, precision and "
                        "max_batch where they are not those of the flags.")
  model_name: str = option("bert", "Name of the model in the server's paths.")
  poll_seconds: float = option(10.0, "Seconds between two looks for newer "
                               "exports, which take over from older ones while "
                               "the server runs; 0: never.", minimum=0.0)
  warmup: bool = option(False, "Run the models on short and long inputs before "
                        "/readyz says that they are ready, and before newer "
                        "exports take over.")
  access_log: Path = option(None, "File to which a line of JSON is appended for "
                            "each request over HTTP and gRPC; - is standard "
                            "output.")
  max_batch: int = option(None, "Maximum number of texts of several requests "
                          "that are run together; --batch_size when not given.",
                          minimum=1)
  batch_wait_ms: float = option(0.0, "Milliseconds that a text waits for "
                                "others to fill a batch; those that come while "
                                "a batch is run are the next one.", minimum=0.0,
                                maximum=10000.0)
  max_queue: int = option(1024, "Maximum number of waiting texts per model; "
                          "more are refused with status 429.", minimum=1)
  max_body_kb: int = option(1024, "Maximum size of a request in KiB; larger "
                            "ones are refused with status 413.", minimum=1)
  max_texts: int = option(256, "Maximum number of texts per request; more are "
                          "refused with status 413.", minimum=1)
  max_chars: int = option(20000, "Maximum number of characters per text; more "
                          "are refused with status 413.", minimum=1)
  timeout: float = option(30.0, "Seconds after which a request fails with "
                          "status 504.", above=0.0)
  num_threads: int = option(64, "Number of requests that are handled at once.",
                            minimum=1)
