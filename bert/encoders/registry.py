"""The families of encoders by name, and the one that a config is of.

A new family is one file, imported here; one of a user's own registers itself
from a --processor_module.
"""

import re
from typing import Any, Dict

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.common.registry import Registry
from bert.encoders.base import Encoder
from bert.encoders.base import EncoderClass
from bert.encoders.base import MODEL_TYPE
from bert.encoders.bert import Bert

_FLAG = "--bert_config_file"
_ENCODERS = Registry("encoder")


def register(encoder: EncoderClass) -> EncoderClass:
  """Makes an Encoder known by its family; a decorator for a user's own.

  Raises:
    UserError: it lacks something, or another one has its family.
  """
  if not (isinstance(encoder, type) and issubclass(encoder, Encoder)):
    raise UserError("encoder %r: it has to be a subclass of "
                    "bert.encoders.base.Encoder" % (encoder,))
  for name, is_right, needed in (
      ("family", _is_name, "a name"), ("title", _is_name, "a name"),
      ("scope", _is_name, "a name"), ("model_class", callable, "a class"),
      ("layer_scope", _has_one_group, "a regular expression with one group")):
    value = getattr(encoder, name)
    if not is_right(value):
      raise UserError("encoder %s: %s is %r, %s is needed" % (
          encoder.__name__, name, value, needed))
  other = _ENCODERS.get(encoder.family, encoder)
  # A notebook may run a cell again.
  if (other.__module__, other.__name__) != (encoder.__module__,
                                            encoder.__name__):
    raise UserError("encoder %s: %s.%s has the family %r already; give it "
                    "another one" % (encoder.__name__, other.__module__,
                                     other.__name__, encoder.family))
  _ENCODERS[encoder.family] = encoder
  return encoder


def _is_name(value):
  return isinstance(value, str) and bool(value)


def _has_one_group(value):
  try:
    return re.compile(value).groups == 1
  except (TypeError, re.error):
    return False


register(Bert)


def registered() -> Dict[str, EncoderClass]:
  """Returns family -> class of all encoders."""
  return dict(_ENCODERS)


def class_of_config(values: Any) -> EncoderClass:
  """Returns the class of a config: the one that it names, else the one that
  claims it, else BERT's.

  Args:
    values: of the JSON file.
  """
  if not isinstance(values, dict):
    return Bert
  named = values.get(MODEL_TYPE)
  if isinstance(named, str) and named in _ENCODERS:
    return _ENCODERS[named]
  return next((each for each in _ENCODERS.values() if each.claims(values)),
              Bert)


def family_in(task: Dict[str, Any]) -> str:
  """Returns the family that the content of a task.json is of."""
  return task.get(MODEL_TYPE, Bert.family)


def class_in(task: Dict[str, Any]) -> EncoderClass:
  """Returns the class of an export's encoder, by the content of its task.json;
  raises UserError if it is not known."""
  return _ENCODERS.find(family_in(task), hint=(
      " (--processor_module imports those of your own)"))


def read(bert_config_file: str) -> Encoder:
  """Returns the encoder of a config.

  Raises:
    UserError: no such file, not JSON, a key lacks, or has a wrong value.
  """
  values = files.read_json(bert_config_file, _FLAG)
  encoder = class_of_config(values)
  named = values.get(MODEL_TYPE) if isinstance(values, dict) else None
  if named not in (None, encoder.family):
    tf.logging.warning(
        "%s: %s %r is not known (%s, and those that --processor_module "
        "imports); it is read as %s", _FLAG, MODEL_TYPE, named,
        " ".join(sorted(_ENCODERS)), encoder.title)
  return encoder.read(values, "%s=%s" % (_FLAG, bert_config_file))


def check_sizes(encoder: Encoder, bert_config_file: str, max_seq_length: int,
                vocab_size: int = 0) -> None:
  """Raises UserError unless text and vocabulary fit an encoder.

  Args:
    encoder: of the config.
    bert_config_file: its path, for errors.
    max_seq_length: tokens of a text.
    vocab_size: entries of the vocabulary; 0: there is none.
  """
  most = encoder.max_positions
  if most is not None and max_seq_length > most:
    raise UserError("--max_seq_length=%d: the model has %d positions "
                    "(max_position_embeddings in %s)" % (
                        max_seq_length, most, bert_config_file))
  if vocab_size > encoder.vocab_size:
    raise UserError("--vocab_file has %d entries, the model %d (vocab_size in "
                    "%s); they belong to different models" % (
                        vocab_size, encoder.vocab_size, bert_config_file))
  if 0 < vocab_size < encoder.vocab_size:
    tf.logging.warning(
        "--vocab_file has %d entries, the model %d (vocab_size in %s); if "
        "lines are missing, ids are wrong", vocab_size, encoder.vocab_size,
        bert_config_file)


def class_of_hugging_face(model_type: Any) -> EncoderClass:
  """Returns the class of a Hugging Face config's model_type; BERT's, whose
  message it is, for one that no family has."""
  return next((each for each in _ENCODERS.values() if each.hugging_face and
               each.hugging_face.model_type == model_type), Bert)


def hugging_face_class(values: Dict[str, Any]) -> EncoderClass:
  """Returns the class of a config whose model is to be a Hugging Face folder;
  raises UserError for a family without a class there."""
  encoder = class_of_config(values)
  if encoder.hugging_face is None:
    raise UserError("%s models can't be converted: this program knows no class "
                    "of Hugging Face's for them" % encoder.title)
  return encoder
