"""Loads the expected values under fixtures/golden and compares with them."""
import json
import os
from typing import Any, Dict, List

import numpy as np

FIXTURES = os.path.join(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))), "fixtures")
ROOT = os.path.join(FIXTURES, "golden")


def path(*parts: str) -> str:
  """The path of a golden file."""
  return os.path.join(ROOT, *parts)


def text(*parts: str) -> str:
  """The contents of a golden text file, line ends untouched."""
  with open(path(*parts), encoding="utf-8", newline="") as stream:
    return stream.read()


def document(*parts: str) -> Any:
  """The value of a golden JSON file."""
  return json.loads(text(*parts))


def rows(*parts: str) -> List[Dict[str, Any]]:
  """The values of a golden JSON-lines file, one a line."""
  # Not splitlines(), which also splits at U+2028 inside a string.
  return [json.loads(line) for line in text(*parts).split("\n") if line]


def arrays(*parts: str) -> Dict[str, np.ndarray]:
  """The arrays of a golden .npz file by name."""
  with np.load(path(*parts)) as archive:
    return {name: archive[name] for name in archive.files}


def checkpoint() -> str:
  """The prefix of the golden encoder checkpoint."""
  return path("ckpt", "bert_model.ckpt")


def assert_close(actual: Any, expected: Any, tolerance: float = 1e-5,
                 name: str = "") -> None:
  """Checks that no element is further off than a share of the largest one.

  Args:
    actual: array-like of the shape of `expected`.
    expected: array-like.
    tolerance: greatest difference, relative to the largest magnitude expected.
    name: what is compared, for the message.

  Raises:
    AssertionError: the shapes or the values differ.
  """
  expected = np.asarray(expected, np.float64)
  actual = np.asarray(actual, np.float64)
  assert actual.shape == expected.shape, (name, actual.shape, expected.shape)
  # Elementwise would ask float32 for digits it has lost wherever a sum of
  # larger numbers happens to end near zero.
  scale = np.max(np.abs(expected)) if expected.size else 0.0
  np.testing.assert_allclose(
      actual, expected, rtol=0, atol=tolerance * scale, err_msg=name)
