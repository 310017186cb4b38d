"""Exports: which number a new one gets."""
import os

import pytest

from bert.model import export


@pytest.mark.parametrize("there, now, expected", [
    ([], 1000, 1000), (["900"], 1000, 1000), (["1000"], 1000, 1001),
    # The clock was set back: a server takes the highest number.
    (["2000", "900"], 1000, 2001), (["9", "10"], 5, 11),
    (["old", ".3000.partial"], 1000, 1000)])
def test_new_export_has_the_highest_number(there, now, expected, tmp_path,
                                           monkeypatch):
  for name in there:
    os.makedirs(str(tmp_path / name))
  monkeypatch.setattr(export.time, "time", lambda: now + 0.5)
  # pylint: disable=protected-access
  assert export._next_number(str(tmp_path)) == expected
