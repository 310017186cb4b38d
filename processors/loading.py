"""From the command line to a task with its examples, checked."""

from typing import Dict, Iterable, Tuple

import tensorflow.compat.v1 as tf

from bert import options
from bert import tokenization
from bert.common.errors import UserError
from bert.data import truncation
from bert.data import vocabulary
from bert.data.examples import InputExample
from bert.evaluation import metrics
from bert.heads import registry
from bert.heads.base import Head
from bert.training import model_function
from bert.training.job import Job
from bert.training.task import Flags
from bert.training.task import Task
from processors import base


def load_task(flags: Flags) -> Tuple[Task, base.DataProcessor]:
  """Reads all but the examples.

  Raises:
    UserError: something is not there, or does not fit.
  """
  data = flags.data
  processor = load_processor(data)
  tokenizer = vocabulary.load_tokenizer(data.vocab_file, data.do_lower_case)
  config = model_function.load_config(flags.model.bert_config_file,
                                 data.max_seq_length,
                                 vocabulary.num_entries(tokenizer.vocab))
  try:
    tokenization.validate_case_matches_checkpoint(
        data.do_lower_case, flags.model.init_checkpoint)
  except ValueError as error:
    raise UserError(str(error))
  head, names = create_head(processor, flags.head)
  return Task(
      data.task_name.lower(), head, tokenizer, config, names,
      getattr(processor, "prediction_files",
              base.DataProcessor.prediction_files)), processor


def create_head(processor: base.DataProcessor,
                settings: options.HeadOptions) -> Tuple[Head, Tuple[str, ...]]:
  """Returns a task's head and the names of its metrics.

  Raises:
    UserError: what the processor declares is unknown or does not fit.
  """
  try:
    head = registry.create(
        getattr(processor, "head", registry.DEFAULT_KIND),
        processor.get_labels(), settings)
    names = tuple(head.metrics) + tuple(getattr(processor, "metrics", ()))
    metrics.check(names, head.label_type, len(head.labels))
  except UserError as error:
    declared_in = getattr(processor, "declared_in", None)
    if declared_in is None or str(error).startswith("--"):
      raise
    raise UserError("%s: %s" % (declared_in, error))
  return head, names


def load_processor(data) -> base.DataProcessor:
  """Returns the processor that DataOptions name; raises UserError."""
  if data.processor_module:
    base.load_module(data.processor_module)
  processor = base.create(data.task_name, data.data_dir)
  if not tf.gfile.IsDirectory(data.data_dir):
    raise UserError("--data_dir=%s: no such folder" % data.data_dir)
  return processor


def read_examples(job: Job, processor: base.DataProcessor,
                  names: Iterable[str]) -> Dict[str, list]:
  """Returns set -> examples, checked.

  Args:
    job: what they are for.
    processor: where they come from.
    names: of the sets: train, eval, predict.

  Raises:
    UserError: a set is empty, or a row of it is not what the task needs.
  """
  sets = {"train": processor.get_train_examples,
          "eval": processor.get_dev_examples,
          "predict": processor.get_test_examples}
  data, head = job.flags.data, job.task.head
  examples = {}
  for name in names:
    examples[name] = sets[name](data.data_dir)
    if not examples[name]:
      raise UserError("--data_dir=%s: the %s set of task %s has no examples" % (
          data.data_dir, name, data.task_name))
    check_examples(examples[name], head, job.sets.truncation,
                   is_labelled=name != "predict")
  return examples


def check_examples(examples: Iterable[InputExample], head: Head,
                   settings: truncation.TruncationSettings,
                   is_labelled: bool) -> None:
  """Raises UserError for the first label that the head does not take, or for
  settings that mean nothing for the texts."""
  head.check_truncation(settings)
  flag = settings.changed_flag()
  for example in examples:
    head.check_example(example, is_labelled)
    if flag and example.text_b:
      raise UserError("%s is for single texts, and example %s is a pair; leave "
                      "it out" % (flag, example.guid))
