"""What workers tell each other; their collective calls, in threads."""
import logging
import os
from typing import NamedTuple

import pytest

import commands
import joined_workers
from bert.common import libraries
from bert.common.errors import UserError
from bert.model import distribution
from bert.options.shared import RunOptions
from bert.options.shared import StepOptions
from mistakes import message_of


def test_a_process_alone_is_the_first_of_one():
  alone = distribution.workers()
  assert (alone.rank, alone.size, alone.is_first) == (0, 1, True)
  assert (alone.local_rank, alone.local_size) == (0, 1)
  assert alone.share("x") == "x"
  assert alone.gather("x") == ["x"]
  assert alone.of_machine(lambda: "x") == "x"
  assert alone.mean("x", "name") == "x"
  assert alone.hooks() == []
  assert alone.copy_variables() is None
  assert list(alone.merge(iter("xyz"), 3)) == list("xyz")


@pytest.mark.parametrize("num_batches, size, at_once", [
    (0, 2, 50), (1, 2, 50), (7, 2, 50), (8, 3, 1), (7, 3, 2), (6, 3, 2),
    (101, 2, 50)])
def test_batches_of_all_come_in_the_datasets_order_on_the_first(
    monkeypatch, num_batches, size, at_once):
  monkeypatch.setattr(distribution, "_GATHERED", at_once)

  def merge(worker):
    mine = iter(range(worker.rank, num_batches, worker.size))
    return list(worker.merge(mine, num_batches)), list(mine)

  (merged, _), *others = joined_workers.run(size, merge)
  assert merged == list(range(num_batches))
  # The others have gone through theirs, too.
  assert others == [([], [])] * (size - 1)


def test_batches_come_before_all_are_made(monkeypatch):
  monkeypatch.setattr(distribution, "_GATHERED", 2)

  def merge(worker):
    made = []

    def make():
      for number in range(worker.rank, 20, 2):
        made.append(number)
        yield number

    merged = worker.merge(make(), 20)
    if worker.is_first:
      next(merged)
      num_made = len(made)
      list(merged)
      return num_made
    return list(merged)

  assert joined_workers.run(2, merge) == [2, []]


def test_what_a_worker_has_otherwise_is_named():
  def check(worker):
    worker.check_same(lambda: {
        "flags": "a", "vocabulary": "b%d" % (worker.rank == 2)})
    return "same"

  same, second, third = joined_workers.run(3, check)
  assert (same, second) == ("same", "same")
  assert isinstance(third, UserError)
  assert "worker 2 differs from worker 0 in its vocabulary" in str(third)


def test_a_process_alone_makes_no_digest():
  distribution.workers().check_same(lambda: 1 / 0)


class Flags(NamedTuple):
  """The groups of a command."""
  run: RunOptions
  speed: StepOptions


class FlagsWithoutFolder(NamedTuple):
  """The groups of another one."""
  speed: StepOptions


@pytest.fixture
def workers(monkeypatch):
  """Stands in place of Horovod, as worker 1, and keeps its log as it is."""
  made = distribution.Workers()
  monkeypatch.setattr(distribution, "_workers", distribution.workers())
  monkeypatch.setattr(distribution, "HorovodWorkers", lambda: made)
  logger = logging.getLogger("tensorflow")
  level = logger.level
  made.rank, made.folder = 1, "own"
  yield made
  logger.setLevel(level)


def test_worker_that_is_not_the_first_has_a_folder_of_its_own(workers):
  run = RunOptions(output_dir="out", log_steps=3)
  speed = StepOptions(use_horovod=True)
  joined = distribution.join(Flags(run, speed))
  assert joined.run.output_dir == "own"
  assert joined.run.log_steps == 3
  assert joined.speed is speed
  assert distribution.workers() is workers
  # What it would say, the first one says.
  assert logging.getLogger("tensorflow").level == logging.ERROR
  flags = FlagsWithoutFolder(speed)
  assert distribution.join(flags) is flags


def test_first_worker_has_the_output_folder_and_the_log(workers):
  workers.rank, workers.folder = 0, None
  flags = Flags(RunOptions(output_dir="out"),
                StepOptions(use_horovod=True))
  level = logging.getLogger("tensorflow").level
  assert distribution.join(flags) is flags
  assert logging.getLogger("tensorflow").level == level


def test_run_without_the_flag_joins_nobody(workers):
  flags = Flags(RunOptions(output_dir="out"), StepOptions())
  assert distribution.join(flags) is flags
  assert distribution.workers() is not workers


def test_missing_horovod_is_one_line(monkeypatch):
  monkeypatch.setattr(libraries, "is_installed", lambda name: False)
  flags = FlagsWithoutFolder(StepOptions(use_horovod=True))
  assert message_of(lambda: distribution.join(flags)) == (
      "--use_horovod needs Horovod: run scripts/setup_distributed.sh")
  assert distribution.workers().size == 1
  assert os.path.exists(os.path.join(
      os.path.dirname(commands.SCRIPT), "scripts", "setup_distributed.sh"))
