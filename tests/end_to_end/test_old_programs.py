"""Programs that were written for the reference release, run as they are."""
import json
import os
import shutil
import subprocess

import numpy as np
import pytest
import tensorflow.compat.v1 as tf

import commands
import forked
import golden
import span_golden
from bert import modeling
from golden_runs import expected_results, golden_checkpoint

ROOT = os.path.dirname(commands.SCRIPT)
PROGRAMS = os.path.join(ROOT, "tests", "programs")


def start(name, folder, *arguments, path=ROOT):
  """Runs a program in a folder, with another on its path; returns its log."""
  process = subprocess.run(
      forked.python() + [os.path.join(PROGRAMS, name)] +
      [str(each) for each in arguments], cwd=str(folder),
      env=dict(os.environ, PYTHONPATH=path), stdout=subprocess.PIPE,
      stderr=subprocess.STDOUT, universal_newlines=True)
  assert process.returncode == 0, process.stdout[-4000:]
  return process.stdout


def run(name, folder, *arguments):
  """What a program writes, and its log."""
  output = os.path.join(str(folder), "out.json")
  log = start(name, folder, golden.ROOT, *arguments + (output,))
  with open(output, encoding="utf-8") as reader:
    return json.load(reader), log


def assert_golden_probabilities(found, task):
  expected = [[float(cell) for cell in line.split("\t")] for line in golden.text(
      "cli", task, "expected_test_results.tsv").strip().split("\n")]
  golden.assert_close(found, expected)


def copy_of_golden(task, folder):
  shutil.copytree(golden.path("cli", task, "output"), str(folder))
  return folder


def test_notebook_reads_a_folder_of_the_reference(tmp_path):
  found, _ = run("reviews_notebook.py", tmp_path,
                 copy_of_golden("cola", tmp_path / "model"), 0)
  assert_golden_probabilities(found["probabilities"], "cola")
  expected = expected_results("cola")
  for key in ("eval_accuracy", "loss", "global_step"):
    assert found["results"][key] == pytest.approx(expected[key], rel=1e-5)


def test_notebook_trains_evaluates_and_predicts(tmp_path):
  found, _ = run("reviews_notebook.py", tmp_path, tmp_path / "model", 10)
  assert found["results"]["global_step"] == 10
  probabilities = np.array(found["probabilities"])
  assert probabilities.shape == (13, 2)
  golden.assert_close(probabilities.sum(axis=1), np.ones(13))
  names = commands.variables(str(tmp_path / "model" / "model.ckpt-10"))
  assert "bert/encoder/layer_0/attention/self/query/kernel/adam_m" in names
  again, _ = run("reviews_notebook.py", tmp_path, tmp_path / "model", 0)
  golden.assert_close(again["probabilities"], probabilities)


# Pairs and three labels; MRPC is below, and CoLA's texts are above.
def test_builders_give_the_golden_numbers(tmp_path):
  found, _ = run("tpu_classifier.py", tmp_path, "mnli", golden.checkpoint(),
                 copy_of_golden("mnli", tmp_path / "model"), 0)
  assert_golden_probabilities(found["probabilities"], "mnli")
  expected = expected_results("mnli")
  for key in ("eval_accuracy", "eval_loss", "global_step"):
    assert found["results"][key] == pytest.approx(expected[key], rel=1e-5)


def test_builders_start_from_init_checkpoint_where_there_is_none(tmp_path):
  found, _ = run("tpu_classifier.py", tmp_path, "mrpc",
                 golden_checkpoint("mrpc"), tmp_path / "model", 0)
  assert_golden_probabilities(found["probabilities"], "mrpc")
  expected = expected_results("mrpc")
  assert found["results"]["eval_loss"] == pytest.approx(expected["eval_loss"],
                                                        rel=1e-5)


def test_builders_train(tmp_path):
  found, log = run("tpu_classifier.py", tmp_path, "mrpc", golden.checkpoint(),
                   tmp_path / "model", 4)
  assert found["results"]["global_step"] == 4
  assert "name = bert/pooler/dense/kernel:0, shape = (32, 32), " \
      "*INIT_FROM_CKPT*" in log
  assert "name = output_weights:0, shape = (2, 32)\n" in log
  assert sorted(each for each in os.listdir(str(tmp_path / "model"))
                if each.endswith(".index"))[-1] == "model.ckpt-4.index"


def answers(name, folder):
  """Runs the program with the flags of a golden run; returns its files."""
  flags = span_golden.flags_of("runs.json", name)
  for key in ("train_file", "predict_file"):
    if key in flags:
      flags[key] = span_golden.path(flags[key])
  start("squad_estimator.py", folder, *commands.argv(
      dict(flags, output_dir=str(folder / "model"))))
  return [json.loads(commands.content(str(folder / "model"), file + ".json"))
          for file in ("predictions", "nbest_predictions", "null_odds")]


def test_questions_are_answered_after_training_as_by_the_reference(tmp_path):
  best, nbest, odds = answers("v2_train_one", tmp_path)
  expected = golden.document("squad", "cli", "v2_train_one",
                             "expected_predictions.json")
  assert list(best.items()) == list(expected.items())
  assert odds == pytest.approx(golden.document(
      "squad", "cli", "v2_train_one", "expected_null_odds.json"), rel=1e-4)
  assert list(nbest) == list(best)
  records = str(tmp_path / "model" / "train.tf_record")
  assert commands.records(records) == commands.records(span_golden.path(
      "cli", "v2_train_one", "expected_train.tf_record"))


def test_vectors_are_the_references(tmp_path):
  texts = commands.write(tmp_path / "in.txt", "the ferry left ||| two votes\n"
                         "captain\n")
  found, _ = run("vectors_notebook.py", tmp_path, texts)
  assert [each["unique_id"] for each in found["results"]] == [0, 1, 7]
  with tf.Graph().as_default(), tf.Session() as session:
    model = modeling.BertModel(
        modeling.BertConfig.from_json_file(golden.path("bert_config.json")),
        False, *[tf.constant(found[name]) for name in (
            "input_ids", "input_mask", "input_type_ids")])
    tf.train.Saver(tf.trainable_variables()).restore(session,
                                                     golden.checkpoint())
    layers = session.run(model.get_all_encoder_layers())
  for number, each in enumerate(found["results"]):
    for values, layer in zip(each["layers"], (layers[2], layers[0], layers[1])):
      golden.assert_close(values, layer[number])


@pytest.mark.parametrize("by_word, path", [
    (False, "bert"), (True, "")])
def test_instances_of_single_documents_are_the_references(tmp_path, by_word,
                                                          path):
  case = next(each for each in golden.rows("pretraining_data.jsonl")
              if each["flags"]["do_whole_word_mask"] == by_word)
  assert case["flags"]["num_output_files"] == 1
  settings = commands.write(tmp_path / "flags.json", json.dumps(case["flags"]))
  # The folder around bert/ has no module of the name tokenization.
  start("own_corpus.py", tmp_path, golden.ROOT, settings,
        tmp_path / "x.tf_record", path=os.pathsep.join(
            [os.path.join(ROOT, path), os.path.join(ROOT, "bert")]))
  assert [{name: values for name, (_, values) in record.items()}
          for record in commands.records(str(tmp_path / "x.tf_record"))] == (
              case["files"][0])
