"""Checks the config of a Hugging Face folder, by itself and with the
tensors."""

import re
from typing import Any, Dict

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.encoders import registry
from bert.encoders.base import EncoderClass
from bert.encoders.base import MODEL_TYPE


def check(config: Any, path: str) -> EncoderClass:
  """Returns the family of a config; raises UserError for an unknown one, or an
  unsupported variant."""
  if not isinstance(config, dict):
    raise UserError("%s: not a JSON object" % path)
  encoder = registry.class_of_hugging_face(config.get(MODEL_TYPE))
  names = encoder.hugging_face
  if config.get(MODEL_TYPE, names.model_type) != names.model_type:
    raise UserError("%s: model_type is %r, needed is \"%s\"" % (
        path, config[MODEL_TYPE], names.model_type))
  for key in names.config_keys:
    if key not in config:
      raise UserError("%s: it lacks %s" % (path, key))
    value = config[key]
    is_whole = isinstance(value, int) or key.endswith(("_prob", "_range"))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or (
        not is_whole):
      raise UserError("%s: %s is %r, a number is needed" % (path, key, value))
  for key, value in names.fixed_values.items():
    if config.get(key, value) != value:
      raise UserError("%s: %s is %r; this program computes with %r alone, "
                      "which would give other numbers" % (
                          path, key, config[key], value))
  return encoder


def check_shapes(weights: Dict[str, np.ndarray], config: dict, source: str,
                 config_path: str) -> None:
  """Raises UserError for a weight whose shape is not that of the config."""
  hidden = config["hidden_size"]
  shapes = {"cls/predictions/output_bias": (config["vocab_size"],),
            "cls/squad/output_weights": (2, hidden),
            "cls/squad/output_bias": (2,),
            "cls/seq_relationship/output_weights": (2, hidden),
            "cls/seq_relationship/output_bias": (2,),
            **registry.hugging_face_class(config).hugging_face.shapes(config)}
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
