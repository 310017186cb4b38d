"""--init_checkpoint=FOLDER, in each command that has the flag."""
import os

import pytest

import commands
import create_pretraining_data
import extract_features
import golden
import run_classifier
import run_cross_validation
import run_pretraining
from golden_runs import expected_results
from golden_runs import golden_checkpoint
from golden_runs import golden_flags
from tiny_runs import pairs
from tiny_runs import pretraining_text
from tiny_runs import write_v1

# It has no file named checkpoint, as a release has none.
CONFIG = golden.path("bert_config.json")
RELEASE = os.path.dirname(golden.checkpoint())


def classifier(folder):
  return dict(pairs(folder, num_train_epochs=1), do_eval=False,
              do_predict=False, bert_config_file=CONFIG)


def cross_validation(folder):
  flags = pairs(folder, num_folds=2, num_train_epochs=1, num_workers=1,
                do_predict=False)
  return {name: value for name, value in dict(
      flags, bert_config_file=CONFIG).items()
          if name not in ("do_train", "do_eval")}


def pretraining(folder):
  text = pretraining_text(folder, max_seq_length=16, num_workers=1)
  assert commands.run(text, create_pretraining_data).code == 0
  return {"input_file": text["output_file"], "max_seq_length": 16,
          "max_predictions_per_seq": text["max_predictions_per_seq"],
          "train_batch_size": 2, "num_train_steps": 1, "num_warmup_steps": 0,
          "do_train": True, "output_dir": str(folder / "out"),
          "bert_config_file": CONFIG}


def vectors(folder):
  return {"input_file": commands.write(folder / "in.txt", "two votes\n"),
          "output_file": str(folder / "out.jsonl"), "max_seq_length": 8,
          "layers": "-1",
          "vocab_file": golden.path("vocab.txt"),
          "bert_config_file": CONFIG}


COMMANDS = {"run_classifier": (run_classifier, classifier),
            "run_cross_validation": (run_cross_validation, cross_validation),
            "run_pretraining": (run_pretraining, pretraining),
            "extract_features": (extract_features, vectors)}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_folder_is_read_and_an_empty_one_refused(tmp_path, name):
  command, make_flags = COMMANDS[name]
  flags = make_flags(tmp_path)
  empty = tmp_path / "empty"
  empty.mkdir()
  result = commands.run(dict(flags, init_checkpoint=str(empty)), command)
  assert result.code == 2
  assert "--init_checkpoint=%s: no checkpoint is in" % empty in result.log
  result = commands.run(dict(flags, init_checkpoint=RELEASE), command)
  assert result.code == 0, result.log
  assert "the newest checkpoint there is %s\n" % golden.checkpoint() in (
      result.log)


# Folds and pre-training begin as run_classifier.py does.
@pytest.mark.parametrize("name", ["extract_features", "run_classifier"])
def test_checkpoint_of_tensorflows_first_format_starts_each(tmp_path, name):
  command, make_flags = COMMANDS[name]
  path = write_v1(golden.checkpoint(), tmp_path / "v1" / "bert_model.ckpt")
  result = commands.run(dict(make_flags(tmp_path), init_checkpoint=path),
                        command)
  assert result.code == 0, result.log
  if command is run_classifier:
    assert "word_embeddings:0, shape = (756, 32), *INIT_FROM_CKPT*" in (
        result.log)


def test_trained_model_of_the_first_format_is_used_as_it_was(tmp_path):
  path = write_v1(golden_checkpoint("cola"), tmp_path / "v1" / "model.ckpt-20")
  folder = str(tmp_path / "out")
  commands.finish(golden_flags(
      "cola", do_eval=True, do_predict=True, do_export=True,
      init_checkpoint=path, output_dir=folder))
  results = commands.results(folder)
  for name in ("eval_accuracy", "eval_loss", "global_step"):
    assert results[name] == pytest.approx(expected_results("cola")[name])
  expected = [[float(cell) for cell in line.split("\t")] for line in golden.text(
      "cli", "cola", "expected_test_results.tsv").strip().split("\n")]
  golden.assert_close(commands.probabilities(folder), expected)
