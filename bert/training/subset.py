"""A part of a training set (--train_fraction)."""

import collections
from typing import Sequence

import numpy as np
import tensorflow.compat.v1 as tf

from bert.common.sequences import LazySequence
from bert.data.examples import InputExample
from bert.heads.base import Head


class _Chosen(LazySequence):
  """Some elements of a sequence."""

  def __init__(self, whole, indices):
    self._whole = whole
    self._indices = indices

  def __len__(self):
    return len(self._indices)

  def _at(self, index):
    return self._whole[self._indices[index]]


def take(examples: Sequence[InputExample], fraction: float, head: Head,
         seed: int) -> Sequence[InputExample]:
  """Returns a share of a training set, in its order.

  Of each class about the same share is drawn, one example at least; a smaller
  share is part of a greater one with the same seed.

  Args:
    examples: the whole set.
    fraction: over 0, at most 1.
    head: of the task; says what the classes are, if there are any.
    seed: of the draw.
  """
  if fraction == 1:
    return examples
  strata = collections.defaultdict(list)
  for index, key in enumerate(head.stratify_by(examples) or
                              [None] * len(examples)):
    strata[key].append(index)
  chosen = []
  for key in sorted(strata, key=lambda each: strata[each][0]):
    indices = np.random.RandomState([seed, strata[key][0]]).permutation(
        strata[key])
    chosen += indices[:max(1, int(round(fraction * len(indices))))].tolist()
  tf.logging.info("--train_fraction=%g: %d of %d examples of the training set",
                  fraction, len(chosen), len(examples))
  return _Chosen(examples, sorted(chosen))
