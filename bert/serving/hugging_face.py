"""Weights between BERT checkpoints and Hugging Face's folders.

Source: https://huggingface.co/docs/transformers/model_doc/bert.
"""

import json
import os
import re
import typing
from typing import Dict, List, Optional

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common import libraries
from bert.common.errors import UserError
from bert.heads import registry
from bert.training import model_settings

Weights = Dict[str, np.ndarray]

# Ours -> theirs, of names; kernels are transposed between them.
_RULES = (
    (r"bert/embeddings/(\w+_embeddings)$", r"bert.embeddings.\1.weight"),
    (r"bert/encoder/layer_(\d+)/(.*)$", r"bert.encoder.layer.\1.\2"),
    (r"output_weights$", "classifier.weight"),
    (r"output_bias$", "classifier.bias"),
    (r"cls/predictions/output_bias$", "cls.predictions.bias"),
    (r"cls/seq_relationship/output_weights$", "cls.seq_relationship.weight"),
    (r"cls/seq_relationship/output_bias$", "cls.seq_relationship.bias"))
_ENDS = (("/kernel", ".weight"), ("/gamma", ".weight"), ("/beta", ".bias"))
# Buffers and what is tied to the word embeddings.
_IGNORED = re.compile(r"(^|\.)(position_ids|token_type_ids)$|"
                      r"^cls\.predictions\.decoder\.")
_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers",
          "num_attention_heads", "intermediate_size", "hidden_dropout_prob",
          "attention_probs_dropout_prob", "max_position_embeddings",
          "type_vocab_size", "initializer_range")


class Model(typing.NamedTuple):
  """A model without its format.

  Attributes:
    weights: by our names.
    config: as bert_config.json has it.
    labels: in order; None if it has none.
    vocab: text of vocab.txt; None if it has none.
    do_lower_case: None if nobody says.
    head: what was fine-tuned, as task.json has it; None if nobody says.
  """
  weights: Weights
  config: dict
  labels: Optional[List[str]] = None
  vocab: Optional[str] = None
  do_lower_case: Optional[bool] = None
  head: Optional[str] = None


def check_task(task: dict) -> None:
  """Raises UserError for a fine-tuned model that Hugging Face has no class of.

  Args:
    task: what task.json says; {} for a model without.
  """
  if task.get("labels") is not None and not registry.class_of(
      task["head"]).hugging_face_class:
    raise UserError("Hugging Face has no class of BERT for %s tasks" %
                    task["head"])
  for flag in model_settings.changed_architecture(task):
    raise UserError("the model was trained with %s, which Hugging Face's "
                    "classes of BERT do not have" % flag)


def their_name(name: str) -> str:
  """Returns Hugging Face's name of one of ours."""
  for pattern, replacement in _RULES:
    if re.match(pattern, name):
      name = re.sub(pattern, replacement, name)
      break
  for ours, theirs in _ENDS:
    if name.endswith(ours):
      name = name[:-len(ours)] + theirs
  return name.replace("/", ".")


def read_hugging_face(folder: str, is_exact: bool = False) -> Model:
  """Reads a folder with config.json and model.safetensors, or
  pytorch_model.bin.

  Args:
    folder: path.
    is_exact: whether "gelu" is to be the erf form, as theirs is.

  Raises:
    UserError: it is no BERT, or something is not there.
  """
  path = os.path.join(folder, "config.json")
  theirs = files.read_json(path)
  if theirs.get("model_type", "bert") != "bert":
    raise UserError("%s: model_type is %r, needed is \"bert\"" % (
        path, theirs["model_type"]))
  for key in _SIZES:
    if key not in theirs:
      raise UserError("%s: it lacks %s" % (path, key))
  config = {key: theirs[key] for key in _SIZES}
  config["hidden_act"] = _our_activation(theirs.get("hidden_act", "gelu"),
                                         is_exact, path)
  tensors = _read_tensors(folder)
  weights = _to_ours(tensors, config["num_hidden_layers"], folder)
  return Model(weights, config, _labels_of(theirs, weights),
               _read_text(os.path.join(folder, "vocab.txt")),
               _do_lower_case(os.path.join(folder, "tokenizer_config.json")))


def write_hugging_face(folder: str, model: Model) -> None:
  """Writes a new folder with config.json, model.safetensors and vocab.txt.

  Raises:
    UserError: the folder is there, safetensors is not, or a weight has no place
      there.
  """
  _check_new(folder)
  known = set(_our_names(model.config["num_hidden_layers"])) | {"global_step"}
  for name in sorted(set(model.weights) - known):
    raise UserError("%s has no place in Hugging Face's classes of BERT" % name)
  libraries.check_library("safetensors", "a Hugging Face folder",
                        "-r requirements-interchange.txt")
  from safetensors import numpy as safetensors
  tensors = {}
  for name, values in model.weights.items():
    if name != "global_step":
      tensors[their_name(name)] = np.ascontiguousarray(
          values.T if name.endswith("/kernel") else values)
  tf.gfile.MakeDirs(folder)
  files.write_text(os.path.join(folder, "config.json"), [json.dumps(
      _their_config(model), indent=2, sort_keys=True, ensure_ascii=False)])
  files.write_text(os.path.join(folder, "tokenizer_config.json"), [json.dumps(
      {"do_lower_case": model.do_lower_case is not False,
       "tokenizer_class": "BertTokenizer"})])
  if model.vocab is not None:
    _write_raw(os.path.join(folder, "vocab.txt"), model.vocab.encode("utf-8"))
  _write_raw(os.path.join(folder, "model.safetensors"),
             safetensors.save(tensors, {"format": "pt"}))


