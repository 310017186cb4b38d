"""A family that is one file elsewhere does all that BERT does.

Its file is below: BERT without token types, under a variable scope of its own,
and a task to fine-tune it for.
"""
import json
import os

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import run_pretraining
from bert.common import plug_ins
from bert.encoders import registry
from bert.predictor import Predictor
from bert.serving import exports
from mistakes import message_of
from served import ask

SOURCE = '''
from bert import modeling
from bert.encoders import registry
from bert.encoders.base import Encoder
from processors import base


class UntypedModel(modeling.BertModel):
  use_token_types = False


@registry.register
class Untyped(Encoder):
  """BERT that does not tell two texts apart."""
  family = "untyped"
  title = "Untyped"
  model_class = UntypedModel
  scope = "untyped"
  tokenizer = "char"
  counts = tuple(key for key in Encoder.counts if key != "type_vocab_size")
  num_token_types = 1

  @classmethod
  def claims(cls, values):
    return "type_vocab_size" not in values


@base.register("moods")
class Moods(base.TableProcessor):
  """Whether something is good news."""
  labels = ("bad", "good")
  train = base.Table("train.tsv", text_a=0, label=1, has_header=False)
  dev = train._replace(path="dev.tsv")
  test = train._replace(path="test.tsv")
'''
TEXTS = ["the captain said", "two votes", "before sunrise", "ferry left"]


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  """Flags of a run that trained, evaluated, predicted and exported; the family
  is known while the tests of this file run."""
  folder = tmp_path_factory.mktemp("untyped")
  module = commands.write(folder / "untyped.py", SOURCE)
  rows = [(text, ("bad", "good")[index % 2])
          for index, text in enumerate(TEXTS * 2)]
  for name in ("train", "dev", "test"):
    commands.write_table(folder / "data" / (name + ".tsv"), rows)
  made = commands.tiny_flags(
      folder, "moods", processor_module=module, do_train=True, do_eval=True,
      do_predict=True, do_export=True)
  made["bert_config_file"] = commands.write_config(folder,
                                                   type_vocab_size=None)
  with commands.forgetting_own_tasks():
    plug_ins.load(module, "--processor_module")
    commands.finish(made)
    yield made


def newest(flags):
  return tf.train.latest_checkpoint(flags["output_dir"])


def test_variables_are_under_its_scope_and_without_token_types(flags):
  names = {name for name, _ in tf.train.list_variables(newest(flags))
           if "/adam_" not in name}
  assert "untyped/embeddings/position_embeddings" in names
  assert not any("token_type" in name for name in names)
  assert {name for name in names if not name.startswith("untyped/")} == {
      "global_step", "output_bias", "output_weights"}


def test_folder_and_export_name_it(flags):
  for folder in (flags["output_dir"], os.path.join(
      exports.find(flags["output_dir"]), "assets")):
    task = json.loads(commands.content(folder, "task.json"))
    assert (task["model_type"], task["tokenizer"]) == ("untyped", "char")


def test_its_export_answers_in_python_and_over_http(flags):
  expected = commands.probabilities(flags["output_dir"])[:4]
  predictor = Predictor(flags["output_dir"])
  np.testing.assert_allclose(
      [[each.probabilities[label] for label in ("bad", "good")]
       for each in predictor.predict(TEXTS)], expected, atol=1e-5)
  np.testing.assert_allclose(
      [[each["probabilities"][label] for label in ("bad", "good")]
       for each in ask(predictor, TEXTS)], expected, atol=1e-5)


def test_export_of_a_family_that_is_not_imported_is_refused(flags, monkeypatch):
  # pylint: disable=protected-access
  monkeypatch.delitem(registry._ENCODERS, "untyped")
  message = message_of(Predictor, flags["output_dir"])
  assert "encoder 'untyped' is not known" in message


def test_folder_is_not_gone_on_in_with_another_family(flags, tmp_path):
  result = commands.run(dict(flags, num_train_epochs=3,
                             bert_config_file=commands.write_config(tmp_path)))
  assert result.code == 2
  assert ("was made with model_type 'untyped', this run has 'bert'" in
          result.log)


def test_weights_of_another_family_are_refused(flags, tmp_path):
  result = commands.run(dict(
      flags, output_dir=str(tmp_path / "out"), init_checkpoint=newest(flags),
      bert_config_file=commands.write_config(tmp_path)))
  assert result.code == 2
  assert "variables of the encoder: bert/embeddings" in result.log


def test_training_resumes_and_starts_from_its_weights(flags, tmp_path):
  log = commands.finish(dict(
      flags, output_dir=str(tmp_path / "out"), init_checkpoint=newest(flags),
      do_eval=False, do_predict=False, do_export=False, trainable="top:1"))
  assert "untyped/encoder/layer_0/output/dense/kernel:0" in log
  (embeddings,) = [line for line in log.split("\n")
                   if "untyped/embeddings/word_embeddings" in line]
  assert "*INIT_FROM_CKPT*" in embeddings and "*FROZEN*" in embeddings
  assert newest(flags).endswith("-2")
  commands.finish(dict(flags, num_train_epochs=2, do_export=False))
  assert newest(flags).endswith("-4")
  assert commands.results(flags["output_dir"])["global_step"] == 4


def test_what_it_does_not_have_is_refused_by_its_name(flags, tmp_path):
  result = commands.run({
      "input_file": commands.write(tmp_path / "x.tf_record", ""),
      "bert_config_file": flags["bert_config_file"], "do_train": True,
      "output_dir": str(tmp_path / "out")}, run_pretraining)
  assert result.code == 2 and "Untyped models can't be pre-trained" in result.log
  bert_dir = os.path.dirname(flags["bert_config_file"])
  result = commands.run({
      "to": "hugging_face", "bert_dir": bert_dir,
      "vocab_file": flags["vocab_file"],
      "hugging_face_dir": str(tmp_path / "hf")},
                        commands.load_script("convert_checkpoint"))
  assert result.code == 2 and "Untyped models can't be converted" in result.log
