"""A task: what it learns, how its texts are read, its checked examples."""

import typing
from typing import Dict, Iterable, Sequence, Tuple

import tensorflow.compat.v1 as tf

from bert import tokenization
from bert.common import files
from bert.common.errors import UserError
from bert.data import example_checks
from bert.data import layouts
from bert.data.tokenizers import vocabulary
from bert.data.examples import Annotation
from bert.data.examples import InputExample
from bert.data.examples import only_label
from bert.data.truncation import TruncationSettings
from bert.encoders import registry as encoders
from bert.encoders.base import Encoder
from bert.evaluation import metrics
from bert.heads import registry
from bert.heads.base import Head
from bert.model import task_file
from bert.model import model_settings
from bert.options.finetuning import FineTuningFlags
from bert.options.finetuning import HeadOptions
from bert.options.finetuning import SpanOptions
from bert.training import subset

# Datasets as the log calls them.
_TITLES = {"train": "Training", "eval": "Dev", "predict": "Test"}


class Task(typing.NamedTuple):
  """What all datasets and steps of a run have in common.

  Attributes:
    name: of the task.
    head, tokenizer, encoder: what it learns, how it reads, and what with.
    metrics: names of what it is scored by.
    processor: where its examples come from.
  """
  name: str
  head: Head
  tokenizer: tokenization.FullTokenizer
  encoder: Encoder
  metrics: Sequence[str]
  processor: object

  def describe(self, flags: FineTuningFlags) -> Dict:
    """Returns what task.json says, and later runs on a folder must share."""
    return dict(
        model_settings.of_flags(flags), task=self.name, head=self.head.kind,
        labels=self.head.labels,
        vocab_hash=files.sha256(flags.data.vocab_file),
        **self.encoder.facts())

  def prediction_files(self, examples: Sequence[InputExample],
                       predictions: Sequence) -> Dict:
    """Returns file name -> lines, of files that the task adds to predictions.
    """
    return self.processor.prediction_files(examples, predictions)


def load(flags: FineTuningFlags, processor) -> Task:
  """Reads all of a task but its examples.

  Args:
    flags: the command line.
    processor: a processors.base.DataProcessor.

  Raises:
    UserError: something is not there, or does not fit.
  """
  encoder = encoders.read(flags.model.bert_config_file)
  data = encoder.with_tokenizer(flags.data)
  tokenizer = vocabulary.load_tokenizer(data.vocab_file, data.do_lower_case,
                                        data.tokenizer, encoder.layout)
  encoders.check_sizes(encoder, flags.model.bert_config_file,
                       data.max_seq_length,
                       vocabulary.num_entries(tokenizer.vocab))
  try:
    tokenization.validate_case_matches_checkpoint(
        data.do_lower_case, flags.model.init_checkpoint)
  except ValueError as error:
    raise UserError(str(error))
  _warn_of_other_encoder(flags.model.init_checkpoint, data, encoder)
  head, names = create_head(processor, flags.head, flags.span, encoder.layout)
  return Task(data.task_name.lower(), head, tokenizer, encoder, names,
              processor)


def _warn_of_other_encoder(init_checkpoint, data, encoder):
  """Warns of a start from a checkpoint whose folder says that it was trained
  with another vocabulary, or reads texts in another way."""
  if not init_checkpoint:
    return
  folder, task = task_file.of_checkpoint(init_checkpoint)
  for difference in model_settings.encoder_differences(
      task, data, data.vocab_file, encoder):
    tf.logging.warning("--init_checkpoint: %s was trained with %s", folder,
                       difference)


def create_head(processor, settings: HeadOptions,
                span: SpanOptions = SpanOptions(),
                layout: layouts.Layout = layouts.BERT
               ) -> Tuple[Head, Tuple[str, ...]]:
  """Returns a task's head and the names of its metrics.

  Raises:
    UserError: what the processor declares is unknown or does not fit.
  """
  labels = processor.get_labels()
  try:
    head = registry.create(processor.head, labels, settings, span,
                           getattr(processor, "label_range", None), layout)
    names = _without_repeats(tuple(head.metrics) + tuple(processor.metrics))
    metrics.check(names, head.label_type, len(head.labels))
  except UserError as error:
    if processor.declared_in is None or str(error).startswith("--"):
      raise
    raise UserError("%s: %s" % (processor.declared_in, error))
  return head, names


def _without_repeats(names):
  """Returns names once each, where they stand last."""
  return tuple(reversed(list(dict.fromkeys(reversed(names)))))


def read_examples(flags: FineTuningFlags, task: Task,
                  names: Iterable[str]
                 ) -> Dict[str, Sequence[InputExample]]:
  """Returns dataset -> examples, checked.

  Args:
    flags, task: what they are for.
    names: of the datasets: train, eval, predict.

  Raises:
    UserError: a dataset is empty, or a row of it is not what the task needs.
  """
  readers = {"train": task.processor.get_train_examples,
             "eval": task.processor.get_dev_examples,
             "predict": task.processor.get_test_examples}
  examples = {}
  for name in names:
    examples[name] = readers[name](flags.data.data_dir)
    if not examples[name]:
      raise UserError("--data_dir=%s: the %s set of task %s has no examples" % (
          flags.data.data_dir, name, flags.data.task_name))
    check_examples(examples[name], task.head,
                   TruncationSettings.from_options(flags.data),
                   is_labelled=name != "predict")
    _check_whole(name, examples[name], task)
  if "train" in examples:
    examples["train"] = subset.take(
        task.head.trainable_examples(examples["train"]),
        flags.data.train_fraction, task.head, flags.run.random_seed or 0)
  _warn_of_one_label(examples.get("train", []))
  return examples


def _check_whole(name: str, examples: Sequence[InputExample],
                 task: Task) -> None:
  """Checks what only all examples of a dataset show, ids and columns; raises
  UserError where results would be lost."""
  ids, columns = example_checks.IdCheck(), example_checks.ColumnCheck()
  is_counted = name == "train" and task.head.label_type.has_names
  num_pairs = 0
  for example in examples:
    ids.add(example.guid)
    num_pairs += example.text_b is not None
    if is_counted:
      columns.add(example)
  example_checks.check_ids(
      ids, examples, _TITLES[name],
      () if name == "train" else task.head.files_by_id)
  columns.warn()
  columns.warn_of_placeholders()
  if (num_pairs and not task.head.encodes_apart and
      task.encoder.num_token_types < 2):
    tf.logging.warning(
        "%s set: %d examples have a second text, and the model knows one "
        "segment (type_vocab_size in --bert_config_file): it can't tell the "
        "texts apart", _TITLES[name], num_pairs)


def _warn_of_one_label(examples: Sequence[InputExample]) -> None:
  """Warns of a training set whose examples all have the same label."""
  label = only_label(examples)
  if label is not None and not isinstance(label, Annotation):
    tf.logging.warning(
        "All %d examples of the training set have the same label %r; is this "
        "the right column?", len(examples), label)


def check_examples(examples: Iterable[InputExample], head: Head,
                   settings: TruncationSettings, is_labelled: bool) -> None:
  """Raises UserError for the first label that the head does not take, or for
  settings that mean nothing for the texts."""
  head.check_truncation(settings)
  flag = settings.changed_flag()
  for example in examples:
    head.check_example(example, is_labelled)
    if flag and example.text_b:
      raise UserError("%s is for single texts, and example %s is a pair; leave "
                      "it out" % (flag, example.guid))
