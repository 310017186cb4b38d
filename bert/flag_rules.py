"""Which flags exclude or need each other.

These rules need no TensorFlow, whose import takes seconds: a command checks
them first, so that a mistake is reported at once. That is why they are in one
module, and not where the flags are used.
"""

import dataclasses
import math
import re
from typing import Dict, List, Optional, Sequence

from bert import options
from bert.common.command_line import describe
from bert.common.command_line import is_given
from bert.common.errors import UserError


def actions_of(group, names: Sequence[str]) -> List[str]:
  """Returns those of some actions that --do_<name> asks for.

  Raises:
    UserError: there are none.
  """
  actions = [name for name in names if getattr(group, "do_" + name)]
  if not actions:
    flags = ["--do_" + name for name in names]
    raise UserError("nothing to do: give %s or %s" % (
        ", ".join(flags[:-1]), flags[-1]))
  return actions


def actions_to_do(todo: options.TaskOptions) -> List[str]:
  """Returns what a fine-tuning is to do: any of train, eval, predict, export,
  and onnx with export; raises UserError if that is nothing."""
  actions = actions_of(todo, ("train", "eval", "predict", "export"))
  return actions + [each for each in export_formats(todo)
                    if each == "onnx" and "export" in actions]


def export_formats(group: options.TaskOptions) -> List[str]:
  """Returns what --export_formats names; raises UserError for what it can't."""
  formats = group.export_formats.split(",")
  unknown = [each for each in formats if each not in ("saved_model", "onnx")]
  if unknown:
    raise UserError("--export_formats=%s: %r is not known; formats: "
                    "saved_model onnx" % (group.export_formats, unknown[0]))
  if "saved_model" not in formats:
    raise UserError("--export_formats=%s: onnx comes with the files of "
                    "saved_model; give saved_model,onnx" %
                    group.export_formats)
  return formats


def check_fine_tuning(flags: options.FineTuningFlags,
                      actions: Sequence[str]) -> None:
  """Raises UserError for flags of run_classifier.py that do not fit.

  Args:
    flags: the command line.
    actions: any of train, eval, predict, export, onnx.
  """
  check_tpu(flags.tpu, {
      name: getattr(flags.training, name + "_batch_size") for name in actions
      if name not in ("export", "onnx")})
  check_speed(flags.speed, flags.training.train_batch_size, flags.tpu.use_tpu)
  check_head(flags.head, flags.data, flags.speed)
  check_evaluation(flags.evaluation, flags.tpu.use_tpu)
  check_checkpoint(flags.evaluation.checkpoint, actions,
                   bool(flags.evaluation.eval_every))
  check_output_dir(flags.run.output_dir)
  if "onnx" in actions and flags.head.crf:
    raise UserError("--export_formats with onnx does not go with --crf, whose "
                    "search ONNX files can't hold; leave one out")


def check_questions(flags: options.SquadFlags,
                    actions: Sequence[str]) -> None:
  """Raises UserError for flags of run_squad.py that do not fit; arguments as of
  check_fine_tuning."""
  files = flags.questions
  for action, path in (("train", files.train_file),
                       ("predict", files.predict_file),
                       ("eval", files.eval_file or files.predict_file)):
    if action in actions and not path:
      raise UserError("--do_%s needs --%s_file" % (action, action))
  if flags.evaluation.eval_every and not (
      files.eval_file or files.predict_file):
    raise UserError("--eval_every=%s needs --eval_file" %
                    flags.evaluation.eval_every)
  # Else it may be the model's own, which is not known yet.
  if is_given(flags.span, "max_query_length"):
    check_query_length(flags.fine_tuning())


def check_query_length(flags: options.FineTuningFlags) -> None:
  """Raises UserError for questions that leave no room for their contexts."""
  if flags.data.max_seq_length <= flags.span.max_query_length + 3:
    raise UserError("--max_seq_length=%d must be greater than "
                    "--max_query_length=%d and 3 special tokens" % (
                        flags.data.max_seq_length, flags.span.max_query_length))


def check_trials(num_trials: int, actions: Sequence[str]) -> None:
  """Raises UserError for --num_trials without an evaluation to choose by."""
  if num_trials > 1 and not {"train", "eval"} <= set(actions):
    raise UserError("--num_trials=%d needs --do_train and --do_eval" %
                    num_trials)


def check_pretraining(flags: options.PretrainingFlags,
                      actions: Sequence[str]) -> None:
  """Does the same for run_pretraining.py."""
  check_tpu(flags.tpu, {
      name: getattr(flags.training, name + "_batch_size") for name in actions})
  check_speed(flags.speed, flags.training.train_batch_size, flags.tpu.use_tpu)
  check_checkpoint(flags.data.checkpoint, actions, False)
  if flags.data.checkpoint == "best":
    raise UserError("--checkpoint=best: run_pretraining.py keeps no best "
                    "checkpoint; give newest, or a path")
  check_output_dir(flags.run.output_dir)


