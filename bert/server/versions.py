"""A version of a model that a server has loaded."""

import functools
import operator
import typing
from typing import Callable, Dict, List, Optional, Sequence

import numpy as np

from bert.common.errors import UserError
from bert.data.examples import TextInput
from bert.model import export
from bert.serving import encoder
from bert.serving import exports
from bert.serving.predictor import Converted
from bert.serving.predictor import ModelError
from bert.serving.predictor import Predictor
from bert.serving.predictor import Record
from bert.server import batcher
from bert.server.batcher import Deadline
from bert.server.batcher import Pending
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
    texts: runs the texts and ids of several requests together.
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
    self.texts = batcher.Batcher(self.predictor.run_records, spec.max_batch,
                                 settings.wait, settings.max_queue, observe)
    self.number = exports.version_of(folder)
    self.is_encoder = encoder.is_encoder(self.predictor)
    self.num_users = 0

  def convert(self, texts: Sequence[TextInput],
              deadline: Optional[Deadline] = None) -> List[Converted]:
    """Returns texts as ids, in the thread of their request.

    Raises:
      UserError: a text is blank, or not of the task.
      Full: the queue has no capacity for them.
      futures.TimeoutError: the deadline is over.
    """
    self.texts.check_capacity(len(texts))
    converted = []
    for text in texts:
      converted.append(self.predictor.convert(text))
      if deadline:
        deadline.check()
    return converted

  def start(self, converted: Sequence[Converted]) -> List[Pending]:
    """Queues converted texts; returns the pending TextOutput of each; raises
    Full."""
    futures = self.texts.submit([each.records for each in converted])
    return [Pending(records, functools.partial(self._finish, each))
            for each, records in zip(converted, futures)]

  def submit_ids(self, arrays: Dict[str, np.ndarray],
                 signature: str) -> List[Pending]:
    """Queues ids, int32 [rows, ...] each; returns for each row its pending
    outputs, name -> array; raises Full."""
    shape = next(iter(arrays.values())).shape[1:]
    num_rows = len(next(iter(arrays.values())))
    futures = self.texts.submit([[Record(
        {name: array[index] for name, array in arrays.items()}, shape[-1],
        signature, shape)] for index in range(num_rows)])
    return [Pending(records, operator.itemgetter(0)) for records in futures]

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

  def _finish(self, converted, rows):
    return self.predictor.to_outputs([converted], rows)[0]


def to_number(version: str) -> int:
  """Returns a version as a number for TensorFlow Serving and Prometheus, 0 for
  another folder name."""
  return export.number_of(version) or 0