def _check_new(folder):
  if tf.gfile.Exists(folder):
    raise UserError("%s: is there already; give another" % folder)


def _our_activation(name, is_exact, path):
  if name in ("gelu_new", "gelu_pytorch_tanh"):
    return "gelu"
  if name == "gelu":
    if is_exact:
      return "gelu_exact"
    tf.logging.warning(
        "%s: \"gelu\" there is the erf form, ours the tanh form, which differs "
        "by up to 0.0005 a value; --exact_gelu keeps theirs, but is slower",
        path)
    return "gelu"
  if name in ("relu", "tanh", "linear"):
    return name
  raise UserError("%s: hidden_act %r is not known; known: gelu gelu_new "
                  "gelu_pytorch_tanh relu tanh linear" % (path, name))


def _their_config(model):
  activation = model.config["hidden_act"]
  config = {key: model.config[key] for key in _SIZES}
  config.update(
      model_type="bert", layer_norm_eps=1e-12, pad_token_id=0,
      hidden_act={"gelu": "gelu_new", "gelu_exact": "gelu"}.get(activation,
                                                                 activation),
      architectures=[_architecture(model.weights)])
  if "output_weights" in model.weights:
    head = registry.class_of(model.head or registry.DEFAULT_KIND)
    config["architectures"] = [head.hugging_face_class]
    if head.hugging_face_problem:
      config["problem_type"] = head.hugging_face_problem
    labels = model.labels or ["LABEL_%d" % index for index in range(
        len(model.weights["output_bias"]))]
    config["id2label"] = dict(enumerate(labels))
    config["label2id"] = {label: index for index, label in enumerate(labels)}
  return config


def _architecture(weights):
  if "cls/seq_relationship/output_weights" in weights:
    return "BertForPreTraining"
  return ("BertForMaskedLM" if "cls/predictions/output_bias" in weights else
          "BertModel")


def _labels_of(theirs, weights):
  if "output_weights" not in weights:
    return None
  count = weights["output_weights"].shape[0]
  names = theirs.get("id2label") or {}
  return [str(names.get(str(index), "LABEL_%d" % index))
          for index in range(count)]


def _to_ours(tensors, num_layers, folder):
  """Returns weights by our names."""
  if not any(name.startswith("bert.") for name in tensors):
    tensors = {name if name.startswith(("cls.", "classifier.")) else
             "bert." + name: values for name, values in tensors.items()}
  known = {their_name(name): name for name in _our_names(num_layers)}
  weights = {}
  for name, values in tensors.items():
    if _IGNORED.search(name):
      continue
    # As older folders have them.
    modern = name.replace(".gamma", ".weight").replace(".beta", ".bias")
    if modern not in known:
      raise UserError("%s: tensor %s is not of a BERT that this program knows" %
                      (folder, name))
    ours = known[modern]
    weights[ours] = np.ascontiguousarray(
        values.T if ours.endswith("/kernel") else values)
  missing = [name for name in known.values()
             if name.startswith(("bert/embeddings", "bert/encoder")) and
             name not in weights]
  if missing:
    raise UserError("%s: %s is not there" % (folder, their_name(missing[0])))
  return weights


def _our_names(num_layers):
  dense = lambda scope: [scope + "/kernel", scope + "/bias"]
  norm = lambda scope: [scope + "/LayerNorm/gamma", scope + "/LayerNorm/beta"]
  names = ["bert/embeddings/%s_embeddings" % each
           for each in ("word", "position", "token_type")]
  names += norm("bert/embeddings")
  for number in range(num_layers):
    layer = "bert/encoder/layer_%d/" % number
    for each in ("query", "key", "value"):
      names += dense(layer + "attention/self/" + each)
    names += (dense(layer + "attention/output/dense") +
              norm(layer + "attention/output") +
              dense(layer + "intermediate/dense") +
              dense(layer + "output/dense") + norm(layer + "output"))
  return names + dense("bert/pooler/dense") + [
      "output_weights", "output_bias"] + dense(
          "cls/predictions/transform/dense") + norm(
              "cls/predictions/transform") + [
                  "cls/predictions/output_bias",
                  "cls/seq_relationship/output_weights",
                  "cls/seq_relationship/output_bias"]


def _read_tensors(folder):
  path = os.path.join(folder, "model.safetensors")
  if tf.gfile.Exists(path):
    libraries.check_library("safetensors", path,
                          "-r requirements-interchange.txt")
    from safetensors import numpy as safetensors
    with tf.gfile.GFile(path, "rb") as reader:
      return safetensors.load(reader.read())
  path = os.path.join(folder, "pytorch_model.bin")
  if not tf.gfile.Exists(path):
    raise UserError("%s: neither model.safetensors nor pytorch_model.bin is "
                    "there" % folder)
  libraries.check_library("torch", path)
  import torch
  with tf.gfile.GFile(path, "rb") as reader:
    loaded = torch.load(reader, map_location="cpu", weights_only=True)
  return {name: values.float().numpy() for name, values in loaded.items()}


def _do_lower_case(path):
  return (files.read_json(path).get("do_lower_case") if tf.gfile.Exists(path)
          else None)


def _read_text(path):
  return files.read_text(path) if tf.gfile.Exists(path) else None


def _write_raw(path, content):
  with files.replacing(path) as partial:
    with tf.gfile.GFile(partial, "wb") as writer:
      writer.write(content)
