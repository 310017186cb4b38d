"""The evaluations of a training, and what follows from them.

All of it is worked out anew from the list of evaluations, so that a training
that goes on knows what one knew that was never stopped.
"""

import json
import math
import os
import typing
from typing import Dict, List, Optional

import tensorflow.compat.v1 as tf

from bert.common import files
from bert.common.errors import UserError

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
  """The evaluations of output_dir/evaluations.jsonl."""

  def __init__(self, output_dir: str, config: EarlyStoppingConfig,
               last_step: int):
    """Reads those up to last_step, the checkpoint's; others are forgotten."""
    self._path = os.path.join(output_dir, "evaluations.jsonl")
    self.config = config
    self.entries = _read(self._path, last_step)

  def is_new_best(self, results: Dict[str, float]) -> bool:
    """Whether an evaluation is better than all so far."""
    best = self.best()
    return best is None or self.config.is_better(results, best)

  def add(self, results: Dict[str, float]) -> None:
    """Writes an evaluation down."""
    self.entries.append({name: value.item() if hasattr(value, "item") else value
                         for name, value in results.items()})
    files.write_text(self._path, [json.dumps(entry, sort_keys=True)
                                  for entry in self.entries])

  def has(self, step: int) -> bool:
    return any(entry["global_step"] == step for entry in self.entries)

  def best(self) -> Optional[dict]:
    """Returns the first of the best evaluations; None without any."""
    best = None
    for entry in self.entries:
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
    for entry in self.entries if patience is not None else ():
      if best is None or self.config.is_better(entry, best):
        best, num_waited = entry, 0
        continue
      num_waited += 1
      if num_waited >= patience:
        factor, num_waited = factor * self.config.plateau_factor, 0
    return factor

  def _num_since_best(self):
    return len(self.entries) - 1 - self.entries.index(
        self.best()) if self.entries else 0


def _read(path: str, last_step: int) -> List[dict]:
  if not tf.gfile.Exists(path):
    return []
  try:
    entries = [json.loads(line) for line in files.read_text(path).split("\n")
               if line]
    return [entry for entry in entries if entry["global_step"] <= last_step]
  except (ValueError, LookupError, TypeError):
    raise UserError("%s: not the program's own; remove it to begin anew" % path)
