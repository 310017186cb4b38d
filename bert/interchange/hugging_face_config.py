"""Checks the config of a Hugging Face folder, by itself and with the
tensors."""

import re
from typing import Any, Dict

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError

SIZES = ("vocab_size", "hidden_size", "num_hidden_layers",
         "num_attention_heads", "intermediate_size", "hidden_dropout_prob",
         "attention_probs_dropout_prob", "max_position_embeddings",
         "type_vocab_size", "initializer_range")
# Keys of a config that change the model, and their only supported values.
_FIXED = {"layer_norm_eps": 1e-12, "position_embedding_type": "absolute",
          "is_decoder": False, "add_cross_attention": False}


def check(config: Any, path: str) -> None:
  """Raises UserError for a config that is not of BERT, or of an unsupported
  variant."""
  if not isinstance(config, dict):
    raise UserError("%s: not a JSON object" % path)
  if config.get("model_type", "bert") != "bert":
    raise UserError("%s: model_type is %r, needed is \"bert\"" % (
        path, config["model_type"]))
  for key in SIZES:
    if key not in config:
      raise UserError("%s: it lacks %s" % (path, key))
    value = config[key]
    is_whole = isinstance(value, int) or key.endswith(("_prob", "_range"))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (
        not is_whole):
      raise UserError("%s: %s is %r, a number is needed" % (path, key, value))
  for key, value in _FIXED.items():
    if config.get(key, value) != value:
      raise UserError("%s: %s is %r; this program computes with %r alone, "
                      "which would give other numbers" % (
                          path, key, config[key], value))


def check_shapes(weights: Dict[str, np.ndarray], config: dict, source: str,
                 config_path: str) -> None:
  """Raises UserError for a weight whose shape is not that of the config."""
  hidden, inner = config["hidden_size"], config["intermediate_size"]
  shapes = {"word_embeddings": (config["vocab_size"], hidden),
            "position_embeddings": (config["max_position_embeddings"], hidden),
            "token_type_embeddings": (config["type_vocab_size"], hidden),
            "intermediate/dense/kernel": (hidden, inner),
            "intermediate/dense/bias": (inner,),
            r"layer_\d+/output/dense/kernel": (inner, hidden),
            "cls/predictions/output_bias": (config["vocab_size"],),
            "cls/squad/output_weights": (2, hidden),
            "cls/squad/output_bias": (2,),
            "cls/seq_relationship/output_weights": (2, hidden),
            "cls/seq_relationship/output_bias": (2,),
            "kernel": (hidden, hidden), "(bias|gamma|beta)": (hidden,)}
  for name, values in sorted(weights.items()):
    if name.startswith("output_"):
      continue  # A head's weights, whose size is the number of labels.
    shape = next(shape for end, shape in shapes.items()
                 if re.search("(^|/)%s$" % end, name))
    if values.shape != shape:
      raise UserError("%s: %s has shape %s, by %s it has %s; the config is "
                      "another model's" % (
                          source, name, list(values.shape), config_path,
                          list(shape)))


def our_activation(name: str, is_exact: bool, path: str) -> str:
  """Returns the name of Hugging Face's activation in bert_config.json; raises
  UserError."""
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