def check_checkpoint(checkpoint: Optional[str], actions: Sequence[str],
                     has_evaluations: bool) -> None:
  """Raises UserError for a --checkpoint that a training would not make.

  Args:
    checkpoint: the flag.
    actions: what is done.
    has_evaluations: whether a training evaluates, and so keeps a best one.
  """
  if "train" not in actions or checkpoint in (None, "newest"):
    return
  if checkpoint != "best":
    raise UserError("--checkpoint=%s: what is trained is evaluated; with "
                    "training, give best or newest" % checkpoint)
  if not has_evaluations:
    raise UserError("--checkpoint=best needs --eval_every, with training")


def check_output_dir(path: str) -> None:
  """Raises UserError for characters that hide checkpoints from TensorFlow."""
  if set(path) & set("*?[]\\"):
    raise UserError("--output_dir=%s: TensorFlow finds no checkpoint under a "
                    "path with any of * ? [ ] \\; give another" % path)


def check_tpu(tpu: options.TpuOptions, batch_sizes: Dict[str, int]) -> None:
  """Checks what the TPUEstimator would only look at later.

  Args:
    tpu: the flags.
    batch_sizes: total examples a step, by "train", "eval" and "predict", of
      what is to be done.

  Raises:
    UserError: no address or two, or a batch that the cores don't divide.
  """
  if not tpu.use_tpu:
    return
  if bool(tpu.tpu_name) == bool(tpu.master):
    raise UserError("--use_tpu: give either --tpu_name or --master")
  for name, size in sorted(batch_sizes.items()):
    if size % tpu.num_tpu_cores:
      raise UserError(
          "--%s_batch_size=%d is not a multiple of --num_tpu_cores=%d" % (
              name, size, tpu.num_tpu_cores))


def check_speed(speed: options.StepOptions, train_batch_size: int,
                use_tpu: bool) -> None:
  """Raises UserError for parts that a batch does not have, or that are not for
  TPUs."""
  splits = ("gradient_accumulation_steps", "cpu_replicas")
  check_parts(speed, train_batch_size, "--train_batch_size=%d" %
              train_batch_size)
  if speed.fp16_allreduce and not speed.use_horovod:
    raise UserError("--fp16_allreduce needs --use_horovod")
  if all(getattr(speed, name) > 1 for name in splits):
    raise UserError("--%s=%d saves memory, --%s=%d time; leave one out" % (
        splits[0], getattr(speed, splits[0]), splits[1],
        getattr(speed, splits[1])))
  if not use_tpu:
    return
  for name in ("precision", "bucket_by_length", "use_horovod") + splits:
    default = getattr(options.SpeedOptions(), name)
    value = getattr(speed, name, default)
    if value != default:
      raise UserError("--%s=%s does not go with --use_tpu; leave it out" % (
          name, describe(value)))


def check_parts(speed: options.StepOptions, size: int, shown: str) -> None:
  """Raises UserError for parts that examples can't be worked on in.

  Args:
    speed: with the number of parts.
    size: number of the examples.
    shown: what the error calls them.
  """
  if size % speed.gradient_accumulation_steps:
    raise UserError("--gradient_accumulation_steps=%d does not divide %s" % (
        speed.gradient_accumulation_steps, shown))
  if speed.cpu_replicas > size:
    raise UserError("--cpu_replicas=%d is greater than %s" % (
        speed.cpu_replicas, shown))


def check_head(head: options.HeadOptions, data: options.DataOptions,
               speed: options.SpeedOptions) -> None:
  """Raises UserError for flags of which one leaves another without effect."""
  if head.loss == "f1":
    for name in ("class_weights", "label_smoothing"):
      if getattr(head, name):
        raise UserError("--%s=%s does not go with --loss=f1; leave one out" % (
            name, getattr(head, name)))
    for name, is_split in (
        ("gradient_accumulation_steps", speed.gradient_accumulation_steps > 1),
        ("cpu_replicas", speed.cpu_replicas > 1),
        ("use_horovod", speed.use_horovod)):
      if is_split:
        raise UserError("--loss=f1 is of a whole batch; leave out --%s" % name)
  if head.class_weights and head.class_weights != "balanced" and not re.match(
      r"\d*\.?\d+(,\d*\.?\d+)*$", head.class_weights):
    raise UserError("--class_weights=%s: needed is balanced, or a number from "
                    "0 for each label, with commas between" %
                    head.class_weights)
  capacity = data.max_seq_length - 2
  if data.window_stride and data.window_stride > capacity:
    raise UserError("--window_stride=%d would leave tokens out: a window of "
                    "--max_seq_length=%d has %d" % (
                        data.window_stride, data.max_seq_length, capacity))
  if head.pair_encoding == "siamese" and data.num_windows > 1:
    raise UserError("--num_windows=%d is for single texts, and does not go with "
                    "--pair_encoding=siamese" % data.num_windows)
  if data.num_windows == 1:
    for name, value in (("window_stride", data.window_stride),
                        ("window_pooling", head.window_pooling)):
      if value not in (None, options.HeadOptions.window_pooling):
        raise UserError("--%s=%s is for --num_windows from 2" % (name, value))
  elif data.truncation != "head":
    raise UserError("--truncation=%s does not go with --num_windows=%d; leave "
                    "one out" % (data.truncation, data.num_windows))


