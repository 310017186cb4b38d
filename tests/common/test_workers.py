"""Work spread over processes: order, errors, ends."""
import multiprocessing
import os
import signal
import subprocess
import sys

import pytest
import tensorflow.compat.v1 as tf

import conftest
import golden
from bert.common import workers
from bert.common.errors import UserError
from bert.data import features
from bert.data import record_encoder
from bert.data import records
from bert.data.tokenizers import vocabulary
from bert.data.examples import InputExample
from bert.heads import registry

NUM_WORKERS = pytest.mark.parametrize("num_workers", [1, 2, 3])

# Maps without an end; prints each process's number first.
_ENDLESS = """
import os
import signal
from bert.common import workers

# A shell starts what it runs in the background with the signal ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

for pid in workers.map_ordered(lambda item: os.getpid(), range(10**9), 2,
                               chunk_size=1):
  print(pid, flush=True)
"""


@pytest.fixture(autouse=True)
def no_worker_left():
  yield
  assert multiprocessing.active_children() == []


def fail_at(number, error):
  def function(item):
    if item == number:
      raise error
    return item
  return function


def pids(num_items, num_workers, **options):
  """The processes that did the work, in the order of the items."""
  return list(workers.map_ordered(lambda item: os.getpid(), range(num_items),
                                  num_workers, chunk_size=1, **options))


@NUM_WORKERS
@pytest.mark.parametrize("num_items", [0, 1, 6, 7, 8, 500])
def test_results_come_in_the_order_of_the_items(num_items, num_workers):
  results = workers.map_ordered(lambda item: item * item, range(num_items),
                                num_workers, chunk_size=7)
  assert list(results) == [item * item for item in range(num_items)]


def test_records_are_the_same_whoever_made_them(tmp_path):
  row = golden.rows("features.jsonl")[0]
  head = registry.create("classification", row["label_list"])
  encode = record_encoder.RecordEncoder(
      records.feature_spec(head.label_fields(32), 32)).encode
  examples = [InputExample("g", each["text_a"], each["text_b"])
              for each in golden.rows("features.jsonl")] * 3
  contents = []
  for num_workers in (1, 2, 3):
    encoder = features.TextEncoder(
        vocabulary.load_tokenizer(golden.path("vocab.txt"), True), 32)
    path = tmp_path / str(num_workers)
    assert records.write_records(str(path), workers.map_ordered(
        lambda example, encoder=encoder: encode(
            head.to_features(example, encoder)[0][0].values()),
        examples, num_workers, chunk_size=5)) == len(examples)
    contents.append(path.read_bytes())
  assert contents[0]
  assert contents[1:] == contents[:1] * 2


def test_large_results_arrive_whole():
  results = workers.map_ordered(lambda item: bytes([item]) * 300000, range(9),
                                2, chunk_size=2)
  assert list(results) == [bytes([item]) * 300000 for item in range(9)]


def test_workers_run_after_a_session(session):
  assert session.run(tf.constant(2) * 3) == 6
  assert list(workers.map_ordered(abs, [-1, -2, 3], 3, chunk_size=1)) == [
      1, 2, 3]


def test_chunks_are_dealt_to_as_many_workers_as_wished():
  done_by = pids(7, 3)
  assert len(set(done_by)) == 3
  assert os.getpid() not in done_by
  assert done_by == (done_by[:3] * 3)[:7]


def test_one_worker_is_the_process_itself():
  assert set(pids(3, 1)) == {os.getpid()}


def test_no_worker_is_without_a_chunk():
  assert len(set(pids(2, 5))) == 2


@pytest.mark.parametrize("num_items, num_cores, num_processes", [
    (19, 3, 1), (20, 3, 3), (20, 1, 1), (20, 99, 8)])
def test_automatic_number_is_that_of_the_cores_for_many_items(
    num_items, num_cores, num_processes, monkeypatch):
  monkeypatch.setattr(os, "sched_getaffinity",
                      lambda process: set(range(num_cores)), raising=False)
  done_by = pids(num_items, 0, min_items=20)
  assert len(set(done_by)) == num_processes
  assert (os.getpid() in done_by) == (num_processes == 1)


