"""Config files that an encoder can and cannot be made of, and of which one."""
import json

import pytest

import golden
from bert.encoders import registry
from bert.encoders.base import Encoder
from bert.encoders.bert import Bert
from mistakes import message_of
from model_fns import CONFIG


def write_config(folder, content):
  path = folder / "bert_config.json"
  path.write_text(content if isinstance(content, str) else json.dumps(content),
                  encoding="utf-8")
  return str(path)


def load(path, max_seq_length=64, vocab_size=756):
  encoder = registry.read(path)
  registry.check_sizes(encoder, path, max_seq_length, vocab_size)
  return encoder.config


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


class Claimed(Encoder):
  """A family that a key of its config shows."""
  family = "claimed"
  title = "Claimed"
  max_positions = None

  @classmethod
  def claims(cls, values):
    return values.get("is_claimed") is True


@pytest.fixture()
def claimed(monkeypatch):
  # pylint: disable=protected-access
  monkeypatch.setitem(registry._ENCODERS, "claimed", Claimed)


@pytest.mark.parametrize("values, family", [
    ({}, Bert), ({"model_type": "bert"}, Bert), ({"model_type": "x"}, Bert),
    ({"model_type": ["claimed"]}, Bert), ({"is_claimed": 1}, Bert),
    ({"model_type": "claimed"}, Claimed), ({"is_claimed": True}, Claimed),
    ({"is_claimed": True, "model_type": "bert"}, Bert),
    ({"is_claimed": True, "model_type": "x"}, Claimed), ([], Bert)])
@pytest.mark.usefixtures("claimed")
def test_family_is_the_one_named_else_the_one_that_claims_else_bert(
    values, family):
  assert registry.class_of_config(values) is family


def test_families_are_registered_by_name(monkeypatch):
  # pylint: disable=protected-access
  monkeypatch.setattr(registry, "_ENCODERS", dict(registry._ENCODERS))
  assert registry.registered() == {"bert": Bert}
  assert registry.register(Claimed) is Claimed
  assert registry.registered()["claimed"] is Claimed


@pytest.mark.parametrize("changes, fragment", [
    (dict(family=""), "family is ''"), (dict(family=5), "family is 5"),
    (dict(title=None), "title is None"), (dict(scope=""), "scope is ''"),
    (dict(model_class=None), "model_class is None"),
    (dict(layer_scope="layer_("), "layer_scope is 'layer_('"),
    (dict(layer_scope="layer_"), "with one group is needed"),
    (dict(family="bert"), "bert.encoders.bert.Bert has the family 'bert'")])
def test_family_that_lacks_something_is_refused(monkeypatch, changes, fragment):
  # pylint: disable=protected-access
  monkeypatch.setattr(registry, "_ENCODERS", dict(registry._ENCODERS))
  own = type("Own", (Encoder,), dict(dict(family="own", title="Own"),
                                     **changes))
  message = message_of(registry.register, own)
  assert message.startswith("encoder Own: ") and fragment in message
  assert list(registry.registered()) == ["bert"]


@pytest.mark.parametrize("value", [3, Bert(CONFIG), dict])
def test_what_is_no_family_is_refused(value):
  assert "a subclass of bert.encoders.base.Encoder" in message_of(
      registry.register, value)


def test_notebook_may_register_its_family_again(monkeypatch):
  # pylint: disable=protected-access
  monkeypatch.setattr(registry, "_ENCODERS", dict(registry._ENCODERS))
  first, second = [type("Own", (Encoder,), dict(family="own", title="Own"))
                   for _ in range(2)]
  registry.register(first)
  registry.register(second)
  assert registry.registered()["own"] is second


def test_unknown_family_is_warned_of(tmp_path, warnings):
  path = write_config(tmp_path, dict(CONFIG, model_type="roberta"))
  assert isinstance(registry.read(path), Bert)
  assert any("model_type 'roberta' is not known (bert" in line and
             "read as BERT" in line for line in warnings)


@pytest.mark.usefixtures("claimed")
def test_export_is_of_the_family_that_its_task_json_names():
  assert registry.class_in({}) is Bert
  assert registry.class_in({"model_type": "claimed"}) is Claimed
  message = message_of(registry.class_in, {"model_type": "claim"})
  assert "'claim' is not known" in message and "bert claimed" in message
  assert "--processor_module" in message


@pytest.mark.usefixtures("claimed")
def test_family_without_a_table_of_positions_reads_any_length(tmp_path):
  path = write_config(tmp_path, dict(CONFIG, is_claimed=True))
  assert load(path, max_seq_length=1000).hidden_size == 32


@pytest.mark.usefixtures("claimed")
def test_hugging_face_family_is_found_by_its_model_type():
  assert registry.class_of_hugging_face("bert") is Bert
  assert registry.class_of_hugging_face(None) is Bert
  assert registry.hugging_face_class({}) is Bert
  message = message_of(registry.hugging_face_class, {"is_claimed": True})
  assert "Claimed models can't be converted" in message
