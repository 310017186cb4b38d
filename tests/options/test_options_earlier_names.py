"""Earlier names of flags mean what they meant."""
import pytest

import extract_features
import run_classifier
import run_squad
from bert.common import command_line
from bert.options import finetuning
from bert.options.vectors import VectorOptions
from bert.options.vectors import check_vectors
from mistakes import message_of

REQUIRED = {run_classifier: ("data_dir", "bert_config_file", "task_name",
                             "vocab_file", "output_dir"),
            run_squad: ("vocab_file", "bert_config_file", "output_dir"),
            extract_features: ("vocab_file", "bert_config_file",
                               "init_checkpoint")}


def first_group(command, *arguments):
  return command_line.parse(
      ["x.py"] + ["--%s=x" % name for name in REQUIRED[command]] +
      list(arguments), command.GROUPS, "")[0]


@pytest.mark.parametrize("command", [run_classifier, run_squad])
@pytest.mark.parametrize("old, new", [
    ("--num_trials=3", "--num_seeds=3"),
    ("--export_formats=saved_model", "--noexport_onnx"),
    ("--export_formats=saved_model,onnx", "--export_onnx"),
    ("--export_formats=onnx,saved_model", "--export_onnx")])
def test_flags_of_what_to_do(command, old, new):
  assert first_group(command, old) == first_group(command, new)


@pytest.mark.parametrize("text", ["onnx", "", "saved_model,tflite",
                                  "saved_model, onnx"])
def test_other_formats_are_refused(text):
  message = message_of(first_group, run_classifier,
                       "--export_formats=%s" % text)
  assert message == ("--export_formats=%s: must be saved_model or "
                     "saved_model,onnx; --export_onnx replaces it" % text)


@pytest.mark.parametrize("arguments, expected", [
    (["--do_export"], ["export"]),
    (["--do_export", "--export_onnx"], ["export", "onnx"]),
    (["--do_eval", "--export_onnx"], ["eval"])])
def test_onnx_is_a_part_of_an_export(arguments, expected):
  assert finetuning.actions_to_do(
      first_group(run_classifier, *arguments)) == expected


@pytest.mark.parametrize("old, new", [
    ([], ["--layers=-1,-2,-3,-4"]),
    (["--layers=-1"], ["--layers=-1"]),
    (["--sentence_vectors=mean"], ["--pooling=mean", "--layers=-2"]),
    (["--sentence_vectors=mean_all"],
     ["--pooling=mean", "--pool_special_tokens", "--layers=-2"]),
    (["--sentence_vectors=mean_max_all", "--vector_layer=-1,-2"],
     ["--pooling=mean_max", "--pool_special_tokens", "--layers=-1,-2"]),
    (["--sentence_vectors=tokens"], ["--pooling=tokens"])] + [
        (["--sentence_vectors=" + name, "--vector_layer=0"],
         ["--pooling=" + name, "--layers=0"])
        for name in ("max", "mean_max", "cls", "last")])
def test_flags_of_vectors(old, new):
  assert first_group(extract_features, *old) == first_group(
      extract_features, *new)


@pytest.mark.parametrize("pooling, has_special, expected", [
    (None, False, None), ("mean", False, "mean"), ("mean", True, "mean_all"),
    ("mean_max", True, "mean_max_all"), ("cls", False, "cls")])
def test_exports_keep_the_names_of_vectors(pooling, has_special, expected):
  assert VectorOptions(
      pooling=pooling, pool_special_tokens=has_special).text_vectors == expected


@pytest.mark.parametrize("arguments, fragment", [
    (["--sentence_vectors=sum"],
     "--sentence_vectors=sum: must be one of: mean max"),
    (["--sentence_vectors=cls_all"],
     "--sentence_vectors=cls_all: must be one of: mean max"),
    (["--sentence_vectors=cls", "--layers=-1"],
     "--layers counted for nothing with it"),
    (["--sentence_vectors=mean", "--pooling=max"],
     "--sentence_vectors=mean is an earlier form of --pooling=mean, but "
     "--pooling=max is given"),
    (["--vector_layer=-1", "--layers=-2"], "--vector_layer=-1 is an earlier "
     "form of --layers=-1, but --layers=-2 is given"),
    (["--num_layers=1"], "num_layers")])
def test_what_does_not_fit_is_refused(arguments, fragment):
  assert fragment in message_of(first_group, extract_features, *arguments)


@pytest.mark.parametrize("pooling", ["max", "cls", "last", "tokens"])
def test_special_tokens_are_of_means_alone(pooling):
  options = VectorOptions(
      do_export=True, output_dir="x", pooling=pooling,
      pool_special_tokens=True)
  assert message_of(check_vectors, options) == (
      "--pool_special_tokens needs --pooling=mean or mean_max")
