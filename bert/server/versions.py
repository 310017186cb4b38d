"""A version of a model that a server has loaded."""

import typing
from typing import Callable

from bert.common.errors import UserError
from bert.model import export
from bert.serving import encoder
from bert.serving import exports
from bert.serving.predictor import ModelError
from bert.serving.predictor import Predictor
from bert.server import batcher
from bert.server.settings import ModelSpec


class LoadSettings(typing.NamedTuple):
  """How models are loaded, and their texts batched.

  Attributes:
    wait: seconds that a text waits for others.
    max_queue: most texts that wait for a model.
    has_warmup: whether a newer version is warmed up before it serves
      requests.
  """
  wait: float = 0.002
  max_queue: int = 1024
  has_warmup: bool = False


class Version:
  """A version of a model, loaded.

  Attributes:
    predictor: runs the model.
    folder: of the export.
    texts: runs the texts of several requests together.
    number: name of the export's folder.
    is_encoder: whether it returns vectors.
    num_users: requests in progress.
  """

  def __init__(self, spec: ModelSpec, folder: str, settings: LoadSettings,
               observe: Callable):
    """Raises UserError if the export in the folder can't be loaded, or its
    outputs are NaN or infinite."""
    self.folder = folder
    self.predictor = Predictor(folder, spec.max_batch, spec.precision,
                               spec.engine)
    try:
      if settings.has_warmup:
        self.predictor.warm_up()
      else:
        self.predictor.check_outputs()
    except BaseException as error:
      self.predictor.close()
      if isinstance(error, ModelError):
        raise UserError("%s: %s" % (folder, error))
      raise
    self.texts = batcher.Batcher(self.predictor.predict, spec.max_batch,
                                 settings.wait, settings.max_queue, observe)
    self.number = exports.version_of(folder)
    self.is_encoder = encoder.is_encoder(self.predictor)
    self.num_users = 0

  def has_changed(self) -> bool:
    """Whether the files that it was loaded from are others now."""
    return self.predictor.loaded.files.has_changed()

  def use(self) -> "Version":
    """Counts a request that is answered by it; returns it."""
    self.num_users += 1
    return self

  def release(self) -> None:
    """Counts such a request off."""
    self.num_users -= 1

  def close(self) -> None:
    """Runs the waiting texts, and releases the memory."""
    self.texts.close()
    self.predictor.close()


def to_number(version: str) -> int:
  """Returns a version as a number for TensorFlow Serving and Prometheus, 0 for
  another folder name."""
  return export.number_of(version) or 0
