"""The models of a server by name, each in its newest version."""

import contextlib
import threading
from typing import Callable, Dict, Iterator, List, Optional

import tensorflow.compat.v1 as tf

from bert.common import machine
from bert.common.errors import UserError
from bert.serving import exports
from bert.serving.export_files import Snapshot
from bert.server.settings import ModelSpec
from bert.server.versions import LoadSettings
from bert.server.versions import Version


class ServedModel:
  """A model, whose version is replaced by a newer one without losing a request.

  Attributes:
    name: in paths.
    current: the Version for new requests.
    loading: number of the version that is being loaded, or None.
    is_sound: whether the current version has not failed its warm-up.
  """

  def __init__(self, spec: ModelSpec, settings: LoadSettings,
               observe: Callable = lambda num_texts, waits: None,
               count_failure: Callable = lambda: None):
    """Loads the newest version that can be loaded.

    Args:
      spec: the model to load.
      settings: how it is loaded.
      observe: called with the number of texts of each batch, and the seconds
        that each of them waited.
      count_failure: called when a version can't be looked for, loaded or warmed
        up.

    Raises:
      UserError: no version can be loaded.
    """
    self.name = spec.name
    self._spec = spec
    self._settings = settings
    self._observe = observe
    self._count_failure = count_failure
    self._lock = threading.Lock()
    # What was logged last of a folder; the files of those that failed, None if
    # that was the machine's fault.
    self._logged = {}  # type: Dict[str, str]
    self._failed = {}  # type: Dict[str, Optional[Snapshot]]
    self.loading = None  # type: Optional[str]
    self.is_sound = True
    self.current = self._load_first()

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

  def warm_up(self) -> None:
    """Warms the current version up; if that fails, the newest of the others
    takes over, if it can be loaded and warmed up."""
    with self.using() as version:
      try:
        version.predictor.warm_up()
        return
      except Exception as error:  # pylint: disable=broad-except
        self.is_sound = False
        self._note(version.folder, version.predictor.loaded.files, error)
        self._log(version.folder, "the warm-up failed", error)
    self.refresh()

  def refresh(self) -> bool:
    """Loads a newer version, if there is one, or the current one again if its
    files have changed, and makes it the current one; returns whether it did.

    Raises nothing: what goes wrong is logged once, and counted.
    """
    try:
      is_newest = True
      self._forget_removed()
      for folder in exports.find_all(self._spec.export_dir):
        self._logged.pop("", None)
        is_current = folder == self.current.folder and self.is_sound
        if is_current and not self.current.has_changed():
          return False
        version = None if self._has_failed(folder) else self._try(
            folder, is_newest)
        if version:
          self._take_over(version)
          return True
        if is_current:
          return False
        is_newest = False
    except Exception as error:  # pylint: disable=broad-except
      self._count_failure()
      self._log("", "the newest version can't be loaded", error)
    return False

  def close(self) -> None:
    """Runs what waits, and ends."""
    self.current.close()

  def _load_first(self):
    """Returns the newest version that can be loaded. It is warmed up later,
    while it already serves."""
    settings = self._settings._replace(has_warmup=False)
    first = None
    for folder in exports.find_all(self._spec.export_dir):
      try:
        version = self._load(folder, settings)
      except Exception as error:  # pylint: disable=broad-except
        first = first or (exports.version_of(folder), error)
        continue
      if first:
        tf.logging.error("Model %s: version %s is served, since version %s "
                         "can't be loaded: %s", self.name, version.number,
                         first[0], _line_of(first[1]))
      return version
    raise first[1]

  def _try(self, folder, is_newest):
    """Returns the version in a folder; None, and a line in the log, if it can't
    be loaded."""
    self.loading = number = exports.version_of(folder)
    try:
      return self._load(folder, self._settings)
    except Exception as error:  # pylint: disable=broad-except
      self._log(folder, "%s can't be loaded" % (
          "the newest version" if is_newest else "version " + number), error)
      return None
    finally:
      self.loading = None

  def _load(self, folder, settings):
    files = None
    try:
      files = Snapshot(folder)
      version = Version(self._spec, folder, settings, self._observe)
    except Exception as error:
      self._note(folder, files, error)
      raise
    self._failed.pop(folder, None)
    return version

  def _note(self, folder, files, error):
    """Notes a version that failed, which is tried again when its files have
    changed; what the machine did may be over sooner."""
    self._count_failure()
    self._failed[folder] = None if machine.describe(error) else files

  def _forget_removed(self):
    for folder in list(self._failed):
      if not tf.gfile.IsDirectory(folder):
        del self._failed[folder]

  def _has_failed(self, folder):
    """Whether a version has failed, and its files are still the same."""
    files = self._failed.get(folder)
    return files is not None and not files.has_changed()

  def _log(self, folder, what, error):
    """Logs what went wrong with a folder, unless it was logged before."""
    line = _line_of(error)
    if self._logged.get(folder) != line:
      tf.logging.error("Model %s: %s, version %s goes on: %s", self.name, what,
                       self.current.number, line)
    self._logged[folder] = line

  def _take_over(self, version):
    with self._lock:
      old, self.current, self.is_sound = self.current, version, True
      is_last = self._is_unused(old)
    self._logged = {}
    if old.folder == version.folder:
      tf.logging.info("Model %s: version %s is loaded again, since its files "
                      "have changed", self.name, version.number)
    else:
      tf.logging.info("Model %s: version %s takes over from %s", self.name,
                      version.number, old.number)
    if is_last:
      self._unload(old)

  def _is_unused(self, version):
    return version is not self.current and not version.num_users

  def _unload(self, version):
    version.close()
    machine.release_memory()
    tf.logging.info("Model %s: version %s is unloaded", self.name,
                    version.number)


def _line_of(error):
  """Returns one line on an error."""
  text = str(error) if isinstance(error, UserError) else (
      machine.describe(error) or repr(error))
  return text.split("\n")[0]


class Models:
  """All models of a server."""

  def __init__(self, models: List[ServedModel]):
    self._models = {each.name: each for each in models}  # type: Dict
    self._ended = threading.Event()
    self._thread = None  # type: Optional[threading.Thread]
    self._is_warm = False

  def __iter__(self):
    return iter(self._models.values())

  @property
  def is_ready(self) -> bool:
    """Whether they are warmed up, if requested, and not closing."""
    return self._is_warm and not self._ended.is_set() and not self.unsound

  @property
  def unsound(self) -> List[str]:
    """Names of the models without a version that has passed the warm-up."""
    return [each.name for each in self if not each.is_sound]

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
    self._is_warm = not has_warmup
    self._thread = threading.Thread(
        target=self._watch, args=(poll_seconds, has_warmup), daemon=True)
    self._thread.start()

  def refuse(self) -> None:
    """Is not ready from now on."""
    self._ended.set()

  def close(self) -> None:
    """Runs what waits, and ends."""
    self.refuse()
    if self._thread:
      self._thread.join()
    for model in self:
      model.current.texts.abandon()  # Nobody waits for them any more.
      model.close()

  def _watch(self, poll_seconds, has_warmup):
    if has_warmup:
      for model in self:
        model.warm_up()
      self._is_warm = True
      if not self.unsound:
        tf.logging.info("All models are warmed up")
    while poll_seconds and not self._ended.wait(poll_seconds):
      for model in self:
        model.refresh()
