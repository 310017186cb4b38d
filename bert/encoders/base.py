"""What the program asks of a family of encoders; one class each.

A family has the names of the variables that its release's checkpoints have, so
that nothing is mapped when weights are read.
"""

import re
from typing import Any, Dict, Optional, Type

import tensorflow.compat.v1 as tf

from bert import modeling
from bert.common import command_line
from bert.common.errors import UserError
from bert.data import layouts
from bert.encoders.hugging_face import HuggingFaceNames

# The key of a config and of a task.json that names the family.
MODEL_TYPE = "model_type"


class Encoder:
  """A family, and as an instance the encoder of one config.

  Attributes:
    family: its name, as model_type in a config and in task.json.
    title: its name in messages.
    model_class: builds the graph; takes what modeling.BertModel takes.
    config_class: holds the config; made by from_dict.
    counts, rates, activations: the keys that a config must have: whole numbers
      from 1, numbers from 0 to below 1, names of activations.
    family_keys: other keys that the model has no need to read.
    scope: of its variables.
    layer_scope: regular expression of a layer's variables below the scope, with
      the layer's number as its group.
    pooler_scope: of the pooler's variables below the scope; None: it has none.
    has_shared_layers: whether several layers have the same variables.
    layout: where special tokens are.
    tokenizer: the value of --tokenizer if the flag is not given.
    hugging_face: its names in Hugging Face folders; None: no such class.
    can_pretrain: whether run_pretraining.py trains it.
    is_named: whether configs and task.json files name the family.
    config: an instance's config_class.
  """
  family = ""
  title = ""
  model_class = modeling.BertModel
  config_class = modeling.BertConfig
  counts = ("vocab_size", "hidden_size", "num_hidden_layers",
            "num_attention_heads", "intermediate_size",
            "max_position_embeddings", "type_vocab_size")
  rates = ("hidden_dropout_prob", "attention_probs_dropout_prob",
           "initializer_range")
  activations = ("hidden_act",)
  family_keys = (MODEL_TYPE,)
  scope = "bert"
  layer_scope = r"encoder/layer_(\d+)/"
  pooler_scope = "pooler/"  # type: Optional[str]
  has_shared_layers = False
  layout = layouts.BERT
  tokenizer = "wordpiece"
  hugging_face = None  # type: Optional[HuggingFaceNames]
  can_pretrain = False
  is_named = True

  def __init__(self, config: modeling.BertConfig):
    """Takes a config_class, which is not checked."""
    self.config = config

  # The config.

  @classmethod
  def claims(cls, values: Dict[str, Any]) -> bool:
    """Whether a config is of this family though it does not name it."""
    del values
    return False

  @classmethod
  def read(cls, values: Any, where: str) -> "Encoder":
    """Returns the encoder of a config.

    Args:
      values: of the JSON file.
      where: the flag, for errors.

    Raises:
      UserError: a key lacks, or its value can't be.
    """
    keys = sorted(cls.counts + cls.rates + cls.activations)
    missing = [key for key in keys if key not in values] if isinstance(
        values, dict) else keys
    if missing:
      raise UserError("%s: it lacks %s; a %s config has %s" % (
          where, " ".join(missing), cls.title, " ".join(keys)))
    encoder = cls.of_values(values)
    encoder.check(where)
    return encoder

  @classmethod
  def of_values(cls, values: Dict[str, Any]) -> "Encoder":
    """Returns the encoder of a config that is not checked."""
    return cls(cls.config_class.from_dict({
        key: value for key, value in values.items()
        if key not in cls.family_keys}))

  def check(self, where: str) -> None:
    """Raises UserError for a value that the config can't have."""
    for key in sorted(self.counts + self.rates + self.activations):
      is_right, what = self._expected(key)
      value = getattr(self.config, key)
      if isinstance(value, bool) or not is_right(value):
        raise UserError("%s: %s is %r, %s is needed" % (where, key, value,
                                                        what))
    for key in self.activations:
      try:
        modeling.get_activation(getattr(self.config, key))
      except ValueError as error:
        raise UserError("%s: %s: %s" % (where, key, error))
    hidden, heads = self.config.hidden_size, self.config.num_attention_heads
    if hidden % heads:
      raise UserError("%s: hidden_size %d is not a multiple of "
                      "num_attention_heads %d" % (where, hidden, heads))

  @classmethod
  def _expected(cls, key):
    """Returns the check of a key's value, and what it needs."""
    if key in cls.counts:
      return _is_count, "a whole number from 1"
    if key in cls.rates:
      return _is_rate, "a number from 0 to below 1"
    return _is_text, "a name"

  @property
  def num_layers(self) -> int:
    """Layers, as -1 is the last one of."""
    return self.config.num_hidden_layers

  @property
  def vocab_size(self) -> int:
    """Entries of the embedding table."""
    return self.config.vocab_size

  @property
  def max_positions(self) -> Optional[int]:
    """The most tokens that it can read; None: as many as there are."""
    return self.config.max_position_embeddings

  @property
  def num_token_types(self) -> int:
    """Token types that it tells apart; with 1, it can't tell the texts of a
    pair apart."""
    return self.config.type_vocab_size

  @classmethod
  def family_facts(cls) -> Dict[str, str]:
    """Returns what configs and task.json files say of the family."""
    return {MODEL_TYPE: cls.family} if cls.is_named else {}

  def unchecked_by_shapes(self) -> Dict[str, Any]:
    """Returns name -> value of what changes a model's outputs, though weights
    of another value have the same shapes."""
    return {"num_attention_heads": self.config.num_attention_heads,
            "hidden_act": self.config.hidden_act.lower()}

  def facts(self) -> Dict[str, Any]:
    """Returns what task.json says of it, and all runs on a folder share."""
    return dict(self.unchecked_by_shapes(), **self.family_facts())

  def limits(self) -> Dict[str, Any]:
    """Returns what an export's task.json says of ids and lengths."""
    return {"vocab_size": self.vocab_size, "max_positions": self.max_positions,
            "num_segment_ids": self.num_token_types}

  def with_tokenizer(self, group: Any) -> Any:
    """Returns a group of options with the family's tokenizer, unless
    --tokenizer is given."""
    if command_line.is_given(group, "tokenizer") or (
        group.tokenizer == self.tokenizer):
      return group
    return command_line.replace(group, tokenizer=self.tokenizer)

  # The graph.

  def build(self, is_training: bool, input_ids: tf.Tensor,
            input_mask: tf.Tensor, segment_ids: tf.Tensor, *,
            use_one_hot_embeddings: bool = False,
            first_token_only: bool = False,
            drop_padding: bool = False) -> modeling.BertModel:
    """Builds the graph; arguments as of modeling.BertModel."""
    return self.model_class(
        self.config, is_training, input_ids, input_mask, segment_ids,
        use_one_hot_embeddings, scope=self.scope,
        first_token_only=first_token_only, drop_padding=drop_padding)

  # Its variables, by their names without ":0".

  @classmethod
  def owns(cls, name: str) -> bool:
    """Whether a variable is of the encoder, not of the head."""
    return name.startswith(cls.scope + "/")

  @classmethod
  def is_pooler(cls, name: str) -> bool:
    """Whether a variable is of the pooler, which not every head reads."""
    return cls.pooler_scope is not None and cls._below_scope(
        name).startswith(cls.pooler_scope)

  def depth_of(self, name: str) -> int:
    """Returns a variable's distance from the head: 0 of the head itself, 1 of
    the pooler, 2 of the top layer, and so on to the embeddings."""
    if not self.owns(name):
      return 0
    if self.is_pooler(name):
      return 1
    layer = re.match(self.layer_scope, self._below_scope(name))
    if layer:
      return self.num_layers + 1 - int(layer.group(1))
    return self.num_layers + 2

  @classmethod
  def _below_scope(cls, name):
    return name[len(cls.scope) + 1:] if cls.owns(name) else ""


EncoderClass = Type[Encoder]


def _is_count(value):
  return isinstance(value, int) and value >= 1


def _is_rate(value):
  return isinstance(value, (int, float)) and 0 <= value < 1


def _is_text(value):
  return isinstance(value, str)
