"""What the machine does to a run, told from bugs."""
import errno
import os
import sqlite3

import pytest
import tensorflow.compat.v1 as tf

from bert.common import command
from bert.common import machine
from bert.common.errors import MachineError


def caused(error, cause):
  error.__cause__ = cause
  return error


def os_error(number):
  return OSError(number, os.strerror(number), "out/model.ckpt")


@pytest.mark.parametrize("error, fragments", [
    (os_error(errno.ENOSPC), ["No space left", "out/model.ckpt", "make room"]),
    (os_error(errno.EDQUOT), ["quota exceeded", "make room"]),
    (os_error(errno.EFBIG), ["File too large", "make room"]),
    (os_error(errno.EACCES), ["Permission denied", "mend the rights"]),
    (os_error(errno.EROFS), ["Read-only", "mend the rights"]),
    (os_error(errno.ENOMEM), ["allocate memory", "lower the batch size"]),
    (os_error(errno.EMFILE), ["Too many open files", "ulimit"]),
    (sqlite3.OperationalError("database or disk is full"),
     ["disk is full", "make room"]),
    (MemoryError(), ["memory ran out", "lower the batch size"]),
    (tf.errors.ResourceExhaustedError(
        None, None, "OOM when allocating tensor with shape[9]\n\t [[node]]"),
     ["OOM when allocating tensor with shape[9]; lower the batch size"]),
    (tf.errors.UnknownError(None, None, "x\nout/a; No space left on device\ny"),
     ["out/a; No space left on device; make room"]),
    (tf.errors.PermissionDeniedError(None, None, "out; Permission denied"),
     ["mend the rights"]),
    (caused(ValueError("saving failed"), os_error(errno.ENOSPC)),
     ["No space left"]),
    (RuntimeError("Couldn't resolve host name"), ["check the address"]),
    (MachineError("a worker was killed"), ["a worker was killed"])])
def test_what_the_machine_did_is_one_line(error, fragments, capsys):
  text = machine.describe(error)
  assert "\n" not in text
  for fragment in fragments:
    assert fragment in text

  def main(argv):
    del argv
    raise error

  assert command.run(main, ["tool.py"]) == 1
  assert capsys.readouterr().err == "tool.py: failed: %s\n" % text


@pytest.mark.parametrize("error", [
    ValueError("No space left on device"), RuntimeError("a bug"), OSError("no number"),
    os_error(errno.ENOENT), tf.errors.NotFoundError(None, None, "a bug"),
    tf.errors.ResourceExhaustedError(None, None, "a queue is full")])
def test_anything_else_is_a_bug(error):
  assert machine.describe(error) is None


@pytest.mark.parametrize("error", [OSError, AttributeError])
def test_memory_is_released_where_the_c_library_cannot(monkeypatch, error):
  def fail(_):
    raise error()
  monkeypatch.setattr(machine.ctypes, "CDLL", fail)
  machine.release_memory()


def test_release_asks_the_c_library_to_give_memory_back(monkeypatch):
  calls = []
  library = type("Library", (), {"malloc_trim": calls.append})
  monkeypatch.setattr(machine.ctypes, "CDLL", lambda _: library)
  machine.release_memory()
  assert calls == [0]