def check_evaluation(evaluation: options.EvalOptions,
                     use_tpu: bool) -> None:
  """Raises UserError for --eval_every that is neither steps nor epoch, for
  flags that need it, and on TPUs."""
  if not evaluation.eval_every:
    for field in dataclasses.fields(evaluation):
      # Trials have a best as well.
      if field.name not in ("best_metric", "checkpoint") and (
          getattr(evaluation, field.name) != field.default):
        raise UserError("--%s=%s needs --eval_every" % (
            field.name, getattr(evaluation, field.name)))
    return
  if not re.match("(epoch|[1-9][0-9]*)$", evaluation.eval_every):
    raise UserError("--eval_every=%s: needed is a number of steps, or epoch" %
                    evaluation.eval_every)
  if use_tpu:
    raise UserError("--eval_every=%s does not go with --use_tpu; leave it out" %
                    evaluation.eval_every)


def check_search(search: options.SearchOptions,
                 flags: options.FineTuningFlags) -> None:
  """Raises UserError for a search that can't be made with such flags."""
  if search.pruner != "none" and not flags.evaluation.eval_every:
    raise UserError("--pruner=%s needs --eval_every" % search.pruner)
  if flags.speed.use_horovod or flags.tpu.use_tpu:
    raise UserError("run_search.py trains on one machine: leave out --%s" % (
        "use_horovod" if flags.speed.use_horovod else "use_tpu"))
  if "://" in flags.run.output_dir and not search.search_storage:
    raise UserError("--output_dir=%s: on an object store, a search needs "
                    "--search_storage" % flags.run.output_dir)


def check_vectors(vectors: options.VectorOptions) -> None:
  """Raises UserError for flags of extract_features.py that --do_export needs,
  or that its work without it needs."""
  needed = (("output_dir", "sentence_vectors") if vectors.do_export else
            ("input_file", "output_file"))
  others = ("output_file",) if vectors.do_export else ("output_dir",)
  for name in needed:
    if not getattr(vectors, name):
      raise UserError("--%s is required%s. See --help." % (
          name, " with --do_export" * vectors.do_export))
  if vectors.sentence_vectors == "tokens" and not vectors.do_export:
    raise UserError("--sentence_vectors=tokens is for --do_export; leave it out "
                    "for a vector per token")
  for name in others:
    if getattr(vectors, name):
      raise UserError("--%s=%s does not go with%s --do_export; leave it out" % (
          name, getattr(vectors, name),
          "" if vectors.do_export else "out"))


def check_instances(text: options.TextOptions,
                    instances: options.InstanceOptions) -> None:
  """Raises UserError for flags of which one leaves another without effect, and
  for so few masked tokens that nothing would be learnt."""
  if text.segmenter and not instances.do_whole_word_mask:
    raise UserError("--segmenter=%s needs --do_whole_word_mask" %
                    text.segmenter)
  if instances.shards and not instances.num_shards:
    raise UserError("--shards=%s needs --num_shards" % instances.shards)
  most = instances.max_seq_length * instances.masked_lm_prob
  if instances.max_predictions_per_seq < most / 10:
    raise UserError(
        "--max_predictions_per_seq=%d: of --max_seq_length=%d tokens, "
        "--masked_lm_prob=%s masks %d; give as many" % (
            instances.max_predictions_per_seq, instances.max_seq_length,
            instances.masked_lm_prob, math.ceil(most)))


def output_files_of(instances: options.InstanceOptions) -> List[str]:
  """Returns the files of --output_file; raises UserError."""
  paths = instances.output_file.split(",")
  if instances.num_shards and len(paths) > 1:
    raise UserError("--output_file=%s: with --num_shards, one name that theirs "
                    "begin with" % instances.output_file)
  return paths


def shards_of(instances: options.InstanceOptions) -> range:
  """Returns the numbers of the shards that a run makes; raises UserError."""
  match = re.match(r"(\d+)(?:-(\d+))?$", instances.shards or "0-%d" % (
      instances.num_shards - 1))
  first = int(match.group(1)) if match else 0
  last = int(match.group(2) or first) if match else -1
  if not first <= last < instances.num_shards:
    raise UserError("--shards=%s: needed is a number, or first-last, of 0 to "
                    "%d" % (instances.shards, instances.num_shards - 1))
  return range(first, last + 1)
