"""Locks on folders."""
import os

import pytest

from bert.common import locks
from bert.common.errors import UserError


def test_folder_is_locked_while_the_block_runs(tmp_path):
  with locks.locked(str(tmp_path)):
    assert str(os.getpid()) in (tmp_path / locks.NAME).read_text()
    with pytest.raises(UserError, match="process %d on " % os.getpid()):
      with locks.locked(str(tmp_path)):
        pass
  assert not os.listdir(str(tmp_path))
  with locks.locked(str(tmp_path)):
    pass


def test_lock_ends_with_an_error(tmp_path):
  with pytest.raises(ValueError):
    with locks.locked(str(tmp_path)):
      raise ValueError()
  assert not os.listdir(str(tmp_path))


def test_file_that_a_dead_run_left_locks_nothing(tmp_path):
  (tmp_path / locks.NAME).write_text("process 1 on elsewhere\n" * 9)
  with locks.locked(str(tmp_path)):
    assert "elsewhere" not in (tmp_path / locks.NAME).read_text()


def test_lock_file_that_was_removed_meanwhile_is_made_anew(tmp_path,
                                                           monkeypatch):
  path = tmp_path / locks.NAME
  flock, removed = locks.fcntl.flock, []

  def remove_first(descriptor, flags):
    flock(descriptor, flags)
    if not removed:
      os.remove(str(path))
      removed.append(path)

  monkeypatch.setattr(locks.fcntl, "flock", remove_first)
  with locks.locked(str(tmp_path)):
    assert removed and path.exists()


@pytest.mark.parametrize("folder", ["s3://bucket/out", "gs://bucket/out"])
def test_object_stores_have_no_locks(folder):
  with locks.locked(folder):
    with locks.locked(folder):
      pass


def test_only_who_has_the_lock_cleans_up(tmp_path):
  partial = tmp_path / "task.json.partial"
  partial.write_text("left")
  with locks.locked(str(tmp_path)):
    assert not partial.exists()
    partial.write_text("being written")
    with pytest.raises(UserError, match="another run"):
      with locks.locked(str(tmp_path)):
        pass
    assert partial.exists()
