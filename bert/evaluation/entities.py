"""Entities of tags, as seqeval finds them in the tags' own scheme."""

import typing
from typing import Any, List, Set

from bert.data import tag_schemes
from bert.evaluation.eval_prediction import EvalPrediction

Tags = List[List[str]]


class SeqevalInput(typing.NamedTuple):
  """What functions of seqeval take: tags of each text, and a scheme."""
  labels: Tags
  predicted: Tags
  scheme: Any


def to_seqeval(predictions: EvalPrediction) -> SeqevalInput:
  """Returns labels, predictions and scheme of a tagging task for seqeval."""
  from seqeval.scheme import IOB2
  from seqeval.scheme import IOBES
  scheme = predictions.scheme or "BIO"
  labels, predicted = [
      [tag_schemes.to_bioes(tags, scheme) for tags in each]
      for each in (predictions.labels, predictions.predicted)]
  return SeqevalInput(labels, predicted, IOB2 if scheme == "BIO" else IOBES)


def entities_of(tags: Tags, scheme) -> List[Set]:
  """Returns the entities of each text, by one of seqeval's schemes."""
  from seqeval.scheme import Entities
  return [set(each) for each in Entities(tags, scheme).entities]
