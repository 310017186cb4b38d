"""Libraries that only some features need."""

import importlib.util
from typing import Optional

from bert.common.errors import UserError

# What pip calls a library, where that is not what Python calls it.
_PIP_NAMES = {"PIL": "Pillow", "bs4": "beautifulsoup4", "cv2": "opencv-python",
              "sklearn": "scikit-learn", "yaml": "PyYAML"}


def pip_name(library: str) -> str:
  """Returns what to give to `pip install` for a library as it is imported."""
  return _PIP_NAMES.get(library, library)


def is_installed(library: str) -> bool:
  """Whether a library, named as it is imported, can be imported."""
  return importlib.util.find_spec(library) is not None


def check_library(library: str, user: str,
                  source: Optional[str] = None) -> None:
  """Raises UserError if a library is not installed.

  Args:
    library: as it is imported.
    user: what needs it.
    source: what to give to `pip install`; None: the library's name.
  """
  if not is_installed(library):
    name = pip_name(library)
    raise UserError("%s needs %s: pip install %s" % (
        user, name, source or name))
