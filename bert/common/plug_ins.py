"""Modules of the user's own: loaded, and recognized in a traceback.

Nothing here imports TensorFlow before a module is loaded.
"""

import importlib
import importlib.util
import os
import re
import sys
import sysconfig
import traceback
import types
import typing
from typing import List, Optional

from bert.common import libraries
from bert.common.errors import UserError

# What plug-ins of the reference release import by these names.
_OLD_NAMES = ("modeling", "optimization", "tokenization")
# Modules there are no helpers of a plug-in: this project, Python's library.
_NOT_A_USERS = tuple(os.path.join(folder, "") for folder in (
    os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.abspath(__file__)))), sysconfig.get_path("stdlib")))
# tf.gfile, tf.train.Optimizer: the module without tensorflow, and the name.
_NO_ATTRIBUTE = re.compile(
    r"module 'tensorflow(?:\._api\.v2)?((?:\.\w+)*)' has no attribute '(\w+)'|"
    r"cannot import name '(\w+)' from 'tensorflow'")


class _PlugIn(typing.NamedTuple):
  """A module that was loaded: the flag that named it, and its file."""
  flag: str
  path: str


_loaded = []  # type: List[_PlugIn]


def load(name: str, flag: str) -> types.ModuleType:
  """Imports a module of the user's.

  Its `import modeling`, and the other two, give bert's own. Where it fails,
  nothing of it stays behind.

  Args:
    name: of an importable module, or path of a .py file.
    flag: that gives it, with --, for errors.

  Raises:
    UserError: there is none, or it ends the program.
    Exception: what its own code raises.
  """
  shown = "%s=%s" % (flag, name)
  is_file = name.endswith(".py")
  if is_file and not os.path.isfile(name):
    raise UserError("%s: no such file" % shown)
  for each in _OLD_NAMES:
    sys.modules.setdefault(each, importlib.import_module("bert." + each))
  folder = os.path.dirname(os.path.abspath(name)) if is_file else os.getcwd()
  paths = list(sys.path)
  if folder not in paths:
    # Helpers may lie beside a file; they must not hide what others import.
    sys.path.insert(len(paths) if is_file else 0, folder)
  try:
    return _load_file(name, shown) if is_file else _load_by_name(name, shown)
  except SystemExit:
    sys.path[:] = paths
    raise UserError(
        "%s: the module ends the program while it is imported (sys.exit or "
        "tf.app.run); put that under: if __name__ == \"__main__\":" % shown)
  except BaseException:
    sys.path[:] = paths
    raise


def _load_file(path, shown):
  path = os.path.abspath(path)
  name = os.path.splitext(os.path.basename(path))[0]
  before = sys.modules.get(name)
  if before is not None and getattr(before, "__file__", None) != path:
    name = "plug_in_" + name  # A module of Python's or ours is called so.
    before = sys.modules.get(name)
  spec = importlib.util.spec_from_file_location(name, path)
  module = importlib.util.module_from_spec(spec)
  _remember(shown, path)
  try:
    spec.loader.get_code(name)
  except (SyntaxError, ValueError) as error:
    if getattr(error, "filename", None):
      raise
    raise UserError("%s: can't be read as Python: %s" % (shown, error))
  sys.modules[name] = module
  try:
    spec.loader.exec_module(module)
  except BaseException:
    del sys.modules[name]
    if before is not None:
      sys.modules[name] = before
    raise
  return module


def _load_by_name(name, shown):
  try:
    spec = importlib.util.find_spec(name)
  except (ImportError, ValueError, AttributeError) as error:
    raise UserError("%s: %s; give an importable module or a path to a .py "
                    "file" % (shown, error))
  if spec is None:
    raise UserError("%s: no module is named so; give an importable module or a "
                    "path to a .py file" % shown)
  if spec.origin:
    _remember(shown, os.path.abspath(spec.origin))
  return importlib.import_module(name)


def _remember(flag, path):
  plug_in = _PlugIn(flag, path)
  if plug_in not in _loaded:
    _loaded.append(plug_in)


def describe(error: BaseException) -> Optional[str]:
  """Returns what a plug-in's code did wrong, its own lines of the traceback
  included; None if the error did not come through a plug-in, or is a UserError.
  """
  if isinstance(error, UserError):
    return None
  if isinstance(error, SyntaxError) and error.filename:
    plug_in = _owner(error.filename)
    if plug_in:
      return "%s: %s:%s: %s: %s" % (plug_in.flag, error.filename, error.lineno,
                                    type(error).__name__, error.msg)
  frames = [frame for frame in traceback.extract_tb(error.__traceback__)
            if _owner(frame.filename)]
  if not frames:
    return None
  flag = _owner(frames[-1].filename).flag
  where = "%s:%d" % (frames[-1].filename, frames[-1].lineno)
  advice = _missing_name(error) or _missing_module(error)
  if advice:
    return "%s: %s: %s" % (flag, where, advice)
  what = "".join(traceback.format_exception_only(type(error), error)).strip()
  return "%s: your own code, not this program's, raised %s\n%s" % (
      flag, what, "".join(traceback.format_list(frames)).rstrip("\n"))


def _owner(path):
  """Returns the plug-in whose file, or neighbour of whose file, a path is."""
  if path.startswith("<"):  # As <frozen importlib._bootstrap>.
    return None
  path = os.path.abspath(path)
  for plug_in in reversed(_loaded):
    if path == plug_in.path:
      return plug_in
  if path.startswith(_NOT_A_USERS) or "site-packages" in path:
    return None
  for plug_in in reversed(_loaded):
    if path.startswith(os.path.dirname(plug_in.path) + os.sep):
      return plug_in
  return None


def _missing_name(error):
  """Returns how to write a name of TensorFlow 1.x that 2.x has not."""
  match = _NO_ATTRIBUTE.match(str(error))
  if not match or not isinstance(error, (AttributeError, ImportError)):
    return None
  name = "%s.%s" % (match.group(1) or "", match.group(2) or match.group(3))
  import tensorflow.compat.v1 as tf
  if name == ".contrib":
    return _no_contrib(tf)
  found = tf
  for part in name.strip(".").split("."):
    found = getattr(found, part, None)
  if found is None:
    return None
  return ("tf%s is not in TensorFlow %s; write \"import tensorflow.compat.v1 "
          "as tf\" for \"import tensorflow as tf\"" % (name, tf.__version__))


def _no_contrib(tf):
  return ("tf.contrib is in TensorFlow 1.x alone, and this is %s; "
          "tensorflow.compat.v1 has what most of it became" % tf.__version__)


def _missing_module(error):
  """Returns which module is not there, and how to get it."""
  if not isinstance(error, ModuleNotFoundError) or not error.name:
    return None
  if error.name.startswith("tensorflow.contrib"):
    import tensorflow.compat.v1 as tf
    return _no_contrib(tf)
  return ("no module is named %s: pip install %s, or, if it is a file of "
          "yours, put its folder into PYTHONPATH" % (
              error.name, libraries.pip_name(error.name.split(".")[0])))
