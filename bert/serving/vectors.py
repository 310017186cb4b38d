"""Writes the vectors of texts to files."""

import contextlib
import json
import os
import shutil
import tempfile
from typing import List

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import console
from bert.common import files
from bert.common import locks
from bert.common.errors import UserError
from bert.data import features
from bert.data import input_fns
from bert.data import record_encoder
from bert.data import records
from bert.data.tokenizers import vocabulary
from bert.data.examples import InputExample
from bert.encoders import registry
from bert.heads.encoder_layers import LayersHead
from bert.heads.encoder_layers import VectorHead
from bert.model import checkpoint_files
from bert.model import checkpoints
from bert.model import dataset_outputs
from bert.model import distribution
from bert.model import estimator
from bert.model import task_file
from bert.model.model_function import Model
from bert.model.start import start
from bert.serving import exports
from bert.serving import formats
from bert.model import export
from bert.model import model_settings
from bert.options.shared import RunOptions
from bert.options.vectors import VectorFlags
from bert.options.vectors import VectorOptions


def run(flags: VectorFlags) -> None:
  """Writes --output_file, or the export of --do_export.

  Raises:
    UserError: something is not there, or does not fit.
  """
  flags = start(flags)
  if flags.data.do_export:
    write_export(flags.data)
  else:
    extract(flags)


