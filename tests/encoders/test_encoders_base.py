"""What every family has, tried on made-up ones."""
import pytest

from bert import modeling
from bert.common import command_line
from bert.encoders.base import Encoder
from bert.options.finetuning import DataOptions
from mistakes import message_of

CONFIG = modeling.BertConfig(100, num_hidden_layers=12)


class Plain(Encoder):
  """Like BERT, but with a name that is written down."""
  family = "plain"
  title = "Plain"


class Unpooled(Encoder):
  """Variables under another scope, and no pooler."""
  family = "unpooled"
  scope = "other"
  pooler_scope = None
  tokenizer = "char"


@pytest.mark.parametrize("name, depth", [
    ("output_weights", 0), ("output_bias", 0), ("crf/start", 0),
    ("attention_pooling/kernel", 0), ("bert/pooler/dense/kernel", 1),
    ("bert/encoder/layer_11/output/dense/bias", 2),
    ("bert/encoder/layer_10/output/dense/bias", 3),
    ("bert/encoder/layer_0/output/dense/bias", 13),
    ("bert/embeddings/position_embeddings", 14),
    ("bert/embeddings/LayerNorm/beta", 14),
    ("bert_top/encoder/layer_0/kernel", 0)])
def test_depth_grows_from_the_head_down(name, depth):
  assert Plain(CONFIG).depth_of(name) == depth
  assert Plain.owns(name) == bool(depth)
  assert Plain.is_pooler(name) == (depth == 1)


@pytest.mark.parametrize("name, depth", [
    ("output_bias", 0), ("bert/pooler/dense/kernel", 0),
    ("other/pooler/dense/kernel", 14), ("other/embeddings/LayerNorm/beta", 14),
    ("other/encoder/layer_0/output/dense/bias", 13)])
def test_scope_and_pooler_are_the_familys(name, depth):
  assert Unpooled(CONFIG).depth_of(name) == depth
  assert Unpooled.owns(name) == bool(depth)
  assert not Unpooled.is_pooler(name)


def test_sizes_are_the_configs():
  encoder = Plain(modeling.BertConfig(
      100, num_hidden_layers=3, max_position_embeddings=16, type_vocab_size=4))
  assert encoder.num_layers == 3
  assert encoder.limits() == {"vocab_size": 100, "max_positions": 16,
                              "num_segment_ids": 4}


def test_task_json_names_the_family_and_what_shapes_do_not_show():
  encoder = Plain(modeling.BertConfig(100, num_attention_heads=4,
                                      hidden_act="GELU"))
  assert encoder.facts() == {"model_type": "plain", "num_attention_heads": 4,
                             "hidden_act": "gelu"}


def test_config_that_is_read_is_without_the_familys_name(warnings):
  values = dict(CONFIG.to_dict(), model_type="plain")
  assert Plain.read(values, "--bert_config_file=x").config.to_dict() == (
      CONFIG.to_dict())
  assert not warnings


def test_mistake_in_a_config_names_the_family():
  message = message_of(Plain.read, {"vocab_size": 7}, "--bert_config_file=x")
  assert message.startswith("--bert_config_file=x: it lacks")
  assert "a Plain config has" in message


@pytest.mark.parametrize("encoder, given, expected", [
    (Plain, [], "wordpiece"), (Unpooled, [], "char"),
    (Unpooled, ["tokenizer"], "wordpiece")])
def test_tokenizer_is_the_familys_unless_given(encoder, given, expected):
  group = command_line.with_given(DataOptions(), given)
  found = encoder(CONFIG).with_tokenizer(group)
  assert found.tokenizer == expected
  assert command_line.is_given(found, "tokenizer") == bool(given)


def test_family_has_no_class_of_hugging_faces_and_no_pre_training_by_default():
  assert Plain.hugging_face is None and not Plain.can_pretrain
