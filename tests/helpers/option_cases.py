"""Good and bad values of flags, by the sort of flag."""
import dataclasses
import typing


class Case(typing.NamedTuple):
  """A flag's good value, what is read from it, and bad ones.

  Attributes:
    good: text on the command line.
    value: what it is read as.
    bad: (text, what the message says of it) pairs.
  """
  good: str
  value: typing.Any
  bad: typing.List[typing.Tuple[str, str]] = []


def switch():
  return Case("true", True, [("maybe", "bool"), ("2", "bool")])


def name(is_required=False):
  return Case("x/y z", "x/y z", [("", "is required")] if is_required else [])


def count(minimum=1):
  return Case("4", 4, [(str(minimum - 1), "must be at least %d" % minimum),
                       ("-7", "must be at least %d" % minimum),
                       ("2.5", "int"), ("many", "int")])


def share():
  return Case("0.25", 0.25, [
      ("-0.1", "must be at least 0"), ("1.5", "must be at most 1"),
      ("nan", "finite"), ("half", "float")])


def fraction():
  """Over 0, up to 1."""
  return Case("0.5", 0.5, [
      ("0", "must be over 0"), ("1.01", "must be at most 1"),
      ("nan", "finite"), ("half", "float")])


def choice(good, *others):
  return Case(good, good, [
      (text, "must be one of: ") for text in
      (good.upper(), "x" + others[0], others[0] + ",")])


def positive():
  return Case("2e-5", 2e-5, [
      ("0", "must be over 0"), ("-1.0", "must be over 0"), ("nan", "finite"),
      ("inf", "finite"), ("fast", "float")])


# Of each flag of run_classifier.py.
CASES = {
    "data_dir": name(True), "bert_config_file": name(True),
    "task_name": name(True), "vocab_file": name(True),
    "output_dir": name(True), "init_checkpoint": name(), "checkpoint": name(),
    "processor_module": name(), "tpu_name": name(), "tpu_zone": name(),
    "gcp_project": name(), "master": name(),
    "do_lower_case": switch(), "tokenizer": choice("char", "wordpiece"),
    "do_train": switch(), "do_eval": switch(),
    "do_predict": switch(), "do_export": switch(), "use_tpu": switch(),
    "max_seq_length": count(3), "train_batch_size": count(),
    "eval_batch_size": count(), "predict_batch_size": count(),
    "save_checkpoints_steps": count(), "iterations_per_loop": count(),
    "num_tpu_cores": count(), "log_steps": count(),
    "keep_checkpoint_max": count(0), "random_seed": count(0),
    "learning_rate": positive(), "num_train_epochs": positive(),
    "warmup_proportion": share(), "threshold": share(),
    "precision": Case("bfloat16", "bfloat16", [
        (text, "must be one of: float32 bfloat16 float16")
        for text in ("int8", "BFLOAT16", "fp32")]),
    "bucket_by_length": switch(), "gradient_accumulation_steps": count(),
    "adam_bias_correction": switch(), "num_workers": count(0),
    "cpu_replicas": count(0), "use_horovod": switch(),
    "fp16_allreduce": switch(),
    "allow_missing_weights": switch(),
    "train_fraction": fraction(), "bad_rows": choice("skip", "error"),
    "truncation": choice("head_tail", "tail"), "head_tokens": count(),
    "num_windows": count(), "window_stride": count(),
    "pooling": choice("mean_max_attention", "attention"),
    "encoder_top": choice("bilstm", "cnn"), "window_pooling": choice("max", "mean"),
    "crf": switch(), "loss": choice("focal", "f1"), "class_weights": name(),
    "label_smoothing": Case("0.5", 0.5, [
        ("-0.1", "must be at least 0"), ("0.6", "must be at most 0.5"),
        ("some", "float")]),
    "trainable": name(), "head_learning_rate": positive(),
    "layerwise_lr_decay": fraction(), "eval_every": name(),
    "best_metric": name(), "early_stopping_patience": count(),
    "plateau_patience": count(), "plateau_factor": fraction(),
    "num_seeds": count(), "export_onnx": switch(),
    "pair_encoding": choice("siamese", "cross"),
    "context_tokens": choice("character", "whitespace"),
    "doc_stride": count(), "max_query_length": count(), "n_best_size": count(),
    "max_answer_length": count(), "version_2_with_negative": switch(),
    "null_score_diff_threshold": Case("-1.5", -1.5, [
        ("nan", "finite"), ("low", "float")]),
    "mask_outside_context": switch(), "verbose_logging": switch(),
}


def as_dict(groups):
  values = {}
  for group in groups:
    values.update(dataclasses.asdict(group))
  return values
