"""Groups of flags beside those of run_classifier.py, and which command has which.

A flag that a group shares with one of run_classifier.py is tested with that.
"""
import dataclasses
import importlib

import pytest

import option_cases
import run_classifier
from bert.common import command_line
from bert.common.errors import UserError
from bert.options import pretraining
from bert.options import serving
from bert.options.finetuning import FoldOptions
from bert.options.questions import QuestionOptions
from bert.options.questions import SquadOptions
from bert.options.search import SearchOptions
from bert.options.shared import StepOptions
from bert.options.vectors import VectorOptions
from option_cases import Case
from option_cases import choice
from option_cases import count
from option_cases import fraction
from option_cases import name
from option_cases import positive
from option_cases import share
from option_cases import switch

_OF_TEXTS = ["DataOptions", "HeadOptions"]
_OF_RUNS = ["ModelOptions", "RunOptions", "TrainOptions", "EvalOptions",
            "SpeedOptions", "TpuOptions"]
_FINE_TUNING = _OF_TEXTS + ["SpanOptions"] + _OF_RUNS
GROUPS = {
    "run_classifier": ["TaskOptions"] + _FINE_TUNING,
    "run_cross_validation": ["FoldOptions"] + _FINE_TUNING,
    "run_search": ["SearchOptions"] + _FINE_TUNING,
    "run_squad": ["SquadOptions", "QuestionOptions", "SpanOptions"] + _OF_RUNS,
    "create_pretraining_data": ["TextOptions", "InstanceOptions"],
    "run_pretraining": ["RecordOptions", "ModelOptions", "RunOptions",
                        "ScheduleOptions", "StepOptions", "TpuOptions"],
    "run_predictor": ["PredictorOptions", "ServerOptions"],
    "extract_features": ["VectorOptions", "StepOptions", "TpuOptions"]}
# [CLS], a token, [SEP], a token, [SEP].
LENGTH = Case("64", 64, [("4", "must be at least 5"), ("long", "int")])
CASES = {
    FoldOptions: {
        "num_folds": count(2), "do_predict": switch(), "init_folds": name()},
    SquadOptions: {"do_eval": switch(), "do_predict": switch()},
    QuestionOptions: {
        "train_file": name(), "eval_file": name(), "predict_file": name(),
        "max_seq_length": LENGTH},
    SearchOptions: {
        "search": Case("a=choice:1", command_line.Repeated(["a=choice:1"])),
        "search_file": name(), "sampler": choice("grid", "tpe"),
        "num_search_trials": count(), "search_timeout": positive(),
        "pruner": choice("median", "none"), "keep_trials": count(),
        "search_storage": name(), "do_predict": switch(),
        "do_export": switch()},
    pretraining.TextOptions: {"input_file": name(True), "segmenter": name()},
    pretraining.InstanceOptions: {
        "output_file": name(True), "max_seq_length": LENGTH,
        "max_predictions_per_seq": count(), "masked_lm_prob": fraction(),
        "do_whole_word_mask": switch(), "short_seq_prob": share(),
        "dupe_factor": count(), "random_seed": count(0),
        "num_shards": count(0), "shards": name(), "num_workers": count(0)},
    pretraining.RecordOptions: {
        "do_eval": switch(), "input_file": name(True), "eval_file": name(),
        "checkpoint": name(), "max_seq_length": LENGTH,
        "max_predictions_per_seq": count()},
    pretraining.ScheduleOptions: {
        "num_train_steps": count(), "num_warmup_steps": count(0),
        "max_eval_steps": count()},
    StepOptions: {},
    serving.PredictorOptions: {
        "export_dir": name(), "processor_module": name(),
        "batch_size": count(), "engine": choice("onnx", "tensorflow"),
        "precision": Case("int8", "int8", [
            ("INT8", "must be one of: float32 bfloat16 float16 int8")]),
        "input_format": choice("jsonl", "text"),
        "output_format": choice("jsonl", "tsv")},
    serving.ServerOptions: {
        "http": name(), "bert_serving": name(), "bert_serving_bind": name(),
        "grpc": name(),
        "config": name(), "poll_seconds": Case("0.5", 0.5, [
            ("-1", "must be at least 0"), ("soon", "float")]),
        "warmup": switch(), "access_log": name(), "model_name": name(),
        "max_batch": count(), "batch_wait_ms": Case("0.5", 0.5, [
            ("-1", "must be at least 0"), ("10001", "must be at most 10000"),
            ("soon", "float")]),
        "max_queue": count(), "max_body_kb": count(), "max_texts": count(),
        "max_response_mb": count(),
        "max_chars": count(), "timeout": positive(), "num_threads": count(),
        "drain_seconds": Case("0", 0.0, [
            ("-1", "must be at least 0"), ("soon", "float")])},
    VectorOptions: {
        "input_file": name(), "output_file": name(), "do_export": switch(),
        "output_dir": name(), "layers": Case("-1,-2", "-1,-2"),
        "pooling": choice("mean_max", "mean"), "pool_special_tokens": switch(),
        "init_checkpoint": name(True), "checkpoint": choice("newest", "best"),
        "batch_size": count(), "use_one_hot_embeddings": switch()},
}
# Every flag of the reference and its default.
REFERENCE_DEFAULTS = {
    "create_pretraining_data": {
        "input_file": None, "output_file": None, "vocab_file": None,
        "do_lower_case": True, "do_whole_word_mask": False,
        "max_seq_length": 128, "max_predictions_per_seq": 20,
        "random_seed": 12345, "dupe_factor": 10, "masked_lm_prob": 0.15,
        "short_seq_prob": 0.1},
    "run_squad": {
        "vocab_file": None, "bert_config_file": None, "output_dir": None,
        "train_file": None, "predict_file": None, "init_checkpoint": None,
        "do_lower_case": True, "max_seq_length": 384, "doc_stride": 128,
        "max_query_length": 64, "do_train": False, "do_predict": False,
        "train_batch_size": 32, "predict_batch_size": 8, "learning_rate": 5e-5,
        "num_train_epochs": 3.0, "warmup_proportion": 0.1,
        "save_checkpoints_steps": 1000, "iterations_per_loop": 1000,
        "n_best_size": 20, "max_answer_length": 30, "use_tpu": False,
        "tpu_name": None, "tpu_zone": None, "gcp_project": None, "master": None,
        "num_tpu_cores": 8, "verbose_logging": False,
        "version_2_with_negative": False, "null_score_diff_threshold": 0.0},
    "run_pretraining": {
        "input_file": None, "bert_config_file": None, "output_dir": None,
        "init_checkpoint": None, "max_seq_length": 128,
        "max_predictions_per_seq": 20, "do_train": False, "do_eval": False,
        "train_batch_size": 32, "eval_batch_size": 8, "learning_rate": 5e-5,
        "num_train_steps": 100000, "num_warmup_steps": 10000,
        "save_checkpoints_steps": 1000, "iterations_per_loop": 1000,
        "max_eval_steps": 100, "use_tpu": False, "tpu_name": None,
        "tpu_zone": None, "gcp_project": None, "master": None,
        "num_tpu_cores": 8},
    "extract_features": {
        "input_file": None, "output_file": None, "layers": "-1,-2,-3,-4",
        "bert_config_file": None, "max_seq_length": 128,
        "init_checkpoint": None, "vocab_file": None, "do_lower_case": True,
        "batch_size": 32, "use_tpu": False, "master": None, "num_tpu_cores": 8,
        "use_one_hot_embeddings": False},
}
ALL = [(group, flag) for group in CASES for flag in sorted(CASES[group])]


