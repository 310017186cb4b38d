"""Flags of run_predictor.py."""

import dataclasses

from bert.common.command_line import Path
from bert.common.command_line import option
from bert.options import shared


@dataclasses.dataclass(frozen=True)
class PredictorOptions:
  """Predictor"""
  export_dir: Path = option(
      None, "Folder of an export; or an output_dir, whose newest export is "
      "used.")
  processor_module: Path = option(
      None, "Python module, or path of a .py file, that registers your own "
      "head.")
  batch_size: int = shared.BATCH_SIZE
  engine: str = option(
      "tensorflow", "What runs the model: tensorflow, or onnx (ONNX Runtime; "
      "needs an export with --export_onnx).", choices=("tensorflow", "onnx"))
  precision: str = option(
      "float32", "Data type of matrix multiplications: float32; with "
      "--engine=tensorflow also bfloat16, on CPUs with AVX512-BF16 or AMX and "
      "TensorFlow 2.12 or later, and float16, on GPUs; with --engine=onnx also "
      "int8.", choices=("float32", "bfloat16", "float16", "int8"))
  input_format: str = option(
      "text", "Format of piped input: text (one text per line) or jsonl (one "
      "object per line, with text_a, text_b or words).",
      choices=("text", "jsonl"))
  output_format: str = option(
      "tsv", "Format of the output for piped input: tsv (labels and scores) or "
      "jsonl (with all probabilities).", choices=("tsv", "jsonl"))


@dataclasses.dataclass(frozen=True)
class ServerOptions:
  """Server"""
  http: str = option(
      None, "Address of an HTTP server: HOST:PORT, or PORT to listen on this "
      "machine only; no HTTP server when not given.")
  bert_serving: str = option(
      None, "Ports for clients of bert-as-service 1.10 (bert-serving-client), "
      "which request vectors from an encoder: PORT,PORT_OUT, usually "
      "5555,5556, on the host of --http, or on this machine only.")
  bert_serving_bind: str = option(
      None, "Host or address that the ports of --bert_serving listen on, or * "
      "for all addresses; the host of --http, or this machine only, when not "
      "given.")
  grpc: str = option(
      None, "Address of a gRPC server for the stubs of TensorFlow Serving: "
      "HOST:PORT, or PORT to listen on this machine only; no gRPC server when "
      "not given.")
  config: Path = option(
      None, "JSON file with several models, instead of --export_dir: "
      "{\"models\": [{\"name\": ..., \"export_dir\": ...}, ...]}; a model may "
      "have its own engine, precision and max_batch instead of those of the "
      "flags. A local file, not one on an object store.")
  model_name: str = option(
      "bert", "Name of the model in the paths of the server.")
  poll_seconds: float = option(
      10.0, "Seconds between two checks for newer exports, which replace older "
      "ones while the server runs; 0 disables the checks.", minimum=0.0)
  warmup: bool = option(
      False, "Run the models on short and long inputs before /readyz reports "
      "that they are ready, and before newer exports replace older ones.")
  access_log: Path = option(
      None, "File to which a line of JSON is appended for each request over "
      "HTTP and gRPC; - is standard output.")
  max_batch: int = option(
      None, "Maximum number of texts, from several requests, that are run "
      "together; --batch_size when not given.", minimum=1)
  batch_wait_ms: float = option(
      0.0, "Milliseconds that a text waits for others to fill a batch; texts "
      "that arrive while a batch runs are the next batch.", minimum=0.0,
      maximum=10000.0)
  max_queue: int = option(
      1024, "Maximum number of waiting texts per model; requests beyond it are "
      "refused with status 429. A request with more texts is taken when no "
      "other text waits.", minimum=1)
  max_body_kb: int = option(
      1024, "Maximum size of a request in KiB; larger ones are refused with "
      "status 413.", minimum=1)
  max_texts: int = option(
      256, "Maximum number of texts per request; requests with more are "
      "refused with status 413.", minimum=1)
  max_chars: int = option(
      20000, "Maximum number of characters per text; longer texts are refused "
      "with status 413.", minimum=1)
  max_response_mb: int = option(
      64, "Maximum size of a response in MiB, as estimated before the model is "
      "run; requests for more, such as for the vectors of all tokens of many "
      "texts, are refused with status 413.", minimum=1)
  timeout: float = option(
      30.0, "Seconds after which a request fails with status 504.", above=0.0)
  drain_seconds: float = option(
      60.0, "Maximum number of seconds that the server, after SIGTERM or "
      "Ctrl-C, waits for accepted requests, and for clients that are still "
      "reading their responses.", minimum=0.0)
  num_threads: int = option(
      64, "Maximum number of requests that are handled at the same time.",
      minimum=1)