def test_one_process_does_all_where_forking_is_not_the_custom(monkeypatch):
  monkeypatch.setattr(multiprocessing, "get_all_start_methods",
                      lambda: ["spawn", "fork"])
  assert set(pids(5, 3)) == set(pids(5, 0, min_items=1)) == {os.getpid()}


@NUM_WORKERS
def test_results_before_an_error_arrive_and_none_after_it(num_workers):
  results = workers.map_ordered(fail_at(5, UserError("line 5: what?")),
                                range(99), num_workers, chunk_size=1)
  with pytest.raises(UserError, match="^line 5: what[?]$"):
    for index, result in enumerate(results):
      assert result == index < 5
  assert multiprocessing.active_children() == []


def test_error_shows_where_in_the_worker_it_came_from():
  with pytest.raises(KeyError) as caught:
    list(workers.map_ordered(fail_at(5, KeyError("x")), range(9), 2,
                             chunk_size=1))
  assert caught.value.args == ("x",)
  cause = caught.value.__cause__
  assert isinstance(cause, workers.WorkerTraceback)
  assert "Traceback" in str(cause) and "in function" in str(cause)


class Stubborn(Exception):
  """Can be pickled but not be read back."""

  def __init__(self, first, second):
    super().__init__(first + second)


def test_error_that_cannot_be_sent_is_told():
  with pytest.raises(RuntimeError, match="Stubborn.*ab"):
    list(workers.map_ordered(fail_at(5, Stubborn("a", "b")), range(9), 2,
                             chunk_size=1))


def test_result_that_cannot_be_sent_is_an_error():
  with pytest.raises((AttributeError, TypeError, ValueError), match="pickle"):
    list(workers.map_ordered(lambda item: lambda: item, range(9), 2,
                             chunk_size=1))


def test_killed_worker_is_an_error():
  def function(item):
    if item == 5:
      os.kill(os.getpid(), signal.SIGKILL)
  with pytest.raises(RuntimeError, match="exit code -9.*--num_workers=1"):
    list(workers.map_ordered(function, range(9), 2, chunk_size=1))


def test_closing_ends_workers_that_have_more_to_do():
  # What is ahead is not computed, else this would take for ever.
  results = workers.map_ordered(str, range(10**12), 2, chunk_size=1)
  assert [next(results) for _ in range(5)] == ["0", "1", "2", "3", "4"]
  assert len(multiprocessing.active_children()) == 2
  results.close()
  assert multiprocessing.active_children() == []


@pytest.fixture
def endless():
  """A process with two workers, all in a group of their own, at work."""
  process = subprocess.Popen(
      [sys.executable, "-c", _ENDLESS], stdout=subprocess.PIPE,
      stderr=subprocess.PIPE, universal_newlines=True, start_new_session=True,
      env=dict(os.environ, PYTHONPATH=conftest.PROJECT))
  process.workers = {int(process.stdout.readline()) for _ in range(2)}
  yield process
  try:
    os.killpg(process.pid, signal.SIGKILL)
  except ProcessLookupError:
    pass


def test_ctrl_c_ends_all_with_one_traceback(endless):
  os.killpg(endless.pid, signal.SIGINT)
  # Its output ends when the last process that has it open does.
  _, complaint = endless.communicate(timeout=60)
  assert endless.returncode in (1, 130, -signal.SIGINT)
  assert complaint.count("Traceback") == 1
  assert complaint.rstrip().endswith("KeyboardInterrupt")


def test_workers_leave_ctrl_c_to_their_parent(endless):
  for pid in endless.workers:
    os.kill(pid, signal.SIGINT)
  # More than pipes may hold that a dead worker had filled.
  for _ in range(30000):
    assert int(endless.stdout.readline()) in endless.workers


def test_workers_end_in_silence_when_their_parent_is_killed(endless):
  endless.kill()
  _, complaint = endless.communicate(timeout=60)
  assert complaint == ""
