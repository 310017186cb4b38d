"""The evaluations of a training, and what follows from them.

All of it is worked out anew from the list of evaluations, so that a training
that goes on knows what one knew that was never stopped.
"""

import itertools
import json
import math
import os
import typing
from typing import Dict, List, Optional

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError
from bert.model import distribution

# What an entry says of the dev set and of what its checkpoint is chosen by.
DEV_SET, METRIC = "dev_set", "best_metric"
# Metrics of which less is better; of all others, more.
_FALLING = ("loss", "eval_loss", "eval_mean_absolute_error")


class EarlyStoppingConfig(typing.NamedTuple):
  """What the evaluations of a training decide.

  Attributes:
    metric: its key in eval_results.txt; the best checkpoint has the best.
    stopping_patience: evaluations without a new best after which training
      stops; None: never.
    plateau_patience: the same, after which the rate falls.
    plateau_factor: what it is multiplied with.
  """
  metric: str
  stopping_patience: Optional[int] = None
  plateau_patience: Optional[int] = None
  plateau_factor: float = 0.5

  @property
  def is_falling(self) -> bool:
    """Whether less of the metric is better."""
    return self.metric in _FALLING

  def is_better(self, results: Dict[str, float],
                other: Dict[str, float]) -> bool:
    """Whether an evaluation beats another; any number beats NaN.

    An evaluation without the metric, which is not defined for some outputs, has
    NaN.
    """
    value, best = [each.get(self.metric, math.nan)
                   for each in (results, other)]
    if math.isnan(best):
      return not math.isnan(value)
    return value < best if self.is_falling else value > best


class EvalHistory:
  """The evaluations of output_dir/evaluations.jsonl.

  Only those of one dev set by one metric are compared: the score of another
  says nothing of which checkpoint is best.

  Attributes:
    config: what follows from the evaluations.
    entries: all of them, those of other dev sets and metrics too.
  """

  def __init__(self, output_dir: str, config: EarlyStoppingConfig,
               last_step: int, dev_set: Optional[str] = None):
    """Reads those of worker 0 up to last_step, the checkpoint's; others are
    forgotten.

    Args:
      output_dir: path.
      config: what follows from the evaluations.
      last_step: number.
      dev_set: digest of the dataset that is evaluated.
    """
    self._path = os.path.join(output_dir, "evaluations.jsonl")
    self._marks = {DEV_SET: dev_set, METRIC: config.metric}
    self.config = config
    self.entries = distribution.workers().share(_read(self._path, last_step))
    num_unmarked = sum(DEV_SET not in entry for entry in self.compared())
    if num_unmarked:
      tf.logging.warning(
          "%s: %d evaluations are of an earlier version, which does not say of "
          "which dev set; they are taken for this one's", self._path,
          num_unmarked)

  def compared(self) -> List[dict]:
    """Returns the evaluations of this dev set by this metric; those of earlier
    releases, which say neither, are among them."""
    return comparable(self.entries, self._marks)

  def is_new_best(self, results: Dict[str, float]) -> bool:
    """Whether an evaluation is better than all so far."""
    best = self.best()
    return best is None or self.config.is_better(results, best)

  def add(self, results: Dict[str, float]) -> None:
    """Writes an evaluation down."""
    self.entries.append(dict(
        {name: value.item() if hasattr(value, "item") else value
         for name, value in results.items()}, **self._marks))
    files.write_text(self._path, [json.dumps(entry, sort_keys=True)
                                  for entry in self.entries])

  def has(self, step: int) -> bool:
    return any(entry["global_step"] == step for entry in self.compared())

  def best(self) -> Optional[dict]:
    """Returns the first of the best evaluations; None without any."""
    best = None
    for entry in self.compared():
      if best is None or self.config.is_better(entry, best):
        best = entry
    return best

  def is_over(self) -> bool:
    """Whether training has gone on long enough without a new best."""
    patience = self.config.stopping_patience
    return patience is not None and self._num_since_best() >= patience

  def lr_multiplier(self) -> float:
    """Returns what the learning rate is multiplied with by now."""
    patience = self.config.plateau_patience
    factor, best, num_waited = 1.0, None, 0
    for entry in self.compared() if patience is not None else ():
      if best is None or self.config.is_better(entry, best):
        best, num_waited = entry, 0
        continue
      num_waited += 1
      if num_waited >= patience:
        factor, num_waited = factor * self.config.plateau_factor, 0
    return factor

  def _num_since_best(self):
    entries = self.compared()
    return len(entries) - 1 - entries.index(self.best()) if entries else 0


def comparable(entries: List[dict], marks: Dict[str, Optional[str]]
              ) -> List[dict]:
  """Returns the last evaluations of a folder as far as they have the same dev
  set and metric; what was best before others is no longer kept.

  Args:
    entries: all of the folder.
    marks: DEV_SET and METRIC of those that are meant.
  """
  found = list(itertools.takewhile(
      lambda entry: all(entry.get(name, value) == value
                        for name, value in marks.items()), reversed(entries)))
  return found[::-1]


def _read(path: str, last_step: int) -> List[dict]:
  if not tf.gfile.Exists(path):
    return []
  try:
    entries = [json.loads(line) for line in files.read_text(path).split("\n")
               if line]
    return [entry for entry in entries if entry["global_step"] <= last_step]
  except (ValueError, LookupError, TypeError):
    raise UserError("%s: not the program's own; remove it to begin anew" % path)
