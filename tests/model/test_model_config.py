"""Config files that a model can and cannot be made of."""
import json

import pytest

import golden
from bert.model import model_config
from mistakes import message_of
from model_fns import CONFIG


def write_config(folder, content):
  path = folder / "bert_config.json"
  path.write_text(content if isinstance(content, str) else json.dumps(content),
                  encoding="utf-8")
  return str(path)


def load(path, max_seq_length=64, vocab_size=756):
  return model_config.load_config(path, max_seq_length, vocab_size)


def message_of_config(folder, content):
  path = write_config(folder, content)
  message = message_of(load, path)
  assert "--bert_config_file=%s" % path in message
  return message.replace(path, "")


def test_config_of_the_reference_is_read():
  config = load(golden.path("bert_config.json"))
  assert config.to_dict() == CONFIG


def test_extra_keys_of_released_configs_stay(tmp_path):
  path = write_config(tmp_path, dict(CONFIG, directionality="bidi"))
  assert load(path).directionality == "bidi"


def test_config_must_be_a_file(tmp_path):
  for path in (str(tmp_path / "none.json"), str(tmp_path)):
    message = message_of(load, path)
    assert "--bert_config_file=%s" % path in message
    assert "no such file" in message or "a folder" in message


@pytest.mark.parametrize("content", ["", "{", "vocab_size: 30522", "{'a': 1}"])
def test_config_must_be_json(content, tmp_path):
  assert "not JSON" in message_of_config(tmp_path, content)


@pytest.mark.parametrize("content", [
    "[]", "[[]]", "[{}]", "5", "null", "true", '"bert"',
    json.dumps(sorted(CONFIG))])
def test_config_must_be_an_object(content, tmp_path):
  message_of_config(tmp_path, content)


@pytest.mark.parametrize("key", sorted(CONFIG))
def test_missing_key_is_named(key, tmp_path):
  content = {name: CONFIG[name] for name in CONFIG if name != key}
  assert "lacks %s;" % key in message_of_config(tmp_path, content)


def test_heads_must_divide_the_hidden_size(tmp_path):
  message = message_of_config(tmp_path, dict(CONFIG, num_attention_heads=5))
  assert "hidden_size 32" in message
  assert "num_attention_heads 5" in message


def test_unknown_activation_is_refused_with_the_list(tmp_path):
  message = message_of_config(tmp_path, dict(CONFIG, hidden_act="swish"))
  assert "hidden_act" in message and "'swish'" in message
  assert "linear, relu, gelu, gelu_exact, tanh" in message


@pytest.mark.parametrize("key", [
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads",
    "intermediate_size", "max_position_embeddings", "type_vocab_size"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "12", None, [12]])
def test_size_must_be_a_whole_number(key, value, tmp_path):
  message = message_of_config(tmp_path, dict(CONFIG, **{key: value}))
  assert key in message
  assert repr(value) in message


def test_text_must_fit_the_positions():
  path = golden.path("bert_config.json")
  assert load(path, max_seq_length=64).max_position_embeddings == 64
  message = message_of(load, path, 65)
  assert "--max_seq_length=65" in message
  assert "64" in message.replace(path, "")
  assert path in message


def test_vocabulary_must_fit_the_words():
  path = golden.path("bert_config.json")
  assert load(path, vocab_size=756).vocab_size == 756
  message = message_of(load, path, 64, 757)
  assert "--vocab_file" in message
  assert "757" in message and "756" in message
  assert path in message


def test_vocabulary_shorter_than_the_models_is_warned_of(warnings):
  path = golden.path("bert_config.json")
  load(path, vocab_size=755)
  (line,) = warnings
  assert "755 entries" in line and "756" in line and path in line


@pytest.mark.parametrize("vocab_size", [756, 0])  # 0: there is none.
def test_vocabulary_of_the_models_size_is_not_warned_of(vocab_size, warnings):
  load(golden.path("bert_config.json"), vocab_size=vocab_size)
  assert not warnings
