"""Converts weights between checkpoints and Hugging Face's folders.

What a family is called there is in bert/encoders; here are the heads.
"""

import json
import os
import re
import typing
from typing import Dict, List, Optional, Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import libraries
from bert.common.errors import UserError
from bert.encoders import registry as encoders
from bert.encoders.base import EncoderClass
from bert.encoders.hugging_face import HuggingFaceNames
from bert.encoders.hugging_face import dense
from bert.encoders.hugging_face import norm
from bert.heads import registry
from bert.model import checkpoint_files
from bert.interchange import hugging_face_config
from bert.interchange import tensor_files

Weights = Dict[str, np.ndarray]

# Head's or pre-training's name in a checkpoint -> in Hugging Face's folder;
# kernels are transposed.
_RULES = (
    (r"cls/squad/output_weights$", "qa_outputs.weight"),
    (r"cls/squad/output_bias$", "qa_outputs.bias"),
    (r"output_weights$", "classifier.weight"),
    (r"output_bias$", "classifier.bias"),
    (r"cls/predictions/output_bias$", "cls.predictions.bias"),
    (r"cls/seq_relationship/output_weights$", "cls.seq_relationship.weight"),
    (r"cls/seq_relationship/output_bias$", "cls.seq_relationship.bias"))
_ENDS = (("/kernel", ".weight"), ("/gamma", ".weight"), ("/beta", ".bias"))
# Buffers.
_IGNORED = re.compile(r"(^|\.)(position_ids|token_type_ids)$")
_HEADS = tuple(["output_weights", "output_bias"] + dense(
    "cls/predictions/transform/dense") + norm("cls/predictions/transform") + [
        "cls/squad/output_weights", "cls/squad/output_bias",
        "cls/predictions/output_bias", "cls/seq_relationship/output_weights",
        "cls/seq_relationship/output_bias"])
# The output layer for masked words, whose weights are the word embeddings.
_DECODER = "cls.predictions.decoder."


class Model(typing.NamedTuple):
  """A model, independent of its format.

  Attributes:
    weights: by their names in checkpoints.
    config: as bert_config.json has it.
    labels: in order; None if it has none.
    vocab: text of vocab.txt; None if it has none.
    do_lower_case: None if unknown.
    head: kind of the fine-tuned head, as in task.json; None if unknown.
    notes: content of README.md, which is not written without.
  """
  weights: Weights
  config: dict
  labels: Optional[List[str]] = None
  vocab: Optional[str] = None
  do_lower_case: Optional[bool] = None
  head: Optional[str] = None
  notes: Sequence[str] = ()


def tensor_name(name: str, names: HuggingFaceNames) -> str:
  """Returns the name of a variable's tensor in a Hugging Face folder."""
  for pattern, replacement in names.rules + _RULES:
    if re.match(pattern, name):
      name = re.sub(pattern, replacement, name)
      break
  for tf_end, hf_end in _ENDS:
    if name.endswith(tf_end):
      name = name[:-len(tf_end)] + hf_end
  return name.replace("/", ".")


def read_hugging_face(folder: str, is_exact: bool = False,
                      is_trusted: bool = False) -> Model:
  """Reads a folder with config.json and model.safetensors, or
  pytorch_model.bin.

  Args:
    folder: path.
    is_exact: whether "gelu" stays the erf form, as in Hugging Face.
    is_trusted: as of tensor_files.read.

  Raises:
    UserError: it is no BERT, or a file is missing.
  """
  path = os.path.join(folder, "config.json")
  theirs = files.read_json(path)
  encoder = hugging_face_config.check(theirs, path)
  config = dict({key: theirs[key] for key in encoder.hugging_face.config_keys},
                **encoder.family_facts())
  config["hidden_act"] = hugging_face_config.our_activation(
      theirs.get("hidden_act", "gelu"), is_exact, path)
  tensors = tensor_files.read(folder, _IGNORED, is_trusted)
  weights = _to_ours(tensors, encoder, config, folder)
  hugging_face_config.check_shapes(weights, config, folder, path)
  _warn_of_missing(folder, encoder, weights)
  return Model(weights, config, _labels_of(theirs, weights),
               _read_text(os.path.join(folder, "vocab.txt")),
               _do_lower_case(os.path.join(folder, "tokenizer_config.json")))


def write_hugging_face(folder: str, model: Model) -> None:
  """Writes a new folder with config.json, model.safetensors and vocab.txt, and
  README.md if there are notes.

  Raises:
    UserError: the folder exists, safetensors is not installed, or Hugging Face
      has no such model or weight.
  """
  _check_new(folder)
  encoder = encoders.hugging_face_class(model.config)
  weights = {name: values for name, values in model.weights.items()
             if not checkpoint_files.is_training_state(name)}
  known = set(_variables(encoder, model.config))
  for name in sorted(set(weights) - known):
    raise UserError("%s has no place in Hugging Face's classes of %s" % (
        name, encoder.title))
  hugging_face_config.check_shapes(weights, model.config, "the checkpoint",
                                   "bert_config.json")
  libraries.check_library("safetensors", "a Hugging Face folder",
                        "-r requirements-interchange.txt")
  from safetensors import numpy as safetensors
  tensors = {}
  for name, values in weights.items():
    tensors[tensor_name(name, encoder.hugging_face)] = np.ascontiguousarray(
        values.T if name.endswith("/kernel") else values)
  tf.gfile.MakeDirs(folder)
  files.write_text(os.path.join(folder, "config.json"), [json.dumps(
      _their_config(model, encoder.hugging_face), indent=2, sort_keys=True,
      ensure_ascii=False)])
  files.write_text(os.path.join(folder, "tokenizer_config.json"), [json.dumps(
      {"do_lower_case": model.do_lower_case is not False,
       "tokenizer_class": "BertTokenizer"})])
  if model.notes:
    files.write_text(os.path.join(folder, "README.md"),
                     ["# What config.json does not say", ""] +
                     ["- " + each for each in model.notes])
  if model.vocab is not None:
    _write_raw(os.path.join(folder, "vocab.txt"), model.vocab.encode("utf-8"))
  _write_raw(os.path.join(folder, "model.safetensors"),
             safetensors.save(tensors, {"format": "pt"}))


