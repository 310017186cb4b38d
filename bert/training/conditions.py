"""What the results of a training depend on: its data, its weights, its flags.

Results are kept with their conditions: a fold's predictions, the trials of a
search. Under other conditions they would be of other texts or other models.
"""

import dataclasses
from typing import Any, Dict, Iterable, List, Optional, Sequence

import tensorflow.compat.v1 as tf

from bert.common import command_line
from bert.data.examples import InputExample
from bert.model import digests
from bert.options.finetuning import EvalOptions
from bert.options.finetuning import FineTuningFlags
from bert.options.finetuning import TrainOptions
from bert.training.task import Task

# name -> what json.loads returns.
Conditions = Dict[str, Any]
_GROUPS = ("data", "head", "span", "model", "training", "evaluation", "speed")
# Flags that change no result, or how it is computed alone; the rows that
# --bad_rows leaves are in the digest of the examples.
_FREE = frozenset((
    "best_metric", "bad_rows", "verbose_logging", "eval_batch_size",
    "predict_batch_size", "gradient_accumulation_steps", "cpu_replicas",
    "use_horovod", "fp16_allreduce", "num_workers"))
# Flags beside those of training and evaluation that leave the model what it is.
_LOSS = ("loss", "class_weights", "label_smoothing", "precision",
         "bucket_by_length", "allow_missing_weights")


def of_flags(flags: FineTuningFlags, without: Iterable[str] = ()
            ) -> Conditions:
  """Returns --name -> value of the flags that change a result, but for paths:
  machines may call a file otherwise, and files are compared by content."""
  without = _FREE | set(without)
  return {"--" + field.name: getattr(group, field.name)
          for group in (getattr(flags, name) for name in _GROUPS)
          for field in dataclasses.fields(group)
          if field.name not in without and (
              field.type is not command_line.Path or field.name == "checkpoint")}


def of_task(task: Task) -> Conditions:
  """Returns digests of vocabulary, configuration and labels."""
  return dict(_of_encoder(task), labels=digests.of_object(task.head.labels))


def _of_encoder(task):
  return {"vocabulary": digests.of_object(list(task.tokenizer.vocab)),
          "configuration": digests.of_object(
              task.encoder.config.to_json_string())}


def of_examples(name: str, examples: Iterable[InputExample]) -> Conditions:
  """Returns the digest of a dataset, under its name."""
  return {name: digests.of_examples(examples)}


def of_weights(init_checkpoint: Optional[str]) -> Conditions:
  """Returns the digest of the weights that a training starts from: of the
  checkpoint's index, which has a checksum of each variable."""
  paths = []
  if init_checkpoint:
    paths = (tf.gfile.Glob(init_checkpoint + ".index") or
             sorted(tf.gfile.Glob(init_checkpoint)))
  return {"initial weights": digests.of_files(paths)}


def of_fine_tuning(flags: FineTuningFlags, task: Task,
                   examples: Dict[str, Iterable[InputExample]],
                   without: Iterable[str] = ()) -> Conditions:
  """Returns all that the results of a training depend on, but for its seed.

  Args:
    flags, task: of the training.
    examples: what the datasets are called -> their examples.
    without: names of flags that are left out.
  """
  found = dict(of_flags(flags, without), **of_task(task))
  found.update(of_weights(flags.model.init_checkpoint))
  for name, each in examples.items():
    found.update(of_examples(name, each))
  return found


def of_worker(flags: FineTuningFlags, task: Task,
              examples: Dict[str, Sequence[InputExample]]) -> Conditions:
  """Returns digests of what all workers of a run must have.

  Args:
    flags, task: of the run.
    examples: train, eval and predict, as far as it works on them.
  """
  found = {"%s set" % name: digests.of_examples(each)
           for name, each in examples.items()}
  return dict(found, code=digests.of_code(), flags=digests.of_flags(flags),
              **_of_encoder(task))


def is_schedule(name: str) -> bool:
  """Whether a condition is how a model is trained, not which it is."""
  names = [field.name for group in (TrainOptions, EvalOptions)
           for field in dataclasses.fields(group)]
  return name.startswith("--") and name[2:] in tuple(names) + _LOSS


def changed(old: Conditions, new: Conditions) -> List[str]:
  """Returns the names of conditions that differ; one that is not known of old
  results, as those of an earlier version, is none."""
  return [name for name, value in new.items() if old.get(name, value) != value]


def describe(name: str, old: Conditions, new: Conditions) -> str:
  """Returns a difference as words that follow `with`."""
  if not name.startswith("--"):
    return "other %s" % name if name.endswith("s") else "another %s" % name
  return "%s=%s, this run has %s" % (name, *map(
      command_line.describe, (old[name], new[name])))
