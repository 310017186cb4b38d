"""Exports and the predictor on them, against test_results.tsv."""
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import golden
import exported
from bert.heads import tagging
from bert.serving import exports
from bert.serving import predictor
from mistakes import message_of

KINDS = {
    "single": (exported.of_singles, {}),
    "windows": (exported.of_singles, dict(num_windows=3, pooling="mean")),
    "tail": (exported.of_singles, dict(truncation="tail")),
    "pair": (exported.of_pairs, {}),
    "words": (exported.of_words, {}),
    "crf": (exported.of_words, dict(crf=True, encoder_top="bilstm")),
    "score": (exported.of_scores, {}),
    "set": (exported.of_sets, dict(threshold=0.3))}


@pytest.fixture(scope="module", params=sorted(KINDS))
def made(request, tmp_path_factory):
  """(flags of the run that exported, predictor on it)."""
  make, changes = KINDS[request.param]
  flags = make(tmp_path_factory.mktemp(request.param), **changes)
  return flags, predictor.Predictor(flags["output_dir"], batch_size=3)


def assert_same_line(line, expected):
  """Equal words, and numbers that are equal but for rounding."""
  one, other = line.split("\t"), expected.split("\t")
  assert len(one) == len(other)
  for cell, wanted in zip(one, other):
    try:
      assert float(cell) == pytest.approx(float(wanted), abs=1e-5)
    except ValueError:
      assert cell == wanted


def test_answers_are_those_of_test_results(made):
  flags, asked = made
  answers = asked.predict(exported.questions_of(flags))
  lines = commands.lines(flags["output_dir"], "test_results.tsv")
  assert len(answers) == len(lines) > 3
  for answer, line in zip(answers, lines):
    assert_same_line(answer.line, line)


def test_export_is_enough_by_itself(made):
  flags, _ = made
  folder = exported.folder_of(flags)
  assert {"vocab.txt", "labels.txt", "task.json"} == set(
      os.listdir(os.path.join(folder, "assets")))
  names = {name for name, _ in tf.train.list_variables(
      os.path.join(folder, "variables", "variables"))}
  assert "bert/embeddings/word_embeddings" in names
  assert not any("adam" in name or name == "global_step" for name in names)


def test_default_signature_takes_ids_of_any_size(made):
  flags, asked = made
  signature = asked.loaded.engine.signatures["serving_default"]
  assert set(signature.inputs) == {"input_ids", "input_mask", "segment_ids"}
  windows = asked.task["num_windows"]
  outputs = []
  for length in (6, 9):
    shape = (2, windows, length) if windows > 1 else (2, length)
    ids = np.zeros(shape, np.int32)
    ids[..., :5] = 7
    outputs.append(asked.run({"input_ids": ids, "input_mask": np.int32(ids > 0),
                              "segment_ids": 0 * ids}))
  (name,) = outputs[0]
  assert name == ("scores" if asked.task["head"] == "regression" else
                  "probabilities")
  one, other = [each[name] for each in outputs]
  if asked.task["head"] == "tagging":
    assert one.shape == (2, 6, len(asked.task["labels"]))
    one, other = one[:, :5], other[:, :5]
  # Padding changes nothing.
  np.testing.assert_allclose(one, other, atol=1e-5)


def test_blank_questions_are_refused(made):
  _, asked = made
  for question in ("", "  ", ("", "the"), (" ", "the")):
    message_of(asked.predict, [question])


def test_answers_come_to_whoever_asked(made):
  flags, asked = made
  texts = exported.questions_of(flags)
  expected = [answer.line for answer in asked.predict(texts)]
  found = {}

  def ask(number):
    for place in range(number, len(texts), 4):
      (answer,) = asked.predict([texts[place]])
      found[place] = answer.line

  threads = [threading.Thread(target=ask, args=(number,))
             for number in range(4)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  for place, line in enumerate(expected):
    assert_same_line(found[place], line)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
  return exported.of_singles(tmp_path_factory.mktemp("one"))


def test_probabilities_are_named(single):
  asked = predictor.Predictor(exported.folder_of(single))
  (answer,) = asked.predict(["the captain said"])
  assert set(answer.probabilities) == {"0", "1"}
  assert sum(answer.probabilities.values()) == pytest.approx(1)
  (label,) = answer.labels
  assert answer.scores == [answer.probabilities[label]]
  assert answer.scores[0] == max(answer.probabilities.values())


def test_newest_export_is_taken(single, tmp_path):
  for name in ("100", "99", ".101.partial"):
    os.makedirs(str(tmp_path / "export" / name))
  assert exports.find(str(tmp_path)) == str(tmp_path / "export" / "100")
  assert exports.find(exported.folder_of(single)) == exported.folder_of(single)
  assert "--export_dir=" in message_of(exports.find, str(tmp_path / "none"))


def test_saved_model_cli_shows_it(single):
  shown = subprocess.check_output([
      os.path.join(os.path.dirname(sys.executable), "saved_model_cli"), "show",
      "--dir", exported.folder_of(single), "--tag_set", "serve",
      "--signature_def", "serving_default"], stderr=subprocess.DEVNULL)
  for fragment in (b"input_ids", b"input_mask", b"segment_ids",
                   b"probabilities", b"DT_INT32"):
    assert fragment in shown


def test_broken_export_is_the_users_mistake(single, tmp_path):
  folder = str(tmp_path / "export" / "1")
  os.makedirs(os.path.join(folder, "assets"))
  commands.write(os.path.join(folder, "saved_model.pb"), b"none")
  commands.write(os.path.join(folder, "assets", "task.json"), "{}")
  assert "can't be loaded" in message_of(predictor.Predictor, folder)
  commands.write(os.path.join(folder, "assets", "task.json"), "{")
  assert "task.json" in message_of(predictor.Predictor, folder)


def test_task_json_of_an_export_says_how_texts_are_read(single):
  task = json.loads(commands.content(exported.folder_of(single), "assets",
                                     "task.json"))
  assert task["max_seq_length"] == 16 and task["labels"] == ["0", "1"]
  assert task["truncation"] == "head" and task["num_windows"] == 1


# Of "two votes", and of a pair; told where each was written.
WRITTEN = {"tf_1.15": [[0.51549423, 0.48450577], [0.53777999, 0.46222004]],
           "tf_2.15": [[0.57180721, 0.42819279], [0.54395539, 0.45604461]]}


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_export_of_either_tensorflow_is_read(name):
  folder = os.path.join(golden.FIXTURES, "exports", name)
  answers = predictor.Predictor(folder).predict(
      ["two votes", ("the captain said", "two votes")])
  np.testing.assert_allclose(
      [list(answer.probabilities.values()) for answer in answers],
      WRITTEN[name], atol=1e-5)


def test_outputs_that_are_no_numbers_are_refused(tmp_path):
  flags = exported.of_singles(tmp_path)
  model = predictor.Predictor(flags["output_dir"])
  runs = model.loaded.engine.runs
  names, run = runs["serving_default"]
  runs["serving_default"] = names, lambda *inputs: {
      name: values * np.nan for name, values in run(*inputs).items()}
  assert "is not a number" in message_of(model.predict, ["the captain said"])
