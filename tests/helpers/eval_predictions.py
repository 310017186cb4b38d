"""Heads and EvalPredictions for reports and plots."""
import numpy as np

from bert.data.examples import InputExample
from bert.evaluation.eval_prediction import EvalPrediction
from bert.heads import registry

def head_of(kind, labels=()):
  """A head of a kind."""
  return registry.create(kind, list(labels))


def classified(labels, probabilities):
  """Classification; a list of probabilities an example."""
  probabilities = np.float32(probabilities)
  return EvalPrediction(np.int32(labels), probabilities.argmax(axis=1),
                        probabilities)


def several(labels, probabilities):
  """Multi-label; 0 or 1 a label, and a list of probabilities an example."""
  probabilities = np.float32(probabilities)
  return EvalPrediction(np.int32(labels), (probabilities >= 0.5).astype(int),
                        probabilities)


def measured(labels, predicted):
  """Regression."""
  predicted = np.float32(predicted)
  return EvalPrediction(np.float32(labels), predicted, predicted[:, None])


def tagged(labels, predicted):
  """Tagging; a sentence's labels as one string."""
  return EvalPrediction([each.split() for each in labels],
                        [each.split() for each in predicted], None)


def examples(texts):
  """InputExamples dev-1, dev-2 and so on; a pair of texts as a tuple."""
  return [InputExample("dev-%d" % number,
                       *(text if isinstance(text, tuple) else (text,)))
          for number, text in enumerate(texts, 1)]


def counted(matrix):
  """Classification with this confusion matrix, each prediction certain."""
  matrix = np.array(matrix)
  pairs = np.repeat(np.argwhere(matrix >= 0), matrix.reshape(-1), axis=0)
  return classified(pairs[:, 0], np.eye(len(matrix))[pairs[:, 1]])
