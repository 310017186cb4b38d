"""A kind of head that is one class elsewhere does all that the others do."""
import json
import os

import numpy as np
import pytest

import commands
import run_predictor
from bert.common import plug_ins
from bert.heads import registry
from bert.predictor import Predictor
from served import ask

MODULE = os.path.join(os.path.dirname(commands.__file__), "ordinal_task.py")
LABELS = ["bad", "fair", "good"]
TEXTS = ["the captain said", "two votes", "before sunrise", "ferry left"]


@pytest.fixture(scope="module", autouse=True)
def own_head():
  """The head is known during these tests alone."""
  with commands.forgetting_own_tasks():
    plug_ins.load(MODULE, "--processor_module")
    yield


@pytest.fixture(scope="module")
def flags(tmp_path_factory):
  """Flags of a run that trained, evaluated, predicted and exported."""
  folder = tmp_path_factory.mktemp("stars")
  rows = [(text, LABELS[index % 3]) for index, text in enumerate(TEXTS * 3)]
  for name in ("train", "dev", "test"):
    commands.write_table(folder / "data" / (name + ".tsv"), rows)
  made = commands.tiny_flags(
      folder, "stars", processor_module=MODULE, do_train=True, do_eval=True,
      do_predict=True, do_export=True)
  commands.finish(made)
  return made


def test_it_is_not_of_the_program():
  assert "ordinal" in registry.registered()
  heads = os.path.dirname(registry.__file__)
  assert not any("ordinal" in commands.content(heads, name)
                 for name in os.listdir(heads) if name.endswith(".py"))


def test_it_is_evaluated_and_reported(flags):
  results = commands.results(flags["output_dir"])
  assert {"eval_accuracy", "eval_loss", "eval_mcc"} <= set(results)
  (line,) = commands.lines(flags["output_dir"], "eval_report.txt")
  assert line.startswith("off by ")
  errors = commands.lines(flags["output_dir"], "eval_errors.tsv")
  assert len(errors) - 1 == round(12 * (1 - results["eval_accuracy"]))


def test_it_predicts(flags):
  probabilities = commands.probabilities(flags["output_dir"])
  assert probabilities.shape == (12, 3)
  np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
  predictions = commands.predictions(flags["output_dir"])
  assert [row[1] for row in predictions] == [
      LABELS[index] for index in probabilities.argmax(axis=1)]


def test_its_export_answers_in_python_and_over_http(flags):
  expected = commands.probabilities(flags["output_dir"])[:4]
  predictor = Predictor(flags["output_dir"])
  outputs = predictor.predict(TEXTS)
  np.testing.assert_allclose(
      [[each.probabilities[label] for label in LABELS] for each in outputs],
      expected, atol=1e-5)
  served = ask(predictor, TEXTS)
  np.testing.assert_allclose(
      [[each["probabilities"][label] for label in LABELS] for each in served],
      expected, atol=1e-5)


def test_predictor_imports_its_module(flags):
  """In a process that knows nothing of it."""
  arguments = {"export_dir": flags["output_dir"], "output_format": "jsonl"}
  script = os.path.abspath(run_predictor.__file__)
  refused = commands.spawn(arguments, script)
  assert refused.code == 2 and "'ordinal' is not known" in refused.log
  result = commands.spawn(dict(arguments, processor_module=MODULE), script)
  assert result.code == 0, result.log


def test_folds_are_made_of_it(flags, tmp_path):
  import run_cross_validation
  fold_flags = {name: value for name, value in flags.items()
                if not name.startswith("do_")}
  fold_flags.update(output_dir=str(tmp_path / "out"), num_folds=2)
  result = commands.run(fold_flags, run_cross_validation)
  assert result.code == 0, result.log
  assert "eval_mcc" in commands.results(tmp_path / "out")
  assert json.loads(commands.content(tmp_path, "out", "task.json"))[
      "head"] == "ordinal"
