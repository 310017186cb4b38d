"""What every step of a run knows: the command line and the task."""

import typing
from typing import Callable, Sequence

from bert import modeling
from bert import options
from bert import tokenization
from bert.heads import registry


class Flags(typing.NamedTuple):
  """The command line, by group."""
  data: options.DataOptions
  head: options.HeadOptions
  model: options.ModelOptions
  run: options.RunOptions
  training: options.TrainOptions
  watch: options.WatchOptions
  speed: options.SpeedOptions
  tpu: options.TpuOptions


FLAG_GROUPS = tuple(Flags.__annotations__.values())


class Task(typing.NamedTuple):
  """What all sets and steps of a run have in common.

  Attributes:
    name: of the task.
    head, tokenizer, config: what it learns, how it reads, the encoder's size.
    metrics: names of what it is judged by.
    prediction_files: (examples, predictions) -> file name -> lines, of files
      beside test_results.tsv.
  """
  name: str
  head: registry.Head
  tokenizer: tokenization.FullTokenizer
  config: modeling.BertConfig
  metrics: Sequence[str]
  prediction_files: Callable = lambda examples, predictions: {}
