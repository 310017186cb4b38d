"""BertConfig as the reference has it."""
import json
import logging

import golden
from bert import modeling
from graphs import golden_config, tiny_config


def test_config_defaults_and_parameter_order(assert_called_like):
  assert_called_like(
      modeling.BertConfig,
      lambda vocab_size, hidden_size=768, num_hidden_layers=12,
             num_attention_heads=12, intermediate_size=3072,
             hidden_act="gelu", hidden_dropout_prob=0.1,
             attention_probs_dropout_prob=0.1, max_position_embeddings=512,
             type_vocab_size=16, initializer_range=0.02: None)
  assert modeling.BertConfig(7).to_dict() == dict(
      vocab_size=7, hidden_size=768, num_hidden_layers=12,
      num_attention_heads=12, intermediate_size=3072, hidden_act="gelu",
      hidden_dropout_prob=0.1, attention_probs_dropout_prob=0.1,
      max_position_embeddings=512, type_vocab_size=16, initializer_range=0.02)


def test_config_file_is_read_and_written_unchanged():
  path = golden.path("bert_config.json")
  config = modeling.BertConfig.from_json_file(path)
  assert config.hidden_size == 32 and config.num_hidden_layers == 3
  assert config.to_dict() == golden.document("bert_config.json")
  assert config.to_json_string() == golden.text(
      "bert_config.json").rstrip("\n") + "\n"


def test_config_fills_missing_keys_with_defaults():
  config = modeling.BertConfig.from_dict({"vocab_size": 5, "hidden_size": 24})
  assert config.to_dict() == modeling.BertConfig(5, hidden_size=24).to_dict()


def test_changing_the_dict_of_a_config_leaves_the_config():
  config = tiny_config()
  config.to_dict()["hidden_size"] = 99
  assert config.hidden_size == 8


def test_unknown_config_keys_are_kept_and_warned_of_once(caplog, monkeypatch):
  monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
  extras = {"directionality_for_test": "bidi", "pooler_for_test": 3}
  with caplog.at_level(logging.WARNING):
    config = golden_config(**extras)
  assert config.directionality_for_test == "bidi"
  assert json.loads(config.to_json_string())["pooler_for_test"] == 3
  (warning,) = [each.getMessage() for each in caplog.records
                if each.levelno == logging.WARNING]
  assert "directionality_for_test" in warning and "pooler_for_test" in warning
  caplog.clear()
  golden_config(**extras)
  assert not caplog.records


def test_known_config_keys_are_not_warned_of(caplog, monkeypatch):
  monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
  with caplog.at_level(logging.WARNING):
    golden_config()
  assert not caplog.records
