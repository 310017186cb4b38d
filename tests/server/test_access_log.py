"""The access log, where it can't be written."""
import json
import os

import pytest
import tensorflow.compat.v1 as tf

import served
from bert.common.errors import UserError
from bert.server import access_log
from bert.server.access_log import AccessLog


class Log:
  """A log with a clock that is set by hand, what it counted and said."""

  def __init__(self, path, monkeypatch):
    self.now = 0.0
    self.num_lost = 0
    self.messages = []
    monkeypatch.setattr(tf.logging, "error", lambda text, *values:
                        self.messages.append(text % values))
    self._log = AccessLog(str(path), self.count, lambda: self.now)

  def count(self):
    self.num_lost += 1

  def write(self, *paths):
    for path in paths:
      self._log.write(path=path)


def paths_of(text):
  return [json.loads(line)["path"] for line in text.splitlines()]


@pytest.fixture
def make(monkeypatch):
  return lambda path: Log(path, monkeypatch)


def test_log_whose_folder_goes_away_is_written_again_when_it_is_back(
    make, tmp_path):
  folder = tmp_path / "log"
  folder.mkdir()
  log = make(folder / "access.log")
  log.write("/first")
  folder.rename(tmp_path / "old")
  log.write("/lost", "/lost")
  folder.mkdir()
  log.write("/too_soon")  # It is tried again after a pause.
  assert log.num_lost == 3
  log.now = 5.0
  log.write("/second", "/third")
  assert paths_of((tmp_path / "old" / "access.log").read_text()) == ["/first"]
  assert paths_of((folder / "access.log").read_text()) == ["/second", "/third"]
  assert log.num_lost == 3
  failure, recovery = log.messages
  assert "can't be written: No such file or directory" in failure
  assert "is written again; 3 lines are lost" in recovery


def test_full_disk_is_said_once(make):
  log = make("/dev/full")
  for log.now in (0.0, 1.0, 5.0, 6.0, 100.0):
    log.write("/lost")
  assert log.num_lost == 5
  assert len(log.messages) == 1
  assert "No space left on device" in log.messages[0]


def test_line_that_was_cut_spoils_no_other(make, monkeypatch, tmp_path):
  path = tmp_path / "access.log"
  log = make(path)
  write = os.write
  # As a disk does whose last block is full.
  monkeypatch.setattr(access_log.os, "write",
                      lambda file, line: write(file, line[:9]))
  log.write("/cut")
  monkeypatch.setattr(access_log.os, "write", write)
  log.now = 5.0
  log.write("/whole", "/next")
  cut, *lines = path.read_text().splitlines()
  assert len(cut) == 9 and paths_of("\n".join(lines)) == ["/whole", "/next"]
  assert log.num_lost == 1


@pytest.fixture
def piped(make, monkeypatch):
  """A log on standard output, which is a pipe, and the pipe's other end."""
  reading, writing = os.pipe()
  with os.fdopen(writing, "w") as stdout:
    with monkeypatch.context() as patch:
      patch.setattr("sys.stdout", stdout)
      log = make("-")
    yield log, reading


def test_reader_that_left_stops_no_request(piped):
  log, reading = piped
  log.write("/first")
  assert paths_of(os.read(reading, 9999).decode()) == ["/first"]
  os.close(reading)
  log.write("/lost", "/lost")
  assert log.num_lost == 2
  (message,) = log.messages
  assert "--access_log=- can't be written: Broken pipe" in message


def test_reader_that_does_not_read_stops_no_request(piped):
  log, reading = piped
  num_written = 0
  while not log.num_lost and num_written < 10 ** 5:
    log.write("/some/path" * 100)
    num_written += 1
  assert log.num_lost == 1 and "nobody reads" in log.messages[0]
  with os.fdopen(reading) as reader:
    for _ in range(num_written - 1):  # Whole lines.
      assert json.loads(reader.readline())["path"].startswith("/some/path/some")
    log.now = 5.0
    log.write("/again")
    assert json.loads(reader.readline())["path"] == "/again"


def test_pipe_without_a_reader_is_refused(tmp_path):
  path = str(tmp_path / "fifo")
  os.mkfifo(path)
  with pytest.raises(UserError, match="--access_log=.*fifo: No such device"):
    AccessLog(path)


def test_closed_standard_output_is_refused(monkeypatch):
  monkeypatch.setattr("sys.stdout", None)
  with pytest.raises(UserError, match="--access_log=-: standard output is"):
    AccessLog("-")


def test_requests_go_on_and_lost_lines_are_counted():
  client = served.Client()
  client.application = served.application.Application(
      client.models, client.application.metrics,
      log=AccessLog("/dev/full", client.application.metrics.count_lost_line))
  assert [client.call("GET", "/v1/models")[0] for _ in range(3)] == [200] * 3
  exposition = client.call("GET", "/metrics")[1].decode()
  assert "bert_log_lines_lost_total 3.0" in exposition.split("\n")