def _check_new(folder):
  if tf.gfile.Exists(folder):
    raise UserError("%s: is there already; give another" % folder)


def _their_config(model, names):
  activation = model.config["hidden_act"]
  config = {key: model.config[key] for key in names.config_keys}
  config.update(
      model_type=names.model_type, layer_norm_eps=1e-12, pad_token_id=0,
      hidden_act={"gelu": "gelu_new", "gelu_exact": "gelu"}.get(activation,
                                                                 activation),
      architectures=[names.class_name(_architecture(model.weights))])
  if "output_weights" in model.weights:
    head = registry.class_of(model.head or registry.DEFAULT_KIND)
    config["architectures"] = [names.class_name(head.hugging_face_class)]
    if head.hugging_face_problem:
      config["problem_type"] = head.hugging_face_problem
    num_outputs = len(model.weights["output_bias"])
    labels = model.labels or ["LABEL_%d" % index
                              for index in range(num_outputs)]
    if len(labels) == num_outputs:  # Choices are scored one by one.
      config["id2label"] = dict(enumerate(labels))
      config["label2id"] = {label: index for index, label in enumerate(labels)}
  return config


def _architecture(weights):
  """Returns BERT's class of such weights."""
  if "cls/seq_relationship/output_weights" in weights:
    return "BertForPreTraining"
  if "cls/squad/output_weights" in weights:
    return "BertForQuestionAnswering"
  return ("BertForMaskedLM" if "cls/predictions/output_bias" in weights else
          "BertModel")


def _labels_of(theirs, weights):
  if "output_weights" not in weights:
    return None
  count = weights["output_weights"].shape[0]
  names = theirs.get("id2label") or {}
  return [str(names.get(str(index), "LABEL_%d" % index))
          for index in range(count)]


def _variables(encoder, config):
  """Returns the variables that a folder may have."""
  return encoder.hugging_face.variables(config) + list(_HEADS)


def _to_ours(tensors: Weights, encoder: EncoderClass, config: dict,
             folder: str) -> Weights:
  """Returns weights by their names in checkpoints."""
  names = encoder.hugging_face
  prefix = names.tensor_prefix
  if not any(name.startswith(prefix) for name in tensors):
    tensors = {name if name.startswith(
        ("cls.", "classifier.", "qa_outputs.")) else
             prefix + name: values for name, values in tensors.items()}
  tensors = _without_decoder(tensors, encoder, folder)
  known = {tensor_name(name, names): name
           for name in _variables(encoder, config)}
  weights = {}
  for name, values in tensors.items():
    # As in older folders.
    modern = name.replace(".gamma", ".weight").replace(".beta", ".bias")
    if modern not in known:
      raise UserError("%s: tensor %s is not of a %s that this program knows" %
                      (folder, name, encoder.title))
    ours = known[modern]
    weights[ours] = np.ascontiguousarray(
        values.T if ours.endswith("/kernel") else values)
  missing = [name for name in known.values()
             if encoder.owns(name) and not encoder.is_pooler(name) and
             name not in weights]
  if missing:
    raise UserError("%s: %s is not there" % (
        folder, tensor_name(missing[0], names)))
  return weights


def _without_decoder(tensors, encoder, folder):
  """Returns tensors without the second copies of the embeddings and the bias;
  raises UserError if the copies differ."""
  tensors = dict(tensors)
  words = encoder.hugging_face.tensor_prefix + (
      "embeddings.word_embeddings.weight")
  for end, name in (("weight", words), ("bias", "cls.predictions.bias")):
    values = tensors.pop(_DECODER + end, None)
    if values is None:
      continue
    if name == "cls.predictions.bias":
      tensors.setdefault(name, values)
    if name in tensors and not np.array_equal(tensors[name], values):
      raise UserError("%s: %s%s is not equal to %s, as it is in a %s; the "
                      "model can't be converted without loss" % (
                          folder, _DECODER, end, name, encoder.title))
  return tensors


def _warn_of_missing(folder, encoder, weights):
  if not tf.gfile.Exists(os.path.join(folder, "vocab.txt")):
    tf.logging.warning(
        "%s has no vocab.txt (tokenizer.json does not stand for it): give the "
        "model's own as --vocab_file", folder)
  if encoder.pooler_scope and not any(map(encoder.is_pooler, weights)):
    tf.logging.warning(
        "%s has no pooler: it starts from random values, where --pooling=cls "
        "reads it", folder)


def _do_lower_case(path):
  if not tf.gfile.Exists(path):
    return None
  return files.read_json(path, needed="an object").get("do_lower_case")


def _read_text(path):
  return files.read_text(path) if tf.gfile.Exists(path) else None


def _write_raw(path, content):
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "wb") as writer:
      writer.write(content)