def fields_of(command):
  return [field for group in importlib.import_module(command).GROUPS
          for field in dataclasses.fields(group)]


def parse(groups, **values):
  given = {field.name: "x" for group in groups
           for field in dataclasses.fields(group)
           if field.metadata.get("required")}
  given.update(values)
  return option_cases.as_dict(command_line.parse(
      ["x.py"] + ["--%s=%s" % item for item in given.items()], groups,
      "About this."))


def name_of(value):
  return getattr(value, "__name__", None)


@pytest.mark.parametrize("command", sorted(GROUPS))
def test_command_has_its_groups(command):
  groups = importlib.import_module(command).GROUPS
  assert [group.__name__ for group in groups] == GROUPS[command]
  assert set(groups) <= set(CASES) | set(run_classifier.GROUPS)


@pytest.mark.parametrize("group", CASES, ids=name_of)
def test_every_flag_has_a_case(group):
  # Tested by test_options_finetuning: the declaration is the same object.
  shared = fields_of("run_classifier")
  assert sorted(CASES[group]) == sorted(
      field.name for field in dataclasses.fields(group)
      if not any(field is other for other in shared))


@pytest.mark.parametrize("command", sorted(REFERENCE_DEFAULTS))
def test_every_flag_of_the_reference_is_there_with_its_default(command):
  values = parse(importlib.import_module(command).GROUPS)
  is_required = {field.name: bool(field.metadata.get("required"))
                 for field in fields_of(command)}
  for flag, default in REFERENCE_DEFAULTS[command].items():
    assert values[flag] == ("x" if is_required[flag] else default), flag
    assert default is None or not is_required[flag]


@pytest.mark.parametrize("group, flag", ALL, ids=name_of)
def test_good_value_is_read(group, flag):
  case = CASES[group][flag]
  value = parse([group], **{flag: case.good})[flag]
  assert value == case.value and type(value) is type(case.value)


@pytest.mark.parametrize("group, flag, text, problem", [
    (group, flag) + bad for group, flag in ALL
    for bad in CASES[group][flag].bad], ids=name_of)
def test_bad_value_is_refused_by_flag_value_and_limit(group, flag, text,
                                                      problem):
  with pytest.raises(UserError) as caught:
    parse([group], **{flag: text})
  message = str(caught.value)
  assert flag in message and text in message and problem in message
  assert "\n" not in message
