"""What a conversion would lose, or make other numbers of, is refused."""
import json
import os

import numpy as np
import pytest

import commands
import golden
from bert.common import libraries
from bert.model import checkpoint_files
from bert.interchange import hugging_face
from mistakes import message_of

pytestmark = pytest.mark.skipif(
    not libraries.is_installed("safetensors"),
    reason="requirements-interchange.txt")
DECODER = "cls.predictions.decoder."
WORDS = "bert.embeddings.word_embeddings.weight"


@pytest.fixture(name="folder")
def folder_fixture(tmp_path):
  """A Hugging Face folder of the golden model."""
  path = str(tmp_path / "hf")
  hugging_face.write_hugging_face(path, hugging_face.Model(
      checkpoint_files.read(golden.checkpoint()),
      golden.document("bert_config.json"), vocab=golden.text("vocab.txt")))
  return path


def change(folder, **settings):
  path = os.path.join(folder, "config.json")
  config = dict(json.loads(commands.content(path)), **settings)
  commands.write(path, json.dumps(config))


def change_tensors(folder, **changes):
  """Changes tensors; `__` stands for a dot, None takes one away."""
  from safetensors import numpy as safetensors
  path = os.path.join(folder, "model.safetensors")
  tensors = safetensors.load_file(path)
  for name, values in changes.items():
    name = name.replace("__", ".")
    tensors.pop(name, None)
    if values is not None:
      tensors[name] = np.ascontiguousarray(values)
  safetensors.save_file(tensors, path)
  return tensors


def refusal(folder):
  return message_of(hugging_face.read_hugging_face, folder)


@pytest.mark.parametrize("setting, value", [
    ("layer_norm_eps", 1e-5), ("position_embedding_type", "relative_key"),
    ("is_decoder", True), ("add_cross_attention", True)])
def test_settings_that_change_the_numbers_are_refused(setting, value, folder):
  change(folder, **{setting: value})
  message = refusal(folder)
  assert "config.json: %s is %r" % (setting, value) in message


@pytest.mark.parametrize("setting, value", [
    ("vocab_size", "756"), ("hidden_size", None), ("num_hidden_layers", 3.0),
    ("hidden_dropout_prob", True)])
def test_sizes_that_are_no_numbers_are_refused(setting, value, folder):
  change(folder, **{setting: value})
  assert "%s is %r, a number" % (setting, value) in refusal(folder)


def test_config_that_is_no_object_is_refused(folder):
  commands.write(os.path.join(folder, "config.json"), "[1]")
  assert "config.json: not a JSON object" in refusal(folder)


@pytest.mark.parametrize("setting, value, tensor", [
    ("vocab_size", 757, "word_embeddings"),
    ("max_position_embeddings", 32, "position_embeddings"),
    ("type_vocab_size", 3, "token_type_embeddings"),
    ("intermediate_size", 65, "intermediate/dense/bias"),
    ("hidden_size", 48, "LayerNorm/beta")])
def test_config_that_contradicts_the_tensors_is_refused(setting, value, tensor,
                                                        folder):
  change(folder, **{setting: value})
  message = refusal(folder)
  assert tensor in message and "has shape" in message
  assert str(value) in message and "config.json" in message


def test_checkpoint_that_contradicts_its_config_is_not_written(tmp_path):
  config = dict(golden.document("bert_config.json"), vocab_size=700)
  message = message_of(
      hugging_face.write_hugging_face, str(tmp_path / "new"),
      hugging_face.Model(checkpoint_files.read(golden.checkpoint()), config))
  assert "word_embeddings has shape [756, 32]" in message
  assert not os.path.exists(str(tmp_path / "new"))


def test_bias_of_the_decoder_is_kept(folder):
  bias = np.linspace(-1, 1, 756).astype(np.float32)
  change_tensors(folder, cls__predictions__bias=None,
                 cls__predictions__decoder__bias=bias)
  weights = hugging_face.read_hugging_face(folder).weights
  np.testing.assert_array_equal(weights["cls/predictions/output_bias"], bias)


def test_decoder_that_has_the_embeddings_weights_is_left_out(folder):
  tensors = change_tensors(folder)
  change_tensors(folder, cls__predictions__decoder__weight=tensors[WORDS])
  weights = hugging_face.read_hugging_face(folder).weights
  assert not [name for name in weights if "decoder" in name]


@pytest.mark.parametrize("end", ["weight", "bias"])
def test_decoder_of_its_own_is_refused(end, folder):
  tensors = change_tensors(
      folder, cls__predictions__bias=np.zeros(756, np.float32))
  own = (tensors[WORDS] + 1 if end == "weight" else
         np.ones(756, np.float32))
  change_tensors(folder, **{DECODER.replace(".", "__") + end: own})
  assert DECODER + end in refusal(folder)


def test_folder_without_a_vocabulary_is_named(folder, warnings):
  os.remove(os.path.join(folder, "vocab.txt"))
  hugging_face.read_hugging_face(folder)
  (line,) = [line for line in warnings if "vocab.txt" in line]
  assert folder in line and "--vocab_file" in line


def test_model_without_a_pooler_is_named(folder, warnings):
  change_tensors(folder, bert__pooler__dense__weight=None,
                 bert__pooler__dense__bias=None)
  hugging_face.read_hugging_face(folder)
  assert [line for line in warnings if "no pooler" in line]


def test_checkpoint_of_a_training_in_float16_is_converted(tmp_path):
  weights = checkpoint_files.read(golden.checkpoint())
  path = str(tmp_path / "model.ckpt-3")
  checkpoint_files.write(path, dict(
      weights, current_loss_scale=np.float32(2), good_steps=np.int64(3),
      **{"bert/pooler/dense/bias/adam_m": np.zeros(32, np.float32)}))
  folder = str(tmp_path / "new")
  hugging_face.write_hugging_face(folder, hugging_face.Model(
      dict(checkpoint_files.read(path), good_steps=np.int64(3)),
      golden.document("bert_config.json")))
  after = hugging_face.read_hugging_face(folder).weights
  assert set(after) == set(weights) - {"global_step"}