def extract(flags: VectorFlags) -> None:
  """Writes --output_file.

  Raises:
    UserError: something is not there, or does not fit.
  """
  data = with_model(flags.data)
  tokenizer, encoder = _load(data)
  layers = read_layers(data, encoder.num_layers)
  examples = read_examples(data.input_file)
  files.make_parent(data.output_file, "--output_file")
  folder = tempfile.mkdtemp(prefix="bert-vectors-")
  try:
    head = LayersHead(layers, data.text_vectors,
                      encoder.layout.special_ids(tokenizer.vocab),
                      encoder.layout)
    runtime = estimator.Runtime(
        RunOptions(output_dir=folder), flags.tpu, flags.speed,
        dict.fromkeys(("train", "eval", "predict"), data.batch_size))
    runtime.expect(len(examples) // data.batch_size)
    rows = _Extractor(data, runtime, runtime.make_model(
        encoder, head, use_one_hot_embeddings=data.use_one_hot_embeddings,
        init_checkpoint=data.init_checkpoint)).rows(examples, tokenizer)
    if not distribution.workers().is_first:
      for _ in rows:  # There are none, but batches are run.
        pass
    elif data.pooling:
      _write_npy(data.output_file, len(examples), rows)
    else:
      _write_json(data.output_file, layers, rows, tokenizer)
  finally:
    shutil.rmtree(folder)


def _load(data):
  """Returns the tokenizer and the encoder.

  Raises:
    UserError: they are not those that the encoder was trained with.
  """
  encoder = registry.read(data.bert_config_file)
  data = encoder.with_tokenizer(data)
  tokenizer = vocabulary.load_tokenizer(data.vocab_file, data.do_lower_case,
                                        data.tokenizer, encoder.layout)
  registry.check_sizes(encoder, data.bert_config_file, data.max_seq_length,
                       vocabulary.num_entries(tokenizer.vocab))
  folder, task = _task_of(data)
  for difference in model_settings.encoder_differences(
      task, data, data.vocab_file, encoder):
    raise UserError("--init_checkpoint: %s was trained with %s" % (
        folder, difference))
  others = model_settings.changed_architecture(task)
  if others:
    tf.logging.info("%s was trained with %s, which these vectors do not have: "
                    "they are of the encoder alone", folder, " ".join(others))
  return tokenizer, encoder


def with_model(data: VectorOptions) -> VectorOptions:
  """Returns the options, in which settings that are not given are those that
  the encoder was trained with."""
  # Flags that share their name with settings of the head, or of its texts.
  task = {name: value for name, value in _task_of(data)[1].items()
          if name not in ("max_seq_length", "pooling")}
  return model_settings.adopt_into(data, task)


def _task_of(data):
  """Returns the folder of --init_checkpoint and the content of its task.json.
  """
  folder, task = task_file.of_checkpoint(data.init_checkpoint)
  return folder, model_settings.with_new_names(task)


def write_export(data: VectorOptions) -> str:
  """Exports an encoder that returns vectors; returns its folder.

  Raises:
    UserError: something is not there, or does not fit.
  """
  data = with_model(data)
  tokenizer, encoder = _load(data)
  head = VectorHead(read_layers(data, encoder.num_layers),
                    data.text_vectors,
                    encoder.layout.special_ids(tokenizer.vocab),
                    encoder.layout)
  spec = records.feature_spec({}, data.max_seq_length)
  shapes = Model(encoder, head).variable_shapes(
      lambda: records.placeholders(spec))
  checkpoints.check_init(data.init_checkpoint, shapes, encoder)
  task = export.describe(encoder, head, {
      "task": "encoder", exports.VECTORS: data.text_vectors,
      "vector_layer": data.layers, "max_seq_length": data.max_seq_length,
      "do_lower_case": data.do_lower_case,
      "tokenizer": vocabulary.kind_of(tokenizer), "num_windows": 1,
      **encoder.family_facts()}, (
          read_examples(data.input_file) if data.input_file else None))
  files.make_folder(data.output_dir)
  with locks.locked(data.output_dir):
    return export.write(data.output_dir, export.ExportSpec(
        encoder, head, data.init_checkpoint, data.vocab_file, task))


class _Extractor:
  """Runs an encoder on texts, which are written to a record file first."""

  def __init__(self, data, runtime, model):
    """Raises UserError unless the checkpoint fits the model."""
    self._model = model
    self._spec = records.feature_spec({}, data.max_seq_length)
    self._data = data
    self._runtime = runtime
    checkpoints.check_init(data.init_checkpoint, model.variable_shapes(
        lambda: records.placeholders(self._spec)), model.encoder)

  def rows(self, examples, tokenizer):
    """Yields the outputs for each text, in their order.

    Raises:
      UserError: an output is NaN or infinite.
    """
    workers = distribution.workers()
    self._path, num_batches = workers.of_machine(
        lambda: self._write(examples, tokenizer))
    if self._runtime.use_tpu:
      input_fn = input_fns.ordered_input_fn(self._path, self._spec, True)
    else:
      input_fn = input_fns.by_length_input_fn(self._path, self._spec)
    batches = self._runtime.make_estimator(self._model.model_fn).predict(
        input_fn, hooks=workers.hooks(), yield_single_examples=False)
    # The Estimator's graph is in use in it.
    with contextlib.closing(batches), checkpoint_files.explaining(
        self._data.init_checkpoint):
      for row in dataset_outputs.in_input_order(
          console.bar(workers.merge(batches, num_batches), num_batches,
                      "Reading texts"), len(examples)):
        dataset_outputs.check_finite(row, self._data.init_checkpoint)
        yield row

  def _write(self, examples, tokenizer):
    """Writes the texts as records; returns the file and its number of batches.
    """
    batch_size = self._data.batch_size
    missing = -len(examples) % batch_size if self._runtime.use_tpu else 0
    encoder = features.TextEncoder(tokenizer, self._data.max_seq_length,
                                   layout=self._model.encoder.layout)
    encoded = [encoder.encode_text(each.text_a, each.text_b)
               for each in examples] + [encoder.empty()] * missing
    record = record_encoder.RecordEncoder(self._spec)
    path = os.path.join(self._runtime.run.output_dir, "texts.tf_record")
    records.write_records(path, (
        record.encode(features.to_features(each, {}).values())
        for each in encoded))
    return path, -(-len(encoded) // batch_size)


def read_layers(data, num_layers: int) -> List[int]:
  """Returns the numbers of the requested layers; raises UserError."""
  try:
    layers = [int(number) for number in data.layers.split(",")]
  except ValueError:
    raise UserError("--layers=%s: must be numbers with commas between them" %
                    data.layers)
  for number in layers:
    if not -num_layers <= number < num_layers:
      raise UserError("--layers=%s: the model has %d layers, -%d to -1" % (
          data.layers, num_layers, num_layers))
  return layers


def read_examples(path: str) -> List[InputExample]:
  """Returns a file's texts, one per line; raises UserError if there is none."""
  lines = files.read_text(path, "--input_file").split("\n")
  if not lines[-1]:
    lines.pop()
  if not lines:
    raise UserError("--input_file=%s: the file is empty" % path)
  examples = [InputExample(str(index), *formats.split_pair(line.rstrip("\r")))
              for index, line in enumerate(lines)]
  _warn_of_halves(path, examples)
  return examples


def _warn_of_halves(path, examples):
  """Warns of lines whose separator has text on one side only."""
  found = [int(each.guid) + 1 for each in examples
           if each.text_b is None and formats.is_half(each.text_a)]
  if found:
    tf.logging.warning(
        "--input_file=%s: %d lines begin or end with |||, the first at line "
        "%d; they are read as one text, ||| included, as by the reference "
        "release", path, len(found), found[0])


def _write_json(path, layers, rows, tokenizer):
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "w") as writer:
      for index, row in enumerate(rows):
        parts = []
        for position, token in enumerate(tokenizer.convert_ids_to_tokens(
            row["input_ids"][:row["input_mask"].sum()])):
          parts.append({"token": token, "layers": [
              {"index": number, "values": [
                  round(float(value), 6)
                  for value in row["layer_%d" % number][position]]}
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
