"""What the modules of old names share; imports nothing of the project.

They are imported as `bert.run_classifier`, as `run_classifier` with bert/ on
the path, or by way of the command of that name one folder up.
"""

import importlib
import importlib.util
import os
import runpy
import sys

_BERT = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(_BERT)


def prepare(name: str, path: str) -> None:
  """Begins a module of old names: where it is imported, makes `bert` and
  `processors` importable; where it is run, runs the command of its name.

  Args:
    name: the module's __name__.
    path: its __file__.
  """
  if name == "__main__":
    sys.path.insert(0, _ROOT)
    runpy.run_path(os.path.join(_ROOT, os.path.basename(path)),
                   run_name="__main__")
  for package in ("bert", "processors"):
    _find(package, os.path.join(_ROOT, package))


def _find(package, folder):
  """Imports a package from its folder, wherever sys.path leads."""
  path = os.path.join(folder, "__init__.py")
  if package in sys.modules:
    return
  spec = importlib.util.find_spec(package)
  if spec and spec.origin and os.path.abspath(spec.origin) == path:
    return
  spec = importlib.util.spec_from_file_location(
      package, path, submodule_search_locations=[folder])
  sys.modules[package] = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(sys.modules[package])


def attribute(command: str, name: str):
  """Returns what a command's module of old names has by a name.

  Args:
    command: name of the command's own module.
    name: that is looked up there.

  Raises:
    AttributeError: it has none.
  """
  if name.startswith("__") and name != "__all__":  # Python itself asks.
    raise AttributeError(name)
  module = importlib.import_module("bert." + command)
  if not hasattr(module, name):
    raise AttributeError("module %r has no attribute %r" % (command, name))
  return getattr(module, name)


def flag(name: str, default):
  """Returns the value of a flag that the program has defined itself with absl.

  The reference release's functions read some settings from such flags instead
  of from arguments.

  Args:
    name: of the flag.
    default: what is returned where the program has no such flag.
  """
  flags = sys.modules.get("absl.flags")
  if flags is None or name not in flags.FLAGS:
    return default
  return flags.FLAGS[name].value
