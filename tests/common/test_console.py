"""Bars and lines of progress."""
import io
import sys

import pytest

from bert.common import console
from clocks import Clock


@pytest.fixture
def clock(monkeypatch):
  clock = Clock()
  monkeypatch.setattr(console, "time", clock)
  return clock


@pytest.mark.parametrize("seconds, text", [
    (0, "0s"), (0.4, "0s"), (7, "7s"), (59.4, "59s"), (59.6, "1m00s"),
    (60, "1m00s"), (125, "2m05s"), (3599.4, "59m59s"), (3599.6, "1h00m"),
    (3 * 3600 + 7 * 60 + 50, "3h07m"), (100 * 3600, "100h00m")])
def test_duration_is_short(seconds, text):
  assert console.duration(seconds) == text


def test_meter_speaks_every_so_many_steps(console_log, clock):
  meter = console.Meter(10, "Training", every=4)
  due = []
  for step in range(1, 11):
    clock.now += 2
    due.append(meter.show(step, "loss 0.5"))
  assert [step for step, is_due in enumerate(due, 1) if is_due] == [4, 8, 10]
  assert console_log == ["Training: 4 of 10 (40 %), loss 0.5, 12s left",
                 "Training: 8 of 10 (80 %), loss 0.5, 4s left",
                 "Training: 10 of 10 (100 %), loss 0.5, 0s left"]
  meter.close()
  assert console_log[-1] == "Training: done in 20s"


def test_first_line_comes_early_when_steps_are_slow(console_log, clock):
  meter = console.Meter(1000, "Training", every=100)
  for step in range(1, 101):
    clock.now += 3
    meter.show(step)
  assert console_log == ["Training: 4 of 1000 (0 %), 49m48s left",
                 "Training: 100 of 1000 (10 %), 45m00s left"]


def test_meter_counts_from_where_a_run_goes_on(console_log, clock):
  meter = console.Meter(100, "Training", start=50, every=10)
  clock.now += 5
  assert not meter.show(55)
  clock.now += 5
  assert meter.show(60)
  # 10 steps took 10 seconds; 40 are left.
  assert console_log == ["Training: 60 of 100 (60 %), 40s left"]


def test_meter_without_a_step_count_speaks_every_ten_seconds(console_log, clock):
  meter = console.Meter(1000, "Predicting")
  for step in range(1, 26):
    clock.now += 1
    meter.show(step)
  assert console_log == ["Predicting: 10 of 1000 (1 %), 16m30s left",
                 "Predicting: 20 of 1000 (2 %), 16m20s left"]


def test_meter_draws_a_bar_on_a_terminal(monkeypatch, clock):
  terminal = io.StringIO()
  terminal.isatty = lambda: True
  monkeypatch.setattr(sys, "stderr", terminal)
  meter = console.Meter(10, "Training", every=5)
  meter.show(5, "loss 0.5")
  meter.close()
  assert "Training" in terminal.getvalue()
  assert "10" in terminal.getvalue()


def test_bar_passes_everything_on(console_log):
  assert list(console.bar(iter("abc"), 3, "Reading")) == ["a", "b", "c"]
  assert console_log == ["Reading: done in 0s"]
  assert list(console.bar([], 0, "Reading")) == []
