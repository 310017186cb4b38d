"""The config of a model, read and checked."""

from typing import Any, Dict

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import files
from bert.common.errors import UserError

_SIZES = ("vocab_size", "hidden_size", "num_hidden_layers",
          "num_attention_heads", "intermediate_size",
          "max_position_embeddings", "type_vocab_size")
_RATES = ("hidden_dropout_prob", "attention_probs_dropout_prob",
          "initializer_range")


def load_config(bert_config_file: str, max_seq_length: int,
                vocab_size: int = 0) -> modeling.BertConfig:
  """Reads a config and checks that the text options and the vocabulary fit it.

  Raises:
    UserError: no such file, not JSON, a key is missing, or the sizes don't
      fit.
  """
  where = "--bert_config_file=%s" % bert_config_file
  values = files.read_json(bert_config_file, "--bert_config_file")
  keys = sorted(modeling.BertConfig(None).to_dict())
  missing = [key for key in keys if key not in values] if isinstance(
      values, dict) else keys
  if missing:
    raise UserError("%s: it lacks %s; a BERT config has %s" % (
        where, " ".join(missing), " ".join(keys)))
  config = modeling.BertConfig.from_dict(values)
  _check_config(config, where)
  if max_seq_length > config.max_position_embeddings:
    raise UserError("--max_seq_length=%d: the model has %d positions "
                    "(max_position_embeddings in %s)" % (
                        max_seq_length, config.max_position_embeddings,
                        bert_config_file))
  if vocab_size > config.vocab_size:
    raise UserError("--vocab_file has %d entries, the model %d (vocab_size in "
                    "%s); they belong to different models" % (
                        vocab_size, config.vocab_size, bert_config_file))
  if 0 < vocab_size < config.vocab_size:
    tf.logging.warning(
        "--vocab_file has %d entries, the model %d (vocab_size in %s); if "
        "lines are missing, ids are wrong", vocab_size, config.vocab_size,
        bert_config_file)
  return config


def unchecked_by_shapes(config: modeling.BertConfig) -> Dict[str, Any]:
  """Returns name -> value of settings that change a model's outputs, but not
  the shapes of its weights."""
  return {"num_attention_heads": config.num_attention_heads,
          "hidden_act": config.hidden_act.lower()}


def _check_config(config, where):
  expected = dict.fromkeys(_SIZES, (_is_count, "a whole number from 1"))
  expected.update(dict.fromkeys(_RATES, (_is_rate,
                                         "a number from 0 to below 1")))
  expected["hidden_act"] = (_is_text, "a name")
  for key, (is_right, what) in sorted(expected.items()):
    value = getattr(config, key)
    if isinstance(value, bool) or not is_right(value):
      raise UserError("%s: %s is %r, %s is needed" % (where, key, value, what))
  try:
    modeling.get_activation(config.hidden_act)
  except ValueError as error:
    raise UserError("%s: hidden_act: %s" % (where, error))
  if config.hidden_size % config.num_attention_heads:
    raise UserError("%s: hidden_size %d is not a multiple of "
                    "num_attention_heads %d" % (
                        where, config.hidden_size, config.num_attention_heads))


def _is_count(value):
  return isinstance(value, int) and value >= 1


def _is_rate(value):
  return isinstance(value, (int, float)) and 0 <= value < 1


def _is_text(value):
  return isinstance(value, str)
