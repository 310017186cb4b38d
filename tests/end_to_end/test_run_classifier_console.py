"""The console of a process of its own."""
import re
import sys

import pytest

import commands


@pytest.fixture(scope="module")
def console_output(tmp_path_factory):
  """All that a run of its own says, standard output and error as one."""
  folder = tmp_path_factory.mktemp("console")
  commands.write_domainc(folder)
  code, log = commands.spawn(commands.tiny_flags(
      folder, "domainc", do_train=True, do_eval=True, do_predict=True,
      num_train_epochs=6, log_steps=3), python=[sys.executable])
  assert code == 0, log
  assert commands.results(folder / "out")["global_step"] == 12
  return log


def test_console_says_no_line_twice_in_sequence(console_output):
  lines = console_output.split("\n")
  assert not [line for line, following in zip(lines, lines[1:])
              if line == following]


def test_console_shows_no_warnings_of_the_libraries(console_output):
  lines = console_output.split("\n")
  assert not [line for line in lines
              if re.search(r"deprecat|Instructions for updating|\w+Warning\b",
                           line, re.IGNORECASE)]


def test_console_holds_nothing_but_log_lines(console_output):
  lines = console_output.strip().split("\n")
  assert not [line for line in lines
              if not re.match("(INFO|WARNING):tensorflow:", line)]


def test_console_shows_a_progress_line_every_log_steps(console_output):
  # On a slow machine a line comes before, so that one need not wait for it.
  assert re.findall(r"Training: (\d+) of 12", console_output)[-4:] == [
      "3", "6", "9", "12"]
