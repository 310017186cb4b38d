"""The vectors that an encoder has of texts, in files."""

import json
import os
import re
import shutil
import tempfile
import typing
from typing import List

import numpy as np
import tensorflow.compat.v1 as tf

from bert import options
from bert.common import console
from bert.common import files
from bert.common.errors import UserError
from bert.data import features
from bert.data import input_fns
from bert.data import record_encoder
from bert.data import records
from bert.data import vocabulary
from bert.data.examples import InputExample
from bert.heads.encoder_layers import LayersHead
from bert.training import checkpoints
from bert.training import estimator
from bert.training import model_function

_PAIR = re.compile(r"(.*) \|\|\| (.*)$")


class Flags(typing.NamedTuple):
  """The command line, by group; the first is extract_features.py's own."""
  data: object
  speed: options.StepOptions
  tpu: options.TpuOptions


def extract(flags: Flags) -> None:
  """Writes --output_file.

  Raises:
    UserError: something is not there, or does not fit.
  """
  data = flags.data
  options.check_tpu(flags.tpu, {"predict": data.batch_size})
  estimator.check_precision(flags.speed.precision)
  tokenizer = vocabulary.load_tokenizer(data.vocab_file, data.do_lower_case)
  config = model_function.load_config(data.bert_config_file, data.max_seq_length,
                                 vocabulary.num_entries(tokenizer.vocab))
  layers = read_layers(data, config.num_hidden_layers)
  examples = read_examples(data.input_file)
  files.make_parent(data.output_file, "--output_file")
  head = LayersHead(layers, data.sentence_vectors, [
      tokenizer.vocab[token] for token in ("[CLS]", "[SEP]")])
  spec = records.feature_spec({}, data.max_seq_length)
  shapes = model_function.variable_shapes(config, head,
                                     lambda: records.placeholders(spec))
  checkpoints.check_init(data.init_checkpoint, shapes)
  folder = tempfile.mkdtemp(prefix="bert-vectors-")
  try:
    rows = _rows(flags, (config, head, spec), examples, tokenizer, folder)
    if data.sentence_vectors:
      _write_npy(data.output_file, len(examples), rows)
    else:
      _write_json(data.output_file, layers, rows, tokenizer)
  finally:
    shutil.rmtree(folder)


def read_layers(data, num_layers: int) -> List[int]:
  """Returns the numbers of the layers that are read; raises UserError."""
  if data.sentence_vectors:
    flag, text = "--vector_layer", str(data.vector_layer)
  else:
    flag, text = "--layers", data.layers
  try:
    layers = [int(number) for number in text.split(",")]
  except ValueError:
    raise UserError("%s=%s: needed are numbers, with commas between" % (
        flag, text))
  for number in layers:
    if not -num_layers <= number < num_layers:
      raise UserError("%s=%s: the model has %d layers, -%d to -1" % (
          flag, text, num_layers, num_layers))
  return layers


def read_examples(path: str) -> List[InputExample]:
  """Returns a file's texts, a line each; raises UserError if there is none."""
  lines = files.read_text(path, "--input_file").split("\n")
  if not lines[-1]:
    lines.pop()
  if not lines:
    raise UserError("--input_file=%s: the file is empty" % path)
  examples = []
  for index, line in enumerate(lines):
    match = _PAIR.match(line.strip())
    texts = match.groups() if match else (line.strip(), None)
    examples.append(InputExample(str(index), *texts))
  return examples


def _rows(flags, model, examples, tokenizer, folder):
  """Yields what the encoder says of each text."""
  data, speed, tpu = flags
  config, head, spec = model
  use_tpu = tpu.use_tpu
  missing = -len(examples) % data.batch_size if use_tpu else 0
  path = os.path.join(folder, "texts.tf_record")
  encoder = features.TextEncoder(tokenizer, data.max_seq_length)
  encoded = [encoder.encode_text(each.text_a, each.text_b)
             for each in examples] + [encoder.empty()] * missing
  record = record_encoder.RecordEncoder(spec)
  records.write_records(path, (
      record.encode(features.to_features(each, {}).values())
      for each in encoded))
  input_fn = (input_fns.ordered_input_fn(path, spec, True) if use_tpu else
              input_fns.by_length_input_fn(path, spec))
  model_fn = model_function.make_model_fn(
      config, head, None, use_tpu or data.use_one_hot_embeddings,
      speed.cpu_replicas)
  made = estimator.make_estimator(
      _starting_from(data.init_checkpoint, model_fn, use_tpu),
      options.RunOptions(output_dir=folder), tpu,
      dict.fromkeys(("train", "eval", "predict"), data.batch_size),
      estimator.Session(speed.precision, None, speed.cpu_replicas))
  batches = made.predict(input_fn, yield_single_examples=False)
  return model_function.in_input_order(
      console.bar(batches, -(-len(encoded) // data.batch_size), "Reading texts"),
      len(examples))


def _starting_from(checkpoint, model_fn, use_tpu):
  """Returns a model_fn that loads weights which nobody fine-tuned."""
  def load():
    checkpoints.init_from(checkpoint)
    return tf.train.Scaffold()

  def starting_model_fn(features, labels, mode, params):
    spec = model_fn(features, labels, mode, params)
    if use_tpu:
      return spec._replace(scaffold_fn=load)
    load()
    return spec

  return starting_model_fn


def _write_json(path, layers, rows, tokenizer):
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for index, row in enumerate(rows):
        parts = []
        for place, token in enumerate(tokenizer.convert_ids_to_tokens(
            row["input_ids"][:row["input_mask"].sum()])):
          parts.append({"token": token, "layers": [
              {"index": number, "values": [
                  round(float(value), 6)
                  for value in row["layer_%d" % number][place]]}
              for number in layers]})
        writer.write(json.dumps({"linex_index": index, "features": parts},
                                ensure_ascii=False) + "\n")


def _write_npy(path, num_rows, rows):
  rows = iter(rows)
  first = next(rows)["vector"]
  header = {"descr": "<f4", "fortran_order": False,
            "shape": (num_rows,) + first.shape}
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "wb") as writer:
      np.lib.format.write_array_header_1_0(writer, header)
      writer.write(first.astype("<f4").tobytes())
      for row in rows:
        writer.write(row["vector"].astype("<f4").tobytes())
