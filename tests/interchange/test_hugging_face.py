"""Weights to Hugging Face's folders and back."""
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
from bert.encoders.bert import Bert
from bert.model import checkpoint_files
from bert.interchange import hugging_face
from bert.interchange import hugging_face_task
from graphs import LAYER_VARIABLES
from mistakes import message_of

CONFIG = golden.document("bert_config.json")

needs_safetensors = pytest.mark.skipif(
    not hugging_face.libraries.is_installed("safetensors"),
    reason="requirements-interchange.txt")


def model(**heads):
  weights = checkpoint_files.read(golden.checkpoint())
  random = np.random.RandomState(1)
  weights.update({name: np.float32(random.normal(size=shape))
                  for name, shape in heads.items()})
  return hugging_face.Model(weights, CONFIG, ["x", "y"] if heads else None,
                           golden.text("vocab.txt"), True)


CLASSIFIER = {"output_weights": (2, 32), "output_bias": (2,)}


@pytest.mark.parametrize("ours, theirs", [
    ("bert/embeddings/word_embeddings",
     "bert.embeddings.word_embeddings.weight"),
    ("bert/embeddings/LayerNorm/gamma", "bert.embeddings.LayerNorm.weight"),
    ("bert/encoder/layer_11/attention/self/query/kernel",
     "bert.encoder.layer.11.attention.self.query.weight"),
    ("bert/encoder/layer_0/output/LayerNorm/beta",
     "bert.encoder.layer.0.output.LayerNorm.bias"),
    ("bert/pooler/dense/bias", "bert.pooler.dense.bias"),
    ("output_weights", "classifier.weight"), ("output_bias", "classifier.bias"),
    ("cls/squad/output_weights", "qa_outputs.weight"),
    ("cls/squad/output_bias", "qa_outputs.bias"),
    ("cls/predictions/transform/dense/kernel",
     "cls.predictions.transform.dense.weight"),
    ("cls/predictions/transform/LayerNorm/gamma",
     "cls.predictions.transform.LayerNorm.weight"),
    ("cls/predictions/output_bias", "cls.predictions.bias"),
    ("cls/seq_relationship/output_weights", "cls.seq_relationship.weight"),
    ("cls/seq_relationship/output_bias", "cls.seq_relationship.bias")])
def test_names_are_hugging_faces(ours, theirs):
  assert hugging_face.tensor_name(ours, Bert.hugging_face) == theirs


def test_every_variable_of_a_layer_is_known():
  names = Bert.hugging_face.variables({"num_hidden_layers": 2})
  assert {"bert/encoder/layer_1/" + name for name in LAYER_VARIABLES} <= set(
      names)
  assert len({hugging_face.tensor_name(name, Bert.hugging_face)
              for name in names}) == len(names)


SPANS = {"cls/squad/output_weights": (2, 32), "cls/squad/output_bias": (2,)}


@needs_safetensors
@pytest.mark.parametrize("heads", [{}, CLASSIFIER, SPANS])
def test_there_and_back_is_the_same(tmp_path, heads):
  folder = str(tmp_path / "hf")
  before = model(**heads)
  hugging_face.write_hugging_face(folder, before)
  after = hugging_face.read_hugging_face(folder)
  assert set(after.weights) == set(before.weights) - {"global_step"}
  for name, values in after.weights.items():
    np.testing.assert_array_equal(values, before.weights[name], err_msg=name)
  assert after.config == dict(CONFIG)
  assert (after.labels, after.vocab, after.do_lower_case) == (
      before.labels if heads is CLASSIFIER else None, before.vocab, True)


@needs_safetensors
@pytest.mark.parametrize("heads, head, expected", [
    (SPANS, "span", "BertForQuestionAnswering"),
    ({"output_weights": (1, 32), "output_bias": (1,)}, "multiple_choice",
     "BertForMultipleChoice")])
def test_class_is_that_of_the_head(tmp_path, heads, head, expected):
  folder = str(tmp_path / "hf")
  hugging_face_task.check({"head": head, "labels": ["0", "1"]})
  hugging_face.write_hugging_face(folder, model(**heads)._replace(
      labels=["0", "1"], head=head))
  config = json.loads(commands.content(folder, "config.json"))
  assert config["architectures"] == [expected]
  assert "id2label" not in config


