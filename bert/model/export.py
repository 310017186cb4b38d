"""Writes an export: a folder with graph, weights, vocabulary and settings."""

import itertools
import json
import os
import re
import time
import typing
from typing import Any, Dict, Iterable, List, Optional, Union

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.data.examples import InputExample
from bert.encoders.base import Encoder
from bert.heads.base import Head
from bert.model import checkpoint_files
from bert.model import model_function
from bert.model import onnx_files

# Lists the files of an export with their sizes and digests.
FILES = "files.json"
INPUTS = ("input_ids", "input_mask", "segment_ids")
# Key of the sample inputs in task.json.
SAMPLES = "sample_inputs"
# Number of sample inputs, of examples to choose from, and of characters at
# most.
_NUM_SAMPLES, _MAX_EXAMPLES, _MAX_CHARS = 5, 1000, 1000
# TensorFlow Serving has numbers of 63 bits.
_NUMBER, _MAX_NUMBER = re.compile(r"[0-9]+"), 2**63 - 1
TAGS = [tf.saved_model.tag_constants.SERVING]


class ExportSpec(typing.NamedTuple):
  """What is exported.

  Attributes:
    encoder, head: the model's.
    checkpoint: path of its weights.
    vocab_file: path.
    task: the content of task.json, and how texts are read.
  """
  encoder: Encoder
  head: Head
  checkpoint: str
  vocab_file: str
  task: dict


def write(output_dir: str, spec: ExportSpec, has_onnx: bool = False) -> str:
  """Writes output_dir/export/<unix time>/, all or nothing.

  Args:
    output_dir: path.
    spec: what is exported.
    has_onnx: whether the folder gets ONNX files, too.

  Returns:
    The folder. Its number is higher than all existing ones, even if the clock
    was set back, since the highest number is the newest export.
  """
  parent = os.path.join(output_dir, "export")
  tf.gfile.MakeDirs(parent)
  number = _next_number(parent)
  folder = os.path.join(parent, str(number))
  partial = os.path.join(parent, ".%d.partial" % number)
  if tf.gfile.Exists(partial):
    tf.gfile.DeleteRecursively(partial)
  assets = os.path.join(parent, ".%d.assets" % number)
  _write_assets(assets, spec)
  _write_model(partial, assets, spec)
  if has_onnx:
    _write_onnx(partial, spec)
  tf.gfile.DeleteRecursively(assets)
  _write_list(partial)
  tf.gfile.Rename(partial, folder)
  tf.logging.info("Exported %s to %s", spec.checkpoint, folder)
  return folder


def number_of(name: str) -> Optional[int]:
  """Returns the number that the name of an export's folder is, None if it is
  none: 0 to 2**63 - 1, in ASCII digits."""
  name = name.rstrip("/")
  if not _NUMBER.fullmatch(name):
    return None
  # Python refuses to convert thousands of digits.
  digits = name.lstrip("0") or "0"
  number = int(digits) if len(digits) < 20 else _MAX_NUMBER + 1
  return number if number <= _MAX_NUMBER else None


def describe(encoder: Encoder, head: Head,
             settings: Dict[str, Any],
             samples: Optional[Iterable[InputExample]]) -> Dict[str, Any]:
  """Returns the content of an export's task.json.

  Args:
    encoder, head: the model's.
    settings: what else it says, at least max_seq_length, do_lower_case,
      tokenizer and num_windows, by which texts are read.
    samples: examples, of which a few are kept to try the model with; None: it
      says nothing of them.
  """
  task = dict(settings, **encoder.limits())
  if samples is not None:
    task[SAMPLES] = sample_inputs(head, samples)
  return task


def sample_inputs(head: Head, examples: Iterable[InputExample]
                  ) -> List[Dict[str, Union[str, List[str]]]]:
  """Returns a few short inputs of a dataset, with different labels if possible,
  in the form of a request."""
  short = []
  for example in itertools.islice(examples, _MAX_EXAMPLES):
    sample = head.sample_input(example)
    if sample and len(str(sample)) <= _MAX_CHARS and sample not in [
        each for _, each in short]:
      short.append((str(example.label), sample))
  seen = set()
  first = [index for index, (label, _) in enumerate(short)
           if label not in seen and not seen.add(label)]
  others = [index for index in range(len(short)) if index not in set(first)]
  return [short[index][1] for index in (first + others)[:_NUM_SAMPLES]]


def _next_number(parent):
  # On object stores an empty folder is none.
  names = tf.gfile.ListDirectory(parent) if tf.gfile.IsDirectory(
      parent) else []
  numbers = map(number_of, names)
  return max([int(time.time())] + [number + 1 for number in numbers
                                   if number is not None])


def _write_assets(folder, spec):
  tf.gfile.MakeDirs(folder)
  files.write_text(os.path.join(folder, "task.json"), [json.dumps(
      spec.task, indent=2, sort_keys=True, ensure_ascii=False)])
  files.write_text(os.path.join(folder, "labels.txt"),
                   spec.head.labels or ["score"])
  tf.gfile.Copy(spec.vocab_file, os.path.join(folder, "vocab.txt"),
                overwrite=True)


def _write_list(folder):
  """Writes the list of a folder's files; the last of them, since it says that
  all others are whole."""
  listed = {}
  for parent, _, names in tf.gfile.Walk(folder):
    for name in names:
      path = os.path.join(parent, name)
      listed[os.path.relpath(path, folder).replace(os.sep, "/")] = {
          "size": tf.gfile.Stat(path).length,
          "sha256": files.sha256(path)}
  files.write_text(os.path.join(folder, FILES), [json.dumps(
      {"files": listed}, indent=2, sort_keys=True)])


def _write_model(folder, assets, spec):
  with tf.Graph().as_default(), tf.Session() as session:
    signatures = {
        name: tf.saved_model.signature_def_utils.predict_signature_def(*each)
        for name, each in _signatures(spec, session).items()}
    for name in ("vocab.txt", "labels.txt", "task.json"):
      tf.add_to_collection(tf.GraphKeys.ASSET_FILEPATHS, tf.constant(
          os.path.join(assets, name)))
    builder = tf.saved_model.builder.SavedModelBuilder(folder)
    builder.add_meta_graph_and_variables(
        session, TAGS, signature_def_map=signatures,
        assets_collection=tf.get_collection(tf.GraphKeys.ASSET_FILEPATHS),
        # Older versions do not know the attributes of newer ones.
        strip_default_attrs=True)
    builder.save()


def _write_onnx(folder, spec):
  with tf.Graph().as_default(), tf.Session() as session:
    # ONNX Runtime is faster with matrices of known shapes.
    signatures = _signatures(spec, session, drop_padding=False)
    for name, (inputs, outputs) in signatures.items():
      onnx_files.write(folder, name, session, inputs, outputs)


def _signatures(spec, session, drop_padding=True):
  """Builds the model and restores its weights; returns the signatures."""
  inputs = _placeholders(max(spec.task["num_windows"],
                             spec.head.num_sequences))
  outputs = model_function.Model(
      spec.encoder, spec.head, drop_padding=drop_padding).forward(inputs)
  signatures = spec.head.serving_signatures(inputs, outputs)
  with checkpoint_files.explaining(spec.checkpoint):
    tf.train.Saver().restore(session, spec.checkpoint)
  return signatures


def _placeholders(num_sequences):
  shape = [None] + [num_sequences] * (num_sequences > 1) + [None]
  return {name: tf.placeholder(tf.int32, shape, name) for name in INPUTS}
