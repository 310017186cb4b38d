"""Every flag of pre-training, as bert.options has those of fine-tuning."""

import dataclasses
import math
import re

from bert.common.command_line import option
from bert.common.errors import UserError


@dataclasses.dataclass(frozen=True)
class TextOptions:
  """Text"""
  input_file: str = option(None, "Files of text, a comma list of globs.",
                           required=True)
  vocab_file: str = option(None, "Vocabulary, a word piece a line.",
                           required=True)
  do_lower_case: bool = option(True, "Lower-case the text, as the vocabulary "
                               "of an uncased or Chinese model needs.")
  segmenter: str = option(None, "What tells words: jieba, whitespace, or "
                          "module:function, text -> list of words; pieces with "
                          "## go on with a word when not given.")


@dataclasses.dataclass(frozen=True)
class InstanceOptions:
  """Instances"""
  output_file: str = option(None, "Record files, a comma list; instances go to "
                            "them in turn.", required=True)
  max_seq_length: int = option(128, "Tokens an instance, [CLS] and [SEP] "
                               "included.", minimum=5)
  max_predictions_per_seq: int = option(20, "Masked tokens an instance, at "
                                        "most.", minimum=1)
  masked_lm_prob: float = option(0.15, "Share of the tokens that is masked.",
                                 above=0.0, maximum=1.0)
  do_whole_word_mask: bool = option(False, "Mask all pieces of a word "
                                    "together.")
  short_seq_prob: float = option(0.1, "Share of the documents whose instances "
                                 "are made shorter.", minimum=0.0, maximum=1.0)
  dupe_factor: int = option(10, "Times that the text is gone through, with "
                            "other masks.", minimum=1)
  random_seed: int = option(12345, "What all choices are drawn from.",
                            minimum=0)
  num_shards: int = option(0, "Parts that a large corpus is made in, each in a "
                           "file of its own; 0 = at once.", minimum=0)
  shards: str = option(None, "Which of them this run makes, as in 0-9 or 3; "
                       "all when not given.")
  num_workers: int = option(0, "Processes that make shards; 0 = one a core.",
                            minimum=0)


@dataclasses.dataclass(frozen=True)
class RecordOptions:
  """What to do"""
  do_train: bool = option(False, "Train.")
  do_eval: bool = option(False, "Evaluate: eval_results.txt.")
  input_file: str = option(None, "Record files of create_pretraining_data.py, a "
                           "comma list of globs.", required=True)
  eval_file: str = option(None, "The same, for --do_eval; --input_file when not "
                          "given.")
  max_seq_length: int = option(128, "Tokens an instance, as in the files.",
                               minimum=5)
  max_predictions_per_seq: int = option(20, "Masked tokens an instance, as in "
                                        "the files.", minimum=1)


@dataclasses.dataclass(frozen=True)
class ScheduleOptions:
  """Training"""
  train_batch_size: int = option(32, "Instances a training step.", minimum=1)
  eval_batch_size: int = option(8, "Instances an evaluation step.", minimum=1)
  learning_rate: float = option(5e-5, "Peak learning rate of Adam.", above=0.0)
  num_train_steps: int = option(100000, "Training steps.", minimum=1)
  num_warmup_steps: int = option(10000, "Steps in which the rate rises from 0.",
                                 minimum=0)
  max_eval_steps: int = option(100, "Evaluation steps; the files are read again "
                               "where they end.", minimum=1)
  adam_bias_correction: bool = option(False, "Correct Adam's averages for "
                                      "their start at 0, as its paper does.")


def check_instances(text: TextOptions, wanted: InstanceOptions) -> None:
  """Raises UserError for flags of which one leaves another without effect, and
  for so few masked tokens that nothing would be learnt."""
  if text.segmenter and not wanted.do_whole_word_mask:
    raise UserError("--segmenter=%s needs --do_whole_word_mask" %
                    text.segmenter)
  if wanted.shards and not wanted.num_shards:
    raise UserError("--shards=%s needs --num_shards" % wanted.shards)
  most = wanted.max_seq_length * wanted.masked_lm_prob
  if wanted.max_predictions_per_seq < most / 10:
    raise UserError(
        "--max_predictions_per_seq=%d: of --max_seq_length=%d tokens, "
        "--masked_lm_prob=%s masks %d; give as many" % (
            wanted.max_predictions_per_seq, wanted.max_seq_length,
            wanted.masked_lm_prob, math.ceil(most)))


def shards_of(wanted: InstanceOptions) -> range:
  """Returns the numbers of the shards that a run makes; raises UserError."""
  match = re.match(r"(\d+)(?:-(\d+))?$", wanted.shards or "0-%d" % (
      wanted.num_shards - 1))
  first = int(match.group(1)) if match else 0
  last = int(match.group(2) or first) if match else -1
  if not first <= last < wanted.num_shards:
    raise UserError("--shards=%s: needed is a number, or first-last, of 0 to "
                    "%d" % (wanted.shards, wanted.num_shards - 1))
  return range(first, last + 1)
