"""From the command line to a task with its examples, checked."""

from typing import Dict, Iterable, Tuple

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.common.errors import UserError
from bert.data import features
from bert.evaluation import metrics
from bert.heads import registry
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
  tokenizer = features.load_tokenizer(data.vocab_file, data.do_lower_case)
  config = model_function.load_config(flags.model.bert_config_file,
                                 data.max_seq_length,
                                 features.num_entries(tokenizer.vocab))
  try:
    tokenization.validate_case_matches_checkpoint(
        data.do_lower_case, flags.model.init_checkpoint)
  except ValueError as error:
    raise UserError(str(error))
  head = registry.create(getattr(processor, "head", "classification"),
                      processor.get_labels(), flags.head)
  names = tuple(head.metrics) + tuple(getattr(processor, "metrics", ()))
  metrics.check(names, head.kind, len(head.labels))
  return Task(
      data.task_name.lower(), head, tokenizer, config, names,
      getattr(processor, "prediction_files",
              base.DataProcessor.prediction_files)), processor


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
    features.check_labels(examples[name], head, is_labelled=name != "predict")
    features.check_reading(examples[name], head, job.sets.reading)
  return examples