@needs_safetensors
def test_folder_is_what_transformers_reads(tmp_path):
  folder = str(tmp_path / "hf")
  hugging_face.write_hugging_face(folder, model(**CLASSIFIER))
  config = json.loads(commands.content(folder, "config.json"))
  assert config["architectures"] == ["BertForSequenceClassification"]
  assert config["hidden_act"] == "gelu_new"
  assert config["id2label"] == {"0": "x", "1": "y"}
  from safetensors import numpy as safetensors
  tensors = safetensors.load_file(os.path.join(folder, "model.safetensors"))
  kernel = model().weights["bert/encoder/layer_0/intermediate/dense/kernel"]
  np.testing.assert_array_equal(
      tensors["bert.encoder.layer.0.intermediate.dense.weight"], kernel.T)


def test_checkpoint_is_written_and_read(tmp_path):
  path = str(tmp_path / "new" / "model.ckpt")
  weights = dict(model(**CLASSIFIER).weights, global_step=np.int64(7))
  checkpoint_files.write(path, weights)
  found = commands.variables(path)
  assert set(found) == set(weights)
  for name, values in weights.items():
    np.testing.assert_array_equal(found[name], values, err_msg=name)
  assert "is there already" in message_of(checkpoint_files.write, path,
                                          weights)


def test_slots_are_left_out(tmp_path):
  path = golden.path("cli", "mrpc", "output")
  checkpoint = tf.train.latest_checkpoint(path)
  names = {name for name, _ in tf.train.list_variables(checkpoint)}
  found = checkpoint_files.read(checkpoint)
  assert set(found) == {name for name in names if "/adam_" not in name}
  assert "global_step" in found and len(names) > 2.5 * len(found)


@needs_safetensors
@pytest.mark.parametrize("act, is_exact, expected", [
    ("gelu_new", False, "gelu"), ("gelu", False, "gelu"),
    ("gelu", True, "gelu_exact"), ("gelu_pytorch_tanh", True, "gelu"),
    ("relu", False, "relu")])
def test_activation_is_ours_of_that_form(tmp_path, act, is_exact, expected):
  folder = str(tmp_path / "hf")
  hugging_face.write_hugging_face(folder, model())
  path = os.path.join(folder, "config.json")
  config = dict(json.loads(commands.content(path)), hidden_act=act)
  commands.write(path, json.dumps(config))
  found = hugging_face.read_hugging_face(folder, is_exact)
  assert found.config["hidden_act"] == expected


@needs_safetensors
@pytest.mark.parametrize("changes, fragment", [
    (dict(model_type="roberta"), "roberta"), (dict(hidden_act="silu"), "silu"),
    (dict(vocab_size=None), "vocab_size"),
    (dict(num_hidden_layers=2), "layer.2"),
    (dict(num_hidden_layers=4), "layer.3")])
def test_what_is_no_bert_is_refused(tmp_path, changes, fragment):
  folder = str(tmp_path / "hf")
  hugging_face.write_hugging_face(folder, model())
  path = os.path.join(folder, "config.json")
  config = {key: value for key, value in dict(
      json.loads(commands.content(path)), **changes).items()
            if value is not None}
  commands.write(path, json.dumps(config))
  assert fragment in message_of(hugging_face.read_hugging_face, folder)


def test_folder_without_weights_is_refused(tmp_path):
  commands.write(tmp_path / "config.json", json.dumps(CONFIG))
  assert "model.safetensors" in message_of(hugging_face.read_hugging_face,
                                           str(tmp_path))


def test_folder_that_is_there_is_left_alone(tmp_path):
  assert "is there already" in message_of(
      hugging_face.write_hugging_face, str(tmp_path), model())


