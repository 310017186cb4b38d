"""The models of a server by name, each in its newest version."""

import contextlib
import os
import threading
import typing
from typing import Callable, Dict, Iterator, List, Optional

import tensorflow.compat.v1 as tf

from bert.common.errors import UserError
from bert.serving import encoder
from bert.serving import exports
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
    texts: runs the texts of several requests together.
    number: name of the export's folder.
    is_encoder: whether it returns vectors.
    num_users: requests in progress.
  """

  def __init__(self, spec: ModelSpec, folder: str, settings: LoadSettings,
               observe: Callable):
    """Raises UserError if the export in the folder can't be loaded."""
    self.predictor = Predictor(folder, spec.max_batch, spec.precision,
                               spec.engine)
    self.texts = batcher.Batcher(self.predictor.predict, spec.max_batch,
                                 settings.wait, settings.max_queue, observe)
    self.number = os.path.basename(folder.rstrip("/"))
    self.is_encoder = encoder.is_encoder(self.predictor)
    self.num_users = 0

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
  return int(version) if version.isdigit() else 0


class ServedModel:
  """A model, whose version is replaced by a newer one without losing a request.

  Attributes:
    name: in paths.
    current: the Version for new requests.
    loading: number of the version that is being loaded, or None.
  """

  def __init__(self, spec: ModelSpec, settings: LoadSettings,
               observe: Callable = lambda num_texts, waits: None):
    """Loads the newest version.

    Args:
      spec: the model to load.
      settings: how it is loaded.
      observe: called with the number of texts of each batch, and the seconds
        that each of them waited.

    Raises:
      UserError: it can't be loaded.
    """
    self.name = spec.name
    self._spec = spec
    self._settings = settings
    self._observe = observe
    self._lock = threading.Lock()
    self._failure = None  # type: Optional[str]
    self.loading = None  # type: Optional[str]
    self.current = self._load(exports.find(spec.export_dir))

  def acquire(self) -> Version:
    """Returns the current version, which stays loaded until it is released."""
    with self._lock:
      return self.current.use()

  def release(self, version: Version) -> None:
    """Releases a version."""
    with self._lock:
      version.release()
      is_last = self._is_unused(version)
    if is_last:
      self._unload(version)

  @contextlib.contextmanager
  def using(self) -> Iterator[Version]:
    """Yields the current version and keeps it loaded."""
    version = self.acquire()
    try:
      yield version
    finally:
      self.release(version)

  def refresh(self) -> bool:
    """Loads a newer version, if there is one, and makes it the current one;
    returns whether it did. A broken one is logged once."""
    try:
      folder = exports.find(self._spec.export_dir)
      if folder == self.current.predictor.folder:
        return False
      self.loading = os.path.basename(folder.rstrip("/"))
      version = self._load_warm(folder)
    except Exception as error:  # pylint: disable=broad-except
      # Usually an export still being copied; retried at the next poll.
      message = error if isinstance(error, UserError) else repr(error)
      if str(message) != self._failure:
        tf.logging.error("Model %s: the newest version can't be loaded, version "
                         "%s goes on: %s", self.name, self.current.number,
                         message)
      self._failure = str(message)
      return False
    finally:
      self.loading = None
    self._take_over(version)
    return True

  def close(self) -> None:
    """Runs what waits, and ends."""
    self.current.close()

  def _load(self, folder):
    return Version(self._spec, folder, self._settings, self._observe)

  def _load_warm(self, folder):
    version = self._load(folder)
    if self._settings.has_warmup:
      try:
        version.predictor.warm_up()
      except BaseException:
        version.close()
        raise
    return version

  def _take_over(self, version):
    with self._lock:
      old, self.current, self._failure = self.current, version, None
      is_last = self._is_unused(old)
    tf.logging.info("Model %s: version %s takes over from %s", self.name,
                    version.number, old.number)
    if is_last:
      self._unload(old)

  def _is_unused(self, version):
    return version is not self.current and not version.num_users

  def _unload(self, version):
    version.close()
    tf.logging.info("Model %s: version %s is unloaded", self.name,
                    version.number)


class Models:
  """All models of a server.

  Attributes:
    is_ready: whether they are warmed up, if requested, and not closing.
  """

  def __init__(self, models: List[ServedModel]):
    self._models = {each.name: each for each in models}  # type: Dict
    self._ended = threading.Event()
    self._thread = None  # type: Optional[threading.Thread]
    self.is_ready = False

  def __iter__(self):
    return iter(self._models.values())

  @property
  def names(self) -> List[str]:
    """Their names, the first one first."""
    return list(self._models)

  def get(self, name: str) -> Optional[ServedModel]:
    """Returns a model by its name, None if there is none."""
    return self._models.get(name)

  @property
  def encoders(self) -> List[ServedModel]:
    """The models that return vectors."""
    return [each for each in self if each.current.is_encoder]

  def start(self, poll_seconds: float = 0.0, has_warmup: bool = False) -> None:
    """Warms the models up, then polls for newer versions, in a thread.

    Args:
      poll_seconds: between two polls; 0: never.
      has_warmup: whether models are warmed up.
    """
    self.is_ready = not has_warmup
    self._thread = threading.Thread(
        target=self._watch, args=(poll_seconds, has_warmup), daemon=True)
    self._thread.start()

  def refuse(self) -> None:
    """Is not ready from now on."""
    self.is_ready = False

  def close(self) -> None:
    """Runs what waits, and ends."""
    self.refuse()
    self._ended.set()
    if self._thread:
      self._thread.join()
    for model in self:
      model.current.texts.abandon()  # Nobody waits for them any more.
      model.close()

  def _watch(self, poll_seconds, has_warmup):
    if has_warmup:
      for model in self:
        with model.using() as version:
          version.predictor.warm_up()
      self.is_ready = not self._ended.is_set()
      tf.logging.info("All models are warmed up")
    while poll_seconds and not self._ended.wait(poll_seconds):
      for model in self:
        model.refresh()
