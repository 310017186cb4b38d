"""An exported encoder that is loaded once, for vectors from Python."""

from typing import Sequence

import numpy as np

from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.serving import exports
from bert.serving.predictor import Predictor


class Encoder:
  """An encoder; several threads may use it at once.

  Attributes:
    predictor: runs the model.
  """

  def __init__(self, export_dir: str, batch_size: int = 32,
               precision: str = "float32"):
    """Loads an export of extract_features.py; arguments as of Predictor.

    Raises:
      UserError: there is none, or it is not an encoder.
    """
    self.predictor = Predictor(export_dir, batch_size, precision)
    if not is_encoder(self.predictor):
      raise UserError("%s: no encoder, but a model for task %s; export one with "
                      "extract_features.py --do_export" % (
                          self.predictor.folder, self.predictor.task["task"]))

  def encode(self, texts: Sequence[TextInput]) -> np.ndarray:
    """Returns the vectors of texts, float32 [texts, width]; with a vector per
    token, [texts, tokens of the longest, width], padded with zeros.

    Args:
      texts: str; TextPair, or a tuple of two str; a list of str is a text in
        word pieces.

    Raises:
      UserError: a text is blank.
    """
    return stack([each.vector for each in self.predictor.predict(texts)])


def stack(vectors: Sequence[np.ndarray]) -> np.ndarray:
  """Returns the vectors of texts as one array, padded with zeros."""
  longest = max(each.shape[0] for each in vectors)
  return np.stack([each if len(each) == longest else np.concatenate([
      each, np.zeros((longest - len(each),) + each.shape[1:], each.dtype)])
                   for each in vectors])


def is_encoder(predictor: Predictor) -> bool:
  """Whether a predictor returns vectors."""
  return exports.VECTORS in predictor.task
