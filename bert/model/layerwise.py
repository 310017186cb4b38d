"""Chooses the trained variables and their learning rates, by their distance
from the head.

The head has depth 0, the pooler 1, the top layer 2, the one below 3, and so on
to the embeddings.
"""

import re
from typing import Callable, List, Optional

from bert.common.errors import UserError

_LAYER = re.compile(r"bert/encoder/layer_(\d+)/")


def depth_of(name: str, num_layers: int) -> int:
  """Returns a variable's depth, by its name without ":0"."""
  layer = _LAYER.match(name)
  if layer:
    return num_layers + 1 - int(layer.group(1))
  if name.startswith("bert/pooler/"):
    return 1
  return num_layers + 2 if name.startswith("bert/") else 0


def choose(names: List[str], trainable: str, num_layers: int) -> List[str]:
  """Returns the names of the trained variables.

  Args:
    names: of all variables, without ":0".
    trainable: all, head, top:N (head, pooler and the N top layers), or a
      regular expression that is searched for in the names.
    num_layers: of the encoder.

  Raises:
    UserError: no such number of layers, not a regular expression, or no
      variable remains to train.
  """
  where = "--trainable=%s" % trainable
  top = re.match(r"top:(\d+)$", trainable)
  if trainable == "all":
    chosen = list(names)
  elif trainable == "head" or top:
    deepest = 0
    if top:
      if int(top.group(1)) > num_layers:
        raise UserError("%s: the model has %d layers" % (where, num_layers))
      deepest = 1 + int(top.group(1))
    chosen = [name for name in names if depth_of(name, num_layers) <= deepest]
  else:
    try:
      chosen = [name for name in names if re.search(trainable, name)]
    except re.error as error:
      raise UserError("%s: neither all, head nor top:N, nor a regular "
                      "expression: %s" % (where, error))
  if not chosen:
    raise UserError("%s: no variable has such a name; there are %s" % (
        where, ", ".join(names[:3])))
  return chosen


def lr_multiplier(num_layers: int, head_factor: float,
                decay: float) -> Optional[Callable[[str], float]]:
  """Returns name -> factor of its learning rate.

  Args:
    num_layers: of the encoder.
    head_factor: of the head.
    decay: factor per step of depth below the head.

  Returns:
    None if all have the same rate.

  Source: Howard and Ruder 2018, https://arxiv.org/abs/1801.06146, section 3.2.
  """
  if head_factor == 1.0 and decay == 1.0:
    return None

  def factor(name):
    depth = depth_of(name, num_layers)
    return decay ** depth if depth else head_factor

  return factor
