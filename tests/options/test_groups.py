"""Every flag of the commands beside run_classifier.py."""
import dataclasses

import pytest

import create_pretraining_data
import extract_features
import run_predictor
import run_pretraining
import run_search
import run_squad
import option_cases
from bert.common import command_line
from bert.common.errors import UserError
from bert.options.finetuning import TaskOptions
from option_cases import Case
from option_cases import choice
from option_cases import count
from option_cases import fraction
from option_cases import name
from option_cases import positive
from option_cases import share
from option_cases import switch

COMMANDS = {"create_pretraining_data": create_pretraining_data,
            "run_pretraining": run_pretraining, "run_predictor": run_predictor,
            "extract_features": extract_features, "run_squad": run_squad,
            "run_search": run_search}
# Flags that run_classifier.py has as well.
SHARED = {flag: option_cases.CASES[flag] for flag in (
    "precision", "gradient_accumulation_steps", "cpu_replicas", "use_horovod",
    "fp16_allreduce", "use_tpu", "tpu_name", "tpu_zone", "gcp_project", "master", "num_tpu_cores",
    "iterations_per_loop")}
# Those of run_classifier.py that are not for questions.
OF_TEXTS = (
    "task_name", "data_dir", "processor_module", "bad_rows", "truncation",
    "head_tokens", "num_windows", "window_stride", "tokenizer", "threshold",
    "pooling", "pair_encoding", "encoder_top", "window_pooling", "crf", "loss",
    "class_weights", "label_smoothing")
# What run_classifier.py does, and how often.
OF_ACTIONS = tuple(field.name for field in dataclasses.fields(TaskOptions))
MODEL = {"bert_config_file": name(True), "init_checkpoint": name()}
# [CLS], a token, [SEP], a token, [SEP].
LENGTH = Case("64", 64, [("4", "must be at least 5"), ("long", "int")])
CASES = {
    "create_pretraining_data": {
        "input_file": name(True), "output_file": name(True),
        "vocab_file": name(True), "do_lower_case": switch(),
        "tokenizer": option_cases.CASES["tokenizer"], "segmenter": name(),
        "max_seq_length": LENGTH,
        "max_predictions_per_seq": count(), "masked_lm_prob": fraction(),
        "do_whole_word_mask": switch(), "short_seq_prob": share(),
        "dupe_factor": count(), "random_seed": count(0),
        "num_shards": count(0), "shards": name(), "num_workers": count(0)},
    "run_pretraining": dict(
        SHARED, **MODEL, allow_missing_weights=switch(), do_train=switch(),
        do_eval=switch(), checkpoint=name(),
        input_file=name(True), eval_file=name(), max_seq_length=LENGTH,
        max_predictions_per_seq=count(), train_batch_size=count(),
        eval_batch_size=count(), learning_rate=positive(),
        num_train_steps=count(), num_warmup_steps=count(0),
        max_eval_steps=count(), adam_bias_correction=switch(),
        output_dir=name(True), random_seed=count(0), log_steps=count(),
        save_checkpoints_steps=count(), keep_checkpoint_max=count(0)),
    "run_squad": dict(
        {flag: case for flag, case in option_cases.CASES.items()
         if flag not in OF_TEXTS}, train_file=name(), eval_file=name(),
        predict_file=name(), max_seq_length=LENGTH),
    "run_search": dict(
        {flag: case for flag, case in option_cases.CASES.items()
         if flag not in OF_ACTIONS}, do_predict=switch(), do_export=switch(),
        search=Case("a=choice:1", command_line.Repeated(["a=choice:1"])),
        search_file=name(), sampler=choice("grid", "tpe"),
        num_search_trials=count(), search_timeout=positive(),
        pruner=choice("median", "none"), keep_trials=count(),
        search_storage=name()),
    "run_predictor": {
        "export_dir": name(), "processor_module": name(),
        "batch_size": count(),
        "engine": choice("onnx", "tensorflow"),
        "precision": Case("int8", "int8", [
            ("INT8", "must be one of: float32 bfloat16 float16 int8")]),
        "input_format": choice("jsonl", "text"),
        "output_format": choice("jsonl", "tsv"), "http": name(),
        "bert_serving": name(), "grpc": name(), "config": name(),
        "poll_seconds": Case("0.5", 0.5, [
            ("-1", "must be at least 0"), ("soon", "float")]),
        "warmup": switch(), "access_log": name(),
        "model_name": name(), "max_batch": count(),
        "batch_wait_ms": Case("0.5", 0.5, [
            ("-1", "must be at least 0"), ("10001", "must be at most 10000"),
            ("soon", "float")]),
        "max_queue": count(), "max_body_kb": count(), "max_texts": count(),
        "max_chars": count(), "timeout": positive(), "num_threads": count()},
    "extract_features": dict(
        SHARED, **dict(MODEL, init_checkpoint=name(True)),
        checkpoint=choice("newest", "best"),
        input_file=name(), output_file=name(), vocab_file=name(True),
        do_export=switch(), output_dir=name(),
        layers=Case("-1,-2", "-1,-2"), pooling=choice("mean_max", "mean"),
        pool_special_tokens=switch(),
        do_lower_case=switch(), tokenizer=option_cases.CASES["tokenizer"],
        max_seq_length=count(3), batch_size=count(),
        use_one_hot_embeddings=switch()),
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
    "run_predictor": {}, "run_search": {},
    "extract_features": {
        "input_file": None, "output_file": None, "layers": "-1,-2,-3,-4",
        "bert_config_file": None, "max_seq_length": 128,
        "init_checkpoint": None, "vocab_file": None, "do_lower_case": True,
        "batch_size": 32, "use_tpu": False, "master": None, "num_tpu_cores": 8,
        "use_one_hot_embeddings": False},
}
ALL = [(command, flag) for command in sorted(CASES)
       for flag in sorted(CASES[command])]


def declared(command):
  return {field.name: field for group in COMMANDS[command].GROUPS
          for field in dataclasses.fields(group)}


def parse(command, **values):
  given = {flag: "x" for flag, field in declared(command).items()
           if field.metadata.get("required")}
  given.update(values)
  return option_cases.as_dict(command_line.parse(
      [command] + ["--%s=%s" % item for item in given.items()],
      COMMANDS[command].GROUPS, "About this."))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_flag_has_a_case(command):
  assert sorted(CASES[command]) == sorted(declared(command))


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_flag_of_the_reference_is_there_with_its_default(command):
  values = parse(command)
  for flag, default in REFERENCE_DEFAULTS[command].items():
    is_required = declared(command)[flag].metadata.get("required")
    assert values[flag] == ("x" if is_required else default), flag
    assert default is None or not is_required


@pytest.mark.parametrize("command, flag", ALL)
def test_good_value_is_read(command, flag):
  case = CASES[command][flag]
  value = parse(command, **{flag: case.good})[flag]
  assert value == case.value and type(value) is type(case.value)


@pytest.mark.parametrize("command, flag, text, problem", [
    (command, flag) + bad for command, flag in ALL
    for bad in CASES[command][flag].bad])
def test_bad_value_is_refused_by_flag_value_and_limit(command, flag, text,
                                                      problem):
  with pytest.raises(UserError) as caught:
    parse(command, **{flag: text})
  message = str(caught.value)
  assert flag in message and text in message and problem in message
  assert "\n" not in message