@needs_safetensors
@pytest.mark.parametrize("head, size, architecture, problem", [
    ("classification", 3, "BertForSequenceClassification",
     "single_label_classification"),
    ("multi_label", 3, "BertForSequenceClassification",
     "multi_label_classification"),
    ("regression", 1, "BertForSequenceClassification", "regression"),
    ("tagging", 3, "BertForTokenClassification", None)])
def test_class_is_the_heads(tmp_path, head, size, architecture, problem):
  folder = str(tmp_path / "hf")
  hugging_face.write_hugging_face(folder, model(
      output_weights=(size, 32), output_bias=(size,))._replace(
          head=head, labels=None))
  config = json.loads(commands.content(folder, "config.json"))
  assert config["architectures"] == [architecture]
  assert config.get("problem_type") == problem
  assert len(config["id2label"]) == len(config["label2id"]) == size


def test_weights_without_a_place_there_are_refused(tmp_path):
  folder = str(tmp_path / "hf")
  message = message_of(hugging_face.write_hugging_face, folder,
                       model(crf_transitions=(3, 3)))
  assert "crf_transitions" in message and not os.path.exists(folder)


SIAMESE = dict(head="regression", labels=[], pair_encoding="siamese")


@pytest.mark.parametrize("changes, flag", [
    (dict(pooling="mean"), "--pooling=mean"),
    (dict(encoder_top="cnn"), "--encoder_top=cnn"),
    (dict(num_windows=4), "--num_windows=4"), (dict(crf=True), "--crf"),
    (dict(SIAMESE, pooling="attention"), "--pooling=attention"),
    (dict(SIAMESE, pooling="max", encoder_top="cnn"), "--encoder_top=cnn"),
    (dict(head="ordinal", labels=["1", "2"]), "ordinal")])
def test_models_that_have_no_class_there_are_refused(changes, flag):
  hugging_face_task.check({})
  assert flag in message_of(hugging_face_task.check, changes)


@needs_safetensors
@pytest.mark.parametrize("head, pooling, heads, left_out", [
    ("regression", "mean", {}, 0), ("regression", "cls", {}, 0),
    ("classification", "max",
     {"output_weights": (2, 96), "output_bias": (2,)}, 2)])
def test_encoder_of_pairs_apart_is_a_plain_one(tmp_path, head, pooling, heads,
                                               left_out):
  task = dict(SIAMESE, head=head, pooling=pooling)
  hugging_face_task.check(task)
  before = model(**heads)
  weights, notes = hugging_face_task.convert(before.weights, task)
  folder = str(tmp_path / "hf")
  hugging_face.write_hugging_face(folder, before._replace(
      weights=weights, head=head, notes=notes))
  config = json.loads(commands.content(folder, "config.json"))
  assert config["architectures"] == ["BertModel"]
  assert "id2label" not in config and "problem_type" not in config
  after = hugging_face.read_hugging_face(folder).weights
  assert set(after) == {name for name in before.weights
                        if name.startswith("bert/")}
  for name, values in after.items():
    np.testing.assert_array_equal(values, before.weights[name], err_msg=name)
  readme = commands.content(folder, "README.md")
  assert "--pooling=" + pooling in readme
  assert ("pooler_output" in readme) == (pooling == "cls")
  assert ("%d variables" % left_out in readme) == bool(left_out)
  assert ("[2, 96]" in readme) == bool(left_out)
  assert ("cosine" in readme) == (not left_out)


@pytest.mark.parametrize("changes, fragment", [
    (dict(tokenizer="char"), "--tokenizer=char"),
    (dict(truncation="head_tail"), "--truncation=head_tail"),
    (dict(mask_outside_context=True), "--mask_outside_context=true")])
def test_what_texts_are_read_by_and_the_folder_lacks_is_said(changes, fragment):
  assert hugging_face_task.convert({}, {"tokenizer": "wordpiece"}) == ({}, [])
  _, (note,) = hugging_face_task.convert({}, changes)
  assert fragment in note


@needs_safetensors
def test_folder_has_no_readme_where_there_is_nothing_to_say(tmp_path):
  hugging_face.write_hugging_face(str(tmp_path / "hf"), model())
  assert "README.md" not in os.listdir(str(tmp_path / "hf"))
