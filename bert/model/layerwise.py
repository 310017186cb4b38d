"""Chooses the trained variables and their learning rates, by their distance
from the head.

The encoder gives a variable's depth: 0 of the head, 1 of the pooler, 2 of the
top layer, 3 of the one below, and so on to the embeddings.
"""

import re
from typing import Callable, List, Optional

from bert.common.errors import UserError
from bert.encoders.base import Encoder


def choose(names: List[str], trainable: str, encoder: Encoder) -> List[str]:
  """Returns the names of the trained variables.

  Args:
    names: of all variables, without ":0".
    trainable: all, head, top:N (head, pooler and the N top layers), or a
      regular expression that is searched for in the names.
    encoder: of the model.

  Raises:
    UserError: no such number of layers, layers that share variables, not a
      regular expression, or no variable remains to train.
  """
  where = "--trainable=%s" % trainable
  top = re.match(r"top:(\d+)$", trainable)
  if trainable == "all":
    chosen = list(names)
  elif trainable == "head" or top:
    deepest = 0
    if top:
      if int(top.group(1)) > encoder.num_layers:
        raise UserError("%s: the model has %d layers" % (where,
                                                         encoder.num_layers))
      if encoder.has_shared_layers:
        raise UserError("%s: the layers of %s are shared; give all or head" % (
            where, encoder.title))
      deepest = 1 + int(top.group(1))
    chosen = [name for name in names if encoder.depth_of(name) <= deepest]
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


def lr_multiplier(encoder: Encoder, head_factor: float,
                  decay: float) -> Optional[Callable[[str], float]]:
  """Returns name -> factor of its learning rate.

  Args:
    encoder: of the model.
    head_factor: of the head.
    decay: factor per step of depth below the head.

  Returns:
    None if all have the same rate.

  Source: Howard and Ruder 2018, https://arxiv.org/abs/1801.06146, section 3.2.
  """
  if head_factor == 1.0 and decay == 1.0:
    return None

  def factor(name):
    depth = encoder.depth_of(name)
    return decay ** depth if depth else head_factor

  return factor
